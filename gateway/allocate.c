/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/allocate.h"

#include <limits.h>

#include "lib/nethv-idl.h"
#include "model.h"
#include "nethv/wire.h"
#include "numbers.h"
#include "openvswitch/hmap.h"
#include "openvswitch/vlog.h"
#include "ovs/db.h"
#include "timeval.h"
#include "util.h"
#include "uuid.h"

VLOG_DEFINE_THIS_MODULE(allocate);

/* How long new bindings wait at most for those of other ports that are claimed,
 * to share a sequence with them: each new sequence is work for all hosts of the
 * network. */
#define BATCH_MSEC 50

/* A network or tenant to look at. */
struct pending {
    struct hmap_node node;          /* By 'uuid'. */
    struct uuid uuid;
    bool soon;                      /* Other than for bindings. */
    long long int batch_at;         /* For bindings: in terms of time_msec(). */
    bool raise;                     /* A binding has gone. */
    int64_t raise_to;               /* Sequence that was written for that. */
};

struct allocate {
    struct model *model;
    struct db *db;
    struct model_observer observer;
    struct hmap networks;           /* struct pending. */
    struct hmap tenants;            /* struct pending. */
    long long int now;              /* At the last look at them. */
    struct numbers *tags;           /* Positions in nethv_tag_nth(), from 1. */
    struct numbers *network_numbers;
    struct numbers *groups;
    struct ovsdb_idl_index *network_states;
    struct ovsdb_idl_index *switch_states;
    struct ovsdb_idl_index *tenant_states;
    struct ovsdb_idl_index *claims;
};

static struct pending *
pend(struct hmap *pendings, const struct uuid *uuid)
{
    struct pending *p;

    HMAP_FOR_EACH_WITH_HASH (p, node, uuid_hash(uuid), pendings) {
        if (uuid_equals(&p->uuid, uuid)) {
            return p;
        }
    }
    p = xzalloc(sizeof *p);
    p->uuid = *uuid;
    p->batch_at = LLONG_MAX;
    hmap_insert(pendings, &p->node, uuid_hash(uuid));
    return p;
}

static void
pend_clear(struct hmap *pendings)
{
    struct pending *p;
    HMAP_FOR_EACH_POP (p, node, pendings) {
        free(p);
    }
}

static void
note_soon(struct hmap *pendings, const struct uuid *uuid)
{
    pend(pendings, uuid)->soon = true;
}

static void
note_binding(struct allocate *a, const struct network *network, bool raise)
{
    struct pending *p = pend(&a->networks, &network->row.uuid);

    p->batch_at = MIN(p->batch_at, time_msec() + BATCH_MSEC);
    p->raise |= raise;
}

static bool
was_numbered(const struct vport *port)
{
    return port->binding && port->binding->since;
}

/* Notes what 'row', with the contents that it has now, concerns.  'going': it
 * may be about to go. */
static void
note(struct allocate *a, const struct model_row *row, bool going)
{
    const struct vport *port;

    switch (row->kind) {
    case MODEL_TENANT:
        note_soon(&a->tenants, &row->uuid);
        break;
    case MODEL_NETWORK:
        note_soon(&a->networks, &row->uuid);
        break;
    case MODEL_SWITCH:
        note_soon(&a->networks,
                  &CONTAINER_OF(row, struct vswitch, row)->network->row.uuid);
        break;
    case MODEL_PORT:
        port = CONTAINER_OF(row, struct vport, row);
        if (was_numbered(port)) {
            note_binding(a, port->network, going);
        }
        break;
    case MODEL_BINDING:
        port = CONTAINER_OF(row, struct binding, row)->port;
        if (port->row.present) {
            note_binding(a, port->network, going && was_numbered(port));
        }
        break;
    default:
        break;
    }
}

static void
on_before(struct model_observer *observer, const struct model_row *row)
{
    if (row->present) {
        note(CONTAINER_OF(observer, struct allocate, observer), row, true);
    }
}

static void
on_after(struct model_observer *observer, const struct model_row *row)
{
    if (row->present) {
        note(CONTAINER_OF(observer, struct allocate, observer), row, false);
    }
}

static struct ovsdb_idl_index *
index_on(struct db *db, const struct ovsdb_idl_column *column)
{
    return ovsdb_idl_index_create1(db_idl(db), column);
}

