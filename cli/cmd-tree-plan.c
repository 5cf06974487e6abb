/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* What would change about the tree: tree-plan.
 *
 * The plan in force is compared with the one that the global controller would
 * make if clouds came or went, or edges had other costs: by the same code. */

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "model.h"
#include "nethv-idl.h"
#include "openvswitch/json.h"
#include "tree-plan.h"
#include "util.h"
#include "uuid.h"

void
pre_tree_plan(struct ctl_context *ctx)
{
    static const struct ovsdb_idl_column *const columns[] = {
        &nethvrec_edge_col_a, &nethvrec_edge_col_b, &nethvrec_edge_col_role,
        &nethvrec_edge_col_tree, &nethvrec_edge_col_cost,
        &nethvrec_global_col_tree,
    };

    cli_pre_model(ctx);
    ovsdb_idl_add_table(ctx->idl, &nethvrec_table_edge);
    ovsdb_idl_add_table(ctx->idl, &nethvrec_table_global);
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        ovsdb_idl_add_column(ctx->idl, columns[i]);
    }
}

/* What is asked for. */
struct question {
    struct ctl_context *ctx;
    const struct model *model;
    const char *names[NETHV_CLOUD_FLOOD];   /* Of clouds by id. */
    bool with[NETHV_CLOUD_FLOOD];
    bool without[NETHV_CLOUD_FLOOD];
    struct tree_edge costs[TREE_EDGES_MAX];
    size_t n_costs;
};

static void
collect_names(struct question *q)
{
    for (int id = 1; id <= NETHV_CLOUD_MAX; id++) {
        const struct cloud *cloud = model_cloud_by_id(q->model, id);
        if (cloud && cloud->row.present) {
            q->names[id] = cloud->row.name;
        }
    }
}

/* Returns the id of the cloud called 'name', 0 if there is none. */
static uint8_t
find_cloud(const struct question *q, const char *name)
{
    for (int id = 1; id <= NETHV_CLOUD_MAX; id++) {
        if (q->names[id] && !strcmp(q->names[id], name)) {
            return id;
        }
    }
    return 0;
}

static uint8_t
need_cloud(const struct question *q, const char *name)
{
    uint8_t id = find_cloud(q, name);

    if (!id) {
        ctl_error(q->ctx, "there is no cloud \"%s\": \"with %s\" before this "
                  "supposes that there is", name, name);
    }
    return id;
}

/* A cloud that is not in the database gets the lowest id that is free. */
static void
suppose_cloud(struct question *q, const char *name)
{
    uint8_t id = find_cloud(q, name);

    for (int i = 1; i <= NETHV_CLOUD_MAX && !id; i++) {
        if (!q->names[i]) {
            q->names[i] = name;
            id = i;
        }
    }
    if (id) {
        q->with[id] = true;
        q->without[id] = false;
    } else {
        ctl_error(q->ctx, "there are %d clouds already, and cannot be more",
                  NETHV_CLOUD_MAX);
    }
}

static void
suppose_no_cloud(struct question *q, const char *name)
{
    uint8_t id = need_cloud(q, name);

    q->with[id] = false;
    q->without[id] = true;
}

static void
suppose_cost(struct question *q, char *argv[])
{
    uint8_t a = need_cloud(q, argv[0]);
    uint8_t b = a ? need_cloud(q, argv[1]) : 0;
    char *end;
    double cost = strtod(argv[2], &end);

    if (!a || !b) {
        return;
    }
    if (a == b) {
        ctl_error(q->ctx, "cost %s %s: must be of two clouds", argv[0],
                  argv[1]);
    } else if (end == argv[2] || *end || !(cost >= 0) || isinf(cost)) {
        ctl_error(q->ctx, "cost \"%s\": must be a number that is not negative",
                  argv[2]);
    } else if (q->n_costs >= ARRAY_SIZE(q->costs)) {
        ctl_error(q->ctx, "more than %"PRIuSIZE" costs", q->n_costs);
    } else {
        q->costs[q->n_costs++] = (struct tree_edge) {
            .a = MIN(a, b), .b = MAX(a, b), .weight = cost, .fixed = true,
        };
    }
}

/* Takes one change from the 'n' words at 'argv', and returns how many words it
 * has; 0 after an error. */
