/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#include "linkstate.h"
#include "tree.h"
#include "util.h"

/* The database, and the global controller that writes plans to it.
 *
 * The controller is a part of the first gateway's process that is alive, and
 * knows what that knows. */

enum { CURRENT, NEXT };

/* A gateway reads the database. */

static void
read_plans(struct sim *sim, const struct event *event)
{
    struct node *node = &sim->nodes[event->node];
    struct repair_plan plans[2];

    if (node->incarnation != event->number) {
        return;
    }
    node->reading = false;
    if (node->repair && sim->db.up && node->connected) {
        for (size_t i = 0; i < 2; i++) {
            plans[i] = (struct repair_plan) {
                sim->db.number[i], sim->db.edges[i], sim->db.n[i],
            };
        }
        standby_read(sim, event->node);
        repair_set_plans(node->repair, &plans[CURRENT], &plans[NEXT],
                         sim->now / MSEC);
        node_poll(sim, event->node);
        node_write(sim, event->node);
    }
}

/* What has changed is on its way to node 'i'. */
void
db_read(struct sim *sim, int i)
{
    struct node *node = &sim->nodes[i];
    struct event event = {
        .run = read_plans, .node = i, .number = node->incarnation,
    };

    if (!node->reading) {
        node->reading = true;
        sim_at(sim, sim->now + sim_between(sim, 2 * MSEC, 150 * MSEC), event);
    }
}

void
db_written(struct sim *sim)
{
    for (int i = 0; i < sim->n_nodes; i++) {
        db_read(sim, i);
    }
}

void
db_stop(struct sim *sim, bool stop)
{
    sim_log(sim, "database %s", stop ? "stops" : "starts");
    sim->db.up = !stop;
    if (!stop) {
        db_written(sim);
        control_run(sim);
    }
}

/* Plans. */

static const struct node *
controller(const struct sim *sim)
{
    for (int i = 0; i < sim->n_nodes; i++) {
        const struct node *node = &sim->nodes[i];
        if (node->repair && node->connected
            && repair_outcome(node->repair)->ready) {
            return node;
        }
    }
    return NULL;
}

/* Returns whether the controller may plan with the edge between 'a' and 'b':
 * it has not failed, and joins clouds that are there. */
static bool
is_candidate(const struct node *node, uint8_t a, uint8_t b)
{
    if (!node) {
        return true;
    }
    const bool *connected = repair_outcome(node->repair)->connected;
    uint32_t level = linkstate_level(repair_linkstate(node->repair), a, b);

    return (connected[a] && connected[b]
            && (!level || linkstate_level_is_up(level)));
}

static size_t
collect_candidates(const struct sim *sim, const struct node *node,
                   struct tree_edge *candidates)
{
    size_t n = 0;

    for (int a = 1; a <= sim->n_clouds; a++) {
        for (int b = a + 1; b <= sim->n_clouds; b++) {
            if (is_candidate(node, a, b)) {
                candidates[n++] = (struct tree_edge) {
                    a, b, sim->weights[a - 1][b - 1],
                };
            }
        }
    }
    return n;
}

/* Edges of the current plan between clouds that are not there stay, so that
 * these find their way back. */
static size_t
keep_absent(const struct sim *sim, const struct node *node,
            struct repair_edge *edges)
{
    const bool *connected = repair_outcome(node->repair)->connected;
    size_t n = 0;

    for (size_t i = 0; i < sim->db.n[CURRENT]; i++) {
        const struct tree_edge *edge = &sim->db.edges[CURRENT][i].edge;
        if (!connected[edge->a] || !connected[edge->b]) {
            edges[n] = sim->db.edges[CURRENT][i];
            edges[n++].role = REPAIR_STANDBY;
        }
    }
    return n;
}

