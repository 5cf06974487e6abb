/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_ROWS_H
#define OVS_ROWS_H 1

/* What a row of the NetHV database says, put into a model.
 *
 * One entry for each table that a model holds.  A row is about a subject: a
 * port's row about that port, a Tenant_State row about a tenant.
 *
 * Anyone who may write the database may write nonsense with generic commands.
 * A row is refused if what it says cannot be (a MAC that is none), or crosses
 * the border of a network: a port's switch, for one, must be of the port's
 * network, and its name must say so. */

#include <stdbool.h>
#include <stddef.h>

struct model;
struct ovsdb_idl_row;
struct ovsdb_idl_table_class;
struct uuid;

struct row_kind {
    const struct ovsdb_idl_table_class *table;
    bool state;                     /* Written by the system, not by users. */

    /* Puts what 'row' says into 'model' and its subject into '*subject'.
     * Returns NULL, or a malloc'd sentence that says why the row is refused,
     * 'model' and '*subject' untouched. */
    char *(*put)(struct model *model, const struct ovsdb_idl_row *row,
                 struct uuid *subject);

    /* Takes out of 'model' what a row about 'subject' had put in. */
    void (*remove)(struct model *model, const struct uuid *subject);
};

#define ROW_N_KINDS 14
extern const struct row_kind row_kinds[ROW_N_KINDS];

#endif /* ovs/rows.h */
