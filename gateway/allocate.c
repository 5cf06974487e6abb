/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/allocate.h"

#include "lib/nethv-idl.h"
#include "model.h"
#include "nethv/wire.h"
#include "numbers.h"
#include "openvswitch/hmap.h"
#include "openvswitch/vlog.h"
#include "ovs/db.h"
#include "util.h"
#include "uuid.h"

VLOG_DEFINE_THIS_MODULE(allocate);

/* A network or tenant to look at. */
struct pending {
    struct hmap_node node;          /* By 'uuid'. */
    struct uuid uuid;
};

struct allocate {
    struct model *model;
    struct db *db;
    struct model_observer observer;
    struct hmap networks;           /* struct pending. */
    struct hmap tenants;            /* struct pending. */
    struct numbers *tags;           /* Positions in nethv_tag_nth(), from 1. */
    struct numbers *network_numbers;
    struct numbers *groups;
    struct ovsdb_idl_index *network_states;
    struct ovsdb_idl_index *switch_states;
    struct ovsdb_idl_index *tenant_states;
};

static void
pend(struct hmap *pendings, const struct uuid *uuid)
{
    struct pending *p;

    HMAP_FOR_EACH_WITH_HASH (p, node, uuid_hash(uuid), pendings) {
        if (uuid_equals(&p->uuid, uuid)) {
            return;
        }
    }
    p = xzalloc(sizeof *p);
    p->uuid = *uuid;
    hmap_insert(pendings, &p->node, uuid_hash(uuid));
}

static void
pend_clear(struct hmap *pendings)
{
    struct pending *p;
    HMAP_FOR_EACH_POP (p, node, pendings) {
        free(p);
    }
}

/* Notes what 'row' concerns. */
static void
note(struct allocate *a, const struct model_row *row)
{
    switch (row->kind) {
    case MODEL_TENANT:
        pend(&a->tenants, &row->uuid);
        break;
    case MODEL_NETWORK:
        pend(&a->networks, &row->uuid);
        break;
    case MODEL_SWITCH:
        pend(&a->networks,
             &CONTAINER_OF(row, struct vswitch, row)->network->row.uuid);
        break;
    default:
        break;
    }
}

/* The contents before a change concern others than those after it. */
static void
on_change(struct model_observer *observer, const struct model_row *row)
{
    if (row->present) {
        note(CONTAINER_OF(observer, struct allocate, observer), row);
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
    a->observer.before = on_change;
    a->observer.after = on_change;
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

static void
new_network_state(struct allocate *a, const struct uuid *uuid, uint32_t tag,
                  struct ovsdb_idl_txn *txn)
{
    const struct nethvrec_network_state *state
        = nethvrec_network_state_insert(txn);

    nethvrec_network_state_set_network(state, *uuid);
    nethvrec_network_state_set_number(state, numbers_take(a->network_numbers));
    nethvrec_network_state_set_tag(state, tag);
}

static bool
write_network(struct allocate *a, const struct uuid *uuid,
              struct ovsdb_idl_txn *txn)
{
    const struct nethvrec_network_state *state = find_network_state(a, uuid);
    const struct model_row *row = model_find(a->model, MODEL_NETWORK, uuid);
    bool changed = sweep_switches(a, uuid);

    if (!row) {
        if (state) {
            numbers_free(a->network_numbers, state->number);
            nethvrec_network_state_delete(state);
        }
        return changed || state;
    }

    const struct network *network = CONTAINER_OF(row, struct network, row);
    if (!network->tenant->row.present || !network->tenant->tag) {
        return true;                /* Again when its tenant has a tag. */
    }
    if (!state) {
        new_network_state(a, uuid, network->tenant->tag, txn);
        changed = true;
    }
    return write_switches(a, network, txn) || changed;
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
allocate_note_all(struct allocate *a)
{
    const struct nethvrec_network *row;

    NETHVREC_NETWORK_FOR_EACH (row, db_idl(a->db)) {
        pend(&a->networks, &row->header_.uuid);
    }
}

bool
allocate_pending(const struct allocate *a)
{
    return !hmap_is_empty(&a->networks) || !hmap_is_empty(&a->tenants);
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
        if (!write_network(a, &p->uuid, txn)) {
            hmap_remove(&a->networks, &p->node);
            free(p);
        }
    }
    write_cursors(a);
}
