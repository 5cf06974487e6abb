/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "trace-walk.h"

#include "classifier.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-match.h"
#include "packets.h"
#include "tun-metadata.h"
#include "util.h"

/* The smallest tunnel option table that has tun_metadata0 with four bytes: the
 * class and type on the wire do not matter here. */
#define OPTION_CLASS 0xffff
#define OPTION_SIZE 4

struct trace_rule {
    struct cls_rule cls_rule;
    struct ovs_list node;           /* In trace_host->rules or ->learned. */
    const struct rule *rule;
    struct rule *owned;             /* 'rule' itself, if it was learned. */
    struct trace_rule *displaced;   /* Comes back when this one goes. */
};

struct trace_host {
    char *name;
    struct classifier *tables[UINT8_MAX + 1];   /* NULL where no rule is. */
    struct ovs_list rules;
    struct ovs_list learned;        /* Youngest first. */
    struct tun_table *options;
};

static struct tun_table *
option_table(void)
{
    struct ofputil_tlv_map map = {
        .option_class = OPTION_CLASS,
        .option_len = OPTION_SIZE,
    };
    struct ofputil_tlv_table_mod mod = { .command = NXTTMC_ADD };
    struct tun_table *table;

    ovs_list_init(&mod.mappings);
    ovs_list_push_back(&mod.mappings, &map.list_node);
    ovs_assert(!tun_metadata_table_mod(&mod, NULL, &table));
    return table;
}

static struct classifier *
table_of(struct trace_host *host, uint8_t table)
{
    struct classifier **cls = &host->tables[table];
    if (!*cls) {
        *cls = xmalloc(sizeof **cls);
        classifier_init(*cls, NULL);
    }
    return *cls;
}

static struct trace_rule *
trace_rule_cast(const struct cls_rule *cls_rule)
{
    return cls_rule ? CONTAINER_OF(cls_rule, struct trace_rule, cls_rule)
                    : NULL;
}

static struct trace_rule *
trace_rule_insert(struct trace_host *host, const struct rule *rule)
{
    struct trace_rule *tr = xzalloc(sizeof *tr);

    tr->rule = rule;
    cls_rule_init_from_minimatch(&tr->cls_rule, &rule->match, rule->priority);
    tr->displaced = trace_rule_cast(
        classifier_replace(table_of(host, rule->table), &tr->cls_rule,
                           OVS_VERSION_MIN, NULL, 0));
    return tr;
}

static void
trace_rule_remove(struct trace_host *host, struct trace_rule *tr)
{
    struct classifier *cls = host->tables[tr->rule->table];

    classifier_remove_assert(cls, &tr->cls_rule);
    cls_rule_destroy(&tr->cls_rule);
    if (tr->displaced) {
        /* A rule that was in a classifier cannot go in again. */
        struct trace_rule *again = trace_rule_insert(host,
                                                     tr->displaced->rule);
        ovs_list_replace(&again->node, &tr->displaced->node);
        cls_rule_destroy(&tr->displaced->cls_rule);
        free(tr->displaced);
    }
    ovs_list_remove(&tr->node);
    rule_destroy(tr->owned);
    free(tr);
}

void
trace_host_forget(struct trace_host *host)
{
    while (!ovs_list_is_empty(&host->learned)) {
        trace_rule_remove(host,
                          CONTAINER_OF(ovs_list_front(&host->learned),
                                       struct trace_rule, node));
    }
}

size_t
trace_host_n_learned(const struct trace_host *host)
{
    return ovs_list_size(&host->learned);
}

static void
trace_host_clear(struct trace_host *host)
{
    struct trace_rule *tr;

    trace_host_forget(host);
    LIST_FOR_EACH_SAFE (tr, node, &host->rules) {
        trace_rule_remove(host, tr);
    }
    for (size_t i = 0; i < ARRAY_SIZE(host->tables); i++) {
        if (host->tables[i]) {
            classifier_destroy(host->tables[i]);
            free(host->tables[i]);
            host->tables[i] = NULL;
        }
    }
}

void
trace_host_set_rules(struct trace_host *host, const struct rule_set *rules)
{
    const struct rule *rule;

    trace_host_clear(host);
    HMAP_FOR_EACH (rule, node, &rules->rules) {
        ovs_list_push_back(&host->rules,
                           &trace_rule_insert(host, rule)->node);
    }
}

struct trace_host *
trace_host_create(const char *name, const struct rule_set *rules)
{
    struct trace_host *host = xzalloc(sizeof *host);

    host->name = xstrdup(name);
    host->options = option_table();
    ovs_list_init(&host->rules);
    ovs_list_init(&host->learned);
    trace_host_set_rules(host, rules);
    return host;
}

void
trace_host_destroy(struct trace_host *host)
{
    if (host) {
        trace_host_clear(host);
        tun_metadata_free(host->options);
        free(host->name);
        free(host);
    }
}

const char *
trace_host_name(const struct trace_host *host)
{
    return host->name;
}

const struct tun_table *
trace_host_options(const struct trace_host *host)
{
    return host->options;
}

const struct rule *
trace_host_lookup(const struct trace_host *host, uint8_t table,
                  const struct flow *flow)
{
    const struct classifier *cls = host->tables[table];
    struct trace_rule *tr;

    /* The flow is const for everybody but conjunctions, which no rule has. */
    tr = trace_rule_cast(cls ? classifier_lookup(cls, OVS_VERSION_MIN,
                                                 CONST_CAST(struct flow *,
                                                            flow), NULL)
                             : NULL);
    return tr ? tr->rule : NULL;
}

static size_t
count_cookie(const struct classifier *cls, ovs_be64 cookie)
{
    const struct trace_rule *tr;
    size_t n = 0;

    CLS_FOR_EACH (tr, cls_rule, cls) {
        n += tr->rule->cookie == ntohll(cookie);
    }
    return n;
}

/* Frees the learned rule that 'tr' has displaced; what that one displaced is
 * now displaced by 'tr'. */
static void
forget_displaced(struct trace_rule *tr)
{
    struct trace_rule *old = tr->displaced;

    tr->displaced = old->displaced;
    ovs_list_remove(&old->node);
    cls_rule_destroy(&old->cls_rule);
    rule_destroy(old->owned);
    free(old);
}

bool
trace_host_learn(struct trace_host *host, const struct ofputil_flow_mod *fm,
                 uint32_t limit)
{
    struct classifier *cls = table_of(host, fm->table_id);
    struct trace_rule *old, *tr;
    struct match match;
    struct rule *rule;

    minimatch_expand(&fm->match, &match);
    rule = rule_create(fm->table_id, fm->priority, ntohll(fm->new_cookie),
                       &match, fm->ofpacts, fm->ofpacts_len);

    old = trace_rule_cast(classifier_find_minimatch_exactly(
                              cls, &fm->match, fm->priority,
                              OVS_VERSION_MIN));
    if (old && rule_same_contents(old->rule, rule)) {
        rule_destroy(rule);
        return true;
    }
    if (limit && count_cookie(cls, fm->new_cookie) >= limit) {
        rule_destroy(rule);
        return false;
    }

    tr = trace_rule_insert(host, rule);
    tr->owned = rule;
    ovs_list_push_front(&host->learned, &tr->node);
    if (tr->displaced && tr->displaced->owned) {
        forget_displaced(tr);
    }
    return true;
}
