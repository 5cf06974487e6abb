/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "tree.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"
#include "util.h"

/* Tree and standbys against naive twins: by definition, edge by edge. */

#define MAX_CLOUDS 80
#define MAX_EDGES (MAX_CLOUDS * (MAX_CLOUDS - 1) / 2)

struct graph {
    unsigned int n_clouds;
    struct tree_edge edges[MAX_EDGES];
    size_t n;
};

static bool
is_lighter(const struct tree_edge *a, const struct tree_edge *b)
{
    return (a->weight != b->weight ? a->weight < b->weight
            : a->a != b->a ? a->a < b->a : a->b < b->b);
}

/* Sets 'part' to the clouds that the 'n' edges join, without edge
 * 'without_edge' and those at 'without_cloud'. */
static void
find_parts(const struct tree_edge *edges, size_t n, size_t without_edge,
           unsigned int without_cloud, unsigned int part[MAX_CLOUDS + 1])
{
    bool changed = true;

    for (unsigned int i = 0; i <= MAX_CLOUDS; i++) {
        part[i] = i;
    }
    while (changed) {
        changed = false;
        for (size_t i = 0; i < n; i++) {
            const struct tree_edge *edge = &edges[i];
            if (i != without_edge && edge->a != without_cloud
                && edge->b != without_cloud && part[edge->a] != part[edge->b]) {
                unsigned int low = MIN(part[edge->a], part[edge->b]);
                part[edge->a] = part[edge->b] = low;
                changed = true;
            }
        }
    }
}

/* Returns the lightest of all edges that joins two parts. */
static const struct tree_edge *
find_joining(const struct graph *graph, const unsigned int *part,
             unsigned int without_cloud, const struct tree_edge *without_edge)
{
    const struct tree_edge *best = NULL;

    for (size_t i = 0; i < graph->n; i++) {
        const struct tree_edge *edge = &graph->edges[i];
        if (part[edge->a] != part[edge->b] && edge->a != without_cloud
            && edge->b != without_cloud
            && !(without_edge && edge->a == without_edge->a
                 && edge->b == without_edge->b)
            && (!best || is_lighter(edge, best))) {
            best = edge;
        }
    }
    return best;
}

static bool
contains(const struct tree_edge *edges, size_t n, const struct tree_edge *edge)
{
    for (size_t i = 0; i < n; i++) {
        if (edges[i].a == edge->a && edges[i].b == edge->b) {
            return edges[i].weight == edge->weight;
        }
    }
    return false;
}

static void
naive_tree(const struct graph *graph, struct tree *tree)
{
    unsigned int part[MAX_CLOUDS + 1];
    const struct tree_edge *edge;

    tree->n = 0;
    for (;;) {
        find_parts(tree->edges, tree->n, SIZE_MAX, 0, part);
        edge = find_joining(graph, part, 0, NULL);
        if (!edge) {
            break;
        }
        tree->edges[tree->n++] = *edge;
    }
}

static void
add(struct tree_standbys *standbys, const struct tree_edge *edge)
{
    if (edge && !contains(standbys->edges, standbys->n, edge)) {
        standbys->edges[standbys->n++] = *edge;
    }
}

/* Joins what is left of 'tree' without 'cloud', like naive_tree(). */
static void
naive_without_cloud(const struct graph *graph, const struct tree *tree,
                    unsigned int cloud, struct tree_standbys *standbys)
{
    struct tree_edge *left = xmalloc((tree->n + graph->n_clouds + 1)
                                     * sizeof *left);
    unsigned int part[MAX_CLOUDS + 1], whole[MAX_CLOUDS + 1];
    const struct tree_edge *edge;
    size_t n = 0;

    for (size_t i = 0; i < tree->n; i++) {
        if (tree->edges[i].a != cloud && tree->edges[i].b != cloud) {
            left[n++] = tree->edges[i];
        }
    }
    find_parts(tree->edges, tree->n, SIZE_MAX, 0, whole);
    for (;;) {
        find_parts(left, n, SIZE_MAX, 0, part);
        edge = find_joining(graph, part, cloud, NULL);
        if (!edge) {
            break;
        }
        left[n++] = *edge;
        add(standbys, edge);
    }
    free(left);
}

static void
naive_standbys(const struct graph *graph, const struct tree *tree,
               struct tree_standbys *standbys)
{
    unsigned int part[MAX_CLOUDS + 1];

    standbys->n = 0;
    for (size_t i = 0; i < tree->n; i++) {
        find_parts(tree->edges, tree->n, i, 0, part);
        add(standbys, find_joining(graph, part, 0, &tree->edges[i]));
    }
    for (unsigned int cloud = 1; cloud <= graph->n_clouds; cloud++) {
        naive_without_cloud(graph, tree, cloud, standbys);
    }
}

