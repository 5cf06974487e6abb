/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "trace-walk.h"

#include "bitmap.h"
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
    struct trace_rule *successor;   /* The learned rule in its place. */
};

struct trace_host {
    char *name;
    struct classifier *tables[UINT8_MAX + 1];   /* NULL where no rule is. */
    struct ovs_list rules;
    struct ovs_list learned;        /* Youngest first. */
    struct tun_table *options;
    ovs_version_t version;          /* Each learned rule begins one. */
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

/* Moves the tunnel options in 'match', which has no option table and so put
 * them one after the other, to where 'options' has them. */
static void
place_options(struct match *match, const struct tun_table *options)
{
    const struct tun_metadata_allocation places = match->tun_md;
    const struct tun_metadata flow = match->flow.tunnel.metadata;
    const struct tun_metadata mask = match->wc.masks.tunnel.metadata;
    size_t idx;

    memset(&match->tun_md, 0, sizeof match->tun_md);
    memset(&match->flow.tunnel.metadata, 0, sizeof flow);
    memset(&match->wc.masks.tunnel.metadata, 0, sizeof mask);
    match->flow.tunnel.metadata.tab = options;
    ULLONG_FOR_EACH_1 (idx, mask.present.map) {
        const struct mf_field *mf = mf_from_id(MFF_TUN_METADATA0 + idx);
        const struct tun_metadata_loc *loc = &places.entry[idx].loc;
        union mf_value value = { .b = { 0 } };
        union mf_value bits = { .b = { 0 } };
        size_t ofs = mf->n_bytes - loc->len;

        /* 'value' and 'bits' are right-justified. */
        memcpy(value.b + ofs, flow.opts.u8 + loc->c.offset, loc->len);
        memcpy(bits.b + ofs, mask.opts.u8 + loc->c.offset, loc->len);
        tun_metadata_set_match(mf, &value, &bits, match, NULL);
    }
}

static void
init_cls_rule(struct cls_rule *cls_rule, const struct rule *rule,
              const struct tun_table *options)
{
    if (rule->match.tun_md) {
        struct match match;

        minimatch_expand(&rule->match, &match);
        place_options(&match, options);
        cls_rule_init(cls_rule, &match, rule->priority);
    } else {
        cls_rule_init_from_minimatch(cls_rule, &rule->match, rule->priority);
    }
}

static struct trace_rule *
trace_rule_insert(struct trace_host *host, const struct rule *rule)
{
    struct trace_rule *tr = xzalloc(sizeof *tr);

    tr->rule = rule;
    init_cls_rule(&tr->cls_rule, rule, host->options);
    classifier_insert(table_of(host, rule->table), &tr->cls_rule,
                      host->version, NULL, 0);
    return tr;
}

static void
trace_rule_remove(struct trace_host *host, struct trace_rule *tr)
{
    classifier_remove_assert(host->tables[tr->rule->table], &tr->cls_rule);
    cls_rule_destroy(&tr->cls_rule);
    ovs_list_remove(&tr->node);
    rule_destroy(tr->owned);
    free(tr);
}

void
trace_host_forget(struct trace_host *host)
{
    struct trace_rule *tr;

    LIST_FOR_EACH_SAFE (tr, node, &host->learned) {
        trace_rule_remove(host, tr);
    }
    LIST_FOR_EACH (tr, node, &host->rules) {
        if (tr->successor) {
            cls_rule_restore_visibility(&tr->cls_rule);
            tr->successor = NULL;
        }
    }
}

size_t
trace_host_n_learned(const struct trace_host *host)
{
    const struct trace_rule *tr;
    size_t n = 0;

    LIST_FOR_EACH (tr, node, &host->learned) {
        n += !tr->successor;
    }
    return n;
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
    host->version = OVS_VERSION_MIN;
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
trace_host_lookup(const struct trace_host *host, uint64_t version,
                  uint8_t table, const struct flow *flow)
{
    const struct classifier *cls = host->tables[table];
    struct trace_rule *tr;

    /* The flow is const for everybody but conjunctions, which no rule has. */
    tr = trace_rule_cast(cls ? classifier_lookup(cls, version,
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
        n += !tr->successor && tr->rule->cookie == ntohll(cookie);
    }
    return n;
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
                              OVS_VERSION_MAX));
    if (old && rule_same_contents(old->rule, rule)) {
        rule_destroy(rule);
        return true;
    }
    if (limit && count_cookie(cls, fm->new_cookie) >= limit) {
        rule_destroy(rule);
        return false;
    }

    host->version++;
    if (old) {
        cls_rule_make_invisible_in_version(&old->cls_rule, host->version);
    }
    tr = trace_rule_insert(host, rule);
    tr->owned = rule;
    ovs_list_push_front(&host->learned, &tr->node);
    if (old) {
        old->successor = tr;
    }
    return true;
}

uint64_t
trace_host_version(const struct trace_host *host)
{
    return host->version;
}
