/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "compile/emit.h"

#include <string.h>

#include <stdarg.h>

#include "flow.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/meta-flow.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofp-parse.h"
#include "openvswitch/ofp-protocol.h"
#include "packets.h"
#include "rule.h"
#include "util.h"

void
emit_init(struct emit *e, struct ovs_list *rules, uint64_t cookie)
{
    e->rules = rules;
    e->cookie = cookie;
    ofpbuf_init(&e->actions, 256);
}

void
emit_uninit(struct emit *e)
{
    ofpbuf_uninit(&e->actions);
}

void
emit_begin(struct emit *e, enum stage stage, uint16_t priority)
{
    e->stage = stage;
    e->priority = priority;
    match_init_catchall(&e->match);
    ofpbuf_clear(&e->actions);

    /* Open vSwitch leaves padding as it was: with the same bytes there, the
     * same actions need not be compared as text. */
    memset(e->actions.base, 0, e->actions.allocated);
}

void
emit_end(struct emit *e)
{
    struct rule *rule = rule_create(e->stage, e->priority, e->cookie,
                                    &e->match, e->actions.data,
                                    e->actions.size);
    ovs_list_push_back(e->rules, &rule->owner_node);
}

static uint32_t
field_mask(const struct pipeline_field *f)
{
    return f->n_bits == 32 ? UINT32_MAX : (UINT32_C(1) << f->n_bits) - 1;
}

void
match_field_masked(struct emit *e, enum pipeline_field_id id, uint32_t value,
                   uint32_t mask)
{
    const struct pipeline_field *f = &pipeline_fields[id];
    struct flow *flow = &e->match.flow;
    struct flow *wc = &e->match.wc.masks;

    mask &= field_mask(f);
    uint32_t bits = flow->regs[f->reg] & ~(mask << f->ofs);
    match_set_reg_masked(&e->match, f->reg, bits | ((value & mask) << f->ofs),
                         wc->regs[f->reg] | (mask << f->ofs));
}

void
match_field(struct emit *e, enum pipeline_field_id id, uint32_t value)
{
    match_field_masked(e, id, value, UINT32_MAX);
}

struct eth_addr
mac_from_integer(uint64_t integer)
{
    struct eth_addr mac;
    eth_addr_from_uint64(integer, &mac);
    return mac;
}

void
match_eth_src(struct emit *e, uint64_t address, uint64_t mask)
{
    match_set_dl_src_masked(&e->match, mac_from_integer(address & mask),
                            mac_from_integer(mask));
}

void
act_load(struct emit *e, enum pipeline_field_id id, uint32_t value)
{
    const struct pipeline_field *f = &pipeline_fields[id];
    ovs_be32 bits = htonl(value << f->ofs);
    ovs_be32 mask = htonl(field_mask(f) << f->ofs);

    ofpact_put_set_field(&e->actions, mf_from_id(MFF_REG0 + f->reg),
                         &bits, f->n_bits == 32 ? NULL : &mask);
}

void
act_resubmit(struct emit *e, enum stage stage)
{
    struct ofpact_resubmit *resubmit = ofpact_put_RESUBMIT(&e->actions);
    resubmit->in_port = OFPP_IN_PORT;
    resubmit->table_id = stage;
}

void
act_drop(struct emit *e, enum drop_reason reason)
{
    act_load(e, FIELD_REASON, reason);
    act_resubmit(e, STAGE_DROP);
}

void
act_output(struct emit *e, uint32_t ofport)
{
    struct ofpact_output *output = ofpact_put_OUTPUT(&e->actions);
    output->port = u16_to_ofp(ofport);
    output->max_len = 0;
}

void
act_output_field(struct emit *e, enum pipeline_field_id id)
{
    const struct pipeline_field *f = &pipeline_fields[id];
    struct ofpact_output_reg *output = ofpact_put_OUTPUT_REG(&e->actions);

    output->src.field = mf_from_id(MFF_REG0 + f->reg);
    output->src.ofs = f->ofs;
    output->src.n_bits = f->n_bits;
    output->max_len = 0;
}

void
act_set(struct emit *e, enum mf_field_id id, const void *value)
{
    ofpact_put_set_field(&e->actions, mf_from_id(id), value, NULL);
}

void
act_move(struct emit *e, enum mf_field_id from, enum mf_field_id to)
{
    struct ofpact_reg_move *move = ofpact_put_REG_MOVE(&e->actions);

    move->src.field = mf_from_id(from);
    move->dst.field = mf_from_id(to);
    move->src.n_bits = move->src.field->n_bits;
    move->dst.n_bits = move->dst.field->n_bits;
}

void
act_text(struct emit *e, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = xvasprintf(format, args);
    va_end(args);

    enum ofputil_protocol usable = OFPUTIL_P_ANY;
    struct ofpact_parse_params pp = {
        .ofpacts = &e->actions,
        .usable_protocols = &usable,
    };
    char *error = ofpacts_parse_actions(text, &pp);
    if (error) {
        ovs_abort(0, "compiler wrote \"%s\": %s", text, error);
    }
    free(text);
}

size_t
act_clone_begin(struct emit *e)
{
    size_t begin = e->actions.size;
    ofpact_put_CLONE(&e->actions);
    return begin;
}

size_t
act_copy_begin(struct emit *e)
{
    size_t begin = act_clone_begin(e);

    act_text(e, "output(port=0,max_len=64)");
    return begin;
}

void
act_clone_end(struct emit *e, size_t begin)
{
    struct ofpact_nest *clone = ofpbuf_at_assert(&e->actions, begin,
                                                 sizeof *clone);
    e->actions.header = clone;
    ofpact_finish_CLONE(&e->actions, &clone);
}
