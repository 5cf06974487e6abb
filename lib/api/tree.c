/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "nethv/tree.h"

#include <stdlib.h>

#include "api/private.h"
#include "util.h"

struct nethv_tree *
nethv_tree_create(const struct nethv_model *model)
{
    struct nethv_tree *tree = xmalloc(sizeof *tree);
    struct tree_edge *candidates;
    size_t n;

    tree_candidates(model->model, &candidates, &n);
    tree_compute(&tree->tree, candidates, n);
    free(candidates);
    return tree;
}

void
nethv_tree_destroy(struct nethv_tree *tree)
{
    free(tree);
}

size_t
nethv_tree_n_edges(const struct nethv_tree *tree)
{
    return tree->tree.n;
}

bool
nethv_tree_edge(const struct nethv_tree *tree, size_t i,
                struct nethv_tree_edge *edge)
{
    if (i >= tree->tree.n) {
        return false;
    }
    const struct tree_edge *e = &tree->tree.edges[i];
    *edge = (struct nethv_tree_edge) {
        .a = e->a, .b = e->b, .weight = e->weight,
    };
    return true;
}

unsigned int
nethv_tree_next(const struct nethv_tree *tree, unsigned int from,
                unsigned int to)
{
    uint8_t next[NETHV_CLOUD_MAX + 1];

    if (!from || from > NETHV_CLOUD_MAX || to > NETHV_CLOUD_MAX) {
        return 0;
    }
    tree_next_hops(&tree->tree, from, next);
    return next[to];
}
