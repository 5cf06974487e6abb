/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "sim.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "repair-private.h"
#include "util.h"

/* Schedules: what goes wrong when, by a seed, and what must hold then. */

static const char *const kind_names[N_KINDS] = {
    [KIND_CHAOS] = "chaos", [KIND_PLANNED] = "planned", [KIND_CUT] = "cut",
    [KIND_TWO_CUTS] = "two-cuts", [KIND_HOST] = "host",
    [KIND_PROCESS] = "process", [KIND_PARTS] = "parts",
    [KIND_STANDBY] = "standby", [KIND_LARGE] = "large",
};

static const char *const bug_names[N_BUGS] = {
    [BUG_NONE] = "none", [BUG_STALE_ROUTE] = "stale-route",
    [BUG_TWO_GATEWAYS] = "two-gateways", [BUG_NO_REST] = "no-rest",
    [BUG_REUSED_NUMBER] = "reused-number", [BUG_DEAF] = "views-differ",
};

const char *
schedule_kind_name(enum sim_kind kind)
{
    return kind_names[kind];
}

const char *
schedule_bug_name(enum sim_bug bug)
{
    return bug_names[bug];
}

static enum sim_kind
choose_kind(struct sim *sim)
{
    static const enum sim_kind kinds[] = {
        KIND_CHAOS, KIND_CHAOS, KIND_CHAOS, KIND_CHAOS, KIND_PLANNED,
        KIND_CUT, KIND_TWO_CUTS, KIND_HOST, KIND_PROCESS, KIND_PARTS,
        KIND_STANDBY, KIND_STANDBY,
    };

    return (sim->wanted_bug == BUG_TWO_GATEWAYS ? KIND_CHAOS
            : sim_chance(sim, 0.001) ? KIND_LARGE
            : kinds[sim_range(sim, ARRAY_SIZE(kinds))]);
}

/* From now on some other gateways take the cloud's second one. */
static void
start_second_gateway(struct sim *sim)
{
    int second = sim->n_nodes++;

    for (int i = 0; i < second; i++) {
        if (sim_chance(sim, 0.5)) {
            sim->peer[i][sim->bug_node + 1] = second;
        }
    }
    node_start_host(sim, second);
}

static void
put_bug_in(struct sim *sim)
{
    sim->bug = sim->wanted_bug;
    if (sim->bug == BUG_TWO_GATEWAYS) {
        start_second_gateway(sim);
    } else if (sim->bug == BUG_NO_REST) {
        for (int i = 0; i < sim->n_nodes; i++) {
            sim->nodes[i].repair->slots.rest = 0;
        }
    }
}

/* Starts hosts at about the same time, and waits until all is well. */
static void
start(struct sim *sim)
{
    db_start(sim);
    for (int i = 0; i < sim->n_nodes; i++) {
        node_start_host(sim, i);
    }
    check_converges(sim, 30 * SEC);
    sim_run_until(sim, sim->now + 4 * SEC);
}

static void
wait(struct sim *sim, int64_t low, int64_t high)
{
    sim_run_until(sim, sim->now + sim_between(sim, low, high));
}

/* As long as tunnels that have failed often are held back, and then some. */
#define HEAL (75 * SEC)

static void
heal(struct sim *sim)
{
    faults_mend(sim);
    check_converges(sim, HEAL);
    sim->sending = false;
    sim_run_until(sim, sim->now + 2 * SEC);
    check_all_pairs(sim);
}

/* Kinds. */

static void
run_chaos(struct sim *sim)
{
    int n = 3 + sim_range(sim, 15);
    int64_t calm = sim_chance(sim, 0.5) ? 300 * MSEC : 1500 * MSEC;

    for (int i = 0; i < n && !sim->failure; i++) {
        faults_any(sim);
        wait(sim, 0, calm);
    }
    heal(sim);
}

