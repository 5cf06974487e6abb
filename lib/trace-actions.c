/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "trace-walk.h"

#include "dp-packet.h"
#include "learn.h"
#include "nx-match.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-util.h"
#include "packets.h"
#include "tun-metadata.h"
#include "util.h"

/* Executes 'a' in the list of actions that ends at 'end'.  Returns false if
 * the list ends with it. */
typedef bool action_function(struct walk *, const struct ofpact *a,
                             const struct ofpact *end);

/* Open vSwitch's functions also want to say which fields they looked at. */
static struct flow_wildcards *
scratch(struct flow_wildcards *wc)
{
    memset(wc, 0, sizeof *wc);
    return wc;
}

static void
send_to_controller(struct walk *w, const void *userdata, size_t size)
{
    struct trace_event *event;

    if (!walk_commit(w)) {
        return;
    }
    event = trace_add_event(w->trace);
    event->kind = TRACE_EVENT_CONTROLLER;
    event->host = xstrdup(trace_host_name(w->host));
    event->cookie = w->rule ? w->rule->cookie : 0;
    event->userdata_size = size;
    event->userdata = xmemdup(userdata, size);
    event->size = dp_packet_size(w->packet->packet);
    event->frame = xmemdup(dp_packet_data(w->packet->packet), event->size);
}

static void
send_out(struct walk *w, ofp_port_t port)
{
    switch (port) {
    case OFPP_IN_PORT:
        walk_output(w, w->flow.in_port.ofp_port);
        break;
    case OFPP_CONTROLLER:
        send_to_controller(w, NULL, 0);
        break;
    case OFPP_NONE:
        break;
    case OFPP_TABLE:
    case OFPP_NORMAL:
    case OFPP_FLOOD:
    case OFPP_ALL:
        walk_error(w, "output to reserved port %#"PRIx32" cannot be traced",
                   port);
        break;
    default:
        if (port == w->flow.in_port.ofp_port) {
            walk_detail(w, "skipping output to input port %"PRIu32, port);
        } else {
            walk_output(w, port);
        }
    }
}

static bool
do_output(struct walk *w, const struct ofpact *a, const struct ofpact *end)
{
    send_out(w, ofpact_get_OUTPUT(a)->port);
    return true;
}

/* Whole frames are traced: one that is cut can only be said to be. */
static bool
do_output_trunc(struct walk *w, const struct ofpact *a,
                const struct ofpact *end)
{
    send_out(w, ofpact_get_OUTPUT_TRUNC(a)->port);
    return true;
}

static bool
do_output_reg(struct walk *w, const struct ofpact *a, const struct ofpact *end)
{
    uint64_t port = mf_get_subfield(&ofpact_get_OUTPUT_REG(a)->src, &w->flow);

    if (port <= UINT16_MAX) {
        send_out(w, u16_to_ofp(port));
    } else {
        walk_error(w, "output port %"PRIu64" is out of range", port);
    }
    return true;
}

static bool
do_controller(struct walk *w, const struct ofpact *a, const struct ofpact *end)
{
    const struct ofpact_controller *c = ofpact_get_CONTROLLER(a);

    if (c->pause) {
        walk_error(w, "controller(pause) cannot be traced");
    } else {
        send_to_controller(w, c->userdata, c->userdata_len);
    }
    return true;
}

static bool
do_set_field(struct walk *w, const struct ofpact *a, const struct ofpact *end)
{
    const struct ofpact_set_field *sf = ofpact_get_SET_FIELD(a);
    struct flow_wildcards wc;

    if (mf_are_prereqs_ok(sf->field, &w->flow, scratch(&wc))) {
        mf_set_flow_value_masked(sf->field, sf->value,
                                 ofpact_set_field_mask(sf), &w->flow);
    } else {
        walk_detail(w, "ignored: the frame has no %s", sf->field->name);
    }
    return true;
}

static bool
do_reg_move(struct walk *w, const struct ofpact *a, const struct ofpact *end)
{
    const struct ofpact_reg_move *move = ofpact_get_REG_MOVE(a);
    struct flow_wildcards wc;

    mf_subfield_copy(&move->src, &move->dst, &w->flow, scratch(&wc));
    return true;
}

