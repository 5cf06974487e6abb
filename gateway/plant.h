/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_PLANT_H
#define GATEWAY_PLANT_H 1

/* The global controller's part in the tree of clouds: it plans.
 *
 * A plan is the minimum spanning tree over the candidate links and what stands
 * by for it (tree.h), in the rows Edge, all with the plan's number.  Measured
 * costs must differ by more than they waver to change it.  A plan that is to
 * replace the one in force is first written beside it; when the gateways of all
 * clouds that are connected have it prepared (Gateway_State), Global.tree makes
 * it the one in force.  Meanwhile the tunnels of both are there.
 *
 * A cloud that is not connected and keeps a plan from being prepared gets
 * standby edges only, until it is connected. */

#include <stdbool.h>

struct db;
struct model;
struct ovsdb_idl_txn;
struct plant;
struct repair_outcome;

struct plant *plant_create(struct model *);
void plant_destroy(struct plant *);

/* Returns whether there is something to plan, or a plan to be put in force. */
bool plant_pending(const struct plant *);

/* Compares the plans in 'db' with what they should be and writes what differs.
 * 'outcome' is what the repair of this host says, NULL if it has none; 'now' is
 * time_msec(). */
void plant_write(struct plant *, struct db *, struct ovsdb_idl_txn *,
                 const struct repair_outcome *outcome, long long int now);

/* Returns when plant_write() should be called again at the latest, 'now' being
 * time_msec(). */
long long int plant_deadline(const struct plant *, long long int now);

#endif /* gateway/plant.h */
