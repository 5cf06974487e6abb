/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/plant.h"

#include <math.h>

#include "gateway/edges.h"
#include "gateway/history.h"
#include "lib/nethv-idl.h"
#include "model.h"
#include "nethv/wire.h"
#include "openvswitch/vlog.h"
#include "ovs/db.h"
#include "repair.h"
#include "timeval.h"
#include "tree-plan.h"
#include "util.h"
#include "uuid.h"

VLOG_DEFINE_THIS_MODULE(plant);

/* A plan that is not prepared after that is held back by clouds that cannot be
 * reached. */
#define PREPARE_MSEC 15000

/* One that for so long has had the slot of the number in force, since an edge
 * has failed or come back meanwhile, is written again under another number. */
#define BLOCKED_MSEC 3000

struct plant {
    struct model *model;
    struct model_observer observer;
    bool dirty;                     /* Clouds, links or gateways have changed. */
    bool preparing;                 /* There is a plan to come, */
    int64_t next;                   /* which has this number, */
    long long int since;            /* since when. */
    bool apart[NETHV_CLOUD_FLOOD];  /* Clouds that get standby edges only. */
    struct tree_edge *costs;        /* Candidates of the last computation. */
    size_t n_costs;
};

static void
on_change(struct model_observer *observer, const struct model_row *row)
{
    struct plant *plant = CONTAINER_OF(observer, struct plant, observer);

    if (row->kind == MODEL_CLOUD || row->kind == MODEL_CLOUD_LINK
        || row->kind == MODEL_HOST) {
        plant->dirty = true;
    }
}

struct plant *
plant_create(struct model *model)
{
    struct plant *plant = xzalloc(sizeof *plant);

    plant->model = model;
    plant->dirty = true;
    plant->observer.before = on_change;
    plant->observer.after = on_change;
    model_observe(model, &plant->observer);
    return plant;
}

void
plant_destroy(struct plant *plant)
{
    if (plant) {
        model_unobserve(plant->model, &plant->observer);
        free(plant->costs);
        free(plant);
    }
}

bool
plant_pending(const struct plant *plant)
{
    return plant->dirty || plant->preparing;
}

long long int
plant_deadline(const struct plant *plant, long long int now)
{
    return (!plant->preparing ? LLONG_MAX
            : now < plant->since + BLOCKED_MSEC ? plant->since + BLOCKED_MSEC
            : plant->since + PREPARE_MSEC);
}

/* Computing. */

static int64_t
in_force(struct db *db)
{
    const struct nethvrec_global *global = nethvrec_global_first(db_idl(db));
    return global ? global->tree : 0;
}

static bool
edge_from_row(const struct model *model, const struct nethvrec_edge *row,
              struct tree_edge *edge)
{
    const struct model_row *a = model_find(model, MODEL_CLOUD, &row->a);
    const struct model_row *b = model_find(model, MODEL_CLOUD, &row->b);

    if (!a || !b) {
        return false;
    }
    uint8_t x = CONTAINER_OF(a, struct cloud, row)->id;
    uint8_t y = CONTAINER_OF(b, struct cloud, row)->id;
    memset(edge, 0, sizeof *edge);
    edge->a = MIN(x, y);
    edge->b = MAX(x, y);
    /* JSON has no infinity: an unknown cost is written as 0. */
    edge->weight = row->cost > 0 ? row->cost : INFINITY;
    return true;
}

/* Reads the tree of the plan with 'number'. */
static void
read_tree(const struct plant *plant, struct db *db, int64_t number,
          struct tree *tree)
{
    const struct nethvrec_edge *row;

    tree->n = 0;
    NETHVREC_EDGE_FOR_EACH (row, db_idl(db)) {
        if (row->tree == number && !strcmp(row->role, "tree")
            && tree->n < TREE_EDGES_MAX) {
            tree->n += edge_from_row(plant->model, row,
                                     &tree->edges[tree->n]);
        }
    }
}

static void
compute(struct plant *plant, struct db *db, struct tree_plan *wanted)
{
    struct tree_edge *candidates;
    size_t n;

    tree_plan_candidates(plant->model, NULL, &candidates, &n);
    read_tree(plant, db, in_force(db), &wanted->tree);
    tree_plan_compute(wanted, &wanted->tree, plant->costs, plant->n_costs,
                      candidates, n, plant->apart);
    free(plant->costs);
    plant->costs = candidates;
    plant->n_costs = n;
}

