/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "repair-private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linkstate.h"
#include "util.h"

/* From plan and link state to number and tree. */

/* Tree edges, standby edges, others; then the same of suspects; at last what
 * has failed. */
#define RANK_OTHER 2
#define RANKS 3
#define RANK_FAILED (2 * RANKS)

/* As many failed edges make a cloud suspect. */
#define SUSPECT 2

/* A cloud's failed edges count up to that. */
#define ENOUGH 3

static bool
has_failed(uint32_t level)
{
    return level && !linkstate_level_is_up(level);
}

bool
repair_plan_has(const struct repair_held *plan, uint8_t a, uint8_t b)
{
    for (size_t i = 0; i < plan->n; i++) {
        const struct tree_edge *edge = &plan->edges[i].edge;
        if (edge->a == MIN(a, b) && edge->b == MAX(a, b)) {
            return true;
        }
    }
    return false;
}

/* A cloud of which several edges have failed has probably failed itself.  Its
 * other edges are going to fail as well: they come last, so that no tree leads
 * through that cloud if there is a way around it. */
struct suspects {
    int failed[NETHV_CLOUD_FLOOD];
};

static void
find_suspects(const struct repair *repair, const struct repair_held *plan,
              struct suspects *suspects)
{
    memset(suspects, 0, sizeof *suspects);
    for (size_t i = 0; i < plan->n; i++) {
        const struct tree_edge *edge = &plan->edges[i].edge;
        if (has_failed(linkstate_level(repair->linkstate, edge->a, edge->b))) {
            suspects->failed[edge->a]++;
            suspects->failed[edge->b]++;
        }
    }
}

static struct tree_ranked
rank_edge(const struct suspects *suspects, const struct tree_edge *edge,
          unsigned int rank)
{
    bool suspect = (suspects->failed[edge->a] >= SUSPECT
                    || suspects->failed[edge->b] >= SUSPECT);

    return (struct tree_ranked) {
        .edge = *edge, .rank = rank + (suspect ? RANKS : 0),
    };
}

/* The weight of an edge outside the plan, in the unit of plans. */
static double
weight_of(uint32_t weight)
{
    return weight == UINT32_MAX ? INFINITY : weight / 1000.0;
}

/* Returns how much 'plan' has suffered, for its number.  Beyond ENOUGH, failed
 * edges of one cloud do not count: it is passed by, and trees differ in the way
 * to itself only. */
static unsigned int
count_failures(const struct repair *repair, const struct repair_held *plan,
               const struct suspects *suspects)
{
    int failures = 0;

    for (size_t i = 0; i < plan->n; i++) {
        const struct tree_edge *edge = &plan->edges[i].edge;
        failures += has_failed(linkstate_level(repair->linkstate, edge->a,
                                               edge->b));
    }
    if (!failures) {
        return 0;
    }
    for (size_t cloud = 1; cloud < NETHV_CLOUD_FLOOD; cloud++) {
        failures -= MAX(suspects->failed[cloud], ENOUGH) - ENOUGH;
    }
    return MAX(failures, 1);
}

/* Returns the number that 'plan', the link state and 'tree' make.  Its slot is
 * not that of the whole plan, by which a gateway may go until it hears of all
 * failures at once. */
static uint64_t
compute_number(const struct repair *repair, const struct repair_held *plan,
               const struct suspects *suspects, const struct tree *tree)
{
    uint64_t whole = 2 * (uint64_t) plan->number;
    unsigned int n = count_failures(repair, plan, suspects);

    for (size_t i = 0; i < tree->n; i++) {
        n += !repair_plan_has(plan, tree->edges[i].a, tree->edges[i].b);
    }
    return n ? whole + 1 + (n - 1) % (REPAIR_SLOTS - 1) : whole;
}

/* Sets '*tree' to the tree of 'plan' and the link state, '*number' to its
 * number.  A cloud that cannot be reached hangs on by an edge that has failed:
 * nothing is lost by that, and when its switch is back, frames flow before BFD
 * knows. */
static void
compute_tree(const struct repair *repair, const struct repair_held *plan,
             const struct linkstate_edge *known, size_t n_known,
             struct tree *tree, uint64_t *number)
{
    struct tree_ranked *ranked = xmalloc((plan->n + n_known + 1)
                                         * sizeof *ranked);
    struct suspects suspects;
    size_t n = 0;

