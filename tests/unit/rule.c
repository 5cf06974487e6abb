/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "rule.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "byte-order.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-msgs.h"
#include "openvswitch/ofp-port.h"
#include "openvswitch/ofpbuf.h"
#include "random.h"
#include "util.h"
#include "uuid.h"

/* Returns the rule that 'text' describes as for "ovs-ofctl add-flow". */
static struct rule *
parse(const char *text)
{
    enum ofputil_protocol usable;
    struct ofputil_flow_mod fm;
    char *error = parse_ofp_flow_mod_str(&fm, text, NULL, NULL, OFPFC_ADD,
                                         &usable);
    cr_assert_null(error, "%s: %s", text, error);

    struct match match;
    minimatch_expand(&fm.match, &match);
    struct rule *rule = rule_create(fm.table_id, fm.priority,
                                    ntohll(fm.new_cookie), &match,
                                    fm.ofpacts, fm.ofpacts_len);
    minimatch_destroy(&fm.match);
    free(fm.ofpacts);
    return rule;
}

static char *
format(const struct rule *rule)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    rule_format(rule, &s);
    return ds_steal_cstr(&s);
}

static const char *const texts[] = {
    "cookie=0x0, table=0, priority=0 actions=drop",
    "cookie=0x1234567890abcdef, table=8, priority=32768,reg1=0x5,"
    "dl_dst=02:00:00:00:00:01 actions=set_field:0x7->reg4,resubmit(,100)",
    "cookie=0x2, table=110, priority=100,tun_id=0x1001000/0xfffff000,"
    "tun_src=192.0.2.1,dl_src=00:07:01:00:10:00/ff:ff:ff:ff:f0:00 "
    "actions=resubmit(,111)",
    "cookie=0x3, table=10, priority=200,arp,reg1=0x5,arp_tpa=10.0.0.1,"
    "arp_op=1 actions=move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[],"
    "set_field:2->arp_op,IN_PORT",
    "cookie=0x4, table=15, priority=1,reg1=0x6 "
    "actions=clone(resubmit(,8)),clone(output:5)",
    "cookie=0x5, table=102, priority=5,reg6=0x1000000/0x1000000 "
    "actions=meter:7,encap(nsh(md_type=2,tlv(0x1000,10,0x12345678))),"
    "encap(ethernet)",
    "cookie=0x6, table=9, priority=7,reg2=0x1 "
    "actions=learn(table=12,idle_timeout=300,priority=100,"
    "NXM_NX_REG2[],NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],"
    "load:NXM_NX_REG3[]->NXM_NX_REG4[])",
    "cookie=0x7, table=110, priority=100,"
    "tun_metadata0=0x1001000/0xfffff000,tun_src=192.0.2.1 "
    "actions=move:NXM_NX_REG4[]->NXM_NX_TUN_METADATA0[0..31],"
    "set_field:0x2001004->tun_metadata0,resubmit(,111)",
    "cookie=0x8, table=0, priority=9,packet_type=(1,0x894f),in_port=3 "
    "actions=decap(),decap(),resubmit(,110)",
};

/* Returns the rule that a switch would understand of 'rule''s encoding. */
static struct rule *
decode(const struct rule *rule, bool delete)
{
    struct ofpbuf *msg = rule_encode(rule, delete);
    struct ofpbuf ofpacts;
    struct ofputil_flow_mod fm;
    struct match match;

    ofpbuf_init(&ofpacts, 0);
    cr_assert_eq(ofputil_decode_flow_mod(&fm, msg->data, OFPUTIL_P_OF15_OXM,
                                         NULL, NULL, &ofpacts, OFPP_MAX,
                                         255), 0);
    cr_assert_eq(((struct ofp_header *) msg->data)->xid, 0);
    cr_assert_eq(fm.command, delete ? OFPFC_DELETE_STRICT : OFPFC_ADD);
    minimatch_expand(&fm.match, &match);
    struct rule *decoded = rule_create(fm.table_id, fm.priority,
                                       delete ? 0 : ntohll(fm.new_cookie),
                                       &match, fm.ofpacts, fm.ofpacts_len);
    minimatch_destroy(&fm.match);
    ofpbuf_uninit(&ofpacts);
    ofpbuf_delete(msg);
    return decoded;
}

Test(rule, text_round_trip)
{
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct rule *rule = parse(texts[i]);
        char *text = format(rule);
        struct rule *again = parse(text);

        cr_assert(rule_same_identity(rule, again), "%s", text);
        cr_assert(rule_same_contents(rule, again), "%s", text);
        if (i < 2) {
            cr_assert_str_eq(text, texts[i]);
        }
        free(text);
        rule_destroy(rule);
        rule_destroy(again);
    }
}

