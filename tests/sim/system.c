/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "system.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "nethv/wire.h"
#include "packets.h"
#include "util.h"

/* SplitMix64 (Steele, Lea, Flood 2014). */
size_t
system_draw(struct system *s, size_t n)
{
    uint64_t z = s->random += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return ((z ^ (z >> 31)) >> 16) % n;
}

uint8_t
system_cloud_id(size_t cloud)
{
    return 1 + cloud;
}

size_t
system_cloud_of(const struct system *s, size_t host)
{
    return host % s->spec.n_clouds;
}

uint32_t
system_location(const struct system *s, size_t host)
{
    return nethv_location(system_cloud_id(system_cloud_of(s, host)),
                          1 + host / s->spec.n_clouds, 0);
}

size_t
system_draw_host(struct system *s, size_t cloud)
{
    size_t n = (s->spec.n_hosts - cloud + s->spec.n_clouds - 1)
               / s->spec.n_clouds;

    ovs_assert(n > 1);
    return cloud + (1 + system_draw(s, n - 1)) * s->spec.n_clouds;
}

const struct system_endpoint *
system_endpoint(const struct system *s, size_t network, size_t i)
{
    return &s->endpoints[network * s->spec.n_endpoints + i];
}

bool
system_is_on(const struct system *s, size_t network, size_t host)
{
    for (size_t i = 0; i < s->spec.n_endpoints; i++) {
        if (system_endpoint(s, network, i)->host == host) {
            return true;
        }
    }
    return false;
}

static void
plant(struct system *s)
{
    size_t n = 0, n_clouds = s->spec.n_clouds;
    struct tree_edge *edges = xcalloc(n_clouds * n_clouds, sizeof *edges);
    double *x = xcalloc(n_clouds, sizeof *x);
    double *y = xcalloc(n_clouds, sizeof *y);

    for (size_t i = 0; i < n_clouds; i++) {
        x[i] = system_draw(s, 10000);
        y[i] = system_draw(s, 10000);
        for (size_t j = 0; j < i; j++) {
            edges[n++] = (struct tree_edge) {
                .a = system_cloud_id(j), .b = system_cloud_id(i),
                .weight = hypot(x[i] - x[j], y[i] - y[j]),
            };
        }
    }
    tree_compute(&s->tree, edges, n);
    free(edges);
    free(x);
    free(y);
}

/* Numbers are the next free ones of the host, for each tenant from 1. */
static void
place(struct system *s)
{
    const struct system_spec *spec = &s->spec;
    uint32_t *next = xcalloc(spec->n_hosts, sizeof *next);

    for (size_t i = 0; i < spec->n_networks; i++) {
        size_t *clouds = &s->clouds[i * spec->n_places];
        struct system_endpoint *endpoints
            = &s->endpoints[i * spec->n_endpoints];

        for (size_t j = 0; j < spec->n_places; j++) {
            clouds[j] = spec->n_places == spec->n_clouds
                        ? j : system_draw(s, spec->n_clouds);
        }
        for (size_t j = 0; j < spec->n_endpoints; j++) {
            size_t host = system_draw_host(s, clouds[j % spec->n_places]);

            endpoints[j].host = host;
            endpoints[j].number = 1 + 2 * next[host]++;
        }
        for (size_t j = 0; j < spec->n_endpoints; j++) {
            next[endpoints[j].host] = 0;
        }
    }
    free(next);
}

void
system_init(struct system *s, const struct system_spec *spec)
{
    *s = (struct system) { .spec = *spec, .random = 1 };
    s->endpoints = xcalloc(spec->n_networks * spec->n_endpoints,
                           sizeof *s->endpoints);
    s->clouds = xcalloc(spec->n_networks * spec->n_places, sizeof *s->clouds);
    plant(s);
    place(s);
}

void
system_destroy(struct system *s)
{
    free(s->endpoints);
    free(s->clouds);
}

/* Rows.  UUIDs are hashed by their first part. */

static struct uuid
make_uuid(enum model_kind kind, size_t n, size_t i)
{
    struct uuid uuid = { .parts = { 0, kind, n, i } };

    uuid.parts[0] = hash_bytes(&uuid, sizeof uuid, 0);
    return uuid;
}

struct uuid
system_port_uuid(size_t network, size_t i)
{
    return make_uuid(MODEL_PORT, network, i);
}

struct uuid
system_network_uuid(size_t network)
{
    return make_uuid(MODEL_NETWORK, network, 0);
}

struct uuid
system_follower_uuid(size_t network, size_t host)
{
    return make_uuid(MODEL_FOLLOWER, network, host);
}

void
system_put_cloud(const struct system *s, struct model *model, size_t cloud)
{
    struct uuid uuid = make_uuid(MODEL_CLOUD, cloud, 0);
    char *name = xasprintf("c%"PRIuSIZE, cloud);
    struct cloud_spec spec = {
        .name = name, .id = system_cloud_id(cloud), .provider = "private",
        .jurisdiction = "", .mtu = 1500, .encaps = ENCAP_ALL,
        .mode = CLOUD_DIRECT,
    };

    ovs_assert(cloud < s->spec.n_clouds);
    model_put_cloud(model, &uuid, &spec);
    free(name);
}

static struct in6_addr
mapped(uint32_t ip)
{
    struct in6_addr ip6;

    in6_addr_set_mapped_ipv4(&ip6, htonl(ip));
    return ip6;
}