static bool
do_stack_push(struct walk *w, const struct ofpact *a, const struct ofpact *end)
{
    struct flow_wildcards wc;

    nxm_execute_stack_push(ofpact_get_STACK_PUSH(a), &w->flow, scratch(&wc),
                           &w->stack);
    return true;
}

static bool
do_stack_pop(struct walk *w, const struct ofpact *a, const struct ofpact *end)
{
    struct flow_wildcards wc;

    if (!nxm_execute_stack_pop(ofpact_get_STACK_POP(a), &w->flow, scratch(&wc),
                               &w->stack)) {
        walk_error(w, "pop from an empty stack");
    }
    return true;
}

static bool
do_delete_field(struct walk *w, const struct ofpact *a,
                const struct ofpact *end)
{
    tun_metadata_delete(&w->flow.tunnel, ofpact_get_DELETE_FIELD(a)->field);
    return true;
}

static bool
do_set_tunnel(struct walk *w, const struct ofpact *a, const struct ofpact *end)
{
    w->flow.tunnel.tun_id = htonll(ofpact_get_SET_TUNNEL(a)->tun_id);
    return true;
}

static bool
do_set_eth_src(struct walk *w, const struct ofpact *a,
               const struct ofpact *end)
{
    w->flow.dl_src = ofpact_get_SET_ETH_SRC(a)->mac;
    return true;
}

static bool
do_set_eth_dst(struct walk *w, const struct ofpact *a,
               const struct ofpact *end)
{
    w->flow.dl_dst = ofpact_get_SET_ETH_DST(a)->mac;
    return true;
}

static bool
do_push_vlan(struct walk *w, const struct ofpact *a, const struct ofpact *end)
{
    flow_push_vlan_uninit(&w->flow, NULL);
    w->flow.vlans[0].tpid = ofpact_get_PUSH_VLAN(a)->ethertype;
    w->flow.vlans[0].tci = htons(VLAN_CFI);
    return true;
}

static bool
do_strip_vlan(struct walk *w, const struct ofpact *a, const struct ofpact *end)
{
    flow_pop_vlan(&w->flow, NULL);
    return true;
}

/* Sets the bits of 'mask' of the outermost tag to 'bits', in host order. */
static void
set_vlan(struct walk *w, uint16_t mask, uint16_t bits, bool push_if_needed)
{
    union flow_vlan_hdr *vlan = &w->flow.vlans[0];

    if (vlan->tci & htons(VLAN_CFI) || push_if_needed) {
        if (!vlan->tpid) {
            vlan->tpid = htons(ETH_TYPE_VLAN);
        }
        vlan->tci &= ~htons(mask);
        vlan->tci |= htons(bits | VLAN_CFI);
    }
}

static bool
do_set_vlan_vid(struct walk *w, const struct ofpact *a,
                const struct ofpact *end)
{
    const struct ofpact_vlan_vid *vid = ofpact_get_SET_VLAN_VID(a);

    set_vlan(w, VLAN_VID_MASK, vid->vlan_vid, vid->push_vlan_if_needed);
    return true;
}

static bool
do_set_vlan_pcp(struct walk *w, const struct ofpact *a,
                const struct ofpact *end)
{
    const struct ofpact_vlan_pcp *pcp = ofpact_get_SET_VLAN_PCP(a);

    set_vlan(w, VLAN_PCP_MASK, pcp->vlan_pcp << VLAN_PCP_SHIFT,
             pcp->push_vlan_if_needed);
    return true;
}

static bool
do_dec_ttl(struct walk *w, const struct ofpact *a, const struct ofpact *end)
{
    if (!is_ip_any(&w->flow)) {
        return true;
    }
    if (w->flow.nw_ttl > 1) {
        w->flow.nw_ttl--;
        return true;
    }
    walk_detail(w, "time to live is over");
    return false;
}

