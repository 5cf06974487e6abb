/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_PLANS_H
#define GATEWAY_PLANS_H 1

/* The plans of the tree (repair.h) as the global controller has written them:
 * the one in force, which Global.tree names, and the one to come, of the rows
 * Edge with the greatest number beyond. */

#include <stdbool.h>

#include "repair.h"

struct db;
struct model;

/* The edges are owned, by 'a', then 'b'.  'next.number' is 0 if there is
 * none. */
struct plans {
    struct repair_plan current;
    struct repair_plan next;
};

void plans_uninit(struct plans *);

/* Reads '*plans', which the caller uninits, from 'db'.  Returns false, with no
 * plans, if nothing has been planned yet. */
bool plans_read(struct plans *plans, struct db *, const struct model *);

bool plans_equal(const struct plans *, const struct plans *);

#endif /* gateway/plans.h */
