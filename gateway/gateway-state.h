/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_GATEWAY_STATE_H
#define GATEWAY_GATEWAY_STATE_H 1

/* A gateway's row of Gateway_State: what its repair has decided, for the global
 * controller, which puts a plan in force when all have it prepared, and for
 * "nethvctl tree-show"; and whether it serves its cloud. */

#include <stdbool.h>

struct db;
struct host;
struct json;
struct linkstate;
struct model;
struct ovsdb_idl_txn;
struct repair_outcome;

/* Writes what 'outcome' has changed to the row of the gateway 'self', by
 * 'txn'. */
void gateway_state_write(struct db *, const struct host *self,
                         const struct repair_outcome *outcome,
                         struct ovsdb_idl_txn *txn);

/* Writes whether the gateway 'self' serves its cloud (serving.h), by 'txn'. */
void gateway_state_write_serves(struct db *, const struct model *,
                                const struct host *self, bool serves,
                                struct ovsdb_idl_txn *txn);

/* Describes 'outcome' and 'linkstate' (NULL: nothing yet), for "status". */
struct json *gateway_state_to_json(const struct repair_outcome *outcome,
                                   const struct linkstate *linkstate);

#endif /* gateway/gateway-state.h */
