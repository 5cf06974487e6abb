/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovs/ofmirror.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "byte-order.h"
#include "compile/compile.h"
#include "openvswitch/match.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofp-bundle.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-meter.h"
#include "openvswitch/ofp-msgs.h"
#include "openvswitch/ofpbuf.h"
#include "pipeline.h"
#include "rule.h"
#include "util.h"

void
ofmirror_init(struct ofmirror *m)
{
    hmap_init(&m->rules);
}

void
ofmirror_clear(struct ofmirror *m)
{
    struct rule *rule;

    HMAP_FOR_EACH_POP (rule, node, &m->rules) {
        rule_destroy(rule);
    }
}

void
ofmirror_destroy(struct ofmirror *m)
{
    ofmirror_clear(m);
    hmap_destroy(&m->rules);
}

/* Returns whether 'table' is one that is compared. */
static bool
is_compared(uint8_t table)
{
    return (table != STAGE_LEARNED
            && (table < STAGE_TENANT_FIRST || table > STAGE_TENANT_LAST));
}

struct rule *
ofmirror_find(const struct ofmirror *m, const struct rule *like)
{
    struct rule *rule;

    HMAP_FOR_EACH_WITH_HASH (rule, node, rule_hash(like), &m->rules) {
        if (rule_same_identity(rule, like)) {
            return rule;
        }
    }
    return NULL;
}

int
ofmirror_add_reply(struct ofmirror *m, const struct ofp_header *oh)
{
    struct ofpbuf msg = ofpbuf_const_initializer(oh, ntohs(oh->length));
    uint64_t stub[1024 / 8];
    struct ofpbuf ofpacts = OFPBUF_STUB_INITIALIZER(stub);
    int error;

    for (;;) {
        struct ofputil_flow_stats fs;

        error = ofputil_decode_flow_stats_reply(&fs, &msg, false, &ofpacts);
        if (error) {
            break;
        }
        if (!is_compared(fs.table_id)) {
            continue;
        }
        struct rule *rule = rule_create(fs.table_id, fs.priority,
                                        ntohll(fs.cookie), &fs.match,
                                        fs.ofpacts, fs.ofpacts_len);
        hmap_insert(&m->rules, &rule->node, rule_hash(rule));
    }
    ofpbuf_uninit(&ofpacts);
    return error == EOF ? 0 : error > 0 && error < 4096 ? error : EPROTO;
}

/* Returns the rule that the flow_mod 'msg' adds, or NULL. */
static struct rule *
rule_decode(const struct ofpbuf *msg)
{
    uint64_t stub[1024 / 8];
    struct ofpbuf ofpacts = OFPBUF_STUB_INITIALIZER(stub);
    struct ofputil_flow_mod fm;
    struct rule *rule = NULL;

    if (!ofputil_decode_flow_mod(&fm, msg->data, OFPUTIL_P_OF15_OXM, NULL,
                                 NULL, &ofpacts, OFPP_MAX, 255)) {
        struct match match;

        minimatch_expand(&fm.match, &match);
        rule = rule_create(fm.table_id, fm.priority, ntohll(fm.new_cookie),
                           &match, fm.ofpacts, fm.ofpacts_len);
        minimatch_destroy(&fm.match);
    }
    ofpbuf_uninit(&ofpacts);
    return rule;
}

/* Finds the rule with the identity of 'rule', also if its match comes back
 * from a switch in another form than it has here. */
static struct rule *
ofmirror_find_canonical(const struct ofmirror *m, const struct rule *rule)
{
    struct rule *there = ofmirror_find(m, rule);

    if (!there && !hmap_is_empty(&m->rules)) {
        struct ofpbuf *msg = rule_encode(rule, false);
        struct rule *canonical = rule_decode(msg);

        there = canonical ? ofmirror_find(m, canonical) : NULL;
        rule_destroy(canonical);
        ofpbuf_delete(msg);
    }
    return there;
}

/* Returns whether 'a' and 'b' do the same: have the same form on the
 * wire.  That in memory may differ, if only in padding that nothing writes. */
static bool
same_contents(const struct rule *a, const struct rule *b)
{
    uint64_t a_stub[512 / 8], b_stub[512 / 8];
    struct ofpbuf a_bytes = OFPBUF_STUB_INITIALIZER(a_stub);
    struct ofpbuf b_bytes = OFPBUF_STUB_INITIALIZER(b_stub);

    ofpacts_put_openflow_instructions(a->ofpacts, a->ofpacts_len, &a_bytes,
                                      OFP15_VERSION);
    ofpacts_put_openflow_instructions(b->ofpacts, b->ofpacts_len, &b_bytes,
                                      OFP15_VERSION);
    bool same = (a->cookie == b->cookie && a_bytes.size == b_bytes.size
                 && !memcmp(a_bytes.data, b_bytes.data, a_bytes.size));
    ofpbuf_uninit(&a_bytes);
    ofpbuf_uninit(&b_bytes);
    return same;
}

/* Does for 'rule' what ofmirror_compare() does for all. */
static bool
ofmirror_compare_rule(struct ofmirror *m, const struct rule *rule,
                      struct ovs_list *adds)
{
    struct rule *there = ofmirror_find_canonical(m, rule);
    bool same = there && same_contents(there, rule);

    if (there) {
        hmap_remove(&m->rules, &there->node);
        rule_destroy(there);
    }
    if (!same) {
        struct ofpbuf *msg = rule_encode(rule, false);
        ovs_list_push_back(adds, &msg->list_node);
    }
    return same;
}

size_t
ofmirror_compare(struct ofmirror *m, const struct rule_set *wanted,
                 struct ovs_list *adds, struct ovs_list *dels)
{
    const struct rule *rule;
    size_t n_same = 0;

