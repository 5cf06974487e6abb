/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "compile/compile.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "openvswitch/dynamic-string.h"
#include "packets.h"
#include "rule.h"
#include "uuid.h"

/* Two clouds with a gateway and a host each, a tenant with two linked switches
 * and a port of each on different hosts. */
struct world {
    struct model *model;
    struct compiler *compilers[4];
};

static struct uuid
id(int kind, int n)
{
    struct uuid uuid = { .parts = { kind + 1, n, 0, 1 } };
    return uuid;
}

static struct in6_addr
ip4(const char *s)
{
    ovs_be32 ip;
    struct in6_addr ip6;
    cr_assert(ip_parse(s, &ip));
    in6_addr_set_mapped_ipv4(&ip6, ip);
    return ip6;
}

static void
put_places(struct model *m)
{
    for (int c = 1; c <= 2; c++) {
        char name[16];
        struct uuid cloud = id(MODEL_CLOUD, c);
        snprintf(name, sizeof name, "c%d", c);
        struct cloud_spec spec = {
            .name = name, .id = c, .provider = "", .jurisdiction = "",
            .mtu = 1500, .encaps = ENCAP_ALL, .mode = CLOUD_DIRECT,
        };
        model_put_cloud(m, &cloud, &spec);
        for (int h = 1; h <= 2; h++) {
            char ip[16];
            struct uuid host = id(MODEL_HOST, c * 10 + h);
            snprintf(name, sizeof name, "h%d%d", c, h);
            struct host_spec hs = { .name = name, .cloud = cloud, .id = h,
                                    .gateway = h == 1 };
            model_put_host(m, &host, &hs);
            snprintf(ip, sizeof ip, "10.0.0.%d", h);
            struct host_state state = { .encap_ip = ip4(ip),
                                        .encaps = ENCAP_ALL };
            model_set_host_state(m, &host, &state);
        }
    }
}

static void
put_network(struct model *m)
{
    struct uuid tenant = id(MODEL_TENANT, 1), net = id(MODEL_NETWORK, 1);
    model_put_tenant(m, &tenant, "acme");
    struct network_spec ns = { .name = "acme/shop", .tenant = tenant };
    model_put_network(m, &net, &ns);
    struct network_state state = { .tag = 1, .number = 1, .sequence = 1 };
    model_set_network_state(m, &net, &state);
    for (int s = 1; s <= 2; s++) {
        char name[32];
        struct uuid sw = id(MODEL_SWITCH, s);
        snprintf(name, sizeof name, "acme/shop/s%d", s);
        struct switch_spec ss = { .name = name, .network = net };
        model_put_switch(m, &sw, &ss);
        model_set_switch_group(m, &sw, s);
    }
    struct uuid link = id(MODEL_LINK, 1);
    struct link_spec ls = { .name = "acme/shop/l", .network = net,
                            .a = id(MODEL_SWITCH, 1),
                            .b = id(MODEL_SWITCH, 2), .bandwidth = 1000000 };
    model_put_link(m, &link, &ls);
}

static void
put_port(struct model *m, int n, int sw, uint32_t location)
{
    char name[32];
    struct uuid port = id(MODEL_PORT, n), binding = id(MODEL_BINDING, n);
    struct eth_addr mac = ETH_ADDR_C(02,00,00,00,00,00);
    struct in6_addr ips[2] = { ip4("192.168.0.0"), { { { 0xfd } } } };
    uint8_t plens[2] = { 24, 64 };

    mac.ea[5] = n;
    ips[0].s6_addr[15] = ips[1].s6_addr[15] = n;
    snprintf(name, sizeof name, "acme/shop/s%d/p%d", sw, n);
    struct port_spec ps = {
        .name = name, .network = id(MODEL_NETWORK, 1),
        .vswitch = id(MODEL_SWITCH, sw), .macs = &mac, .n_macs = 1,
        .ips = ips, .plens = plens, .n_ips = 2, .security = true,
    };
    model_put_port(m, &port, &ps);
    struct binding_mac bm = { mac, location + 4 };
    struct binding_spec bs = { .port = port, .location = location,
                               .macs = &bm, .n_macs = 1, .since = 1 };
    model_put_binding(m, &binding, &bs);
}

/* Edges are compared as bytes. */
static void
fill_edge(struct fabric_edge *edge, uint8_t cloud)
{
    memset(edge, 0, sizeof *edge);
    edge->cloud = cloud;
    edge->encap = ENCAP_GRE;
    edge->ofport = 60;
}

static void
set_fabric(struct compiler *c, int cloud)
{
    struct fabric_edge edge;
    fill_edge(&edge, 3 - cloud);
    struct fabric f = { .mode = CLOUD_DIRECT, .encaps = ENCAP_ALL,
                        .tunnel_ofports = { 50, 51, 52 },
                        .gateway = nethv_location(cloud, 1, 0), .mtu = 1400,
                        .edges = &edge, .n_edges = 1 };
    fabric_clear_trees(&f);
    f.stamp = 1;
    f.trees[1].number = 1;
    f.trees[1].edge[3 - cloud] = 0;
    compiler_set_fabric(c, &f);
}

