/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/history.h"

#include <string.h>

#include "lib/nethv-idl.h"
#include "model.h"
#include "ovs/db.h"
#include "svec.h"
#include "util.h"
#include "uuid.h"

static bool
is_tree_edge(const struct nethvrec_edge *row, int64_t plan)
{
    return row->tree == plan && !strcmp(row->role, "tree");
}

static bool
has_edge(struct db *db, int64_t plan, const struct nethvrec_edge *edge)
{
    const struct nethvrec_edge *row;

    NETHVREC_EDGE_FOR_EACH (row, db_idl(db)) {
        if (is_tree_edge(row, plan)
            && ((uuid_equals(&row->a, &edge->a)
                 && uuid_equals(&row->b, &edge->b))
                || (uuid_equals(&row->a, &edge->b)
                    && uuid_equals(&row->b, &edge->a)))) {
            return true;
        }
    }
    return false;
}

static const char *
cloud_name(const struct model *model, const struct uuid *uuid)
{
    const struct model_row *row = model_find(model, MODEL_CLOUD, uuid);

    return row && row->name ? row->name : "?";
}

/* Returns in '*edges' the tree edges that 'plan' has and 'other' has not. */
static void
collect_difference(struct db *db, const struct model *model, int64_t plan,
                   int64_t other, struct svec *edges)
{
    const struct nethvrec_edge *row;

    svec_init(edges);
    NETHVREC_EDGE_FOR_EACH (row, db_idl(db)) {
        if (is_tree_edge(row, plan) && !has_edge(db, other, row)) {
            svec_add_nocopy(edges, xasprintf("%s -- %s",
                                             cloud_name(model, &row->a),
                                             cloud_name(model, &row->b)));
        }
    }
    svec_sort_unique(edges);
}

static double
sum_costs(struct db *db, int64_t plan)
{
    const struct nethvrec_edge *row;
    double cost = 0;

    NETHVREC_EDGE_FOR_EACH (row, db_idl(db)) {
        cost += is_tree_edge(row, plan) ? row->cost : 0;
    }
    return cost;
}

/* Deletes the oldest until there are fewer than HISTORY_MAX. */
static void
forget(struct db *db)
{
    for (;;) {
        const struct nethvrec_plan *row, *oldest = NULL;
        size_t n = 0;

        NETHVREC_PLAN_FOR_EACH (row, db_idl(db)) {
            n++;
            if (!oldest || row->number < oldest->number) {
                oldest = row;
            }
        }
        if (n < HISTORY_MAX) {
            return;
        }
        nethvrec_plan_delete(oldest);
    }
}

void
history_write(struct db *db, const struct model *model, int64_t before,
              int64_t after, int64_t now, struct ovsdb_idl_txn *txn)
{
    struct svec added, removed;

    /* The database may be of an older version. */
    if (!ovsdb_idl_server_has_table(db_idl(db), &nethvrec_table_plan)) {
        return;
    }
    forget(db);
    collect_difference(db, model, after, before, &added);
    collect_difference(db, model, before, after, &removed);

    const struct nethvrec_plan *row = nethvrec_plan_insert(txn);
    nethvrec_plan_set_number(row, after);
    nethvrec_plan_set_since(row, now);
    nethvrec_plan_set_cost(row, sum_costs(db, after));
    nethvrec_plan_set_added(row, (const char **) added.names, added.n);
    nethvrec_plan_set_removed(row, (const char **) removed.names, removed.n);
    svec_destroy(&added);
    svec_destroy(&removed);
}
