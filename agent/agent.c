/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/agent.h"

#include "agent/adverts.h"
#include "agent/claims.h"
#include "agent/control.h"
#include "agent/edge-ports.h"
#include "agent/followers.h"
#include "agent/gateway-link.h"
#include "agent/hello.h"
#include "agent/physical.h"
#include "agent/private.h"
#include "agent/probe.h"
#include "agent/punts.h"
#include "agent/remotes.h"
#include "agent/renew.h"
#include "agent/report.h"
#include "agent/standby.h"
#include "compile/compile.h"
#include "flow.h"
#include "handover.h"
#include "model.h"
#include "nethv/wire.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs/channel.h"
#include "ovs/db.h"
#include "ovs/ofswitch.h"
#include "ovs/pki.h"
#include "ovs/vswitch.h"
#include "packets.h"
#include "rule.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(agent);

#define HOLD_MSEC 20

static const char *const switch_target
    = "unix:/run/openvswitch/" VSWITCH_BRIDGE ".mgmt";

static void
on_counts(void *agent_, const struct ofswitch_counts *counts)
{
    struct agent *agent = agent_;
    report_counts(agent->report, counts);
}

static void
on_control(struct agent *agent, const struct ofswitch_packet *packet)
{
    const struct handover *handover = gateway_link_handover(agent->link);
    struct control_frame frame;
    uint8_t cloud = edge_ports_cloud(agent->vs, handover,
                                     ofp_to_u16(packet->in_port));

    /* What gateways of different clouds say to each other is for the gateway
     * process, which alone knows their keys. */
    if (cloud) {
        gateway_link_tell_frame(agent->link, cloud, packet->data,
                                packet->size);
    } else if (channel_receive(agent->channel, agent->model, packet, &frame)) {
        hello_receive(agent->hello, agent->sw, &frame, handover != NULL);
        probe_receive(agent->probe, &frame);
    }
}

static void
on_packet(void *agent_, const struct ofswitch_packet *packet)
{
    struct agent *agent = agent_;

    if (packet->userdata_len && packet->userdata[0] == COMPILE_PUNT_CONTROL) {
        on_control(agent, packet);
    } else {
        punts_receive(agent->punts, agent->sw, agent->model, agent->mtu,
                      packet);
    }
}

/* Sends a control frame of the gateway process. */
static void
send_frame(void *agent_, uint8_t cloud, const void *data, size_t n)
{
    struct agent *agent = agent_;

    if (agent->sw) {
        edge_ports_send(agent->sw, agent->vs,
                        gateway_link_handover(agent->link), cloud, data, n);
    }
}

static void
tell_serves(struct agent *agent)
{
    bool serves;

    if (hello_serves(agent->hello, &serves)) {
        gateway_link_tell_serves(agent->link, serves);
    }
}

/* Where the database is goes from the gateway process to the cloud's other
 * gateways and back. */
static void
exchange_home(struct agent *agent)
{
    hello_say_home(agent->hello, gateway_link_home(agent->link));
    gateway_link_tell_home(agent->link, hello_home(agent->hello));
}

/* Sends a train for it. */
static void
send_train(void *agent_, const struct handover_train *train)
{
    struct agent *agent = agent_;

    if (agent->sw) {
        edge_ports_send_train(agent->sw, agent->vs,
                              gateway_link_handover(agent->link), agent->self,
                              train);
    }
}

/* Tells the gateway process how tunnels are, and what the switch has. */
static void
tell_gateway(struct agent *agent)
{
    uint8_t ends[GATEWAY_LINK_CLOUDS];

    if (agent->is_gateway && ofswitch_knows_ports(agent->sw)) {
        edge_ports_ends(agent->sw, agent->vs,
                        gateway_link_handover(agent->link), ends);
        gateway_link_tell_ends(agent->link, ends);
    }
    if (agent->is_gateway && standby_gateway(agent->standby)) {
        gateway_link_tell_gateway(agent->link,
                                  standby_gateway(agent->standby));
    }
    if (agent->is_gateway) {
        tell_serves(agent);
        exchange_home(agent);
    }
    if (!agent->held) {
        gateway_link_confirm(agent->link, agent->stamp,
                             ofswitch_confirmed(agent->sw));
    }
}

