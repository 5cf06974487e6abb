/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ALLOCATE_H
#define GATEWAY_ALLOCATE_H 1

/* What the global controller gives to tenants, networks, switches and bindings.
 *
 * It watches the model and looks only at networks in which something has
 * changed.  A network gets all it needs in one transaction, in which its state
 * also takes over the sequence of the intent; bindings that are new get the
 * next sequence of their network, together with those that come with them, and one that has gone raises it too, so that
 * its numbers can be known to be in no host's rules any more. */

#include <stdbool.h>

struct allocate;
struct db;
struct model;
struct ovsdb_idl_txn;

/* 'db' must not have been connected yet. */
struct allocate *allocate_create(struct model *, struct db *);
void allocate_destroy(struct allocate *);

/* Takes note of what the last db_run() brought and the model does not show: that
 * the intent of a network has been raised. */
void allocate_note_changes(struct allocate *);

/* Takes note of all networks: for who becomes the global controller. */
void allocate_note_all(struct allocate *);

/* Returns whether there may be something to write at time 'now', in
 * milliseconds. */
bool allocate_pending(struct allocate *, long long int now);

/* Returns when, after that time, there will be. */
long long int allocate_deadline(const struct allocate *);

/* Writes it.  What a transaction that fails has written is written again. */
void allocate_write(struct allocate *, struct ovsdb_idl_txn *);

#endif /* gateway/allocate.h */
