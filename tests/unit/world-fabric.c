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

static ovs_be32
private_ip(const struct world *w, size_t host)
{
    return htonl(0x0a000000
                 | nethv_location_host(w->hosts[host].location));
}

static ovs_be32
public_ip(const struct world *w, size_t cloud)
{
    return htonl(0xcb007100 | w->clouds[cloud].id);
}

static unsigned int
draw_encaps(struct world *w)
{
    return 1 + world_draw(w, ENCAP_ALL);
}

static void
add_host(struct world *w, size_t cloud, uint16_t id)
{
    struct world_cloud *wc = &w->clouds[cloud];
    struct world_host *wh = &w->hosts[w->n_hosts];
    char *name = world_new_name(w, "h");
    struct host_spec spec = {
        .name = name, .cloud = wc->uuid, .id = id, .gateway = id == 1,
        .public_ip = id == 1 ? world_mapped(public_ip(w, cloud)) : in6addr_any,
    };
    struct host_state state;

    wh->cloud = cloud;
    wh->location = nethv_location(wc->id, id, 0);
    /* The cloud passes what all its hosts do, so that they reach each other. */
    wh->encaps = wc->encaps | draw_encaps(w);
    wh->uuid = world_new_uuid(w);
    model_put_host(w->model, &wh->uuid, &spec);
    state = (struct host_state) {
        .encap_ip = world_mapped(private_ip(w, w->n_hosts)), .encaps = wh->encaps,
    };
    model_set_host_state(w->model, &wh->uuid, &state);
    if (id == 1) {
        wc->gateway = w->n_hosts;
    }
    free(name);
    w->n_hosts++;
}

void
world_add_cloud(struct world *w)
{
    struct world_cloud *wc = &w->clouds[w->n_clouds];
    char *name = world_new_name(w, "c");
    struct cloud_spec spec;

    wc->id = w->n_clouds * 50 + 1 + world_draw(w, 50);
    wc->mode = world_draw(w, 3);
    wc->encaps = draw_encaps(w);
    wc->uuid = world_new_uuid(w);
    spec = (struct cloud_spec) {
        .name = name, .id = wc->id, .provider = "", .jurisdiction = "",
        .mtu = 1500, .encaps = wc->encaps, .mode = wc->mode,
    };
    model_put_cloud(w->model, &wc->uuid, &spec);
    for (uint16_t id = 1; id <= 1 + world_draw(w, 3); id++) {
        add_host(w, w->n_clouds, id);
    }
    free(name);
    w->n_clouds++;
}

void
world_draw_tree(struct world *w)
{
    struct world_tree *tree = &w->trees[0];

    w->trees[1] = *tree;
    tree->number++;
    for (size_t i = 1; i < w->n_clouds; i++) {
        tree->up[i] = world_draw(w, i);
    }
}

/* Returns the neighbour in 'tree' by which cloud 'to' is reached from 'from'
 * (another one). */
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

    return high != low && (w->trees[0].up[high] == low
                           || (w->trees[1].number
                               && w->trees[1].up[high] == low));
}

static void
fabric_add_edges(const struct world *w, size_t cloud, struct fabric *f)
{
    f->edges = xcalloc(WORLD_MAX_CLOUDS, sizeof *f->edges);
    for (size_t t = 0; t < 2; t++) {
        memset(f->trees[t].edge, FABRIC_NO_EDGE, sizeof f->trees[t].edge);
        f->trees[t].number = w->trees[t].number;
    }
    for (size_t i = 0; i < w->n_clouds; i++) {
        if (clouds_joined(w, cloud, i)) {
            struct fabric_edge *edge = &f->edges[f->n_edges++];

            edge->cloud = w->clouds[i].id;
            edge->encap = w->edges[cloud][i];
            edge->ofport = EDGE_OFPORT + i;
        }
    }
    for (size_t t = 0; t < 2; t++) {
        for (size_t i = 0; i < w->n_clouds; i++) {
            if (i == cloud || !w->trees[t].number) {
                continue;
            }
            size_t next = tree_next(&w->trees[t], cloud, i);
            for (size_t e = 0; e < f->n_edges; e++) {
                if (f->edges[e].cloud == w->clouds[next].id) {
                    f->trees[t].edge[w->clouds[i].id] = e;
                }
            }
        }
    }
}

static bool
hosts_are_peers(const struct world *w, size_t a, size_t b)
{
    const struct world_cloud *cloud = &w->clouds[w->hosts[a].cloud];

    return a != b && w->hosts[a].cloud == w->hosts[b].cloud
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
        if (hosts_are_peers(w, host, i)) {
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

    trace_fabric_add_host(w->fabric, wh->trace, wc->id, private_ip(w, host),
                          gateway ? public_ip(w, wh->cloud) : 0);
    for (enum encap e = 0; wc->mode == CLOUD_DIRECT && e < ENCAP_N; e++) {
        if (wh->encaps & (1u << e)) {
            trace_fabric_add_tunnel(w->fabric, wh->trace,
                                    u16_to_ofp(TUNNEL_OFPORT + e), e, 0);
        }
    }
    for (size_t i = 0; i < w->n_hosts; i++) {
        if (hosts_are_peers(w, host, i)) {
            trace_fabric_add_tunnel(w->fabric, wh->trace,
                                    u16_to_ofp(PEER_OFPORT + i),
                                    peer_encap(w, host, i),
                                    private_ip(w, i));
        }
    }
    for (size_t i = 0; gateway && i < w->n_clouds; i++) {
        if (clouds_joined(w, wh->cloud, i)) {
            trace_fabric_add_tunnel(w->fabric, wh->trace,
                                    u16_to_ofp(EDGE_OFPORT + i),
                                    w->edges[wh->cloud][i], public_ip(w, i));
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