struct agent *
agent_create(void)
{
    static const struct gateway_link_callbacks callbacks = {
        .send = send_frame,
        .train = send_train,
    };
    struct agent *agent = xzalloc(sizeof *agent);

    agent->vs = vswitch_create(VSWITCH_DATABASE);
    agent->link = gateway_link_create(&callbacks, agent);
    agent->report = report_create();
    agent->punts = punts_create();
    agent->adverts = adverts_create();
    agent->renew = renew_create();
    agent->remotes = remotes_create();
    control_register(agent);
    return agent;
}

/* Forgets who this host was. */
static void
stop(struct agent *agent)
{
    standby_destroy(agent->standby);
    probe_destroy(agent->probe);
    hello_destroy(agent->hello);
    channel_destroy(agent->channel);
    ofswitch_destroy(agent->sw);
    compiler_destroy(agent->compiler);
    claims_destroy(agent->claims);
    followers_destroy(agent->followers);
    db_destroy(agent->db);
    model_destroy(agent->model);
    agent->standby = NULL;
    agent->probe = NULL;
    agent->hello = NULL;
    agent->channel = NULL;
    agent->sw = NULL;
    agent->compiler = NULL;
    agent->claims = NULL;
    agent->followers = NULL;
    agent->db = NULL;
    agent->model = NULL;
    agent->self = 0;
    agent->ready = false;
    agent->held = false;
    agent->hold_until = 0;
}

void
agent_destroy(struct agent *agent)
{
    if (!agent) {
        return;
    }
    stop(agent);
    punts_destroy(agent->punts);
    adverts_destroy(agent->adverts);
    renew_destroy(agent->renew);
    remotes_destroy(agent->remotes);
    report_destroy(agent->report);
    gateway_link_destroy(agent->link);
    vswitch_destroy(agent->vs);
    free(agent->problem);
    free(agent);
}

static void
set_meters(struct agent *agent)
{
    struct compiled_meter *meters;
    size_t n_meters;

    compiler_meters(agent->compiler, &meters, &n_meters);
    ofswitch_set_meters(agent->sw, meters, n_meters);
    free(meters);
}

static void
start(struct agent *agent, const struct vswitch_config *config, uint32_t self)
{
    static const struct ofswitch_callbacks callbacks = {
        .packet = on_packet,
        .counts = on_counts,
    };

    VLOG_INFO("this is host %s of cloud %s, location %u/%u", config->host,
              config->cloud, config->cloud_id, config->host_id);
    agent->self = self;
    agent->model = model_create();
    agent->db = db_create(agent->model, DB_HOST);
    db_set_self(agent->db, config->host);
    agent->compiler = compiler_create(agent->model, self);
    agent->claims = claims_create(agent->model, agent->db, self);
    agent->followers = followers_create(agent->model, self);
    agent->sw = ofswitch_create(switch_target,
                                compiler_rules(agent->compiler), &callbacks,
                                agent);
    /* Also a host without networks needs those of what goes to the agent. */
    set_meters(agent);
    agent->channel = channel_create(self, PKI_HOST_KEY);
    agent->hello = hello_create(self, agent->channel);
    agent->probe = probe_create(self, agent->channel);
    agent->standby = standby_create(self);
}

/* Follows the configuration in the local database.  Returns false while it is
 * not there or makes no sense. */
