/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_EDGE_PORTS_H
#define AGENT_EDGE_PORTS_H 1

/* The tunnels to other clouds' gateways, as ports of the bridge: whether they
 * work, and control frames that go through one of them whatever the rules say.
 *
 * 'handover' may be NULL: there are none. */

#include <stddef.h>
#include <stdint.h>

#include "agent/gateway-link.h"

struct handover;
struct handover_train;
struct ofswitch;
struct vswitch_db;

/* Sends the control frame of 'n' bytes at 'data' to the gateway of 'cloud'. */
void edge_ports_send(struct ofswitch *, const struct vswitch_db *,
                     const struct handover *, uint8_t cloud, const void *data,
                     size_t n);

/* Sends 'train' with fillers of the host at 'self'. */
void edge_ports_send_train(struct ofswitch *, const struct vswitch_db *,
                           const struct handover *, uint32_t self,
                           const struct handover_train *train);

/* Returns the cloud whose gateway's tunnel is OpenFlow port 'ofport', 0 if it
 * is none's. */
uint8_t edge_ports_cloud(const struct vswitch_db *, const struct handover *,
                         uint32_t ofport);

/* Says in 'ends' how all of them are. */
void edge_ports_ends(const struct ofswitch *, const struct vswitch_db *,
                     const struct handover *,
                     uint8_t ends[GATEWAY_LINK_CLOUDS]);

#endif /* agent/edge-ports.h */
