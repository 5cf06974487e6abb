/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "party.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "compile/compile.h"
#include "util.h"

#define EDGE_OFPORT 100

size_t
party_memory_used(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

/* The tunnels and the tree, for every stamp, as after several changes. */
static void
add_trees(const struct system *s, uint8_t cloud, struct fabric *f)
{
    uint8_t via[NETHV_CLOUD_MAX + 1];

    tree_next_hops(&s->tree, cloud, via);
    for (size_t to = 1; to <= NETHV_CLOUD_MAX; to++) {
        if (via[to] == to) {
            f->edges[f->n_edges].cloud = to;
            f->edges[f->n_edges].ofport = EDGE_OFPORT + f->n_edges;
            f->n_edges++;
        }
    }
    for (size_t i = 0; i < FABRIC_TREES; i++) {
        f->trees[i].number = FABRIC_TREES + i;
        for (size_t to = 1; to <= NETHV_CLOUD_MAX; to++) {
            for (size_t e = 0; via[to] && e < f->n_edges; e++) {
                if (via[to] == f->edges[e].cloud) {
                    f->trees[i].edge[to] = e;
                }
            }
        }
    }
}

/* As agent/physical.c makes it. */
static void
set_fabric(const struct system *s, struct party *party, bool gateway)
{
    uint8_t cloud = system_cloud_id(system_cloud_of(s, party->host));
    struct fabric_edge edges[NETHV_CLOUD_MAX];
    struct fabric f;

    memset(&f, 0, sizeof f);
    memset(edges, 0, sizeof edges);
    f.mode = CLOUD_DIRECT;
    f.encaps = ENCAP_ALL;
    f.mtu = 1400;
    f.gateway = nethv_location(cloud, 1, 0);
    for (enum encap encap = 0; encap < ENCAP_N; encap++) {
        f.tunnel_ofports[encap] = 1 + encap;
    }
    f.edges = edges;
    fabric_clear_trees(&f);
    if (gateway) {
        add_trees(s, cloud, &f);
    }
    compiler_set_fabric(party->compiler, &f);
}

static void
set_endpoints(const struct system *s, struct party *party)
{
    for (size_t i = 0; i < party->n_networks; i++) {
        size_t network = party->networks[i];

        for (size_t j = 0; j < s->spec.n_endpoints; j++) {
            struct uuid port = system_port_uuid(network, j);

            if (system_endpoint(s, network, j)->host == party->host) {
                compiler_set_endpoint(party->compiler, &port,
                                      PARTY_OFPORT + i);
            }
        }
    }
}

void
party_start(const struct system *s, struct party *party, size_t host,
            bool gateway)
{
    party->host = host;
    party->memory = party_memory_used();
    party->model = model_create();
    party->compiler = compiler_create(party->model, system_location(s, host));
    set_fabric(s, party, gateway);
    for (size_t i = 0; i < s->spec.n_clouds; i++) {
        system_put_cloud(s, party->model, i);
    }
    for (size_t i = 0; i < s->spec.n_hosts; i++) {
        if (system_cloud_of(s, i) == system_cloud_of(s, host)) {
            system_put_host(s, party->model, i);
        }
    }
    for (size_t i = 0; i < party->n_networks; i++) {
        system_put_whole_network(s, party->model, party->networks[i]);
    }
    set_endpoints(s, party);
}

void
party_destroy(struct party *party)
{
    compiler_destroy(party->compiler);
    model_destroy(party->model);
    free(party->networks);
}

void
party_add_network(struct party *party, size_t network)
{
    party->networks = xrealloc(party->networks, ((party->n_networks + 1)
                                                 * sizeof *party->networks));
    party->networks[party->n_networks++] = network;
}
