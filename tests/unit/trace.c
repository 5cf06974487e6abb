/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "trace.h"

#include <criterion/criterion.h>

#include "flow.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-protocol.h"
#include "ovs-rcu.h"
#include "packets.h"
#include "pipeline.h"
#include "rule.h"
#include "trace-fabric.h"
#include "util.h"

/* That traces are what Open vSwitch does is for tests/oracle to say; here is
 * what goes on around that. */

#define BROADCAST "ffffffffffff" "020000000001" "88b6" "00010203"

static void
add_rule(struct rule_set *rules, const char *text)
{
    enum ofputil_protocol usable;
    struct ofputil_flow_mod fm;
    struct match match;
    char *error = parse_ofp_flow_mod_str(&fm, text, NULL, NULL, OFPFC_ADD,
                                         &usable);

    cr_assert_null(error, "%s: %s", text, error);
    minimatch_expand(&fm.match, &match);
    rule_set_put(rules, rule_create(fm.table_id == OFPTT_ALL ? 0 : fm.table_id,
                                    fm.priority, ntohll(fm.new_cookie), &match,
                                    fm.ofpacts, fm.ofpacts_len));
    minimatch_destroy(&fm.match);
    free(fm.ofpacts);
}

/* A host with the rules of 'texts', which ends with NULL. */
struct setting {
    struct rule_set rules;
    struct trace_host *host;
};

static void
setting_init(struct setting *s, const char *name, const char *const texts[])
{
    rule_set_init(&s->rules);
    for (; *texts; texts++) {
        add_rule(&s->rules, *texts);
    }
    s->host = trace_host_create(name, &s->rules);
}

static void
setting_destroy(struct setting *s)
{
    trace_host_destroy(s->host);
    rule_set_destroy(&s->rules);
    ovsrcu_quiesce();
}

static struct trace *
run(struct trace_host *host, uint32_t port, const char *hex,
    const struct trace_options *options)
{
    struct trace_input in = { .host = host, .port = u16_to_ofp(port) };
    uint8_t frame[2000];
    size_t n = strlen(hex) / 2;
    struct trace *trace;
    bool ok;

    for (size_t i = 0; i < n; i++) {
        frame[i] = hexits_value(hex + 2 * i, 2, &ok);
        cr_assert(ok);
    }
    trace = trace_run(&in, frame, n, options);
    cr_assert(trace);
    return trace;
}

/* Runs 'hex' through 'texts' and checks that the one error, or with NULL none,
 * has 'error' in it, and that 'n' frames are delivered. */
static void
check(const char *const texts[], const char *hex, size_t n, const char *error)
{
    const struct trace_options options = { .steps = true };
    struct setting s;
    struct trace *trace;

    setting_init(&s, "h", texts);
    trace = run(s.host, 1, hex, &options);
    cr_expect_eq(trace->n_errors, error != NULL, "%s: %zu errors", texts[0],
                 trace->n_errors);
    for (size_t i = 0; i < trace->n_errors; i++) {
        cr_expect(error && strstr(trace->errors[i], error), "%s",
                  trace->errors[i]);
    }
    cr_expect_eq(trace->n_deliveries, n, "%s: %zu deliveries", texts[0],
                 trace->n_deliveries);
    trace_destroy(trace);
    setting_destroy(&s);
}

Test(trace, what_cannot_be_traced_is_an_error)
{
    static const char *const normal[] = { "actions=NORMAL", NULL };
    static const char *const bundle[] = {
        "actions=output:2,multipath(eth_src,50,modulo_n,1,0,NXM_NX_REG0[])",
        NULL
    };
    static const char *const group[] = { "actions=output:2,group:1", NULL };

    check(normal, BROADCAST, 0, "cannot be traced");
    check(bundle, BROADCAST, 1, "action multipath cannot be traced");
    check(group, BROADCAST, 1, "action group cannot be traced");
}

