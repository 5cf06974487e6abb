/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "sim.h"

#include "util.h"

/* What may go wrong, one at a time. */

int
any_node(struct sim *sim)
{
    return sim_range(sim, sim->n_nodes);
}

static void
fault_cut(struct sim *sim)
{
    int a = any_node(sim), b = any_node(sim);

    if (a != b) {
        bool cut = !sim->paths[a][b].cut;
        net_cut(sim, a, b, cut);
        if (sim_chance(sim, 0.6)) {
            net_cut(sim, b, a, cut);
        }
    }
}

/* One that carries frames. */
static void
fault_cut_tree(struct sim *sim)
{
    int a = any_node(sim);
    const struct node *node = &sim->nodes[a];
    int cloud = 1 + sim_range(sim, sim->n_clouds);
    uint8_t via = node->now.slots[node->now.stamp].via[cloud];

    if (via) {
        net_cut(sim, a, via - 1, true);
        if (sim_chance(sim, 0.7)) {
            net_cut(sim, via - 1, a, true);
        }
    }
}

static void
fault_parts(struct sim *sim)
{
    bool side[SIM_MAX];

    for (int i = 0; i < sim->n_nodes; i++) {
        side[i] = sim_chance(sim, 0.5);
    }
    for (int i = 0; i < sim->n_nodes; i++) {
        for (int j = 0; j < sim->n_nodes; j++) {
            if (i != j && side[i] != side[j]) {
                net_cut(sim, i, j, true);
            }
        }
    }
}

static void
mend_paths(struct sim *sim)
{
    for (int i = 0; i < sim->n_nodes; i++) {
        for (int j = 0; j < sim->n_nodes; j++) {
            if (i != j) {
                net_cut(sim, i, j, false);
            }
        }
    }
}

static void
fault_loss(struct sim *sim)
{
    int a = any_node(sim), b = any_node(sim);

    sim->paths[a][b].loss = sim_chance(sim, 0.5) ? 0
                            : sim_range(sim, 40) / 100.0;
}

static void
fault_process(struct sim *sim)
{
    int i = any_node(sim);

    if (sim->nodes[i].repair) {
        node_stop_process(sim, i);
    } else {
        node_start_process(sim, i);
    }
}

static void
fault_restart(struct sim *sim)
{
    int i = any_node(sim);

    node_stop_process(sim, i);
    node_start_process(sim, i);
}

static void
fault_host(struct sim *sim)
{
    int i = any_node(sim);

    if (sim->nodes[i].host_up) {
        node_stop_host(sim, i);
    } else {
        node_start_host(sim, i);
    }
}

static void
fault_agent(struct sim *sim)
{
    struct node *node = &sim->nodes[any_node(sim)];

    int64_t until = sim->now + sim_range(sim, 2 * SEC);
    node->given_until = MAX(node->given_until, until);
}

void
fault_database(struct sim *sim)
{
    db_stop(sim, sim->db.up);
}

void
fault_connection(struct sim *sim)
{
    int i = any_node(sim);

    sim->nodes[i].connected = !sim->nodes[i].connected;
    db_read(sim, i);
}

void
fault_drift(struct sim *sim)
{
    control_drift(sim);
    control_plan(sim);
}

static void (*const faults[])(struct sim *) = {
    fault_cut, fault_cut, fault_cut, fault_cut_tree, fault_cut_tree,
    fault_cut_tree, fault_parts, mend_paths, mend_paths, fault_loss,
    fault_process, fault_process, fault_restart, fault_host, fault_host,
    fault_agent, fault_database, fault_connection, fault_drift, fault_drift,
    fault_drift, control_plan,
};

/* One of them. */
void
faults_any(struct sim *sim)
{
    faults[sim_range(sim, ARRAY_SIZE(faults))](sim);
}

/* All is well again. */
void
faults_mend(struct sim *sim)
{
    sim_log(sim, "all is mended");
    mend_paths(sim);
    standby_mend(sim);
    for (int i = 0; i < sim->n_nodes; i++) {
        for (int j = 0; j < sim->n_nodes; j++) {
            sim->paths[i][j].loss = 0;
        }
        node_start_host(sim, i);
        if (!sim->nodes[i].repair) {
            node_start_process(sim, i);
        }
        sim->nodes[i].connected = true;
    }
    db_stop(sim, false);
}