/* Plans in the database. */

static double
edge_cost(const struct tree_edge *edge)
{
    /* JSON has no infinity: an unknown cost is written as 0. */
    return isinf(edge->weight) ? 0 : edge->weight;
}

/* Returns the edge of the 'n' 'edges' that 'row' is for, or NULL. */
static const struct tree_edge *
find_edge(const struct plant *plant, const struct tree_edge *edges, size_t n,
          const struct nethvrec_edge *row)
{
    struct tree_edge edge;

    return (edge_from_row(plant->model, row, &edge)
            ? tree_find_edge(edges, n, edge.a, edge.b) : NULL);
}

/* Costs are part of a plan: all gateways must go by the same.  Those that have
 * not changed by much stay as they are. */
static bool
cost_is_close(double is, double should)
{
    return is == should
           || (is > 0 && should > 0
               && fabs(is - should) <= MAX(is / 10, TREE_GAIN_MIN));
}

/* Returns whether the plan with 'number' is 'wanted'. */
static bool
is_planned(const struct plant *plant, struct db *db,
           const struct tree_plan *wanted, int64_t number)
{
    const struct nethvrec_edge *row;
    size_t n = 0;

    NETHVREC_EDGE_FOR_EACH (row, db_idl(db)) {
        if (row->tree != number) {
            continue;
        }
        bool tree = !strcmp(row->role, "tree");
        const struct tree_edge *edge = find_edge(
            plant, tree ? wanted->tree.edges : wanted->standbys.edges,
            tree ? wanted->tree.n : wanted->standbys.n, row);
        if (!edge || !cost_is_close(row->cost, edge_cost(edge))) {
            return false;
        }
        n++;
    }
    return n == wanted->tree.n + wanted->standbys.n;
}

static void
insert_edge(const struct plant *plant, const struct tree_edge *edge,
            const char *role, int64_t number, struct ovsdb_idl_txn *txn)
{
    const struct nethvrec_edge *row = nethvrec_edge_insert(txn);

    nethvrec_edge_set_a(row, model_cloud_by_id(plant->model,
                                               edge->a)->row.uuid);
    nethvrec_edge_set_b(row, model_cloud_by_id(plant->model,
                                               edge->b)->row.uuid);
    nethvrec_edge_set_role(row, role);
    nethvrec_edge_set_tree(row, number);
    nethvrec_edge_set_cost(row, edge_cost(edge));
}

static void
insert_plan(const struct plant *plant, const struct tree_plan *wanted,
            int64_t number, struct ovsdb_idl_txn *txn)
{
    for (size_t i = 0; i < wanted->tree.n; i++) {
        insert_edge(plant, &wanted->tree.edges[i], "tree", number, txn);
    }
    for (size_t i = 0; i < wanted->standbys.n; i++) {
        insert_edge(plant, &wanted->standbys.edges[i], "standby", number,
                    txn);
    }
}

/* Deletes all plans but those with the numbers 'a' and 'b'. */
static void
delete_others(struct db *db, int64_t a, int64_t b)
{
    const struct nethvrec_edge *row, *next;

    NETHVREC_EDGE_FOR_EACH_SAFE (row, next, db_idl(db)) {
        if (row->tree != a && row->tree != b) {
            nethvrec_edge_delete(row);
        }
    }
}

/* Returns the greatest number of any plan. */
static int64_t
last_plan(struct db *db)
{
    const struct nethvrec_edge *row;
    int64_t last = MAX(in_force(db), 0);

    NETHVREC_EDGE_FOR_EACH (row, db_idl(db)) {
        last = MAX(last, row->tree);
    }
    return last;
}

/* From one plan to the next. */

static bool
has_prepared(const struct plant *plant, struct db *db, uint8_t cloud,
             int64_t number)
{
    const struct nethvrec_gateway_state *row;

    NETHVREC_GATEWAY_STATE_FOR_EACH (row, db_idl(db)) {
        const struct model_row *host = model_find(plant->model, MODEL_HOST,
                                                  &row->host);
        if (host
            && CONTAINER_OF(host, struct host, row)->cloud->id == cloud
            && (row->prepared == number || row->plan == number)) {
            return true;
        }
    }
    return false;
}

