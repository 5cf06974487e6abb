/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "model.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "nethv/wire.h"
#include "packets.h"
#include "util.h"
#include "uuid.h"

/* Rows of these tests have UUIDs that are small numbers. */
static struct uuid
id(unsigned int n)
{
    return (struct uuid) { .parts = { 0, 0, 0, n } };
}

#define ROW(MODEL, KIND, N, TYPE) \
    CONTAINER_OF(model_find(MODEL, KIND, &(struct uuid) { { 0, 0, 0, N } }), \
                 struct TYPE, row)

static struct eth_addr
mac(unsigned int n)
{
    return (struct eth_addr) { .ea = { 2, 0, 0, 0, n >> 8, n } };
}

static void
put_port(struct model *model, unsigned int n, unsigned int vswitch,
         unsigned int mac_n)
{
    struct uuid uuid = id(n);
    struct eth_addr address = mac(mac_n);
    struct in6_addr ip = in6_addr_mapped_ipv4(htonl(0x0a000000 | mac_n));
    uint8_t plen = 24;
    struct port_spec spec = {
        .name = "acme/shop/s/p", .network = id(1), .vswitch = id(vswitch),
        .macs = &address, .n_macs = 1, .ips = &ip, .plens = &plen, .n_ips = 1,
    };

    model_put_port(model, &uuid, &spec);
}

static void
put_binding(struct model *model, unsigned int n, unsigned int port,
            uint32_t location, unsigned int mac_n)
{
    struct uuid uuid = id(n);
    struct binding_mac m = { mac(mac_n), location + 4 };
    struct binding_spec spec = {
        .port = id(port), .location = location, .macs = &m, .n_macs = 1,
        .since = 1,
    };

    model_put_binding(model, &uuid, &spec);
}

static void
remove_row(struct model *model, enum model_kind kind, unsigned int n)
{
    struct uuid uuid = id(n);

    model_remove(model, kind, &uuid);
}

static void
put_network(struct model *model)
{
    struct uuid uuid = id(1);
    struct network_spec spec = { .name = "acme/shop", .tenant = id(1) };

    model_put_tenant(model, &uuid, "acme");
    model_put_network(model, &uuid, &spec);
    model_set_network_state(model, &uuid,
                            &(struct network_state) { .tag = 7 });
}

static void
put_switch(struct model *model, unsigned int n)
{
    struct uuid uuid = id(n);
    struct switch_spec spec = { .name = "acme/shop/s", .network = id(1) };

    model_put_switch(model, &uuid, &spec);
}

Test(model, rows_come_in_any_order)
{
    struct model *model = model_create();
    uint32_t here = nethv_location(1, 2, 3);

    put_binding(model, 20, 10, here, 1);
    put_port(model, 10, 5, 1);
    cr_assert_null(model_find(model, MODEL_SWITCH, &(struct uuid) { { 0 } }));
    cr_assert_null(model_first(model, MODEL_SWITCH));
    put_network(model);
    put_switch(model, 5);

    struct vport *port = ROW(model, MODEL_PORT, 10, vport);
    struct network *network = ROW(model, MODEL_NETWORK, 1, network);
    struct vswitch *s = ROW(model, MODEL_SWITCH, 5, vswitch);
    struct in6_addr ip = in6_addr_mapped_ipv4(htonl(0x0a000001));
    struct eth_addr found;

    cr_assert_eq(port->vswitch, s);
    cr_assert_eq(port->binding, ROW(model, MODEL_BINDING, 20, binding));
    cr_assert_eq(port->macs[0].location, here + 4);
    cr_assert_eq(hmap_count(&s->hosts), 1);
    cr_assert_eq(network_port_by_mac(network, mac(1)), port);
    cr_assert_eq(network_port_by_ip(network, &ip), port);
    cr_assert_eq(model_port_at(model, 7, here, &found), port);
    cr_assert(eth_addr_is_zero(found));
    cr_assert_eq(model_port_at(model, 7, here + 4, &found), port);
    cr_assert(eth_addr_equals(found, mac(1)));
    cr_assert_null(model_port_at(model, 8, here, &found));
    cr_assert_str_eq(model_find_name(model, MODEL_TENANT, "acme")->name,
                     "acme");
    model_destroy(model);
}