static void
expect_same(const struct tree_edge *a, size_t n_a, const struct tree_edge *b,
            size_t n_b)
{
    cr_assert_eq(n_a, n_b, "%"PRIuSIZE" edges, must be %"PRIuSIZE, n_a, n_b);
    for (size_t i = 0; i < n_a; i++) {
        cr_assert(contains(b, n_b, &a[i]));
    }
}

static void
check_graph(const struct graph *graph)
{
    struct tree *tree = xmalloc(sizeof *tree), *naive = xmalloc(sizeof *naive);
    struct tree_standbys *standbys = xmalloc(sizeof *standbys);
    struct tree_standbys *expected = xmalloc(sizeof *expected);

    tree_compute(tree, graph->edges, graph->n);
    naive_tree(graph, naive);
    expect_same(tree->edges, tree->n, naive->edges, naive->n);

    tree_standbys(tree, graph->edges, graph->n, standbys);
    naive_standbys(graph, tree, expected);
    expect_same(standbys->edges, standbys->n, expected->edges, expected->n);
    if (graph->n_clouds > 2) {
        cr_assert_leq(standbys->n, 2 * graph->n_clouds - 3);
    }
    free(tree);
    free(naive);
    free(standbys);
    free(expected);
}

/* Sparse ones that fall into parts, dense ones, many equal weights. */
static void
make_random(struct graph *graph)
{
    unsigned int density = 10 + random_range(91);
    unsigned int weights = 1 + random_range(50);

    graph->n_clouds = 2 + random_range(14);
    graph->n = 0;
    for (unsigned int a = 1; a <= graph->n_clouds; a++) {
        for (unsigned int b = a + 1; b <= graph->n_clouds; b++) {
            if (random_range(100) < density) {
                graph->edges[graph->n++] = (struct tree_edge) {
                    a, b, random_range(weights),
                };
            }
        }
    }
}

Test(tree_standby, equal_naive_ones_on_random_graphs)
{
    struct graph *graph = xmalloc(sizeof *graph);

    random_set_seed(3);
    for (size_t i = 0; i < 1000; i++) {
        make_random(graph);
        check_graph(graph);
    }
    free(graph);
}

/* The round-trip times between 69 regions. */
static void
read_regions(struct graph *graph)
{
    char line[1024];
    FILE *file = fopen(TESTS_DIR "/data/region-rtt.csv", "r");

    cr_assert(file);
    graph->n_clouds = graph->n = 0;
    while (fgets(line, sizeof line, file)) {
        char *save = NULL, *field = strtok_r(line, ",\n", &save);
        if (line[0] == '#') {
            continue;
        }
        graph->n_clouds++;
        for (unsigned int a = 1; (field = strtok_r(NULL, ",\n", &save)); a++) {
            graph->edges[graph->n++] = (struct tree_edge) {
                a, graph->n_clouds, strtod(field, NULL),
            };
        }
    }
    fclose(file);
}

Test(tree_standby, equal_naive_ones_between_69_regions)
{
    struct graph *graph = xmalloc(sizeof *graph);

    read_regions(graph);
    cr_assert_eq(graph->n_clouds, 69);
    cr_assert_eq(graph->n, 69 * 68 / 2);
    check_graph(graph);
    free(graph);
}

/* Whatever one cloud or edge fails, tree and standbys join the rest. */
Test(tree_standby, one_failure_leaves_69_regions_joined)
{
    struct graph *graph = xmalloc(sizeof *graph);
    struct tree_standbys standbys;
    struct tree_edge all[3 * MAX_CLOUDS];
    unsigned int part[MAX_CLOUDS + 1];
    struct tree tree;

    read_regions(graph);
    tree_compute(&tree, graph->edges, graph->n);
    tree_standbys(&tree, graph->edges, graph->n, &standbys);
    memcpy(all, tree.edges, tree.n * sizeof *all);
    memcpy(&all[tree.n], standbys.edges, standbys.n * sizeof *all);
    for (unsigned int dead = 0; dead <= 69; dead++) {
        find_parts(all, tree.n + standbys.n, SIZE_MAX, dead, part);
        for (unsigned int cloud = 1; cloud <= 69; cloud++) {
            cr_assert(cloud == dead || part[cloud] == part[dead == 1 ? 2 : 1]);
        }
    }
    for (size_t i = 0; i < tree.n; i++) {
        find_parts(all, tree.n + standbys.n, i, 0, part);
        for (unsigned int cloud = 1; cloud <= 69; cloud++) {
            cr_assert_eq(part[cloud], part[1]);
        }
    }
    free(graph);
}

/* Following measurements. */

static double
weigh(const struct tree *tree)
{
    double sum = 0;

    for (size_t i = 0; i < tree->n; i++) {
        sum += tree->edges[i].weight;
    }
    return sum;
}

static size_t
count_changes(const struct tree *before, const struct tree *after)
{
    size_t n = 0;

    for (size_t i = 0; i < after->n; i++) {
        bool found = false;
        for (size_t j = 0; j < before->n; j++) {
            found |= (before->edges[j].a == after->edges[i].a
                      && before->edges[j].b == after->edges[i].b);
        }
        n += !found;
    }
    return n;
}