static bool
do_resubmit(struct walk *w, const struct ofpact *a, const struct ofpact *end)
{
    const struct ofpact_resubmit *r = ofpact_get_RESUBMIT(a);
    ofp_port_t in_port = r->in_port;

    if (r->with_ct_orig) {
        walk_error(w, "resubmit(ct) cannot be traced");
        return true;
    }
    if (in_port == OFPP_IN_PORT) {
        in_port = w->flow.in_port.ofp_port;
    }
    walk_table(w, in_port, r->table_id == 255 ? w->table : r->table_id);
    return true;
}

static bool
do_goto_table(struct walk *w, const struct ofpact *a, const struct ofpact *end)
{
    walk_table(w, w->flow.in_port.ofp_port,
               ofpact_get_GOTO_TABLE(a)->table_id);
    return true;
}

static bool
do_clone(struct walk *w, const struct ofpact *a, const struct ofpact *end)
{
    const struct ofpact_nest *nest = ofpact_get_CLONE(a);

    walk_clone(w, nest->actions, ofpact_nest_get_action_len(nest));
    return true;
}

static bool
do_check_pkt_larger(struct walk *w, const struct ofpact *a,
                    const struct ofpact *end)
{
    const struct ofpact_check_pkt_larger *c = ofpact_get_CHECK_PKT_LARGER(a);
    const struct ofpact *rest = ofpact_next(a);
    size_t len = (const uint8_t *) end - (const uint8_t *) rest;
    size_t size;
    bool larger;

    if (!walk_commit(w)) {
        return false;
    }
    size = dp_packet_size(w->packet->packet);
    larger = size > c->pkt_len;
    walk_detail(w, "%"PRIuSIZE" bytes: %s", size, larger ? "larger" : "fits");
    walk_branches(w, rest, len, &c->dst, larger);
    return false;
}

static bool
do_learn(struct walk *w, const struct ofpact *a, const struct ofpact *end)
{
    const struct ofpact_learn *learn = ofpact_get_LEARN(a);
    uint64_t stub[1024 / 8];
    struct ofpbuf ofpacts = OFPBUF_STUB_INITIALIZER(stub);
    struct ofputil_flow_mod fm;
    bool learned;

    learn_execute(learn, &w->flow, &fm, &ofpacts);
    learned = trace_host_learn(w->host, &fm, learn->limit);
    if (learn->flags & NX_LEARN_F_WRITE_RESULT) {
        struct flow_wildcards wc;

        nxm_reg_load(&learn->result_dst, learned, &w->flow, scratch(&wc));
    }
    if (!learned) {
        walk_detail(w, "limit of %"PRIu32" learned rules reached",
                    learn->limit);
    }
    minimatch_destroy(&fm.match);
    ofpbuf_uninit(&ofpacts);
    return true;
}

static bool
do_nothing(struct walk *w, const struct ofpact *a, const struct ofpact *end)
{
    return true;
}

static bool
do_meter(struct walk *w, const struct ofpact *a, const struct ofpact *end)
{
    struct trace_event *event = trace_add_event(w->trace);

    event->kind = TRACE_EVENT_METER;
    event->host = xstrdup(trace_host_name(w->host));
    event->cookie = w->rule ? w->rule->cookie : 0;
    event->meter = ofpact_get_METER(a)->meter_id;
    return true;
}

static bool
do_clear_actions(struct walk *w, const struct ofpact *a,
                 const struct ofpact *end)
{
    ofpbuf_clear(&w->action_set);
    w->flow.actset_output = OFPP_UNSET;
    return true;
}

static bool
do_write_actions(struct walk *w, const struct ofpact *a,
                 const struct ofpact *end)
{
    const struct ofpact_nest *nest = ofpact_get_WRITE_ACTIONS(a);
    size_t len = ofpact_nest_get_action_len(nest);
    const struct ofpact *b;

    OFPACT_FOR_EACH (b, nest->actions, len) {
        if (b->type == OFPACT_OUTPUT) {
            w->flow.actset_output = ofpact_get_OUTPUT(b)->port;
        }
    }
    ofpbuf_put(&w->action_set, nest->actions, len);
    return true;
}