Test(model, presence_follows_ports)
{
    struct model *model = model_create();
    uint32_t here = nethv_location(1, 2, 3);

    put_switch(model, 5);
    put_switch(model, 6);
    put_port(model, 10, 5, 1);
    put_binding(model, 20, 10, here, 1);
    put_port(model, 10, 6, 1);
    cr_assert_eq(hmap_count(&ROW(model, MODEL_SWITCH, 5, vswitch)->hosts), 0);
    cr_assert_eq(hmap_count(&ROW(model, MODEL_SWITCH, 6, vswitch)->hosts), 1);
    remove_row(model, MODEL_BINDING, 20);
    cr_assert_eq(hmap_count(&ROW(model, MODEL_SWITCH, 6, vswitch)->hosts), 0);
    cr_assert_eq(ROW(model, MODEL_PORT, 10, vport)->macs[0].location, 0);
    model_destroy(model);
}

Test(model, addresses_of_two_ports_are_not_known)
{
    struct model *model = model_create();

    put_network(model);
    put_port(model, 10, 5, 1);
    put_port(model, 11, 5, 1);
    struct network *network = ROW(model, MODEL_NETWORK, 1, network);
    cr_assert_null(network_port_by_mac(network, mac(1)));
    remove_row(model, MODEL_PORT, 10);
    cr_assert_eq(network_port_by_mac(network, mac(1)),
                 ROW(model, MODEL_PORT, 11, vport));
    model_destroy(model);
}

Test(model, second_binding_takes_over)
{
    struct model *model = model_create();
    uint32_t here = nethv_location(1, 2, 3);
    uint32_t there = nethv_location(1, 3, 3);

    put_port(model, 10, 5, 1);
    put_binding(model, 20, 10, here, 1);
    put_binding(model, 21, 10, there, 1);
    struct vport *port = ROW(model, MODEL_PORT, 10, vport);
    cr_assert_eq(port->binding->location, here);
    remove_row(model, MODEL_BINDING, 20);
    cr_assert_eq(port->binding->location, there);
    cr_assert_eq(port->macs[0].location, there + 4);
    model_destroy(model);
}

struct counter {
    struct model_observer observer;
    unsigned int n;
    bool present_before;
};

static void
count_before(struct model_observer *observer, const struct model_row *row)
{
    struct counter *c = CONTAINER_OF(observer, struct counter, observer);
    c->present_before = row->present;
}

static void
count_after(struct model_observer *observer, const struct model_row *row)
{
    struct counter *c = CONTAINER_OF(observer, struct counter, observer);
    c->n++;
}

Test(model, putting_the_same_again_is_no_change)
{
    struct model *model = model_create();
    struct counter c = {
        .observer = { .before = count_before, .after = count_after },
    };

    model_observe(model, &c.observer);
    put_network(model);
    cr_assert_eq(c.n, 3);
    put_port(model, 10, 5, 1);
    cr_assert_eq(c.n, 4);
    cr_assert_not(c.present_before);
    put_network(model);
    put_port(model, 10, 5, 1);
    cr_assert_eq(c.n, 4);
    put_port(model, 10, 5, 2);
    cr_assert_eq(c.n, 5);
    cr_assert(c.present_before);
    remove_row(model, MODEL_PORT, 10);
    remove_row(model, MODEL_PORT, 10);
    cr_assert_eq(c.n, 6);
    model_unobserve(model, &c.observer);
    model_destroy(model);
}