struct allocate *
allocate_create(struct model *model, struct db *db)
{
    struct allocate *a = xzalloc(sizeof *a);

    a->model = model;
    a->db = db;
    hmap_init(&a->networks);
    hmap_init(&a->tenants);
    a->tags = numbers_create(NETHV_TAG_MAX);
    a->network_numbers = numbers_create(NETHV_GROUP_MAX);
    a->groups = numbers_create(NETHV_GROUP_MAX);
    a->network_states = index_on(db, &nethvrec_network_state_col_network);
    a->switch_states = index_on(db, &nethvrec_switch_state_col_network);
    a->tenant_states = index_on(db, &nethvrec_tenant_state_col_tenant);
    a->claims = index_on(db, &nethvrec_claim_col_iface_id);
    a->observer.before = on_before;
    a->observer.after = on_after;
    model_observe(model, &a->observer);
    return a;
}

void
allocate_destroy(struct allocate *a)
{
    if (a) {
        model_unobserve(a->model, &a->observer);
        pend_clear(&a->networks);
        pend_clear(&a->tenants);
        hmap_destroy(&a->networks);
        hmap_destroy(&a->tenants);
        numbers_destroy(a->tags);
        numbers_destroy(a->network_numbers);
        numbers_destroy(a->groups);
        free(a);
    }
}

/* Rows of state. */

static const struct nethvrec_tenant_state *
find_tenant_state(const struct allocate *a, const struct uuid *tenant)
{
    struct nethvrec_tenant_state *key
        = nethvrec_tenant_state_index_init_row(a->tenant_states);
    nethvrec_tenant_state_index_set_tenant(key, *tenant);
    const struct nethvrec_tenant_state *state
        = nethvrec_tenant_state_index_find(a->tenant_states, key);
    nethvrec_tenant_state_index_destroy_row(key);
    return state;
}

static const struct nethvrec_network_state *
find_network_state(const struct allocate *a, const struct uuid *network)
{
    struct nethvrec_network_state *key
        = nethvrec_network_state_index_init_row(a->network_states);
    nethvrec_network_state_index_set_network(key, *network);
    const struct nethvrec_network_state *state
        = nethvrec_network_state_index_find(a->network_states, key);
    nethvrec_network_state_index_destroy_row(key);
    return state;
}

/* Marks what the network has been given as in use, before anything is taken. */
static void
use_given(struct allocate *a, const struct uuid *uuid)
{
    const struct nethvrec_network_state *state = find_network_state(a, uuid);
    const struct model_row *row = model_find(a->model, MODEL_NETWORK, uuid);
    const struct vswitch *sw;

    if (state) {
        numbers_use(a->network_numbers, state->number);
    }
    if (row) {
        const struct network *network = CONTAINER_OF(row, struct network, row);
        LIST_FOR_EACH (sw, network_node, &network->switches) {
            numbers_use(a->groups, sw->group);
        }
    }
}

static bool
write_tenant(struct allocate *a, const struct uuid *uuid,
             struct ovsdb_idl_txn *txn)
{
    bool present = model_find(a->model, MODEL_TENANT, uuid) != NULL;
    const struct nethvrec_tenant_state *state = find_tenant_state(a, uuid);

    if (present == (state != NULL)) {
        return false;
    }
    if (!present) {
        numbers_free(a->tags, nethv_tag_index(state->tag) + 1);
        nethvrec_tenant_state_delete(state);
        return true;
    }
    uint32_t position = numbers_take(a->tags);
    if (!position) {
        VLOG_ERR("all %u tags are in use: remove tenants", NETHV_TAG_MAX);
        return false;
    }
    state = nethvrec_tenant_state_insert(txn);
    nethvrec_tenant_state_set_tenant(state, *uuid);
    nethvrec_tenant_state_set_tag(state, nethv_tag_nth(position - 1));
    return true;
}

static bool
write_switches(struct allocate *a, const struct network *network,
               struct ovsdb_idl_txn *txn)
{
    const struct vswitch *sw;
    bool changed = false;

    LIST_FOR_EACH (sw, network_node, &network->switches) {
        if (!sw->row.present || sw->group) {
            continue;
        }
        const struct nethvrec_switch_state *state
            = nethvrec_switch_state_insert(txn);
        nethvrec_switch_state_set_switch_(state, sw->row.uuid);
        nethvrec_switch_state_set_network(state, network->row.uuid);
        nethvrec_switch_state_set_number(state, numbers_take(a->groups));
        changed = true;
    }
    return changed;
}

