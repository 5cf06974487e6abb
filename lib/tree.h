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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nethv/wire.h"

struct model;

/* An edge between the clouds with ids 'a' < 'b'. */
struct tree_edge {
    uint8_t a, b;
    double weight;
    bool fixed;                 /* The weight is an operator's cost. */
};

/* Returns the edge between 'a' and 'b', in either order, of the 'n' 'edges',
 * NULL if none is. */
struct tree_edge *tree_find_edge(const struct tree_edge *edges, size_t n,
                                 uint8_t a, uint8_t b);

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

/* Sets '*tree' to what 'old' becomes when candidates' weights are measured
 * anew.
 *
 * An edge is exchanged for another one that joins the same parts if that is
 * lighter by more than a tenth, and by more than TREE_GAIN_MIN; if both are
 * fixed, whenever it is lighter.  So measurements that waver change nothing,
 * and one that drifts changes the tree once.  Each edge of the result weighs at
 * most a ninth or TREE_GAIN_MIN more than the one that a minimum tree has in
 * its place.  Edges of 'old' that are no candidates any more are left out,
 * clouds that are new are joined.  'tree' may be 'old'. */
#define TREE_GAIN_MIN 0.5       /* Milliseconds. */
void tree_follow(struct tree *tree, const struct tree *old,
                 const struct tree_edge *candidates, size_t n);

/* Returns whether an operator's cost is there, gone or another one in 'after'
 * than in 'before', both by 'a', then 'b' as tree_candidates() has them.  What
 * an operator sets counts at once: then tree_compute() is to be used. */
bool tree_costs_changed(const struct tree_edge *before, size_t n_before,
                        const struct tree_edge *after, size_t n_after);

/* Puts the edges that are to stand by for 'tree' into '*standbys', by 'a', then
 * 'b': for each edge of the tree the lightest other candidate that joins what
 * is left without it; for each cloud the lightest ones that join its neighbours
 * without it.  As many as there are clouds, less one, for the former, one less
 * for each cloud than it has neighbours for the latter: at most 2n - 3 in all.
 * What 'candidates' cannot join has no standby. */
#define TREE_STANDBYS_MAX (2 * NETHV_CLOUD_MAX - 3)
struct tree_standbys {
    struct tree_edge edges[TREE_STANDBYS_MAX];
    size_t n;
};
void tree_standbys(const struct tree *tree, const struct tree_edge *candidates,
                   size_t n, struct tree_standbys *standbys);

/* Sets each 'next[cloud]' to the neighbour of cloud 'from' by which 'cloud' is
 * reached: 0 for 'from' itself and for clouds that are not reached. */
void tree_next_hops(const struct tree *, uint8_t from,
                    uint8_t next[NETHV_CLOUD_MAX + 1]);

#endif /* tree.h */
