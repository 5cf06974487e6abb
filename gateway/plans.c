/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/plans.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/nethv-idl.h"
#include "model.h"
#include "ovs/db.h"
#include "util.h"

void
plans_uninit(struct plans *plans)
{
    free(CONST_CAST(struct repair_edge *, plans->current.edges));
    free(CONST_CAST(struct repair_edge *, plans->next.edges));
    memset(plans, 0, sizeof *plans);
}

static int
compare_edges(const void *a_, const void *b_)
{
    const struct repair_edge *a = a_, *b = b_;

    return (a->edge.a != b->edge.a ? (int) a->edge.a - (int) b->edge.a
            : (int) a->edge.b - (int) b->edge.b);
}

/* Makes the 'n' 'edges', which it takes over, those of '*plan'. */
static void
set_edges(struct repair_plan *plan, struct repair_edge *edges, size_t n)
{
    if (n) {
        qsort(edges, n, sizeof *edges, compare_edges);
    }
    plan->edges = edges;
    plan->n = n;
}

static uint8_t
cloud_id(const struct model *model, const struct uuid *uuid)
{
    const struct model_row *row = model_find(model, MODEL_CLOUD, uuid);
    return row ? CONTAINER_OF(row, struct cloud, row)->id : 0;
}

static bool
edge_from_row(const struct model *model, const struct nethvrec_edge *row,
              struct repair_edge *edge)
{
    uint8_t a = cloud_id(model, &row->a);
    uint8_t b = cloud_id(model, &row->b);

    memset(edge, 0, sizeof *edge);
    edge->edge.a = MIN(a, b);
    edge->edge.b = MAX(a, b);
    /* JSON has no infinity: an unknown cost is written as 0. */
    edge->edge.weight = row->cost > 0 ? row->cost : INFINITY;
    edge->role = !strcmp(row->role, "tree") ? REPAIR_TREE : REPAIR_STANDBY;
    return edge->edge.a && edge->edge.a < edge->edge.b
           && (edge->role == REPAIR_TREE || !strcmp(row->role, "standby"));
}

static void
read_plan(struct repair_plan *plan, uint32_t number, struct db *db,
          const struct model *model)
{
    const struct nethvrec_edge *row;
    struct repair_edge *edges = NULL;
    size_t n = 0, allocated = 0;

    NETHVREC_EDGE_FOR_EACH (row, db_idl(db)) {
        if (row->tree == number) {
            if (n >= allocated) {
                edges = x2nrealloc(edges, &allocated, sizeof *edges);
            }
            n += edge_from_row(model, row, &edges[n]);
        }
    }
    plan->number = number;
    set_edges(plan, edges, n);
}

bool
plans_read(struct plans *plans, struct db *db, const struct model *model)
{
    const struct nethvrec_global *global = nethvrec_global_first(db_idl(db));
    const struct nethvrec_edge *row;
    int64_t next = 0;

    memset(plans, 0, sizeof *plans);
    if (!global || !global->tree) {
        return false;
    }
    read_plan(&plans->current, global->tree, db, model);
    NETHVREC_EDGE_FOR_EACH (row, db_idl(db)) {
        next = MAX(next, row->tree);
    }
    if (next > global->tree) {
        read_plan(&plans->next, next, db, model);
    }
    return true;
}

static bool
plan_equal(const struct repair_plan *a, const struct repair_plan *b)
{
    if (a->number != b->number || a->n != b->n) {
        return false;
    }
    for (size_t i = 0; i < a->n; i++) {
        if (compare_edges(&a->edges[i], &b->edges[i])
            || a->edges[i].edge.weight != b->edges[i].edge.weight
            || a->edges[i].role != b->edges[i].role) {
            return false;
        }
    }
    return true;
}

bool
plans_equal(const struct plans *a, const struct plans *b)
{
    return plan_equal(&a->current, &b->current)
           && plan_equal(&a->next, &b->next);
}