/* Deletes the states of switches that are no longer in the network. */
static bool
sweep_switches(struct allocate *a, const struct uuid *network)
{
    const struct nethvrec_switch_state *state;
    struct nethvrec_switch_state *key
        = nethvrec_switch_state_index_init_row(a->switch_states);
    bool changed = false;

    nethvrec_switch_state_index_set_network(key, *network);
    NETHVREC_SWITCH_STATE_FOR_EACH_EQUAL (state, key, a->switch_states) {
        if (!model_find(a->model, MODEL_SWITCH, &state->switch_)) {
            numbers_free(a->groups, state->number);
            nethvrec_switch_state_delete(state);
            changed = true;
        }
    }
    nethvrec_switch_state_index_destroy_row(key);
    return changed;
}

/* Gives the sequence 'next' to bindings of the network that have none.  Returns
 * whether there were any. */
static bool
write_bindings(struct allocate *a, const struct network *network,
               int64_t next)
{
    const struct vswitch *sw;
    const struct vport *port;
    bool changed = false;

    LIST_FOR_EACH (sw, network_node, &network->switches) {
        LIST_FOR_EACH (port, switch_node, &sw->ports) {
            if (!port->binding || port->binding->since) {
                continue;
            }
            const struct nethvrec_binding *binding
                = nethvrec_binding_get_for_uuid(db_idl(a->db),
                                                &port->binding->row.uuid);
            if (binding) {
                nethvrec_binding_set_since(binding, next);
                changed = true;
            }
        }
    }
    return changed;
}

static const struct nethvrec_network_state *
new_network_state(struct allocate *a, const struct uuid *uuid, uint32_t tag,
                  struct ovsdb_idl_txn *txn)
{
    const struct nethvrec_network_state *state
        = nethvrec_network_state_insert(txn);

    nethvrec_network_state_set_network(state, *uuid);
    nethvrec_network_state_set_number(state, numbers_take(a->network_numbers));
    nethvrec_network_state_set_tag(state, tag);
    return state;
}

static bool
write_sequence(struct allocate *a, const struct network *network,
               const struct nethvrec_network_state *state, struct pending *p)
{
    int64_t next = state->sequence + 1;

    if (p->raise_to && state->sequence >= p->raise_to) {
        p->raise = false;
        p->raise_to = 0;
    }
    if (!write_bindings(a, network, next) && !p->raise) {
        return false;
    }
    if (p->raise && !p->raise_to) {
        p->raise_to = next;
    }
    nethvrec_network_state_set_sequence(state, next);
    return true;
}

static bool
write_network(struct allocate *a, struct pending *p,
              struct ovsdb_idl_txn *txn)
{
    const struct nethvrec_network_state *state = find_network_state(a,
                                                                    &p->uuid);
    const struct nethvrec_network *row
        = nethvrec_network_get_for_uuid(db_idl(a->db), &p->uuid);
    const struct model_row *model_row = model_find(a->model, MODEL_NETWORK,
                                                   &p->uuid);
    bool changed = sweep_switches(a, &p->uuid);

    if (!row || !model_row) {
        if (state) {
            numbers_free(a->network_numbers, state->number);
            nethvrec_network_state_delete(state);
        }
        return changed || state;
    }

    const struct network *network = CONTAINER_OF(model_row, struct network,
                                                 row);
    if (!network->tenant->row.present || !network->tenant->tag) {
        return true;                /* Again when its tenant has a tag. */
    }
    if (!state) {
        state = new_network_state(a, &p->uuid, network->tenant->tag, txn);
        changed = true;
    }
    changed |= write_switches(a, network, txn);
    if (state->intent != row->sequence) {
        nethvrec_network_state_set_intent(state, row->sequence);
        changed = true;
    }
    if (a->now >= p->batch_at) {
        changed |= write_sequence(a, network, state, p);
    }
    return changed;
}

static void
write_cursors(struct allocate *a)
{
    const struct nethvrec_global *global = nethvrec_global_first(db_idl(a->db));

    if (global && global->tag_next != numbers_last(a->tags)) {
        nethvrec_global_set_tag_next(global, numbers_last(a->tags));
    }
    if (global && global->number_next != numbers_last(a->groups)) {
        nethvrec_global_set_number_next(global, numbers_last(a->groups));
    }
}

