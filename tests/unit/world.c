/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "world.h"

#include "flow.h"
#include "nethv/wire.h"
#include "openvswitch/dynamic-string.h"
#include "packets.h"
#include "rule.h"
#include "util.h"

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

static void
set_network_state(struct world *w, const struct world_network *net,
                  uint64_t sequence)
{
    struct network_state state = { .tag = net->tag, .number = 1, .intent = 1,
                                   .sequence = sequence };

    model_set_network_state(w->model, &net->uuid, &state);
}

static void
add_link(struct world *w, struct world_network *net, size_t a, size_t b)
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
static uint32_t
new_group(struct world *w)
{
    return (++w->next_row * UINT32_C(0x9e3779b1)) & NETHV_GROUP_MAX;
}

static void
add_switch(struct world *w, struct world_network *net)
{
    char *name = world_new_name(w, "s");
    struct uuid *uuid = &net->switches[net->n_switches++];
    struct switch_spec spec = { .name = name, .network = net->uuid };

    *uuid = world_new_uuid(w);
    model_put_switch(w->model, uuid, &spec);
    model_set_switch_group(w->model, uuid, new_group(w));
    free(name);
}

static void
add_topology(struct world *w, struct world_network *net)
{
    enum { CHAIN, RING, TREE, MESH, APART, N_SHAPES };
    uint32_t shape = world_draw(w, N_SHAPES);
    size_t n = 1 + world_draw(w, ARRAY_SIZE(net->switches));

    for (size_t i = 0; i < n; i++) {
        add_switch(w, net);
    }
    for (size_t i = 1; i < n; i++) {
        if (shape == TREE) {
            add_link(w, net, i, world_draw(w, i));
        } else if (shape == MESH) {
            for (size_t j = 0; j < i; j++) {
                add_link(w, net, i, j);
            }
        } else if (shape != APART) {
            add_link(w, net, i, i - 1);
        }
    }
    if (shape == RING && n > 1) {
        add_link(w, net, n - 1, 0);
    }
}

/* Every host that has a port of a network follows it; here all hosts do. */
static void
add_follower(struct world *w, const struct world_network *net, size_t host)
{
    struct uuid uuid = world_new_uuid(w);
    struct follower_spec spec = {
        .network = net->uuid, .location = w->hosts[host].location,
        .intent = 1, .sequence = 10,
    };

    model_put_follower(w->model, &uuid, &spec);
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
    set_network_state(w, net, 10);
    add_topology(w, net);
    for (size_t i = 0; i < w->n_hosts; i++) {
        add_follower(w, net, i);
    }
    free(name);
}

