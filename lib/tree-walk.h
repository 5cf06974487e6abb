/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TREE_WALK_H
#define TREE_WALK_H 1

/* What follows from going along the edges of a tree: how long its ways are, and
 * where a cloud hangs best.
 *
 * Lengths are whole numbers, thousandths of the unit of weights, so that all
 * gateways come to the same ones.
 *
 * Pure values: no allocation. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nethv/wire.h"

struct tree;
struct tree_edge;

/* Returns the length of the ways between all two clouds that 'tree' joins,
 * together. */
uint64_t tree_length(const struct tree *tree);

/* Returns whether 'cloud' is an odd number of edges away from the lowest cloud
 * of its part of 'tree': the ends of each edge differ in that. */
bool tree_is_odd(const struct tree *tree, uint8_t cloud);

/* If 'leaf' has one edge in 'tree', puts that one of the 'n' 'edges' in its
 * place by which the ways from 'leaf' to the clouds 'near' are the shortest
 * together; of several the one to the lowest cloud.  Without any that joins the
 * two, 'tree' stays as it is. */
void tree_hang(struct tree *tree, uint8_t leaf, const struct tree_edge *edges,
               size_t n, const bool near[NETHV_CLOUD_FLOOD]);

#endif /* tree-walk.h */
