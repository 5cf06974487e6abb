/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* How long it takes to compute the tree and what stands by for it, beside a
 * naive way: the tree computed anew for each edge and each cloud taken out.
 *
 * Usage: tree-time --regions=FILE | --clouds=N
 *
 * FILE has the round-trip times between regions, a line for each with those to
 * the lines before; else clouds are points in a square.  Prints both times, the
 * processor's, as JSON, and whether both ways find the same. */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "openvswitch/json.h"
#include "tree-plan.h"
#include "util.h"

#define RUNS 15
#define EDGES_MAX (NETHV_CLOUD_MAX * (NETHV_CLOUD_MAX - 1) / 2)

struct graph {
    unsigned int n_clouds;
    struct tree_edge edges[EDGES_MAX];
    size_t n;
};

static void
add_edge(struct graph *graph, unsigned int a, unsigned int b, double weight)
{
    if (graph->n >= EDGES_MAX) {
        ovs_fatal(0, "more than %d clouds", NETHV_CLOUD_MAX);
    }
    graph->edges[graph->n++] = (struct tree_edge) { a, b, .weight = weight };
}

static void
read_regions(struct graph *graph, const char *name)
{
    char line[4096];
    FILE *file = fopen(name, "r");

    if (!file) {
        ovs_fatal(errno, "%s", name);
    }
    while (fgets(line, sizeof line, file)) {
        char *save = NULL, *field = strtok_r(line, ",\n", &save);
        if (line[0] == '#') {
            continue;
        }
        graph->n_clouds++;
        for (unsigned int a = 1; (field = strtok_r(NULL, ",\n", &save)); a++) {
            add_edge(graph, a, graph->n_clouds, strtod(field, NULL));
        }
    }
    fclose(file);
}

/* Clouds at places that do not depend on anything, distances in a square of 200
 * by 200. */
static void
make_clouds(struct graph *graph, unsigned int n)
{
    uint32_t x = 1;
    double places[NETHV_CLOUD_MAX + 1][2];

    if (n < 2 || n > NETHV_CLOUD_MAX) {
        ovs_fatal(0, "--clouds must be from 2 to %d", NETHV_CLOUD_MAX);
    }
    graph->n_clouds = n;
    for (unsigned int b = 1; b <= n; b++) {
        for (size_t i = 0; i < 2; i++) {
            x = x * 1664525 + 1013904223;       /* Numerical Recipes. */
            places[b][i] = (x >> 8) / (double) (1 << 24) * 200;
        }
        for (unsigned int a = 1; a < b; a++) {
            double dx = places[a][0] - places[b][0];
            double dy = places[a][1] - places[b][1];
            add_edge(graph, a, b, 1 + (dx < 0 ? -dx : dx)
                                  + (dy < 0 ? -dy : dy));
        }
    }
}

static void
plan(const struct graph *graph, struct tree_plan *found)
{
    tree_compute(&found->tree, graph->edges, graph->n);
    tree_standbys(&found->tree, graph->edges, graph->n, &found->standbys);
}

/* Adds to '*found' what the tree without 'edge', NULL for none, and without
 * 'cloud', 0 for none, has more than the tree. */
static void
add_without(const struct graph *graph, struct tree_plan *found,
            const struct tree_edge *edge, unsigned int cloud)
{
    static struct tree_edge left[EDGES_MAX];
    struct tree_standbys *standbys = &found->standbys;
    struct tree tree;
    size_t n = 0;

    for (size_t i = 0; i < graph->n; i++) {
        const struct tree_edge *e = &graph->edges[i];
        if (e->a != cloud && e->b != cloud
            && !(edge && e->a == edge->a && e->b == edge->b)) {
            left[n++] = *e;
        }
    }
    tree_compute(&tree, left, n);
    for (size_t i = 0; i < tree.n; i++) {
        const struct tree_edge *e = &tree.edges[i];
        if (!tree_find_edge(found->tree.edges, found->tree.n, e->a, e->b)
            && !tree_find_edge(standbys->edges, standbys->n, e->a, e->b)) {
            ovs_assert(standbys->n < TREE_STANDBYS_MAX);
            standbys->edges[standbys->n++] = *e;
        }
    }
}

static void
plan_naively(const struct graph *graph, struct tree_plan *found)
{
    tree_compute(&found->tree, graph->edges, graph->n);
    found->standbys.n = 0;
    for (size_t i = 0; i < found->tree.n; i++) {
        add_without(graph, found, &found->tree.edges[i], 0);
    }
    for (unsigned int cloud = 1; cloud <= graph->n_clouds; cloud++) {
        add_without(graph, found, NULL, cloud);
    }
}

static bool
same_standbys(const struct tree_standbys *a, const struct tree_standbys *b)
{
    for (size_t i = 0; i < a->n; i++) {
        if (!tree_find_edge(b->edges, b->n, a->edges[i].a, a->edges[i].b)) {
            return false;
        }
    }
    return a->n == b->n;
}

static double
processor_time(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

static int
compare_doubles(const void *a_, const void *b_)
{
    const double *a = a_, *b = b_;

    return *a < *b ? -1 : *a > *b;
}

/* Returns the median time of 'runs' calls, in ms. */
static double
take_time(const struct graph *graph, struct tree_plan *found, size_t runs,
          void (*way)(const struct graph *, struct tree_plan *))
{
    double times[RUNS];

    for (size_t i = 0; i < runs; i++) {
        double began = processor_time();
        way(graph, found);
        times[i] = (processor_time() - began) * 1000;
    }
    qsort(times, runs, sizeof *times, compare_doubles);
    return times[runs / 2];
}

static void
report(const struct graph *graph)
{
    static struct tree_plan found, naive;
    struct json *json = json_object_create();
    double ms = take_time(graph, &found, RUNS, plan);
    double naive_ms = take_time(graph, &naive, 1, plan_naively);

    json_object_put(json, "clouds", json_integer_create(graph->n_clouds));
    json_object_put(json, "candidates", json_integer_create(graph->n));
    json_object_put(json, "standbys", json_integer_create(found.standbys.n));
    json_object_put(json, "msec", json_real_create(ms));
    json_object_put(json, "naive-msec", json_real_create(naive_ms));
    json_object_put(json, "same", json_boolean_create(
        same_standbys(&found.standbys, &naive.standbys)));
    char *text = json_to_string(json, JSSF_SORT);
    puts(text);
    free(text);
    json_destroy(json);
}

int
main(int argc, char *argv[])
{
    static const struct option options[] = {
        { "regions", required_argument, NULL, 'r' },
        { "clouds", required_argument, NULL, 'c' },
        { NULL, 0, NULL, 0 },
    };
    static struct graph graph;
    int c = getopt_long(argc, argv, "", options, NULL);

    if (c == 'r') {
        read_regions(&graph, optarg);
    } else if (c == 'c') {
        make_clouds(&graph, atoi(optarg));
    } else {
        ovs_fatal(0, "usage: %s --regions=FILE | --clouds=N", argv[0]);
    }
    report(&graph);
    return 0;
}
