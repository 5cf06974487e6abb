/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "world.h"

#include <stdio.h>

#include "flow.h"
#include "nethv/wire.h"
#include "ovs-rcu.h"
#include "packets.h"
#include "util.h"

#define TUNNEL_OFPORT 50            /* + enum encap */
#define EDGE_OFPORT 60              /* + index of the other cloud */
#define PEER_OFPORT 70              /* + index of the other host */

ovs_be32
world_private_ip(const struct world *w, size_t host)
{
    return htonl(0x0a000000
                 | nethv_location_host(w->hosts[host].location));
}

ovs_be32
world_public_ip(const struct world *w, size_t cloud)
{
    return htonl(0xcb007100 | w->clouds[cloud].id);
}

/* Returns the neighbour in 'tree' by which cloud 'to' is reached from 'from'
 * (another one); both are in it. */
static size_t
tree_next(const struct world_tree *tree, size_t from, size_t to)
{
    /* A cloud's index is greater than that of the one above. */
    while (to > from) {
        if (tree->up[to] == from) {
            return to;
        }
        to = tree->up[to];
    }
    return tree->up[from];
}

static bool
clouds_joined(const struct world *w, size_t a, size_t b)
{
    size_t high = MAX(a, b), low = MIN(a, b);
    bool joined = false;

    for (size_t t = 0; t < 2; t++) {
        const struct world_tree *tree = &w->trees[t];

        joined |= tree->in[high] && tree->up[high] == low;
    }
    return high != low && joined && w->clouds[a].present
           && w->clouds[b].present;
}

/* Writes 'tree' as 'cloud' sees it, whose edges are in 'f', to '*to'. */
static void
fabric_set_tree(const struct world *w, size_t cloud, const struct fabric *f,
                const struct world_tree *tree, struct fabric_tree *to)
{
    if (!tree->number) {
        return;
    }
    to->number = tree->number;
    for (size_t i = 0; i < w->n_clouds; i++) {
        if (i == cloud || !tree->in[i] || !tree->in[cloud]) {
            continue;
        }
        size_t next = tree_next(tree, cloud, i);
        for (size_t e = 0; e < f->n_edges; e++) {
            if (f->edges[e].cloud == w->clouds[next].id) {
                to->edge[w->clouds[i].id] = e;
            }
        }
    }
}

static uint32_t
stamp(const struct world_tree *tree)
{
    return tree->number & NETHV_TREE_MASK;
}

static void
fabric_add_edges(const struct world *w, size_t cloud, struct fabric *f)
{
    const struct world_tree *now = &w->trees[0], *before = &w->trees[1];

    f->edges = xcalloc(WORLD_MAX_CLOUDS, sizeof *f->edges);
    fabric_clear_trees(f);
    for (size_t i = 0; i < w->n_clouds; i++) {
        if (clouds_joined(w, cloud, i)) {
            struct fabric_edge *edge = &f->edges[f->n_edges++];

            edge->cloud = w->clouds[i].id;
            edge->encap = w->edges[cloud][i];
            edge->ofport = EDGE_OFPORT + i;
        }
    }
    f->stamp = stamp(w->clouds[cloud].lags ? before : now);
    fabric_set_tree(w, cloud, f, now, &f->trees[stamp(now)]);
    if (stamp(before) != stamp(now)) {
        fabric_set_tree(w, cloud, f, before, &f->trees[stamp(before)]);
    }
}

static bool
world_are_peers(const struct world *w, size_t a, size_t b)
{
    const struct world_cloud *cloud = &w->clouds[w->hosts[a].cloud];

    return a != b && w->hosts[a].cloud == w->hosts[b].cloud
           && w->hosts[a].present && w->hosts[b].present
           && !w->hosts[a].mute && !w->hosts[b].mute
           && (cloud->mode == CLOUD_MESH
               || (cloud->mode == CLOUD_TREE
                   && (a == cloud->gateway || b == cloud->gateway)));
}

static enum encap
peer_encap(const struct world *w, size_t a, size_t b)
{
    return encap_common(w->hosts[a].encaps, w->hosts[b].encaps);
}

static void
fabric_add_peers(const struct world *w, size_t host, struct fabric *f)
{
    f->peers = xcalloc(WORLD_MAX_HOSTS, sizeof *f->peers);
    for (size_t i = 0; i < w->n_hosts; i++) {
        if (world_are_peers(w, host, i)) {
            struct fabric_peer *peer = &f->peers[f->n_peers++];

            peer->location = w->hosts[i].location;
            peer->encap = peer_encap(w, host, i);
            peer->ofport = PEER_OFPORT + i;
        }
    }
}

