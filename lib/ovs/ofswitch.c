/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovs/ofswitch.h"

#include <errno.h>
#include <stdlib.h>

#include "compile/compile.h"
#include "dp-packet.h"
#include "openvswitch/list.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofp-errors.h"
#include "openvswitch/ofp-meter.h"
#include "openvswitch/ofp-msgs.h"
#include "openvswitch/ofp-packet.h"
#include "openvswitch/ofp-print.h"
#include "openvswitch/ofp-util.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/rconn.h"
#include "openvswitch/vconn.h"
#include "openvswitch/vlog.h"
#include "ovs/ofepoch.h"
#include "ovs/ofmirror.h"
#include "ovs/ofmsg.h"
#include "ovs/ofports.h"
#include "ovs/ofstamps.h"
#include "rule.h"
#include "socket-util.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(ofswitch);

/* Attempts to connect are this far apart: ovs-vswitchd's restart must not be
 * felt for longer than it takes. */
#define RECONNECT_MS 100

/* After a refusal everything is compared and tried again this much later. */
#define RETRY_MS 60000

#define MESSAGES_PER_RUN 200

/* States.  A state asks the switch something when it is entered and is left
 * with the answer; the one below is next. */
#define STATES                                                                \
    /* No connection. */                                                      \
    STATE(OFFLINE, "connecting", enter_offline, recv_nothing)                 \
    /* Connected; the caller's set is not complete yet. */                    \
    STATE(HELD, "waiting for the first rules", enter_held, recv_nothing)      \
    /* Asked which Geneve options are mapped. */                              \
    STATE(OPTIONS, "reading options", enter_options, recv_options)            \
    /* Asked which meters there are. */                                       \
    STATE(METERS, "reading meters", enter_meters, recv_meters)                \
    /* Asked which flows there are. */                                        \
    STATE(FLOWS, "reading flows", enter_flows, recv_flows)                    \
    /* The switch has been sent all it lacks; updates go as they come. */     \
    STATE(CURRENT, "following", enter_current, recv_nothing)

enum state {
#define STATE(ENUM, NAME, ENTER, RECV) S_##ENUM,
    STATES
#undef STATE
};

struct ofswitch {
    char *target;
    const struct rule_set *wanted;
    struct ofswitch_callbacks callbacks;
    void *aux;

    struct rconn *rconn;
    long long int connect_at;       /* Time of the next attempt. */

    enum state state;
    ovs_be32 xid;                   /* Of the question of this state. */
    bool ready;                     /* 'wanted' is complete. */
    bool one_by_one;                /* A bundle has been refused. */
    long long int retry_at;         /* When to compare again, or LLONG_MAX. */

    struct ofmirror mirror;         /* Filled in FLOWS. */
    bool userspace;                 /* Changes of flows begin epochs. */
    int epoch;                      /* Of the switch's flows. */
    struct ofmeters have_meters;    /* Of the switch. */
    struct ofmeters want_meters;
    uint32_t next_bundle;

    struct ofstamps stamps;

    bool polling;                   /* A poll is open, with 'poll_xid'. */
    ovs_be32 poll_xid;

    struct ofports ports;           /* As of this connection. */

    struct ofswitch_stats stats;
};

typedef void enter_func(struct ofswitch *);
typedef void recv_func(struct ofswitch *, enum ofptype,
                       const struct ofp_header *);

static enter_func enter_offline, enter_held, enter_options, enter_meters,
    enter_flows, enter_current;
static recv_func recv_nothing, recv_options, recv_meters, recv_flows;

static const struct {
    const char *name;
    enter_func *enter;
    recv_func *recv;
} states[] = {
#define STATE(ENUM, NAME, ENTER, RECV) [S_##ENUM] = { NAME, ENTER, RECV },
    STATES
#undef STATE
};

