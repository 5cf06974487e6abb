/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/plant.h"

#include <math.h>

#include "gateway/candidates.h"
#include "gateway/edges.h"
#include "lib/nethv-idl.h"
#include "model.h"
#include "nethv/wire.h"
#include "openvswitch/vlog.h"
#include "ovs/db.h"
#include "tree.h"
#include "util.h"
#include "uuid.h"

VLOG_DEFINE_THIS_MODULE(plant);

struct plant {
    struct model *model;
    struct model_observer observer;
    bool pending;
};

static void
on_change(struct model_observer *observer, const struct model_row *row)
{
    struct plant *plant = CONTAINER_OF(observer, struct plant, observer);

    if (row->kind == MODEL_CLOUD || row->kind == MODEL_CLOUD_LINK
        || row->kind == MODEL_HOST) {
        plant->pending = true;
    }
}

struct plant *
plant_create(struct model *model)
{
    struct plant *plant = xzalloc(sizeof *plant);

    plant->model = model;
    plant->pending = true;
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
        free(plant);
    }
}

bool
plant_pending(const struct plant *plant)
{
    return plant->pending;
}

static void
compute(const struct model *model, struct tree *tree)
{
    struct tree_edge *candidates;
    size_t n;

    candidates_collect(model, &candidates, &n);
    tree_compute(tree, candidates, n);
    free(candidates);
}

static const struct tree_edge *
tree_find(const struct model *model, const struct tree *tree,
          const struct nethvrec_edge *row)
{
    for (size_t i = 0; i < tree->n; i++) {
        const struct tree_edge *edge = &tree->edges[i];
        if (uuid_equals(&row->a, &model_cloud_by_id(model, edge->a)->row.uuid)
            && uuid_equals(&row->b,
                           &model_cloud_by_id(model, edge->b)->row.uuid)) {
            return edge;
        }
    }
    return NULL;
}

static double
edge_cost(const struct tree_edge *edge)
{
    /* JSON has no infinity: an unknown cost is written as 0. */
    return isinf(edge->weight) ? 0 : edge->weight;
}

/* Returns whether the database has exactly 'tree'.  Costs that have changed
 * without changing the tree are written without a new number. */
static bool
tree_is_written(const struct plant *plant, struct db *db,
                const struct tree *tree)
{
    const struct nethvrec_edge *row;
    size_t n = 0;

    NETHVREC_EDGE_FOR_EACH (row, db_idl(db)) {
        const struct tree_edge *edge = tree_find(plant->model, tree, row);
        if (!edge) {
            return false;
        }
        if (row->cost != edge_cost(edge)) {
            nethvrec_edge_set_cost(row, edge_cost(edge));
        }
        n++;
    }
    return n == tree->n;
}

static void
write_edges(const struct plant *plant, struct db *db,
            const struct tree *tree, int64_t number,
            struct ovsdb_idl_txn *txn)
{
    const struct nethvrec_edge *row, *next;

    NETHVREC_EDGE_FOR_EACH_SAFE (row, next, db_idl(db)) {
        nethvrec_edge_delete(row);
    }
    for (size_t i = 0; i < tree->n; i++) {
        const struct tree_edge *edge = &tree->edges[i];
        row = nethvrec_edge_insert(txn);
        nethvrec_edge_set_a(row, model_cloud_by_id(plant->model,
                                                   edge->a)->row.uuid);
        nethvrec_edge_set_b(row, model_cloud_by_id(plant->model,
                                                   edge->b)->row.uuid);
        nethvrec_edge_set_role(row, "tree");
        nethvrec_edge_set_tree(row, number);
        nethvrec_edge_set_cost(row, edge_cost(edge));
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

static void
write_tunnels(const struct plant *plant, struct db *db,
              const struct tree *tree, struct ovsdb_idl_txn *txn)
{
    const struct nethvrec_tunnel *row, *next;
    struct wanted_tunnel wanted[TREE_EDGES_MAX];
    size_t n = 0;

    for (size_t i = 0; i < tree->n; i++) {
        n += wanted_tunnel(plant->model, &tree->edges[i], &wanted[n]);
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
}

void
plant_write(struct plant *plant, struct db *db, struct ovsdb_idl_txn *txn)
{
    const struct nethvrec_global *global = nethvrec_global_first(db_idl(db));
    struct tree *tree = xmalloc(sizeof *tree);

    compute(plant->model, tree);
    /* The first tree is written even if it has no edges: gateways wait for
     * it. */
    plant->pending = !global || !global->tree
                     || !tree_is_written(plant, db, tree);
    if (global && plant->pending) {
        int64_t number = global->tree + 1;
        VLOG_INFO("tree %"PRId64" with %"PRIuSIZE" edges", number, tree->n);
        write_edges(plant, db, tree, number, txn);
        nethvrec_global_set_tree(global, number);
    }
    write_tunnels(plant, db, tree, txn);
    free(tree);
}
