/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "linkstate.h"
#include "repair-private.h"
#include "util.h"

/* What must hold. */

static uint32_t
plan_hash(const struct repair_plan *plan)
{
    uint32_t hash = plan->n;

    for (size_t i = 0; i < plan->n; i++) {
        const struct repair_edge *edge = &plan->edges[i];
        hash = hash_int(edge->edge.a << 16 | edge->edge.b << 8 | edge->role,
                        hash);
        hash = hash_double(edge->edge.weight, hash);
    }
    return hash;
}

/* A plan's number stands for the same edges at all gateways and times. */
void
check_plan(struct sim *sim, const struct repair_plan *plan)
{
    uint32_t hash = plan_hash(plan);

    for (size_t i = 0; i < sim->n_plans; i++) {
        if (sim->plans[i].number == plan->number) {
            if (sim->plans[i].hash != hash) {
                sim_fail(sim, "number %"PRIu32" stands for two plans",
                         plan->number);
            }
            return;
        }
    }
    if (sim->n_plans >= sim->allocated_plans) {
        sim->plans = x2nrealloc(sim->plans, &sim->allocated_plans,
                                sizeof *sim->plans);
    }
    sim->plans[sim->n_plans++] = (struct known_plan) { plan->number, hash };
}

/* Returns NULL, or a malloc'd sentence on how 'node' and 'first' differ. */
static char *
compare_nodes(const struct node *node, const struct node *first)
{
    if (!node->repair || !repair_outcome(node->repair)->ready) {
        return xasprintf("the process of %d is not ready", node->cloud);
    }
    const struct repair_outcome *a = repair_outcome(node->repair);
    const struct repair_outcome *b = repair_outcome(first->repair);

    if (a->number != b->number || a->plan != b->plan
        || linkstate_digest(repair_linkstate(node->repair))
           != linkstate_digest(repair_linkstate(first->repair))) {
        return xasprintf("%d has plan %"PRIu32" and number %"PRIu64", %d has "
                         "plan %"PRIu32" and number %"PRIu64, node->cloud,
                         a->plan, a->number, first->cloud, b->plan,
                         b->number);
    }
    if (node->now.stamp != a->number % REPAIR_SLOTS) {
        return xasprintf("%d stamps %u, its number is %"PRIu64, node->cloud,
                         node->now.stamp, a->number);
    }
    return NULL;
}

/* Returns whether the stamped slots are one tree: who leads to a neighbour is
 * led back by it, and all lead to all. */
static char *
check_one_tree(const struct sim *sim)
{
    for (int i = 0; i < sim->n_clouds; i++) {
        const struct node *node = &sim->nodes[i];
        const uint8_t *via = node->now.slots[node->now.stamp].via;

        for (int cloud = 1; cloud <= sim->n_clouds; cloud++) {
            if (cloud != node->cloud && !via[cloud]) {
                return xasprintf("%d leads nowhere at %d", cloud, node->cloud);
            }
            if (via[cloud]) {
                const struct node *next = &sim->nodes[via[cloud] - 1];
                const uint8_t *back = next->now.slots[next->now.stamp].via;
                if (back[node->cloud] != node->cloud) {
                    return xasprintf("%d leads to %d, not back", node->cloud,
                                     next->cloud);
                }
            }
        }
    }
    return NULL;
}

/* Returns whether all tunnels that 'node' should have work, and are known
 * to. */
static char *
check_tunnels(const struct sim *sim, const struct node *node)
{
    const struct repair_outcome *outcome = repair_outcome(node->repair);

    for (int cloud = 1; cloud <= sim->n_clouds; cloud++) {
        uint32_t level = linkstate_level(repair_linkstate(node->repair),
                                         node->cloud, cloud);
        if (outcome->tunnels[cloud] != linkstate_level_is_up(level)) {
            return xasprintf("the tunnel from %d to %d should be %s",
                             node->cloud, cloud,
                             outcome->tunnels[cloud] ? "up" : "down");
        }
    }
    return NULL;
}

/* Returns whether all gateways have come to one view, and forward by it, and
 * nothing is going to change it.  Else sets '*why' to a malloc'd sentence. */