Test(trace, limits_drop_all_that_the_pass_sends)
{
    static const char *const deep[] = {
        "actions=output:2,resubmit(,0)", NULL
    };
    static const char *const wide[] = {
        "table=0,actions=output:2,resubmit(,1),resubmit(,1),resubmit(,1),"
        "resubmit(,1),resubmit(,1),resubmit(,1),resubmit(,1),resubmit(,1)",
        "table=1,actions=resubmit(,2),resubmit(,2),resubmit(,2),"
        "resubmit(,2),resubmit(,2),resubmit(,2),resubmit(,2),resubmit(,2)",
        "table=2,actions=resubmit(,3),resubmit(,3),resubmit(,3),"
        "resubmit(,3),resubmit(,3),resubmit(,3),resubmit(,3),resubmit(,3)",
        "table=3,actions=resubmit(,4),resubmit(,4),resubmit(,4),"
        "resubmit(,4),resubmit(,4),resubmit(,4),resubmit(,4),resubmit(,4)",
        NULL
    };

    check(deep, BROADCAST, 0, "over 64 nested resubmits");
    check(wide, BROADCAST, 0, "over 4096 resubmits");
}

/* A resubmit to a later table does not deepen, one to the same does. */
Test(trace, depth_counts_the_way_back_only)
{
    struct rule_set rules;
    struct trace *trace;
    struct trace_host *host;
    const struct trace_options options = { .steps = false };

    rule_set_init(&rules);
    for (int table = 0; table < 200; table++) {
        char *text = xasprintf("table=%d,actions=resubmit(,%d)", table,
                               table + 1);
        add_rule(&rules, text);
        free(text);
    }
    for (int n = 0; n < 64; n++) {
        char *text = xasprintf("table=200,reg0=%d,actions=load:%d->"
                               "NXM_NX_REG0[],resubmit(,200)", n, n + 1);
        add_rule(&rules, text);
        free(text);
    }
    add_rule(&rules, "table=200,reg0=64,actions=output:2");
    host = trace_host_create("h", &rules);
    trace = run(host, 1, BROADCAST, &options);
    cr_assert_eq(trace->n_errors, 0);
    cr_assert_eq(trace->n_deliveries, 1);
    trace_destroy(trace);
    trace_host_destroy(host);
    rule_set_destroy(&rules);
}

/* What makes Open vSwitch 3.1 abort or send garbage. */
Test(trace, forgotten_headers_are_errors)
{
#define PUSH "encap(nsh(md_type=2,tlv(0x1000,10,0x01000000))),encap(ethernet)"
    static const char *const behind[] = {
        "table=0,actions=clone(resubmit(,1)),output:3",
        "table=1,actions=" PUSH ",output:2", NULL
    };
    static const char *const inside[] = {
        "table=0,actions=clone(resubmit(,1)),output:3",
        "table=1,actions=clone(" PUSH ",output:2)", NULL
    };
    static const char *const late[] = {
        "table=0,actions=clone(" PUSH ",resubmit(,1)),output:3", NULL
    };
    static const char *const at_once[] = {
        "table=0,actions=clone(" PUSH ",clone(decap()),resubmit(,1)),"
        "output:3", NULL
    };

    check(behind, BROADCAST, 1, "mutilated");
    check(inside, BROADCAST, 2, NULL);
    check(late, BROADCAST, 0, "mutilated");
    check(at_once, BROADCAST, 1, NULL);
}

Test(trace, nothing_follows_a_clone_that_pops_nsh)
{
    static const char *const texts[] = {
        "table=0,priority=1,actions=" PUSH ",resubmit(,1)",
        "table=1,dl_type=0x894f,actions=clone(decap(),decap(),output:2),"
        "output:3", NULL
    };

    check(texts, BROADCAST, 1, NULL);
}

