/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovs/db.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "nethv-idl.h"
#include "openvswitch/hmap.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs/db-conditions.h"
#include "ovs/mirror.h"
#include "sset.h"
#include "timeval.h"
#include "util.h"
#include "uuid.h"

VLOG_DEFINE_THIS_MODULE(db);

/* Milliseconds before a failed transaction is tried again if the database does
 * not change, and between probes of an idle connection. */
#define RETRY_MSEC 1000
#define PROBE_MSEC 5000

/* A network that is followed, or kept until 'expires'. */
struct followed {
    struct hmap_node node;      /* In db->networks. */
    struct uuid uuid;
    bool needed;
    bool requested;             /* In the conditions of 'cond_seqno'. */
    unsigned int cond_seqno;
    long long int expires;      /* If not 'needed'. */
};

struct db {
    enum db_mode mode;
    struct model *model;
    struct mirror *mirror;
    struct ovsdb_idl *idl;

    /* Connection. */
    char *remotes;
    bool leader_only;
    char *lock;
    bool resync;                /* Compare everything at the next change. */
    unsigned int mirrored_seqno; /* The model is that of this seqno. */

    /* Transactions. */
    struct ovsdb_idl_txn *open;
    struct ovsdb_idl_txn *committing;
    unsigned int committing_seqno;
    unsigned int failed_seqno;  /* Nothing to be written at this seqno... */
    long long int retry_at;     /* ...until then. */
    struct db_results results;
    char *last_error;

    /* Conditions, in mode DB_HOST. */
    char *self_name;
    struct ovsdb_idl_index *hosts_by_name;
    struct ovsdb_idl_index *states_by_host;
    struct hmap networks;       /* struct followed by 'uuid'. */
    struct sset claims;
    struct db_conditions requested; /* As set last. */
    bool stale;                 /* Do the conditions need a look? */
    unsigned int cond_seqno;    /* When 'requested' are in effect. */
};

static void
omit(struct ovsdb_idl *idl, const struct ovsdb_idl_table_class *table)
{
    for (size_t i = 0; i < table->n_columns; i++) {
        ovsdb_idl_omit(idl, &table->columns[i]);
    }
}

struct db *
db_create(struct model *model, enum db_mode mode)
{
    struct db *db = xmalloc(sizeof *db);

    *db = (struct db) {
        .mode = mode,
        .model = model,
        .idl = ovsdb_idl_create_unconnected(&nethvrec_idl_class, true),
        .resync = true,
        .stale = mode == DB_HOST,
    };
    /* Else a conversion of the schema would replace all contents unseen. */
    ovsdb_idl_set_db_change_aware(db->idl, false);
    ovsdb_idl_set_probe_interval(db->idl, PROBE_MSEC);
    ovsdb_idl_track_add_all(db->idl);
    ovsdb_idl_set_write_changed_only_all(db->idl, true);
    db->hosts_by_name = ovsdb_idl_index_create1(db->idl,
                                                &nethvrec_host_col_name);
    db->states_by_host = ovsdb_idl_index_create1(
        db->idl, &nethvrec_host_state_col_host);
    db->mirror = mirror_create(db->idl, model, true);
    hmap_init(&db->networks);
    sset_init(&db->claims);
    db_conditions_init(&db->requested);
    if (mode == DB_ALL) {
        omit(db->idl, &nethvrec_table_host_report);
    } else if (mode == DB_HOST) {
        db_conditions_omit(db->idl);
        db->cond_seqno = db_conditions_set(&db->requested, db->idl);
    }
    return db;
}

void
db_destroy(struct db *db)
{
    if (!db) {
        return;
    }
    struct followed *f;
    HMAP_FOR_EACH_POP (f, node, &db->networks) {
        free(f);
    }
    hmap_destroy(&db->networks);
    sset_destroy(&db->claims);
    db_conditions_destroy(&db->requested);
    mirror_destroy(db->mirror);
    if (db->open) {
        ovsdb_idl_txn_destroy(db->open);
    }
    if (db->committing) {
        ovsdb_idl_txn_destroy(db->committing);
    }
    ovsdb_idl_destroy(db->idl);
    free(db->last_error);
    free(db->self_name);
    free(db->lock);
    free(db->remotes);
    free(db);
}

