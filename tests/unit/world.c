/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "world.h"

#include "flow.h"
#include "nethv/wire.h"
#include "openvswitch/dynamic-string.h"
#include "packets.h"
#include "rule.h"
#include "util.h"
#include "uuid.h"

#define ENDPOINT_OFPORT 100

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t
next_random(struct world *w)
{
    uint64_t z = w->random += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint32_t
world_draw(struct world *w, uint32_t n)
{
    return (next_random(w) >> 16) % n;
}

bool
world_chance(struct world *w, uint32_t n)
{
    return !world_draw(w, n);
}

struct uuid
world_new_uuid(struct world *w)
{
    /* Random parts, so that their order says nothing. */
    return (struct uuid) { .parts = { next_random(w), next_random(w), 0,
                                      ++w->next_row } };
}

char *
world_new_name(struct world *w, const char *prefix)
{
    return xasprintf("%s%u", prefix, ++w->next_row);
}

struct eth_addr
world_mac(unsigned int n)
{
    struct eth_addr mac = ETH_ADDR_C(02,00,00,00,00,00);

    mac.ea[5] = n;
    return mac;
}

ovs_be32
world_ip(unsigned int n)
{
    return htonl(0x0a630000 | n);
}

struct in6_addr
world_mapped(ovs_be32 ip)
{
    struct in6_addr ip6;

    in6_addr_set_mapped_ipv4(&ip6, ip);
    return ip6;
}

/* Networks. */

void
world_set_network_state(struct world *w, const struct world_network *net,
                  uint64_t sequence)
{
    struct network_state state = { .tag = net->tag, .number = 1,
                                   .sequence = sequence };

    model_set_network_state(w->model, &net->uuid, &state);
}

void
world_add_link(struct world *w, struct world_network *net, size_t a, size_t b)
{
    struct uuid uuid = world_new_uuid(w);
    char *name = world_new_name(w, "l");
    struct link_spec spec = {
        .name = name, .network = net->uuid, .a = net->switches[a],
        .b = net->switches[b], .bandwidth = world_chance(w, 4) ? 1000000 : 0,
    };

    model_put_link(w->model, &uuid, &spec);
    net->n_links++;
    free(name);
}

/* Returns a group that no switch has had. */
uint32_t
world_new_group(struct world *w)
{
    return (++w->next_row * UINT32_C(0x9e3779b1)) & NETHV_GROUP_MAX;
}

enum switch_mode
world_draw_mode(struct world *w)
{
    return world_chance(w, 10) ? SWITCH_OPENFLOW : SWITCH_LEARNING;
}

void
world_add_switch(struct world *w, struct world_network *net)
{
    char *name = world_new_name(w, "s");
    struct uuid *uuid = &net->switches[net->n_switches++];
    struct switch_spec spec = { .name = name, .network = net->uuid,
                                .mode = world_draw_mode(w) };

    *uuid = world_new_uuid(w);
    model_put_switch(w->model, uuid, &spec);
    model_set_switch_group(w->model, uuid, world_new_group(w));
    free(name);
}

static void
add_topology(struct world *w, struct world_network *net)
{
    enum { CHAIN, RING, TREE, MESH, APART, N_SHAPES };
    uint32_t shape = world_draw(w, N_SHAPES);
    size_t n = 1 + world_draw(w, ARRAY_SIZE(net->switches));

    for (size_t i = 0; i < n; i++) {
        world_add_switch(w, net);
    }
    for (size_t i = 1; i < n; i++) {
        if (shape == TREE) {
            world_add_link(w, net, i, world_draw(w, i));
        } else if (shape == MESH) {
            for (size_t j = 0; j < i; j++) {
                world_add_link(w, net, i, j);
            }
        } else if (shape != APART) {
            world_add_link(w, net, i, i - 1);
        }
    }
    if (shape == RING && n > 1) {
        world_add_link(w, net, n - 1, 0);
    }
}

/* Every host that has a port of a network follows it; here all hosts do. */
void
world_add_follower(struct world *w, size_t network, size_t host)
{
    struct uuid *uuid = &w->hosts[host].followers[network];
    struct follower_spec spec = {
        .network = w->networks[network].uuid,
        .location = w->hosts[host].location, .intent = 1, .sequence = 10,
    };

    *uuid = world_new_uuid(w);
    model_put_follower(w->model, uuid, &spec);
}

static void
add_network(struct world *w, struct uuid tenant, uint32_t tag)
{
    struct world_network *net = &w->networks[w->n_networks++];
    char *name = world_new_name(w, "n");
    struct network_spec spec = { .name = name, .tenant = tenant };

    net->uuid = world_new_uuid(w);
    net->tenant = tenant;
    net->tag = tag;
    model_put_network(w->model, &net->uuid, &spec);
    world_set_network_state(w, net, 10);
    add_topology(w, net);
    for (size_t i = 0; i < w->n_hosts; i++) {
        world_add_follower(w, net - w->networks, i);
    }
    free(name);
}

/* Returns a tag that no network has; a tenant may have had it. */
uint32_t
world_draw_tag(struct world *w)
{
    /* Both ends of both runs: without the group bit and with it. */
    static const uint32_t tags[] = {
        0x0001, 0xfeff, 0x0100, 0xffff, 0x012a,
    };
    uint32_t tag;
    bool used;

    do {
        tag = tags[world_draw(w, ARRAY_SIZE(tags))];
        used = false;
        for (size_t i = 0; i < w->n_networks; i++) {
            used |= w->networks[i].tag == tag;
        }
    } while (used);
    return tag;
}

static void
add_tenant(struct world *w)
{
    uint32_t tag = world_draw_tag(w);
    struct uuid uuid = world_new_uuid(w);
    char *name = world_new_name(w, "t");

    model_put_tenant(w->model, &uuid, name);
    add_network(w, uuid, tag);
    if (world_chance(w, 2)) {
        add_network(w, uuid, tag);
    }
    free(name);
}

/* Ports. */

struct vport *
world_vport(const struct world *w, const struct world_port *port)
{
    struct model_row *row = model_find(w->model, MODEL_PORT, &port->uuid);

    return row ? CONTAINER_OF(row, struct vport, row) : NULL;
}

size_t
world_draw_host(struct world *w)
{
    size_t host;

    do {
        host = world_draw(w, w->n_hosts);
    } while (!w->hosts[host].present);
    return host;
}

/* Returns whether a binding of the tenant with 'port' has 'location'. */
static bool
location_used(const struct world *w, const struct world_port *port,
              uint32_t location)
{
    const struct uuid *tenant = &w->networks[port->network].tenant;
    bool used = false;

    for (size_t i = 0; i < w->n_ports; i++) {
        const struct world_port *other = &w->ports[i];

        if (other->host < 0
            || !uuid_equals(&w->networks[other->network].tenant, tenant)) {
            continue;
        }
        const struct binding *binding = world_vport(w, other)->binding;
        used |= binding->location == location;
        for (size_t j = 0; j < binding->n_macs; j++) {
            used |= binding->macs[j].location == location;
        }
    }
    return used;
}

/* Returns a location on 'host' that no binding of the tenant has; one may have
 * had it. */
static uint32_t
new_location(struct world *w, const struct world_port *port, size_t host)
{
    uint32_t location = w->hosts[host].freed;

    while (!location || location_used(w, port, location)
           || world_chance(w, 2)) {
        location = w->hosts[host].location
                   | nethv_location(0, 0, 1 + world_draw(w, 300));
    }
    return location;
}

/* A binding has the UUID of its port. */
void
world_bind_port(struct world *w, struct world_port *port, size_t host)
{
    const struct vport *vport = world_vport(w, port);
    struct binding_mac *macs = xcalloc(vport->n_macs + 1, sizeof *macs);
    struct binding_spec spec = {
        .port = port->uuid, .location = new_location(w, port, host),
        .macs = macs, .n_macs = vport->n_macs,
        /* Confirmed, not yet, none. */
        .since = world_chance(w, 4) ? 11 + world_draw(w, 2) * 20 : 5,
    };

    for (size_t i = 0; i < vport->n_macs; i++) {
        macs[i].address = vport->macs[i].address;
        do {
            macs[i].location = new_location(w, port, host);
        } while (macs[i].location == spec.location
                 || (i && macs[i].location == macs[i - 1].location));
    }
    model_put_binding(w->model, &port->uuid, &spec);
    port->host = host;
    port->ofport = ENDPOINT_OFPORT + (port - w->ports);
    compiler_set_endpoint(w->hosts[host].compiler, &port->uuid, port->ofport);
    free(macs);
}

void
world_unbind_port(struct world *w, struct world_port *port)
{
    if (port->host >= 0) {
        struct world_host *wh = &w->hosts[port->host];

        wh->freed = world_vport(w, port)->binding->location;
        compiler_set_endpoint(wh->compiler, &port->uuid, 0);
        model_remove(w->model, MODEL_BINDING, &port->uuid);
        port->host = -1;
    }
}

void
world_unbind_host(struct world *w, size_t host)
{
    for (size_t i = 0; i < w->n_ports; i++) {
        if (w->ports[i].host == host) {
            world_unbind_port(w, &w->ports[i]);
        }
    }
}

void
world_put_port(struct world *w, struct world_port *port)
{
    const struct world_network *net = &w->networks[port->network];
    char *name = world_new_name(w, "p");
    struct eth_addr macs[2];
    struct in6_addr ips[2];
    uint8_t plens[2] = { 24, 24 };
    struct port_spec spec = {
        .name = name, .network = net->uuid,
        .vswitch = net->switches[world_draw(w, net->n_switches)],
        .macs = macs, .n_macs = world_chance(w, 4) ? world_draw(w, 3) : 1,
        .ips = ips, .plens = plens, .n_ips = world_draw(w, 3),
        .security = world_chance(w, 4), .sharing = world_chance(w, 8),
    };

    for (size_t i = 0; i < 2; i++) {
        unsigned int n = world_draw(w, WORLD_N_MACS);

        macs[i] = world_mac(n);
        ips[i] = world_mapped(world_ip(n));
    }
    model_put_port(w->model, &port->uuid, &spec);
    port->present = true;
    free(name);
}

static void
add_port(struct world *w)
{
    struct world_port *port = &w->ports[w->n_ports++];

    port->uuid = world_new_uuid(w);
    port->network = world_draw(w, w->n_networks);
    port->host = -1;
    world_put_port(w, port);
    if (!world_chance(w, 6)) {
        world_bind_port(w, port, world_draw_host(w));
    }
}

void
world_init(struct world *w, uint64_t seed)
{
    memset(w, 0, sizeof *w);
    w->random = seed;
    w->model = model_create();
    w->mtu = world_chance(w, 4) ? 0 : 1400;
    for (size_t n = 1 + world_draw(w, WORLD_MAX_CLOUDS); n; n--) {
        world_add_cloud(w, w->n_clouds);
    }
    for (size_t i = 0; i < WORLD_MAX_CLOUDS; i++) {
        for (size_t j = 0; j < i; j++) {
            w->edges[i][j] = w->edges[j][i] = world_draw(w, ENCAP_N);
        }
    }
    world_draw_tree(w);
    if (world_chance(w, 2)) {
        world_draw_tree(w);
    }
    for (size_t n = 1 + world_draw(w, 3); n; n--) {
        add_tenant(w);
    }
    for (size_t n = 2 + world_draw(w, 24); n; n--) {
        add_port(w);
    }
}

void
world_destroy(struct world *w)
{
    world_disconnect(w);
    for (size_t i = 0; i < w->n_hosts; i++) {
        compiler_destroy(w->hosts[i].compiler);
    }
    model_destroy(w->model);
}

void
world_compile(struct world *w)
{
    world_disconnect(w);
    for (size_t i = 0; i < w->n_hosts; i++) {
        if (w->hosts[i].present) {
            world_set_fabric(w, i, w->hosts[i].compiler);
            compiler_run(w->hosts[i].compiler);
        }
    }
    world_connect(w);
}

static char *
rules_text(struct compiler *compiler)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    rule_set_format(compiler_rules(compiler), &s);
    return ds_steal_cstr(&s);
}

