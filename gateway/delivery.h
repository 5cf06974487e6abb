/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_DELIVERY_H
#define GATEWAY_DELIVERY_H 1

/* Hands over to the agent of this host what repair decides, and follows how far
 * the switch has come.
 *
 * An outcome of repair (repair.h) that changes neither edges nor trees is not
 * handed over: the switch forwards by it when it forwards by the one before. */

#include <stdbool.h>

struct agent_link;
struct delivery;
struct handover;
struct host;
struct model;
struct partners;
struct relays;
struct repair_outcome;

/* 'link' is borrowed. */
struct delivery *delivery_create(struct agent_link *link);
void delivery_destroy(struct delivery *);

/* Takes over 'handover' (NULL: none), what the agent says that it was handed
 * over last.  It counts only if this process has not handed over anything
 * yet. */
void delivery_adopt(struct delivery *, struct handover *handover);

/* Returns what was handed over or adopted last, NULL if nothing.  Belongs to the
 * delivery. */
const struct handover *delivery_last(const struct delivery *);

/* Says that a repair begins: the outcomes from now on are others than those
 * before, though they have the same numbers. */
void delivery_begin(struct delivery *);

/* Hands over 'outcome' for the gateway 'self' (NULL if 'model' does not know
 * it), without tunnels to clouds of which 'partners' say that they rest.
 * 'relays' (NULL: it is not known) say which networks go with it.  Returns when
 * to be called again at the latest. */
long long int delivery_run(struct delivery *,
                           const struct repair_outcome *outcome,
                           const struct model *model, const struct host *self,
                           const struct partners *partners,
                           struct relays *relays, long long int now);

/* Hands over that there are no edges and no trees. */
void delivery_clear(struct delivery *);

/* Returns the seqno of the last outcome, of the repair that has begun last, that
 * the switch forwards by, 0 if there is none. */
unsigned int delivery_installed(const struct delivery *);

/* Returns whether the switch forwards by what this process has handed over last,
 * or whether it does not yet: neither if that is nothing. */
bool delivery_is_done(const struct delivery *);
bool delivery_is_under_way(const struct delivery *);

#endif /* gateway/delivery.h */
