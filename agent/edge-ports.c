/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/edge-ports.h"

#include <string.h>

#include "compile/compile.h"
#include "handover.h"
#include "openvswitch/ofpbuf.h"
#include "ovs/ofswitch.h"
#include "ovs/vswitch.h"

/* Returns the OpenFlow port of the tunnel of 'edge', 0 if it has none. */
static uint32_t
edge_ofport(const struct vswitch_db *vs, const struct handover_edge *edge)
{
    struct vswitch_tunnel tunnel;

    vswitch_edge_tunnel(&tunnel, edge->encap, edge->cloud, &edge->remote_ip);
    const struct vswitch_iface *iface = vswitch_iface(vs, tunnel.name);
    return iface ? iface->ofport : 0;
}

static void
send_by(struct ofswitch *sw, uint8_t cloud, uint32_t ofport, const void *data,
        size_t n)
{
    struct ofpbuf actions;

    ofpbuf_init(&actions, 64);
    compiler_edge_actions(cloud, ofport, &actions);
    ofswitch_packet_out(sw, data, n, OFPP_CONTROLLER, actions.data,
                        actions.size);
    ofpbuf_uninit(&actions);
}

void
edge_ports_send(struct ofswitch *sw, const struct vswitch_db *vs,
                const struct handover *handover, uint8_t cloud,
                const void *data, size_t n)
{
    for (size_t i = 0; handover && i < handover->n_edges; i++) {
        const struct handover_edge *edge = &handover->edges[i];
        uint32_t ofport = edge->cloud == cloud ? edge_ofport(vs, edge) : 0;

        if (ofport) {
            send_by(sw, cloud, ofport, data, n);
        }
    }
}

uint8_t
edge_ports_cloud(const struct vswitch_db *vs, const struct handover *handover,
                 uint32_t ofport)
{
    for (size_t i = 0; handover && i < handover->n_edges; i++) {
        if (edge_ofport(vs, &handover->edges[i]) == ofport) {
            return handover->edges[i].cloud;
        }
    }
    return 0;
}

void
edge_ports_ends(const struct ofswitch *sw, const struct vswitch_db *vs,
                const struct handover *handover,
                uint8_t ends[GATEWAY_LINK_CLOUDS])
{
    memset(ends, GATEWAY_LINK_NONE, GATEWAY_LINK_CLOUDS);
    for (size_t i = 0; handover && i < handover->n_edges; i++) {
        uint32_t ofport = edge_ofport(vs, &handover->edges[i]);

        if (ofport) {
            ends[handover->edges[i].cloud]
                = ofswitch_port_is_live(sw, ofport) ? GATEWAY_LINK_UP
                                                    : GATEWAY_LINK_DOWN;
        }
    }
}