static size_t
parse_change(struct question *q, char *argv[], size_t n)
{
    if (n >= 2 && !strcmp(argv[0], "with")) {
        suppose_cloud(q, argv[1]);
        return 2;
    } else if (n >= 2 && !strcmp(argv[0], "without")) {
        suppose_no_cloud(q, argv[1]);
        return 2;
    } else if (n >= 4 && !strcmp(argv[0], "cost")) {
        suppose_cost(q, &argv[1]);
        return 4;
    }
    ctl_error(q->ctx, "\"%s\": must be \"with CLOUD\", \"without CLOUD\" or "
              "\"cost CLOUD CLOUD N\"", argv[0]);
    return 0;
}

static void
parse(struct question *q)
{
    struct ctl_context *ctx = q->ctx;

    for (size_t i = 1; i < ctx->argc && !ctx->error; ) {
        i += parse_change(q, &ctx->argv[i], ctx->argc - i);
    }
}

/* The candidates that there would be. */
static void
collect_candidates(const struct question *q, struct tree_edge **edgesp,
                   size_t *np)
{
    struct tree_edge *edges;
    size_t n, n_left = 0;

    tree_plan_candidates(q->model, q->with, &edges, &n);
    for (size_t i = 0; i < n; i++) {
        if (!q->without[edges[i].a] && !q->without[edges[i].b]) {
            edges[n_left++] = edges[i];
        }
    }
    for (size_t i = 0; i < q->n_costs; i++) {
        const struct tree_edge *cost = &q->costs[i];
        struct tree_edge *edge = tree_find_edge(edges, n_left, cost->a,
                                                cost->b);
        if (edge) {
            *edge = *cost;
        }
    }
    *edgesp = edges;
    *np = n_left;
}

static int
compare_edges(const void *a_, const void *b_)
{
    const struct tree_edge *a = a_, *b = b_;

    return a->a != b->a ? a->a - b->a : a->b - b->b;
}

/* Reads the plan in force, by ids, and returns its number. */
static int64_t
read_plan(const struct question *q, struct tree_plan *plan)
{
    const struct nethvrec_global *global = nethvrec_global_first(q->ctx->idl);
    const struct nethvrec_edge *row;

    plan->tree.n = plan->standbys.n = 0;
    NETHVREC_EDGE_FOR_EACH (row, q->ctx->idl) {
        const struct model_row *a = model_find(q->model, MODEL_CLOUD, &row->a);
        const struct model_row *b = model_find(q->model, MODEL_CLOUD, &row->b);
        if (!a || !b || !global || row->tree != global->tree) {
            continue;
        }
        uint8_t x = CONTAINER_OF(a, struct cloud, row)->id;
        uint8_t y = CONTAINER_OF(b, struct cloud, row)->id;
        if (!q->names[x] || !q->names[y]) {
            continue;
        }
        struct tree_edge edge = {
            .a = MIN(x, y), .b = MAX(x, y),
            .weight = row->cost > 0 ? row->cost : INFINITY,
        };
        if (!strcmp(row->role, "tree") && plan->tree.n < TREE_EDGES_MAX) {
            plan->tree.edges[plan->tree.n++] = edge;
        } else if (!strcmp(row->role, "standby")
                   && plan->standbys.n < TREE_STANDBYS_MAX) {
            plan->standbys.edges[plan->standbys.n++] = edge;
        }
    }
    qsort(plan->tree.edges, plan->tree.n, sizeof *plan->tree.edges,
          compare_edges);
    qsort(plan->standbys.edges, plan->standbys.n,
          sizeof *plan->standbys.edges, compare_edges);
    return global ? global->tree : 0;
}

/* The answer: edges that only one of two plans has. */

struct list {
    const struct tree_edge *edges;
    size_t n;
};

/* A part of a plan, before and after. */
struct part {
    const char *name;
    struct list before, after;
};

static bool
has(const struct list *list, const struct tree_edge *edge)
{
    return tree_find_edge(list->edges, list->n, edge->a, edge->b);
}

static void
put_cost(struct ds *s, double cost)
{
    if (isinf(cost)) {
        ds_put_cstr(s, "unknown");
    } else {
        ds_put_format(s, "%.3g", cost);
    }
}

