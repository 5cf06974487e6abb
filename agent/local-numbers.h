/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_LOCAL_NUMBERS_H
#define AGENT_LOCAL_NUMBERS_H 1

/* The numbers that stand for ports and MACs of this host, a space for each
 * tenant's tag (nethv/wire.h).
 *
 * The database says which are in use.  A number that is taken but does not
 * show up there (the transaction failed) is free again at the next review; one
 * that was there and has gone rests until every host that follows the network
 * has confirmed a later state, or, if the network is no longer followed here,
 * for a while.  Which numbers rest is not kept: a process begins somewhere in a
 * space, by chance, so it is unlikely to give one that rested when the last one
 * ended. */

#include <stdint.h>

struct changes;
struct local_numbers;
struct model;
struct network;
struct nethvrec_binding;
struct nethvrec_host;

struct local_numbers *local_numbers_create(void);
void local_numbers_destroy(struct local_numbers *);

/* Takes a number for the tenant of 'network' and returns its location on the
 * host at 'self', or 0 if none is left. */
uint32_t local_numbers_take(struct local_numbers *, const struct network *,
                            uint32_t self);

/* A review: begin, each binding of this host that the database has, end. */
void local_numbers_begin_review(struct local_numbers *);
void local_numbers_review(struct local_numbers *, const struct model *,
                          const struct nethvrec_binding *);
void local_numbers_end_review(struct local_numbers *, const struct model *);

/* Raises the changes of each network in which a number rests, but in which
 * nothing has changed since it has gone: else nobody would confirm a later
 * state. */
void local_numbers_raise(const struct local_numbers *, const struct model *,
                         const struct changes *,
                         const struct nethvrec_host *self);

#endif /* agent/local-numbers.h */
