/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LINKSTATE_H
#define LINKSTATE_H 1

/* Link state: what all gateways come to know of the tunnels between clouds.
 *
 * An edge has two ends.  The end (a, b), at cloud a, is a counter that only the
 * gateway of a raises: 0 says that the tunnel never worked, an odd value that
 * it works, an even one that it does not.  States are merged end by end, the
 * greater counter wins: in any order, any number of times, with the same
 * result, and without a clock.
 *
 * The *level* of an edge is what its two counters say together: the greatest L
 * such that both reach L if L is odd, one of them if it is even.  So both ends
 * must see a tunnel work, one is enough to see it fail, and levels only rise.
 * An end whose tunnel is otherwise than the level says sets its counter to
 * level + 1.  A failure raises the level by one, whichever end sees it first
 * and whether or not the other end sees it too.
 *
 * States are compared by a digest of 64 bits: it tells different states apart
 * but for accidents; it is no protection from malice, for which there is the
 * signature of control frames.
 *
 * An end carries a weight besides, in microseconds, for edges that no plan
 * knows.  At the same counter the greater weight wins.
 *
 * Pure values in memory of their own. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nethv/wire.h"

/* Counters end here: beyond, an end is refused (one change each second for
 * more than 60 years). */
#define LINKSTATE_COUNTER_MAX UINT32_C(0x7fffffff)

/* The end at cloud 'at' of the edge to cloud 'to'. */
struct linkstate_end {
    uint8_t at, to;
    uint32_t counter;
    uint32_t weight;            /* Microseconds; UINT32_MAX: unknown. */
};

struct linkstate;

struct linkstate *linkstate_create(void);
void linkstate_destroy(struct linkstate *);

/* Merges '*end'.  Returns whether it was news.  An end that cannot be (clouds
 * out of range or equal, counter too great) or that says nothing (counter 0) is
 * never news. */
bool linkstate_merge(struct linkstate *, const struct linkstate_end *end);

/* Returns the end at cloud 'at' towards 'to'; counter 0 if it is not known. */
struct linkstate_end linkstate_end(const struct linkstate *, uint8_t at,
                                   uint8_t to);

/* Returns the level of the edge between clouds 'a' and 'b'. */
uint32_t linkstate_level(const struct linkstate *, uint8_t a, uint8_t b);

static inline bool
linkstate_level_is_up(uint32_t level)
{
    return level & 1;
}

/* Returns what counters 'x' and 'y' say together. */
uint32_t linkstate_level_of(uint32_t x, uint32_t y);

/* Returns a digest of the whole state: equal for equal states. */
uint64_t linkstate_digest(const struct linkstate *);

/* An edge of which an end at least is known. */
struct linkstate_edge {
    uint8_t a, b;               /* a < b. */
    uint32_t level;
    uint32_t weight;            /* The greater of both ends'. */
};

/* Returns all known edges by 'a', then 'b', '*n' of them; the caller frees the
 * array. */
struct linkstate_edge *linkstate_edges(const struct linkstate *, size_t *n);

/* Returns all known ends by 'at', then 'to', '*n' of them; the caller frees
 * the array. */
struct linkstate_end *linkstate_ends(const struct linkstate *, size_t *n);

#endif /* linkstate.h */
