/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/edges.h"
#include "repair-private.h"
#include "util.h"

/* A gateway host: its switch, the agent that installs what it is given, and
 * the gateway process. */

/* The agent has installed what it was given. */

static void
confirm(struct sim *sim, const struct event *event)
{
    struct node *node = &sim->nodes[event->node];

    node->confirmed = MAX(node->confirmed, (unsigned int) event->other);
    if (node->repair && node->incarnation == event->number >> 32) {
        repair_installed(node->repair, event->number, sim->now / MSEC);
        node_poll(sim, event->node);
    }
}

/* The bug: what leads somewhere goes on leading there. */
static void
keep_stale(const struct installed *old, struct installed *new)
{
    for (size_t i = 0; i < REPAIR_SLOTS; i++) {
        for (size_t cloud = 0; cloud < NETHV_CLOUD_FLOOD; cloud++) {
            if (old->slots[i].via[cloud]) {
                new->slots[i].via[cloud] = old->slots[i].via[cloud];
            }
        }
    }
}

static void
log_installed(struct sim *sim, const struct node *node, unsigned int seqno)
{
    char text[REPAIR_SLOTS * (SIM_MAX * 4 + 4) + 1];
    size_t n = 0;

    for (size_t i = 0; i < REPAIR_SLOTS; i++) {
        n += snprintf(text + n, sizeof text - n, " |");
        for (int cloud = 1; cloud <= sim->n_clouds; cloud++) {
            n += snprintf(text + n, sizeof text - n, " %d",
                          node->now.slots[i].via[cloud]);
        }
    }
    sim_log(sim, "%d installs %u%s | stamps %u (number %"PRIu64", next %"PRIu64
            ")", node->cloud, seqno, text, node->now.stamp,
            node->repair ? node->repair->view.way.number : 0,
            node->repair ? node->repair->view.next.number : 0);
}

static void
install(struct sim *sim, const struct event *event)
{
    struct node *node = &sim->nodes[event->node];
    struct installed *given = event->data;
    struct event confirmed = {
        .run = confirm, .node = event->node, .other = given->serial,
        .number = event->number,
    };

    if (node->boots != event->other || node->agent_dead) {
        return;
    }
    if (sim->bug == BUG_STALE_ROUTE && event->node == sim->bug_node) {
        keep_stale(&node->now, given);
    }
    bool tunnels = (memcmp(node->now.tunnels, given->tunnels,
                           sizeof given->tunnels)
                    || memcmp(node->now.to, given->to, sizeof given->to));
    for (int cloud = 1; cloud <= sim->n_clouds; cloud++) {
        if (given->tunnels[cloud] != node->now.tunnels[cloud]
            || given->to[cloud] != node->now.to[cloud]) {
            sim_log(sim, "%d.%d %s tunnel to %d.%d", node->cloud, node->host,
                    given->tunnels[cloud] ? "has a" : "has no", cloud,
                    sim->nodes[given->to[cloud]].host);
        }
    }
    node->now = *given;
    if (sim->verbose) {
        log_installed(sim, node, event->number);
    }
    if (tunnels) {
        net_check_node(sim, event->node);
        for (int peer = 0; peer < sim->n_nodes; peer++) {
            node_tell(sim, event->node, peer);
        }
    }
    sim_at(sim, sim->now + sim_range(sim, 2 * MSEC), confirmed);
}

static void
keep_plan(struct sim *sim, struct node *node)
{
    struct repair_plan plan = repair_plan(node->repair);

    check_plan(sim, &plan);
    if (plan.number != node->plan) {
        free(node->edges);
        node->plan = plan.number;
        node->n_edges = plan.n;
        node->edges = plan.n ? xmemdup(plan.edges, plan.n * sizeof *plan.edges)
                      : NULL;
    }
}

