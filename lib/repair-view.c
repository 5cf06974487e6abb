/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "repair-private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linkstate.h"
#include "tree-walk.h"
#include "util.h"

/* From plan and link state to number and tree. */

/* Tree edges, standby edges, others; then the same of suspects; at last what
 * has failed. */
#define RANK_OTHER 2
#define RANKS 3
#define RANK_FAILED (2 * RANKS)

/* A cloud of which as many edges have failed has probably failed itself: its
 * other edges are going to fail as well. */
#define SUSPECT 2

/* The edges that anything is known of. */
struct repair_known {
    struct linkstate_edge *edges;
    size_t n;
};

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

/* The weight of an edge outside the plan, in the unit of plans. */
static double
weight_of(uint32_t weight)
{
    return weight == UINT32_MAX ? INFINITY : weight / 1000.0;
}

/* Edges of 'avoid'ed clouds come last, so that no tree leads through these if
 * there is a way around. */
static struct tree_ranked
rank_edge(const bool avoid[NETHV_CLOUD_FLOOD], const struct tree_edge *edge,
          unsigned int rank)
{
    return (struct tree_ranked) {
        .edge = *edge,
        .rank = rank + (avoid[edge->a] || avoid[edge->b] ? RANKS : 0),
    };
}

/* Sets 'in[cloud]' to whether the cloud is in 'plan'. */
static void
find_clouds(const struct repair_held *plan, bool in[NETHV_CLOUD_FLOOD])
{
    memset(in, 0, NETHV_CLOUD_FLOOD * sizeof *in);
    for (size_t i = 0; i < plan->n; i++) {
        in[plan->edges[i].edge.a] = in[plan->edges[i].edge.b] = true;
    }
}

/* Sets '*tree' to that of what works of 'plan' and beyond, around 'avoid'.
 *
 * A cloud that is not in the plan waits for the one that it is in: its tunnels
 * come up one after another, and by the first it would get ways that the next
 * ones change, under the same number.  A cloud that cannot be reached hangs on
 * by an edge that has failed: nothing is lost by that, and when its switch is
 * back, frames flow before BFD knows. */
static void
span(const struct repair *repair, const struct repair_held *plan,
     const struct repair_known *known, const bool avoid[NETHV_CLOUD_FLOOD],
     struct tree *tree)
{
    struct tree_ranked *ranked = xmalloc((plan->n + known->n + 1)
                                         * sizeof *ranked);
    bool in[NETHV_CLOUD_FLOOD];
    size_t n = 0;

    find_clouds(plan, in);
    for (size_t i = 0; i < plan->n; i++) {
        const struct repair_edge *edge = &plan->edges[i];
        uint32_t level = linkstate_level(repair->linkstate, edge->edge.a,
                                         edge->edge.b);
        if (linkstate_level_is_up(level)) {
            ranked[n++] = rank_edge(avoid, &edge->edge, edge->role);
        } else if (level) {
            ranked[n++] = (struct tree_ranked) {
                .edge = edge->edge, .rank = RANK_FAILED,
            };
        }
    }
    for (size_t i = 0; i < known->n; i++) {
        const struct linkstate_edge *edge = &known->edges[i];
        if (linkstate_level_is_up(edge->level) && in[edge->a] && in[edge->b]
            && !repair_plan_has(plan, edge->a, edge->b)) {
            struct tree_edge outside = { edge->a, edge->b,
                                         weight_of(edge->weight) };
            ranked[n++] = rank_edge(avoid, &outside, RANK_OTHER);
        }
    }
    tree_span(tree, ranked, n);
    free(ranked);
}

static unsigned int
count_outside(const struct repair_held *plan, const struct tree *tree)
{
    unsigned int n = 0;

    for (size_t i = 0; i < tree->n; i++) {
        n += !repair_plan_has(plan, tree->edges[i].a, tree->edges[i].b);
    }
    return n;
}

/* Sets '*way' to what any failures make of 'plan'.  The slot of the number is
 * not that of the whole plan, by which a gateway may go until it hears of all
 * failures at once. */
static void
compute_plain(const struct repair *repair, const struct repair_held *plan,
              const struct repair_known *known,
              const struct repair_failures *failures, struct repair_way *way)
{
    bool avoid[NETHV_CLOUD_FLOOD];

    for (size_t cloud = 0; cloud < NETHV_CLOUD_FLOOD; cloud++) {
        avoid[cloud] = failures->tree && failures->of[cloud] >= SUSPECT;
    }
    span(repair, plan, known, avoid, &way->tree);
    unsigned int n = repair_count_failures(failures)
                     + count_outside(plan, &way->tree);
    way->number = 2 * (uint64_t) plan->number
                  + (n ? 1 + (n - 1) % (REPAIR_SLOTS - 1) : 0);
}

/* Hangs 'cloud' on where the ways to the neighbours that it has lost are the
 * shortest. */