void
world_set_fabric(const struct world *w, size_t host, struct compiler *compiler)
{
    const struct world_host *wh = &w->hosts[host];
    const struct world_cloud *wc = &w->clouds[wh->cloud];
    struct fabric f;

    memset(&f, 0, sizeof f);
    f.mode = wc->mode;
    f.encaps = wh->encaps;
    f.gateway = w->hosts[wc->gateway].location;
    f.mtu = w->mtu;
    for (enum encap e = 0; wc->mode == CLOUD_DIRECT && e < ENCAP_N; e++) {
        f.tunnel_ofports[e] = wh->encaps & (1u << e) ? TUNNEL_OFPORT + e : 0;
    }
    fabric_add_peers(w, host, &f);
    if (host == wc->gateway) {
        fabric_add_edges(w, wh->cloud, &f);
    }
    compiler_set_fabric(compiler, &f);
    fabric_destroy(&f);
}

static void
connect_host(struct world *w, size_t host)
{
    const struct world_host *wh = &w->hosts[host];
    const struct world_cloud *wc = &w->clouds[wh->cloud];
    bool gateway = host == wc->gateway;

    trace_fabric_add_host(w->fabric, wh->trace, wc->id,
                          world_private_ip(w, host),
                          gateway ? world_public_ip(w, wh->cloud) : 0);
    for (enum encap e = 0; wc->mode == CLOUD_DIRECT && e < ENCAP_N; e++) {
        if (wh->encaps & (1u << e)) {
            trace_fabric_add_tunnel(w->fabric, wh->trace,
                                    u16_to_ofp(TUNNEL_OFPORT + e), e, 0);
        }
    }
    for (size_t i = 0; i < w->n_hosts; i++) {
        if (world_are_peers(w, host, i)) {
            trace_fabric_add_tunnel(w->fabric, wh->trace,
                                    u16_to_ofp(PEER_OFPORT + i),
                                    peer_encap(w, host, i),
                                    world_private_ip(w, i));
        }
    }
    for (size_t i = 0; gateway && i < w->n_clouds; i++) {
        if (clouds_joined(w, wh->cloud, i)) {
            trace_fabric_add_tunnel(w->fabric, wh->trace,
                                    u16_to_ofp(EDGE_OFPORT + i),
                                    w->edges[wh->cloud][i],
                                    world_public_ip(w, i));
        }
    }
}

void
world_disconnect(struct world *w)
{
    trace_fabric_destroy(w->fabric);
    w->fabric = NULL;
    for (size_t i = 0; i < w->n_hosts; i++) {
        trace_host_destroy(w->hosts[i].trace);
        w->hosts[i].trace = NULL;
    }
    ovsrcu_quiesce();
}

void
world_connect(struct world *w)
{
    w->fabric = trace_fabric_create();
    for (size_t i = 0; i < w->n_hosts; i++) {
        struct world_host *wh = &w->hosts[i];
        char name[16];

        if (!wh->present) {
            continue;
        }
        snprintf(name, sizeof name, "%u/%u",
                 nethv_location_cloud(wh->location),
                 nethv_location_host(wh->location));
        wh->trace = trace_host_create(name, compiler_rules(wh->compiler));
        connect_host(w, i);
    }
    for (size_t i = 0; i < w->n_ports; i++) {
        const struct world_port *port = &w->ports[i];

        if (port->host >= 0) {
            trace_fabric_add_endpoint(w->fabric, w->hosts[port->host].trace,
                                      u16_to_ofp(port->ofport));
        }
    }
}

/* Forgeries. */

static ovs_be32
draw_ip(struct world *w, size_t host)
{
    size_t other = world_draw(w, w->n_hosts);

    return w->hosts[other].cloud == w->hosts[host].cloud
           ? world_private_ip(w, other)
           : world_public_ip(w, w->hosts[other].cloud);
}

/* Returns the host whose private address 'ip' is for 'host', or -1. */
static int
sender(const struct world *w, size_t host, ovs_be32 ip)
{
    for (size_t i = 0; i < w->n_hosts; i++) {
        if (w->hosts[i].present && !w->hosts[i].mute && i != host
            && w->hosts[i].cloud == w->hosts[host].cloud
            && world_private_ip(w, i) == ip) {
            return i;
        }
    }
    return -1;
}

