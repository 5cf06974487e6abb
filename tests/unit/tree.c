/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "tree.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "random.h"
#include "util.h"
#include "uuid.h"

Test(tree, operators_cost_goes_before_rtt)
{
    cr_assert_eq(tree_weight(5, 80), 5);
    cr_assert_eq(tree_weight(NAN, 80), 80);
    cr_assert(isinf(tree_weight(NAN, NAN)));
}

static void
expect_edges(const struct tree *tree, const uint8_t (*pairs)[2], size_t n)
{
    cr_assert_eq(tree->n, n);
    for (size_t i = 0; i < n; i++) {
        cr_assert_eq(tree->edges[i].a, pairs[i][0]);
        cr_assert_eq(tree->edges[i].b, pairs[i][1]);
    }
}

Test(tree, ties_are_broken_by_ids)
{
    static const struct tree_edge candidates[] = {
        { 2, 3, 10 }, { 1, 3, 10 }, { 1, 2, 10 },
    };
    static const uint8_t expected[][2] = { { 1, 2 }, { 1, 3 } };
    struct tree tree;

    tree_compute(&tree, candidates, ARRAY_SIZE(candidates));
    expect_edges(&tree, expected, ARRAY_SIZE(expected));
}

Test(tree, unmeasured_edges_join_only_what_nothing_else_joins)
{
    static const struct tree_edge candidates[] = {
        { 1, 2, INFINITY }, { 1, 3, 300 }, { 2, 3, 200 }, { 3, 4, NAN },
    };
    static const uint8_t expected[][2] = { { 1, 3 }, { 2, 3 }, { 3, 4 } };
    struct tree tree;

    tree_compute(&tree, candidates, ARRAY_SIZE(candidates));
    expect_edges(&tree, expected, ARRAY_SIZE(expected));
}

Test(tree, impossible_candidates_are_left_out)
{
    static const struct tree_edge candidates[] = {
        { 0, 2, 1 }, { 3, 3, 1 }, { 4, 3, 1 }, { 7, 255, 1 }, { 1, 254, 9 },
    };
    static const uint8_t expected[][2] = { { 1, 254 } };
    struct tree tree;

    tree_compute(&tree, candidates, ARRAY_SIZE(candidates));
    expect_edges(&tree, expected, ARRAY_SIZE(expected));
    tree_compute(&tree, NULL, 0);
    cr_assert_eq(tree.n, 0);
}

Test(tree, as_many_clouds_as_can_be)
{
    struct tree_edge candidates[TREE_EDGES_MAX];
    uint8_t next[NETHV_CLOUD_MAX + 1];
    struct tree tree;

    for (unsigned int i = 0; i < TREE_EDGES_MAX; i++) {
        candidates[i] = (struct tree_edge) { i + 1, i + 2, 500 - i };
    }
    tree_compute(&tree, candidates, TREE_EDGES_MAX);
    cr_assert_eq(tree.n, TREE_EDGES_MAX);
    tree_next_hops(&tree, 100, next);
    cr_assert_eq(next[1], 99);
    cr_assert_eq(next[100], 0);
    cr_assert_eq(next[254], 101);
    tree_next_hops(&tree, 1, next);
    cr_assert_eq(next[254], 2);
}

static void
put_cloud(struct model *model, unsigned int id)
{
    struct uuid uuid = { { 0, 0, 0, id } };
    struct cloud_spec spec = { .name = "cloud", .id = id };

    model_put_cloud(model, &uuid, &spec);
}

static void
put_link(struct model *model, unsigned int a, unsigned int b, double cost,
         double rtt)
{
    struct uuid uuid = { { 0, 0, a, b } };
    struct cloud_link_spec spec = {
        .a = { { 0, 0, 0, a } }, .b = { { 0, 0, 0, b } },
        .cost = cost, .rtt = rtt,
    };

    model_put_cloud_link(model, &uuid, &spec);
}