/* Gives the agent what is to be installed: that of the outcome 'seqno'. */
static void
give(struct sim *sim, int i, unsigned int seqno)
{
    struct node *node = &sim->nodes[i];
    struct event event = {
        .run = install, .node = i, .other = node->boots,
        .number = (uint64_t) node->incarnation << 32 | seqno,
    };

    if (node->agent_dead) {
        return;                 /* It is told when it is back. */
    }
    int64_t until = sim->now + sim_range(sim, sim->install);
    node->given_until = MAX(node->given_until, until);
    event.data = xmemdup(&node->given, sizeof node->given);
    sim_at(sim, node->given_until, event);
}

static void
hand_over(struct sim *sim, int i)
{
    struct node *node = &sim->nodes[i];
    const struct repair_outcome *outcome = repair_outcome(node->repair);

    keep_plan(sim, node);
    memcpy(node->given.slots, outcome->slots, sizeof node->given.slots);
    standby_tunnels(sim, i, node->wanted, node->given.tunnels,
                    node->given.to);
    node->given.stamp = outcome->stamp;
    node->given.serial = ++node->handed;
    give(sim, i, outcome->seqno);
}

/* Finds out which tunnels there are to be.  Returns when that is due again. */
static int64_t
want_tunnels(struct sim *sim, int i)
{
    struct node *node = &sim->nodes[i];
    long long int deadline = edges_want(repair_outcome(node->repair),
                                        node->used, sim->now / MSEC,
                                        node->wanted);

    return deadline > NEVER / MSEC ? NEVER : deadline * MSEC;
}

/* Returns whether there are to be other tunnels than the agent has been given. */
static bool
tunnels_differ(struct sim *sim, int i)
{
    const struct node *node = &sim->nodes[i];
    bool tunnels[NETHV_CLOUD_FLOOD] = { false };
    uint8_t to[NETHV_CLOUD_FLOOD] = { 0 };

    standby_tunnels(sim, i, node->wanted, tunnels, to);
    return (memcmp(tunnels, node->given.tunnels, sizeof tunnels)
            || memcmp(to, node->given.to, sizeof to));
}

/* The gateway process. */

static void
receive(struct sim *sim, const struct event *event)
{
    struct node *node = &sim->nodes[event->node];

    if (!node->repair || !net_has_tunnel(sim, event->other, event->node)
        || node->agent_dead) {
        return;
    }
    if (sim->bug == BUG_DEAF && event->node == sim->bug_node
        && event->size > 16) {
        return;
    }
    char *error = repair_receive(node->repair,
                                 sim->nodes[event->other].cloud, event->data,
                                 event->size, sim->now / MSEC);
    if (error) {
        sim_fail(sim, "%s", error);
        free(error);
    }
    node_poll(sim, event->node);
}

static void
send_message(struct sim *sim, int from, const struct repair_message *message)
{
    int to = net_peer(sim, from, message->to);
    struct event event = {
        .run = receive, .node = to, .other = from, .size = message->n,
    };

    if (to < sim->n_nodes && net_has_tunnel(sim, from, to)
        && !sim->nodes[from].agent_dead) {
        int64_t arrival = net_arrival(sim, from, to);

        if (arrival != NEVER) {
            event.data = xmemdup(message->data, message->n);
            sim_at(sim, arrival + sim_between(sim, 200, 2 * MSEC), event);
        }
    }
}

static void
wake(struct sim *sim, const struct event *event)
{
    struct node *node = &sim->nodes[event->node];

    if (node->repair && node->wake == event->at) {
        node->wake = 0;
        node_poll(sim, event->node);
    }
}

/* Wakes the process at 'when', or earlier if that is arranged already. */
static void
sleep_until(struct sim *sim, int i, int64_t when)
{
    struct node *node = &sim->nodes[i];
    struct event event = { .run = wake, .node = i };

    when = MAX(when, sim->now + MSEC);
    if (node->wake <= sim->now || when < node->wake) {
        node->wake = when;
        sim_at(sim, when, event);
    }
}

static void
write_prepared(struct sim *sim, const struct event *event)
{
    if (sim->db.up && sim->nodes[event->node].connected) {
        sim->nodes[event->node].prepared = event->number;
        control_run(sim);
    }
}