Test(rule, encoding_round_trip)
{
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct rule *rule = parse(texts[i]);
        struct rule *added = decode(rule, false);
        struct rule *deleted = decode(rule, true);

        cr_assert(rule_same_identity(rule, added), "%s", texts[i]);
        cr_assert(rule_same_contents(rule, added), "%s", texts[i]);
        cr_assert_eq(rule_hash(rule), rule_hash(added));
        cr_assert(rule_same_identity(rule, deleted), "%s", texts[i]);
        cr_assert_eq(deleted->ofpacts_len, 0);
        rule_destroy(rule);
        rule_destroy(added);
        rule_destroy(deleted);
    }
}

Test(rule, clone_is_the_same_and_apart)
{
    struct rule *rule = parse(texts[1]);
    struct rule *clone = rule_clone(rule);

    cr_assert(rule_same_identity(rule, clone));
    cr_assert(rule_same_contents(rule, clone));
    rule_destroy(rule);
    char *text = format(clone);
    cr_assert_str_eq(text, texts[1]);
    free(text);
    rule_destroy(clone);
}

/* Rules of the tests below: identity 'n', contents 'value'. */
static struct rule *
small_rule(unsigned int n, unsigned int value)
{
    struct match match = MATCH_CATCHALL_INITIALIZER;

    match_set_reg(&match, 0, n);
    return rule_create(n % 3, n % 5, value, &match, NULL, 0);
}

static struct rule_owner_id
owner_id(unsigned int n)
{
    return (struct rule_owner_id) { { { 0, 0, 0, n / 2 } }, n % 2 };
}

static void
replace(struct rule_set *set, unsigned int owner, unsigned int n,
        unsigned int value)
{
    struct rule_owner_id id = owner_id(owner);
    struct ovs_list rules = OVS_LIST_INITIALIZER(&rules);

    if (value) {
        ovs_list_push_back(&rules, &small_rule(n, value)->owner_node);
    }
    rule_set_replace(set, &id, &rules);
}

static uint64_t
value_of(const struct rule_set *set, unsigned int n)
{
    struct rule *like = small_rule(n, 0);
    const struct rule *rule = rule_set_find(set, like);
    uint64_t value = rule ? rule->cookie : 0;

    rule_destroy(like);
    return value;
}

static size_t
take_and_count(struct rule_set *set)
{
    struct hmap changes = HMAP_INITIALIZER(&changes);

    rule_set_take_changes(set, &changes);
    size_t n = hmap_count(&changes);
    rule_changes_destroy(&changes);
    return n;
}

Test(rule_set, next_owner_takes_over)
{
    struct rule_set set;

    rule_set_init(&set);
    replace(&set, 2, 1, 20);
    replace(&set, 3, 1, 30);
    cr_assert_eq(value_of(&set, 1), 20);
    replace(&set, 1, 1, 10);
    cr_assert_eq(value_of(&set, 1), 10);
    replace(&set, 1, 1, 0);
    cr_assert_eq(value_of(&set, 1), 20);
    replace(&set, 2, 1, 0);
    cr_assert_eq(value_of(&set, 1), 30);
    replace(&set, 3, 1, 0);
    cr_assert_eq(value_of(&set, 1), 0);
    cr_assert_eq(take_and_count(&set), 0);
    rule_set_destroy(&set);
}

Test(rule_set, changed_and_changed_back_is_no_change)
{
    struct rule_set set;

    rule_set_init(&set);
    replace(&set, 1, 1, 10);
    cr_assert_eq(take_and_count(&set), 1);
    replace(&set, 1, 1, 10);
    cr_assert_eq(take_and_count(&set), 0);
    replace(&set, 1, 1, 11);
    replace(&set, 1, 1, 10);
    cr_assert_eq(take_and_count(&set), 0);
    replace(&set, 1, 2, 10);
    cr_assert_eq(take_and_count(&set), 2);
    rule_set_destroy(&set);
}

Test(rule_set, format_is_sorted)
{
    struct rule_set a, b;
    struct ds s = DS_EMPTY_INITIALIZER, t = DS_EMPTY_INITIALIZER;

    rule_set_init(&a);
    rule_set_init(&b);
    for (unsigned int i = 0; i < 40; i++) {
        rule_set_put(&a, small_rule(i, i));
        rule_set_put(&b, small_rule(39 - i, 39 - i));
    }
    rule_set_format(&a, &s);
    rule_set_format(&b, &t);
    cr_assert_str_eq(ds_cstr(&s), ds_cstr(&t));
    cr_assert(!strncmp(ds_cstr(&s), "cookie=0x18, table=0, priority=4,", 33));
    ds_destroy(&s);
    ds_destroy(&t);
    rule_set_destroy(&a);
    rule_set_destroy(&b);
}

