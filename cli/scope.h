/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCOPE_H
#define SCOPE_H 1

/* How much of the database a command line looks at.
 *
 * If all that its verbs need is the networks that documents name, only these
 * are fetched, by conditions on their names and then on their UUIDs: the cost
 * is that of the documents, not that of the database.  Otherwise everything
 * is. */

#include <stdbool.h>
#include <stddef.h>

#include "svec.h"

struct document;
struct ovsdb_idl;

struct scope {
    size_t n_documents;
    bool wide;                  /* Something needs everything. */
    bool wait;                  /* What hosts_follow() reads is needed too. */
    struct svec tenants;        /* Names, paths. */
    struct svec networks;
    struct svec ports;
};

void scope_init(struct scope *);
void scope_destroy(struct scope *);

/* Says that a verb needs 'document', and what is in the database of the
 * networks in it. */
void scope_add_document(struct scope *, const struct document *);

/* Says that the verbs, 'n_verbs' of them, have all had their say, and asks
 * 'idl', not connected yet, for the scope. */
void scope_set(struct scope *, struct ovsdb_idl *idl, size_t n_verbs,
               bool wait);

/* Asks 'idl' for what belongs to the networks that it holds by now.  Returns
 * whether it holds all that was asked for. */
bool scope_is_complete(const struct scope *, struct ovsdb_idl *idl);

#endif /* cli/scope.h */