/* Connection. */

void
db_set_remotes(struct db *db, const char *remotes, bool leader_only)
{
    if (nullable_string_is_equal(remotes, db->remotes)
        && leader_only == db->leader_only) {
        return;
    }
    free(db->remotes);
    db->remotes = nullable_xstrdup(remotes);
    db->leader_only = leader_only;
    ovsdb_idl_set_leader_only(db->idl, leader_only);
    ovsdb_idl_set_remote(db->idl, remotes, true);
    db->resync = true;
}

void
db_set_lock(struct db *db, const char *name)
{
    if (nullable_string_is_equal(name, db->lock)) {
        return;
    }
    db_commit(db);
    free(db->lock);
    db->lock = nullable_xstrdup(name);
    ovsdb_idl_set_lock(db->idl, name);
}

bool
db_has_lock(const struct db *db)
{
    return db->lock && ovsdb_idl_has_lock(db->idl);
}

bool
db_is_connected(const struct db *db)
{
    return ovsdb_idl_is_connected(db->idl);
}

unsigned int
db_seqno(const struct db *db)
{
    return ovsdb_idl_get_seqno(db->idl);
}

struct ovsdb_idl *
db_idl(struct db *db)
{
    return db->idl;
}

/* Transactions. */

/* Puts off writing until the database is no longer that of 'seqno', but not for
 * ever. */
static void
put_off(struct db *db, unsigned int seqno)
{
    db->failed_seqno = seqno;
    db->retry_at = time_msec() + RETRY_MSEC;
}

static bool
is_put_off(const struct db *db)
{
    return db->failed_seqno == ovsdb_idl_get_seqno(db->idl)
           && time_msec() < db->retry_at;
}

static void
record_error(struct db *db, const char *error)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 20);

    VLOG_WARN_RL(&rl, "the database refuses a transaction: %s", error);
    free(db->last_error);
    db->last_error = xstrdup(error);
    db->results.last_error = db->last_error;
    db->results.n_failed++;
}

static void
record_result(struct db *db, enum ovsdb_idl_txn_status status)
{
    switch (status) {
    case TXN_SUCCESS:
        db->results.n_committed++;
        poll_immediate_wake();
        break;
    case TXN_UNCHANGED:
    case TXN_ABORTED:
        break;
    case TXN_ERROR:
        record_error(db, ovsdb_idl_txn_get_error(db->committing));
        put_off(db, db->committing_seqno);
        break;
    case TXN_TRY_AGAIN:
    case TXN_NOT_LOCKED:
        put_off(db, db->committing_seqno);
        break;
    case TXN_UNCOMMITTED:
    case TXN_INCOMPLETE:
    default:
        OVS_NOT_REACHED();
    }
}

/* Looks after the transaction under way, if there is one. */
static void
advance_commit(struct db *db)
{
    if (!db->committing) {
        return;
    }
    enum ovsdb_idl_txn_status status = ovsdb_idl_txn_commit(db->committing);
    if (status != TXN_INCOMPLETE) {
        record_result(db, status);
        ovsdb_idl_txn_destroy(db->committing);
        db->committing = NULL;
    }
}

struct ovsdb_idl_txn *
db_txn(struct db *db)
{
    if (!db->open && !db->committing && !is_put_off(db)
        && db_is_connected(db) && ovsdb_idl_has_ever_connected(db->idl)
        && (!db->lock || db_has_lock(db))) {
        db->open = ovsdb_idl_txn_create(db->idl);
        ovsdb_idl_txn_add_comment(db->open, "%s", program_name);
    }
    return db->open;
}

void
db_commit(struct db *db)
{
    if (db->open) {
        db->committing = db->open;
        db->open = NULL;
        db->committing_seqno = ovsdb_idl_get_seqno(db->idl);
        advance_commit(db);
    }
}