Test(tree, candidates_from_a_model)
{
    static const struct tree_edge expected[] = {
        { 1, 2, 30 }, { 1, 3, 7 }, { 2, 3, 50 },
    };
    struct model *model = model_create();
    struct tree_edge *candidates;
    size_t n;

    for (unsigned int i = 1; i <= 3; i++) {
        put_cloud(model, i);
    }
    put_link(model, 2, 1, NAN, 20);
    put_link(model, 1, 2, NAN, 40);
    put_link(model, 3, 1, 8, 1);
    put_link(model, 1, 3, 7, NAN);
    put_link(model, 3, 2, NAN, NAN);
    put_link(model, 2, 3, NAN, 50);
    put_link(model, 3, 4, 1, 1);
    tree_candidates(model, &candidates, &n);
    cr_assert_eq(n, ARRAY_SIZE(expected));
    for (size_t i = 0; i < n; i++) {
        cr_assert_eq(candidates[i].a, expected[i].a);
        cr_assert_eq(candidates[i].b, expected[i].b);
        cr_assert_eq(candidates[i].weight, expected[i].weight);
    }
    free(candidates);
    model_destroy(model);
}

/* The naive twin.  An edge is in the minimum tree unless its ends are joined
 * by lighter edges alone. */
#define N_CLOUDS 12
#define N_EDGES 40

static bool
lighter(const struct tree_edge *a, const struct tree_edge *b)
{
    return a->weight < b->weight
           || (a->weight == b->weight
               && (a->a < b->a || (a->a == b->a && a->b < b->b)));
}

/* Returns whether those of the 'n' 'edges' for which 'use' says so join 'from'
 * and 'to'. */
static bool
joined(const struct tree_edge *edges, const bool *use, size_t n, uint8_t from,
       uint8_t to)
{
    bool reached[NETHV_CLOUD_MAX + 1] = { false };
    bool more = true;

    reached[from] = true;
    while (more) {
        more = false;
        for (size_t i = 0; i < n; i++) {
            if (use[i] && reached[edges[i].a] != reached[edges[i].b]) {
                reached[edges[i].a] = reached[edges[i].b] = more = true;
            }
        }
    }
    return reached[to];
}

static bool
in_tree(const struct tree *tree, const struct tree_edge *edge)
{
    for (size_t i = 0; i < tree->n; i++) {
        if (tree->edges[i].a == edge->a && tree->edges[i].b == edge->b) {
            return true;
        }
    }
    return false;
}

/* Fills 'edges' with up to N_EDGES random ones, each pair once. */
static size_t
random_edges(struct tree_edge *edges)
{
    size_t n = 0;

    for (unsigned int i = random_range(N_EDGES); i-- > 0; ) {
        struct tree_edge edge = {
            .a = 1 + random_range(N_CLOUDS),
            .b = 1 + random_range(N_CLOUDS),
            .weight = random_range(6) ? random_range(10) : INFINITY,
        };
        struct tree seen = { .n = n };

        memcpy(seen.edges, edges, n * sizeof *edges);
        if (edge.a < edge.b && !in_tree(&seen, &edge)) {
            edges[n++] = edge;
        }
    }
    return n;
}

static void
check_edges(const struct tree *tree, const struct tree_edge *edges, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool use[N_EDGES];

        for (size_t j = 0; j < n; j++) {
            use[j] = lighter(&edges[j], &edges[i]);
        }
        cr_assert_eq(in_tree(tree, &edges[i]),
                     !joined(edges, use, n, edges[i].a, edges[i].b));
    }
}

/* The next hop is the neighbour without whose edge the cloud is cut off. */
static void
check_next_hops(const struct tree *tree, uint8_t from)
{
    uint8_t next[NETHV_CLOUD_MAX + 1];
    uint8_t expected[NETHV_CLOUD_MAX + 1] = { 0 };

    tree_next_hops(tree, from, next);
    for (size_t i = 0; i < tree->n; i++) {
        const struct tree_edge *edge = &tree->edges[i];
        bool use[TREE_EDGES_MAX];

        for (size_t j = 0; j < tree->n; j++) {
            use[j] = j != i;
        }
        if (edge->a == from || edge->b == from) {
            uint8_t hop = edge->a == from ? edge->b : edge->a;

            for (unsigned int to = 1; to <= N_CLOUDS; to++) {
                if (joined(tree->edges, use, tree->n, hop, to)) {
                    expected[to] = hop;
                }
            }
        }
    }
    cr_assert_arr_eq(next, expected, sizeof next);
}

Test(tree, equals_its_naive_twin)
{
    for (uint32_t seed = 1; seed <= 300; seed++) {
        struct tree_edge edges[N_EDGES];
        struct tree tree;

        random_set_seed(seed);
        size_t n = random_edges(edges);
        tree_compute(&tree, edges, n);
        check_edges(&tree, edges, n);
        for (unsigned int from = 1; from <= N_CLOUDS; from++) {
            check_next_hops(&tree, from);
        }
    }
}
