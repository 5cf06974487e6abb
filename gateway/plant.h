/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_PLANT_H
#define GATEWAY_PLANT_H 1

/* The global controller's part in the tree of clouds: it computes the minimum
 * spanning tree over the candidate links (tree.h) and writes it to Edge and
 * Tunnel, under a new tree number whenever it differs. */

#include <stdbool.h>

struct db;
struct model;
struct ovsdb_idl_txn;
struct plant;

struct plant *plant_create(struct model *);
void plant_destroy(struct plant *);

/* Returns whether clouds, links or gateways have changed since the tree was
 * found to be as it should be. */
bool plant_pending(const struct plant *);

/* Compares the tree in 'db' with what it should be and writes what differs. */
void plant_write(struct plant *, struct db *, struct ovsdb_idl_txn *);

#endif /* gateway/plant.h */