static void
run_standby(struct sim *sim)
{
    int n = 3 + sim_range(sim, 10);

    for (int i = 0; i < n && !sim->failure; i++) {
        if (sim_chance(sim, 0.6)) {
            standby_fault(sim);
        } else {
            faults_any(sim);
        }
        wait(sim, 0, sim_chance(sim, 0.5) ? SEC : 8 * SEC);
    }
    heal(sim);
}

/* The database may stop, and gateways may lose it, at any time. */
static void
run_planned(struct sim *sim)
{
    int64_t from = sim->now;

    for (int i = 0; i < 3; i++) {
        fault_drift(sim);
        if (sim_chance(sim, 0.3)) {
            wait(sim, 0, 3 * SEC);
            fault_connection(sim);
        }
        if (sim_chance(sim, 0.3)) {
            wait(sim, 0, 3 * SEC);
            fault_database(sim);
        }
        wait(sim, 2 * SEC, 5 * SEC);
        faults_mend(sim);
        wait(sim, 0, 5 * SEC);
    }
    check_converges(sim, 45 * SEC);
    sim_run_until(sim, sim->now + 2 * SEC);
    check_none_lost(sim, from, sim->now - SEC, NULL);
    check_all_pairs(sim);
}

/* How long news from 'source' take at most to all gateways, without paths that
 * are cut. */
static int64_t
spreading(const struct sim *sim, int source)
{
    int64_t time[SIM_MAX], most = 0;
    bool changed = true;

    for (int i = 0; i < sim->n_nodes; i++) {
        time[i] = i == source ? 0 : NEVER;
    }
    while (changed) {
        changed = false;
        for (int i = 0; i < sim->n_nodes; i++) {
            for (int j = 0; j < sim->n_nodes; j++) {
                const struct path *path = &sim->paths[i][j];
                int64_t there = time[i] + path->delay + path->jitter
                                + 3 * MSEC;
                if (i != j && time[i] != NEVER && path->up && !path->cut
                    && there < time[j]) {
                    time[j] = there;
                    changed = true;
                }
            }
        }
    }
    for (int i = 0; i < sim->n_nodes; i++) {
        most = time[i] == NEVER ? most : MAX(most, time[i]);
    }
    return most;
}

/* When the failure of the edge between 'a' and 'b' has come to all. */
static int64_t
known_everywhere(const struct sim *sim, int a, int b)
{
    int64_t by_a = sim->paths[a][b].told_down;
    int64_t by_b = sim->paths[b][a].told_down;

    by_a = by_a == NEVER ? NEVER : by_a + spreading(sim, a);
    by_b = by_b == NEVER ? NEVER : by_b + spreading(sim, b);
    return MIN(by_a, by_b);
}

/* Picks an edge that node '*a' has in its tree. */
static void
pick_tree_edge(struct sim *sim, int *a, int *b)
{
    uint8_t via;

    do {
        *a = any_node(sim);
        const struct node *node = &sim->nodes[*a];
        int cloud = 1 + sim_range(sim, sim->n_clouds);
        via = node->now.slots[node->now.stamp].via[cloud];
    } while (!via);
    *b = via - 1;
}

/* In one direction or both. */
static void
cut_edge(struct sim *sim, int a, int b)
{
    int which = sim_range(sim, 3);

    if (which != 0) {
        net_cut(sim, a, b, true);
    }
    if (which != 1) {
        net_cut(sim, b, a, true);
    }
}

/* Frames that are sent later than 'known' and the time that agents take are
 * not lost. */
static void
expect_healed(struct sim *sim, int64_t known, const bool *exempt)
{
    int64_t from = known + sim->install + 2 * MSEC;

    if (known == NEVER) {
        sim_fail(sim, "nobody was told of a failure");
        return;
    }
    sim_log(sim, "should be healed at %.3f ms", from / 1000.0);
    sim_run_until(sim, from + 2 * SEC);
    check_none_lost(sim, from, from + SEC, exempt);
}

static void
run_cut(struct sim *sim)
{
    int a, b;

    pick_tree_edge(sim, &a, &b);
    cut_edge(sim, a, b);
    sim_run_until(sim, sim->now + 2 * sim->detect + 100 * MSEC);
    expect_healed(sim, known_everywhere(sim, a, b), NULL);
    heal(sim);
}

