/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "trace-walk.h"

#include <stdarg.h>

#include "dp-packet.h"
#include "odp-execute.h"
#include "odp-util.h"
#include "openvswitch/dynamic-string.h"
#include "packets.h"
#include "pipeline.h"
#include "util.h"

/* Bytes of datapath actions: an output, and the setting of a tunnel's
 * fields. */
#define OUTPUT_SIZE 8
#define TUNNEL_SIZE 52

/* For the headers of a whole frame; aligns the IP header. */
#define HEADROOM 130

struct walk_packet *
walk_packet_create(const void *frame, size_t size)
{
    struct walk_packet *packet = xmalloc(sizeof *packet);

    packet->packet = dp_packet_clone_data_with_headroom(frame, size, HEADROOM);
    packet->n_refs = 1;
    return packet;
}

struct walk_packet *
walk_packet_ref(struct walk_packet *packet)
{
    packet->n_refs++;
    return packet;
}

void
walk_packet_unref(struct walk_packet *packet)
{
    if (!--packet->n_refs) {
        dp_packet_delete(packet->packet);
        free(packet);
    }
}

/* Makes 'packet' one that only this walk has. */
static void
own_packet(struct walk *w)
{
    if (w->packet->n_refs > 1) {
        struct walk_packet *copy = xmalloc(sizeof *copy);

        copy->packet = dp_packet_clone_with_headroom(w->packet->packet,
                                                     HEADROOM);
        copy->n_refs = 1;
        walk_packet_unref(w->packet);
        w->packet = copy;
    }
}

/* Reads the fields of 'packet' into 'flow'; metadata are zero. */
static void
extract(struct walk *w)
{
    own_packet(w);
    pkt_metadata_init(&w->packet->packet->md, ODPP_NONE);
    flow_extract(w->packet->packet, &w->flow);
    w->flow.tunnel.metadata.tab = trace_host_options(w->host);
    w->flow.actset_output = OFPP_UNSET;
}

/* Open vSwitch's datapaths keep no tunnel fields over an output. */
static void
begin_base(struct walk *w)
{
    w->base = w->flow;
    memset(&w->base.tunnel, 0, sizeof w->base.tunnel);
}

void
walk_init(struct walk *w, struct trace *trace, const struct trace_input *in,
          struct walk_packet *packet, struct ovs_list *steps)
{
    memset(w, 0, sizeof *w);
    w->trace = trace;
    w->host = in->host;
    w->version = trace_host_version(in->host);
    w->steps = steps;
    w->packet = walk_packet_ref(packet);
    extract(w);
    w->arrived = in->tunnel;
    w->arrived.metadata.tab = trace_host_options(in->host);
    w->flow.tunnel = w->arrived;
    w->flow.in_port.ofp_port = in->port;
    begin_base(w);
    ofpbuf_init(&w->stack, 0);
    ofpbuf_init(&w->action_set, 0);
}

void
walk_uninit(struct walk *w)
{
    for (size_t i = 0; i < w->n_outputs; i++) {
        walk_packet_unref(w->outputs[i].packet);
    }
    free(w->outputs);
    free(w->passes);
    walk_packet_unref(w->packet);
    ofpbuf_delete(w->encap_data);
    ofpbuf_uninit(&w->stack);
    ofpbuf_uninit(&w->action_set);
}

struct trace_step *
trace_step_create(struct ovs_list *parent, enum trace_step_kind kind,
                  const char *host, char *text)
{
    struct trace_step *step = xzalloc(sizeof *step);

    ovs_list_push_back(parent, &step->node);
    ovs_list_init(&step->subs);
    step->kind = kind;
    step->host = xstrdup(host);
    step->text = text;
    return step;
}

/* Takes 'text' over.  Returns NULL if nobody wants steps. */
struct trace_step *
walk_step(struct walk *w, enum trace_step_kind kind, char *text)
{
    struct trace_step *step;

    if (!w->steps) {
        free(text);
        return NULL;
    }
    step = trace_step_create(w->steps, kind, trace_host_name(w->host), text);
    step->table = w->table;
    return step;
}

void
walk_detail(struct walk *w, const char *format, ...)
{
    if (w->steps) {
        va_list args;

        va_start(args, format);
        walk_step(w, TRACE_STEP_DETAIL, xvasprintf(format, args));
        va_end(args);
    }
}

static void
tell_error(struct walk *w, char *text)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    ds_put_format(&s, "%s, table %d", trace_host_name(w->host), w->table);
    if (pipeline_stage_name(w->table)) {
        ds_put_format(&s, " (%s)", pipeline_stage_name(w->table));
    }
    ds_put_format(&s, ": %s", text);
    trace_add_error(w->trace, ds_steal_cstr(&s));
    walk_step(w, TRACE_STEP_ERROR, text);
}

