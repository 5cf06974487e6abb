/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/edge-ports.h"

#include <string.h>

#include "compile/compile.h"
#include "control-frame.h"
#include "handover.h"
#include "openvswitch/ofpbuf.h"
#include "ovs/ofswitch.h"
#include "ovs/vswitch.h"
#include "util.h"

/* With the userspace datapath each takes some 600 bytes of the 64 kB of actions
 * that Open vSwitch makes of a message. */
#define FILLERS_PER_MESSAGE 32

/* Returns the OpenFlow port of the tunnel of 'edge', 0 if it has none. */
static uint32_t
edge_ofport(const struct vswitch_db *vs, const struct handover_edge *edge)
{
    struct vswitch_tunnel tunnel;

    vswitch_edge_tunnel(&tunnel, edge->encap, edge->cloud, &edge->remote_ip);
    const struct vswitch_iface *iface = vswitch_iface(vs, tunnel.name);
    return iface ? iface->ofport : 0;
}

/* Returns that of the tunnel to 'cloud', 0 if there is none. */
static uint32_t
cloud_ofport(const struct vswitch_db *vs, const struct handover *handover,
             uint8_t cloud)
{
    for (size_t i = 0; handover && i < handover->n_edges; i++) {
        if (handover->edges[i].cloud == cloud) {
            return edge_ofport(vs, &handover->edges[i]);
        }
    }
    return 0;
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
    uint32_t ofport = cloud_ofport(vs, handover, cloud);

    if (ofport) {
        send_by(sw, cloud, ofport, data, n);
    }
}

static void
fill(struct ofswitch *sw, uint8_t cloud, uint32_t ofport, const void *filler,
     unsigned int n)
{
    while (n) {
        unsigned int part = MIN(n, FILLERS_PER_MESSAGE);
        struct ofpbuf actions;

        ofpbuf_init(&actions, 64 + 40 * part);
        compiler_filler_actions(cloud, ofport, part, &actions);
        ofswitch_packet_out(sw, filler, CONTROL_FRAME_MAX, OFPP_CONTROLLER,
                            actions.data, actions.size);
        ofpbuf_uninit(&actions);
        n -= part;
    }
}

void
edge_ports_send_train(struct ofswitch *sw, const struct vswitch_db *vs,
                      const struct handover *handover, uint32_t self,
                      const struct handover_train *train)
{
    uint32_t ofport = cloud_ofport(vs, handover, train->cloud);
    uint8_t filler[CONTROL_FRAME_MAX];

    control_filler_put(self, filler);
    for (size_t i = 0; ofport && i < train->n_marks; i++) {
        fill(sw, train->cloud, ofport, filler, train->n_fillers);
        send_by(sw, train->cloud, ofport, train->marks[i].data,
                train->marks[i].n);
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