/* Tells the database which plan is prepared here: in order, as it is now. */
void
node_write(struct sim *sim, int i)
{
    struct node *node = &sim->nodes[i];
    struct event event = {
        .run = write_prepared, .node = i,
        .number = repair_outcome(node->repair)->prepared,
    };

    int64_t written = sim->now + sim_between(sim, 2 * MSEC, 80 * MSEC);
    node->written = MAX(node->written, written);
    sim_at(sim, node->written, event);
}

/* Does what the process does in each round of its loop. */
void
node_poll(struct sim *sim, int i)
{
    struct node *node = &sim->nodes[i];
    struct repair_message message;
    const struct repair_outcome *outcome = repair_outcome(node->repair);
    uint32_t prepared = outcome->prepared;

    int64_t partners = standby_run(sim, i);
    repair_run(node->repair, sim->now / MSEC);
    while (repair_pop(node->repair, &message)) {
        send_message(sim, i, &message);
    }
    int64_t tunnels = want_tunnels(sim, i);
    if (outcome->seqno != node->seqno || tunnels_differ(sim, i)) {
        node->seqno = outcome->seqno;
        hand_over(sim, i);
    }
    if (outcome->prepared != prepared) {
        node_write(sim, i);
    }
    sleep_until(sim, i, MIN(MIN(partners, tunnels),
                            repair_deadline(node->repair) * MSEC));
}

static void
set_end(struct sim *sim, int i, int peer)
{
    struct node *node = &sim->nodes[i];
    struct path *path = &sim->paths[i][peer];
    uint8_t cloud = sim->nodes[peer].cloud;
    enum repair_end end = (!node->now.tunnels[cloud] ? REPAIR_END_ABSENT
                           : path->up ? REPAIR_END_UP : REPAIR_END_DOWN);

    if (i != peer && net_peer(sim, i, cloud) == peer
        && !node->agent_dead) {
        node->ends[cloud] = end;
        repair_set_end(node->repair, cloud, end, sim->now / MSEC);
        path->told_down = (end != REPAIR_END_DOWN ? NEVER
                           : MIN(path->told_down, sim->now));
    }
}

/* The process is told how a tunnel is. */
static void
told(struct sim *sim, const struct event *event)
{
    if (sim->nodes[event->node].repair) {
        set_end(sim, event->node, event->other);
        node_poll(sim, event->node);
    }
}

void
node_tell(struct sim *sim, int i, int peer)
{
    struct event event = { .run = told, .node = i, .other = peer };

    if (i != peer) {
        sim_at(sim, sim->now + sim_range(sim, MSEC), event);
    }
}

/* What the process before has left with the agent. */
static void
adopt(struct sim *sim, int i)
{
    struct node *node = &sim->nodes[i];
    struct repair_plan plan = { node->plan, node->edges, node->n_edges };

    repair_adopt(node->repair, node->now.slots, node->now.stamp,
                 sim->now / MSEC);
    repair_set_plans(node->repair, &plan, NULL, sim->now / MSEC);
    for (int peer = 0; peer < sim->n_nodes; peer++) {
        set_end(sim, i, peer);
    }
}


static void
set_candidates(struct sim *sim, struct node *node)
{
    struct tree_edge candidates[SIM_MAX * SIM_MAX / 2];
    size_t n = 0;

    for (int i = 0; i < sim->n_clouds; i++) {
        for (int j = i + 1; j < sim->n_clouds; j++) {
            candidates[n++] = (struct tree_edge) { i + 1, j + 1,
                                                   sim->weights[i][j] };
        }
    }
    repair_set_candidates(node->repair, candidates, n, sim->now / MSEC);
}