static void
run_two_cuts(struct sim *sim)
{
    int a, b, c, d;

    pick_tree_edge(sim, &a, &b);
    pick_tree_edge(sim, &c, &d);
    cut_edge(sim, a, b);
    wait(sim, 0, sim_chance(sim, 0.5) ? 0 : 500 * MSEC);
    cut_edge(sim, c, d);
    sim_run_until(sim, sim->now + 2 * sim->detect + 200 * MSEC);

    /* Standbys are for one failure: a cloud may be left alone for a while. */
    if (sim->n_clouds > 4 && !repair_outcome(sim->nodes[0].repair)->opened[0]) {
        bool joined = true;
        for (int i = 0; i < sim->n_clouds; i++) {
            joined &= repair_outcome(sim->nodes[0].repair)->connected[i + 1];
        }
        if (joined) {
            expect_healed(sim, MAX(known_everywhere(sim, a, b),
                                   known_everywhere(sim, c, d)), NULL);
        }
    }
    heal(sim);
}

/* When the word of a second one of those neighbours in the tree, which 'via'
 * says, has come to all.  With the first they pass the host by; with the second
 * they may hang it on elsewhere. */
static int64_t
known_dead(const struct sim *sim, int dead, const uint8_t *via)
{
    int64_t first = NEVER, second = NEVER;

    for (int i = 0; i < sim->n_nodes; i++) {
        int64_t told = sim->paths[i][dead].told_down;
        if (i == dead || told == NEVER
            || via[sim->nodes[i].cloud] != sim->nodes[i].cloud) {
            continue;
        }
        int64_t known = told + spreading(sim, i);
        second = MIN(second, MAX(first, known));
        first = MIN(first, known);
    }
    return second == NEVER ? first : second;
}

static void
run_host(struct sim *sim)
{
    bool exempt[SIM_MAX + 1] = { false };
    int dead = any_node(sim);
    const struct installed had = sim->nodes[dead].now;

    exempt[dead + 1] = true;
    node_stop_host(sim, dead);
    sim_run_until(sim, sim->now + 2 * sim->detect + 200 * MSEC);
    expect_healed(sim, known_dead(sim, dead, had.slots[had.stamp].via),
                  exempt);
    wait(sim, 0, 5 * SEC);
    heal(sim);
}

static void
run_process(struct sim *sim)
{
    int64_t from = sim->now;

    for (int i = 0; i < 3; i++) {
        int node = any_node(sim);
        node_stop_process(sim, node);
        wait(sim, 0, 5 * SEC);
        node_start_process(sim, node);
        wait(sim, 0, 3 * SEC);
    }
    check_converges(sim, 45 * SEC);
    sim_run_until(sim, sim->now + 2 * SEC);
    check_none_lost(sim, from, sim->now - SEC, NULL);
    check_all_pairs(sim);
}

/* All in one part reach each other.  What others send at this moment may be for
 * another part. */
static void
check_parts(struct sim *sim, const int *part)
{
    int64_t from = sim->now;
    size_t n_others = sim->n_frames;

    for (int i = 0; i < sim->n_clouds; i++) {
        for (int j = 0; j < sim->n_clouds; j++) {
            if (i != j && part[i] == part[j]) {
                frames_send(sim, i, j + 1);
            }
        }
    }
    sim->sending = false;
    sim_run_until(sim, sim->now + 1500 * MSEC);
    sim->sending = true;
    for (size_t i = 0; i < n_others; i++) {
        if (sim->frames[i].sent == from) {
            sim->frames[i].sent--;
        }
    }
    check_none_lost(sim, from, from, NULL);
}