/* Returns whether a frame stamped with 'tree' from cloud 'source' comes to the
 * gateway of 'cloud' from the gateway at public address 'ip'. */
static bool
comes_over_edge(const struct world *w, size_t cloud, size_t source,
                uint32_t tree, ovs_be32 ip)
{
    for (size_t t = 0; t < 2; t++) {
        const struct world_tree *wt = &w->trees[t];

        if (wt->number && (wt->number & NETHV_TREE_MASK) == tree) {
            return source != cloud && wt->in[cloud] && wt->in[source]
                   && world_public_ip(w, tree_next(wt, cloud, source)) == ip;
        }
    }
    return false;
}

static bool
is_plausible(const struct world *w, const struct world_forgery *f)
{
    size_t cloud = w->hosts[f->host].cloud;
    const struct world_cloud *wc = &w->clouds[cloud];
    uint8_t source_cloud = nethv_location_cloud(f->source);
    int from = sender(w, f->host, f->ip);

    if (from >= 0
        && w->hosts[from].location == (f->source & NETHV_HOST_MASK)) {
        return true;
    }
    if (from == wc->gateway) {
        return wc->mode == CLOUD_TREE
               ? (f->source & NETHV_HOST_MASK) != w->hosts[f->host].location
               : source_cloud != wc->id;
    }
    for (size_t i = 0; i < w->n_clouds && f->host == wc->gateway; i++) {
        if (w->clouds[i].id == source_cloud) {
            return comes_over_edge(w, cloud, i, f->key & NETHV_TREE_MASK,
                                   f->ip);
        }
    }
    return false;
}

struct world_forgery
world_draw_forgery(struct world *w)
{
    struct world_forgery f = { .encap = world_draw(w, ENCAP_N) };
    const struct world_port *to = &w->ports[world_draw(w, w->n_ports)];
    const struct world_port *from = &w->ports[world_draw(w, w->n_ports)];
    const struct vport *vport = world_vport(w, to);

    do {
        f.host = world_draw(w, w->n_hosts);
    } while (!w->hosts[f.host].present);
    if (to->host >= 0 && !world_chance(w, 4)) {
        f.host = to->host;
    }
    f.ip = draw_ip(w, f.host);
    f.tag = world_chance(w, 8) ? world_draw(w, 3)
            : w->networks[world_draw(w, w->n_networks)].tag;
    f.source = from->host >= 0 ? world_vport(w, from)->binding->location
               : w->hosts[world_draw(w, w->n_hosts)].location | 4;
    if (vport && vport->n_macs && world_chance(w, 2)) {
        f.source += 4 * world_draw(w, 4);
    }
    f.key = vport && to->host >= 0 && world_chance(w, 2)
            ? vport->binding->location
            : nethv_flood_key(vport ? vport->vswitch->group : 1);
    f.key |= world_draw(w, 4);
    f.plausible = is_plausible(w, &f);
    return f;
}

struct trace *
world_trace_forged(struct world *w, const struct world_forgery *f)
{
    const struct world_host *wh = &w->hosts[f->host];
    struct trace_options options = {
        .next = trace_fabric_next, .aux = w->fabric,
    };
    struct trace_input in = { .host = wh->trace };
    uint64_t src = nethv_wire_address(f->tag, f->source);
    /* Where there is no other place for the key: with the tree's number. */
    uint64_t dst = nethv_wire_address(f->tag, 0) | f->key;
    struct eth_header eth = { .eth_type = htons(0x88b6) };
    uint8_t frame[64] = { 0 };
    ovs_be32 key = htonl(f->key);

    if (trace_fabric_receiver(w->fabric, wh->trace, f->encap, f->ip,
                              &in.port)) {
        eth_addr_from_uint64(src, &eth.eth_src);
        eth_addr_from_uint64(dst, &eth.eth_dst);
    }
    memcpy(frame, &eth, sizeof eth);
    in.tunnel.ip_src = f->ip;
    in.tunnel.ip_dst = world_private_ip(w, f->host);
    in.tunnel.tun_id = htonll(f->key);
    in.tunnel.flags = FLOW_TNL_F_KEY;
    memcpy(in.tunnel.metadata.opts.u8, &key, sizeof key);
    in.tunnel.metadata.present.map = f->encap == ENCAP_GENEVE;
    return trace_run(&in, frame, sizeof frame, &options);
}
