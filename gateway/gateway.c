/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/gateway.h"

#include "gateway/bandwidth.h"
#include "gateway/checkpoint.h"
#include "gateway/enrol.h"
#include "gateway/global.h"
#include "gateway/gateway-state.h"
#include "gateway/healer.h"
#include "gateway/home.h"
#include "gateway/prober.h"
#include "gateway/relays.h"
#include "gateway/sign.h"
#include "gateway/tunnels.h"
#include "handover.h"
#include "model.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs/db.h"
#include "ovs/inventory.h"
#include "ovs/pki.h"
#include "ovs/vswitch.h"
#include "repair.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"
#include "versions.h"

VLOG_DEFINE_THIS_MODULE(gateway);

#define ENROL_RETRY_MSEC 5000

struct gateway {
    struct vswitch_db *vs;
    struct healer *healer;
    struct prober *prober;
    struct bandwidth *bandwidth;
    struct home *home;

    /* NULL until the host knows who it is. */
    char *name;                     /* Of this host, */
    uint32_t location;              /* and where it is. */
    struct model *model;
    struct db *db;
    struct relays *relays;
    struct checkpoint *checkpoint;
    struct global *global;
    struct enrol *enrol;            /* NULL also if it cannot listen. */
    struct sign *sign;              /* NULL also if not the authority. */
    long long int enrol_retry;      /* time_msec() of the next attempt. */
};

static void gateway_register(struct gateway *);

struct gateway *
gateway_create(void)
{
    struct gateway *gw = xzalloc(sizeof *gw);

    gw->vs = vswitch_create(VSWITCH_DATABASE);
    gw->bandwidth = bandwidth_create();
    gw->healer = healer_create(gw->bandwidth);
    gw->prober = prober_create();
    gw->home = home_create();
    gateway_register(gw);
    return gw;
}

static void
stop(struct gateway *gw)
{
    sign_destroy(gw->sign);
    enrol_destroy(gw->enrol);
    global_destroy(gw->global);
    db_destroy(gw->db);
    checkpoint_destroy(gw->checkpoint);
    relays_destroy(gw->relays);
    model_destroy(gw->model);
    free(gw->name);
    gw->sign = NULL;
    gw->enrol = NULL;
    gw->global = NULL;
    gw->db = NULL;
    gw->checkpoint = NULL;
    gw->relays = NULL;
    gw->model = NULL;
    gw->name = NULL;
}

void
gateway_destroy(struct gateway *gw)
{
    if (gw) {
        stop(gw);
        home_destroy(gw->home);
        prober_destroy(gw->prober);
        healer_destroy(gw->healer);
        bandwidth_destroy(gw->bandwidth);
        vswitch_destroy(gw->vs);
        free(gw);
    }
}

static void
start(struct gateway *gw, const struct vswitch_config *config)
{
    VLOG_INFO("this is gateway %s of cloud %s", config->host, config->cloud);
    gw->name = xstrdup(config->host);
    gw->location = nethv_location(config->cloud_id, config->host_id, 0);
    gw->model = model_create();
    gw->relays = relays_create(gw->model);
    gw->checkpoint = checkpoint_create(gw->model);
    gw->db = db_create(gw->model, DB_ALL);
    gw->global = global_create(config->host);

    char *error = sign_create(PKI_CA_KEY, PKI_CA_CERT, db_idl(gw->db), &gw->sign);
    if (error) {
        VLOG_ERR("no certificates can be made here: %s", error);
        free(error);
    }
}

static void
listen_for_hosts(struct gateway *gw)
{
    const struct enrol_config config = {
        .port = INVENTORY_ENROL_PORT,
        .key = PKI_HOST_KEY,
        .certificate = PKI_HOST_CERT,
        .ca = PKI_CA_CERT,
        .gateway = gw->name,
    };

    if (gw->enrol || time_msec() < gw->enrol_retry) {
        return;
    }
    char *error = enrol_create(&config, db_idl(gw->db), &gw->enrol);
    if (error) {
        VLOG_ERR("no host can join here: %s", error);
        free(error);
        gw->enrol_retry = time_msec() + ENROL_RETRY_MSEC;
    }
}

/* Follows the configuration in the local database.  Returns false while there
 * is none for a gateway. */
static bool
configure(struct gateway *gw)
{
    if (!vswitch_is_connected(gw->vs)) {
        return gw->name != NULL;
    }
    const struct vswitch_config *config = vswitch_config(gw->vs);
    if (!config->host || !config->database) {
        VLOG_WARN_ONCE("external_ids:nethv-host and nethv-database of "
                       "Open_vSwitch are not set: this host has not joined "
                       "as a gateway");
        return gw->name != NULL;
    }
    if (!gw->name || strcmp(gw->name, config->host)) {
        stop(gw);
        start(gw, config);
    }
    return true;
}

