/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/global.h"

#include "gateway/allocate.h"
#include "gateway/common-wire.h"
#include "gateway/liveness.h"
#include "gateway/plant.h"
#include "gateway/serving.h"
#include "lib/nethv-idl.h"
#include "model.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs/db.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(global);

#define GLOBAL_LOCK "nethv_global"

struct global {
    char *name;                     /* Of this host. */
    struct model *model;
    struct db *db;
    struct allocate *allocate;
    struct liveness *liveness;
    struct plant *plant;
    unsigned int db_seqno;          /* When it was read which gateways serve. */
    bool acting;                    /* Held the lock at the last run. */
};

struct global *
global_create(const char *name)
{
    struct global *global = xzalloc(sizeof *global);

    global->name = xstrdup(name);
    global->model = model_create();
    global->db = db_create(global->model, DB_GLOBAL);
    global->allocate = allocate_create(global->model, global->db);
    global->liveness = liveness_create();
    global->plant = plant_create(global->model);
    db_set_lock(global->db, GLOBAL_LOCK);
    return global;
}

void
global_destroy(struct global *global)
{
    if (global) {
        plant_destroy(global->plant);
        liveness_destroy(global->liveness);
        allocate_destroy(global->allocate);
        db_destroy(global->db);
        model_destroy(global->model);
        free(global->name);
        free(global);
    }
}

/* Tells others who acts, and makes the one row of Global if it is missing. */
static void
write_name(struct global *global, struct ovsdb_idl_txn *txn)
{
    const struct nethvrec_global *row
        = nethvrec_global_first(db_idl(global->db));

    if (!row) {
        row = nethvrec_global_insert(txn);
    }
    if (strcmp(row->controller, global->name)) {
        nethvrec_global_set_controller(row, global->name);
    }
}

static bool
has_name(const struct global *global)
{
    const struct nethvrec_global *row
        = nethvrec_global_first(db_idl(global->db));
    return row && !strcmp(row->controller, global->name);
}

/* Marks in the model which gateways serve their clouds, for the tunnels. */
static void
mark_serving(struct global *global)
{
    uint32_t serving[NETHV_CLOUD_FLOOD];

    if (db_seqno(global->db) == global->db_seqno) {
        return;
    }
    global->db_seqno = db_seqno(global->db);
    serving_read(global->db, global->model, serving);
    for (int cloud = 1; cloud <= NETHV_CLOUD_MAX; cloud++) {
        serving_mark(global->model, cloud, serving[cloud]);
    }
}

static void
act(struct global *global, const struct repair_outcome *outcome)
{
    long long int now = time_msec();
    bool judged = liveness_update(global->liveness, global->db, now);
    bool allocating = allocate_pending(global->allocate);

    if (!judged && has_name(global) && !allocating
        && !plant_pending(global->plant)
        && !common_wire_pending(global->db)) {
        return;
    }
    struct ovsdb_idl_txn *txn = db_txn(global->db);
    if (txn) {
        write_name(global, txn);
        allocate_write(global->allocate, txn);
        liveness_write(global->liveness, global->db);
        common_wire_write(global->db);
        plant_write(global->plant, global->db, txn, outcome, now);
    }
}

void
global_set_eligible(struct global *global, bool eligible)
{
    db_set_lock(global->db, eligible ? GLOBAL_LOCK : NULL);
}

void
global_run(struct global *global, const char *remotes,
           const struct repair_outcome *outcome)
{
    db_set_remotes(global->db, remotes, true);
    db_run(global->db);

    bool acting = db_has_lock(global->db);
    if (acting != global->acting) {
        VLOG_INFO("this is %s the global controller",
                  acting ? "now" : "no longer");
        global->acting = acting;
        allocate_note_all(global->allocate);
    }
    if (acting && db_is_complete(global->db)) {
        mark_serving(global);
        act(global, outcome);
    }
    db_commit(global->db);
}

void
global_wait(struct global *global)
{
    db_wait(global->db);
    if (global->acting) {
        poll_timer_wait_until(liveness_deadline(global->liveness));
        poll_timer_wait_until(plant_deadline(global->plant, time_msec()));
    }
}

struct json *
global_to_json(const struct global *global)
{
    struct json *json = json_object_create();
    struct db_results results;

    db_get_results(global->db, &results);
    json_object_put(json, "acting", json_boolean_create(global->acting));
    json_object_put(json, "connected",
                    json_boolean_create(db_is_connected(global->db)));
    json_object_put(json, "committed",
                    json_integer_create(results.n_committed));
    json_object_put(json, "failed", json_integer_create(results.n_failed));
    if (results.last_error) {
        json_object_put_string(json, "last_error", results.last_error);
    }
    return json;
}
