/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/gateway-state.h"

#include <stdlib.h>

#include "gateway/serving.h"
#include "lib/nethv-idl.h"
#include "linkstate.h"
#include "model.h"
#include "openvswitch/json.h"
#include "ovs/db.h"
#include "repair.h"
#include "uuid.h"

/* Returns the row of Gateway_State of 'host', NULL if there is none. */
static const struct nethvrec_gateway_state *
find_state(struct db *db, const struct uuid *host)
{
    const struct nethvrec_gateway_state *row;

    NETHVREC_GATEWAY_STATE_FOR_EACH (row, db_idl(db)) {
        if (uuid_equals(&row->host, host)) {
            return row;
        }
    }
    return NULL;
}

/* Lists the neighbours in the tree that is stamped. */
static size_t
list_neighbours(const struct repair_outcome *outcome,
                int64_t list[NETHV_CLOUD_FLOOD])
{
    const struct repair_slot *slot = &outcome->slots[outcome->stamp];
    size_t n = 0;

    for (int cloud = 1; slot->present && cloud <= NETHV_CLOUD_MAX; cloud++) {
        if (slot->via[cloud] == cloud) {
            list[n++] = cloud;
        }
    }
    return n;
}

static size_t
list_opened(const struct repair_outcome *outcome,
            int64_t list[NETHV_CLOUD_FLOOD])
{
    size_t n = 0;

    for (int cloud = 1; cloud <= NETHV_CLOUD_MAX; cloud++) {
        if (outcome->opened[cloud]) {
            list[n++] = cloud;
        }
    }
    return n;
}

void
gateway_state_write(struct db *db, const struct host *self,
                    const struct repair_outcome *outcome,
                    struct ovsdb_idl_txn *txn)
{
    const struct nethvrec_gateway_state *row = find_state(db, &self->row.uuid);
    int64_t list[NETHV_CLOUD_FLOOD];

    if (!row) {
        row = nethvrec_gateway_state_insert(txn);
        nethvrec_gateway_state_set_host(row, self->row.uuid);
    }
    nethvrec_gateway_state_set_plan(row, outcome->plan);
    nethvrec_gateway_state_set_prepared(row, outcome->prepared);
    nethvrec_gateway_state_set_number(row, outcome->number);
    nethvrec_gateway_state_set_neighbours(row, list,
                                          list_neighbours(outcome, list));
    nethvrec_gateway_state_set_opened(row, list, list_opened(outcome, list));
}

void
gateway_state_write_serves(struct db *db, const struct model *model,
                           const struct host *self, bool serves,
                           struct ovsdb_idl_txn *txn)
{
    const struct nethvrec_gateway_state *row = find_state(db, &self->row.uuid);

    /* The database may be of an older version. */
    if (serves == (row && row->serves > 0)
        || !nethvrec_server_has_gateway_state_table_col_serves(db_idl(db))) {
        return;
    }
    if (!row) {
        row = nethvrec_gateway_state_insert(txn);
        nethvrec_gateway_state_set_host(row, self->row.uuid);
    }
    nethvrec_gateway_state_set_serves(
        row, serves ? serving_next(db, model, self->cloud->id) : 0);
}

/* Showing. */

static struct json *
clouds_to_json(const bool clouds[NETHV_CLOUD_FLOOD])
{
    struct json *json = json_array_create_empty();

    for (int cloud = 1; cloud <= NETHV_CLOUD_MAX; cloud++) {
        if (clouds[cloud]) {
            json_array_add(json, json_integer_create(cloud));
        }
    }
    return json;
}

/* Lists the edges that have worked and do not any more, as pairs of clouds. */
static struct json *
failed_to_json(const struct linkstate *linkstate)
{
    struct json *json = json_array_create_empty();
    size_t n;
    struct linkstate_edge *edges = linkstate_edges(linkstate, &n);

    for (size_t i = 0; i < n; i++) {
        if (edges[i].level && !linkstate_level_is_up(edges[i].level)) {
            json_array_add(json, json_array_create_2(
                               json_integer_create(edges[i].a),
                               json_integer_create(edges[i].b)));
        }
    }
    free(edges);
    return json;
}

struct json *
gateway_state_to_json(const struct repair_outcome *outcome,
                      const struct linkstate *linkstate)
{
    struct json *json = json_object_create();

    if (!outcome) {
        return json;
    }
    json_object_put(json, "ready", json_boolean_create(outcome->ready));
    json_object_put(json, "number", json_integer_create(outcome->number));
    json_object_put(json, "plan", json_integer_create(outcome->plan));
    json_object_put(json, "heard", json_integer_create(outcome->heard));
    json_object_put(json, "prepared", json_integer_create(outcome->prepared));
    json_object_put(json, "stamp", json_integer_create(outcome->stamp));
    json_object_put(json, "failed", failed_to_json(linkstate));
    json_object_put(json, "tunnels", clouds_to_json(outcome->tunnels));
    json_object_put(json, "opened", clouds_to_json(outcome->opened));
    json_object_put(json, "connected", clouds_to_json(outcome->connected));
    return json;
}
