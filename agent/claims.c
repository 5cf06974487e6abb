/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/claims.h"

#include "agent/changes.h"
#include "agent/claims-private.h"
#include "agent/followers.h"
#include "agent/local-numbers.h"
#include "agent/mac-numbers.h"
#include "compile/compile.h"
#include "hash.h"
#include "lib/nethv-idl.h"
#include "model.h"
#include "nethv/wire.h"
#include "openvswitch/vlog.h"
#include "ovs/db.h"
#include "ovs/vswitch.h"
#include "packets.h"
#include "util.h"
#include "versions.h"

VLOG_DEFINE_THIS_MODULE(claims);

const char *const claim_status_names[] = {
#define STATUS(ENUM, NAME) NAME,
    CLAIM_STATUSES
#undef STATUS
};

struct claims *
claims_create(struct model *model, struct db *db, uint32_t self)
{
    struct claims *claims = xmalloc(sizeof *claims);

    claims->model = model;
    claims->self = self;
    hmap_init(&claims->claims);
    claims->numbers = local_numbers_create();
    claims->changes = changes_create(db);
    return claims;
}

static void
claim_destroy(struct claims *claims, struct claim *claim)
{
    hmap_remove(&claims->claims, &claim->node);
    free(claim->ifname);
    free(claim->iface_id);
    free(claim);
}

void
claims_destroy(struct claims *claims)
{
    struct claim *claim;

    if (!claims) {
        return;
    }
    HMAP_FOR_EACH_SAFE (claim, node, &claims->claims) {
        claim_destroy(claims, claim);
    }
    hmap_destroy(&claims->claims);
    local_numbers_destroy(claims->numbers);
    changes_destroy(claims->changes);
    free(claims);
}

static struct claim *
claim_by_interface(const struct claims *claims, const char *ifname)
{
    struct claim *claim;

    HMAP_FOR_EACH_WITH_HASH (claim, node, hash_string(ifname, 0),
                             &claims->claims) {
        if (!strcmp(claim->ifname, ifname)) {
            return claim;
        }
    }
    return NULL;
}

/* Returns the other claim that holds 'port' on this host, or NULL. */
static const struct claim *
claim_by_port(const struct claims *claims, const struct uuid *port,
              const struct claim *except)
{
    const struct claim *claim;

    HMAP_FOR_EACH (claim, node, &claims->claims) {
        if (claim != except && uuid_equals(&claim->port, port)) {
            return claim;
        }
    }
    return NULL;
}

static void
claim_forget(struct claims *claims, struct claim *claim, struct db *db,
             struct compiler *compiler)
{
    VLOG_INFO("interface %s no longer claims %s", claim->ifname,
              claim->iface_id);
    if (!uuid_is_zero(&claim->port)) {
        compiler_set_endpoint(compiler, &claim->port, 0);
    }
    char *iface_id = xstrdup(claim->iface_id);
    claim_destroy(claims, claim);

    HMAP_FOR_EACH (claim, node, &claims->claims) {
        if (!strcmp(claim->iface_id, iface_id)) {
            free(iface_id);
            return;
        }
    }
    db_unclaim(db, iface_id);
    free(iface_id);
}

static void
claim_note_interface(struct claims *claims, const struct vswitch_iface *iface,
                     struct db *db, struct compiler *compiler)
{
    struct claim *claim = claim_by_interface(claims, iface->name);

    if (claim && strcmp(claim->iface_id, iface->iface_id)) {
        claim_forget(claims, claim, db, compiler);
        claim = NULL;
    }
    if (!claim) {
        claim = xzalloc(sizeof *claim);
        claim->ifname = xstrdup(iface->name);
        claim->iface_id = xstrdup(iface->iface_id);
        hmap_insert(&claims->claims, &claim->node,
                    hash_string(claim->ifname, 0));
        VLOG_INFO("interface %s claims %s", claim->ifname, claim->iface_id);
    }
    claim->ofport = iface->ofport;
    claim->seen = true;
    db_claim(db, claim->iface_id);
}

static void
claims_note_interfaces(struct claims *claims, const struct shash *ifaces,
                       struct db *db, struct compiler *compiler)
{
    struct claim *claim;
    const struct shash_node *node;

    HMAP_FOR_EACH (claim, node, &claims->claims) {
        claim->seen = false;
    }
    SHASH_FOR_EACH (node, ifaces) {
        const struct vswitch_iface *iface = node->data;
        if (iface->iface_id && iface->ofport) {
            claim_note_interface(claims, iface, db, compiler);
        }
    }
    HMAP_FOR_EACH_SAFE (claim, node, &claims->claims) {
        if (!claim->seen) {
            claim_forget(claims, claim, db, compiler);
        }
    }
}

static void
claim_set(struct claim *claim, enum claim_status status, const char *reason)
{
    if (claim->status != status) {
        VLOG_INFO("%s (interface %s): %s%s%s", claim->iface_id, claim->ifname,
                  claim_status_names[status], reason[0] ? ": " : "", reason);
    }
    claim->status = status;
    claim->reason = reason;
    claim->passing = false;
    claim->unbound = false;
}

