/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "compile/internal.h"
#include "nethv/wire.h"
#include "openvswitch/ofp-actions.h"
#include "packets.h"

/* Floods of a virtual switch.
 *
 * At the source host the frame goes to the switch's endpoints on this host,
 * once to the wire with the switch's flood group as its key, and over the links
 * of the spanning tree to the next switches.  On the wire the source host
 * replicates to the hosts of its cloud that have ports of the switch and to the
 * gateway; gateways replicate along the tree of clouds (tree.c) and in their
 * own clouds. */

/* Copies in one rule.  Wider fan-outs go on in further rules of the stage, by
 * field PART; the limits are Open vSwitch's: 64 kB of actions in a message. */
#define COPIES_MAX 512

struct fanout {
    struct emit *e;
    enum stage stage;
    uint16_t priority;
    void (*match)(struct emit *, const void *aux);
    const void *aux;
    uint32_t part;
    size_t n;
};

static void
fanout_begin_part(struct fanout *fan)
{
    emit_begin(fan->e, fan->stage, fan->priority);
    fan->match(fan->e, fan->aux);
    match_field(fan->e, FIELD_PART, fan->part);
    fan->n = 0;
}

/* Makes room for one more copy. */
static void
fanout_next(struct fanout *fan)
{
    if (++fan->n > COPIES_MAX) {
        act_load(fan->e, FIELD_PART, ++fan->part);
        act_resubmit(fan->e, fan->stage);
        emit_end(fan->e);
        fanout_begin_part(fan);
        fan->n = 1;
    }
}

static void
fanout_end(struct fanout *fan)
{
    if (fan->part) {
        act_load(fan->e, FIELD_PART, 0);
    }
    emit_end(fan->e);
}

/* Where a switch has ports, as a host sees it. */
struct spread {
    uint32_t *locals;               /* Locations of ports on this host. */
    size_t n_locals;
    uint32_t *hosts;                /* Other hosts of this cloud. */
    size_t n_hosts;
    bool wan;                       /* Also in other clouds. */
};

static int
compare_uint32(const void *a_, const void *b_)
{
    const uint32_t *a = a_;
    const uint32_t *b = b_;
    return *a < *b ? -1 : *a > *b;
}

static void
spread_add_locals(struct spread *s, const struct compiler *c,
                  const struct vswitch *sw)
{
    const struct home *home = homes_find(c, &sw->network->row.uuid);
    const struct endpoint *ep;

    if (!home) {
        return;
    }
    s->locals = xmalloc(ovs_list_size(&home->endpoints) * sizeof *s->locals);
    LIST_FOR_EACH (ep, home_node, &home->endpoints) {
        const struct model_row *row = model_find(c->model, MODEL_PORT,
                                                 &ep->port);
        if (!row) {
            continue;
        }
        const struct vport *port = CONTAINER_OF(row, struct vport, row);
        if (port->vswitch == sw && vport_ready(port)
            && compiler_ofport(c, port)) {
            s->locals[s->n_locals++] = port->binding->location;
        }
    }
    qsort(s->locals, s->n_locals, sizeof *s->locals, compare_uint32);
}

static void
spread_init(struct spread *s, const struct compiler *c,
            const struct vswitch *sw)
{
    const struct presence *presence;

    memset(s, 0, sizeof *s);
    spread_add_locals(s, c, sw);
    s->hosts = xmalloc(hmap_count(&sw->hosts) * sizeof *s->hosts);
    HMAP_FOR_EACH (presence, node, &sw->hosts) {
        uint32_t cloud = nethv_location_cloud(presence->location);
        if (cloud != c->cloud) {
            s->wan = true;
        } else if (presence->location != c->self) {
            s->hosts[s->n_hosts++] = presence->location;
        }
    }
    qsort(s->hosts, s->n_hosts, sizeof *s->hosts, compare_uint32);
}

static void
spread_uninit(struct spread *s)
{
    free(s->locals);
    free(s->hosts);
}

static void
match_switch(struct emit *e, const void *sw_)
{
    const struct vswitch *sw = sw_;
    match_field(e, FIELD_SWITCH, sw->group);
}

