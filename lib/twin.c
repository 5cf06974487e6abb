/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "twin.h"

#include "compile/compile.h"
#include "flow.h"
#include "model.h"
#include "nethv/wire.h"
#include "packets.h"
#include "rule.h"
#include "trace-fabric.h"
#include "trace.h"
#include "tree.h"
#include "util.h"

/* The twin's OpenFlow ports. */
enum {
    PORT_TUNNEL = 1,                /* + encapsulation. */
    PORT_EDGE = 16,                 /* + cloud's id. */
    PORT_PEER = 512,                /* + host's id. */
    PORT_ENDPOINT = 8192,           /* + index. */
};

struct twin_host {
    const struct host *host;
    struct trace_host *trace;
    struct compiler *compiler;      /* NULL until a frame comes. */
    const struct vport **endpoints;
    size_t n_endpoints, allocated_endpoints;
};

struct twin {
    struct model *model;
    struct tree *tree;
    uint32_t number;
    struct trace_fabric *fabric;
    struct rule_set no_rules;
    struct twin_host *hosts;
    size_t n_hosts;
};

static ovs_be32
ipv4(const struct in6_addr *ip)
{
    return IN6_IS_ADDR_V4MAPPED(ip) ? in6_addr_get_mapped_ipv4(ip) : 0;
}

/* The edges of 'cloud' in the tree. */
static size_t
cloud_edges(const struct twin *twin, const struct cloud *cloud,
            struct fabric_edge *edges)
{
    size_t n = 0;

    for (size_t i = 0; i < twin->tree->n; i++) {
        const struct tree_edge *edge = &twin->tree->edges[i];
        uint8_t peer_id = edge->a == cloud->id ? edge->b
                          : edge->b == cloud->id ? edge->a : 0;
        const struct cloud *peer = model_cloud_by_id(twin->model, peer_id);
        if (!peer_id || !peer || !cloud_gateway(peer)) {
            continue;
        }
        enum encap encap = encap_common(cloud->encaps, peer->encaps);
        if (encap != ENCAP_N) {
            memset(&edges[n], 0, sizeof edges[n]);
            edges[n].cloud = peer_id;
            edges[n].encap = encap;
            edges[n++].ofport = PORT_EDGE + peer_id;
        }
    }
    return n;
}

static void
fabric_set_tree(const struct twin *twin, const struct cloud *cloud,
                struct fabric *fabric)
{
    uint8_t next[NETHV_CLOUD_MAX + 1];

    fabric_clear_trees(fabric);
    fabric->stamp = twin->number & NETHV_TREE_MASK;
    struct fabric_tree *tree = &fabric->trees[fabric->stamp];
    tree->number = twin->number;
    tree_next_hops(twin->tree, cloud->id, next);
    for (int id = 1; id <= NETHV_CLOUD_MAX; id++) {
        for (size_t i = 0; next[id] && i < fabric->n_edges; i++) {
            if (fabric->edges[i].cloud == next[id]) {
                tree->edge[id] = i;
            }
        }
    }
}

static void
fabric_set_peers(const struct host *self, struct fabric *fabric)
{
    const struct host *host;

    LIST_FOR_EACH (host, cloud_node, &self->cloud->hosts) {
        enum encap encap = hosts_encap(self, host);
        if (hosts_are_peers(self, host) && encap != ENCAP_N) {
            struct fabric_peer *peer = &fabric->peers[fabric->n_peers++];
            peer->location = host_location(host);
            peer->encap = encap;
            peer->ofport = PORT_PEER + host->id;
        }
    }
}

static void
compile_host(struct twin *twin, struct twin_host *th)
{
    const struct host *self = th->host;
    const struct host *gateway = cloud_gateway(self->cloud);
    struct fabric fabric = {
        .mode = self->cloud->mode,
        .encaps = host_usable_encaps(self),
        .gateway = gateway ? host_location(gateway) : 0,
        .mtu = model_endpoint_mtu(twin->model),
    };

    fabric.peers = xcalloc(ovs_list_size(&self->cloud->hosts),
                           sizeof *fabric.peers);
    fabric.edges = xcalloc(TREE_EDGES_MAX, sizeof *fabric.edges);
    if (fabric.mode == CLOUD_DIRECT) {
        for (enum encap encap = 0; encap < ENCAP_N; encap++) {
            fabric.tunnel_ofports[encap] = PORT_TUNNEL + encap;
        }
    }
    fabric_set_peers(self, &fabric);
    if (self == gateway) {
        fabric.n_edges = cloud_edges(twin, self->cloud, fabric.edges);
    }
    fabric_set_tree(twin, self->cloud, &fabric);

    th->compiler = compiler_create(twin->model, host_location(self));
    compiler_set_fabric(th->compiler, &fabric);
    fabric_destroy(&fabric);
    for (size_t i = 0; i < th->n_endpoints; i++) {
        compiler_set_endpoint(th->compiler, &th->endpoints[i]->row.uuid,
                              PORT_ENDPOINT + i);
    }
    compiler_run(th->compiler);
    trace_host_set_rules(th->trace, compiler_rules(th->compiler));
}

static void
join_edges(struct twin *twin, struct twin_host *th)
{
    struct fabric_edge edges[TREE_EDGES_MAX];
    size_t n = cloud_edges(twin, th->host->cloud, edges);

    for (size_t i = 0; i < n; i++) {
        const struct cloud *cloud = model_cloud_by_id(twin->model,
                                                      edges[i].cloud);
        trace_fabric_add_tunnel(twin->fabric, th->trace,
                                u16_to_ofp(edges[i].ofport), edges[i].encap,
                                ipv4(&cloud_gateway(cloud)->public_ip));
    }
}

