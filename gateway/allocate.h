/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ALLOCATE_H
#define GATEWAY_ALLOCATE_H 1

/* What the global controller gives to tenants, networks and switches.
 *
 * It watches the model and looks only at networks in which something has
 * changed.  A network gets all it needs in one transaction. */

#include <stdbool.h>

struct allocate;
struct db;
struct model;
struct ovsdb_idl_txn;

/* 'db' must not have been connected yet. */
struct allocate *allocate_create(struct model *, struct db *);
void allocate_destroy(struct allocate *);

/* Takes note of all networks: for who becomes the global controller. */
void allocate_note_all(struct allocate *);

/* Returns whether there may be something to write. */
bool allocate_pending(const struct allocate *);

/* Writes it.  What a transaction that fails has written is written again. */
void allocate_write(struct allocate *, struct ovsdb_idl_txn *);

#endif /* gateway/allocate.h */