Test(trace, learned_rules_stay_until_forgotten)
{
    static const char *const texts[] = {
        "table=0,in_port=1,actions=learn(table=1,limit=1,cookie=7,"
        "NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],output:NXM_OF_IN_PORT[])",
        "table=0,in_port=2,actions=resubmit(,1)",
        "table=1,cookie=7,priority=1,actions=output:9", NULL
    };
    const struct trace_options options = { .steps = true };
    struct setting s;

    setting_init(&s, "h", texts);
    trace_destroy(run(s.host, 1, BROADCAST, &options));
    /* The rule that was there counts: it has the cookie. */
    cr_assert_eq(trace_host_n_learned(s.host), 0);
    setting_destroy(&s);

    static const char *const more[] = {
        "table=0,in_port=1,actions=learn(table=1,priority=5,cookie=7,"
        "NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],output:NXM_OF_IN_PORT[]),"
        "resubmit(2,0)",
        "table=0,in_port=2,actions=resubmit(,1)",
        "table=1,priority=5,dl_dst=02:00:00:00:00:01,actions=output:8",
        "table=1,priority=1,actions=output:9", NULL
    };
    static const uint32_t expected[] = { 9, 1, 8 };

    setting_init(&s, "h", more);
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        struct trace *trace;

        if (i == 2) {
            trace_host_forget(s.host);
        }
        trace = run(s.host, i ? 2 : 1, i ? "020000000001" "020000000002"
                    "88b6" "0000" : BROADCAST, &options);
        cr_assert_eq(trace->n_deliveries, 1);
        cr_assert_eq(trace->deliveries[0].port, u16_to_ofp(expected[i]),
                     "%zu: port %u", i, trace->deliveries[0].port);
        cr_assert_eq(trace_host_n_learned(s.host), i < 2);
        trace_destroy(trace);
    }
    setting_destroy(&s);
}

Test(trace, drops_have_reasons)
{
    char *rule = xasprintf("actions=load:%d->%s,resubmit(,%d)",
                           DROP_FOREIGN, pipeline_fields[FIELD_REASON].text,
                           STAGE_DROP);
    char *drop = xasprintf("table=%d,cookie=5,actions=drop", STAGE_DROP);
    const char *const texts[] = { rule, drop, NULL };
    const struct trace_options options = { .steps = false };
    struct setting s;
    struct trace *trace;

    setting_init(&s, "h", texts);
    trace = run(s.host, 1, BROADCAST, &options);
    cr_assert_eq(trace->n_drops, 1);
    cr_assert_eq(trace->drops[0].reason, DROP_FOREIGN);
    cr_assert_eq(trace->drops[0].cookie, 5);
    trace_destroy(trace);
    setting_destroy(&s);
    free(rule);
    free(drop);
}

Test(trace, events_are_what_leaves_sideways)
{
    static const char *const texts[] = {
        "cookie=3,actions=meter:4,controller(userdata=01.02),output:2", NULL
    };
    const struct trace_options options = { .steps = true };
    struct setting s;
    struct trace *trace;

    setting_init(&s, "h", texts);
    trace = run(s.host, 1, BROADCAST, &options);
    cr_assert_eq(trace->n_events, 2);
    cr_assert_eq(trace->events[0].kind, TRACE_EVENT_METER);
    cr_assert_eq(trace->events[0].meter, 4);
    cr_assert_eq(trace->events[1].kind, TRACE_EVENT_CONTROLLER);
    cr_assert_eq(trace->events[1].cookie, 3);
    cr_assert_eq(trace->events[1].userdata_size, 2);
    cr_assert_eq(trace->events[1].size, strlen(BROADCAST) / 2);
    trace_destroy(trace);
    setting_destroy(&s);
}

/* Two hosts, of which each sends what comes to the other. */
struct pair {
    struct setting a, b;
    struct trace_fabric *fabric;
    struct trace_options options;
};

static void
pair_init(struct pair *p, const char *const a[], const char *const b[],
          enum encap encap)
{
    setting_init(&p->a, "a", a);
    setting_init(&p->b, "b", b);
    p->fabric = trace_fabric_create();
    trace_fabric_add_host(p->fabric, p->a.host, 1, htonl(0x0a000001),
                          htonl(0xcb007101));
    trace_fabric_add_host(p->fabric, p->b.host, 2, htonl(0x0a000001),
                          htonl(0xcb007102));
    trace_fabric_add_endpoint(p->fabric, p->a.host, u16_to_ofp(1));
    trace_fabric_add_endpoint(p->fabric, p->b.host, u16_to_ofp(1));
    trace_fabric_add_tunnel(p->fabric, p->a.host, u16_to_ofp(5), encap, 0);
    trace_fabric_add_tunnel(p->fabric, p->b.host, u16_to_ofp(6), encap, 0);
    trace_fabric_add_tunnel(p->fabric, p->b.host, u16_to_ofp(7), encap,
                            htonl(0xcb007101));
    p->options = (struct trace_options) {
        .next = trace_fabric_next, .aux = p->fabric, .steps = true,
    };
}