static void
use_all_given(struct allocate *a)
{
    const struct nethvrec_global *global = nethvrec_global_first(db_idl(a->db));
    const struct nethvrec_tenant_state *state;
    struct pending *p;

    HMAP_FOR_EACH (p, node, &a->tenants) {
        state = find_tenant_state(a, &p->uuid);
        if (state) {
            numbers_use(a->tags, nethv_tag_index(state->tag) + 1);
        }
    }
    HMAP_FOR_EACH (p, node, &a->networks) {
        use_given(a, &p->uuid);
    }
    if (global && global->tag_next > numbers_last(a->tags)) {
        numbers_seek(a->tags, global->tag_next);
    }
    if (global && global->number_next > numbers_last(a->groups)) {
        numbers_seek(a->groups, global->number_next);
    }
}

void
allocate_note_changes(struct allocate *a)
{
    const struct nethvrec_network *row;

    NETHVREC_NETWORK_FOR_EACH_TRACKED (row, db_idl(a->db)) {
        note_soon(&a->networks, &row->header_.uuid);
    }
}

void
allocate_note_all(struct allocate *a)
{
    const struct nethvrec_network *row;

    NETHVREC_NETWORK_FOR_EACH (row, db_idl(a->db)) {
        note_soon(&a->networks, &row->header_.uuid);
    }
}

static bool
is_due(const struct allocate *a, const struct pending *p)
{
    return p->soon || a->now >= p->batch_at;
}

/* Returns whether a host is about to bind the port that 'iface_id' names. */
static bool
is_claimed(const struct allocate *a, const char *iface_id)
{
    struct nethvrec_claim *key = nethvrec_claim_index_init_row(a->claims);
    const struct nethvrec_claim *claim;
    bool claimed = false;

    nethvrec_claim_index_set_iface_id(key, iface_id);
    NETHVREC_CLAIM_FOR_EACH_EQUAL (claim, key, a->claims) {
        claimed |= claim->host && !strcmp(claim->status, "unknown");
    }
    nethvrec_claim_index_destroy_row(key);
    return claimed;
}

static bool
awaits_binding(const struct allocate *a, const struct vport *port)
{
    char uuid[UUID_LEN + 1];

    if (!port->row.present || port->binding) {
        return false;
    }
    snprintf(uuid, sizeof uuid, UUID_FMT, UUID_ARGS(&port->row.uuid));
    return is_claimed(a, port->row.name) || is_claimed(a, uuid);
}

/* Returns whether ports of the network 'uuid' will be bound soon. */
static bool
awaits_bindings(const struct allocate *a, const struct uuid *uuid)
{
    const struct model_row *row = model_find(a->model, MODEL_NETWORK, uuid);
    const struct vswitch *sw;
    const struct vport *port;

    if (row) {
        const struct network *network = CONTAINER_OF(row, struct network, row);
        LIST_FOR_EACH (sw, network_node, &network->switches) {
            LIST_FOR_EACH (port, switch_node, &sw->ports) {
                if (awaits_binding(a, port)) {
                    return true;
                }
            }
        }
    }
    return false;
}

bool
allocate_pending(struct allocate *a, long long int now)
{
    struct pending *p;

    a->now = now;
    HMAP_FOR_EACH (p, node, &a->networks) {
        if (p->batch_at != LLONG_MAX && p->batch_at > now
            && !awaits_bindings(a, &p->uuid)) {
            p->batch_at = now;
        }
        if (is_due(a, p)) {
            return true;
        }
    }
    return !hmap_is_empty(&a->tenants);
}

long long int
allocate_deadline(const struct allocate *a)
{
    long long int deadline = LLONG_MAX;
    const struct pending *p;

    HMAP_FOR_EACH (p, node, &a->networks) {
        if (p->batch_at > a->now) {
            deadline = MIN(deadline, p->batch_at);
        }
    }
    return deadline;
}

/* Writes what 'p' asks for, and lets go of it once there is nothing left. */
static void
run_network(struct allocate *a, struct pending *p, struct ovsdb_idl_txn *txn)
{
    if (!is_due(a, p) || write_network(a, p, txn)) {
        return;
    }
    p->soon = false;
    if (a->now >= p->batch_at || p->batch_at == LLONG_MAX) {
        hmap_remove(&a->networks, &p->node);
        free(p);
    }
}

void
allocate_write(struct allocate *a, struct ovsdb_idl_txn *txn)
{
    struct pending *p;

    use_all_given(a);
    HMAP_FOR_EACH_SAFE (p, node, &a->tenants) {
        if (!write_tenant(a, &p->uuid, txn)) {
            hmap_remove(&a->tenants, &p->node);
            free(p);
        }
    }
    HMAP_FOR_EACH_SAFE (p, node, &a->networks) {
        run_network(a, p, txn);
    }
    write_cursors(a);
}
