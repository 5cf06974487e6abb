/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/checkpoint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/peers.h"
#include "gateway/plans.h"
#include "model.h"
#include "openvswitch/json.h"
#include "openvswitch/vlog.h"
#include "ovs/program.h"
#include "ovs/text-file.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(checkpoint);

#define CHECKPOINT PROGRAM_RUNDIR "/checkpoint.json"

struct checkpoint {
    struct model *model;
    struct model_observer observer;
    bool stale;
    char *text;                     /* Saved last, NULL if none. */
};

static void
on_change(struct model_observer *observer, const struct model_row *row)
{
    struct checkpoint *checkpoint = CONTAINER_OF(observer, struct checkpoint,
                                                 observer);

    checkpoint->stale |= row->kind == MODEL_HOST;
}

struct checkpoint *
checkpoint_create(struct model *model)
{
    struct checkpoint *checkpoint = xzalloc(sizeof *checkpoint);

    checkpoint->model = model;
    checkpoint->observer.before = on_change;
    checkpoint->observer.after = on_change;
    model_observe(model, &checkpoint->observer);
    return checkpoint;
}

void
checkpoint_destroy(struct checkpoint *checkpoint)
{
    if (checkpoint) {
        model_unobserve(checkpoint->model, &checkpoint->observer);
        free(checkpoint->text);
        free(checkpoint);
    }
}

bool
checkpoint_is_stale(const struct checkpoint *checkpoint)
{
    return checkpoint->stale;
}

/* The file: {"current": {"number": 7, "edges": [[1, 2, 20.2, "tree"]]},
 * "next": ..., "gateways": [[16781312, "02ab..."]]}. */

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
    plan->edges = edges;
    plan->n = n;
    return true;
}

static struct json *
gateways_to_json(const struct model *model)
{
    const struct model_row *row;
    struct json *list = json_array_create_empty();

    MODEL_FOR_EACH (row, MODEL_HOST, model) {
        const struct host *host = CONTAINER_OF(row, struct host, row);

        if (row->present && host->gateway && host->public_key) {
            json_array_add(list, json_array_create_2(
                json_integer_create(host_location(host)),
                json_string_create(host->public_key)));
        }
    }
    return list;
}

static void
gateways_from_json(const struct json *list, struct peers *peers)
{
    if (!list || list->type != JSON_ARRAY) {
        return;
    }
    for (size_t i = 0; i < list->array.n; i++) {
        const struct json *pair = list->array.elems[i];
        struct json *const *e = pair->array.elems;

        if (pair->type == JSON_ARRAY && pair->array.n == 2
            && e[0]->type == JSON_INTEGER && e[1]->type == JSON_STRING) {
            peers_trust(peers, json_integer(e[0]), json_string(e[1]));
        }
    }
}

void
checkpoint_save(struct checkpoint *checkpoint, const struct plans *plans)
{
    struct json *json = json_object_create();

    json_object_put(json, "current", plan_to_json(&plans->current));
    json_object_put(json, "next", plan_to_json(&plans->next));
    json_object_put(json, "gateways", gateways_to_json(checkpoint->model));
    char *text = json_to_string(json, JSSF_SORT);
    json_destroy(json);
    if (!nullable_string_is_equal(text, checkpoint->text)) {
        char *error = text_file_leave(CHECKPOINT, text);
        if (error) {
            VLOG_WARN("%s", error);
            free(error);
        }
    }
    free(checkpoint->text);
    checkpoint->text = text;
    checkpoint->stale = false;
}

bool
checkpoint_load(struct plans *plans, struct peers *peers)
{
    memset(plans, 0, sizeof *plans);
    if (access(CHECKPOINT, R_OK)) {
        return false;
    }
    struct json *json = json_from_file(CHECKPOINT);
    bool ok = json->type == JSON_OBJECT
              && plan_from_json(shash_find_data(json->object, "current"),
                                &plans->current)
              && plan_from_json(shash_find_data(json->object, "next"),
                                &plans->next)
              && plans->current.number;
    if (ok) {
        gateways_from_json(shash_find_data(json->object, "gateways"), peers);
    } else {
        VLOG_WARN("%s holds no plans", CHECKPOINT);
        plans_uninit(plans);
    }
    json_destroy(json);
    return ok;
}