/* Returns whether the gateways of all clouds that are connected have the plan
 * with 'number' in their switches.  A gateway that forwards, but cannot say so,
 * holds the change back. */
static bool
all_have_prepared(const struct plant *plant, struct db *db,
                  const struct repair_outcome *outcome, int64_t number)
{
    if (!in_force(db)) {
        return true;
    }
    if (!outcome || !outcome->ready) {
        return false;
    }
    for (int cloud = 1; cloud <= NETHV_CLOUD_MAX; cloud++) {
        if (outcome->connected[cloud]
            && !has_prepared(plant, db, cloud, number)) {
            return false;
        }
    }
    return true;
}

/* Sets apart the clouds that are not connected, and no others.  Returns whether
 * that is news. */
static bool
judge_apart(struct plant *plant, const struct repair_outcome *outcome,
            bool late)
{
    bool news = false;

    for (int cloud = 1; cloud <= NETHV_CLOUD_MAX; cloud++) {
        bool connected = !outcome || !outcome->ready
                         || outcome->connected[cloud];
        bool apart = !connected && (late || plant->apart[cloud]);
        news |= apart != plant->apart[cloud];
        plant->apart[cloud] = apart;
    }
    return news;
}

/* Returns the number for a new plan: greater than any in 'db', and with the
 * slot that repair has in mind, as plans take turns with two slots. */
static int64_t
new_number(struct db *db, const struct repair_outcome *outcome)
{
    int64_t next = (outcome && outcome->ready ? outcome->next
                    : in_force(db) + 1);
    int64_t number = MAX(last_plan(db) + 1, next);

    return number + (number - next) % 2;
}

/* Writes 'wanted' beside the plan in force. */
static void
propose(struct plant *plant, struct db *db, const struct tree_plan *wanted,
        int64_t number, long long int now, struct ovsdb_idl_txn *txn)
{
    int64_t current = in_force(db);

    delete_others(db, current, current);
    insert_plan(plant, wanted, number, txn);
    plant->next = number;
    plant->since = now;
    VLOG_INFO("plan %"PRId64" with %"PRIuSIZE" edges and %"PRIuSIZE
              " standing by", number, wanted->tree.n, wanted->standbys.n);
}

static void
put_in_force(const struct plant *plant, struct db *db, int64_t number,
             struct ovsdb_idl_txn *txn)
{
    const struct nethvrec_global *global = nethvrec_global_first(db_idl(db));

    VLOG_INFO("plan %"PRId64" is in force", number);
    history_write(db, plant->model, global->tree, number, time_wall(), txn);
    nethvrec_global_set_tree(global, number);
    delete_others(db, number, number);
}

/* Finds out which plan is to come, as another controller may have left it. */
static void
find_next(struct plant *plant, struct db *db, long long int now)
{
    int64_t last = last_plan(db);

    plant->preparing = last > in_force(db);
    if (plant->preparing && plant->next != last) {
        plant->next = last;
        plant->since = now;
    }
}

/* A tunnel as it should be: between the active gateways of an edge's clouds,
 * in the first encapsulation that both clouds pass. */
struct wanted_tunnel {
    const struct host *a, *b;
    enum encap encap;
};

static bool
wanted_tunnel(const struct model *model, const struct tree_edge *edge,
              struct wanted_tunnel *tunnel)
{
    const struct cloud *a = model_cloud_by_id(model, edge->a);
    const struct cloud *b = model_cloud_by_id(model, edge->b);

    tunnel->a = cloud_gateway(a);
    tunnel->b = cloud_gateway(b);
    if (!tunnel->a || !tunnel->b) {
        return false;
    }
    tunnel->encap = edges_encap(a, b);
    if (tunnel->encap == ENCAP_N) {
        VLOG_WARN("clouds %s and %s have no encapsulation in common",
                  a->row.name, b->row.name);
        return false;
    }
    return true;
}

static bool
tunnel_equals(const struct nethvrec_tunnel *row,
              const struct wanted_tunnel *tunnel)
{
    return uuid_equals(&row->a, &tunnel->a->row.uuid)
           && uuid_equals(&row->b, &tunnel->b->row.uuid)
           && !strcmp(row->encap, encap_name(tunnel->encap));
}

