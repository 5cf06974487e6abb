/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRACE_H
#define TRACE_H 1

/* What hosts' rules do to a frame.
 *
 * A trace host holds an index of one host's rule set.  trace_run() lets a frame
 * in by an OpenFlow port of a host, runs it through that host's tables as Open
 * vSwitch would, hands each frame that leaves by a port to the caller's
 * trace_next, which says where that port leads, and goes on there until
 * nothing is under way.  trace-fabric.h has a trace_next for hosts joined by
 * tunnels.
 *
 * Faithful, because Open vSwitch's own code decides: classification, fields and
 * their prerequisites, learn, the turning of changes into packet
 * modifications and these themselves.  So a delivered frame is what the
 * userspace datapath would have sent, byte for byte.  Like there:
 *
 *   - output to the port a frame came in by is suppressed;
 *   - clone restores fields, registers, stack and action set;
 *   - what follows check_pkt_larger in its list of actions is translated for
 *     both answers (so its resubmits count and its learn actions learn twice),
 *     and the fields are restored after it;
 *   - decap() of NSH begins a new pass with limits of its own, which ends with
 *     the clone that it stands in; what would follow that clone, anywhere, is
 *     not executed, so decap() must be the last thing done with a frame;
 *   - a pass that goes beyond 4,096 resubmits or a depth of 64 (a resubmit to a
 *     later table does not deepen) sends nothing at all; one that goes beyond
 *     64 kB of datapath actions stops there (their size is an estimate).
 *
 * Where Open vSwitch (3.1 at least) loses track of a frame's headers and sends
 * garbage or aborts, it is an error when the frame is next looked at:
 *
 *   - after a clone that entered, by resubmit, a table that pushed or popped a
 *     header: it takes that back only if encap, decap or meter stands in the
 *     clone's own list;
 *   - after a clone or a check_pkt_larger at whose end a header was still to be
 *     pushed: encap with neither output, decap, another encap, controller nor
 *     clone with one of these three in its list after it;
 *   - at decap() of NSH while there is an action set.
 *
 * Not modelled: groups, conntrack, multipath, bundle, NORMAL, FLOOD and ALL,
 * conjunction, the exit action (each is an error when executed); timeouts of
 * learned rules; what Open vSwitch takes for itself before the tables (BFD,
 * LACP); meters never drop; frames have no checksum offload.
 *
 * Pure.  Not thread-safe.  The index is freed by RCU: a program without a poll
 * loop calls ovsrcu_quiesce() now and then. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/flow.h"
#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "openvswitch/types.h"

struct ds;
struct json;
struct rule_set;

#define TRACE_MAX_RESUBMITS 4096
#define TRACE_MAX_DEPTH 64
#define TRACE_MAX_ACTIONS UINT16_MAX    /* Bytes of datapath actions. */

struct trace_host;

/* Returns a new host called 'name' with an index of 'rules', whose rules must
 * stay until the next trace_host_set_rules() or trace_host_destroy(). */
struct trace_host *trace_host_create(const char *name,
                                     const struct rule_set *rules);
void trace_host_destroy(struct trace_host *);

const char *trace_host_name(const struct trace_host *);

/* Replaces the rules of the host by 'rules', and forgets what it learned. */
void trace_host_set_rules(struct trace_host *, const struct rule_set *rules);

/* Forgets all that learn actions have added, or returns how many rules of
 * theirs there are. */
void trace_host_forget(struct trace_host *);
size_t trace_host_n_learned(const struct trace_host *);

/* A frame that is about to enter a host.  'tunnel' is all zeros if it comes by
 * no tunnel; its 'metadata.tab' is ignored, option 0 has four bytes. */
struct trace_input {
    struct trace_host *host;
    ofp_port_t port;
    struct flow_tnl tunnel;
};

/* A frame that leaves 'host' by 'port'.  'tunnel' holds the tunnel's fields as
 * the rules left them; 'arrived' as it came. */
