/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLAN_H
#define PLAN_H 1

/* A plan: the steps from what is there to what a document wants.
 *
 * Names are identity: the rows of the two models need not agree on UUIDs.
 * Inside the networks that a tenant's document names, what it does not name
 * is deleted; everything else is left alone.  Of an inventory nothing is
 * deleted.
 *
 * Steps stand in an order in which references are respected: what is created,
 * from tenants down to links; then what is changed; then what is deleted, from
 * links up to switches.  A plan without steps says that there is nothing to
 * do.  Pure. */

#include <stdbool.h>
#include <stddef.h>

#include "model.h"

struct document;

enum plan_verb { PLAN_CREATE, PLAN_CHANGE, PLAN_DELETE };

/* A field of a row that differs.  Values are JSON: "\"learning\"", "[]",
 * "true"; 'old' is NULL in a creation, 'new' in a deletion. */
struct plan_field {
    const char *name;               /* As in a document. */
    char *old;
    char *new;
};

struct plan_step {
    enum plan_verb verb;
    enum model_kind kind;
    char *name;                     /* Path; of a cloud link "a/b", sorted. */
    const struct model_row *have;   /* Borrowed; NULL in a creation. */
    const struct model_row *want;   /* Borrowed; NULL in a deletion. */
    struct plan_field *fields;
    size_t n_fields;
};

struct plan {
    struct plan_step *steps;
    size_t n;
    size_t allocated;
};

/* Computes the plan from 'have' to 'want'.  Returns NULL and the plan in
 * '*planp', which the caller destroys, or a malloc'd sentence if it cannot be
 * carried out (an id that cannot change, or that something else has).  The
 * plan points into 'have' and 'want', which must outlive it. */
char *plan_create(const struct model *have, const struct document *want,
                  struct plan **planp);

/* Computes the plan that deletes the network at path 'network' from 'have',
 * with all that is in it; without steps if there is no such network. */
struct plan *plan_delete_network(const struct model *have,
                                 const char *network);
void plan_destroy(struct plan *);

/* Returns the plan as a person reads it, a line for each step and one for the
 * sums.  The caller frees it. */
char *plan_format(const struct plan *);

/* Returns the plan as JSON: {"steps": [{"verb", "kind", "name", "fields":
 * [{"name", "old", "new"}]}], "create": N, "change": N, "delete": N}.  The
 * caller frees it. */
char *plan_to_json(const struct plan *);

#endif /* plan.h */