static bool
configure(struct agent *agent)
{
    if (!vswitch_is_connected(agent->vs)) {
        return agent->self != 0;
    }

    char *problem = vswitch_config_problem(agent->vs);
    if (problem) {
        if (!agent->problem || strcmp(problem, agent->problem)) {
            VLOG_WARN("%s", problem);
        }
        free(agent->problem);
        agent->problem = problem;
        return agent->self != 0;
    }
    free(agent->problem);
    agent->problem = NULL;

    const struct vswitch_config *config = vswitch_config(agent->vs);
    uint32_t self = nethv_location(config->cloud_id, config->host_id, 0);
    if (agent->self != self) {
        stop(agent);
        start(agent, config, self);
    }
    db_set_remotes(agent->db, remotes_usable(agent->remotes, config->remote,
                                             agent->model, agent->self,
                                             agent->hello), false);
    const char *datapath = config->datapath ? config->datapath : "system";
    vswitch_set_bridge(agent->vs, datapath);
    ofswitch_set_userspace(agent->sw, !strcmp(datapath, "netdev"));
    agent->is_gateway = !ipv6_is_zero(&config->public_ip);
    return true;
}

/* On a gateway everything waits for the first handover: without it there would
 * be no way to other clouds in the rules. */
static bool
has_handover(const struct agent *agent)
{
    return !agent->is_gateway || gateway_link_handover(agent->link);
}

static void
update_physical(struct agent *agent)
{
    const struct handover *handover
        = agent->is_gateway ? gateway_link_handover(agent->link) : NULL;
    struct fabric fabric;

    /* Once the rules are there trees change without waiting for networks. */
    if ((!agent->ready && !db_is_complete(agent->db))
        || !has_handover(agent)) {
        return;
    }
    physical_set_tunnels(agent->vs, agent->model, agent->self, handover);
    physical_fabric(agent->vs, agent->model, agent->self, handover, &fabric);
    fabric.hold = standby_holds(agent->standby);
    fabric.wire = db_wire_version(agent->db);
    agent->mtu = fabric.mtu;
    compiler_set_fabric(agent->compiler, &fabric);
    fabric_destroy(&fabric);
}

/* Follows the networks that have endpoints here, and on a gateway those whose
 * floods it relays. */
static void
update_networks(struct agent *agent)
{
    const struct handover *handover
        = agent->is_gateway ? gateway_link_handover(agent->link) : NULL;

    followers_mark(agent->followers);
    claims_update(agent->claims, vswitch_ifaces(agent->vs), agent->db,
                  agent->followers, agent->compiler);
    for (size_t i = 0; handover && i < handover->n_networks; i++) {
        followers_need(agent->followers, agent->db, &handover->networks[i]);
    }
    followers_sweep(agent->followers, agent->db);
}

static void
send_rules(struct agent *agent)
{
    struct hmap changes = HMAP_INITIALIZER(&changes);

    rule_set_take_changes(compiler_rules(agent->compiler), &changes);
    if (!hmap_is_empty(&changes)) {
        ofswitch_update(agent->sw, &changes, ++agent->stamp);
    }
    rule_changes_destroy(&changes);
}

/* Returns whether the networks' rules wait for the answer to a transaction that
 * binds ports, which will change many of them again.  A database that does not
 * answer holds them up no longer than HOLD_MSEC. */
static bool
hold_rules(struct agent *agent)
{
    if (!db_is_committing(agent->db) || !claims_are_binding(agent->claims)) {
        agent->hold_until = 0;
    } else if (!agent->hold_until) {
        agent->hold_until = time_msec() + HOLD_MSEC;
    }
    return time_msec() < agent->hold_until;
}

/* Computes what has changed in the rules of networks, and sends it. */
static void
update_rules(struct agent *agent)
{
    agent->held = hold_rules(agent);
    if (agent->held) {
        return;
    }
    if (compiler_run(agent->compiler)) {
        set_meters(agent);
        send_rules(agent);
    }
    followers_set_tunnels(agent->followers, vswitch_is_settled(agent->vs));
    followers_update(agent->followers, agent->db, agent->claims, agent->stamp,
                     ofswitch_confirmed(agent->sw));
}

/* Brings the switch up to date: first what concerns the ways between hosts and
 * clouds, which cannot wait for the networks' floods. */
