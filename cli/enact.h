/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENACT_H
#define ENACT_H 1

/* Plans carried out in the database: each step becomes operations of one
 * transaction. */

struct ovsdb_idl;
struct ovsdb_idl_txn;
struct plan;

/* Carries out 'plan' in 'txn', the open transaction of 'idl'.  The plan must
 * have been made from the contents of 'idl'. */
void enact_plan(const struct ovsdb_idl *idl, struct ovsdb_idl_txn *txn,
                const struct plan *plan);

#endif /* enact.h */