Test(model, state_outlives_the_row)
{
    struct model *model = model_create();
    struct uuid uuid = id(5);

    model_set_switch_group(model, &uuid, 42);
    cr_assert_null(model_find(model, MODEL_SWITCH, &uuid));
    put_switch(model, 5);
    cr_assert_eq(ROW(model, MODEL_SWITCH, 5, vswitch)->group, 42);
    remove_row(model, MODEL_SWITCH, 5);
    put_switch(model, 5);
    cr_assert_eq(ROW(model, MODEL_SWITCH, 5, vswitch)->group, 42);
    model_destroy(model);
}

Test(model, numbers_wait_for_the_slowest_follower)
{
    struct model *model = model_create();
    struct uuid a = id(30), b = id(31);
    struct follower_spec spec = { .network = id(1), .sequence = 3 };

    put_network(model);
    put_port(model, 10, 5, 1);
    put_binding(model, 20, 10, nethv_location(1, 2, 3), 1);
    struct network *network = ROW(model, MODEL_NETWORK, 1, network);
    struct binding *binding = ROW(model, MODEL_BINDING, 20, binding);

    cr_assert_not(binding_usable(binding));
    model_put_follower(model, &a, &spec);
    cr_assert(binding_usable(binding));
    spec.sequence = 0;
    model_put_follower(model, &b, &spec);
    cr_assert_eq(network_confirmed(network), 0);
    cr_assert_not(binding_usable(binding));
    spec.sequence = 2;
    model_put_follower(model, &b, &spec);
    cr_assert_eq(network_confirmed(network), 2);
    model_remove(model, MODEL_FOLLOWER, &b);
    cr_assert_eq(network_confirmed(network), 3);
    model_destroy(model);
}

/* The order of bindings is the network's sequence when they came, or when the
 * network is first heard of. */
Test(model, bindings_are_dated)
{
    struct model *model = model_create();
    struct network_state state = { .tag = 1, .number = 1, .sequence = 7 };
    struct binding_mac m = { mac(1), nethv_location(1, 1, 2) };
    struct binding_spec spec = {
        .port = id(4), .location = nethv_location(1, 1, 1), .macs = &m,
        .n_macs = 1,
    };
    struct uuid network = id(1), uuid = id(30);

    model_put_binding(model, &uuid, &spec);
    const struct binding *binding = ROW(model, MODEL_BINDING, 30, binding);
    put_network(model);
    put_switch(model, 2);
    put_port(model, 4, 2, 1);
    cr_assert_eq(binding->since, 0);
    model_set_network_state(model, &network, &state);
    cr_assert_eq(binding->since, 7);

    state.sequence = 8;
    model_set_network_state(model, &network, &state);
    model_put_binding(model, &uuid, &spec);
    cr_assert_eq(binding->since, 7);
    m.location += 4;
    model_put_binding(model, &uuid, &spec);
    cr_assert_eq(binding->since, 8);
    model_destroy(model);
}

/* Puts host 'n' of cloud 3, whose id is 'n', as a gateway. */
static struct uuid
put_gateway(struct model *model, uint16_t n)
{
    struct uuid host = id(40 + n);
    char *name = xasprintf("g%u", n);
    struct host_spec spec = {
        .name = name, .cloud = id(40), .id = n, .gateway = true,
    };

    model_put_host(model, &host, &spec);
    free(name);
    return host;
}

Test(model, gateway_is_the_lowest_that_is_reached)
{
    struct model *model = model_create();
    struct uuid cloud_uuid = id(40);
    struct cloud_spec spec = { .name = "aws1", .id = 3, .mtu = 1500 };

    model_put_cloud(model, &cloud_uuid, &spec);
    const struct cloud *cloud = ROW(model, MODEL_CLOUD, 40, cloud);
    cr_assert_null(cloud_gateway(cloud));
    struct uuid two = put_gateway(model, 2);
    cr_assert_eq(cloud_gateway(cloud)->id, 2);
    struct uuid one = put_gateway(model, 1);
    cr_assert_eq(cloud_gateway(cloud)->id, 1);
    model_set_unreachable(model, &one, true);
    cr_assert_eq(cloud_gateway(cloud)->id, 2);
    model_set_unreachable(model, &two, true);
    cr_assert_eq(cloud_gateway(cloud)->id, 1);
    model_set_unreachable(model, &one, false);
    cr_assert_eq(cloud_gateway(cloud)->id, 1);
    model_set_unreachable(model, &one, true);
    model_set_unreachable(model, &two, false);
    model_remove(model, MODEL_HOST, &two);
    cr_assert_eq(cloud_gateway(cloud)->id, 1);
    model_set_unreachable(model, &two, true);
    cr_assert_null(model_find(model, MODEL_HOST, &two));
    model_destroy(model);
}