static void
pair_destroy(struct pair *p)
{
    trace_fabric_destroy(p->fabric);
    setting_destroy(&p->a);
    setting_destroy(&p->b);
}

#define TO_B "set_field:203.0.113.2->tun_dst,set_field:0x12345678->tun_id"

Test(trace, tunnels_carry_what_their_encapsulation_has_room_for)
{
    static const char *const a[] = { "actions=" TO_B
                                     ",set_field:9->tun_metadata0,output:5",
                                     NULL };
    static const char *const b[] = {
        "in_port=7,tun_id=0x12345678,tun_src=203.0.113.1,actions=output:1",
        "in_port=7,tun_id=0x345678,tun_metadata0=9,actions=output:1,output:1",
        "in_port=7,tun_id=0x345678,priority=1,actions=output:1,output:1,"
        "output:1", NULL
    };

    for (enum encap encap = 0; encap < ENCAP_N; encap++) {
        struct pair p;
        struct trace *trace;

        pair_init(&p, a, b, encap);
        trace = run(p.a.host, 1, BROADCAST, &p.options);
        cr_assert_eq(trace->n_deliveries, encap + 1, "%s",
                     encap_name(encap));
        cr_assert_eq(trace->deliveries[0].n_hosts, 2);
        trace_destroy(trace);
        pair_destroy(&p);
    }
}

Test(trace, loops_are_reported)
{
    static const char *const a[] = {
        "actions=load:0->NXM_OF_IN_PORT[]," TO_B ",output:5", NULL
    };
    static const char *const b[] = { "actions=in_port", NULL };
    struct pair p;
    struct trace *trace;

    pair_init(&p, a, b, ENCAP_GRE);
    trace = run(p.a.host, 1, BROADCAST, &p.options);
    cr_assert_eq(trace->n_deliveries, 0);
    cr_assert_eq(trace->n_errors, 1);
    cr_assert(strstr(trace->errors[0], "a > b > a"), "%s", trace->errors[0]);
    trace_destroy(trace);
    pair_destroy(&p);
}

Test(trace, frames_to_nowhere_are_lost)
{
    static const char *const a[] = {
        "actions=output:99,set_field:10.0.0.9->tun_dst,output:5", NULL
    };
    static const char *const b[] = { NULL };
    struct pair p;
    struct trace *trace;

    pair_init(&p, a, b, ENCAP_GRE);
    trace = run(p.a.host, 1, BROADCAST, &p.options);
    cr_assert_eq(trace->n_drops, 2);
    cr_assert_str_eq(trace->drops[0].text,
                     "left by port 99, which does not exist");
    cr_assert_str_eq(trace->drops[1].text, "left for 10.0.0.9, which is "
                     "nobody's or out of reach");
    trace_destroy(trace);
    pair_destroy(&p);
}

Test(trace, is_told_as_text_and_as_json)
{
    static const char *const texts[] = {
        "table=0,cookie=1,actions=resubmit(,15)",
        "table=15,cookie=2,actions=output:2", NULL
    };
    static const char text[] =
        "enters h by port 1\n"
        "    0 classify: cookie=0x1, table=0, priority=32768 "
        "actions=resubmit(,15)\n"
        "        resubmit(,15)\n"
        "        15 flood: cookie=0x2, table=15, priority=32768 "
        "actions=output:2\n"
        "            output:2\n"
        "            -> leaves by port 2\n"
        "                -> delivered to port 2\n"
        "delivered: h, port 2, 18 bytes, after 1 host\n";
    const struct trace_options options = { .steps = true };
    struct ds s = DS_EMPTY_INITIALIZER;
    struct setting setting;
    struct trace *trace;
    struct json *json;

    setting_init(&setting, "h", texts);
    trace = run(setting.host, 1, BROADCAST, &options);
    trace_format(trace, &s);
    cr_assert_str_eq(ds_cstr(&s), text);
    ds_destroy(&s);

    json = trace_to_json(trace);
    const struct json *delivered = shash_find_data(json_object(json),
                                                   "delivered");
    cr_assert_eq(json_array(delivered)->n, 1);
    cr_assert_str_eq(json_string(shash_find_data(
                         json_object(json_array(delivered)->elems[0]),
                         "frame")), BROADCAST);
    json_destroy(json);
    trace_destroy(trace);
    setting_destroy(&setting);
}