    find_suspects(repair, plan, &suspects);
    for (size_t i = 0; i < plan->n; i++) {
        const struct repair_edge *edge = &plan->edges[i];
        uint32_t level = linkstate_level(repair->linkstate, edge->edge.a,
                                         edge->edge.b);
        if (linkstate_level_is_up(level)) {
            ranked[n++] = rank_edge(&suspects, &edge->edge, edge->role);
        } else if (level) {
            ranked[n++] = (struct tree_ranked) {
                .edge = edge->edge, .rank = RANK_FAILED,
            };
        }
    }
    for (size_t i = 0; i < n_known; i++) {
        if (linkstate_level_is_up(known[i].level)
            && !repair_plan_has(plan, known[i].a, known[i].b)) {
            struct tree_edge edge = { known[i].a, known[i].b,
                                      weight_of(known[i].weight) };
            ranked[n++] = rank_edge(&suspects, &edge, RANK_OTHER);
        }
    }
    tree_span(tree, ranked, n);
    *number = compute_number(repair, plan, &suspects, tree);
    free(ranked);
}

/* Sets 'part' to what 'tree' joins, apart from edges that have failed. */
static void
compute_parts(const struct linkstate *linkstate, const struct tree *tree,
              uint8_t part[NETHV_CLOUD_FLOOD])
{
    for (size_t i = 0; i < NETHV_CLOUD_FLOOD; i++) {
        part[i] = i;
    }
    for (size_t i = 0; i < tree->n; i++) {
        uint8_t from = part[tree->edges[i].b], to = part[tree->edges[i].a];
        if (has_failed(linkstate_level(linkstate, tree->edges[i].a,
                                       tree->edges[i].b))) {
            continue;
        }
        for (size_t cloud = 1; cloud < NETHV_CLOUD_FLOOD; cloud++) {
            if (part[cloud] == from) {
                part[cloud] = to;
            }
        }
    }
}

/* Returns whether the edges of 'plan' with 'role' are up as far as clouds are
 * joined. */
static bool
is_up(const struct repair *repair, const struct repair_held *plan,
      enum repair_role role)
{
    const uint8_t *part = repair->view.part;

    for (size_t i = 0; i < plan->n; i++) {
        const struct tree_edge *edge = &plan->edges[i].edge;
        if (plan->edges[i].role == role
            && part[edge->a] == part[edge->b]
            && !linkstate_level_is_up(linkstate_level(repair->linkstate,
                                                      edge->a, edge->b))) {
            return false;
        }
    }
    return true;
}

void
repair_compute_view(struct repair *repair)
{
    struct repair_view *view = &repair->view;
    size_t n_known;
    struct linkstate_edge *known = linkstate_edges(repair->linkstate,
                                                   &n_known);

    compute_tree(repair, &repair->held, known, n_known, &view->tree,
                 &view->number);
    compute_parts(repair->linkstate, &view->tree, view->part);
    view->next_whole = view->next_still = false;
    if (repair->next.number > repair->held.number) {
        compute_tree(repair, &repair->next, known, n_known, &view->next,
                     &view->next_number);
        view->next_whole = is_up(repair, &repair->next, REPAIR_TREE);
        view->next_still = is_up(repair, &repair->next, REPAIR_STANDBY);
    }
    free(known);
}

/* Returns whether the edge has failed, and the view's tree does without. */
static bool
is_left(const struct repair *repair, uint8_t a, uint8_t b)
{
    return has_failed(linkstate_level(repair->linkstate, a, b))
           && !tree_find_edge(repair->view.tree.edges, repair->view.tree.n,
                              a, b);
}

/* Returns whether an edge of the tree that own frames are stamped with has
 * failed, and there is a better tree.  Of a tree that this process has not
 * computed only the own edges are known. */
bool
repair_is_broken(const struct repair *repair, const struct slot *stamped)
{
    for (size_t i = 0; i < stamped->tree.n; i++) {
        const struct tree_edge *edge = &stamped->tree.edges[i];
        if (is_left(repair, edge->a, edge->b)) {
            return true;
        }
    }
    for (size_t cloud = 1; cloud < NETHV_CLOUD_FLOOD; cloud++) {
        uint8_t via = stamped->entries[cloud].via;
        if (via && is_left(repair, repair->self, via)) {
            return true;
        }
    }
    return false;
}
