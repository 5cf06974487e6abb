/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovs/mirror.h"

#include <stdlib.h>

#include "nethv-idl.h"
#include "openvswitch/hmap.h"
#include "openvswitch/vlog.h"
#include "ovs/rows.h"
#include "ovsdb-idl-provider.h"
#include "util.h"
#include "uuid.h"

VLOG_DEFINE_THIS_MODULE(mirror);

/* A row of the IDL that is in the model. */
struct mirrored {
    struct hmap_node node;      /* In mirror->rows[kind] by 'row'. */
    struct uuid row;
    struct uuid subject;
};

struct mirror {
    struct ovsdb_idl *idl;
    struct model *model;
    bool state;
    struct hmap rows[ROW_N_KINDS];
};

struct mirror *
mirror_create(struct ovsdb_idl *idl, struct model *model, bool state)
{
    struct mirror *m = xmalloc(sizeof *m);

    *m = (struct mirror) { .idl = idl, .model = model, .state = state };
    for (size_t i = 0; i < ROW_N_KINDS; i++) {
        hmap_init(&m->rows[i]);
    }
    return m;
}

void
mirror_destroy(struct mirror *m)
{
    if (!m) {
        return;
    }
    for (size_t i = 0; i < ROW_N_KINDS; i++) {
        struct mirrored *mirrored;
        HMAP_FOR_EACH_POP (mirrored, node, &m->rows[i]) {
            free(mirrored);
        }
        hmap_destroy(&m->rows[i]);
    }
    free(m);
}

void
mirror_add_columns(struct ovsdb_idl *idl, bool state)
{
    for (size_t i = 0; i < ROW_N_KINDS; i++) {
        const struct ovsdb_idl_table_class *table = row_kinds[i].table;

        if (row_kinds[i].state && !state) {
            continue;
        }
        ovsdb_idl_add_table(idl, table);
        for (size_t j = 0; j < table->n_columns; j++) {
            ovsdb_idl_add_column(idl, &table->columns[j]);
        }
    }
}

static struct mirrored *
find(const struct mirror *m, size_t kind, const struct uuid *row)
{
    struct mirrored *mirrored;

    HMAP_FOR_EACH_WITH_HASH (mirrored, node, uuid_hash(row), &m->rows[kind]) {
        if (uuid_equals(&mirrored->row, row)) {
            return mirrored;
        }
    }
    return NULL;
}

static void
take_out(struct mirror *m, size_t kind, struct mirrored *mirrored)
{
    row_kinds[kind].remove(m->model, &mirrored->subject);
    hmap_remove(&m->rows[kind], &mirrored->node);
    free(mirrored);
}

static void
take_out_row(struct mirror *m, size_t kind, const struct uuid *row)
{
    struct mirrored *mirrored = find(m, kind, row);
    if (mirrored) {
        take_out(m, kind, mirrored);
    }
}

static void
put_in(struct mirror *m, size_t kind, const struct ovsdb_idl_row *row)
{
    struct mirrored *mirrored = find(m, kind, &row->uuid);
    struct uuid subject;

    char *error = row_kinds[kind].put(m->model, row, &subject);
    if (error) {
        static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 10);
        VLOG_WARN_RL(&rl, "%s row "UUID_FMT" is left out: %s",
                     row_kinds[kind].table->name, UUID_ARGS(&row->uuid),
                     error);
        free(error);
        if (mirrored) {
            take_out(m, kind, mirrored);
        }
        return;
    }
    if (!mirrored) {
        mirrored = xmalloc(sizeof *mirrored);
        mirrored->row = row->uuid;
        hmap_insert(&m->rows[kind], &mirrored->node, uuid_hash(&row->uuid));
    }
    mirrored->subject = subject;
}

/* Returns whether 'row' is in the database, and not only a gap that references
 * point at, or deleted by the open transaction. */
static bool
row_exists(const struct ovsdb_idl_row *row)
{
    return row && row->new_datum;
}

static void
take_out_missing(struct mirror *m, size_t kind)
{
    struct mirrored *mirrored, *next;

    HMAP_FOR_EACH_SAFE (mirrored, next, node, &m->rows[kind]) {
        if (!row_exists(ovsdb_idl_get_row_for_uuid(m->idl,
                                                   row_kinds[kind].table,
                                                   &mirrored->row))) {
            take_out(m, kind, mirrored);
        }
    }
}

static void
put_in_all(struct mirror *m, size_t kind)
{
    const struct ovsdb_idl_row *row;

    for (row = ovsdb_idl_first_row(m->idl, row_kinds[kind].table); row;
         row = ovsdb_idl_next_row(row)) {
        put_in(m, kind, row);
    }
}

/* What is gone goes first: its name may be another row's now. */
void
mirror_sync(struct mirror *m)
{
    for (size_t i = ROW_N_KINDS; i-- > 0; ) {
        take_out_missing(m, i);
    }
    for (size_t i = 0; i < ROW_N_KINDS; i++) {
        if (m->state || !row_kinds[i].state) {
            put_in_all(m, i);
        }
    }
}

static void
sync_tracked(struct mirror *m, size_t kind, bool existing)
{
    const struct ovsdb_idl_row *row;

    for (row = ovsdb_idl_track_get_first(m->idl, row_kinds[kind].table); row;
         row = ovsdb_idl_track_get_next(row)) {
        if (row_exists(row) != existing) {
            continue;
        }
        if (existing) {
            put_in(m, kind, row);
        } else {
            take_out_row(m, kind, &row->uuid);
        }
    }
}

void
mirror_sync_tracked(struct mirror *m)
{
    for (size_t i = ROW_N_KINDS; i-- > 0; ) {
        sync_tracked(m, i, false);
    }
    for (size_t i = 0; i < ROW_N_KINDS; i++) {
        if (m->state || !row_kinds[i].state) {
            sync_tracked(m, i, true);
        }
    }
}