struct ofswitch *
ofswitch_create(const char *target, const struct rule_set *wanted,
                const struct ofswitch_callbacks *callbacks, void *aux)
{
    struct ofswitch *sw = xzalloc(sizeof *sw);

    sw->target = xstrdup(target);
    sw->wanted = wanted;
    sw->callbacks = *callbacks;
    sw->aux = aux;
    sw->rconn = rconn_create(0, 0, DSCP_DEFAULT, 1u << OFP15_VERSION);
    sw->connect_at = LLONG_MIN;
    sw->state = S_OFFLINE;
    sw->retry_at = LLONG_MAX;
    sw->epoch = OFEPOCH_NONE;
    ofmirror_init(&sw->mirror);
    ofstamps_init(&sw->stamps);
    ofports_init(&sw->ports);
    return sw;
}

void
ofswitch_destroy(struct ofswitch *sw)
{
    if (sw) {
        rconn_destroy(sw->rconn);
        ofmirror_destroy(&sw->mirror);
        ofstamps_forget(&sw->stamps);
        ofports_destroy(&sw->ports);
        free(sw->have_meters.meters);
        free(sw->want_meters.meters);
        free(sw->stats.last_error);
        free(sw->target);
        free(sw);
    }
}

static void
enter(struct ofswitch *sw, enum state state)
{
    if (sw->state != state) {
        VLOG_DBG("%s: %s", sw->target, states[state].name);
    }
    sw->state = state;
    states[state].enter(sw);
}

static void
transmit(struct ofswitch *sw, struct ofpbuf *msg)
{
    rconn_send(sw->rconn, msg, NULL);
}

static void
transmit_list(struct ofswitch *sw, struct ovs_list *msgs)
{
    struct ofpbuf *msg;

    LIST_FOR_EACH_POP (msg, list_node, msgs) {
        transmit(sw, msg);
    }
}

/* Sends a question whose answer leads out of the state. */
static void
ask(struct ofswitch *sw, struct ofpbuf *msg)
{
    const struct ofp_header *oh = msg->data;

    sw->xid = oh->xid;
    transmit(sw, msg);
}

static void
enter_offline(struct ofswitch *sw)
{
    ofstamps_forget(&sw->stamps);
    ofports_clear(&sw->ports);
    sw->polling = false;
    sw->one_by_one = false;
}

/* Asks for packet-ins, whole and with the userdata of the rule, and for what
 * becomes of ports; then how those are now. */
static void
enter_held(struct ofswitch *sw)
{
    transmit(sw, ofmsg_want_packets());
    transmit(sw, ofputil_encode_set_packet_in_format(OFP15_VERSION,
                                                 OFPUTIL_PACKET_IN_NXT2));
    transmit(sw, ofports_request());
    if (sw->ready) {
        enter(sw, S_OPTIONS);
    }
}

static void
recv_nothing(struct ofswitch *sw OVS_UNUSED, enum ofptype type OVS_UNUSED,
             const struct ofp_header *oh OVS_UNUSED)
{
}

static void
enter_options(struct ofswitch *sw)
{
    ask(sw, ofpraw_alloc(OFPRAW_NXT_TLV_TABLE_REQUEST, OFP15_VERSION, 0));
}

static void
recv_options(struct ofswitch *sw, enum ofptype type,
             const struct ofp_header *oh)
{
    if (type == OFPTYPE_NXT_TLV_TABLE_REPLY && !ofmsg_maps_option(oh)) {
        transmit(sw, ofmsg_map_option());
    }
    enter(sw, S_METERS);
}

static void
enter_meters(struct ofswitch *sw)
{
    ofmeters_set(&sw->have_meters, NULL, 0);
    ask(sw, ofputil_encode_meter_request(OFP15_VERSION, OFPUTIL_METER_CONFIG,
                                         OFPM13_ALL));
}

static void
recv_meters(struct ofswitch *sw, enum ofptype type,
            const struct ofp_header *oh)
{
    if (type == OFPTYPE_METER_CONFIG_STATS_REPLY) {
        ofmeters_add_reply(&sw->have_meters, oh);
        if (ofpmp_more(oh)) {
            return;
        }
    }
    enter(sw, S_FLOWS);
}

