/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "tree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tree-private.h"
#include "util.h"

/* A tree that follows measurements, with hysteresis: edges are exchanged one by
 * one, as long as that gains enough. */

/* How much lighter an edge must be than the one it replaces. */
#define GAIN 0.9

/* A tree as ways to the root of each part: 'up[cloud]' is the next cloud, 0 at
 * the root; 'edge[cloud]' the position of the edge between. */
struct ways {
    uint8_t up[NETHV_CLOUD_MAX + 1];
    uint8_t edge[NETHV_CLOUD_MAX + 1];
    uint8_t depth[NETHV_CLOUD_MAX + 1];
};

/* Hangs all that 'tree' joins with 'cloud' below it. */
static void
hang(struct ways *ways, const struct tree *tree, uint8_t cloud)
{
    for (size_t i = 0; i < tree->n; i++) {
        const struct tree_edge *edge = &tree->edges[i];
        uint8_t other = (edge->a == cloud ? edge->b
                         : edge->b == cloud ? edge->a : 0);

        if (other && other != ways->up[cloud]) {
            ways->up[other] = cloud;
            ways->edge[other] = i;
            ways->depth[other] = ways->depth[cloud] + 1;
            hang(ways, tree, other);
        }
    }
}

static void
find_ways(struct ways *ways, const struct tree *tree)
{
    struct tree_parts parts;

    memset(ways, 0, sizeof *ways);
    tree_parts_separate(&parts);
    for (size_t i = 0; i < tree->n; i++) {
        tree_parts_join(&parts, tree->edges[i].a, tree->edges[i].b);
    }
    for (unsigned int cloud = 1; cloud <= NETHV_CLOUD_MAX; cloud++) {
        if (tree_parts_of(&parts, cloud) == cloud) {
            hang(ways, tree, cloud);
        }
    }
}

static bool
is_worth_it(const struct tree_edge *old, const struct tree_edge *new)
{
    if (old->fixed && new->fixed) {
        return tree_compare_weights(new, old) < 0;
    }
    return (new->weight < GAIN * old->weight
            && old->weight - new->weight > TREE_GAIN_MIN);
}

/* Returns the heaviest edge of 'tree' between the ends of 'new', which it
 * joins, that is worth exchanging for 'new'; NULL if none is. */
static struct tree_edge *
find_exchange(struct tree *tree, const struct ways *ways,
              const struct tree_edge *new)
{
    struct tree_edge *heaviest = NULL;
    uint8_t a = new->a, b = new->b;

    while (a != b) {
        uint8_t *deeper = ways->depth[a] > ways->depth[b] ? &a : &b;
        struct tree_edge *edge = &tree->edges[ways->edge[*deeper]];

        if (is_worth_it(edge, new)
            && (!heaviest || edge->weight > heaviest->weight)) {
            heaviest = edge;
        }
        *deeper = ways->up[*deeper];
    }
    return heaviest;
}

/* Goes through all candidates once.  Returns whether it exchanged any. */
static bool
exchange(struct tree *tree, const struct tree_edge *candidates, size_t n)
{
    struct ways ways;
    bool exchanged = false;

    find_ways(&ways, tree);
    for (size_t i = 0; i < n; i++) {
        struct tree_edge *old = find_exchange(tree, &ways, &candidates[i]);

        if (old) {
            *old = candidates[i];
            find_ways(&ways, tree);
            exchanged = true;
        }
    }
    return exchanged;
}

/* Returns the possible ones of 'candidates', the lightest first. */
static struct tree_edge *
sort_candidates(const struct tree_edge *candidates, size_t n,
                size_t *n_sorted)
{
    struct tree_edge *sorted = xmalloc(MAX(n, 1) * sizeof *sorted);

    *n_sorted = 0;
    for (size_t i = 0; i < n; i++) {
        if (tree_edge_is_possible(&candidates[i])) {
            sorted[*n_sorted] = candidates[i];
            sorted[*n_sorted].weight = tree_weight(candidates[i].weight, NAN);
            (*n_sorted)++;
        }
    }
    qsort(sorted, *n_sorted, sizeof *sorted, tree_compare_weights);
    return sorted;
}

static bool
has_edge(const struct tree *tree, const struct tree_edge *edge)
{
    for (size_t i = 0; i < tree->n; i++) {
        if (!tree_compare_edges(&tree->edges[i], edge)) {
            return true;
        }
    }
    return false;
}

void
tree_follow(struct tree *tree, const struct tree *old,
            const struct tree_edge *candidates, size_t n)
{
    size_t n_sorted;
    struct tree_edge *sorted = sort_candidates(candidates, n, &n_sorted);
    struct tree_ranked *ranked = xmalloc(MAX(n_sorted, 1) * sizeof *ranked);

    for (size_t i = 0; i < n_sorted; i++) {
        ranked[i].edge = sorted[i];
        ranked[i].rank = !has_edge(old, &sorted[i]);
    }
    tree_span(tree, ranked, n_sorted);
    while (exchange(tree, sorted, n_sorted)) {
        continue;
    }
    qsort(tree->edges, tree->n, sizeof *tree->edges, tree_compare_edges);
    free(ranked);
    free(sorted);
}

/* Returns the first edge from '*i' on with an operator's cost. */
static const struct tree_edge *
next_fixed(const struct tree_edge *edges, size_t n, size_t *i)
{
    while (*i < n && !edges[*i].fixed) {
        (*i)++;
    }
    return *i < n ? &edges[(*i)++] : NULL;
}

bool
tree_costs_changed(const struct tree_edge *before, size_t n_before,
                   const struct tree_edge *after, size_t n_after)
{
    size_t i = 0, j = 0;

    for (;;) {
        const struct tree_edge *a = next_fixed(before, n_before, &i);
        const struct tree_edge *b = next_fixed(after, n_after, &j);

        if (!a || !b) {
            return a != b;
        }
        if (tree_compare_edges(a, b) || a->weight != b->weight) {
            return true;
        }
    }
}