static void
update_switch(struct agent *agent)
{
    if (compiler_run_fabric(agent->compiler)) {
        send_rules(agent);
    }
    update_rules(agent);
    if (!agent->ready && db_is_complete(agent->db) && has_handover(agent)
        && vswitch_is_settled(agent->vs)) {
        VLOG_INFO("the wanted rules are complete");
        agent->ready = true;
        ofswitch_set_ready(agent->sw);
    }
}

/* Returns whether anything has happened that may have to be written. */
static bool
something_to_write(struct agent *agent)
{
    struct agent_seen seen = {
        .db = db_seqno(agent->db),
        .vs = vswitch_seqno(agent->vs),
        .confirmed = ofswitch_confirmed(agent->sw),
        .stamp = agent->stamp,
        .hello = hello_seqno(agent->hello),
    };
    struct db_results results;
    db_get_results(agent->db, &results);
    seen.transactions = results.n_committed + results.n_failed;

    bool changed = memcmp(&seen, &agent->seen, sizeof seen);
    agent->seen = seen;
    agent->unwritten |= changed || report_is_due(agent->report);
    return agent->unwritten;
}

static void
write_database(struct agent *agent)
{
    if (!something_to_write(agent) || !agent->ready || !db_self(agent->db)
        || !db_is_complete(agent->db)) {
        return;
    }
    struct ovsdb_idl_txn *txn = db_txn(agent->db);
    if (txn) {
        struct svec problems = SVEC_EMPTY_INITIALIZER;
        struct vswitch_counters traffic;
        hello_problems(agent->hello, agent->model, agent->db, &problems);
        claims_count(agent->claims, agent->vs, &traffic);
        claims_write(agent->claims, agent->db, agent->followers,
                     report_is_due(agent->report), txn);
        followers_write(agent->followers, agent->db, txn);
        report_write(agent->report, agent->db, agent->model,
                     vswitch_config(agent->vs), &traffic, &problems, txn);
        report_write_wire(agent->db, ofswitch_is_current(agent->sw));
        svec_destroy(&problems);
        agent->unwritten = false;
    }
}

/* Without the rules nothing goes through a tunnel. */
static void
run_hellos(struct agent *agent)
{
    if (agent->ready) {
        hello_run(agent->hello, agent->model, agent->sw);
    }
    probe_run(agent->probe, agent->model, agent->sw);
}

/* Lets the database know of ports to be bound before their rules are computed:
 * others need the bindings for theirs. */
static void
bind_ports(struct agent *agent)
{
    if (claims_have_unbound(agent->claims)) {
        write_database(agent);
        db_commit(agent->db);
    }
}

void
agent_run(struct agent *agent)
{
    vswitch_run(agent->vs);
    gateway_link_run(agent->link);
    if (!configure(agent)) {
        return;
    }
    db_run(agent->db);
    renew_run(agent->renew, agent->db);
    standby_run(agent->standby, agent->model, agent->hello);
    update_physical(agent);
    update_networks(agent);
    bind_ports(agent);
    ofswitch_run(agent->sw);
    update_switch(agent);
    run_hellos(agent);
    tell_gateway(agent);
    adverts_run(agent->adverts, agent->compiler, agent->sw, agent->mtu,
                db_seqno(agent->db));
    report_run(agent->report, agent->sw, agent->punts, agent->channel);
    write_database(agent);
    db_commit(agent->db);
}

void
agent_wait(struct agent *agent)
{
    vswitch_wait(agent->vs);
    gateway_link_wait(agent->link);
    if (agent->self) {
        db_wait(agent->db);
        renew_wait(agent->renew);
        ofswitch_wait(agent->sw);
        adverts_wait(agent->adverts, agent->sw);
        report_wait(agent->report);
        probe_wait(agent->probe);
        standby_wait(agent->standby);
        if (agent->held) {
            poll_timer_wait_until(agent->hold_until);
        }
        if (agent->ready) {
            hello_wait(agent->hello);
        }
    }
}