static void
enter_flows(struct ofswitch *sw)
{
    ofmirror_clear(&sw->mirror);
    ask(sw, ofmsg_flow_stats_request(OFPTT_ALL));
}

/* Sends the flow_mods in 'flows', the first of which need meters that are
 * wanted and the last of which may let go of meters that are not. */
static void
send_changes(struct ofswitch *sw, struct ovs_list *flows)
{
    struct ovs_list adds = OVS_LIST_INITIALIZER(&adds);
    struct ovs_list dels = OVS_LIST_INITIALIZER(&dels);
    struct ovs_list out = OVS_LIST_INITIALIZER(&out);

    ofmeters_compare(&sw->have_meters, &sw->want_meters, &adds, &dels);
    ofmeters_set(&sw->have_meters, sw->want_meters.meters, sw->want_meters.n);
    if (sw->userspace
        && (!ovs_list_is_empty(flows) || sw->epoch == OFEPOCH_NONE)) {
        sw->epoch = ofepoch_turn(sw->epoch, flows);
    }

    bool any = (!ovs_list_is_empty(&adds) || !ovs_list_is_empty(flows)
                || !ovs_list_is_empty(&dels));
    sw->stats.n_flow_mods += ovs_list_size(flows);
    if (!sw->one_by_one) {
        ofbundle_wrap(flows, &sw->next_bundle, &out);
        ovs_list_push_back_all(flows, &out);
    }
    transmit_list(sw, &adds);
    transmit_list(sw, flows);
    transmit_list(sw, &dels);

    if (any) {
        transmit(sw, ofstamps_barrier(&sw->stamps));
    } else {
        ofstamps_empty(&sw->stamps);
    }
}

/* All flows have been read: sends what differs from the wanted set. */
static void
compare(struct ofswitch *sw)
{
    struct ovs_list adds = OVS_LIST_INITIALIZER(&adds);
    struct ovs_list dels = OVS_LIST_INITIALIZER(&dels);

    sw->retry_at = LLONG_MAX;
    sw->epoch = sw->userspace ? ofepoch_take(&sw->mirror) : OFEPOCH_NONE;
    sw->stats.n_adopted = ofmirror_compare(&sw->mirror, sw->wanted, &adds,
                                           &dels);
    ofmirror_clear(&sw->mirror);
    sw->stats.n_compares++;
    VLOG_INFO("%s: %"PRIu64" rules as they should be, %"PRIuSIZE" to add or "
              "change, %"PRIuSIZE" to delete", sw->target,
              sw->stats.n_adopted, ovs_list_size(&adds), ovs_list_size(&dels));

    ovs_list_push_back_all(&adds, &dels);
    send_changes(sw, &adds);
    sw->one_by_one = false;
}

static void
recv_flows(struct ofswitch *sw, enum ofptype type, const struct ofp_header *oh)
{
    int error = (type == OFPTYPE_FLOW_STATS_REPLY
                 ? ofmirror_add_reply(&sw->mirror, oh)
                 : EPROTO);
    if (error) {
        VLOG_WARN("%s: the flows cannot be read (%s); connecting anew",
                  sw->target, ovs_strerror(error));
        rconn_disconnect(sw->rconn);
    } else if (!ofpmp_more(oh)) {
        enter(sw, S_CURRENT);
    }
}

static void
enter_current(struct ofswitch *sw)
{
    compare(sw);
}

/* Counts and logs that the switch answered 'payload' with 'error'. */
static void
note_refusal(struct ofswitch *sw, enum ofperr error,
             const struct ofpbuf *payload)
{
    char *text = ofp_to_string(payload->data, payload->size, NULL, NULL, 1);

    sw->stats.n_refused++;
    free(sw->stats.last_error);
    sw->stats.last_error = xasprintf("the switch refused a message (%s): %s",
                                     ofperr_get_name(error), text);
    free(text);

    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(60, 60);
    VLOG_WARN_RL(&rl, "%s: %s", sw->target, sw->stats.last_error);
}

