/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "tree-walk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tree-private.h"
#include "tree.h"
#include "util.h"

/* A weight that is not known counts as that. */
#define LENGTH_MAX UINT64_C(1000000000)

/* The clouds of one part of a tree, each after its parent. */
struct walk {
    uint8_t order[NETHV_CLOUD_MAX + 1];
    size_t n;
    bool reached[NETHV_CLOUD_FLOOD];
    uint8_t parent[NETHV_CLOUD_FLOOD];  /* 0 at the first cloud. */
    uint64_t length[NETHV_CLOUD_FLOOD]; /* Of the edge to the parent. */
};

static uint64_t
edge_length(const struct tree_edge *edge)
{
    return (edge->weight >= 0 && edge->weight < LENGTH_MAX / 1000.0
            ? edge->weight * 1000 : LENGTH_MAX);
}

/* Returns the cloud that 'edge' joins 'cloud' with, 0 if it does not. */
static uint8_t
other_end(const struct tree_edge *edge, uint8_t cloud)
{
    return (edge->a == cloud ? edge->b : edge->b == cloud ? edge->a : 0);
}

static void
walk_step(struct walk *walk, uint8_t to, uint8_t parent, uint64_t length)
{
    walk->order[walk->n++] = to;
    walk->reached[to] = true;
    walk->parent[to] = parent;
    walk->length[to] = length;
}

/* Goes on through the part of 'tree' that has 'from'. */
static void
walk_part(struct walk *walk, const struct tree *tree, uint8_t from)
{
    walk->n = 0;
    walk_step(walk, from, 0, 0);
    for (size_t i = 0; i < walk->n; i++) {
        for (size_t j = 0; j < tree->n; j++) {
            uint8_t to = other_end(&tree->edges[j], walk->order[i]);
            if (to && !walk->reached[to]) {
                walk_step(walk, to, walk->order[i],
                          edge_length(&tree->edges[j]));
            }
        }
    }
}

/* Each edge is on as many ways as there are clouds on one side of it, times
 * those on the other. */
static uint64_t
part_length(const struct walk *walk)
{
    uint32_t below[NETHV_CLOUD_FLOOD] = { 0 };
    uint64_t sum = 0;

    for (size_t i = walk->n; i-- > 0; ) {
        uint8_t cloud = walk->order[i];

        below[cloud]++;
        below[walk->parent[cloud]] += below[cloud];
        sum += walk->length[cloud] * below[cloud] * (walk->n - below[cloud]);
    }
    return sum;
}

uint64_t
tree_length(const struct tree *tree)
{
    struct walk walk = { .n = 0 };
    uint64_t sum = 0;

    for (size_t i = 0; i < tree->n; i++) {
        if (!walk.reached[tree->edges[i].a]) {
            walk_part(&walk, tree, tree->edges[i].a);
            sum += part_length(&walk);
        }
    }
    return sum;
}

bool
tree_is_odd(const struct tree *tree, uint8_t cloud)
{
    struct walk walk = { .n = 0 };
    uint8_t lowest = cloud;
    bool odd = false;

    walk_part(&walk, tree, cloud);
    for (size_t i = 0; i < walk.n; i++) {
        lowest = MIN(lowest, walk.order[i]);
    }
    while (lowest != cloud) {
        odd = !odd;
        lowest = walk.parent[lowest];
    }
    return odd;
}

/* Sets each 'sum[cloud]' to the length of the ways from there to those that are
 * 'near', all in 'walk'; returns how many these are.  (Up the tree for those
 * below a cloud, then down it for the others.) */
static uint64_t
sum_ways(const struct walk *walk, const bool near[NETHV_CLOUD_FLOOD],
         uint64_t sum[NETHV_CLOUD_FLOOD])
{
    uint64_t below[NETHV_CLOUD_FLOOD] = { 0 };

    memset(sum, 0, NETHV_CLOUD_FLOOD * sizeof *sum);
    for (size_t i = walk->n; i-- > 0; ) {
        uint8_t cloud = walk->order[i], parent = walk->parent[cloud];

        below[cloud] += near[cloud];
        below[parent] += below[cloud];
        sum[parent] += sum[cloud] + below[cloud] * walk->length[cloud];
    }
    for (size_t i = 1; i < walk->n; i++) {
        uint8_t cloud = walk->order[i], parent = walk->parent[cloud];

        sum[cloud] = sum[parent] + (below[0] - 2 * below[cloud])
                                   * walk->length[cloud];
    }
    return below[0];
}

/* Takes the only edge of 'leaf' out of 'tree' and into '*edge'; false if it has
 * none or several. */
static bool
take_off(struct tree *tree, uint8_t leaf, struct tree_edge *edge)
{
    size_t at = 0, n = 0;

    for (size_t i = 0; i < tree->n; i++) {
        if (other_end(&tree->edges[i], leaf)) {
            at = i;
            n++;
        }
    }
    if (n != 1) {
        return false;
    }
    *edge = tree->edges[at];
    tree->edges[at] = tree->edges[--tree->n];
    return true;
}

void
tree_hang(struct tree *tree, uint8_t leaf, const struct tree_edge *edges,
          size_t n, const bool near[NETHV_CLOUD_FLOOD])
{
    struct walk walk = { .n = 0 };
    uint64_t sum[NETHV_CLOUD_FLOOD], best = UINT64_MAX;
    struct tree_edge chosen;

    if (!take_off(tree, leaf, &chosen)) {
        return;
    }
    walk_part(&walk, tree, other_end(&chosen, leaf));
    uint64_t n_near = sum_ways(&walk, near, sum);
    for (size_t i = 0; i < n; i++) {
        uint8_t to = other_end(&edges[i], leaf);
        if (!to || !walk.reached[to]) {
            continue;
        }
        uint64_t length = sum[to] + n_near * edge_length(&edges[i]);
        if (length < best
            || (length == best && to < other_end(&chosen, leaf))) {
            best = length;
            chosen = edges[i];
        }
    }
    tree->edges[tree->n++] = chosen;
    qsort(tree->edges, tree->n, sizeof *tree->edges, tree_compare_edges);
}
