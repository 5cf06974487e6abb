/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "rule.h"

#include <stdlib.h>

#include "byte-order.h"
#include "hash.h"
#include "openflow/openflow-1.1.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofp-match.h"
#include "openvswitch/ofp-msgs.h"
#include "openvswitch/ofp-port.h"
#include "openvswitch/ofpbuf.h"
#include "util.h"

struct rule *
rule_create(uint8_t table, uint16_t priority, uint64_t cookie,
            const struct match *match, const struct ofpact *ofpacts,
            size_t ofpacts_len)
{
    struct rule *rule = xzalloc(sizeof *rule);

    ovs_list_init(&rule->owner_node);
    rule->table = table;
    rule->priority = priority;
    rule->cookie = cookie;
    minimatch_init(&rule->match, match);
    rule->ofpacts = xmalloc(ofpacts_len);
    nullable_memcpy(rule->ofpacts, ofpacts, ofpacts_len);
    rule->ofpacts_len = ofpacts_len;
    return rule;
}

struct rule *
rule_clone(const struct rule *rule)
{
    struct rule *clone = xzalloc(sizeof *clone);

    ovs_list_init(&clone->owner_node);
    clone->table = rule->table;
    clone->priority = rule->priority;
    clone->cookie = rule->cookie;
    minimatch_clone(&clone->match, &rule->match);
    clone->ofpacts = xmemdup(rule->ofpacts, rule->ofpacts_len);
    clone->ofpacts_len = rule->ofpacts_len;
    return clone;
}

void
rule_destroy(struct rule *rule)
{
    if (rule) {
        minimatch_destroy(&rule->match);
        free(rule->ofpacts);
        free(rule);
    }
}

bool
rule_same_identity(const struct rule *a, const struct rule *b)
{
    return a->table == b->table
           && a->priority == b->priority
           && minimatch_equal(&a->match, &b->match);
}

bool
rule_same_contents(const struct rule *a, const struct rule *b)
{
    return a->cookie == b->cookie
           && (ofpacts_equal(a->ofpacts, a->ofpacts_len,
                             b->ofpacts, b->ofpacts_len)
               || ofpacts_equal_stringwise(a->ofpacts, a->ofpacts_len,
                                           b->ofpacts, b->ofpacts_len));
}

uint32_t
rule_hash(const struct rule *rule)
{
    return minimatch_hash(&rule->match,
                          hash_2words(rule->table, rule->priority));
}

void
rule_format(const struct rule *rule, struct ds *s)
{
    struct ofpact_format_params params = { .s = s };

    ds_put_format(s, "cookie=0x%"PRIx64", table=%"PRIu8", priority=%"PRIu16,
                  rule->cookie, rule->table, rule->priority);

    size_t length = s->length;
    ds_put_char(s, ',');
    minimatch_format(&rule->match, NULL, NULL, s, OFP_DEFAULT_PRIORITY);
    if (s->length == length + 1) {
        ds_truncate(s, length);
    }
    ds_put_cstr(s, " actions=");
    ofpacts_format(rule->ofpacts, rule->ofpacts_len, &params);
}

struct ofpbuf *
rule_encode(const struct rule *rule, bool delete)
{
    /* ofputil_encode_flow_mod() would do, but it draws an xid from a counter
     * that all threads share. */
    struct ofpbuf *msg = ofpraw_alloc_xid(OFPRAW_OFPT11_FLOW_MOD,
                                          OFP15_VERSION, 0,
                                          rule->ofpacts_len + 256);
    struct ofp11_flow_mod *ofm = ofpbuf_put_zeros(msg, sizeof *ofm);
    struct match match;

    ofm->cookie = delete ? 0 : htonll(rule->cookie);
    ofm->table_id = rule->table;
    ofm->command = delete ? OFPFC_DELETE_STRICT : OFPFC_ADD;
    ofm->priority = htons(rule->priority);
    ofm->buffer_id = OVS_BE32_MAX;
    ofm->out_port = ofputil_port_to_ofp11(OFPP_ANY);
    ofm->out_group = htonl(OFPG_ANY);
    minimatch_expand(&rule->match, &match);
    ofputil_put_ofp11_match(msg, &match, OFPUTIL_P_OF15_OXM);
    if (!delete) {
        ofpacts_put_openflow_instructions(rule->ofpacts, rule->ofpacts_len,
                                          msg, OFP15_VERSION);
    }
    ofpmsg_update_length(msg);
    return msg;
}
