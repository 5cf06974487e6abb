/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/edges.h"

#include "handover.h"
#include "lib/nethv-idl.h"
#include "model.h"
#include "ovs/db.h"
#include "nethv/wire.h"
#include "packets.h"
#include "tree.h"
#include "util.h"
#include "uuid.h"

static const struct host *
find_host(const struct model *model, const struct uuid *uuid)
{
    const struct model_row *row = model_find(model, MODEL_HOST, uuid);
    return row ? CONTAINER_OF(row, struct host, row) : NULL;
}

static const struct cloud *
find_cloud(const struct model *model, const struct uuid *uuid)
{
    const struct model_row *row = model_find(model, MODEL_CLOUD, uuid);
    return row ? CONTAINER_OF(row, struct cloud, row) : NULL;
}

static int
compare_edges(const void *a_, const void *b_)
{
    const struct handover_edge *a = a_, *b = b_;
    return a->cloud < b->cloud ? -1 : a->cloud > b->cloud;
}

/* The tunnels that end at 'self', in the order of the clouds: rules follow
 * that order, and another gateway process must not change them. */
static void
add_edges(struct db *db, const struct model *model, const struct host *self,
          struct handover *handover)
{
    const struct nethvrec_tunnel *row;

    NETHVREC_TUNNEL_FOR_EACH (row, db_idl(db)) {
        bool is_a = uuid_equals(&row->a, &self->row.uuid);
        bool is_b = uuid_equals(&row->b, &self->row.uuid);
        const struct host *peer = is_a ? find_host(model, &row->b)
                                : is_b ? find_host(model, &row->a) : NULL;
        enum encap encap;

        if (peer && peer->cloud->row.present
            && !ipv6_is_zero(&peer->public_ip)
            && encap_from_name(row->encap, &encap)
            && handover->n_edges < ARRAY_SIZE(handover->edges)) {
            struct handover_edge *edge = &handover->edges[handover->n_edges++];
            edge->cloud = peer->cloud->id;
            edge->encap = encap;
            edge->remote_ip = peer->public_ip;
        }
    }
    qsort(handover->edges, handover->n_edges, sizeof *handover->edges,
          compare_edges);
}

static void
add_tree(struct db *db, const struct model *model, uint8_t cloud,
         struct handover *handover)
{
    const struct nethvrec_global *global = nethvrec_global_first(db_idl(db));
    const struct nethvrec_edge *row;
    struct tree tree = { .n = 0 };

    if (!global || !global->tree) {
        return;
    }
    NETHVREC_EDGE_FOR_EACH (row, db_idl(db)) {
        const struct cloud *a = find_cloud(model, &row->a);
        const struct cloud *b = find_cloud(model, &row->b);
        if (a && b && row->tree == global->tree && !strcmp(row->role, "tree")
            && tree.n < TREE_EDGES_MAX) {
            tree.edges[tree.n++] = (struct tree_edge) { a->id, b->id, 0 };
        }
    }
    handover->stamp = global->tree & NETHV_TREE_MASK;
    struct handover_tree *handed = &handover->trees[handover->stamp];
    handed->number = global->tree;
    tree_next_hops(&tree, cloud, handed->via);
}

uint8_t
edges_handover(struct db *db, const struct model *model,
               const char *host_name, const struct handover *previous,
               struct handover *handover)
{
    const struct model_row *row = model_find_name(model, MODEL_HOST,
                                                  host_name);

    memset(handover, 0, sizeof *handover);
    if (!row) {
        return 0;
    }
    const struct host *self = CONTAINER_OF(row, struct host, row);
    add_edges(db, model, self, handover);
    if (previous) {
        memcpy(handover->trees, previous->trees, sizeof handover->trees);
    }
    add_tree(db, model, self->cloud->id, handover);
    return self->cloud->id;
}
