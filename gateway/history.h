/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_HISTORY_H
#define GATEWAY_HISTORY_H 1

/* The history of the tree: a row of the table Plan for each plan that was put
 * in force, the last HISTORY_MAX of them. */

#include <stdint.h>

struct db;
struct model;
struct ovsdb_idl_txn;

#define HISTORY_MAX 50

/* Writes that at 'now', in seconds since 1970, the plan with number 'after' is
 * put in force in place of 'before'; the edges of both are in 'db'. */
void history_write(struct db *db, const struct model *, int64_t before,
                   int64_t after, int64_t now, struct ovsdb_idl_txn *txn);

#endif /* gateway/history.h */