    HMAP_FOR_EACH (rule, node, &wanted->rules) {
        n_same += ofmirror_compare_rule(m, rule, adds);
    }
    HMAP_FOR_EACH (rule, node, &m->rules) {
        struct ofpbuf *msg = rule_encode(rule, true);
        ovs_list_push_back(dels, &msg->list_node);
    }
    return n_same;
}

static int
compare_meters(const void *a_, const void *b_)
{
    const struct compiled_meter *a = a_, *b = b_;
    return a->id < b->id ? -1 : a->id > b->id;
}

void
ofmeters_set(struct ofmeters *m, const struct compiled_meter *meters,
             size_t n)
{
    free(m->meters);
    m->meters = n ? xmemdup(meters, n * sizeof *meters) : NULL;
    m->n = n;
    if (n) {
        qsort(m->meters, n, sizeof *m->meters, compare_meters);
    }
}

/* A frame larger than the burst would never pass: that of the largest MTU of
 * a cloud, in kilobits. */
#define BURST_MIN 80

/* The one kind of meter that is used: drops what exceeds a rate, with a burst
 * of one second's worth (with less, TCP falls far below the rate). */
static struct ofputil_meter_band
meter_band(uint64_t kbps)
{
    uint32_t rate = MIN(kbps, UINT32_MAX);

    return (struct ofputil_meter_band) {
        .type = OFPMBT13_DROP,
        .rate = rate,
        .burst_size = MAX(rate, BURST_MIN),
    };
}

#define METER_FLAGS (OFPMF13_KBPS | OFPMF13_BURST)

static uint64_t
meter_kbps(const struct ofputil_meter_config *mc)
{
    if ((mc->flags & ~OFPMF13_STATS) != METER_FLAGS || mc->n_bands != 1
        || mc->bands[0].type != OFPMBT13_DROP
        || mc->bands[0].burst_size
           != meter_band(mc->bands[0].rate).burst_size) {
        return UINT64_MAX;
    }
    return mc->bands[0].rate;
}

void
ofmeters_add_reply(struct ofmeters *m, const struct ofp_header *oh)
{
    struct ofpbuf msg = ofpbuf_const_initializer(oh, ntohs(oh->length));
    struct ofputil_meter_config mc;
    struct ofpbuf bands;

    ofpbuf_init(&bands, 64);
    while (!ofputil_decode_meter_config(&msg, &mc, &bands)) {
        m->meters = xrealloc(m->meters, (m->n + 1) * sizeof *m->meters);
        m->meters[m->n++] = (struct compiled_meter) {
            .id = mc.meter_id,
            .kbps = meter_kbps(&mc),
        };
    }
    ofpbuf_uninit(&bands);
    if (m->n) {
        qsort(m->meters, m->n, sizeof *m->meters, compare_meters);
    }
}

static void
put_meter_mod(struct ovs_list *list, uint16_t command,
              const struct compiled_meter *meter)
{
    struct ofputil_meter_band band = meter_band(meter->kbps);
    struct ofputil_meter_mod mm = {
        .command = command,
        .meter.meter_id = meter->id,
    };

    if (command != OFPMC13_DELETE) {
        mm.meter.flags = METER_FLAGS;
        mm.meter.n_bands = 1;
        mm.meter.bands = &band;
    }
    struct ofpbuf *msg = ofputil_encode_meter_mod(OFP15_VERSION, &mm);
    ovs_list_push_back(list, &msg->list_node);
}

void
ofmeters_compare(const struct ofmeters *have, const struct ofmeters *want,
                 struct ovs_list *adds, struct ovs_list *dels)
{
    size_t i = 0, j = 0;

    while (i < have->n || j < want->n) {
        const struct compiled_meter *h = i < have->n ? &have->meters[i] : NULL;
        const struct compiled_meter *w = j < want->n ? &want->meters[j] : NULL;

        if (!w || (h && h->id < w->id)) {
            put_meter_mod(dels, OFPMC13_DELETE, h);
            i++;
        } else if (!h || w->id < h->id) {
            put_meter_mod(adds, OFPMC13_ADD, w);
            j++;
        } else {
            if (h->kbps != w->kbps) {
                put_meter_mod(adds, OFPMC13_MODIFY, w);
            }
            i++;
            j++;
        }
    }
}

static void
put_bundle_control(struct ovs_list *out, uint32_t id, uint16_t type)
{
    struct ofputil_bundle_ctrl_msg bc = {
        .bundle_id = id,
        .type = type,
        .flags = OFPBF_ATOMIC | OFPBF_ORDERED,
    };
    struct ofpbuf *msg = ofputil_encode_bundle_ctrl_request(OFP15_VERSION,
                                                            &bc);
    ovs_list_push_back(out, &msg->list_node);
}

void
ofbundle_wrap(struct ovs_list *list, uint32_t *id, struct ovs_list *out)
{
    size_t n = 0;
    struct ofpbuf *msg;

    LIST_FOR_EACH_POP (msg, list_node, list) {
        if (!(n++ % OFBUNDLE_MAX)) {
            put_bundle_control(out, *id, OFPBCT_OPEN_REQUEST);
        }

        struct ofputil_bundle_add_msg bam = {
            .bundle_id = *id,
            .flags = OFPBF_ATOMIC | OFPBF_ORDERED,
            .msg = msg->data,
        };
        struct ofpbuf *add = ofputil_encode_bundle_add(OFP15_VERSION, &bam);
        ovs_list_push_back(out, &add->list_node);
        ofpbuf_delete(msg);

        if (!(n % OFBUNDLE_MAX) || ovs_list_is_empty(list)) {
            put_bundle_control(out, (*id)++, OFPBCT_COMMIT_REQUEST);
        }
    }
}