static void
write_tunnel(struct db *db, const struct wanted_tunnel *tunnel,
             struct ovsdb_idl_txn *txn)
{
    const struct nethvrec_tunnel *row;

    NETHVREC_TUNNEL_FOR_EACH (row, db_idl(db)) {
        if (tunnel_equals(row, tunnel)) {
            return;
        }
    }
    row = nethvrec_tunnel_insert(txn);
    nethvrec_tunnel_set_a(row, tunnel->a->row.uuid);
    nethvrec_tunnel_set_b(row, tunnel->b->row.uuid);
    nethvrec_tunnel_set_encap(row, encap_name(tunnel->encap));
}

/* Writes the tunnels of all plans. */
static void
write_tunnels(const struct plant *plant, struct db *db,
              struct ovsdb_idl_txn *txn)
{
    const struct nethvrec_edge *edge_row;
    const struct nethvrec_tunnel *row, *next;
    struct wanted_tunnel *wanted = NULL;
    size_t n = 0, allocated = 0;

    NETHVREC_EDGE_FOR_EACH (edge_row, db_idl(db)) {
        struct tree_edge edge;
        if (n >= allocated) {
            wanted = x2nrealloc(wanted, &allocated, sizeof *wanted);
        }
        n += edge_from_row(plant->model, edge_row, &edge)
             && wanted_tunnel(plant->model, &edge, &wanted[n]);
    }
    NETHVREC_TUNNEL_FOR_EACH_SAFE (row, next, db_idl(db)) {
        bool found = false;
        for (size_t i = 0; i < n; i++) {
            found |= tunnel_equals(row, &wanted[i]);
        }
        if (!found) {
            nethvrec_tunnel_delete(row);
        }
    }
    for (size_t i = 0; i < n; i++) {
        write_tunnel(db, &wanted[i], txn);
    }
    free(wanted);
}

/* Returns whether the plan to come cannot be prepared as long as the view of the
 * gateways stays as it is: then it should have another slot. */
static bool
is_blocked(const struct plant *plant, const struct repair_outcome *outcome,
           long long int now)
{
    return plant->preparing && now - plant->since >= BLOCKED_MSEC
           && outcome && outcome->ready
           && (outcome->next - plant->next) % 2;
}

/* Writes a plan if another one is wanted, or the same again. */
static void
plan(struct plant *plant, struct db *db, struct ovsdb_idl_txn *txn,
     const struct repair_outcome *outcome, long long int now)
{
    struct tree_plan *wanted = xmalloc(sizeof *wanted);
    int64_t current = in_force(db);

    compute(plant, db, wanted);
    plant->dirty = false;
    if (!wanted->tree.n && !wanted->standbys.n) {
        /* No rows say it, but gateways wait for the first plan. */
        delete_others(db, 0, 0);
        if (!current) {
            put_in_force(plant, db, 1, txn);
        }
    } else if (current && is_planned(plant, db, wanted, current)) {
        delete_others(db, current, current);
    } else if (!plant->preparing || is_blocked(plant, outcome, now)
               || !is_planned(plant, db, wanted, plant->next)) {
        propose(plant, db, wanted, new_number(db, outcome), now, txn);
    }
    free(wanted);
}

void
plant_write(struct plant *plant, struct db *db, struct ovsdb_idl_txn *txn,
            const struct repair_outcome *outcome, long long int now)
{
    if (!nethvrec_global_first(db_idl(db))) {
        return;
    }
    find_next(plant, db, now);
    bool late = plant->preparing && now - plant->since >= PREPARE_MSEC;
    if (late) {
        plant->since = now;
    }
    plant->dirty |= judge_apart(plant, outcome, late)
                    || is_blocked(plant, outcome, now);
    if (plant->dirty) {
        plan(plant, db, txn, outcome, now);
        find_next(plant, db, now);
    }
    if (plant->preparing
        && all_have_prepared(plant, db, outcome, plant->next)) {
        put_in_force(plant, db, plant->next, txn);
        plant->preparing = false;
    }
    write_tunnels(plant, db, txn);
}
