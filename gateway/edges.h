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
