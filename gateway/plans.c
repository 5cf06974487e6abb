/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/plans.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/nethv-idl.h"
#include "model.h"
#include "openvswitch/json.h"
#include "openvswitch/vlog.h"
#include "ovs/db.h"
#include "ovs/program.h"
#include "ovs/text-file.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(plans);

#define COPY PROGRAM_RUNDIR "/plans.json"

void
plans_uninit(struct plans *plans)
{
    free(CONST_CAST(struct repair_edge *, plans->current.edges));
    free(CONST_CAST(struct repair_edge *, plans->next.edges));
    memset(plans, 0, sizeof *plans);
}

static int
compare_edges(const void *a_, const void *b_)
{
    const struct repair_edge *a = a_, *b = b_;

    return (a->edge.a != b->edge.a ? (int) a->edge.a - (int) b->edge.a
            : (int) a->edge.b - (int) b->edge.b);
}

/* Makes the 'n' 'edges', which it takes over, those of '*plan'. */
static void
set_edges(struct repair_plan *plan, struct repair_edge *edges, size_t n)
{
    if (n) {
        qsort(edges, n, sizeof *edges, compare_edges);
    }
    plan->edges = edges;
    plan->n = n;
}

static uint8_t
cloud_id(const struct model *model, const struct uuid *uuid)
{
    const struct model_row *row = model_find(model, MODEL_CLOUD, uuid);
    return row ? CONTAINER_OF(row, struct cloud, row)->id : 0;
}

static bool
edge_from_row(const struct model *model, const struct nethvrec_edge *row,
              struct repair_edge *edge)
{
    uint8_t a = cloud_id(model, &row->a);
    uint8_t b = cloud_id(model, &row->b);

    memset(edge, 0, sizeof *edge);
    edge->edge.a = MIN(a, b);
    edge->edge.b = MAX(a, b);
    /* JSON has no infinity: an unknown cost is written as 0. */
    edge->edge.weight = row->cost > 0 ? row->cost : INFINITY;
    edge->role = !strcmp(row->role, "tree") ? REPAIR_TREE : REPAIR_STANDBY;
    return edge->edge.a && edge->edge.a < edge->edge.b
           && (edge->role == REPAIR_TREE || !strcmp(row->role, "standby"));
}

static void
read_plan(struct repair_plan *plan, uint32_t number, struct db *db,
          const struct model *model)
{
    const struct nethvrec_edge *row;
    struct repair_edge *edges = NULL;
    size_t n = 0, allocated = 0;

    NETHVREC_EDGE_FOR_EACH (row, db_idl(db)) {
        if (row->tree == number) {
            if (n >= allocated) {
                edges = x2nrealloc(edges, &allocated, sizeof *edges);
            }
            n += edge_from_row(model, row, &edges[n]);
        }
    }
    plan->number = number;
    set_edges(plan, edges, n);
}

bool
plans_read(struct plans *plans, struct db *db, const struct model *model)
{
    const struct nethvrec_global *global = nethvrec_global_first(db_idl(db));
    const struct nethvrec_edge *row;
    int64_t next = 0;

    memset(plans, 0, sizeof *plans);
    if (!global || !global->tree) {
        return false;
    }
    read_plan(&plans->current, global->tree, db, model);
    NETHVREC_EDGE_FOR_EACH (row, db_idl(db)) {
        next = MAX(next, row->tree);
    }
    if (next > global->tree) {
        read_plan(&plans->next, next, db, model);
    }
    return true;
}

static bool
plan_equal(const struct repair_plan *a, const struct repair_plan *b)
{
    if (a->number != b->number || a->n != b->n) {
        return false;
    }
    for (size_t i = 0; i < a->n; i++) {
        if (compare_edges(&a->edges[i], &b->edges[i])
            || a->edges[i].edge.weight != b->edges[i].edge.weight
            || a->edges[i].role != b->edges[i].role) {
            return false;
        }
    }
    return true;
}

