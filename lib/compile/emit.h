/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMPILE_EMIT_H
#define COMPILE_EMIT_H 1

/* The words in which emitters write rules.
 *
 * An emitter is called for one owner.  It writes rules one after another:
 * emit_begin(), matches (match_*(): on the pipeline's fields by name, others
 * with OvS's match_set_*() on 'e->match'), actions (act_*()), emit_end(). */

#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/compiler.h"
#include "openvswitch/list.h"
#include "openvswitch/match.h"
#include "openvswitch/meta-flow.h"
#include "openvswitch/ofpbuf.h"
#include "pipeline.h"


struct emit {
    struct ovs_list *rules;         /* Gets struct rule by 'owner_node'. */
    uint64_t cookie;                /* Of the owner. */
    enum stage stage;
    uint16_t priority;
    struct match match;
    struct ofpbuf actions;
};

void emit_init(struct emit *, struct ovs_list *rules, uint64_t cookie);
void emit_uninit(struct emit *);

/* Begins a rule of 'priority' in 'stage' with an empty match and no actions
 * (which drops without counting). */
void emit_begin(struct emit *, enum stage stage, uint16_t priority);

/* Ends the rule: appends it to 'e->rules'. */
void emit_end(struct emit *);

/* Match on a pipeline field, as a whole or under 'mask' (of the field's
 * width). */
void match_field(struct emit *, enum pipeline_field_id, uint32_t value);
void match_field_masked(struct emit *, enum pipeline_field_id, uint32_t value,
                        uint32_t mask);

/* Matches a frame to or from wire address 'address' under 'mask', both as
 * integers of 48 bits (nethv/wire.h). */
void match_eth_src(struct emit *, uint64_t address, uint64_t mask);

void act_load(struct emit *, enum pipeline_field_id, uint32_t value);
void act_resubmit(struct emit *, enum stage);

/* Drops the frame for 'reason', counted in stage DROP. */
void act_drop(struct emit *, enum drop_reason reason);

/* Sends the frame out of OpenFlow port 'ofport', or of the one in a field. */
void act_output(struct emit *, uint32_t ofport);
void act_output_field(struct emit *, enum pipeline_field_id);

/* Sets a whole field of the frame to 'value', in network byte order, or to
 * what another field of the same width has. */
void act_set(struct emit *, enum mf_field_id, const void *value);
void act_move(struct emit *, enum mf_field_id from, enum mf_field_id to);

/* Appends actions in the syntax of ovs-actions(7); a "%" conversion is that of
 * printf().  FIELD_TEXT() names a pipeline field in it.  The text is the
 * compiler's own, so a syntax error is a bug. */
void act_text(struct emit *, const char *format, ...) OVS_PRINTF_FORMAT(2, 3);

#define FIELD_TEXT(ID) (pipeline_fields[FIELD_##ID].text)

/* Brackets the actions between them in clone(...): what they change is undone
 * behind it.  'act_clone_begin' returns what 'act_clone_end' needs. */
size_t act_clone_begin(struct emit *);

/* As act_clone_begin(), for actions that may lead to a meter: what that drops
 * is dropped of this copy alone.  Open vSwitch gives the datapath no clone
 * where it can take back the actions in it itself, and does not look into the
 * tables that they lead to.  An output that cuts the frame makes it; this one
 * goes nowhere, to the port 0 that frames of endpoints are made to come
 * from. */
size_t act_copy_begin(struct emit *);
void act_clone_end(struct emit *, size_t begin);

/* Returns the MAC address that the 48 bits of 'integer' stand for. */
struct eth_addr mac_from_integer(uint64_t integer);

#endif /* compile/emit.h */
