/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "tree-walk.h"

#include <criterion/criterion.h>
#include <string.h>

#include "random.h"
#include "tree.h"
#include "util.h"

/* Against naive twins: ways between all clouds, from which all else follows. */

#define MAX_CLOUDS 12
#define FAR 1000000

struct graph {
    uint8_t n_clouds;
    struct tree_edge edges[MAX_CLOUDS * MAX_CLOUDS];
    size_t n;
};

static void
make_random(struct graph *graph)
{
    unsigned int density = 20 + random_range(81);

    graph->n_clouds = 2 + random_range(MAX_CLOUDS - 1);
    graph->n = 0;
    for (uint8_t a = 1; a <= graph->n_clouds; a++) {
        for (uint8_t b = a + 1; b <= graph->n_clouds; b++) {
            if (random_range(100) < density) {
                graph->edges[graph->n++] = (struct tree_edge) {
                    a, b, 1 + random_range(20),
                };
            }
        }
    }
}

struct ways {
    unsigned int length[MAX_CLOUDS + 1][MAX_CLOUDS + 1];    /* FAR: none. */
    unsigned int edges[MAX_CLOUDS + 1][MAX_CLOUDS + 1];
};

static void
find_ways(const struct tree *tree, struct ways *ways)
{
    for (int a = 0; a <= MAX_CLOUDS; a++) {
        for (int b = 0; b <= MAX_CLOUDS; b++) {
            ways->length[a][b] = a == b ? 0 : FAR;
            ways->edges[a][b] = 0;
        }
    }
    for (size_t i = 0; i < tree->n; i++) {
        uint8_t a = tree->edges[i].a, b = tree->edges[i].b;
        ways->length[a][b] = ways->length[b][a] = tree->edges[i].weight;
        ways->edges[a][b] = ways->edges[b][a] = 1;
    }
    for (int over = 1; over <= MAX_CLOUDS; over++) {
        for (int a = 1; a <= MAX_CLOUDS; a++) {
            for (int b = 1; b <= MAX_CLOUDS; b++) {
                unsigned int length = ways->length[a][over]
                                      + ways->length[over][b];
                if (length < ways->length[a][b]) {
                    ways->length[a][b] = length;
                    ways->edges[a][b] = ways->edges[a][over]
                                        + ways->edges[over][b];
                }
            }
        }
    }
}

Test(tree_walk, length_is_that_of_all_ways)
{
    struct graph graph;
    struct tree tree;
    struct ways ways;

    random_set_seed(11);
    for (size_t i = 0; i < 500; i++) {
        uint64_t sum = 0;

        make_random(&graph);
        tree_compute(&tree, graph.edges, graph.n);
        find_ways(&tree, &ways);
        for (int a = 1; a <= MAX_CLOUDS; a++) {
            for (int b = a + 1; b <= MAX_CLOUDS; b++) {
                sum += ways.length[a][b] < FAR ? ways.length[a][b] : 0;
            }
        }
        cr_assert_eq(tree_length(&tree), 1000 * sum);
    }
}

Test(tree_walk, edges_lead_from_odd_to_even)
{
    struct graph graph;
    struct tree tree;
    struct ways ways;

    random_set_seed(12);
    for (size_t i = 0; i < 500; i++) {
        make_random(&graph);
        tree_compute(&tree, graph.edges, graph.n);
        find_ways(&tree, &ways);
        for (int cloud = 1; cloud <= graph.n_clouds; cloud++) {
            int lowest = 1;
            while (ways.length[lowest][cloud] >= FAR) {
                lowest++;
            }
            cr_assert_eq(tree_is_odd(&tree, cloud),
                         ways.edges[lowest][cloud] % 2);
        }
    }
}

static uint64_t
sum_to(const struct tree *tree, uint8_t from,
       const bool near[NETHV_CLOUD_FLOOD])
{
    struct ways ways;
    uint64_t sum = 0;

    find_ways(tree, &ways);
    for (int to = 1; to <= MAX_CLOUDS; to++) {
        sum += near[to] && ways.length[from][to] < FAR ? ways.length[from][to]
               : 0;
    }
    return sum;
}

static size_t
edges_of(const struct tree *tree, uint8_t cloud)
{
    size_t n = 0;

    for (size_t i = 0; i < tree->n; i++) {
        n += tree->edges[i].a == cloud || tree->edges[i].b == cloud;
    }
    return n;
}

/* Returns the least that sum_to() can be with any edge of 'graph'. */
static uint64_t
least_sum(const struct graph *graph, const struct tree *hung, uint8_t leaf,
          const bool near[NETHV_CLOUD_FLOOD])
{
    uint64_t least = UINT64_MAX;

    for (size_t i = 0; i < graph->n; i++) {
        const struct tree_edge *edge = &graph->edges[i];
        struct tree tree = *hung;

        if (edge->a != leaf && edge->b != leaf) {
            continue;
        }
        for (size_t j = 0; j < tree.n; j++) {
            if (tree.edges[j].a == leaf || tree.edges[j].b == leaf) {
                tree.edges[j] = *edge;
            }
        }
        least = MIN(least, sum_to(&tree, leaf, near));
    }
    return least;
}

Test(tree_walk, leaf_hangs_where_ways_are_the_shortest)
{
    struct graph graph;
    struct tree tree, hung;

    random_set_seed(13);
    for (size_t i = 0; i < 500; i++) {
        bool near[NETHV_CLOUD_FLOOD] = { false };

        make_random(&graph);
        tree_compute(&tree, graph.edges, graph.n);
        uint8_t leaf = 1 + random_range(graph.n_clouds);
        for (int cloud = 1; cloud <= graph.n_clouds; cloud++) {
            near[cloud] = cloud != leaf && random_range(2);
        }
        hung = tree;
        tree_hang(&hung, leaf, graph.edges, graph.n, near);
        cr_assert_eq(hung.n, tree.n);
        if (edges_of(&tree, leaf) != 1) {
            cr_assert_eq(memcmp(&hung, &tree, sizeof tree), 0);
        } else {
            cr_assert_eq(sum_to(&hung, leaf, near),
                         least_sum(&graph, &hung, leaf, near));
        }
    }
}