bool
db_is_committing(const struct db *db)
{
    return db->committing != NULL;
}

void
db_get_results(const struct db *db, struct db_results *results)
{
    *results = db->results;
}

/* What a host follows. */

static struct followed *
find_followed(const struct db *db, const struct uuid *uuid)
{
    struct followed *f;

    HMAP_FOR_EACH_WITH_HASH (f, node, uuid_hash(uuid), &db->networks) {
        if (uuid_equals(&f->uuid, uuid)) {
            return f;
        }
    }
    return NULL;
}

void
db_set_self(struct db *db, const char *host_name)
{
    if (!nullable_string_is_equal(host_name, db->self_name)) {
        free(db->self_name);
        db->self_name = nullable_xstrdup(host_name);
        db->stale = true;
    }
}

const struct nethvrec_host *
db_self(const struct db *db)
{
    if (!db->self_name) {
        return NULL;
    }
    struct nethvrec_host *key = nethvrec_host_index_init_row(db->hosts_by_name);
    nethvrec_host_index_set_name(key, db->self_name);
    const struct nethvrec_host *self
        = nethvrec_host_index_find(db->hosts_by_name, key);
    nethvrec_host_index_destroy_row(key);
    return self;
}

const struct nethvrec_host_state *
db_host_state(const struct db *db, const struct uuid *host)
{
    struct nethvrec_host_state *key
        = nethvrec_host_state_index_init_row(db->states_by_host);
    nethvrec_host_state_index_set_host(key, *host);
    const struct nethvrec_host_state *state
        = nethvrec_host_state_index_find(db->states_by_host, key);
    nethvrec_host_state_index_destroy_row(key);
    return state;
}

uint8_t
db_wire_version(const struct db *db)
{
    const struct nethvrec_global *global = nethvrec_global_first(db->idl);
    return global ? global->wire : 0;
}

void
db_follow_network(struct db *db, const struct uuid *uuid)
{
    struct followed *f = find_followed(db, uuid);

    if (!f) {
        f = xmalloc(sizeof *f);
        *f = (struct followed) { .uuid = *uuid };
        hmap_insert(&db->networks, &f->node, uuid_hash(uuid));
        db->stale = true;
    }
    f->needed = true;
}

void
db_unfollow_network(struct db *db, const struct uuid *uuid)
{
    struct followed *f = find_followed(db, uuid);

    if (f && f->needed) {
        f->needed = false;
        f->expires = time_msec() + DB_KEEP_MSEC;
    }
}

bool
db_has_network(const struct db *db, const struct uuid *uuid)
{
    if (db->mode != DB_HOST) {
        return db_is_complete(db);
    }
    const struct followed *f = find_followed(db, uuid);
    return f && f->requested && ovsdb_idl_has_ever_connected(db->idl)
           && ovsdb_idl_get_condition_seqno(db->idl) >= f->cond_seqno;
}

void
db_claim(struct db *db, const char *iface_id)
{
    if (sset_add(&db->claims, iface_id)) {
        db->stale = true;
    }
}

void
db_unclaim(struct db *db, const char *iface_id)
{
    if (sset_find_and_delete(&db->claims, iface_id)) {
        db->stale = true;
    }
}

struct vport *
db_find_port(const struct model *model, const char *iface_id)
{
    struct uuid uuid;
    struct model_row *row
        = (uuid_from_string(&uuid, iface_id)
           ? model_find(model, MODEL_PORT, &uuid)
           : model_find_name(model, MODEL_PORT, iface_id));

    return row ? CONTAINER_OF(row, struct vport, row) : NULL;
}

/* Forgets networks that nobody has needed for a while. */
static void
expire_networks(struct db *db)
{
    struct followed *f, *next;

    HMAP_FOR_EACH_SAFE (f, next, node, &db->networks) {
        if (!f->needed && time_msec() >= f->expires) {
            hmap_remove(&db->networks, &f->node);
            free(f);
            db->stale = true;
        }
    }
}