/* The naive twin: what each owner asks for, in a table.  Owner 0 stands for
 * rules without one. */
#define N_OWNERS 6
#define N_RULES 12
struct twin {
    unsigned int values[N_OWNERS][N_RULES];     /* 0 for none. */
};

static unsigned int
twin_value(const struct twin *twin, unsigned int n)
{
    for (unsigned int i = 0; i < N_OWNERS; i++) {
        if (twin->values[i][n]) {
            return twin->values[i][n];
        }
    }
    return 0;
}

static void
random_step(struct rule_set *set, struct twin *twin)
{
    unsigned int owner = random_range(N_OWNERS);
    struct rule_owner_id id = owner_id(owner);
    struct ovs_list rules = OVS_LIST_INITIALIZER(&rules);

    if (!owner) {
        unsigned int n = random_range(N_RULES);
        unsigned int value = random_range(4);
        struct rule *rule = small_rule(n, value);

        twin->values[0][n] = value;
        if (value) {
            rule_set_put(set, rule);
        } else {
            rule_set_remove(set, rule);
            rule_destroy(rule);
        }
        return;
    }
    for (unsigned int n = 0; n < N_RULES; n++) {
        unsigned int value = random_range(8);

        twin->values[owner][n] = value < 4 ? value : 0;
        if (twin->values[owner][n]) {
            ovs_list_push_back(&rules, &small_rule(n, value)->owner_node);
            if (!random_range(5)) {
                ovs_list_push_back(&rules, &small_rule(n, 9)->owner_node);
            }
        }
    }
    rule_set_replace(set, &id, &rules);
}

static void
check_against_twin(const struct rule_set *set, const struct twin *twin)
{
    size_t n_rules = 0;

    for (unsigned int n = 0; n < N_RULES; n++) {
        cr_assert_eq(value_of(set, n), twin_value(twin, n));
        n_rules += twin_value(twin, n) != 0;
    }
    cr_assert_eq(hmap_count(&set->rules), n_rules);
}

/* Applies 'changes' to 'set', whose rules have no owners. */
static void
apply(struct rule_set *set, const struct hmap *changes)
{
    struct rule_change *change;

    HMAP_FOR_EACH (change, node, changes) {
        const struct rule *old = rule_set_find(set, change->old ? change->old
                                                    : change->new);

        cr_assert_eq(!old, !change->old);
        if (old) {
            cr_assert(rule_same_contents(old, change->old));
        }
        if (change->new) {
            cr_assert(!old || !rule_same_contents(old, change->new));
            rule_set_put(set, rule_clone(change->new));
        } else {
            rule_set_remove(set, change->old);
        }
    }
}

static void
check_equal(const struct rule_set *a, const struct rule_set *b)
{
    struct hmap changes = HMAP_INITIALIZER(&changes);

    rule_set_diff(a, b, &changes);
    cr_assert_eq(hmap_count(&changes), 0);
    rule_changes_destroy(&changes);
}

/* After random steps: the set holds what the twin says, the record turns the
 * set as it was into what it is, and so does the difference. */
static void
random_run(uint32_t seed)
{
    struct rule_set set, mirror;
    struct twin twin = { 0 };

    random_set_seed(seed);
    rule_set_init(&set);
    rule_set_init(&mirror);
    for (unsigned int i = 0; i < 200; i++) {
        struct hmap changes = HMAP_INITIALIZER(&changes);
        struct hmap diff = HMAP_INITIALIZER(&diff);

        for (unsigned int j = random_range(4); j-- > 0; ) {
            random_step(&set, &twin);
        }
        check_against_twin(&set, &twin);
        rule_set_diff(&mirror, &set, &diff);
        rule_set_take_changes(&set, &changes);
        cr_assert_eq(hmap_count(&diff), hmap_count(&changes), "seed %u",
                     seed);
        apply(&mirror, !random_range(2) ? &diff : &changes);
        check_equal(&mirror, &set);
        rule_changes_destroy(&changes);
        rule_changes_destroy(&diff);
    }
    rule_set_destroy(&set);
    rule_set_destroy(&mirror);
}

Test(rule_set, equals_its_naive_twin)
{
    for (uint32_t seed = 1; seed <= 20; seed++) {
        random_run(seed);
    }
}