static void
world_init(struct world *w)
{
    w->model = model_create();
    for (int i = 0; i < 4; i++) {
        w->compilers[i] = compiler_create(w->model, nethv_location(
                                              1 + i / 2, 1 + i % 2, 0));
        set_fabric(w->compilers[i], 1 + i / 2);
    }
    put_places(w->model);
    put_network(w->model);
    put_port(w->model, 1, 1, nethv_location(1, 2, 1));
    put_port(w->model, 2, 2, nethv_location(2, 2, 1));
    put_port(w->model, 3, 2, nethv_location(1, 2, 5));
    for (int n = 1; n <= 3; n++) {
        struct uuid port = id(MODEL_PORT, n);
        compiler_set_endpoint(w->compilers[n == 2 ? 3 : 1], &port, 10 + n);
    }
    for (int i = 0; i < 4; i++) {
        compiler_run(w->compilers[i]);
    }
}

static void
world_destroy(struct world *w)
{
    for (int i = 0; i < 4; i++) {
        compiler_destroy(w->compilers[i]);
    }
    model_destroy(w->model);
}

static char *
rules_text(struct compiler *c)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    rule_set_format(compiler_rules(c), &s);
    return ds_steal_cstr(&s);
}

Test(compile, incremental_equals_from_scratch)
{
    struct world w;
    world_init(&w);
    for (int i = 0; i < 4; i++) {
        char *incremental = rules_text(w.compilers[i]);
        if (getenv("NETHV_PRINT_RULES")) {
            char name[64];
            snprintf(name, sizeof name, "%s.%d", getenv("NETHV_PRINT_RULES"),
                     i);
            FILE *f = fopen(name, "w");
            fputs(incremental, f);
            fclose(f);
        }
        compiler_mark_all(w.compilers[i]);
        compiler_run(w.compilers[i]);
        char *scratch = rules_text(w.compilers[i]);
        cr_assert_str_eq(incremental, scratch);
        free(incremental);
        free(scratch);
    }
    world_destroy(&w);
}

Test(compile, removing_everything_leaves_what_a_bare_host_has)
{
    struct world w;
    world_init(&w);
    struct model *bare_model = model_create();
    put_places(bare_model);
    for (int n = 1; n <= 3; n++) {
        struct uuid uuid = id(MODEL_BINDING, n);
        model_remove(w.model, MODEL_BINDING, &uuid);
        uuid = id(MODEL_PORT, n);
        model_remove(w.model, MODEL_PORT, &uuid);
    }
    struct uuid uuid = id(MODEL_LINK, 1);
    model_remove(w.model, MODEL_LINK, &uuid);
    for (int n = 1; n <= 2; n++) {
        uuid = id(MODEL_SWITCH, n);
        model_remove(w.model, MODEL_SWITCH, &uuid);
    }
    uuid = id(MODEL_NETWORK, 1);
    model_remove(w.model, MODEL_NETWORK, &uuid);
    for (int i = 0; i < 4; i++) {
        struct compiler *bare = compiler_create(bare_model, nethv_location(
                                                    1 + i / 2, 1 + i % 2, 0));
        set_fabric(bare, 1 + i / 2);
        compiler_run(bare);
        compiler_run(w.compilers[i]);
        char *is = rules_text(w.compilers[i]);
        char *should = rules_text(bare);
        cr_assert_str_eq(is, should);
        free(is);
        free(should);
        compiler_destroy(bare);
    }
    model_destroy(bare_model);
    world_destroy(&w);
}

Test(compile, one_more_port_costs_a_few_owners)
{
    struct world w;
    world_init(&w);
    put_port(w.model, 4, 1, nethv_location(2, 1, 1));
    for (int i = 0; i < 4; i++) {
        cr_assert_leq(compiler_run(w.compilers[i]), 8);
    }
    world_destroy(&w);
}

/* Returns how often 'text' has 'what'. */
static size_t
count_text(const char *text, const char *what)
{
    size_t n = 0;

    while ((text = strstr(text, what))) {
        text += strlen(what);
        n++;
    }
    return n;
}

/* Returns how many switches' floods are pruned for the tree with 'number'. */
static size_t
count_pruned(const char *text, uint32_t number)
{
    char reg[32];
    size_t n = 0;

    snprintf(reg, sizeof reg, ",reg13=0x%"PRIx32" ", number);
    while ((text = strstr(text, "table=106, priority=150,"))) {
        const char *end = strchr(text, '\n');
        const char *at = strstr(text, reg);
        n += at && at < end;
        text = end;
    }
    return n;
}

