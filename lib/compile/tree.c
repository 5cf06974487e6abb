/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "bitmap.h"
#include "compile/internal.h"
#include "flow.h"
#include "nethv/wire.h"
#include "util.h"

/* Between clouds, on a gateway: along the tree that a frame is stamped with.
 *
 * A frame of this cloud is stamped here; one from another cloud's gateway is
 * accepted if its source lies behind that in the tree of its stamp.  Either way
 * field TREE gets the tree's number, by which stage TREE finds the next edges.
 * Floods go by all edges, except those of switches whose pruned rules for that
 * number are there.  So pruned rules that are left from another tree with the
 * same bits do no harm, and a change of tree need not wait for them. */

BUILD_ASSERT_DECL(FABRIC_TREES == 4
                  && ROLE_TREE_3 == ROLE_TREE_0 + FABRIC_TREES - 1);

void
fabric_clear_trees(struct fabric *f)
{
    memset(f->trees, 0, sizeof f->trees);
    for (size_t i = 0; i < FABRIC_TREES; i++) {
        memset(f->trees[i].edge, FABRIC_NO_EDGE, sizeof f->trees[i].edge);
    }
}

uint32_t
fabric_way(const struct fabric *f, size_t i, uint8_t cloud)
{
    const struct fabric_tree *tree = &f->trees[i];
    uint8_t edge = tree->edge[cloud];

    return tree->number && edge < f->n_edges ? f->edges[edge].ofport : 0;
}

/* Sends a copy by each edge of tree 'i' of the fabric behind which lies one of
 * 'clouds' (a bitmap by cloud id), or if that is NULL by each edge of it. */
static void
act_edges(struct emit *e, const struct fabric *f, size_t i,
          const unsigned long *clouds)
{
    for (size_t edge = 0; edge < f->n_edges; edge++) {
        for (uint32_t cloud = 1; cloud <= NETHV_CLOUD_MAX; cloud++) {
            if (f->trees[i].edge[cloud] == edge
                && (!clouds || bitmap_is_set(clouds, cloud))) {
                act_out(e, f->edges[edge].ofport);
                break;
            }
        }
    }
}

/* Frames from 'cloud' come by its edge, and those for it leave by that. */
static void
emit_way(struct emit *e, const struct fabric *f, size_t i, uint8_t cloud)
{
    uint32_t ofport = fabric_way(f, i, cloud);

    emit_begin(e, STAGE_ACCEPT, 100);
    match_set_in_port(&e->match, u16_to_ofp(ofport));
    match_field_masked(e, FIELD_KEY, i, NETHV_TREE_MASK);
    match_eth_src(e, nethv_location(cloud, 0, 0), NETHV_CLOUD_MASK);
    act_load(e, FIELD_WAN, 1);
    act_load(e, FIELD_TREE, f->trees[i].number);
    act_resubmit(e, STAGE_LANDED);
    emit_end(e);

    emit_begin(e, STAGE_TREE, 100);
    match_field(e, FIELD_TREE, f->trees[i].number);
    match_field_masked(e, FIELD_KEY, nethv_location(cloud, 0, 0),
                       NETHV_CLOUD_MASK);
    act_out(e, ofport);
    emit_end(e);
}

static void
emit_tree(const struct compiler *c, struct emit *e, size_t i)
{
    const struct fabric *f = &c->fabric;

    if (!compiler_is_gateway(c) || !f->trees[i].number) {
        return;
    }
    for (uint32_t cloud = 1; cloud <= NETHV_CLOUD_MAX; cloud++) {
        if (fabric_way(f, i, cloud)) {
            emit_way(e, f, i, cloud);
        }
    }
    emit_begin(e, STAGE_TREE, 50);
    match_field(e, FIELD_TREE, f->trees[i].number);
    match_field_masked(e, FIELD_KEY, nethv_flood_key(0), NETHV_CLOUD_MASK);
    act_edges(e, f, i, NULL);
    emit_end(e);
}

#define EMIT_TREE(I)                                                          \
    void                                                                      \
    emit_tree_##I(const struct compiler *c, struct emit *e,                   \
                  const struct model_row *row OVS_UNUSED)                     \
    {                                                                         \
        emit_tree(c, e, I);                                                   \
    }
EMIT_TREE(0)
EMIT_TREE(1)
EMIT_TREE(2)
EMIT_TREE(3)
#undef EMIT_TREE

void
emit_stamp(const struct compiler *c, struct emit *e,
           const struct model_row *row OVS_UNUSED)
{
    const struct fabric *f = &c->fabric;
    uint32_t number = f->trees[f->stamp].number;

    if (!compiler_is_gateway(c) || !number) {
        return;
    }
    emit_begin(e, STAGE_TREE, 200);
    match_field(e, FIELD_TREE, 0);
    act_text(e, "load:%u->NXM_NX_REG%d[0..1]", f->stamp,
             pipeline_fields[FIELD_KEY].reg);
    act_load(e, FIELD_TREE, number);
    act_resubmit(e, STAGE_TREE);
    emit_end(e);
}

/* Only for the tree that is stamped: in the others are frames that are under
 * way while it changes. */
void
emit_prune(const struct compiler *c, struct emit *e,
           const struct model_row *row)
{
    const struct vswitch *sw = CONTAINER_OF(row, struct vswitch, row);
    const struct fabric *f = &c->fabric;
    const struct presence *presence;

    if (!compiler_is_gateway(c) || !f->trees[f->stamp].number
        || !vswitch_ready(sw)) {
        return;
    }
    unsigned long *clouds = bitmap_allocate(NETHV_CLOUD_FLOOD + 1);
    HMAP_FOR_EACH (presence, node, &sw->hosts) {
        bitmap_set1(clouds, nethv_location_cloud(presence->location));
    }
    emit_begin(e, STAGE_TREE, 150);
    match_field(e, FIELD_TREE, f->trees[f->stamp].number);
    match_field_masked(e, FIELD_KEY, nethv_flood_key(sw->group),
                       NETHV_LOCATION_MASK);
    act_edges(e, f, f->stamp, clouds);
    emit_end(e);
    free(clouds);
}