/* Tells the fabric of a host's tunnels. */
static void
join_host(struct twin *twin, struct twin_host *th)
{
    const struct host *self = th->host;
    const struct host *host;

    trace_fabric_add_host(twin->fabric, th->trace, self->cloud->id,
                          ipv4(&self->encap_ip), ipv4(&self->public_ip));
    for (enum encap encap = 0; encap < ENCAP_N; encap++) {
        trace_fabric_add_tunnel(twin->fabric, th->trace,
                                u16_to_ofp(PORT_TUNNEL + encap), encap, 0);
    }
    LIST_FOR_EACH (host, cloud_node, &self->cloud->hosts) {
        enum encap encap = hosts_encap(self, host);
        if (hosts_are_peers(self, host) && encap != ENCAP_N) {
            trace_fabric_add_tunnel(twin->fabric, th->trace,
                                    u16_to_ofp(PORT_PEER + host->id), encap,
                                    ipv4(&host->encap_ip));
        }
    }
    if (self == cloud_gateway(self->cloud)) {
        join_edges(twin, th);
    }
    for (size_t i = 0; i < th->n_endpoints; i++) {
        trace_fabric_add_endpoint(twin->fabric, th->trace,
                                  u16_to_ofp(PORT_ENDPOINT + i));
    }
}

static struct twin_host *
find_host(const struct twin *twin, uint32_t location)
{
    for (size_t i = 0; i < twin->n_hosts; i++) {
        if (host_location(twin->hosts[i].host)
            == (location & NETHV_HOST_MASK)) {
            return &twin->hosts[i];
        }
    }
    return NULL;
}

static struct twin_host *
find_host_name(const struct twin *twin, const char *name)
{
    for (size_t i = 0; i < twin->n_hosts; i++) {
        if (!strcmp(twin->hosts[i].host->row.name, name)) {
            return &twin->hosts[i];
        }
    }
    return NULL;
}

static void
place_endpoints(struct twin *twin)
{
    size_t n;
    struct model_row **rows = model_sorted(twin->model, MODEL_PORT, &n);

    for (size_t i = 0; i < n; i++) {
        const struct vport *port = CONTAINER_OF(rows[i], struct vport, row);
        struct twin_host *th = port->binding
            ? find_host(twin, port->binding->location) : NULL;
        if (!th) {
            continue;
        }
        if (th->n_endpoints >= th->allocated_endpoints) {
            th->endpoints = x2nrealloc(th->endpoints,
                                       &th->allocated_endpoints,
                                       sizeof *th->endpoints);
        }
        th->endpoints[th->n_endpoints++] = port;
    }
    free(rows);
}

struct twin *
twin_create(struct model *model, const struct tree *tree, uint32_t number)
{
    struct twin *twin = xzalloc(sizeof *twin);
    size_t n;
    struct model_row **rows = model_sorted(model, MODEL_HOST, &n);

    twin->model = model;
    twin->tree = xmemdup(tree, sizeof *tree);
    twin->number = number;
    twin->fabric = trace_fabric_create();
    rule_set_init(&twin->no_rules);
    twin->hosts = xcalloc(n, sizeof *twin->hosts);
    for (size_t i = 0; i < n; i++) {
        const struct host *host = CONTAINER_OF(rows[i], struct host, row);
        if (host->cloud->row.present && ipv4(&host->encap_ip)) {
            struct twin_host *th = &twin->hosts[twin->n_hosts++];
            th->host = host;
            th->trace = trace_host_create(host->row.name, &twin->no_rules);
        }
    }
    free(rows);
    place_endpoints(twin);
    for (size_t i = 0; i < twin->n_hosts; i++) {
        join_host(twin, &twin->hosts[i]);
    }
    return twin;
}

void
twin_destroy(struct twin *twin)
{
    if (!twin) {
        return;
    }
    for (size_t i = 0; i < twin->n_hosts; i++) {
        trace_host_destroy(twin->hosts[i].trace);
        compiler_destroy(twin->hosts[i].compiler);
        free(twin->hosts[i].endpoints);
    }
    free(twin->hosts);
    trace_fabric_destroy(twin->fabric);
    rule_set_destroy(&twin->no_rules);
    free(twin->tree);
    free(twin);
}

static enum trace_way
next_host(void *twin_, const struct trace_output *out,
          struct trace_input *in, char **why)
{
    struct twin *twin = twin_;
    enum trace_way way = trace_fabric_next(twin->fabric, out, in, why);

    if (way == TRACE_TO_HOST) {
        struct twin_host *th = find_host_name(twin,
                                              trace_host_name(in->host));
        if (!th->compiler) {
            compile_host(twin, th);
        }
    }
    return way;
}

struct trace *
twin_run(struct twin *twin, const struct vport *port, const void *frame,
         size_t size, bool steps)
{
    struct trace_options options = {
        .next = next_host,
        .aux = twin,
        .steps = steps,
    };
    struct twin_host *th = find_host(twin, port->binding->location);

    if (!th) {
        return NULL;
    }
    if (!th->compiler) {
        compile_host(twin, th);
    }
    for (size_t i = 0; i < th->n_endpoints; i++) {
        if (th->endpoints[i] == port) {
            struct trace_input in = {
                .host = th->trace,
                .port = u16_to_ofp(PORT_ENDPOINT + i),
            };
            return trace_run(&in, frame, size, &options);
        }
    }
    return NULL;
}

const struct vport *
twin_port_at(const struct twin *twin, const char *host, ofp_port_t ofport)
{
    const struct twin_host *th = find_host_name(twin, host);
    size_t i = ofp_to_u16(ofport) - PORT_ENDPOINT;

    return th && ofp_to_u16(ofport) >= PORT_ENDPOINT && i < th->n_endpoints
           ? th->endpoints[i] : NULL;
}