static void
recv_error(struct ofswitch *sw, const struct ofp_header *oh)
{
    struct ofpbuf payload;
    enum ofperr error = ofperr_decode_msg(oh, &payload);

    if (!error) {
        return;
    }
    note_refusal(sw, error, &payload);
    if (sw->state == S_CURRENT) {
        sw->retry_at = time_msec() + RETRY_MS;
        if (ofmsg_is_bundle_control(&payload)) {
            VLOG_WARN("%s: a bundle was refused; comparing all rules again",
                      sw->target);
            ofstamps_forget(&sw->stamps);
            sw->one_by_one = true;
            enter(sw, S_OPTIONS);
        }
    }
    ofpbuf_uninit(&payload);
}

/* Handles what may come in any state.  Returns false if it is an answer. */
static bool
recv_any_time(struct ofswitch *sw, enum ofptype type,
              const struct ofp_header *oh)
{
    bool answer = sw->state != S_CURRENT && oh->xid == sw->xid;

    if (type == OFPTYPE_ECHO_REQUEST) {
        transmit(sw, ofputil_encode_echo_reply(oh));
    } else if (type == OFPTYPE_PACKET_IN) {
        ofmsg_packet(oh, sw->callbacks.packet, sw->aux);
    } else if (type == OFPTYPE_PORT_STATUS) {
        ofports_add_status(&sw->ports, oh);
    } else if (type == OFPTYPE_PORT_DESC_STATS_REPLY) {
        ofports_add_reply(&sw->ports, oh);
    } else if (type == OFPTYPE_BARRIER_REPLY) {
        ofstamps_answer(&sw->stamps, oh->xid);
    } else if (sw->polling && oh->xid == sw->poll_xid) {
        if (type == OFPTYPE_FLOW_STATS_REPLY) {
            ofmsg_counts(oh, sw->callbacks.counts, sw->aux);
            sw->polling = ofpmp_more(oh);
        } else {
            sw->polling = false;
        }
    } else if (type == OFPTYPE_ERROR && !answer) {
        recv_error(sw, oh);
    } else {
        return !answer;
    }
    return true;
}

static void
receive(struct ofswitch *sw, const struct ofpbuf *msg)
{
    const struct ofp_header *oh = msg->data;
    enum ofptype type;

    if (!ofptype_decode(&type, oh) && !recv_any_time(sw, type, oh)) {
        states[sw->state].recv(sw, type, oh);
    }
}

static void
run_connection(struct ofswitch *sw)
{
    rconn_run(sw->rconn);
    if (rconn_is_connected(sw->rconn)) {
        if (sw->state == S_OFFLINE) {
            sw->stats.n_connects++;
            enter(sw, S_HELD);
        }
        return;
    }
    if (sw->state != S_OFFLINE) {
        enter(sw, S_OFFLINE);
    }
    if (!rconn_is_alive(sw->rconn) && time_msec() >= sw->connect_at) {
        struct vconn *vconn;

        sw->connect_at = time_msec() + RECONNECT_MS;
        if (!vconn_open(sw->target, 1u << OFP15_VERSION, DSCP_DEFAULT,
                        &vconn)) {
            rconn_connect_unreliably(sw->rconn, vconn, sw->target);
            rconn_run(sw->rconn);
        }
    }
}

void
ofswitch_run(struct ofswitch *sw)
{
    run_connection(sw);
    for (int i = 0; i < MESSAGES_PER_RUN; i++) {
        struct ofpbuf *msg = rconn_recv(sw->rconn);
        if (!msg) {
            break;
        }
        if (sw->state != S_OFFLINE) {
            receive(sw, msg);
        }
        ofpbuf_delete(msg);
    }
    if (sw->state == S_CURRENT && time_msec() >= sw->retry_at
        && !ofstamps_pending(&sw->stamps)) {
        enter(sw, S_OPTIONS);
    }
}

