/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "tree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "tree-private.h"
#include "util.h"

double
tree_weight(double cost, double rtt)
{
    return !isnan(cost) ? cost : !isnan(rtt) ? rtt : INFINITY;
}

struct tree_edge *
tree_find_edge(const struct tree_edge *edges, size_t n, uint8_t a, uint8_t b)
{
    for (size_t i = 0; i < n; i++) {
        if (edges[i].a == MIN(a, b) && edges[i].b == MAX(a, b)) {
            return CONST_CAST(struct tree_edge *, &edges[i]);
        }
    }
    return NULL;
}

/* Candidates. */

/* A cloud link between the clouds with ids 'a' < 'b'. */
struct measure {
    uint8_t a, b;
    double cost;
    double rtt;
};

static int
compare_measures(const void *a_, const void *b_)
{
    const struct measure *a = a_, *b = b_;
    int by_pair = tree_compare_pairs(a->a, a->b, b->a, b->b);

    /* The sum of round-trip times must not depend on the links' order. */
    return (by_pair ? by_pair
            : isnan(a->rtt) || isnan(b->rtt) ? !!isnan(a->rtt) - !!isnan(b->rtt)
            : a->rtt < b->rtt ? -1 : a->rtt > b->rtt);
}

/* Returns the cloud links between present clouds, '*n' of them, sorted. */
static struct measure *
collect_measures(const struct model *model, size_t *n)
{
    struct measure *measures = NULL;
    size_t allocated = 0;
    struct model_row *row;

    *n = 0;
    MODEL_FOR_EACH (row, MODEL_CLOUD_LINK, model) {
        const struct cloud_link *link = CONTAINER_OF(row, struct cloud_link,
                                                     row);
        const struct cloud *a = link->ends[0].cloud;
        const struct cloud *b = link->ends[1].cloud;

        if (a->row.present && b->row.present && a->id != b->id) {
            if (*n >= allocated) {
                measures = x2nrealloc(measures, &allocated, sizeof *measures);
            }
            measures[(*n)++] = (struct measure) {
                .a = MIN(a->id, b->id), .b = MAX(a->id, b->id),
                .cost = link->cost, .rtt = link->rtt,
            };
        }
    }
    if (*n) {
        qsort(measures, *n, sizeof *measures, compare_measures);
    }
    return measures;
}

/* Returns the one edge for the 'n' 'measures' of one pair of clouds. */
static struct tree_edge
edge_from_measures(const struct measure *measures, size_t n)
{
    double cost = NAN, sum = 0;
    size_t n_measured = 0;

    for (size_t i = 0; i < n; i++) {
        cost = fmin(cost, measures[i].cost);
        if (!isnan(measures[i].rtt)) {
            sum += measures[i].rtt;
            n_measured++;
        }
    }
    return (struct tree_edge) {
        .a = measures->a, .b = measures->b,
        .weight = tree_weight(cost, n_measured ? sum / n_measured : NAN),
        .fixed = !isnan(cost),
    };
}

void
tree_candidates(const struct model *model, struct tree_edge **candidates,
                size_t *n)
{
    size_t n_measures;
    struct measure *measures = collect_measures(model, &n_measures);
    struct tree_edge *edges = xcalloc(n_measures, sizeof *edges);
    size_t n_edges = 0;

    for (size_t i = 0, end; i < n_measures; i = end) {
        for (end = i + 1; end < n_measures; end++) {
            if (tree_compare_pairs(measures[i].a, measures[i].b,
                              measures[end].a, measures[end].b)) {
                break;
            }
        }
        edges[n_edges++] = edge_from_measures(&measures[i], end - i);
    }
    free(measures);
    *candidates = edges;
    *n = n_edges;
}

/* The tree, after Kruskal: from the lightest edge on, each that joins two parts
 * that are not joined yet. */

static int
compare_ranked(const void *a_, const void *b_)
{
    const struct tree_ranked *a = a_, *b = b_;

    return (a->rank != b->rank ? (a->rank < b->rank ? -1 : 1)
            : tree_compare_weights(&a->edge, &b->edge));
}

/* Sorts the 'n' edges of 'ranked' that are possible to its front, from the
 * lightest on, and returns their number. */
static size_t
sort_ranked(struct tree_ranked *ranked, size_t n)
{
    size_t n_sorted = 0;

    for (size_t i = 0; i < n; i++) {
        if (tree_edge_is_possible(&ranked[i].edge)) {
            ranked[n_sorted] = ranked[i];
            ranked[n_sorted].edge.weight = tree_weight(ranked[i].edge.weight,
                                                       NAN);
            n_sorted++;
        }
    }
    if (n_sorted) {
        qsort(ranked, n_sorted, sizeof *ranked, compare_ranked);
    }
    return n_sorted;
}

/* As tree_span(); uses up 'ranked'. */
static void
span(struct tree *tree, struct tree_ranked *ranked, size_t n)
{
    struct tree_parts parts;

    n = sort_ranked(ranked, n);
    tree_parts_separate(&parts);
    tree->n = 0;
    for (size_t i = 0; i < n; i++) {
        if (tree_parts_join(&parts, ranked[i].edge.a, ranked[i].edge.b)) {
            tree->edges[tree->n++] = ranked[i].edge;
        }
    }
    qsort(tree->edges, tree->n, sizeof *tree->edges, tree_compare_edges);
}

void
tree_span(struct tree *tree, const struct tree_ranked *candidates, size_t n)
{
    struct tree_ranked *ranked = xmalloc(MAX(n, 1) * sizeof *ranked);

    for (size_t i = 0; i < n; i++) {
        ranked[i] = candidates[i];
    }
    span(tree, ranked, n);
    free(ranked);
}

void
tree_compute(struct tree *tree, const struct tree_edge *candidates, size_t n)
{
    struct tree_ranked *ranked = xmalloc(MAX(n, 1) * sizeof *ranked);

    for (size_t i = 0; i < n; i++) {
        ranked[i] = (struct tree_ranked) { .edge = candidates[i] };
    }
    span(tree, ranked, n);
    free(ranked);
}

/* Sets 'next' of 'to' and of all that is reached through it from 'back' to
 * 'hop'.  As deep as the tree, at most 253. */
static void
reach(const struct tree *tree, uint8_t back, uint8_t to, uint8_t hop,
      uint8_t *next)
{
    next[to] = hop;
    for (size_t i = 0; i < tree->n; i++) {
        const struct tree_edge *edge = &tree->edges[i];
        uint8_t other = (edge->a == to ? edge->b
                         : edge->b == to ? edge->a : 0);

        if (other && other != back) {
            reach(tree, to, other, hop ? hop : other, next);
        }
    }
}

void
tree_next_hops(const struct tree *tree, uint8_t from,
               uint8_t next[NETHV_CLOUD_MAX + 1])
{
    memset(next, 0, NETHV_CLOUD_MAX + 1);
    reach(tree, 0, from, 0, next);
}