/* Writes the edges of 'list' that 'other' has not, 'sign' before them. */
static size_t
put_difference(struct ds *s, const struct question *q, const struct part *part,
               char sign, const struct list *list, const struct list *other)
{
    size_t n = 0;

    for (size_t i = 0; i < list->n; i++) {
        const struct tree_edge *edge = &list->edges[i];
        if (!has(other, edge)) {
            ds_put_format(s, "%c %s: %s -- %s, cost ", sign, part->name,
                          q->names[edge->a], q->names[edge->b]);
            put_cost(s, edge->weight);
            ds_put_char(s, '\n');
            n++;
        }
    }
    return n;
}

static void
put_text(struct ds *s, const struct question *q, int64_t number,
         const struct part parts[2])
{
    size_t n = 0;

    ds_put_format(s, "tree %"PRId64": %"PRIuSIZE" edges, cost %.3g\n", number,
                  parts[0].before.n, tree_plan_cost(parts[0].before.edges,
                                                    parts[0].before.n));
    for (size_t i = 0; i < 2; i++) {
        n += put_difference(s, q, &parts[i], '-', &parts[i].before,
                            &parts[i].after);
        n += put_difference(s, q, &parts[i], '+', &parts[i].after,
                            &parts[i].before);
    }
    if (n) {
        ds_put_format(s, "then: %"PRIuSIZE" edges, cost %.3g\n",
                      parts[0].after.n, tree_plan_cost(parts[0].after.edges,
                                                       parts[0].after.n));
    } else {
        ds_put_cstr(s, "nothing would change\n");
    }
}

static struct json *
json_edges(const struct question *q, const struct list *list,
           const struct list *other)
{
    struct json *edges = json_array_create_empty();

    for (size_t i = 0; i < list->n; i++) {
        const struct tree_edge *edge = &list->edges[i];
        if (other && has(other, edge)) {
            continue;
        }
        struct json *json = json_object_create();
        json_object_put_string(json, "a", q->names[edge->a]);
        json_object_put_string(json, "b", q->names[edge->b]);
        json_object_put(json, "cost",
                        isinf(edge->weight) ? json_null_create()
                        : json_real_create(edge->weight));
        json_array_add(edges, json);
    }
    return edges;
}

static struct json *
json_part(const struct question *q, const struct part *part)
{
    struct json *json = json_object_create();

    json_object_put(json, "cost-before", json_real_create(
        tree_plan_cost(part->before.edges, part->before.n)));
    json_object_put(json, "cost-after", json_real_create(
        tree_plan_cost(part->after.edges, part->after.n)));
    json_object_put(json, "removed", json_edges(q, &part->before,
                                                &part->after));
    json_object_put(json, "added", json_edges(q, &part->after, &part->before));
    json_object_put(json, "edges", json_edges(q, &part->after, NULL));
    return json;
}

static void
put_answer(struct question *q, int64_t number, const struct part parts[2])
{
    if (!cli_wants_json(q->ctx)) {
        put_text(&q->ctx->output, q, number, parts);
        return;
    }
    struct json *json = json_object_create();
    json_object_put(json, "number", json_integer_create(number));
    for (size_t i = 0; i < 2; i++) {
        json_object_put(json, parts[i].name, json_part(q, &parts[i]));
    }
    cli_put_json(q->ctx, json);
}

static void
answer(struct question *q)
{
    static const bool none_apart[NETHV_CLOUD_FLOOD];
    struct tree_plan *is = xmalloc(sizeof *is), *then = xmalloc(sizeof *then);
    struct tree_edge *before, *after;
    size_t n_before, n_after;
    int64_t number = read_plan(q, is);

    tree_plan_candidates(q->model, NULL, &before, &n_before);
    collect_candidates(q, &after, &n_after);
    tree_plan_compute(then, &is->tree, before, n_before, after, n_after,
                      none_apart);
    const struct part parts[2] = {
        { "tree", { is->tree.edges, is->tree.n },
          { then->tree.edges, then->tree.n } },
        { "standby", { is->standbys.edges, is->standbys.n },
          { then->standbys.edges, then->standbys.n } },
    };
    put_answer(q, number, parts);
    free(before);
    free(after);
    free(is);
    free(then);
}

void
tree_plan(struct ctl_context *ctx)
{
    struct question *q = xzalloc(sizeof *q);

    q->ctx = ctx;
    q->model = cli_model(ctx);
    collect_names(q);
    parse(q);
    if (!ctx->error) {
        answer(q);
    }
    free(q);
}