static void
begin(struct sim *sim, const struct event *event)
{
    struct node *node = &sim->nodes[event->node];

    if (!node->host_up || node->repair
        || node->incarnation != event->number
        || !standby_is_active(sim, event->node)) {
        return;
    }
    if (node->given_until > sim->now || node->agent_dead) {
        /* The agent is busy, or the process waits for it. */
        sim_at(sim, MAX(node->given_until, sim->now + 100 * MSEC), *event);
        return;
    }
    sim_log(sim, "process of %d starts", node->cloud);
    node->repair = repair_create(node->cloud, sim->now / MSEC);
    if (sim->bug == BUG_NO_REST) {
        node->repair->slots.rest = 0;
    }
    adopt(sim, event->node);
    set_candidates(sim, node);
    node->seqno = 0;
    node->wake = 0;
    node->prepared = 0;
    for (int peer = 0; peer < sim->n_nodes; peer++) {
        net_probe(sim, event->node, peer);
    }
    node->reading = false;
    db_read(sim, event->node);
    node_poll(sim, event->node);
}

void
node_start_process(struct sim *sim, int i)
{
    struct event event = {
        .run = begin, .node = i, .number = sim->nodes[i].incarnation,
    };

    sim_at(sim, sim->now, event);
}

static void
stop_repair(struct node *node)
{
    repair_destroy(node->repair);
    node->repair = NULL;
    node->incarnation++;
}

void
node_stop_process(struct sim *sim, int i)
{
    struct node *node = &sim->nodes[i];

    if (node->repair) {
        sim_log(sim, "process of %d stops", node->cloud);
        stop_repair(node);
        memset(node->used, 0, sizeof node->used);
        standby_forget(sim, i);
    }
}

/* The other gateway serves.  The switch is emptied. */
void
node_stand_by(struct sim *sim, int i)
{
    struct node *node = &sim->nodes[i];

    stop_repair(node);
    memset(node->given.slots, 0, sizeof node->given.slots);
    memset(node->given.tunnels, 0, sizeof node->given.tunnels);
    node->given.stamp = 0;
    node->given.serial = ++node->handed;
    if (node->host_up) {
        give(sim, i, 0);
    }
}

/* The agent. */

void
node_stop_agent(struct sim *sim, int i)
{
    struct node *node = &sim->nodes[i];

    if (!node->agent_dead) {
        sim_log(sim, "agent of %d.%d stops", node->cloud, node->host);
        node->agent_dead = true;
        node->boots++;
    }
}

/* It is told again what it was told last, and tells how tunnels are. */
void
node_start_agent(struct sim *sim, int i)
{
    struct node *node = &sim->nodes[i];

    if (!node->agent_dead) {
        return;
    }
    sim_log(sim, "agent of %d.%d starts", node->cloud, node->host);
    node->agent_dead = false;
    if (node->host_up) {
        give(sim, i, node->repair ? node->seqno : 0);
        for (int peer = 0; peer < sim->n_nodes; peer++) {
            node_tell(sim, i, peer);
        }
    }
}

/* The host. */

void
node_start_host(struct sim *sim, int i)
{
    struct node *node = &sim->nodes[i];

    if (!node->host_up) {
        sim_log(sim, "host of %d starts", node->cloud);
        node->host_up = true;
        memset(&node->now, 0, sizeof node->now);
        node->plan = node->n_edges = 0;
        for (int cloud = 1; cloud <= sim->n_clouds; cloud++) {
            node->now.to[cloud] = sim->peer[i][cloud];
        }
        node->given = node->now;
        node->given.serial = ++node->handed;
        node->confirmed = node->handed;
        node->given_until = sim->now;
        net_check_node(sim, i);
        node_start_process(sim, i);
        standby_check(sim, node->cloud);
    }
}

void
node_stop_host(struct sim *sim, int i)
{
    struct node *node = &sim->nodes[i];

    node_stop_process(sim, i);
    if (node->host_up) {
        sim_log(sim, "host of %d stops", node->cloud);
        node->host_up = node->agent_dead = false;
        node->boots++;
        node->incarnation++;
        for (int j = 0; j < sim->n_nodes; j++) {
            sim->paths[i][j].up = false;
        }
        net_check_node(sim, i);
        standby_check(sim, node->cloud);
    }
}
