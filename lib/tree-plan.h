/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TREE_PLAN_H
#define TREE_PLAN_H 1

/* What is planned for given clouds and costs: the tree, and what stands by.
 * The global controller writes it, "nethvctl tree-plan" shows it.
 *
 * Pure. */

#include <stdbool.h>
#include <stddef.h>

#include "nethv/wire.h"
#include "tree.h"

struct model;

struct tree_plan {
    struct tree tree;
    struct tree_standbys standbys;
};

/* Sets '*edges' to an array of '*n' edges, which the caller frees, by 'a', then
 * 'b': one between each two clouds that have gateways, or for which 'also',
 * which may be NULL, is set, if they have an encapsulation in common.  One that
 * no link of the operator's knows and nobody has measured weighs INFINITY: a
 * cloud that is joined by nothing else is still reached. */
void tree_plan_candidates(const struct model *,
                          const bool also[NETHV_CLOUD_FLOOD],
                          struct tree_edge **edges, size_t *n);

/* Sets '*plan' to what follows on the tree 'old' now that there are the 'n'
 * 'candidates', by 'a', then 'b'.  'before', 'n_before' of them, are those that
 * 'old' was made of, NULL if they are not known: if operators' costs are others
 * now, they count at once.  Clouds for which 'apart' is set, which cannot be
 * reached now, get standby edges only. */
void tree_plan_compute(struct tree_plan *plan, const struct tree *old,
                       const struct tree_edge *before, size_t n_before,
                       const struct tree_edge *candidates, size_t n,
                       const bool apart[NETHV_CLOUD_FLOOD]);

/* Returns the sum of the weights of the 'n' 'edges' that are known. */
double tree_plan_cost(const struct tree_edge *edges, size_t n);

#endif /* tree-plan.h */
