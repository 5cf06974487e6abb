/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TREE_PRIVATE_H
#define TREE_PRIVATE_H 1

/* What tree.c, tree-follow.c and tree-standby.c share: orders of edges, and
 * which clouds are joined. */

#include <stdbool.h>
#include <stdint.h>

#include "tree.h"

static inline bool
tree_edge_is_possible(const struct tree_edge *edge)
{
    return edge->a && edge->a < edge->b && edge->b <= NETHV_CLOUD_MAX;
}

static inline int
tree_compare_pairs(uint8_t a1, uint8_t b1, uint8_t a2, uint8_t b2)
{
    return a1 != a2 ? (int) a1 - (int) a2 : (int) b1 - (int) b2;
}

/* For qsort(): by 'a', then 'b'. */
static inline int
tree_compare_edges(const void *a_, const void *b_)
{
    const struct tree_edge *a = a_, *b = b_;

    return tree_compare_pairs(a->a, a->b, b->a, b->b);
}

/* For qsort(): the lighter one first. */
static inline int
tree_compare_weights(const void *a_, const void *b_)
{
    const struct tree_edge *a = a_, *b = b_;

    return (a->weight < b->weight ? -1
            : a->weight > b->weight ? 1
            : tree_compare_edges(a, b));
}

/* Disjoint sets of clouds: 'up' leads from each cloud towards the one that
 * stands for its set.  Ways are halved as they are gone. */
struct tree_parts {
    uint8_t up[NETHV_CLOUD_MAX + 1];
};

static inline void
tree_parts_separate(struct tree_parts *parts)
{
    for (unsigned int i = 0; i <= NETHV_CLOUD_MAX; i++) {
        parts->up[i] = i;
    }
}

static inline uint8_t
tree_parts_of(struct tree_parts *parts, uint8_t cloud)
{
    while (parts->up[cloud] != cloud) {
        parts->up[cloud] = parts->up[parts->up[cloud]];
        cloud = parts->up[cloud];
    }
    return cloud;
}

/* Joins the sets of 'a' and 'b'; false if they are one already. */
static inline bool
tree_parts_join(struct tree_parts *parts, uint8_t a, uint8_t b)
{
    uint8_t of_a = tree_parts_of(parts, a), of_b = tree_parts_of(parts, b);

    parts->up[of_b] = of_a;
    return of_a != of_b;
}

#endif /* tree-private.h */