static void
hang(const struct repair *repair, const struct repair_held *plan,
     uint8_t cloud, struct tree *tree)
{
    struct tree_edge *edges = xmalloc((plan->n + 1) * sizeof *edges);
    bool lost[NETHV_CLOUD_FLOOD] = { false };
    size_t n = 0;

    for (size_t i = 0; i < plan->n; i++) {
        const struct repair_edge *edge = &plan->edges[i];
        uint8_t a = edge->edge.a, b = edge->edge.b;

        if (a != cloud && b != cloud) {
            continue;
        }
        uint32_t level = linkstate_level(repair->linkstate, a, b);
        if (linkstate_level_is_up(level)) {
            edges[n++] = edge->edge;
        } else if (level && edge->role == REPAIR_TREE) {
            lost[a == cloud ? b : a] = true;
        }
    }
    tree_hang(tree, cloud, edges, n, lost);
    free(edges);
}

/* Sets '*way' to the tree around 'cloud' and its number, which has one of two
 * slots: the ends of an edge of the plan's tree have different ones. */
static void
compute_around(const struct repair *repair, const struct repair_held *plan,
               const struct repair_known *known, uint8_t cloud,
               struct repair_way *way)
{
    bool avoid[NETHV_CLOUD_FLOOD] = { false };
    struct tree planned = { .n = 0 };

    avoid[cloud] = true;
    span(repair, plan, known, avoid, &way->tree);
    hang(repair, plan, cloud, &way->tree);
    for (size_t i = 0; i < plan->n && planned.n < TREE_EDGES_MAX; i++) {
        if (plan->edges[i].role == REPAIR_TREE) {
            planned.edges[planned.n++] = plan->edges[i].edge;
        }
    }
    way->number = 2 * (uint64_t) plan->number
                  + (tree_is_odd(&planned, cloud) ? 3 : 1);
}

/* One edge has failed: '*way' goes around one of its ends, '*other' around the
 * other one. */
static void
pass_edge(const struct repair *repair, const struct repair_held *plan,
          const struct repair_known *known,
          const struct repair_failures *failures, struct repair_way *way,
          struct repair_way *other)
{
    compute_around(repair, plan, known, failures->around, way);
    compute_around(repair, plan, known, failures->other, other);
    if (failures->open
        && tree_length(&other->tree) < tree_length(&way->tree)) {
        struct repair_way swap = *way;
        *way = *other;
        *other = swap;
    }
}

/* Several edges of a cloud have failed: '*way' goes around it, and '*other' is
 * what those go by who know of one. */
static void
pass_cloud(const struct repair *repair, const struct repair_held *plan,
           const struct repair_known *known,
           const struct repair_failures *failures, struct repair_way *way,
           struct repair_way *other)
{
    compute_around(repair, plan, known, failures->around, other);
    *way = *other;
    way->number = 2 * (uint64_t) plan->number + 2;
}

/* Sets '*way' to the way by which 'plan' goes on, '*other' to the one by which
 * some gateways may go for a while: its number is 0 if there is none. */
static void
compute_ways(const struct repair *repair, const struct repair_held *plan,
             const struct repair_known *known, struct repair_way *way,
             struct repair_way *other)
{
    struct repair_failures failures;

    repair_find_failures(repair, plan, &failures);
    other->number = 0;
    if (failures.other) {
        pass_edge(repair, plan, known, &failures, way, other);
    } else if (failures.around) {
        pass_cloud(repair, plan, known, &failures, way, other);
    }
    if (!failures.around || count_outside(plan, &way->tree)) {
        other->number = 0;
        compute_plain(repair, plan, known, &failures, way);
    }
}

/* Sets 'part' to what the edges that are up join, also those to clouds that
 * the plan does not have. */
static void
compute_parts(const struct repair_known *known,
              uint8_t part[NETHV_CLOUD_FLOOD])
{
    for (size_t i = 0; i < NETHV_CLOUD_FLOOD; i++) {
        part[i] = i;
    }
    for (size_t i = 0; i < known->n; i++) {
        const struct linkstate_edge *edge = &known->edges[i];
        uint8_t from = part[edge->b], to = part[edge->a];
        if (from == to || !linkstate_level_is_up(edge->level)) {
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

/* Returns whether an edge of 'plan' has never been up. */
static bool
is_coming_up(const struct repair *repair, const struct repair_held *plan)
{
    for (size_t i = 0; i < plan->n; i++) {
        const struct tree_edge *edge = &plan->edges[i].edge;
        if (!linkstate_level(repair->linkstate, edge->a, edge->b)) {
            return true;
        }
    }
    return false;
}

void
repair_compute_view(struct repair *repair)
{
    struct repair_view *view = &repair->view;
    struct repair_known known;
    struct repair_way ignored;

    known.edges = linkstate_edges(repair->linkstate, &known.n);
    compute_ways(repair, &repair->held, &known, &view->way, &view->other);
    compute_parts(&known, view->part);
    view->next_whole = view->next_still = false;
    if (repair->next.number > repair->held.number) {
        compute_ways(repair, &repair->next, &known, &view->next, &ignored);
        view->next_whole = is_up(repair, &repair->next, REPAIR_TREE);
        view->next_still = is_up(repair, &repair->next, REPAIR_STANDBY)
                           && !is_coming_up(repair, &repair->next);
    }
    free(known.edges);
}

/* Returns whether the edge has failed, and the view's tree does without. */
static bool
is_left(const struct repair *repair, uint8_t a, uint8_t b)
{
    const struct tree *tree = &repair->view.way.tree;

    return (repair_has_failed(linkstate_level(repair->linkstate, a, b))
            && !tree_find_edge(tree->edges, tree->n, a, b));
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
