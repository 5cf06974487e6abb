/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_GLOBAL_H
#define GATEWAY_GLOBAL_H 1

/* The global controller: what only one may decide.
 *
 * Every gateway process has one; the one that holds the lock "nethv_global" at
 * the database's server acts, and each of its transactions asserts the lock.
 * What it decides is all in the database, so another can go on at any moment:
 * tags of tenants, numbers of networks, flood groups of switches, the sequence
 * from which a binding's numbers may be used, which hosts are alive, and the
 * tree of clouds. */

#include <stdbool.h>

struct json;
struct global;
struct repair_outcome;

struct global *global_create(const char *name);
void global_destroy(struct global *);

/* Says whether this one may act, as it may at first.  That of a gateway that
 * stands by must not: it does not see which clouds are connected, and no plan
 * would come in force. */
void global_set_eligible(struct global *, bool eligible);

/* Follows the database at 'remotes' and does what there is to do.  'outcome' is
 * what the repair of this host has decided, NULL if it has none. */
void global_run(struct global *, const char *remotes,
                const struct repair_outcome *outcome);
void global_wait(struct global *);

/* Describes it, for "status". */
struct json *global_to_json(const struct global *);

#endif /* gateway/global.h */