Test(model, hosts_are_found_by_location)
{
    struct model *model = model_create();
    struct uuid cloud = id(40), host = id(41);
    struct host_spec h = { .name = "aws1/h1", .cloud = cloud, .id = 17 };
    struct cloud_spec c = {
        .name = "aws1", .id = 3, .mtu = 1500, .encaps = ENCAP_ALL,
    };

    model_put_host(model, &host, &h);
    cr_assert_null(model_host_at(model, nethv_location(3, 17, 5)));
    model_put_cloud(model, &cloud, &c);
    struct host *found = model_host_at(model, nethv_location(3, 17, 5));
    cr_assert_eq(found, ROW(model, MODEL_HOST, 41, host));
    cr_assert_eq(host_location(found), nethv_location(3, 17, 0));
    cr_assert_null(model_host_at(model, nethv_location(3, 18, 0)));
    model_destroy(model);
}

Test(model, mtu_is_the_smallest_clouds)
{
    static const struct {
        uint16_t mtu;
        unsigned int encaps;
        unsigned int expected;      /* With the clouds before it. */
    } clouds[] = {
        { 9001, ENCAP_ALL, 9001 - 42 - 38 },
        { 1500, ENCAP_ALL, 1500 - 42 - 38 },
        { 1460, ENCAP_ALL, 1460 - 42 - 38 },
        { 9001, 1u << ENCAP_GENEVE | 1u << ENCAP_VXLAN, 1460 - 58 - 38 },
    };
    struct model *model = model_create();

    cr_assert_eq(model_endpoint_mtu(model), 0);
    for (size_t i = 0; i < ARRAY_SIZE(clouds); i++) {
        struct uuid uuid = id(i);
        struct cloud_spec spec = {
            .name = "c", .id = i + 1, .mtu = clouds[i].mtu,
            .encaps = clouds[i].encaps,
        };

        model_put_cloud(model, &uuid, &spec);
        cr_assert_eq(model_endpoint_mtu(model), clouds[i].expected);
    }
    model_destroy(model);
}

Test(model, encaps_in_order_of_preference)
{
    enum encap encap;

    cr_assert_eq(encap_common(ENCAP_ALL, ENCAP_ALL), ENCAP_GRE);
    cr_assert_eq(encap_common(ENCAP_ALL, 6), ENCAP_GENEVE);
    cr_assert_eq(encap_common(1, 6), ENCAP_N);
    for (size_t i = 0; i < ENCAP_N; i++) {
        cr_assert(encap_from_name(encap_name(i), &encap));
        cr_assert_eq(encap, i);
    }
    encap = ENCAP_N;
    cr_assert_not(encap_from_name("stt", &encap));
    cr_assert_eq(encap, ENCAP_N);
}

Test(model, uuids_from_names)
{
    struct uuid a = model_uuid_from_name(MODEL_SWITCH, "acme/shop/s1");
    struct uuid b = model_uuid_from_name(MODEL_SWITCH, "acme/shop/s1");
    struct uuid c = model_uuid_from_name(MODEL_LINK, "acme/shop/s1");

    cr_assert(uuid_equals(&a, &b));
    cr_assert_not(uuid_equals(&a, &c));
    cr_assert_eq(a.parts[1] >> 12 & 0xf, 5);
    cr_assert_eq(a.parts[2] >> 30, 2);
}