static double
noise(double relative)
{
    return 1 + relative * ((int) random_range(2001) - 1000) / 1000.0;
}

static void
expect_near_minimum(const struct tree *tree, const struct graph *graph)
{
    struct tree minimum;

    tree_compute(&minimum, graph->edges, graph->n);
    cr_assert_eq(tree->n, minimum.n);
    cr_assert_leq(weigh(tree), weigh(&minimum) / 0.9
                               + TREE_GAIN_MIN * minimum.n + 1e-6);
}

/* Measurements that waver by 4 % change nothing. */
Test(tree_follow, noise_changes_nothing)
{
    struct graph *real = xmalloc(sizeof *real), *now = xmalloc(sizeof *now);
    struct tree tree, before;

    random_set_seed(4);
    read_regions(real);
    tree_compute(&tree, real->edges, real->n);
    for (size_t round = 0; round < 50; round++) {
        *now = *real;
        for (size_t i = 0; i < now->n; i++) {
            now->edges[i].weight *= noise(0.04);
        }
        before = tree;
        tree_follow(&tree, &before, now->edges, now->n);
        cr_assert_eq(count_changes(&before, &tree), 0);
        expect_near_minimum(&tree, now);
    }
    free(real);
    free(now);
}

/* Costs that drift from one to another, under noise: the tree follows, and each
 * edge comes or goes about once, as it would without noise. */
Test(tree_follow, drift_changes_each_edge_about_once)
{
    struct graph *from = xmalloc(sizeof *from), *to = xmalloc(sizeof *to);
    struct graph *now = xmalloc(sizeof *now);
    struct tree tree, before, last;
    size_t changes = 0;

    random_set_seed(5);
    read_regions(from);
    *to = *from;
    for (size_t i = 0; i < to->n; i++) {
        to->edges[i].weight *= noise(0.5);
    }
    tree_compute(&tree, from->edges, from->n);
    tree_compute(&last, to->edges, to->n);
    size_t needed = count_changes(&tree, &last);
    for (size_t step = 0; step <= 200; step++) {
        *now = *from;
        for (size_t i = 0; i < now->n; i++) {
            now->edges[i].weight += (to->edges[i].weight
                                     - from->edges[i].weight) * step / 200.0;
            now->edges[i].weight *= noise(0.02);
        }
        before = tree;
        tree_follow(&tree, &before, now->edges, now->n);
        changes += count_changes(&before, &tree);
        expect_near_minimum(&tree, now);
    }
    cr_assert_leq(changes, 2 * needed, "%"PRIuSIZE" changes, %"PRIuSIZE
                  " edges differ", changes, needed);
    free(from);
    free(to);
    free(now);
}

Test(tree_follow, clouds_come_and_go)
{
    static const struct tree_edge candidates[] = {
        { 1, 2, 10 }, { 2, 4, 30 }, { 1, 4, 29 }, { 4, 5, 5 },
    };
    static const struct tree old = {
        { { 1, 2, 10 }, { 2, 3, 1 }, { 2, 4, 30 } }, 3,
    };
    struct tree tree;

    tree_follow(&tree, &old, candidates, ARRAY_SIZE(candidates));
    cr_assert_eq(tree.n, 3);
    cr_assert(contains(tree.edges, tree.n, &candidates[0]));
    cr_assert(contains(tree.edges, tree.n, &candidates[1]));
    cr_assert(contains(tree.edges, tree.n, &candidates[3]));
    tree_follow(&tree, &tree, NULL, 0);
    cr_assert_eq(tree.n, 0);
}

Test(tree_follow, fixed_costs_have_no_hysteresis)
{
    static const struct tree_edge candidates[] = {
        { 1, 2, 10, true }, { 1, 3, 10, true }, { 2, 3, 9.9, true },
    };
    static const struct tree old = {
        { { 1, 2, 10, true }, { 1, 3, 9, true } }, 2,
    };
    struct tree tree;

    tree_follow(&tree, &old, candidates, ARRAY_SIZE(candidates));
    cr_assert(contains(tree.edges, tree.n, &candidates[2]));
}

Test(tree_follow, a_change_of_costs_is_seen)
{
    static const struct tree_edge before[] = {
        { 1, 2, 10 }, { 1, 3, 7, true }, { 2, 3, 5 },
    };
    struct tree_edge after[3];

    memcpy(after, before, sizeof after);
    after[0].weight = 11;
    cr_assert_not(tree_costs_changed(before, 3, after, 3));
    cr_assert(tree_costs_changed(before, 3, after, 1));
    after[1].weight = 8;
    cr_assert(tree_costs_changed(before, 3, after, 3));
    after[1] = before[1];
    after[2].fixed = true;
    cr_assert(tree_costs_changed(before, 3, after, 3));
}