static bool
do_write_metadata(struct walk *w, const struct ofpact *a,
                  const struct ofpact *end)
{
    const struct ofpact_metadata *md = ofpact_get_WRITE_METADATA(a);

    w->flow.metadata &= ~md->mask;
    w->flow.metadata |= md->metadata & md->mask;
    return true;
}

static bool
do_encap(struct walk *w, const struct ofpact *a, const struct ofpact *end)
{
    return walk_encap(w, ofpact_get_ENCAP(a));
}

static bool
do_decap(struct walk *w, const struct ofpact *a, const struct ofpact *end)
{
    return walk_decap(w);
}

/* What is not here is an error when it is executed. */
static action_function *const functions[] = {
    [OFPACT_OUTPUT] = do_output,
    [OFPACT_OUTPUT_REG] = do_output_reg,
    [OFPACT_OUTPUT_TRUNC] = do_output_trunc,
    [OFPACT_CONTROLLER] = do_controller,
    [OFPACT_SET_FIELD] = do_set_field,
    [OFPACT_REG_MOVE] = do_reg_move,
    [OFPACT_STACK_PUSH] = do_stack_push,
    [OFPACT_STACK_POP] = do_stack_pop,
    [OFPACT_DELETE_FIELD] = do_delete_field,
    [OFPACT_SET_TUNNEL] = do_set_tunnel,
    [OFPACT_SET_ETH_SRC] = do_set_eth_src,
    [OFPACT_SET_ETH_DST] = do_set_eth_dst,
    [OFPACT_PUSH_VLAN] = do_push_vlan,
    [OFPACT_STRIP_VLAN] = do_strip_vlan,
    [OFPACT_SET_VLAN_VID] = do_set_vlan_vid,
    [OFPACT_SET_VLAN_PCP] = do_set_vlan_pcp,
    [OFPACT_DEC_TTL] = do_dec_ttl,
    [OFPACT_RESUBMIT] = do_resubmit,
    [OFPACT_GOTO_TABLE] = do_goto_table,
    [OFPACT_CLONE] = do_clone,
    [OFPACT_CHECK_PKT_LARGER] = do_check_pkt_larger,
    [OFPACT_LEARN] = do_learn,
    [OFPACT_NOTE] = do_nothing,
    [OFPACT_SET_QUEUE] = do_nothing,
    [OFPACT_POP_QUEUE] = do_nothing,
    [OFPACT_FIN_TIMEOUT] = do_nothing,
    [OFPACT_METER] = do_meter,
    [OFPACT_CLEAR_ACTIONS] = do_clear_actions,
    [OFPACT_WRITE_ACTIONS] = do_write_actions,
    [OFPACT_WRITE_METADATA] = do_write_metadata,
    [OFPACT_ENCAP] = do_encap,
    [OFPACT_DECAP] = do_decap,
};

static void
tell_action(struct walk *w, const struct ofpact *a)
{
    if (w->steps) {
        struct ds s = DS_EMPTY_INITIALIZER;
        struct ofpact_format_params fp = { .s = &s };

        ofpacts_format(a, OFPACT_ALIGN(a->len), &fp);
        walk_step(w, TRACE_STEP_ACTION, ds_steal_cstr(&s));
    }
}

void
walk_actions(struct walk *w, const struct ofpact *ofpacts, size_t len)
{
    const struct ofpact *end = ofpact_end(ofpacts, len);
    const struct ofpact *a;

    OFPACT_FOR_EACH (a, ofpacts, len) {
        action_function *function;

        if (w->failed || w->exit) {
            break;
        }
        tell_action(w, a);
        function = a->type < ARRAY_SIZE(functions) ? functions[a->type] : NULL;
        if (!function) {
            walk_error(w, "action %s cannot be traced", ofpact_name(a->type));
        } else if (!function(w, a, end)) {
            break;
        }
    }
}

void
walk_action_set(struct walk *w)
{
    uint64_t stub[1024 / 8];
    struct ofpbuf list = OFPBUF_STUB_INITIALIZER(stub);

    ofpacts_execute_action_set(&list, &w->action_set);
    ofpbuf_clear(&w->action_set);
    walk_actions(w, list.data, list.size);
    ofpbuf_uninit(&list);
}
