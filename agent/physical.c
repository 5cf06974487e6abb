/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/physical.h"

#include "compile/compile.h"
#include "handover.h"
#include "model.h"
#include "nethv/wire.h"
#include "ovs/vswitch.h"
#include "packets.h"
#include "util.h"

static void
peer_tunnel(struct vswitch_tunnel *tunnel, enum encap encap,
            const struct host *host)
{
    memset(tunnel, 0, sizeof *tunnel);
    snprintf(tunnel->name, sizeof tunnel->name, "nethv-p%u", host->id);
    tunnel->encap = encap;
    tunnel->remote_ip = host->encap_ip;
}

/* Returns whether there is to be a tunnel for 'host' alone, with '*encap'. */
static bool
wants_peer_tunnel(const struct host *self, const struct host *host,
                  enum encap *encap)
{
    *encap = hosts_encap(self, host);
    return hosts_are_peers(self, host) && !ipv6_is_zero(&host->encap_ip)
           && *encap != ENCAP_N;
}

/* Returns the encapsulations in use between hosts of the cloud. */
static unsigned int
encaps_in_use(const struct cloud *cloud, unsigned int encaps)
{
    unsigned int used = 0;
    const struct host *host;

    LIST_FOR_EACH (host, cloud_node, &cloud->hosts) {
        enum encap common = encap_common(encaps, host_usable_encaps(host));
        if (host->row.present && common != ENCAP_N) {
            used |= 1u << common;
        }
    }
    return used;
}

void
physical_set_tunnels(struct vswitch_db *vs, const struct model *model,
                     uint32_t location, const struct handover *handover)
{
    const struct host *self = model_host_at(model, location);
    const struct host *host;

    if (!self) {
        return;
    }
    const struct cloud *cloud = self->cloud;
    size_t max = ENCAP_N + ovs_list_size(&cloud->hosts) + NETHV_CLOUD_MAX;
    struct vswitch_tunnel *tunnels = xcalloc(max, sizeof *tunnels);
    size_t n = 0;

    unsigned int used = cloud->mode == CLOUD_DIRECT
                        ? encaps_in_use(cloud, host_usable_encaps(self)) : 0;
    for (enum encap encap = 0; encap < ENCAP_N; encap++) {
        if (used & (1u << encap)) {
            vswitch_flow_tunnel(&tunnels[n++], encap);
        }
    }
    LIST_FOR_EACH (host, cloud_node, &cloud->hosts) {
        enum encap encap;
        if (wants_peer_tunnel(self, host, &encap)) {
            peer_tunnel(&tunnels[n++], encap, host);
        }
    }
    for (size_t i = 0; handover && i < handover->n_edges; i++) {
        const struct handover_edge *edge = &handover->edges[i];
        vswitch_edge_tunnel(&tunnels[n++], edge->encap, edge->cloud,
                            &edge->remote_ip);
    }
    vswitch_set_tunnels(vs, tunnels, n);
    free(tunnels);
}

static uint32_t
tunnel_ofport(const struct vswitch_db *vs, const struct vswitch_tunnel *tunnel)
{
    const struct vswitch_iface *iface = vswitch_iface(vs, tunnel->name);
    return iface ? iface->ofport : 0;
}

static void
fabric_add_peers(const struct vswitch_db *vs, const struct host *self,
                 struct fabric *fabric)
{
    const struct host *host;

    fabric->peers = xcalloc(ovs_list_size(&self->cloud->hosts),
                            sizeof *fabric->peers);
    LIST_FOR_EACH (host, cloud_node, &self->cloud->hosts) {
        struct vswitch_tunnel tunnel;
        enum encap encap;
        if (!wants_peer_tunnel(self, host, &encap)) {
            continue;
        }
        peer_tunnel(&tunnel, encap, host);
        uint32_t ofport = tunnel_ofport(vs, &tunnel);
        if (ofport) {
            struct fabric_peer *peer = &fabric->peers[fabric->n_peers++];
            peer->location = host_location(host);
            peer->encap = encap;
            peer->ofport = ofport;
        }
    }
}

static void
fabric_add_edges(const struct vswitch_db *vs, const struct handover *handover,
                 struct fabric *fabric)
{
    fabric->edges = xcalloc(handover->n_edges + 1, sizeof *fabric->edges);
    for (size_t i = 0; i < handover->n_edges; i++) {
        const struct handover_edge *from = &handover->edges[i];
        struct vswitch_tunnel tunnel;
        vswitch_edge_tunnel(&tunnel, from->encap, from->cloud,
                            &from->remote_ip);
        uint32_t ofport = tunnel_ofport(vs, &tunnel);
        if (ofport) {
            struct fabric_edge *edge = &fabric->edges[fabric->n_edges++];
            edge->cloud = from->cloud;
            edge->encap = from->encap;
            edge->ofport = ofport;
        }
    }
}

static uint8_t
edge_to(const struct fabric *fabric, uint8_t cloud)
{
    for (size_t i = 0; cloud && i < fabric->n_edges; i++) {
        if (fabric->edges[i].cloud == cloud) {
            return i;
        }
    }
    return FABRIC_NO_EDGE;
}

static void
fabric_add_trees(const struct handover *handover, struct fabric *fabric)
{
    BUILD_ASSERT_DECL(FABRIC_TREES == HANDOVER_TREES);
    fabric->stamp = handover->stamp;
    for (size_t i = 0; i < FABRIC_TREES; i++) {
        fabric->trees[i].number = handover->trees[i].number;
        for (size_t cloud = 0; cloud < NETHV_CLOUD_FLOOD; cloud++) {
            fabric->trees[i].edge[cloud]
                = edge_to(fabric, handover->trees[i].via[cloud]);
        }
    }
}

void
physical_fabric(const struct vswitch_db *vs, const struct model *model,
                uint32_t location, const struct handover *handover,
                struct fabric *fabric)
{
    const struct host *self = model_host_at(model, location);

    memset(fabric, 0, sizeof *fabric);
    if (!self) {
        return;
    }
    const struct host *gateway = cloud_gateway(self->cloud);
    const char *datapath = vswitch_config(vs)->datapath;
    fabric->mode = self->cloud->mode;
    fabric->encaps = host_usable_encaps(self);
    fabric->gateway = gateway ? host_location(gateway) : 0;
    fabric->mtu = model_endpoint_mtu(model);
    fabric->tags_apart = !datapath || strcmp(datapath, "netdev");
    for (enum encap encap = 0; encap < ENCAP_N; encap++) {
        struct vswitch_tunnel tunnel;
        vswitch_flow_tunnel(&tunnel, encap);
        fabric->tunnel_ofports[encap] = tunnel_ofport(vs, &tunnel);
    }
    fabric_add_peers(vs, self, fabric);
    if (handover) {
        fabric_add_edges(vs, handover, fabric);
        fabric_add_trees(handover, fabric);
    }
}
