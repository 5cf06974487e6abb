/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_DB_CONDITIONS_H
#define OVS_DB_CONDITIONS_H 1

/* What a host asks the NetHV database for: a value, and its translation into
 * the IDL's conditions.
 *
 * Conditions cannot join tables, so each row that hosts follow carries its
 * network, and "network ==" is almost all that is ever asked. */

#include <stdbool.h>
#include <stddef.h>

#include "openvswitch/uuid.h"
#include "sset.h"

struct ovsdb_idl;
struct ovsdb_idl_column;
struct ovsdb_idl_condition;

struct db_conditions {
    char *host_name;            /* Own host, NULL for none. */
    struct uuid host;           /* Its UUID and its cloud's, zero if unknown. */
    struct uuid cloud;
    struct uuid *networks;      /* Sorted, after db_conditions_sort(). */
    size_t n_networks;
    size_t allocated_networks;
    struct sset ports;          /* Claimed: paths, UUIDs as text. */
};

void db_conditions_init(struct db_conditions *);
void db_conditions_destroy(struct db_conditions *);
void db_conditions_swap(struct db_conditions *, struct db_conditions *);
void db_conditions_add_network(struct db_conditions *, const struct uuid *);
void db_conditions_sort(struct db_conditions *);

/* Returns whether 'a' and 'b', both sorted, ask for the same. */
bool db_conditions_equal(const struct db_conditions *a,
                         const struct db_conditions *b);

/* Lets 'idl', not connected yet, not monitor the tables that hosts never ask
 * for.  So no host shares a session's rows in a server with a client that
 * follows everything, and has no conditions. */
void db_conditions_omit(struct ovsdb_idl *);

/* Asks for it all.  Returns the condition seqno at which it has come. */
unsigned int db_conditions_set(const struct db_conditions *,
                               struct ovsdb_idl *);

/* Adds to '*cond' that 'column', of one UUID, may be 'uuid'. */
void db_conditions_add_clause(struct ovsdb_idl_condition *cond,
                              const struct ovsdb_idl_column *column,
                              const struct uuid *uuid);

#endif /* ovs/db-conditions.h */
