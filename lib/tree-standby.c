/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "tree.h"

#include <math.h>
#include <stdlib.h>

#include "bitmap.h"
#include "tree-private.h"
#include "util.h"

/* Edges that stand by.
 *
 * For each edge and each cloud of the tree: take it out, then go through the
 * other candidates from the lightest on, as Kruskal does, until all parts are
 * joined again. */

#define N_PAIRS ((NETHV_CLOUD_MAX + 1) * (NETHV_CLOUD_MAX + 1))

static size_t
pair(const struct tree_edge *edge)
{
    return edge->a * (NETHV_CLOUD_MAX + 1) + edge->b;
}

/* Candidates outside the tree, from the lightest on, and those chosen. */
struct choice {
    struct tree_edge *others;
    size_t n;
    unsigned long *chosen;      /* By position in 'others'. */
};

/* Returns the possible ones of 'candidates' that 'tree' does not have, one for
 * each two clouds: the lightest. */
static void
collect_others(struct choice *choice, const struct tree *tree,
               const struct tree_edge *candidates, size_t n)
{
    unsigned long *seen = bitmap_allocate(N_PAIRS);
    size_t n_possible = 0;

    for (size_t i = 0; i < tree->n; i++) {
        bitmap_set1(seen, pair(&tree->edges[i]));
    }
    choice->others = xmalloc(MAX(n, 1) * sizeof *choice->others);
    for (size_t i = 0; i < n; i++) {
        if (tree_edge_is_possible(&candidates[i])) {
            choice->others[n_possible] = candidates[i];
            choice->others[n_possible++].weight
                = tree_weight(candidates[i].weight, NAN);
        }
    }
    qsort(choice->others, n_possible, sizeof *choice->others,
          tree_compare_weights);
    choice->n = 0;
    for (size_t i = 0; i < n_possible; i++) {
        if (!bitmap_is_set(seen, pair(&choice->others[i]))) {
            bitmap_set1(seen, pair(&choice->others[i]));
            choice->others[choice->n++] = choice->others[i];
        }
    }
    choice->chosen = bitmap_allocate(MAX(choice->n, 1));
    bitmap_free(seen);
}

/* Chooses the lightest others that join 'parts', of which 'missing' joins are
 * needed, without any that ends at cloud 'without'. */
static void
rejoin(struct choice *choice, struct tree_parts *parts, size_t missing,
       uint8_t without)
{
    for (size_t i = 0; i < choice->n && missing; i++) {
        const struct tree_edge *edge = &choice->others[i];

        if (edge->a != without && edge->b != without
            && tree_parts_join(parts, edge->a, edge->b)) {
            bitmap_set1(choice->chosen, i);
            missing--;
        }
    }
}

/* Takes edge 'out' out of the tree. */
static void
stand_in_for_edge(struct choice *choice, const struct tree *tree, size_t out)
{
    struct tree_parts parts;

    tree_parts_separate(&parts);
    for (size_t i = 0; i < tree->n; i++) {
        if (i != out) {
            tree_parts_join(&parts, tree->edges[i].a, tree->edges[i].b);
        }
    }
    rejoin(choice, &parts, 1, 0);
}

/* Takes cloud 'out' out of the tree. */
static void
stand_in_for_cloud(struct choice *choice, const struct tree *tree,
                   uint8_t out)
{
    struct tree_parts parts;
    size_t n_neighbours = 0;

    tree_parts_separate(&parts);
    for (size_t i = 0; i < tree->n; i++) {
        const struct tree_edge *edge = &tree->edges[i];
        if (edge->a == out || edge->b == out) {
            n_neighbours++;
        } else {
            tree_parts_join(&parts, edge->a, edge->b);
        }
    }
    if (n_neighbours > 1) {
        rejoin(choice, &parts, n_neighbours - 1, out);
    }
}

void
tree_standbys(const struct tree *tree, const struct tree_edge *candidates,
              size_t n, struct tree_standbys *standbys)
{
    struct choice choice;

    collect_others(&choice, tree, candidates, n);
    for (size_t i = 0; i < tree->n; i++) {
        stand_in_for_edge(&choice, tree, i);
    }
    for (unsigned int cloud = 1; cloud <= NETHV_CLOUD_MAX; cloud++) {
        stand_in_for_cloud(&choice, tree, cloud);
    }
    standbys->n = 0;
    for (size_t i = 0; i < choice.n; i++) {
        if (bitmap_is_set(choice.chosen, i)) {
            standbys->edges[standbys->n++] = choice.others[i];
        }
    }
    qsort(standbys->edges, standbys->n, sizeof *standbys->edges,
          tree_compare_edges);
    bitmap_free(choice.chosen);
    free(choice.others);
}