void
system_put_host(const struct system *s, struct model *model, size_t host)
{
    size_t cloud = system_cloud_of(s, host);
    struct uuid uuid = make_uuid(MODEL_HOST, host, 0);
    char *name = xasprintf("h%"PRIuSIZE, host);
    struct host_spec spec = {
        .name = name, .cloud = make_uuid(MODEL_CLOUD, cloud, 0),
        .id = 1 + host / s->spec.n_clouds, .gateway = host == cloud,
    };
    struct host_state state = {
        .encap_ip = mapped(0x0a000000 | spec.id), .encaps = ENCAP_ALL,
    };

    if (spec.gateway) {
        spec.public_ip = mapped(0xc6336400 | system_cloud_id(cloud));
    }
    model_put_host(model, &uuid, &spec);
    model_set_host_state(model, &uuid, &state);
    free(name);
}

static void
put_switch(const struct system *s, struct model *model, size_t network,
           size_t i)
{
    size_t n = network * s->spec.n_switches + i;
    struct uuid uuid = make_uuid(MODEL_SWITCH, n, 0);
    struct uuid link = make_uuid(MODEL_LINK, n, 0);
    char *name = xasprintf("t%"PRIuSIZE"/n/s%"PRIuSIZE, network, i);
    char *link_name = xasprintf("t%"PRIuSIZE"/n/l%"PRIuSIZE, network, i);
    struct switch_spec spec = {
        .name = name, .network = system_network_uuid(network),
    };
    struct link_spec link_spec = {
        .name = link_name, .network = system_network_uuid(network),
        .a = make_uuid(MODEL_SWITCH, n - 1, 0), .b = uuid,
    };

    model_put_switch(model, &uuid, &spec);
    model_set_switch_group(model, &uuid, 1 + n);
    if (i) {
        model_put_link(model, &link, &link_spec);
    }
    free(name);
    free(link_name);
}

void
system_put_network(const struct system *s, struct model *model, size_t network,
                   uint64_t sequence)
{
    struct uuid uuid = system_network_uuid(network);
    struct uuid tenant = make_uuid(MODEL_TENANT, network, 0);
    char *tenant_name = xasprintf("t%"PRIuSIZE, network);
    char *name = xasprintf("t%"PRIuSIZE"/n", network);
    struct network_spec spec = { .name = name, .tenant = tenant };
    struct network_state state = {
        .tag = nethv_tag_nth(network), .number = 1 + network,
        .sequence = sequence,
    };

    model_put_tenant(model, &tenant, tenant_name);
    model_set_tenant_tag(model, &tenant, state.tag);
    model_put_network(model, &uuid, &spec);
    model_set_network_state(model, &uuid, &state);
    for (size_t i = 0; i < s->spec.n_switches; i++) {
        put_switch(s, model, network, i);
    }
    free(tenant_name);
    free(name);
}

static struct eth_addr
make_mac(size_t i)
{
    struct eth_addr mac;

    eth_addr_from_uint64(UINT64_C(0x020000000000) + i, &mac);
    return mac;
}

void
system_put_port(const struct system *s, struct model *model, size_t network,
                size_t i)
{
    size_t vswitch = i % s->spec.n_switches;
    struct uuid uuid = system_port_uuid(network, i);
    struct eth_addr mac = make_mac(i);
    struct in6_addr ip = mapped(0x0a000000 + i);
    uint8_t plen = 8;
    char *name = xasprintf("t%"PRIuSIZE"/n/s%"PRIuSIZE"/p%"PRIuSIZE, network,
                           vswitch, i);
    struct port_spec spec = {
        .name = name, .network = system_network_uuid(network),
        .vswitch = make_uuid(MODEL_SWITCH,
                             network * s->spec.n_switches + vswitch, 0),
        .macs = &mac, .n_macs = 1, .ips = &ip, .plens = &plen, .n_ips = 1,
        .security = true,
    };

    model_put_port(model, &uuid, &spec);
    free(name);
}

void
system_put_binding(const struct system *s, struct model *model, size_t network,
                   size_t i, const struct system_endpoint *at, uint64_t since)
{
    struct uuid uuid = system_port_uuid(network, i);
    uint32_t host = system_location(s, at->host);
    struct binding_mac mac = {
        .address = make_mac(i),
        .location = host | nethv_location(0, 0, at->number + 1),
    };
    struct binding_spec spec = {
        .port = uuid, .location = host | nethv_location(0, 0, at->number),
        .macs = &mac, .n_macs = 1, .since = since,
    };

    model_put_binding(model, &uuid, &spec);
}

void
system_put_follower(const struct system *s, struct model *model,
                    size_t network, size_t host, uint64_t sequence)
{
    struct uuid uuid = system_follower_uuid(network, host);
    struct follower_spec spec = {
        .network = system_network_uuid(network),
        .location = system_location(s, host), .intent = 1,
        .sequence = sequence,
    };

    model_put_follower(model, &uuid, &spec);
}

void
system_put_whole_network(const struct system *s, struct model *model,
                         size_t network)
{
    system_put_network(s, model, network, 1);
    for (size_t i = 0; i < s->spec.n_endpoints; i++) {
        const struct system_endpoint *at = system_endpoint(s, network, i);

        system_put_port(s, model, network, i);
        system_put_binding(s, model, network, i, at, 1);
        system_put_follower(s, model, network, at->host, 1);
    }
}