static void
add_tenant(struct world *w)
{
    /* Ends of the range, with the group bit and without. */
    static const uint32_t tags[] = { 1, 0x0100, 0x012a, 0xfffe, 0xffff };
    uint32_t tag = tags[w->n_networks % ARRAY_SIZE(tags)];
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

static size_t
draw_host(struct world *w)
{
    size_t host;

    do {
        host = world_draw(w, w->n_hosts);
    } while (!w->hosts[host].present);
    return host;
}

/* Returns a number of 'host' that no binding has; it may have had one. */
static uint32_t
new_location(struct world *w, size_t host)
{
    uint32_t location;
    struct eth_addr mac;
    bool used;

    do {
        location = w->hosts[host].location
                   | nethv_location(0, 0, 1 + world_draw(w, 300));
        used = false;
        for (size_t i = 0; i < w->n_networks; i++) {
            used |= model_port_at(w->model, w->networks[i].tag, location, &mac)
                    != NULL;
        }
    } while (used);
    return location;
}

/* A binding has the UUID of its port. */
static void
bind_port(struct world *w, struct world_port *port, size_t host)
{
    const struct vport *vport = world_vport(w, port);
    struct binding_mac *macs = xcalloc(vport->n_macs + 1, sizeof *macs);
    struct binding_spec spec = {
        .port = port->uuid, .location = new_location(w, host),
        .macs = macs, .n_macs = vport->n_macs,
        /* Confirmed, not yet, none. */
        .since = world_chance(w, 4) ? world_draw(w, 2) * 20 : 5,
    };

    for (size_t i = 0; i < vport->n_macs; i++) {
        macs[i].address = vport->macs[i].address;
        do {
            macs[i].location = new_location(w, host);
        } while (macs[i].location == spec.location
                 || (i && macs[i].location == macs[i - 1].location));
    }
    model_put_binding(w->model, &port->uuid, &spec);
    port->host = host;
    port->ofport = ENDPOINT_OFPORT + (port - w->ports);
    compiler_set_endpoint(w->hosts[host].compiler, &port->uuid, port->ofport);
    free(macs);
}

static void
unbind_port(struct world *w, struct world_port *port)
{
    if (port->host >= 0) {
        compiler_set_endpoint(w->hosts[port->host].compiler, &port->uuid, 0);
        model_remove(w->model, MODEL_BINDING, &port->uuid);
        port->host = -1;
    }
}

static void
put_port(struct world *w, struct world_port *port)
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
    put_port(w, port);
    if (!world_chance(w, 6)) {
        bind_port(w, port, draw_host(w));
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
        world_add_cloud(w);
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

/* Changes. */

static const char *
change_port(struct world *w)
{
    struct world_port *port = &w->ports[world_draw(w, w->n_ports)];

    if (!port->present) {
        put_port(w, port);
        return "a port comes back";
    }
    switch (world_draw(w, 4)) {
    case 0:
        unbind_port(w, port);
        model_remove(w->model, MODEL_PORT, &port->uuid);
        port->present = false;
        return "a port goes";
    case 1:
        unbind_port(w, port);
        return "a port is unbound";
    case 2:
        put_port(w, port);
        return "a port gets other addresses";
    default:
        unbind_port(w, port);
        bind_port(w, port, draw_host(w));
        return "a port moves";
    }
}

static const char *
change_link(struct world *w)
{
    struct world_network *net = &w->networks[world_draw(w, w->n_networks)];
    size_t n;

    if (world_chance(w, 2)) {
        add_link(w, net, world_draw(w, net->n_switches),
                 world_draw(w, net->n_switches));
        return "a link comes";
    }
    struct model_row **links = model_sorted(w->model, MODEL_LINK, &n);
    if (n) {
        model_remove(w->model, MODEL_LINK, &links[world_draw(w, n)]->uuid);
    }
    free(links);
    return "a link goes";
}

static const char *
change_network(struct world *w)
{
    struct world_network *net = &w->networks[world_draw(w, w->n_networks)];

    switch (world_draw(w, 3)) {
    case 0:
        if (net->n_switches < ARRAY_SIZE(net->switches)) {
            add_switch(w, net);
            add_link(w, net, 0, net->n_switches - 1);
        }
        return "a switch comes";
    case 1:
        model_set_switch_group(w->model,
                               &net->switches[world_draw(w, net->n_switches)],
                               world_draw(w, 2) * new_group(w));
        return "a switch gets another flood group or loses it";
    default:
        set_network_state(w, net, world_draw(w, 30));
        return "a network's sequence changes";
    }
}

static const char *
change_host(struct world *w)
{
    size_t host = draw_host(w);

    if (world_chance(w, 2)) {
        if (w->n_hosts < WORLD_MAX_HOSTS) {
            world_add_host(w, w->hosts[host].cloud);
            for (size_t i = 0; i < w->n_networks; i++) {
                add_follower(w, &w->networks[i], w->n_hosts - 1);
            }
        }
        return "a host comes";
    }
    if (host == w->clouds[w->hosts[host].cloud].gateway) {
        return "nothing";
    }
    if (world_chance(w, 2)) {
        world_mute_host(w, host, !w->hosts[host].mute);
        return "a host's address is lost or found";
    }
    for (size_t i = 0; i < w->n_ports; i++) {
        if (w->ports[i].host == host) {
            unbind_port(w, &w->ports[i]);
        }
    }
    world_remove_host(w, host);
    return "a host goes";
}

static const char *
add_late_cloud(struct world *w)
{
    size_t cloud = w->n_clouds, host = w->n_hosts;

    if (cloud >= WORLD_MAX_CLOUDS || host + 3 > WORLD_MAX_HOSTS) {
        return "nothing";
    }
    world_add_cloud(w);
    w->trees[0].up[cloud] = w->trees[1].up[cloud] = world_draw(w, cloud);
    for (; host < w->n_hosts; host++) {
        for (size_t i = 0; i < w->n_networks; i++) {
            add_follower(w, &w->networks[i], host);
        }
    }
    return "a cloud comes";
}

const char *
world_change(struct world *w)
{
    world_disconnect(w);
    switch (world_draw(w, 10)) {
    case 8:
        return change_host(w);
    case 9:
        return add_late_cloud(w);
    case 0:
        return change_network(w);
    case 1:
    case 2:
        return change_link(w);
    case 3:
        world_draw_tree(w);
        return "the tree changes";
    default:
        return change_port(w);
    }
}