/* Writes what repair has decided, and whether hosts use this gateway, by 'txn'
 * (NULL: nothing now). */
static void
write_state(struct gateway *gw, struct ovsdb_idl_txn *txn)
{
    const struct repair_outcome *outcome = healer_outcome(gw->healer);
    const struct host *self = model_host_at(gw->model, gw->location);

    if (!txn || !self) {
        return;
    }
    if (outcome) {
        gateway_state_write(gw->db, self, outcome, txn);
    }
    if (healer_knows_hosts(gw->healer)) {
        gateway_state_write_serves(gw->db, gw->model, self,
                                   healer_serves(gw->healer), txn);
    }
}

/* Probes what is due, and has the healer know what is reached. */
static void
run_probes(struct gateway *gw, struct ovsdb_idl_txn *txn)
{
    const struct repair_outcome *outcome = healer_outcome(gw->healer);

    if (outcome && outcome->ready) {
        prober_set_connected(gw->prober, outcome->connected);
    }
    prober_run(gw->prober, gw->db, gw->model, gw->location, txn);
    for (unsigned int cloud = 1; cloud <= NETHV_CLOUD_MAX; cloud++) {
        healer_set_reachable(gw->healer, cloud,
                             prober_finds(gw->prober, cloud));
    }
}

void
gateway_run(struct gateway *gw)
{
    vswitch_run(gw->vs);
    if (!configure(gw)) {
        return;
    }
    const char *database = vswitch_config(gw->vs)->database;
    if (vswitch_is_connected(gw->vs) && database) {
        global_set_eligible(gw->global, !healer_stands_by(gw->healer));
        global_run(gw->global, database, healer_outcome(gw->healer));
        db_set_remotes(gw->db, database, true);
    }
    db_run(gw->db);
    healer_run(gw->healer, gw->db, gw->model, gw->location, gw->relays,
               gw->checkpoint);
    home_run(gw->home, gw->db, gw->vs, gw->location, gw->healer);
    listen_for_hosts(gw);

    struct ovsdb_idl_txn *txn = db_is_complete(gw->db) ? db_txn(gw->db)
                                                       : NULL;
    if (gw->enrol) {
        enrol_run(gw->enrol, txn);
    }
    sign_run(gw->sign, txn);
    tunnels_write(gw->db, gw->model, gw->vs, gw->name, txn);
    write_state(gw, txn);
    run_probes(gw, txn);
    bandwidth_run(gw->bandwidth, gw->db, gw->model, gw->location, gw->healer,
                  txn);
    db_commit(gw->db);
}

void
gateway_wait(struct gateway *gw)
{
    vswitch_wait(gw->vs);
    healer_wait(gw->healer);
    if (!gw->name) {
        return;
    }
    global_wait(gw->global);
    db_wait(gw->db);
    if (gw->enrol) {
        enrol_wait(gw->enrol);
    } else {
        poll_timer_wait_until(gw->enrol_retry);
    }
    sign_wait(gw->sign);
    prober_wait(gw->prober);
    bandwidth_wait(gw->bandwidth);
}

/* Control commands. */

static void
cmd_status(struct unixctl_conn *conn, int argc OVS_UNUSED,
           const char *argv[] OVS_UNUSED, void *gw_)
{
    const struct gateway *gw = gw_;

    if (!gw->name) {
        unixctl_command_reply_error(conn, "this host has not joined as a "
                                    "gateway");
        return;
    }
    struct json *json = json_object_create();
    json_object_put_string(json, "version", versions.package);
    json_object_put_string(json, "host", gw->name);
    json_object_put(json, "connected",
                    json_boolean_create(db_is_connected(gw->db)));
    json_object_put(json, "complete",
                    json_boolean_create(db_is_complete(gw->db)));
    json_object_put(json, "enrolment", json_boolean_create(gw->enrol));
    json_object_put(json, "authority", json_boolean_create(gw->sign));
    json_object_put(json, "agent",
                    json_boolean_create(healer_has_agent(gw->healer)));
    json_object_put(json, "global", global_to_json(gw->global));
    json_object_put(json, "repair",
                    gateway_state_to_json(healer_outcome(gw->healer),
                                          healer_linkstate(gw->healer)));
    const struct handover *handover = healer_handover(gw->healer);
    if (handover) {
        json_object_put(json, "handover", handover_to_json(handover));
    }
    char *text = json_to_string(json, JSSF_PRETTY | JSSF_SORT);
    unixctl_command_reply(conn, text);
    free(text);
    json_destroy(json);
}

static void
gateway_register(struct gateway *gw)
{
    unixctl_command_register("status", "", 0, 0, cmd_status, gw);
}
