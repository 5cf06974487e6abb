/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRACE_WALK_H
#define TRACE_WALK_H 1

/* The inside of trace.h: a frame on its walk through one host's tables.
 *
 * trace-host.c finds rules, trace-walk.c moves from table to table, keeps the
 * limits and turns changes of fields into changes of bytes, trace-actions.c
 * executes actions (trace-encap.c and trace-clone.c the longer ones), trace.c
 * leads frames from host to host.
 *
 * 'flow' is the frame as the rules see it, 'base' the frame as 'packet' has it;
 * walk_commit() brings 'packet' up to date, as Open vSwitch's translation
 * emits datapath actions only when somebody is about to look. */

#include "openvswitch/flow.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofpbuf.h"
#include "rule.h"
#include "trace.h"

struct dp_packet;
struct ofputil_flow_mod;

/* A packet that several outputs share. */
struct walk_packet {
    struct dp_packet *packet;
    unsigned int n_refs;
};

struct walk_packet *walk_packet_create(const void *frame, size_t size);
struct walk_packet *walk_packet_ref(struct walk_packet *);
void walk_packet_unref(struct walk_packet *);

/* A frame that leaves once the pass has succeeded. */
struct walk_output {
    ofp_port_t port;
    struct flow_tnl tunnel;
    struct walk_packet *packet;
    struct ovs_list *steps;     /* Where what follows is told, or NULL. */
};

/* What a pass begun by decap() takes back when it ends. */
struct walk_pass {
    size_t n_outputs;           /* Those before the pass. */
    size_t n_events;
    uint64_t version;
    unsigned int resubmits;
    size_t actions_size;
    bool leaked;
};

struct walk {
    struct trace *trace;
    struct trace_host *host;
    struct ovs_list *steps;     /* Where steps go, NULL for nowhere. */

    struct flow flow;
    struct flow base;
    struct flow_tnl arrived;
    struct walk_packet *packet;
    bool pending_encap, pending_decap;
    struct ofpbuf *encap_data;
    unsigned int n_headers;     /* Headers pushed and popped. */
    bool tangled;               /* A clone has forgotten some of them. */
    bool leaked;                /* One was still pending at a clone's end. */
    struct ofpbuf stack;
    struct ofpbuf action_set;

    uint64_t version;           /* Of the host's rules. */
    uint8_t table;
    const struct rule *rule;    /* NULL after a miss. */
    unsigned int depth;
    unsigned int resubmits;
    size_t actions_size;        /* Estimate. */
    bool exit;                  /* Stop, keep what was done. */
    bool failed;                /* Stop, the pass sends nothing. */

    struct walk_pass *passes;
    size_t n_passes, allocated_passes;
    struct walk_output *outputs;
    size_t n_outputs, allocated_outputs;
};

void walk_init(struct walk *, struct trace *, const struct trace_input *,
               struct walk_packet *, struct ovs_list *steps);
void walk_uninit(struct walk *);

/* Runs the frame through the tables from table 0; leaves the outputs. */
void walk_run(struct walk *);

/* Looks 'in_port' and the fields up in 'table' and executes what is found. */
void walk_table(struct walk *, ofp_port_t in_port, uint8_t table);

/* Executes 'ofpacts' as clone does. */
void walk_clone(struct walk *, const struct ofpact *ofpacts, size_t len);

/* Executes 'ofpacts' with 1 and with 0 in 'answer', as check_pkt_larger does;
 * sends only what comes of 'value'. */
void walk_branches(struct walk *, const struct ofpact *ofpacts, size_t len,
                   const struct mf_subfield *answer, bool value);

/* Brings 'packet' up to date with 'flow'.  Returns false, with the walk at its
 * end, if Open vSwitch would not send the frame that the rules mean. */
bool walk_commit(struct walk *);

/* Sends the frame out of 'port', whatever port it came in by. */
void walk_output(struct walk *, ofp_port_t port);

/* Push and pop headers.  Return false if the list of actions ends there. */
bool walk_encap(struct walk *, const struct ofpact_encap *);
bool walk_decap(struct walk *);

/* Begins a pass: 'packet' is read anew, registers and the like are kept; ends
 * the one that was begun last. */
void walk_thaw(struct walk *);
void walk_end_pass(struct walk *);

/* Forgets all outputs but the first 'n'. */
void walk_truncate_outputs(struct walk *, size_t n);

/* Executes a list of actions and what ends a list's scope: its action set and
 * the passes begun in it (trace-actions.c). */
void walk_actions(struct walk *, const struct ofpact *, size_t len);
void walk_action_set(struct walk *);

/* Tell a step.  walk_fail() also ends the pass. */
struct trace_step *walk_step(struct walk *, enum trace_step_kind, char *text);
void walk_detail(struct walk *, const char *format, ...)
    OVS_PRINTF_FORMAT(2, 3);
void walk_error(struct walk *, const char *format, ...)
    OVS_PRINTF_FORMAT(2, 3);
void walk_fail(struct walk *, const char *format, ...)
    OVS_PRINTF_FORMAT(2, 3);

struct trace_step *trace_step_create(struct ovs_list *parent,
                                     enum trace_step_kind, const char *host,
                                     char *text);

/* Return a new element at the end, zeroed. */
struct trace_drop *trace_add_drop(struct trace *);
struct trace_event *trace_add_event(struct trace *);
void trace_add_error(struct trace *, char *text);
void trace_truncate_events(struct trace *, size_t n);
void trace_truncate_drops(struct trace *, size_t n);

/* Returns the rule that 'flow' meets in 'table' of 'host', or NULL.  Rules
 * learned after 'version' do not count: a pass does not see what it learns. */
const struct rule *trace_host_lookup(const struct trace_host *,
                                     uint64_t version, uint8_t table,
                                     const struct flow *flow);
uint64_t trace_host_version(const struct trace_host *);

/* Does what the switch does with a flow_mod of a learn action with 'limit'.
 * Returns false if the limit forbids it. */
bool trace_host_learn(struct trace_host *, const struct ofputil_flow_mod *,
                      uint32_t limit);

/* The option table of tunnel metadata. */
const struct tun_table *trace_host_options(const struct trace_host *);

#endif /* trace-walk.h */
