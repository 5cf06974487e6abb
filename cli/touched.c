/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cli/touched.h"

#include <stdlib.h>
#include <string.h>

#include "nethv-idl.h"
#include "ovsdb-idl-provider.h"
#include "util.h"

/* The tables whose rows belong to a network, and the column that says to which;
 * none for Network itself. */
static const struct {
    const struct ovsdb_idl_table_class *table;
    const struct ovsdb_idl_column *network;
} owned[] = {
    {&nethvrec_table_network, NULL},
    {&nethvrec_table_switch, &nethvrec_switch_col_network},
    {&nethvrec_table_port, &nethvrec_port_col_network},
    {&nethvrec_table_link, &nethvrec_link_col_network},
};

void
touched_add_columns(struct ovsdb_idl *idl)
{
    ovsdb_idl_add_column(idl, &nethvrec_network_col_name);
    ovsdb_idl_add_column(idl, &nethvrec_network_col_sequence);
    for (size_t i = 0; i < ARRAY_SIZE(owned); i++) {
        ovsdb_idl_add_table(idl, owned[i].table);
        if (owned[i].network) {
            ovsdb_idl_add_column(idl, owned[i].network);
        }
    }
}

static void
add_row(struct touched *t, const struct ovsdb_idl_row *row)
{
    if (t->n_rows >= t->allocated_rows) {
        t->rows = x2nrealloc(t->rows, &t->allocated_rows, sizeof *t->rows);
    }
    t->rows[t->n_rows++] = row;
}

void
touched_begin(struct touched *t, const struct ovsdb_idl *idl)
{
    *t = (struct touched) { .n_rows = 0 };
    for (size_t i = 0; i < ARRAY_SIZE(owned); i++) {
        const struct ovsdb_idl_row *row;

        for (row = ovsdb_idl_first_row(idl, owned[i].table); row;
             row = ovsdb_idl_next_row(row)) {
            add_row(t, row);
        }
    }
}

static const struct ovsdb_idl_column *
network_column(const struct ovsdb_idl_table_class *table)
{
    for (size_t i = 0; i < ARRAY_SIZE(owned); i++) {
        if (owned[i].table == table) {
            return owned[i].network;
        }
    }
    OVS_NOT_REACHED();
}

/* Returns the columns of 'row' as they were; of a new row, as they are. */
static const struct ovsdb_datum *
old_column(const struct ovsdb_idl_row *row,
           const struct ovsdb_idl_column *column)
{
    return row->old_datum
           ? &row->old_datum[column - row->table->class_->columns]
           : ovsdb_idl_read(row, column);
}

/* Returns the UUID of the network of 'row', NULL if it names none. */
static const struct uuid *
row_network(const struct ovsdb_idl_row *row)
{
    const struct ovsdb_idl_column *column = network_column(row->table->class_);

    if (!column) {
        return &row->uuid;
    }
    const struct ovsdb_datum *network = old_column(row, column);
    return network->n ? &network->keys[0].uuid : NULL;
}

static bool
already_touched(const struct touched *t, const struct uuid *uuid)
{
    for (size_t i = 0; i < t->n_networks; i++) {
        if (uuid_equals(&t->networks[i].uuid, uuid)) {
            return true;
        }
    }
    return false;
}

static void
add_network(struct touched *t, const struct touched_network *n)
{
    if (t->n_networks >= t->allocated_networks) {
        t->networks = x2nrealloc(t->networks, &t->allocated_networks,
                                 sizeof *t->networks);
    }
    t->networks[t->n_networks++] = *n;
}

/* Takes the network 'uuid' in, and raises its sequence if it still exists. */
static void
touch(struct touched *t, const struct ovsdb_idl *idl, const struct uuid *uuid)
{
    const struct nethvrec_network *network
        = nethvrec_network_get_for_uuid(idl, uuid);
    if (!network || already_touched(t, uuid)) {
        return;
    }

    struct touched_network n = { .uuid = *uuid };
    if (network->header_.new_datum) {
        n.sequence = network->sequence + 1;
        n.name = xstrdup(network->name);
        nethvrec_network_verify_sequence(network);
        nethvrec_network_set_sequence(network, n.sequence);
    } else {
        n.name = xstrdup(json_string(
            old_column(&network->header_, &nethvrec_network_col_name)
            ->keys[0].s));
    }
    add_network(t, &n);
}

static void
touch_network_of(struct touched *t, const struct ovsdb_idl *idl,
                 const struct ovsdb_idl_row *row)
{
    const struct uuid *network = row_network(row);
    if (network) {
        touch(t, idl, network);
    }
}

static void
touch_for_old_rows(struct touched *t, const struct ovsdb_idl *idl)
{
    for (size_t i = 0; i < t->n_rows; i++) {
        if (t->rows[i]->new_datum != t->rows[i]->old_datum) {
            touch_network_of(t, idl, t->rows[i]);
        }
    }
}

static void
touch_for_new_rows(struct touched *t, const struct ovsdb_idl *idl)
{
    for (size_t i = 0; i < ARRAY_SIZE(owned); i++) {
        const struct ovsdb_idl_row *row;

        for (row = ovsdb_idl_first_row(idl, owned[i].table); row;
             row = ovsdb_idl_next_row(row)) {
            if (!row->old_datum) {
                touch_network_of(t, idl, row);
            }
        }
    }
}

void
touched_finish(struct touched *t, const struct ovsdb_idl *idl)
{
    touch_for_old_rows(t, idl);
    touch_for_new_rows(t, idl);
}

void
touched_watch(struct touched *t, const struct ovsdb_idl *idl,
              const char *name)
{
    const struct nethvrec_network *network;

    NETHVREC_NETWORK_FOR_EACH (network, idl) {
        if (!strcmp(network->name, name)
            && !already_touched(t, &network->header_.uuid)) {
            struct touched_network n = {
                .uuid = network->header_.uuid,
                .name = xstrdup(network->name),
                .sequence = network->sequence,
            };
            add_network(t, &n);
        }
    }
}

void
touched_committed(struct touched *t, const struct ovsdb_idl_txn *txn)
{
    for (size_t i = 0; i < t->n_networks; i++) {
        struct touched_network *n = &t->networks[i];
        const struct uuid *uuid = ovsdb_idl_txn_get_insert_uuid(txn, &n->uuid);

        if (uuid) {
            n->uuid = *uuid;
        }
    }
}

void
touched_destroy(struct touched *t)
{
    for (size_t i = 0; i < t->n_networks; i++) {
        free(t->networks[i].name);
    }
    free(t->networks);
    free(t->rows);
}