static void
fan_to_ports(struct fanout *fan, const struct spread *s)
{
    for (size_t i = 0; i < s->n_locals; i++) {
        fanout_next(fan);
        act_load(fan->e, FIELD_KEY, s->locals[i]);
        act_resubmit(fan->e, STAGE_DELIVER);
    }
}

static void
fan_to_links(struct fanout *fan, const struct vswitch *sw)
{
    const struct vlink_end *end;

    LIST_FOR_EACH (end, switch_node, &sw->ends) {
        const struct vlink *link = end->link;
        if (!link->row.present || !topology_on_tree(link)) {
            continue;
        }
        const struct vswitch *peer = link->ends[end == &link->ends[0]].vswitch;
        fanout_next(fan);
        act_load(fan->e, FIELD_NEXT, peer->group);
        size_t clone = link->bandwidth ? act_copy_begin(fan->e)
                                       : act_clone_begin(fan->e);
        act_load(fan->e, FIELD_PART, 0);
        act_resubmit(fan->e, STAGE_LINK);
        act_clone_end(fan->e, clone);
    }
}

/* At the source host. */
static void
emit_flood_source(struct emit *e, const struct vswitch *sw,
                  const struct spread *s)
{
    struct fanout fan = {
        .e = e, .stage = STAGE_FLOOD, .priority = 100,
        .match = match_switch, .aux = sw,
    };

    fanout_begin_part(&fan);
    fan_to_ports(&fan, s);
    if (s->n_hosts || s->wan) {
        fanout_next(&fan);
        act_load(e, FIELD_KEY, nethv_flood_key(sw->group));
        size_t clone = act_copy_begin(e);
        act_load(e, FIELD_PART, 0);
        act_resubmit(e, STAGE_SIZE);
        act_clone_end(e, clone);
    }
    act_load(e, FIELD_KEY, 0);
    fan_to_links(&fan, sw);
    fanout_end(&fan);
}

static void
match_arrived(struct emit *e, const void *sw_)
{
    const struct vswitch *sw = sw_;
    match_field(e, FIELD_TAG, sw->network->tag);
    match_field_masked(e, FIELD_KEY, nethv_flood_key(sw->group),
                       NETHV_LOCATION_MASK);
}

/* KEY changes with every copy, so the copies are made where SWITCH says for
 * whom. */
static void
match_arrived_part(struct emit *e, const void *sw_)
{
    const struct vswitch *sw = sw_;
    match_field(e, FIELD_TAG, sw->network->tag);
    match_field(e, FIELD_REMOTE, 1);
    match_field(e, FIELD_SWITCH, sw->group);
}

/* At a destination host: from the wire to the endpoints here. */
static void
emit_flood_arrived(struct emit *e, const struct vswitch *sw,
                   const struct spread *s)
{
    struct fanout fan = {
        .e = e, .stage = STAGE_FLOOD, .priority = 200,
        .match = match_arrived_part, .aux = sw,
    };

    fanout_begin_part(&fan);
    fan_to_ports(&fan, s);
    fanout_end(&fan);

    /* The source of a whole frame is learned, if it can be a source. */
    bool learning = sw->mode == SWITCH_LEARNING;
    for (int whole = 0; whole <= learning; whole++) {
        emit_begin(e, STAGE_ARRIVED, 100 + whole * 10);
        match_arrived(e, sw);
        if (whole) {
            static const struct eth_addr group = ETH_ADDR_C(01,00,00,00,00,00);
            match_field(e, FIELD_WHOLE, 1);
            match_set_dl_src_masked(&e->match, eth_addr_zero, group);
            act_load(e, FIELD_DOMAIN, topology_domain(sw));
            act_learn(e);
        }
        act_load(e, FIELD_SWITCH, sw->group);
        act_resubmit(e, STAGE_FLOOD);
        emit_end(e);
    }
}

static void
emit_flood_landed(const struct compiler *c, struct emit *e,
                  const struct vswitch *sw, const struct spread *s)
{
    emit_begin(e, STAGE_LANDED, 150);
    match_arrived(e, sw);
    if (compiler_is_gateway(c)) {
        size_t clone = act_clone_begin(e);
        act_resubmit(e, STAGE_REACH);
        act_clone_end(e, clone);
    }
    if (s->n_locals) {
        act_restore(e);
    }
    emit_end(e);

    emit_begin(e, STAGE_LANDED, 140);
    match_field_masked(e, FIELD_KEY, nethv_flood_key(sw->group),
                       NETHV_LOCATION_MASK);
    act_drop(e, DROP_FOREIGN);
    emit_end(e);
}

