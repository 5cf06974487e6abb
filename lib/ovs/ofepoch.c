/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovs/ofepoch.h"

#include <stdint.h>

#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "openvswitch/match.h"
#include "openvswitch/ofpbuf.h"
#include "ovs/ofmirror.h"
#include "pipeline.h"
#include "rule.h"
#include "util.h"

/* A frame begins at the first, and a whole one, once it is unwrapped, at the
 * second: taking headers off means a new look-up in the datapath. */
static const uint8_t tables[] = { STAGE_CLASSIFY, STAGE_RESTORE };

/* Half of the bits are a number and half are its complement. */
static uint32_t
epoch_bits(uint16_t epoch)
{
    return ((uint32_t) epoch << 16) | (uint16_t) ~epoch;
}

static struct rule *
epoch_rule(uint8_t table, uint16_t epoch)
{
    uint32_t bits = epoch_bits(epoch);
    struct match match;

    match_init_catchall(&match);
    match_set_pkt_mark_masked(&match, bits, bits);
    return rule_create(table, UINT16_MAX, 0, &match, NULL, 0);
}

/* Returns the number of the epoch that the first table's rule in 'mirror' is
 * of. */
static int
find_epoch(const struct ofmirror *mirror)
{
    const struct rule *rule;

    HMAP_FOR_EACH (rule, node, &mirror->rules) {
        if (rule->table == tables[0] && rule->priority == UINT16_MAX) {
            struct match match;

            minimatch_expand(&rule->match, &match);
            uint32_t bits = match.wc.masks.pkt_mark;
            if (bits && bits == epoch_bits(bits >> 16)) {
                return bits >> 16;
            }
        }
    }
    return OFEPOCH_NONE;
}

int
ofepoch_take(struct ofmirror *mirror)
{
    struct rule *found[ARRAY_SIZE(tables)];
    int epoch = find_epoch(mirror);

    if (epoch == OFEPOCH_NONE) {
        return OFEPOCH_NONE;
    }
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        struct rule *rule = epoch_rule(tables[i], epoch);

        found[i] = ofmirror_find(mirror, rule);
        bool same = found[i] && rule_same_contents(found[i], rule);
        rule_destroy(rule);
        if (!same) {
            return OFEPOCH_NONE;
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        hmap_remove(&mirror->rules, &found[i]->node);
        rule_destroy(found[i]);
    }
    return epoch;
}

static void
encode(uint16_t epoch, bool delete, struct ovs_list *msgs)
{
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        struct rule *rule = epoch_rule(tables[i], epoch);
        struct ofpbuf *msg = rule_encode(rule, delete);

        ovs_list_push_back(msgs, &msg->list_node);
        rule_destroy(rule);
    }
}

int
ofepoch_turn(int epoch, struct ovs_list *msgs)
{
    uint16_t next = epoch + 1;

    encode(next, false, msgs);
    if (epoch != OFEPOCH_NONE) {
        encode(epoch, true, msgs);
    }
    return next;
}