void
walk_error(struct walk *w, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    tell_error(w, xvasprintf(format, args));
    va_end(args);
}

void
walk_fail(struct walk *w, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    tell_error(w, xvasprintf(format, args));
    va_end(args);
    w->failed = true;
}

static void
execute(struct walk *w, const struct ofpbuf *actions)
{
    struct dp_packet_batch batch;

    own_packet(w);
    odp_execute_init();
    dp_packet_batch_init_packet(&batch, w->packet->packet);
    odp_execute_actions(NULL, &batch, false, actions->data, actions->size,
                        NULL);
}

bool
walk_commit(struct walk *w)
{
    uint64_t stub[1024 / 8];
    struct ofpbuf actions = OFPBUF_STUB_INITIALIZER(stub);
    struct flow_wildcards wc;

    if (w->tangled || w->leaked) {
        walk_error(w, "a clone before this pushed or popped a header that "
                   "Open vSwitch does not take back, so that the frame is "
                   "mutilated (see trace.h)");
        w->exit = true;
        return false;
    }

    /* The masks say which bits may have changed: any. */
    memset(&wc, 0xff, sizeof wc);
    commit_odp_actions(&w->flow, &w->base, &actions, &wc, true,
                       w->pending_encap, w->pending_decap, w->encap_data);
    w->pending_encap = w->pending_decap = false;
    ofpbuf_delete(w->encap_data);
    w->encap_data = NULL;
    if (actions.size) {
        w->actions_size += actions.size;
        execute(w, &actions);
    }
    ofpbuf_uninit(&actions);
    return true;
}

void
walk_output(struct walk *w, ofp_port_t port)
{
    struct walk_output *output;

    if (w->flow.packet_type != htonl(PT_ETH)) {
        walk_error(w, "a frame without Ethernet header cannot leave by port "
                   "%"PRIu32": encap(ethernet) must come first", port);
        return;
    }
    if (!walk_commit(w)) {
        return;
    }
    w->actions_size += OUTPUT_SIZE;
    if (flow_tnl_dst_is_set(&w->flow.tunnel)) {
        w->actions_size += TUNNEL_SIZE;
    }

    if (w->n_outputs >= w->allocated_outputs) {
        w->outputs = x2nrealloc(w->outputs, &w->allocated_outputs,
                                sizeof *w->outputs);
    }
    output = &w->outputs[w->n_outputs++];
    output->port = port;
    output->tunnel = w->flow.tunnel;
    output->packet = walk_packet_ref(w->packet);
    output->steps = NULL;
    if (w->steps) {
        struct trace_step *step = walk_step(
            w, TRACE_STEP_DETAIL, xasprintf("leaves by port %"PRIu32, port));
        output->steps = &step->subs;
    }
}

void
walk_truncate_outputs(struct walk *w, size_t n)
{
    while (w->n_outputs > n) {
        walk_packet_unref(w->outputs[--w->n_outputs].packet);
    }
}

void
walk_thaw(struct walk *w)
{
    struct flow old = w->flow;
    struct walk_pass *pass;

    if (w->n_passes >= w->allocated_passes) {
        w->passes = x2nrealloc(w->passes, &w->allocated_passes,
                               sizeof *w->passes);
    }
    pass = &w->passes[w->n_passes++];
    pass->n_outputs = w->n_outputs;
    pass->n_events = w->trace->n_events;
    pass->version = w->version;
    pass->resubmits = w->resubmits;
    pass->actions_size = w->actions_size;
    pass->leaked = w->leaked;
    w->version = trace_host_version(w->host);
    w->resubmits = w->depth = w->actions_size = 0;

    extract(w);
    w->flow.tunnel = old.tunnel;
    w->flow.metadata = old.metadata;
    memcpy(w->flow.regs, old.regs, sizeof w->flow.regs);
    w->flow.in_port = old.in_port;
    w->flow.actset_output = old.actset_output;
    w->flow.skb_priority = old.skb_priority;
    w->flow.pkt_mark = old.pkt_mark;
    begin_base(w);
}

/* Open vSwitch executes nothing after the scope in which the pass began. */
void
walk_end_pass(struct walk *w)
{
    const struct walk_pass *pass = &w->passes[--w->n_passes];

    if (w->failed) {
        walk_truncate_outputs(w, pass->n_outputs);
        trace_truncate_events(w->trace, pass->n_events);
        w->failed = false;
    }
    w->version = pass->version;
    w->resubmits = pass->resubmits;
    w->actions_size = pass->actions_size;
    w->exit = true;
    w->leaked = pass->leaked;
}

