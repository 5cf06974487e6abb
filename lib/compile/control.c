/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "compile/internal.h"
#include "control-frame.h"
#include "flow.h"
#include "nethv/wire.h"
#include "packets.h"

/* Control frames: those of nethv itself, with tag 0. */

void
compiler_control_actions(uint32_t to, struct ofpbuf *actions)
{
    struct emit e;

    emit_init(&e, NULL, 0);
    act_load(&e, FIELD_KEY, to);
    act_resubmit(&e, STAGE_REACH);
    ofpbuf_put(actions, e.actions.data, e.actions.size);
    emit_uninit(&e);
}

void
compiler_edge_actions(uint8_t cloud, uint32_t ofport, struct ofpbuf *actions)
{
    struct emit e;

    emit_init(&e, NULL, 0);
    act_load(&e, FIELD_KEY, nethv_location(cloud, 0, 0));
    act_out(&e, ofport);
    ofpbuf_put(actions, e.actions.data, e.actions.size);
    emit_uninit(&e);
}

void
compiler_filler_actions(uint8_t cloud, uint32_t ofport, unsigned int n,
                        struct ofpbuf *actions)
{
    struct emit e;

    emit_init(&e, NULL, 0);
    act_load(&e, FIELD_KEY, control_filler_key(cloud));
    for (unsigned int i = 0; i < n; i++) {
        act_out(&e, ofport);
    }
    ofpbuf_put(actions, e.actions.data, e.actions.size);
    emit_uninit(&e);
}

void
compiler_resume_actions(const struct flow *metadata, uint8_t table,
                        struct ofpbuf *actions)
{
    struct emit e;

    emit_init(&e, NULL, 0);
    for (size_t i = 0; i < FLOW_N_REGS; i++) {
        if (metadata->regs[i]) {
            act_text(&e, "load:%"PRIu32"->NXM_NX_REG%"PRIuSIZE"[]",
                     metadata->regs[i], i);
        }
    }
    if (metadata->tunnel.ip_dst) {
        act_text(&e, "set_field:"IP_FMT"->tun_dst",
                 IP_ARGS(metadata->tunnel.ip_dst));
    } else if (ipv6_addr_is_set(&metadata->tunnel.ipv6_dst)) {
        char ip[INET6_ADDRSTRLEN];
        inet_ntop(AF_INET6, &metadata->tunnel.ipv6_dst, ip, sizeof ip);
        act_text(&e, "set_field:%s->tun_ipv6_dst", ip);
    }
    act_resubmit(&e, table);
    ofpbuf_put(actions, e.actions.data, e.actions.size);
    emit_uninit(&e);
}

static void
act_punt_control(struct emit *e)
{
    act_punt(e, CONTROL_METER, COMPILE_PUNT_CONTROL,
             CONTROL_FRAME_MAX + CONTROL_WHOLE_LEN);
}

/* What the gateways of neighbouring clouds say to each other goes through the
 * tunnel between them, whether any tree does or not. */
static void
emit_edge_control(struct emit *e, const struct fabric_edge *edge,
                  uint16_t type)
{
    emit_begin(e, STAGE_ACCEPT, 300);
    match_set_in_port(&e->match, u16_to_ofp(edge->ofport));
    match_field(e, FIELD_TAG, 0);
    match_eth_src(e, nethv_location(edge->cloud, 0, 0), NETHV_CLOUD_MASK);
    match_set_dl_type(&e->match, htons(type));
    act_punt_control(e);
    emit_end(e);
}

/* What fills that tunnel to measure it has been of use once it is there. */
static void
emit_edge_fillers(const struct compiler *c, struct emit *e,
                  const struct fabric_edge *edge)
{
    emit_begin(e, STAGE_ACCEPT, 310);
    match_set_in_port(&e->match, u16_to_ofp(edge->ofport));
    match_field(e, FIELD_TAG, 0);
    match_field(e, FIELD_KEY, control_filler_key(c->cloud));
    match_eth_src(e, nethv_location(edge->cloud, 0, 0), NETHV_CLOUD_MASK);
    act_drop(e, DROP_FILLER);
    emit_end(e);
}

/* Tag 0 is nethv's own.  Where a tunnel has no room for a key, control frames
 * come whole and the agent takes them out. */
void
emit_control(const struct compiler *c, struct emit *e)
{
    static const uint16_t types[] = { CONTROL_ETH_TYPE, ETH_TYPE_NSH };

    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        emit_begin(e, STAGE_LANDED, 300);
        match_field(e, FIELD_TAG, 0);
        match_field_masked(e, FIELD_KEY, c->self, NETHV_LOCATION_MASK);
        match_set_dl_type(&e->match, htons(types[i]));
        act_punt_control(e);
        emit_end(e);

        /* In mode tree one host reaches another through the gateway. */
        if (compiler_is_gateway(c) && c->fabric.mode == CLOUD_TREE) {
            emit_begin(e, STAGE_LANDED, 290);
            match_field(e, FIELD_TAG, 0);
            match_field(e, FIELD_WAN, 0);
            match_field_masked(e, FIELD_KEY, nethv_location(c->cloud, 0, 0),
                               NETHV_CLOUD_MASK);
            match_set_dl_type(&e->match, htons(types[i]));
            act_resubmit(e, STAGE_REACH);
            emit_end(e);
        }
    }
    for (size_t i = 0; i < c->fabric.n_edges; i++) {
        for (size_t j = 0; j < ARRAY_SIZE(types); j++) {
            emit_edge_control(e, &c->fabric.edges[i], types[j]);
        }
        emit_edge_fillers(c, e, &c->fabric.edges[i]);
    }
    emit_begin(e, STAGE_LANDED, 280);
    match_field(e, FIELD_TAG, 0);
    act_drop(e, DROP_CONTROL);
    emit_end(e);

    /* From nobody that is known. */
    emit_begin(e, STAGE_ACCEPT, 10);
    match_field(e, FIELD_TAG, 0);
    act_drop(e, DROP_CONTROL);
    emit_end(e);
}