bool
check_converged(struct sim *sim, char **why)
{
    const struct node *first = &sim->nodes[0];

    *why = (!first->repair ? xstrdup("the first process is dead")
            : sim->db.number[1] ? xstrdup("a plan is to come")
            : nullable_xstrdup(standby_settled(sim)));
    bool one_each = (sim->n_nodes == sim->n_clouds
                     || sim->kind == KIND_STANDBY);
    int n = one_each ? sim->n_clouds : sim->n_nodes;
    for (int i = 0; i < n && !*why; i++) {
        *why = compare_nodes(&sim->nodes[i], first);
        if (!*why && one_each) {
            *why = check_tunnels(sim, &sim->nodes[i]);
        }
    }
    if (!*why && one_each) {
        *why = check_one_tree(sim);
    }
    return !*why;
}

/* Logs what each gateway has. */
static void
dump(struct sim *sim)
{
    for (int i = 0; i < sim->n_nodes && sim->verbose; i++) {
        const struct node *node = &sim->nodes[i];
        const struct repair *repair = node->repair;

        if (repair) {
            sim_log(sim, "%d: plan %"PRIu32", next %"PRIu32"%s%s, prepared "
                    "%"PRIu32" (%"PRIu32"), number %"PRIu64", stamp %u", node->cloud,
                    repair->held.number, repair->next.number,
                    repair->view.next_whole ? " whole" : "",
                    repair->view.next_still ? " still" : "", node->prepared,
                    repair->outcome.prepared, repair->view.way.number, repair->slots.stamp);
        }
        for (int j = 0; repair && j < REPAIR_SLOTS; j++) {
            sim_log(sim, "    slot %d: number %"PRIu64"%s%s", j,
                    repair->slots.slots[j].number,
                    repair->slots.slots[j].complete ? " complete" : "",
                    repair->slots.slots[j].installed != INT64_MAX
                    ? " installed" : "");
        }
    }
}

/* Runs until all gateways have one view: no longer than 'bound'. */
void
check_converges(struct sim *sim, int64_t bound)
{
    int64_t end = sim->now + bound;
    char *why;

    while (!check_converged(sim, &why)) {
        if (sim->now >= end) {
            sim_fail(sim, "no convergence within %.0f s: %s",
                     bound / (double) SEC, why);
            dump(sim);
        }
        free(why);
        if (sim->failure) {
            return;
        }
        sim_run_until(sim, sim->now + 250 * MSEC);
    }
    sim_log(sim, "converged");
}

/* Every pair reaches each other, and every flood all. */
void
check_all_pairs(struct sim *sim)
{
    int64_t from = sim->now;

    for (int i = 0; i < sim->n_clouds; i++) {
        for (int to = 0; to <= sim->n_clouds; to++) {
            if (to != sim->nodes[i].cloud) {
                frames_send(sim, i, to);
            }
        }
    }
    sim_run_until(sim, sim->now + 1500 * MSEC);
    check_none_lost(sim, from, from, NULL);
}

static bool
is_lost(const struct frame *frame, int cloud)
{
    return (cloud != frame->source && (!frame->to || frame->to == cloud)
            && !frame_got(frame, cloud));
}

/* All frames that were sent 'from' .. 'to' have come to where they should,
 * clouds that are 'exempt' apart. */
void
check_none_lost(struct sim *sim, int64_t from, int64_t to,
                const bool *exempt)
{
    for (size_t i = 0; i < sim->n_frames && !sim->failure; i++) {
        const struct frame *frame = &sim->frames[i];

        if (frame->sent < from || frame->sent > to
            || (exempt && exempt[frame->source])) {
            continue;
        }
        for (int cloud = 1; cloud <= sim->n_clouds; cloud++) {
            if (!(exempt && exempt[cloud]) && is_lost(frame, cloud)) {
                sim_fail(sim, "frame %"PRIuSIZE" of cloud %d to %d, sent at "
                         "%.3f ms with slot %u, did not come to cloud %d",
                         i + 1, frame->source, frame->to, frame->sent / 1000.0,
                         frame->slot, cloud);
                break;
            }
        }
    }
}