/* Returns whether another lookup is allowed. */
static bool
check_limits(struct walk *w)
{
    if (w->depth >= TRACE_MAX_DEPTH) {
        walk_fail(w, "over %d nested resubmits: Open vSwitch drops the packet",
                  TRACE_MAX_DEPTH);
    } else if (w->resubmits >= TRACE_MAX_RESUBMITS) {
        walk_fail(w, "over %d resubmits: Open vSwitch drops the packet",
                  TRACE_MAX_RESUBMITS);
    } else if (w->actions_size > TRACE_MAX_ACTIONS) {
        walk_error(w, "about %"PRIuSIZE" bytes of datapath actions, over %d: "
                   "Open vSwitch stops here", w->actions_size,
                   TRACE_MAX_ACTIONS);
        w->exit = true;
    } else {
        return true;
    }
    return false;
}

static const struct rule *
lookup(struct walk *w, ofp_port_t in_port, uint8_t table)
{
    ovs_be16 tp_src = w->flow.tp_src;
    ovs_be16 tp_dst = w->flow.tp_dst;
    ofp_port_t old_in_port = w->flow.in_port.ofp_port;
    const struct rule *rule;

    /* The default handling of fragments: they have no transport ports. */
    if (w->flow.nw_frag & FLOW_NW_FRAG_ANY) {
        w->flow.tp_src = w->flow.tp_dst = 0;
    }
    w->flow.in_port.ofp_port = in_port;
    rule = trace_host_lookup(w->host, w->version, table, &w->flow);
    w->flow.in_port.ofp_port = old_in_port;
    w->flow.tp_src = tp_src;
    w->flow.tp_dst = tp_dst;
    return rule;
}

static uint32_t
read_field(const struct walk *w, enum pipeline_field_id id)
{
    const struct pipeline_field *f = &pipeline_fields[id];
    uint64_t bits = w->flow.regs[f->reg] >> f->ofs;

    return bits & ((UINT64_C(1) << f->n_bits) - 1);
}

static void
note_drop(struct walk *w)
{
    uint32_t reason = read_field(w, FIELD_REASON);
    struct trace_drop *drop = trace_add_drop(w->trace);

    drop->host = xstrdup(trace_host_name(w->host));
    drop->reason = reason < DROP_N_REASONS ? reason : -1;
    drop->cookie = w->rule->cookie;
    drop->text = xstrdup(drop->reason >= 0 ? pipeline_reason_meaning(reason)
                                           : "has a reason nobody knows");
}

/* Tells of the lookup just done.  Returns where what follows is told. */
static struct ovs_list *
tell_table(struct walk *w)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    struct trace_step *step;

    if (!w->steps) {
        return NULL;
    }
    if (w->rule) {
        rule_format(w->rule, &s);
    } else {
        ds_put_cstr(&s, "no match");
    }
    step = walk_step(w, TRACE_STEP_TABLE, ds_steal_cstr(&s));
    step->cookie = w->rule ? w->rule->cookie : 0;
    return &step->subs;
}

/* Executes 'rule', found in 'table', in place of the current one. */
static void
enter(struct walk *w, uint8_t table, const struct rule *rule)
{
    uint8_t old_table = w->table;
    const struct rule *old_rule = w->rule;
    struct ovs_list *old_steps = w->steps;

    w->table = table;
    w->rule = rule;
    w->steps = tell_table(w);
    if (rule) {
        if (table == STAGE_DROP) {
            note_drop(w);
        }
        walk_actions(w, rule->ofpacts, rule->ofpacts_len);
    }
    w->steps = old_steps;
    w->rule = old_rule;
    w->table = old_table;
}

void
walk_table(struct walk *w, ofp_port_t in_port, uint8_t table)
{
    bool deepens = table <= w->table;
    size_t n_passes = w->n_passes;

    if (!check_limits(w)) {
        return;
    }
    w->resubmits++;
    w->depth += deepens;
    enter(w, table, lookup(w, in_port, table));
    if (w->n_passes == n_passes) {
        /* Otherwise a pass has begun, and with it the count from 0. */
        w->depth -= deepens;
    }
}

void
walk_run(struct walk *w)
{
    size_t n_events = w->trace->n_events;

    enter(w, 0, lookup(w, w->flow.in_port.ofp_port, 0));
    if (!w->failed) {
        walk_action_set(w);
    }
    while (w->n_passes) {
        walk_end_pass(w);
    }
    if (w->failed) {
        walk_truncate_outputs(w, 0);
        trace_truncate_events(w->trace, n_events);
    }
}
