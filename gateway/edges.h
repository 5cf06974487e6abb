/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_EDGES_H
#define GATEWAY_EDGES_H 1

/* This cloud's edges and trees, from what the global controller has written, as
 * the gateway hands them over to the agent of its host. */

#include <stdint.h>

struct db;
struct handover;
struct model;

/* Fills in '*handover', which the caller uninits, for the gateway host
 * 'host_name' from the rows Edge, Tunnel and Global in 'db', all but the
 * networks (gateway/relays.h).  'previous' is what was handed over before
 * (NULL: nothing): the tree in it stays as the second one.  Returns the id of
 * the host's cloud, 0 if the host is not known. */
uint8_t edges_handover(struct db *, const struct model *,
                       const char *host_name, const struct handover *previous,
                       struct handover *handover);

#endif /* gateway/edges.h */