static void
claim_set_passing(struct claim *claim, const char *reason)
{
    claim_set(claim, CLAIM_UNKNOWN, reason);
    claim->passing = true;
}

/* Decides what 'claim', of the port 'port', is by what the model says. */
static void
claim_judge(const struct claims *claims, struct claim *claim,
            const struct vport *port, const struct db *db)
{
    const struct binding *binding = port->binding;

    if (!db_has_network(db, &port->network->row.uuid)) {
        claim_set_passing(claim, "the network is being fetched");
    } else if (binding && (binding->location & NETHV_HOST_MASK)
                          == claims->self) {
        claim_set(claim, CLAIM_BOUND, "");
    } else if (binding) {
        claim_set(claim, CLAIM_CONFLICT, "another host has the port");
    } else if (!port->network->tag) {
        claim_set_passing(claim, "the global controller has not given the "
                          "network a tag");
    } else if (claim->status != CLAIM_REFUSED) {
        claim_set_passing(claim, "the binding is being written");
        claim->unbound = true;
    }
}

static void
claim_update(struct claims *claims, struct claim *claim, struct db *db,
             struct followers *followers, struct compiler *compiler)
{
    const struct vport *port = db_find_port(claims->model, claim->iface_id);
    const struct uuid *uuid = port ? &port->row.uuid : &UUID_ZERO;

    if (!uuid_equals(uuid, &claim->port) && !uuid_is_zero(&claim->port)) {
        compiler_set_endpoint(compiler, &claim->port, 0);
        claim->port = UUID_ZERO;
        claim->network = UUID_ZERO;
    }
    if (!port) {
        claim_set(claim, CLAIM_UNKNOWN, "there is no such port");
        return;
    }
    if (claim_by_port(claims, uuid, claim)) {
        claim_set(claim, CLAIM_REFUSED,
                  "another interface of this host has the port");
        return;
    }
    claim->port = *uuid;
    claim->network = port->network->row.uuid;
    followers_need(followers, db, &claim->network);
    compiler_set_endpoint(compiler, uuid, claim->ofport);
    claim_judge(claims, claim, port, db);
}

void
claims_update(struct claims *claims, const struct shash *ifaces,
              struct db *db, struct followers *followers,
              struct compiler *compiler)
{
    struct claim *claim;

    claims_note_interfaces(claims, ifaces, db, compiler);
    HMAP_FOR_EACH (claim, node, &claims->claims) {
        claim_update(claims, claim, db, followers, compiler);
    }
}

/* The database. */

/* Each row that is written costs everybody who follows it.  A reason that will
 * go by itself is written only if 'impatient'. */
static void
write_claim(const struct claim *claim, const struct nethvrec_host *self,
            const struct nethvrec_claim *row, bool impatient,
            struct ovsdb_idl_txn *txn)
{
    const char *status = claim_status_names[claim->binding ? CLAIM_BOUND
                                                           : claim->status];
    const char *reason = claim->binding ? "" : claim->reason;

    if (!row) {
        row = nethvrec_claim_insert(txn);
        nethvrec_claim_set_host(row, self);
        nethvrec_claim_set_iface_id(row, claim->iface_id);
        nethvrec_claim_set_status(row, status);
        nethvrec_claim_set_reason(row, reason);
        return;
    }
    if (!strcmp(row->status, status)
        && claim->passing && !claim->binding && !impatient) {
        return;
    }
    if (strcmp(row->status, status)) {
        nethvrec_claim_set_status(row, status);
    }
    if (strcmp(row->reason, reason)) {
        nethvrec_claim_set_reason(row, reason);
    }
}

const struct claim *
claim_by_iface_id(const struct claims *claims, const char *iface_id)
{
    const struct claim *found = NULL;
    const struct claim *claim;

    HMAP_FOR_EACH (claim, node, &claims->claims) {
        if (!strcmp(claim->iface_id, iface_id)
            && (!found || claim->status == CLAIM_BOUND)) {
            found = claim;
        }
    }
    return found;
}

static void
write_claims(const struct claims *claims, struct db *db,
             const struct nethvrec_host *self, bool impatient,
             struct ovsdb_idl_txn *txn)
{
    struct shash rows = SHASH_INITIALIZER(&rows);
    const struct nethvrec_claim *row, *next;
    const struct claim *claim;

    NETHVREC_CLAIM_FOR_EACH_SAFE (row, next, db_idl(db)) {
        if (row->host != self) {
            continue;
        }
        if (!claim_by_iface_id(claims, row->iface_id)
            || !shash_add_once(&rows, row->iface_id, row)) {
            nethvrec_claim_delete(row);
        }
    }
    HMAP_FOR_EACH (claim, node, &claims->claims) {
        if (claim_by_iface_id(claims, claim->iface_id) == claim) {
            write_claim(claim, self, shash_find_data(&rows, claim->iface_id),
                        impatient, txn);
        }
    }
    shash_destroy(&rows);
}

