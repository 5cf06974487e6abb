/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TREE_H
#define TREE_H 1

/* The tree of clouds: the minimum spanning tree over the candidate edges
 * between them (Alaluna et al., "(Literally) above the clouds").
 *
 * The weight of an edge is the operator's cost if there is one, else the
 * measured round-trip time in milliseconds, the mean of what both ends
 * measured; an edge with neither is heavier than all others, so that it joins
 * only clouds that nothing else joins.  Of edges that weigh the same the one
 * with the lower cloud ids is the lighter.  So there is one tree for given
 * candidates, and all who know them come to it.  Where the candidates do not
 * join all clouds it is a forest, the minimum one.
 *
 * Pure values: no allocation but where said. */

#include <stddef.h>
#include <stdint.h>

#include "nethv/wire.h"

struct model;

/* An edge between the clouds with ids 'a' < 'b'. */
struct tree_edge {
    uint8_t a, b;
    double weight;
};

#define TREE_EDGES_MAX (NETHV_CLOUD_MAX - 1)

struct tree {
    struct tree_edge edges[TREE_EDGES_MAX];     /* By 'a', then 'b'. */
    size_t n;
};

/* Returns the weight of an edge with the operator's 'cost' and the measured
 * 'rtt', either of which may be NAN: INFINITY if both are. */
double tree_weight(double cost, double rtt);

/* Sets '*candidates' to an array of '*n' edges, which the caller frees: one for
 * each two present clouds of 'model' that cloud links join, by 'a', then 'b'.
 * Of several links between two clouds (one for each direction) the lowest cost
 * and the mean of the round-trip times count. */
void tree_candidates(const struct model *, struct tree_edge **candidates,
                     size_t *n);

/* Sets '*tree' to the tree of the 'n' 'candidates', in any order.  Candidates
 * between clouds that cannot be ('a' not less than 'b', ids out of range) are
 * left out. */
void tree_compute(struct tree *tree, const struct tree_edge *candidates,
                  size_t n);

/* An edge with what counts before its weight: any edge of a lower rank is the
 * lighter. */
struct tree_ranked {
    struct tree_edge edge;
    unsigned int rank;
};

/* The same as tree_compute() for edges with ranks. */
void tree_span(struct tree *tree, const struct tree_ranked *candidates,
               size_t n);

/* Sets each 'next[cloud]' to the neighbour of cloud 'from' by which 'cloud' is
 * reached: 0 for 'from' itself and for clouds that are not reached. */
void tree_next_hops(const struct tree *, uint8_t from,
                    uint8_t next[NETHV_CLOUD_MAX + 1]);

#endif /* tree.h */
