/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_EDGES_H
#define GATEWAY_EDGES_H 1

/* This cloud's edges, as the gateway hands them over to the agent of its host:
 * to which other clouds there are tunnels, to what address and how.
 *
 * Pure. */

#include <stdbool.h>

#include "model.h"
#include "nethv/wire.h"

struct handover;
struct repair_outcome;

/* Says in 'wanted' to which clouds there are to be tunnels: those that
 * 'outcome' wants, and for some seconds those that its trees have led through
 * until 'now', since frames may be under way.  'used' is for this function, and
 * all 0 at first.  Returns when the first of those seconds end, LLONG_MAX for
 * none. */
long long int edges_want(const struct repair_outcome *outcome,
                         long long int used[NETHV_CLOUD_FLOOD],
                         long long int now, bool wanted[NETHV_CLOUD_FLOOD]);

/* Fills in the edges of '*handover' for the gateway 'self': those to the clouds
 * for which 'wanted' is set, as 'model' knows them; what it does not know as
 * they are in 'previous'. */
void edges_fill(struct handover *handover, const struct model *model,
                const struct host *self, const bool wanted[NETHV_CLOUD_FLOOD],
                const struct handover *previous);

/* Returns the encapsulation between gateways of two clouds: the first that both
 * pass, ENCAP_N if there is none. */
enum encap edges_encap(const struct cloud *a, const struct cloud *b);

#endif /* gateway/edges.h */