static void
write_new_binding(struct claims *claims, struct claim *claim,
                  const struct vport *port, const struct nethvrec_host *self,
                  struct ovsdb_idl_txn *txn)
{
    struct mac_numbers numbers;
    bool changed;
    uint32_t location = local_numbers_take(claims->numbers, port->network,
                                           claims->self);

    if (mac_numbers_give(&numbers, claims->numbers, claims->self, port, NULL,
                         &changed) && location) {
        const struct nethvrec_binding *row = nethvrec_binding_insert(txn);
        nethvrec_binding_set_port(row, port->row.uuid);
        nethvrec_binding_set_network(row, port->network->row.uuid);
        nethvrec_binding_set_host(row, self);
        nethvrec_binding_set_location(row, location);
        mac_numbers_write(&numbers, row);
        changes_raise(claims->changes, self, &port->network->row.uuid);
        claim->binding = true;
    } else {
        claim_set(claim, CLAIM_REFUSED, "this host has no number left for "
                  "the tenant: use another host");
    }
    mac_numbers_destroy(&numbers);
}

static void
write_known_binding(struct claims *claims, const struct vport *port,
                    const struct nethvrec_binding *row)
{
    struct mac_numbers numbers;
    bool changed;

    if (mac_numbers_give(&numbers, claims->numbers, claims->self, port, row,
                         &changed) && changed) {
        mac_numbers_write(&numbers, row);
        changes_raise(claims->changes, row->host, &port->network->row.uuid);
    }
    mac_numbers_destroy(&numbers);
}

/* Of the own bindings in the database: notes their numbers, and deletes those
 * that nothing claims. */
static void
review_own_bindings(struct claims *claims, struct db *db,
                    const struct nethvrec_host *self)
{
    const struct nethvrec_binding *row, *next;

    local_numbers_begin_review(claims->numbers);
    NETHVREC_BINDING_FOR_EACH_SAFE (row, next, db_idl(db)) {
        if (row->host != self) {
            continue;
        }
        local_numbers_review(claims->numbers, claims->model, row);
        if (!claim_by_port(claims, &row->port, NULL)) {
            nethvrec_binding_delete(row);
        }
    }
    local_numbers_end_review(claims->numbers, claims->model);
    local_numbers_raise(claims->numbers, claims->model, claims->changes, self);
}

/* Returns whether this host reads what others send.  If they are newer they have
 * to hear first that there is one that does not, or what they send to it would
 * be lost. */
static bool
reads_frames(const struct db *db)
{
    return db_wire_version(db) <= versions.wire.newest;
}

static void
write_bindings(struct claims *claims, struct db *db,
               const struct followers *followers,
               const struct nethvrec_host *self, struct ovsdb_idl_txn *txn)
{
    struct claim *claim;

    review_own_bindings(claims, db, self);
    HMAP_FOR_EACH (claim, node, &claims->claims) {
        const struct model_row *row = model_find(claims->model, MODEL_PORT,
                                                 &claim->port);
        claim->binding = false;
        if (!row || claim->status == CLAIM_CONFLICT) {
            continue;
        }
        const struct vport *port = CONTAINER_OF(row, struct vport, row);
        const struct nethvrec_binding *binding = port->binding
            ? nethvrec_binding_get_for_uuid(db_idl(db),
                                            &port->binding->row.uuid)
            : NULL;
        if (binding && binding->host == self) {
            write_known_binding(claims, port, binding);
        } else if (!port->binding && port->network->tag && reads_frames(db)
                   && db_has_network(db, &claim->network)
                   && followers_may_bind(followers, &claim->network)) {
            write_new_binding(claims, claim, port, self, txn);
        }
    }
}

void
claims_write(struct claims *claims, struct db *db,
             const struct followers *followers, bool impatient,
             struct ovsdb_idl_txn *txn)
{
    const struct nethvrec_host *self = db_self(db);

    write_bindings(claims, db, followers, self, txn);
    write_claims(claims, db, self, impatient, txn);
}

bool
claims_settled(const struct claims *claims, const struct uuid *network)
{
    const struct claim *claim;

    HMAP_FOR_EACH (claim, node, &claims->claims) {
        if (uuid_equals(&claim->network, network)
            && claim->status == CLAIM_UNKNOWN) {
            return false;
        }
    }
    return true;
}

static bool
claim_is_unbound(const struct claim *claim)
{
    return claim->unbound;
}

static bool
claim_is_binding(const struct claim *claim)
{
    return claim->binding;
}

static bool
any_claim(const struct claims *claims, bool (*is)(const struct claim *))
{
    const struct claim *claim;

    HMAP_FOR_EACH (claim, node, &claims->claims) {
        if (is(claim)) {
            return true;
        }
    }
    return false;
}

bool
claims_have_unbound(const struct claims *claims)
{
    return any_claim(claims, claim_is_unbound);
}

bool
claims_are_binding(const struct claims *claims)
{
    return any_claim(claims, claim_is_binding);
}