/* A flood's way over the wire from here.  -1: does not matter. */
struct flood_reach {
    const struct vswitch *sw;
    int remote;
    int wan;
};

static void
match_reach(struct emit *e, const void *reach_)
{
    const struct flood_reach *reach = reach_;

    if (reach->remote >= 0) {
        match_field(e, FIELD_REMOTE, reach->remote);
    }
    if (reach->wan >= 0) {
        match_field(e, FIELD_WAN, reach->wan);
    }
    match_field_masked(e, FIELD_KEY, nethv_flood_key(reach->sw->group),
                       NETHV_LOCATION_MASK);
}

static void
fan_to_host(struct fanout *fan, uint32_t location)
{
    fanout_next(fan);
    act_load(fan->e, FIELD_HOP, location);
    act_resubmit(fan->e, STAGE_HOP);
}

/* On a host that is not the gateway.  The gateway gets one copy, whether as a
 * host or for other clouds; in mode tree it serves the hosts as well. */
static void
emit_reach_host(const struct compiler *c, struct emit *e,
                const struct vswitch *sw, const struct spread *s)
{
    struct flood_reach reach = { .sw = sw, .remote = -1, .wan = -1 };
    struct fanout fan = {
        .e = e, .stage = STAGE_REACH, .priority = 100,
        .match = match_reach, .aux = &reach,
    };
    bool tree = c->fabric.mode == CLOUD_TREE;

    fanout_begin_part(&fan);
    for (size_t i = 0; i < s->n_hosts && !tree; i++) {
        if (s->hosts[i] != c->fabric.gateway) {
            fan_to_host(&fan, s->hosts[i]);
        }
    }
    bool to_gateway = s->wan || tree;
    for (size_t i = 0; i < s->n_hosts; i++) {
        to_gateway |= s->hosts[i] == c->fabric.gateway;
    }
    if (to_gateway && c->fabric.gateway) {
        fan_to_host(&fan, c->fabric.gateway);
    }
    fanout_end(&fan);
}

/* On the gateway, for frames that come as 'reach' says. */
static void
emit_reach_gateway(const struct compiler *c, struct emit *e,
                   const struct flood_reach *reach, const struct spread *s,
                   bool to_hosts)
{
    struct fanout fan = {
        .e = e, .stage = STAGE_REACH, .priority = 100,
        .match = match_reach, .aux = reach,
    };

    fanout_begin_part(&fan);
    for (size_t i = 0; i < s->n_hosts && to_hosts; i++) {
        fan_to_host(&fan, s->hosts[i]);
    }
    if (s->wan || reach->wan) {
        act_resubmit(e, STAGE_TREE);
    }
    fanout_end(&fan);
}

static void
emit_reach_flood(const struct compiler *c, struct emit *e,
                 const struct vswitch *sw, const struct spread *s)
{
    if (!compiler_is_gateway(c)) {
        emit_reach_host(c, e, sw, s);
        return;
    }

    struct flood_reach own = { sw, 0, 0 };
    struct flood_reach cloud = { sw, 1, 0 };
    struct flood_reach wan = { sw, 1, 1 };
    emit_reach_gateway(c, e, &own, s, true);
    emit_reach_gateway(c, e, &cloud, s, c->fabric.mode == CLOUD_TREE);
    emit_reach_gateway(c, e, &wan, s, true);
}

void
emit_flood(const struct compiler *c, struct emit *e,
           const struct model_row *row)
{
    const struct vswitch *sw = CONTAINER_OF(row, struct vswitch, row);
    struct spread spread;

    if (!vswitch_ready(sw)) {
        return;
    }
    spread_init(&spread, c, sw);
    if (compiler_is_home(c, sw->network)) {
        emit_flood_source(e, sw, &spread);
    }
    emit_reach_flood(c, e, sw, &spread);
    if (spread.n_locals || compiler_is_gateway(c)) {
        emit_flood_landed(c, e, sw, &spread);
    }
    if (spread.n_locals) {
        emit_flood_arrived(e, sw, &spread);
    }
    spread_uninit(&spread);
}
