/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "tree-plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "util.h"

static bool
has_gateway(const struct model *model, int id)
{
    const struct cloud *cloud = model_cloud_by_id(model, id);

    return cloud && cloud->row.present && cloud_gateway(cloud);
}

/* Returns the ids of the clouds that there are edges to, ascending, '*n' of
 * them. */
static uint8_t *
collect_clouds(const struct model *model, const bool *also, size_t *n)
{
    uint8_t *ids = xmalloc(NETHV_CLOUD_MAX);

    *n = 0;
    for (int id = 1; id <= NETHV_CLOUD_MAX; id++) {
        if ((also && also[id]) || has_gateway(model, id)) {
            ids[(*n)++] = id;
        }
    }
    return ids;
}

static unsigned int
encaps_of(const struct model *model, uint8_t id)
{
    const struct cloud *cloud = model_cloud_by_id(model, id);

    return cloud && cloud->encaps ? cloud->encaps : ENCAP_ALL;
}

/* Returns whether tunnels between clouds 'a' and 'b' pass both. */
static bool
can_be_joined(const struct model *model, uint8_t a, uint8_t b)
{
    return encap_common(encaps_of(model, a),
                        encaps_of(model, b)) != ENCAP_N;
}

void
tree_plan_candidates(const struct model *model,
                     const bool also[NETHV_CLOUD_FLOOD],
                     struct tree_edge **edgesp, size_t *np)
{
    struct tree_edge *measured;
    size_t n_measured, n_clouds, n = 0, m = 0;
    uint8_t *clouds = collect_clouds(model, also, &n_clouds);
    struct tree_edge *edges = xcalloc(n_clouds * n_clouds + 1, sizeof *edges);

    tree_candidates(model, &measured, &n_measured);
    for (size_t i = 0; i < n_clouds; i++) {
        for (size_t j = i + 1; j < n_clouds; j++) {
            uint8_t a = clouds[i], b = clouds[j];
            if (!can_be_joined(model, a, b)) {
                continue;
            }
            while (m < n_measured && (measured[m].a < a
                                      || (measured[m].a == a
                                          && measured[m].b < b))) {
                m++;
            }
            if (m < n_measured && measured[m].a == a && measured[m].b == b) {
                edges[n++] = measured[m];
            } else {
                edges[n].a = a;
                edges[n].b = b;
                edges[n++].weight = INFINITY;
            }
        }
    }
    free(measured);
    free(clouds);
    *edgesp = edges;
    *np = n;
}

/* Moves the edges that lead to clouds that are apart to the end; returns how
 * many others there are. */
static size_t
set_apart(const bool *apart, struct tree_edge *edges, size_t n)
{
    struct tree_edge *far = xmalloc((n + 1) * sizeof *far);
    size_t n_near = 0, n_far = 0;

    for (size_t i = 0; i < n; i++) {
        if (apart[edges[i].a] || apart[edges[i].b]) {
            far[n_far++] = edges[i];
        } else {
            edges[n_near++] = edges[i];
        }
    }
    memcpy(&edges[n_near], far, n_far * sizeof *far);
    free(far);
    return n_near;
}

/* Adds for each cloud that is apart the edge by which a tree of all would join
 * it, so that it is joined as soon as it can be reached. */
static void
add_apart(struct tree_plan *plan, const bool *apart,
          const struct tree_edge *candidates, size_t n)
{
    struct tree *all = xmalloc(sizeof *all);

    tree_compute(all, candidates, n);
    for (size_t i = 0; i < all->n; i++) {
        const struct tree_edge *edge = &all->edges[i];
        if ((apart[edge->a] || apart[edge->b])
            && plan->standbys.n < TREE_STANDBYS_MAX) {
            plan->standbys.edges[plan->standbys.n++] = *edge;
        }
    }
    free(all);
}

void
tree_plan_compute(struct tree_plan *plan, const struct tree *old,
                  const struct tree_edge *before, size_t n_before,
                  const struct tree_edge *candidates, size_t n,
                  const bool apart[NETHV_CLOUD_FLOOD])
{
    struct tree_edge *edges = xmalloc((n + 1) * sizeof *edges);
    bool at_once = before && tree_costs_changed(before, n_before, candidates,
                                                n);

    memcpy(edges, candidates, n * sizeof *edges);
    size_t n_near = set_apart(apart, edges, n);
    if (at_once) {
        tree_compute(&plan->tree, edges, n_near);
    } else {
        tree_follow(&plan->tree, old, edges, n_near);
    }
    tree_standbys(&plan->tree, edges, n_near, &plan->standbys);
    add_apart(plan, apart, edges, n);
    free(edges);
}

double
tree_plan_cost(const struct tree_edge *edges, size_t n)
{
    double cost = 0;

    for (size_t i = 0; i < n; i++) {
        cost += isinf(edges[i].weight) ? 0 : edges[i].weight;
    }
    return cost;
}
