/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovs/vswitch.h"

#include <stdlib.h>

#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs/vswitch-private.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(vswitch);

/* A transaction that the database refuses is tried again this much later. */
#define RETRY_MS 1000

static void
follow_columns(struct ovsdb_idl *idl)
{
    static struct ovsdb_idl_column *const columns[] = {
        &ovsrec_open_vswitch_col_bridges,
        &ovsrec_open_vswitch_col_cur_cfg,
        &ovsrec_open_vswitch_col_external_ids,
        &ovsrec_open_vswitch_col_next_cfg,
        &ovsrec_open_vswitch_col_other_config,
        &ovsrec_bridge_col_datapath_type,
        &ovsrec_bridge_col_external_ids,
        &ovsrec_bridge_col_fail_mode,
        &ovsrec_bridge_col_mcast_snooping_enable,
        &ovsrec_bridge_col_name,
        &ovsrec_bridge_col_other_config,
        &ovsrec_bridge_col_ports,
        &ovsrec_port_col_external_ids,
        &ovsrec_port_col_interfaces,
        &ovsrec_port_col_name,
        &ovsrec_interface_col_bfd,
        &ovsrec_interface_col_bfd_status,
        &ovsrec_interface_col_error,
        &ovsrec_interface_col_external_ids,
        &ovsrec_interface_col_mac,
        &ovsrec_interface_col_mtu_request,
        &ovsrec_interface_col_name,
        &ovsrec_interface_col_ofport,
        &ovsrec_interface_col_options,
        &ovsrec_interface_col_statistics,
        &ovsrec_interface_col_type,
    };

    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        ovsdb_idl_add_column(idl, columns[i]);
    }
    ovsdb_idl_omit_alert(idl, &ovsrec_interface_col_statistics);
}

struct vswitch_db *
vswitch_create(const char *remote)
{
    struct vswitch_db *db = xzalloc(sizeof *db);

    db->remote = xstrdup(remote);
    db->idl = ovsdb_idl_create(remote, &ovsrec_idl_class, false, true);
    follow_columns(db->idl);
    db->retry_at = LLONG_MIN;
    ovs_list_init(&db->ops);
    shash_init(&db->ifaces);
    return db;
}

void
vswitch_destroy(struct vswitch_db *db)
{
    if (db) {
        if (db->txn) {
            ovsdb_idl_txn_destroy(db->txn);
        }
        ovsdb_idl_destroy(db->idl);
        vswitch_pop_ops(db, SIZE_MAX);
        vswitch_report_destroy(db);
        free(db->datapath_type);
        free(db->tunnels);
        free(db->problem);
        free(db->op_problem);
        free(db->remote);
        free(db);
    }
}

void
vswitch_asked(struct vswitch_db *db)
{
    db->dirty = true;
    db->retry_at = LLONG_MIN;
}

/* Takes note of how the transaction ended. */
static void
txn_end(struct vswitch_db *db, enum ovsdb_idl_txn_status status)
{
    switch (status) {
    case TXN_SUCCESS:
        db->cfg = ovsdb_idl_txn_get_increment_new_value(db->txn);
        /* Fall through. */
    case TXN_UNCHANGED:
        vswitch_pop_ops(db, db->txn_n_ops);
        break;

    case TXN_TRY_AGAIN:
        db->dirty = true;
        db->wait_change = db->idl_seqno == db->txn_seqno;
        break;

    case TXN_UNCOMMITTED:
    case TXN_INCOMPLETE:
    case TXN_ABORTED:
    case TXN_NOT_LOCKED:
    case TXN_ERROR:
        free(db->problem);
        db->problem = xasprintf("the Open vSwitch database at %s refused a "
                                "change: %s", db->remote,
                                ovsdb_idl_txn_get_error(db->txn));
        VLOG_WARN("%s", db->problem);
        db->dirty = true;
        db->retry_at = time_msec() + RETRY_MS;
        break;
    }
    ovsdb_idl_txn_destroy(db->txn);
    db->txn = NULL;
}

