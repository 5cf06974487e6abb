/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOUCHED_H
#define TOUCHED_H 1

/* Which networks a transaction changes.
 *
 * Hosts and the global controller tell by Network.sequence that tenants' intent
 * has changed.  Whatever verb changed a network or a row of it, generic ones
 * included, touched_finish() finds it by comparing the rows with what they were
 * and raises the sequence in the same transaction. */

#include <stddef.h>
#include <stdint.h>

#include "openvswitch/uuid.h"

struct ovsdb_idl;
struct ovsdb_idl_row;
struct ovsdb_idl_txn;

/* A network that the transaction changes, or that is watched.  'uuid' is
 * provisional until touched_committed(), if the network is new. */
struct touched_network {
    struct uuid uuid;
    char *name;
    uint64_t sequence;          /* 0 if the network is deleted. */
};

struct touched {
    const struct ovsdb_idl_row **rows; /* All rows before the transaction. */
    size_t n_rows;
    size_t allocated_rows;
    struct touched_network *networks;
    size_t n_networks;
    size_t allocated_networks;
};

/* Asks 'idl' for what the functions below read. */
void touched_add_columns(struct ovsdb_idl *idl);

/* Remembers the rows of 'idl' as they are before a transaction. */
void touched_begin(struct touched *, const struct ovsdb_idl *idl);

/* Finds the networks that the open transaction changes and raises their
 * sequences in it. */
void touched_finish(struct touched *, const struct ovsdb_idl *idl);

/* Takes in the network called 'name', if there is one and the transaction does
 * not change it, without raising its sequence.  After touched_finish(). */
void touched_watch(struct touched *, const struct ovsdb_idl *idl,
                   const char *name);

/* Puts in the UUIDs that new networks got when 'txn' was committed. */
void touched_committed(struct touched *, const struct ovsdb_idl_txn *txn);

void touched_destroy(struct touched *);

#endif /* touched.h */
