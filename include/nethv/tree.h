/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETHV_TREE_H
#define NETHV_TREE_H 1

/* The tree of clouds: the minimum spanning tree over the candidate edges
 * between them (Alaluna et al., "(Literally) above the clouds").
 *
 * An edge weighs the operator's cost if there is one, else the measured
 * round-trip time in milliseconds.  All who know the same candidates come to
 * the same tree; where these do not join all clouds it is a forest.
 *
 * A tree is a value: it does not follow the model that it was made from. */

#include <stdbool.h>

#include "nethv/nethv.h"

#ifdef __cplusplus
extern "C" {
#endif

struct nethv_model;
struct nethv_tree;

/* An edge between the clouds with ids 'a' < 'b'.  'weight' is infinite if
 * neither a cost nor a round-trip time is known. */
struct nethv_tree_edge {
    unsigned int a, b;
    double weight;
};

/* Returns the tree over the cloud links of 'model'. */
struct nethv_tree *nethv_tree_create(const struct nethv_model *model);
void nethv_tree_destroy(struct nethv_tree *);

/* Returns how many edges 'tree' has, or puts edge 'i', counted by 'a' and then
 * 'b', into '*edge'; false if there are not so many. */
size_t nethv_tree_n_edges(const struct nethv_tree *tree);
bool nethv_tree_edge(const struct nethv_tree *tree, size_t i,
                     struct nethv_tree_edge *edge);

/* Returns the id of the cloud to which cloud 'from' sends what is for cloud
 * 'to': 0 if they are the same, or 'tree' does not join them. */
unsigned int nethv_tree_next(const struct nethv_tree *tree, unsigned int from,
                             unsigned int to);

#ifdef __cplusplus
}
#endif

#endif /* nethv/tree.h */