struct trace_output {
    const struct trace_host *host;
    ofp_port_t port;
    const struct flow_tnl *tunnel;
    const struct flow_tnl *arrived;
    const void *frame;
    size_t size;
};

enum trace_way {
    TRACE_DELIVERED,            /* To an endpoint: the end of the way. */
    TRACE_TO_HOST,              /* To '*in'. */
    TRACE_LOST                  /* Nowhere: '*why' says why. */
};

/* Says where 'out' leads.  Fills in '*in' for TRACE_TO_HOST.  For TRACE_LOST
 * may set '*why' to a malloc'd sentence, which the caller frees. */
typedef enum trace_way trace_next(void *aux, const struct trace_output *out,
                                  struct trace_input *in, char **why);

struct trace_options {
    trace_next *next;           /* NULL: every port delivers. */
    void *aux;                  /* Of 'next'. */
    bool steps;                 /* Keep the tree of steps? */
    unsigned int max_hosts;     /* A frame's visits, 0 for 64. */
    unsigned int max_frames;    /* Of the whole trace, 0 for 100,000. */
};

enum trace_step_kind {
    TRACE_STEP_ENTER,           /* A frame enters a host. */
    TRACE_STEP_TABLE,           /* A lookup: 'rule' is NULL on a miss. */
    TRACE_STEP_ACTION,
    TRACE_STEP_DETAIL,          /* What came of the action before. */
    TRACE_STEP_DELIVERED,       /* To the endpoint at 'port'. */
    TRACE_STEP_ERROR
};

struct trace_step {
    struct ovs_list node;       /* In 'subs' of its parent or of the trace. */
    struct ovs_list subs;       /* What follows from it. */
    enum trace_step_kind kind;
    char *host;
    uint8_t table;
    uint64_t cookie;            /* TRACE_STEP_TABLE: of the rule, or 0. */
    ofp_port_t port;            /* TRACE_STEP_DELIVERED. */
    char *text;
};

/* A frame that reached an endpoint's port. */
struct trace_delivery {
    char *host;
    ofp_port_t port;
    unsigned int n_hosts;       /* Hosts that it visited. */
    struct flow_tnl tunnel;     /* As the rules left it, without table. */
    size_t size;
    uint8_t *frame;
};

/* A frame that reached a rule in the pipeline's table of drops, or that left by
 * a port that leads nowhere ('reason' -1). */
struct trace_drop {
    char *host;
    int reason;                 /* enum drop_reason. */
    uint64_t cookie;
    char *text;
};

/* Something that leaves the tables sideways. */
enum trace_event_kind { TRACE_EVENT_CONTROLLER, TRACE_EVENT_METER };
struct trace_event {
    enum trace_event_kind kind;
    char *host;
    uint64_t cookie;            /* Of the rule. */
    uint32_t meter;             /* TRACE_EVENT_METER. */
    size_t userdata_size;       /* The rest for TRACE_EVENT_CONTROLLER. */
    uint8_t *userdata;
    size_t size;
    uint8_t *frame;
};

struct trace {
    struct ovs_list steps;      /* struct trace_step. */
    struct trace_delivery *deliveries;
    size_t n_deliveries, allocated_deliveries;
    struct trace_drop *drops;
    size_t n_drops, allocated_drops;
    struct trace_event *events;
    size_t n_events, allocated_events;
    char **errors;              /* Sentences. */
    size_t n_errors, allocated_errors;
    size_t n_frames;            /* Frames that entered hosts. */
};

/* Lets the 'size' bytes at 'frame' in at 'in' and follows all that comes of it.
 * Returns the trace, which the caller destroys. */
struct trace *trace_run(const struct trace_input *in,
                        const void *frame, size_t size,
                        const struct trace_options *);
void trace_destroy(struct trace *);

/* Appends the steps and the outcome to 's', for a person. */
void trace_format(const struct trace *, struct ds *s);

/* Returns all of it as JSON, which the caller destroys. */
struct json *trace_to_json(const struct trace *);

#endif /* trace.h */