void
ofswitch_wait(struct ofswitch *sw)
{
    rconn_run_wait(sw->rconn);
    rconn_recv_wait(sw->rconn);
    if (!rconn_is_alive(sw->rconn)) {
        poll_timer_wait_until(sw->connect_at);
    } else if (rconn_is_connected(sw->rconn) != (sw->state != S_OFFLINE)) {
        poll_immediate_wake();
    }
    if (sw->state == S_CURRENT && sw->retry_at != LLONG_MAX) {
        poll_timer_wait_until(sw->retry_at);
    }
}

void
ofswitch_set_ready(struct ofswitch *sw)
{
    if (!sw->ready) {
        sw->ready = true;
        if (sw->state == S_HELD) {
            enter(sw, S_OPTIONS);
        }
    }
}

void
ofswitch_set_userspace(struct ofswitch *sw, bool userspace)
{
    sw->userspace = userspace;
}

void
ofswitch_set_meters(struct ofswitch *sw, const struct compiled_meter *meters,
                    size_t n)
{
    ofmeters_set(&sw->want_meters, meters, n);
}

void
ofswitch_update(struct ofswitch *sw, const struct hmap *changes,
                uint64_t stamp)
{
    struct ovs_list adds = OVS_LIST_INITIALIZER(&adds);
    struct ovs_list dels = OVS_LIST_INITIALIZER(&dels);
    const struct rule_change *change;

    sw->stamps.last = stamp;
    if (sw->state != S_CURRENT) {
        return;
    }
    HMAP_FOR_EACH (change, node, changes) {
        struct ofpbuf *msg = rule_encode(change->new ? change->new
                                         : change->old, !change->new);
        ovs_list_push_back(change->new ? &adds : &dels, &msg->list_node);
    }
    ovs_list_push_back_all(&adds, &dels);
    send_changes(sw, &adds);
}

uint64_t
ofswitch_confirmed(const struct ofswitch *sw)
{
    return sw->stamps.confirmed;
}

bool
ofswitch_is_current(const struct ofswitch *sw)
{
    return sw->state == S_CURRENT && !ofstamps_pending(&sw->stamps);
}

bool
ofswitch_knows_ports(const struct ofswitch *sw)
{
    return sw->ports.complete;
}

bool
ofswitch_port_is_live(const struct ofswitch *sw, uint32_t ofport)
{
    return ofports_is_live(&sw->ports, ofport);
}

int
ofswitch_packet_out(struct ofswitch *sw, const void *data, size_t size,
                    ofp_port_t in_port, const struct ofpact *ofpacts,
                    size_t ofpacts_len)
{
    return rconn_send(sw->rconn,
                      ofmsg_packet_out(data, size, in_port, ofpacts,
                                       ofpacts_len), NULL);
}

int
ofswitch_output(struct ofswitch *sw, const struct dp_packet *packet,
                uint32_t ofport)
{
    struct ofpbuf actions;

    ofpbuf_init(&actions, 64);
    ofpact_put_OUTPUT(&actions)->port = u16_to_ofp(ofport);
    int error = ofswitch_packet_out(sw, dp_packet_data(packet),
                                    dp_packet_size(packet), OFPP_CONTROLLER,
                                    actions.data, actions.size);
    ofpbuf_uninit(&actions);
    return error;
}

void
ofswitch_poll_table(struct ofswitch *sw, uint8_t table)
{
    if (sw->state != S_OFFLINE && !sw->polling && sw->callbacks.counts) {
        struct ofpbuf *msg = ofmsg_flow_stats_request(table);
        const struct ofp_header *oh = msg->data;

        sw->polling = true;
        sw->poll_xid = oh->xid;
        transmit(sw, msg);
    }
}

void
ofswitch_get_stats(const struct ofswitch *sw, struct ofswitch_stats *stats)
{
    *stats = sw->stats;
    stats->state = states[sw->state].name;
}