static void
run_parts(struct sim *sim)
{
    int n_parts = 2 + sim_range(sim, 3);
    int part[SIM_MAX];

    for (int i = 0; i < sim->n_nodes; i++) {
        part[i] = sim_range(sim, n_parts);
    }
    for (int i = 0; i < sim->n_nodes; i++) {
        for (int j = 0; j < sim->n_nodes; j++) {
            if (i != j && part[i] != part[j]) {
                net_cut(sim, i, j, true);
            }
        }
    }
    wait(sim, 40 * SEC, 45 * SEC);
    check_parts(sim, part);
    heal(sim);
}

static void (*const kinds[N_KINDS])(struct sim *) = {
    [KIND_CHAOS] = run_chaos, [KIND_PLANNED] = run_planned,
    [KIND_CUT] = run_cut, [KIND_TWO_CUTS] = run_two_cuts,
    [KIND_HOST] = run_host, [KIND_PROCESS] = run_process,
    [KIND_PARTS] = run_parts, [KIND_STANDBY] = run_standby,
    [KIND_LARGE] = run_chaos,
};

/* Making and unmaking. */

static void
set_size(struct sim *sim)
{
    sim->n_clouds = (sim->kind == KIND_LARGE ? sim_between(sim, 20, 69)
                     : sim_between(sim, 5, 12));
    sim->n_nodes = sim->n_clouds + (
        sim->kind == KIND_STANDBY ? sim_between(sim, 1, 3)
        : sim->wanted_bug == BUG_TWO_GATEWAYS);
    sim->bug_node = sim_range(sim, sim->n_clouds);
    sim->install = sim_between(sim, 2 * MSEC, 20 * MSEC);
    sim->detect = 200 * MSEC;
    sim->pace = sim->n_clouds * 20 * MSEC;
}

static void
set_peers(struct sim *sim)
{
    for (int cloud = 1; cloud <= sim->n_clouds; cloud++) {
        sim->clouds[cloud].second = -1;
        sim->clouds[cloud].uses = cloud - 1;
    }
    for (int i = 0; i < sim->n_nodes; i++) {
        sim->nodes[i].cloud = i < sim->n_clouds ? i + 1 : sim->bug_node + 1;
        sim->nodes[i].connected = true;
        sim->nodes[i].host = 1;
        for (int cloud = 1; cloud <= sim->n_clouds; cloud++) {
            sim->peer[i][cloud] = cloud - 1;
        }
    }
}

static struct sim *
create(const struct sim_options *options)
{
    struct sim *sim = xzalloc(sizeof *sim);

    sim->seed = options->seed;
    sim->random = options->seed * UINT64_C(0xd1342543de82ef95);
    sim->wanted_bug = options->bug;
    sim->verbose = options->verbose;
    sim->watched = options->watched;
    sim->kind = choose_kind(sim);
    if (options->kind >= 0) {
        sim->kind = options->kind;
    }
    sim->now = 1000 * SEC;
    set_size(sim);
    set_peers(sim);
    net_create(sim);
    if (sim->kind == KIND_STANDBY) {
        standby_create(sim);
    } else {
        sim->n_nodes = sim->n_clouds;
    }
    return sim;
}

static char *
destroy(struct sim *sim)
{
    char *failure = sim->failure;

    standby_destroy(sim);
    for (int i = 0; i < sim->n_nodes; i++) {
        repair_destroy(sim->nodes[i].repair);
        free(sim->nodes[i].edges);
    }
    sim_clear_events(sim);
    control_destroy(sim);
    free(sim->frames);
    free(sim->plans);
    free(sim);
    return failure;
}

char *
schedule_run(const struct sim_options *options, enum sim_kind *kind)
{
    struct sim *sim = create(options);

    *kind = sim->kind;
    sim_log(sim, "%s, %d clouds", kind_names[sim->kind], sim->n_clouds);
    start(sim);
    if (!sim->failure) {
        put_bug_in(sim);
        frames_start(sim);
        wait(sim, 100 * MSEC, SEC);
        kinds[sim->kind](sim);
    }
    if (sim->failure) {
        char *failure = xasprintf("%s: %s", kind_names[sim->kind],
                                  sim->failure);
        free(sim->failure);
        sim->failure = failure;
    }
    return destroy(sim);
}