/* Tells the compiler of host 2 in cloud 1 by which gateway it is reached. */
static void
use_gateway(struct compiler *c, uint16_t gateway, bool hold)
{
    struct fabric f = { .mode = CLOUD_DIRECT, .encaps = ENCAP_ALL,
                        .tunnel_ofports = { 50, 51, 52 }, .hold = hold,
                        .gateway = nethv_location(1, gateway, 0),
                        .mtu = 1400 };

    fabric_clear_trees(&f);
    compiler_set_fabric(c, &f);
}

Test(compile, one_gateway_at_a_time)
{
    struct world w;
    world_init(&w);
    struct compiler *c = w.compilers[1];
    struct uuid cloud = id(MODEL_CLOUD, 1), third = id(MODEL_HOST, 13);
    struct host_spec spec = { .name = "h13", .cloud = cloud, .id = 3,
                              .gateway = true };
    struct host_state state = { .encap_ip = ip4("10.0.0.3"),
                                .encaps = ENCAP_ALL };
    model_put_host(w.model, &third, &spec);
    model_set_host_state(w.model, &third, &state);
    compiler_run(c);

    static const char *const from[] = {
        "priority=100,tun_src=10.0.0.1,in_port=50",
        "priority=100,tun_src=10.0.0.3,in_port=50",
    };
    for (int i = 0; i < 2; i++) {
        for (int hold = 1; hold >= 0; hold--) {
            use_gateway(c, i ? 3 : 1, hold);
            compiler_run(c);
            char *text = rules_text(c);
            for (int j = 0; j < 2; j++) {
                const char *rule = strstr(text, from[j]);
                cr_assert_not_null(rule);
                bool lets_in = !strncmp(strstr(rule, "actions="),
                                        "actions=resubmit(,111)", 22);
                cr_expect_eq(lets_in, i == j && !hold);
            }
            free(text);
        }
    }

    /* To hold or not concerns one host's rules. */
    use_gateway(c, 3, true);
    cr_assert_eq(compiler_run(c), 1);
    world_destroy(&w);
}

/* What stands in front of a VLAN tag the agent makes, where the datapath cannot:
 * for sources that are not known, for NSH frames, and for VXLAN. */
Test(compile, tagged_frames_that_travel_whole)
{
    struct world w;
    world_init(&w);
    for (int apart = 0; apart < 2; apart++) {
        struct fabric f = { .mode = CLOUD_DIRECT, .encaps = ENCAP_ALL,
                            .tunnel_ofports = { 50, 51, 52 },
                            .gateway = nethv_location(1, 1, 0),
                            .tags_apart = apart };

        fabric_clear_trees(&f);
        compiler_set_fabric(w.compilers[1], &f);
        compiler_run(w.compilers[1]);
        char *text = rules_text(w.compilers[1]);
        cr_expect_eq(count_text(text, "userdata=05.67.01"), apart ? 2 : 0);
        cr_expect_eq(count_text(text, "userdata=05.69.01"), apart ? 1 : 0);
        free(text);
    }
    world_destroy(&w);
}

/* Lets gateway 1 hold trees 1 and 2, and stamp the one with bits 'stamp'. */
static void
hold_two_trees(struct compiler *c, uint8_t stamp)
{
    struct fabric_edge edge;
    fill_edge(&edge, 2);
    struct fabric f = { .mode = CLOUD_DIRECT, .encaps = ENCAP_ALL,
                        .tunnel_ofports = { 50, 51, 52 },
                        .gateway = nethv_location(1, 1, 0), .mtu = 1400,
                        .edges = &edge, .n_edges = 1, .stamp = stamp };

    fabric_clear_trees(&f);
    for (size_t i = 1; i <= 2; i++) {
        f.trees[i].number = i;
        f.trees[i].edge[2] = 0;
    }
    compiler_set_fabric(c, &f);
}

Test(compile, a_tree_costs_its_ways_and_its_stamp_the_floods)
{
    struct world w;
    world_init(&w);
    struct compiler *c = w.compilers[0];

    /* A further tree: one owner. */
    hold_two_trees(c, 1);
    cr_assert_eq(compiler_run_fabric(c), 1);
    cr_assert_eq(compiler_run(c), 0);
    char *text = rules_text(c);
    cr_assert_eq(count_text(text, "table=106, priority=50,"), 2);
    cr_assert_eq(count_pruned(text, 1), 2);
    free(text);

    /* Another stamp: at once, then the two switches' floods. */
    hold_two_trees(c, 2);
    cr_assert_eq(compiler_run_fabric(c), 2);
    cr_assert_eq(compiler_run(c), 2);
    text = rules_text(c);
    cr_assert_eq(count_pruned(text, 1), 0);
    cr_assert_eq(count_pruned(text, 2), 2);
    free(text);
    world_destroy(&w);
}