bool
plans_equal(const struct plans *a, const struct plans *b)
{
    return plan_equal(&a->current, &b->current)
           && plan_equal(&a->next, &b->next);
}

/* The copy: {"current": {"number": 7, "edges": [[1, 2, 20.2, "tree"]]},
 * "next": ...}. */

static struct json *
plan_to_json(const struct repair_plan *plan)
{
    struct json *json = json_object_create();
    struct json *edges = json_array_create_empty();

    for (size_t i = 0; i < plan->n; i++) {
        const struct repair_edge *edge = &plan->edges[i];
        struct json *elems[] = {
            json_integer_create(edge->edge.a),
            json_integer_create(edge->edge.b),
            json_real_create(isinf(edge->edge.weight) ? 0
                             : edge->edge.weight),
            json_string_create(edge->role == REPAIR_TREE ? "tree"
                               : "standby"),
        };
        json_array_add(edges, json_array_create(xmemdup(elems, sizeof elems),
                                                ARRAY_SIZE(elems)));
    }
    json_object_put(json, "number", json_integer_create(plan->number));
    json_object_put(json, "edges", edges);
    return json;
}

static bool
is_number(const struct json *json)
{
    return json->type == JSON_INTEGER || json->type == JSON_REAL;
}

static bool
edge_from_json(const struct json *json, struct repair_edge *edge)
{
    struct json *const *e = json->array.elems;

    if (json->type != JSON_ARRAY || json->array.n != 4
        || e[0]->type != JSON_INTEGER || e[1]->type != JSON_INTEGER
        || !is_number(e[2]) || e[3]->type != JSON_STRING) {
        return false;
    }
    double weight = (e[2]->type == JSON_REAL ? e[2]->real
                     : json_integer(e[2]));
    memset(edge, 0, sizeof *edge);
    edge->edge.a = json_integer(e[0]);
    edge->edge.b = json_integer(e[1]);
    edge->edge.weight = weight > 0 ? weight : INFINITY;
    edge->role = !strcmp(json_string(e[3]), "tree") ? REPAIR_TREE
                                                    : REPAIR_STANDBY;
    return edge->edge.a && edge->edge.a < edge->edge.b;
}

static bool
plan_from_json(const struct json *json, struct repair_plan *plan)
{
    if (!json || json->type != JSON_OBJECT) {
        return false;
    }
    const struct json *number = shash_find_data(json->object, "number");
    const struct json *list = shash_find_data(json->object, "edges");
    if (!number || number->type != JSON_INTEGER || !list
        || list->type != JSON_ARRAY) {
        return false;
    }
    struct repair_edge *edges = xcalloc(list->array.n + 1, sizeof *edges);
    size_t n = 0;
    for (size_t i = 0; i < list->array.n; i++) {
        n += edge_from_json(list->array.elems[i], &edges[n]);
    }
    plan->number = json_integer(number);
    set_edges(plan, edges, n);
    return true;
}

void
plans_save(const struct plans *plans)
{
    struct json *json = json_object_create();

    json_object_put(json, "current", plan_to_json(&plans->current));
    json_object_put(json, "next", plan_to_json(&plans->next));
    char *text = json_to_string(json, JSSF_SORT);
    char *error = text_file_leave(COPY, text);
    if (error) {
        VLOG_WARN("%s", error);
    }
    free(error);
    free(text);
    json_destroy(json);
}

bool
plans_load(struct plans *plans)
{
    memset(plans, 0, sizeof *plans);
    if (access(COPY, R_OK)) {
        return false;
    }
    struct json *json = json_from_file(COPY);
    bool ok = json->type == JSON_OBJECT
              && plan_from_json(shash_find_data(json->object, "current"),
                                &plans->current)
              && plan_from_json(shash_find_data(json->object, "next"),
                                &plans->next)
              && plans->current.number;
    if (!ok) {
        VLOG_WARN("%s holds no plans", COPY);
        plans_uninit(plans);
    }
    json_destroy(json);
    return ok;
}