/* Writes a plan for what 'node' knows, NULL: for all, to the place 'which'. */
static void
write_plan(struct sim *sim, int which, uint32_t number,
           const struct node *node)
{
    struct tree_edge candidates[SIM_MAX * SIM_MAX / 2];
    size_t n = collect_candidates(sim, node, candidates);
    struct tree_standbys standbys;
    struct tree tree;
    struct repair_edge *edges;
    size_t n_edges = 0;

    tree_compute(&tree, candidates, n);
    tree_standbys(&tree, candidates, n, &standbys);
    edges = xmalloc((tree.n + standbys.n + sim->db.n[CURRENT] + 1)
                    * sizeof *edges);
    for (size_t i = 0; i < tree.n; i++) {
        edges[n_edges++] = (struct repair_edge) { tree.edges[i], REPAIR_TREE };
    }
    for (size_t i = 0; i < standbys.n; i++) {
        edges[n_edges++] = (struct repair_edge) { standbys.edges[i],
                                                  REPAIR_STANDBY };
    }
    if (node) {
        n_edges += keep_absent(sim, node, &edges[n_edges]);
    }
    free(sim->db.edges[which]);
    sim->db.edges[which] = edges;
    sim->db.n[which] = n_edges;
    sim->db.number[which] = number;
    sim->db.since = sim->now;
}

/* Costs drift. */
void
control_drift(struct sim *sim)
{
    for (int i = 0; i < sim->n_clouds; i++) {
        for (int j = 0; j < i; j++) {
            double factor = sim_between(sim, 50, 150) / 100.0;
            sim->weights[i][j] *= factor;
            sim->weights[j][i] = sim->weights[i][j];
        }
    }
}

/* Makes a plan to come.  One that is not in force yet is given up. */
void
control_plan(struct sim *sim)
{
    const struct node *node = controller(sim);

    if (!node || !sim->db.up) {
        return;
    }
    uint32_t number = repair_outcome(node->repair)->next;
    if (number <= sim->db.last && sim->bug != BUG_REUSED_NUMBER) {
        number += (sim->db.last - number) / 2 * 2 + 2;
    }
    sim->db.last = number;
    write_plan(sim, NEXT, number, node);
    sim_log(sim, "plan %"PRIu32" to come", sim->db.number[NEXT]);
    db_written(sim);
}

/* Looks after the plan to come: one that is not prepared is made anew. */
static void
watch(struct sim *sim, const struct event *event)
{
    if (sim->db.number[NEXT] && sim->now - sim->db.since >= 20 * SEC) {
        control_plan(sim);
    }
    sim_at(sim, sim->now + 5 * SEC, *event);
}

/* Returns whether a gateway of 'cloud' has prepared the plan to come. */
static bool
has_prepared(const struct sim *sim, uint8_t cloud)
{
    for (int i = 0; i < sim->n_nodes; i++) {
        if (sim->nodes[i].cloud == cloud
            && sim->nodes[i].prepared == sim->db.number[NEXT]) {
            return true;
        }
    }
    return false;
}

/* Puts the plan to come in force if all who are there have prepared it. */
void
control_run(struct sim *sim)
{
    const struct node *node = controller(sim);

    if (!node || !sim->db.up || !sim->db.number[NEXT]) {
        return;
    }
    const bool *connected = repair_outcome(node->repair)->connected;
    for (int cloud = 1; cloud <= sim->n_clouds; cloud++) {
        if (connected[cloud] && !has_prepared(sim, cloud)) {
            return;
        }
    }
    free(sim->db.edges[CURRENT]);
    sim->db.edges[CURRENT] = sim->db.edges[NEXT];
    sim->db.n[CURRENT] = sim->db.n[NEXT];
    sim->db.number[CURRENT] = sim->db.number[NEXT];
    sim->db.edges[NEXT] = NULL;
    sim->db.n[NEXT] = sim->db.number[NEXT] = 0;
    sim_log(sim, "plan %"PRIu32" in force", sim->db.number[CURRENT]);
    db_written(sim);
}

/* The first plan. */
void
db_start(struct sim *sim)
{
    struct event event = { .run = watch };

    sim->db.up = true;
    sim_at(sim, sim->now + 5 * SEC, event);
    sim->db.last = 1 + sim_range(sim, 4);
    write_plan(sim, CURRENT, sim->db.last, NULL);
}

void
control_destroy(struct sim *sim)
{
    free(sim->db.edges[CURRENT]);
    free(sim->db.edges[NEXT]);
}