char *
world_rules(const struct world *w, size_t i)
{
    return rules_text(w->hosts[i].compiler);
}

char *
world_rules_from_scratch(const struct world *w, size_t i)
{
    struct compiler *compiler = compiler_create(w->model,
                                                w->hosts[i].location);
    char *text;

    world_set_fabric(w, i, compiler);
    for (size_t j = 0; j < w->n_ports; j++) {
        const struct world_port *port = &w->ports[j];

        if (port->host == i) {
            compiler_set_endpoint(compiler, &port->uuid, port->ofport);
        }
    }
    compiler_run(compiler);
    text = rules_text(compiler);
    compiler_destroy(compiler);
    return text;
}

struct trace *
world_trace(struct world *w, const struct world_port *port,
            const void *frame, size_t size, bool steps)
{
    struct trace_options options = {
        .next = trace_fabric_next, .aux = w->fabric, .steps = steps,
    };
    struct trace_input in = {
        .host = w->hosts[port->host].trace, .port = u16_to_ofp(port->ofport),
    };

    return trace_run(&in, frame, size, &options);
}

void
world_forget_learned(struct world *w)
{
    for (size_t i = 0; i < w->n_hosts; i++) {
        if (w->hosts[i].present) {
            trace_host_forget(w->hosts[i].trace);
        }
    }
}