/* Fills '*c' with what is to be asked for now.  A port that was found is still
 * asked for: to take the clause back would cost the server another scan. */
static void
compute_conditions(const struct db *db, struct db_conditions *c)
{
    const struct nethvrec_host *self = db_self(db);
    const struct followed *f;
    const char *claim;

    db_conditions_init(c);
    c->host_name = nullable_xstrdup(db->self_name);
    if (self) {
        c->host = self->header_.uuid;
        c->cloud = ovsdb_idl_read(&self->header_, &nethvrec_host_col_cloud)
                   ->keys[0].uuid;
    }
    HMAP_FOR_EACH (f, node, &db->networks) {
        db_conditions_add_network(c, &f->uuid);
    }
    SSET_FOR_EACH (claim, &db->claims) {
        sset_add(&c->ports, claim);
    }
    db_conditions_sort(c);
}

static void
note_requested(struct db *db)
{
    struct followed *f;

    HMAP_FOR_EACH (f, node, &db->networks) {
        if (!f->requested) {
            f->requested = true;
            f->cond_seqno = db->cond_seqno;
        }
    }
}

/* Asks the server for what is wanted now, if it is not what was asked for. */
static void
update_conditions(struct db *db)
{
    struct db_conditions wanted;

    compute_conditions(db, &wanted);
    if (db_conditions_equal(&wanted, &db->requested)) {
        db_conditions_destroy(&wanted);
    } else {
        db_conditions_swap(&wanted, &db->requested);
        db_conditions_destroy(&wanted);
        db->cond_seqno = db_conditions_set(&db->requested, db->idl);
    }
    note_requested(db);
    db->stale = false;
}

/* A new session asks for the conditions at once, and what number they will have
 * must be learned anew. */
static void
renumber_conditions(struct db *db)
{
    struct followed *f;

    db->cond_seqno = db_conditions_set(&db->requested, db->idl);
    HMAP_FOR_EACH (f, node, &db->networks) {
        f->cond_seqno = MIN(f->cond_seqno, db->cond_seqno);
    }
}

/* Brings the model into step with the IDL. */
static void
sync_model(struct db *db)
{
    if (db->resync) {
        mirror_sync(db->mirror);
        db->resync = false;
        if (db->mode == DB_HOST) {
            renumber_conditions(db);
        }
    } else {
        mirror_sync_tracked(db->mirror);
    }
    db->mirrored_seqno = ovsdb_idl_get_seqno(db->idl);
    db->stale = db->mode == DB_HOST;
}

bool
db_is_complete(const struct db *db)
{
    return ovsdb_idl_has_ever_connected(db->idl)
           && !db->stale
           && (db->mode != DB_HOST
               || (ovsdb_idl_get_condition_seqno(db->idl)
                   >= db->cond_seqno));
}

void
db_run(struct db *db)
{
    db_commit(db);
    ovsdb_idl_track_clear(db->idl);
    ovsdb_idl_run(db->idl);
    advance_commit(db);

    /* After a break the IDL may replace all contents and track nothing. */
    if (!db_is_connected(db)) {
        db->resync = true;
    } else if (db->mirrored_seqno != ovsdb_idl_get_seqno(db->idl)) {
        sync_model(db);
    }
    if (db->mode == DB_HOST) {
        expire_networks(db);
        if (db->stale) {
            update_conditions(db);
        }
    }
}

void
db_wait(struct db *db)
{
    const struct followed *f;

    ovsdb_idl_wait(db->idl);
    if (db->committing) {
        ovsdb_idl_txn_wait(db->committing);
    }
    if (is_put_off(db)) {
        poll_timer_wait_until(db->retry_at);
    }
    if (db->mode == DB_HOST && db->stale) {
        poll_immediate_wake();
    }
    HMAP_FOR_EACH (f, node, &db->networks) {
        if (!f->needed) {
            poll_timer_wait_until(f->expires);
        }
    }
}