static void
txn_run(struct vswitch_db *db)
{
    enum ovsdb_idl_txn_status status = ovsdb_idl_txn_commit(db->txn);
    if (status != TXN_INCOMPLETE) {
        txn_end(db, status);
    }
}

static void
txn_begin(struct vswitch_db *db)
{
    const struct ovsrec_open_vswitch *ovs = vswitch_row(db);

    db->dirty = false;
    db->txn = ovsdb_idl_txn_create(db->idl);
    db->txn_seqno = db->idl_seqno;
    db->txn_n_ops = ovs_list_size(&db->ops);
    ovsdb_idl_txn_add_comment(db->txn, "nethv");

    vswitch_apply(db);
    ovsdb_idl_txn_increment(db->txn, &ovs->header_,
                            &ovsrec_open_vswitch_col_next_cfg, false);
    txn_run(db);
}

void
vswitch_run(struct vswitch_db *db)
{
    ovsdb_idl_run(db->idl);
    if (!vswitch_is_connected(db)) {
        return;
    }

    unsigned int idl_seqno = ovsdb_idl_get_seqno(db->idl);
    if (idl_seqno != db->idl_seqno) {
        db->idl_seqno = idl_seqno;
        db->seqno++;
        db->dirty = true;
        db->wait_change = false;
        vswitch_read(db);
    }
    if (db->txn) {
        txn_run(db);
    }
    if (!db->txn && db->dirty && !db->wait_change
        && time_msec() >= db->retry_at) {
        txn_begin(db);
    }
}

void
vswitch_wait(struct vswitch_db *db)
{
    ovsdb_idl_wait(db->idl);
    if (db->txn) {
        ovsdb_idl_txn_wait(db->txn);
    } else if (db->dirty && !db->wait_change && vswitch_is_connected(db)) {
        poll_timer_wait_until(db->retry_at);
    }
}

bool
vswitch_is_connected(const struct vswitch_db *db)
{
    return ovsdb_idl_has_ever_connected(db->idl) && vswitch_row(db);
}

bool
vswitch_is_settled(const struct vswitch_db *db)
{
    return (vswitch_is_connected(db) && !db->txn && !db->dirty
            && db->idl_seqno
            && vswitch_row(db)->cur_cfg >= MIN(db->cfg,
                                               vswitch_row(db)->next_cfg));
}

/* Returns what vswitch_settle() says when its time is over. */
static char *
unsettled(const struct vswitch_db *db)
{
    if (!vswitch_is_connected(db)) {
        return xasprintf("the Open vSwitch database at %s does not answer: is "
                         "ovsdb-server running?", db->remote);
    } else if (db->problem) {
        return xstrdup(db->problem);
    } else if (db->txn || db->dirty) {
        return xasprintf("the Open vSwitch database at %s does not take the "
                         "change", db->remote);
    }
    return xasprintf("ovs-vswitchd has not acted on the change in the Open "
                     "vSwitch database: is it running?");
}

/* Returns what could not be done of what was asked for, or NULL. */
static char *
settled_problem(struct vswitch_db *db)
{
    char *problem = db->op_problem;

    db->op_problem = NULL;
    return problem ? problem : nullable_xstrdup(db->problem);
}

char *
vswitch_settle(struct vswitch_db *db, long long int timeout_ms)
{
    long long int deadline = time_msec() + timeout_ms;

    for (;;) {
        vswitch_run(db);
        if (vswitch_is_settled(db)) {
            return settled_problem(db);
        }
        if (time_msec() >= deadline) {
            return unsettled(db);
        }
        vswitch_wait(db);
        poll_timer_wait_until(deadline);
        poll_block();
    }
}

unsigned int
vswitch_seqno(const struct vswitch_db *db)
{
    return db->seqno;
}
