/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "compile/internal.h"
#include "flow.h"
#include "nethv/wire.h"
#include "packets.h"

/* Tunnels and hosts: which frames are accepted from where, and by which tunnel
 * a key leaves. */

/* A tunnel port as a source of frames: the key goes into its field. */
static void
emit_tunnel_in(struct emit *e, uint32_t ofport, enum encap encap)
{
    static const char *const key[ENCAP_N] = {
        [ENCAP_GRE] = "NXM_NX_TUN_ID[0..31]",
        [ENCAP_GENEVE] = "NXM_NX_TUN_METADATA0[0..31]",
        [ENCAP_VXLAN] = "NXM_OF_ETH_DST[0..31]",
    };

    emit_begin(e, STAGE_CLASSIFY, 100);
    match_set_in_port(&e->match, u16_to_ofp(ofport));
    act_load(e, FIELD_REMOTE, 1);
    act_text(e, "move:%s->%s,move:NXM_OF_ETH_SRC[32..47]->%s", key[encap],
             FIELD_TEXT(KEY), FIELD_TEXT(TAG));
    act_resubmit(e, STAGE_ACCEPT);
    emit_end(e);
}

static void
emit_out_gre(struct emit *e, uint32_t ofport, uint8_t version OVS_UNUSED)
{
    emit_begin(e, STAGE_ENCAP, 100);
    match_field(e, FIELD_OUT, ofport);
    act_text(e, "set_field:0->tun_id,move:%s->NXM_NX_TUN_ID[0..31]",
             FIELD_TEXT(KEY));
    act_output(e, ofport);
    emit_end(e);
}

/* The network identifier of Geneve and VXLAN is the tag, for those who read
 * captures; nethv does not look at it. */
static void
emit_out_geneve(struct emit *e, uint32_t ofport, uint8_t version OVS_UNUSED)
{
    emit_begin(e, STAGE_ENCAP, 100);
    match_field(e, FIELD_OUT, ofport);
    act_text(e, "set_field:0->tun_id,move:%s->NXM_NX_TUN_ID[0..15],"
             "move:%s->NXM_NX_TUN_METADATA0[0..31]",
             FIELD_TEXT(TAG), FIELD_TEXT(KEY));
    act_output(e, ofport);
    emit_end(e);
}

/* VXLAN has no room for the key: only whole frames, with the key in the outer
 * destination MAC. */
static void
emit_out_vxlan(struct emit *e, uint32_t ofport, uint8_t version)
{
    emit_begin(e, STAGE_ENCAP, 110);
    match_field(e, FIELD_OUT, ofport);
    match_set_dl_type(&e->match, htons(ETH_TYPE_NSH));
    act_text(e, "set_field:0->tun_id,move:%s->NXM_NX_TUN_ID[0..15],"
             "clone(move:%s->NXM_OF_ETH_DST[32..47],"
             "move:%s->NXM_OF_ETH_DST[0..31],output:%u)",
             FIELD_TEXT(TAG), FIELD_TEXT(TAG), FIELD_TEXT(KEY), ofport);
    emit_end(e);

    emit_begin(e, STAGE_ENCAP, 100);
    match_field(e, FIELD_OUT, ofport);
    act_text(e, "set_field:0->tun_id,move:%s->NXM_NX_TUN_ID[0..15]",
             FIELD_TEXT(TAG));
    size_t clone = act_clone_begin(e);
    act_text(e, "move:NXM_OF_ETH_SRC[0..31]->%s", FIELD_TEXT(SOURCE));
    act_make_whole(e, version);
    act_output(e, ofport);
    act_clone_end(e, clone);
    emit_end(e);
}

static void
emit_tunnel(const struct compiler *c, struct emit *e, uint32_t ofport,
            enum encap encap)
{
    static void (*const out[ENCAP_N])(struct emit *, uint32_t ofport,
                                      uint8_t version) = {
        [ENCAP_GRE] = emit_out_gre,
        [ENCAP_GENEVE] = emit_out_geneve,
        [ENCAP_VXLAN] = emit_out_vxlan,
    };

    uint8_t version = compiler_wire_version(c);

    if (ofport) {
        emit_tunnel_in(e, ofport, encap);
        out[encap](e, ofport, version);
    }
    if (ofport && encap == ENCAP_VXLAN && c->fabric.tags_apart) {
        emit_begin(e, STAGE_ENCAP, 105);
        match_field(e, FIELD_OUT, ofport);
        act_punt_tagged(e, STAGE_ENCAP, version);
    }
}

void
act_out(struct emit *e, uint32_t ofport)
{
    act_load(e, FIELD_OUT, ofport);
    act_resubmit(e, STAGE_ENCAP);
}

/* What a frame from a tunnel is: for this host, or to be passed on. */
static void
emit_landed(const struct compiler *c, struct emit *e)
{
    emit_begin(e, STAGE_LANDED, 200);
    match_field_masked(e, FIELD_KEY, c->self, NETHV_HOST_MASK);
    act_restore(e);
    emit_end(e);

    if (!compiler_is_gateway(c)) {
        emit_begin(e, STAGE_LANDED, 0);
        act_drop(e, DROP_MISROUTED);
        emit_end(e);
        return;
    }

    /* In a cloud whose hosts reach each other nothing is relayed. */
    if (c->fabric.mode != CLOUD_TREE) {
        emit_begin(e, STAGE_LANDED, 90);
        match_field(e, FIELD_WAN, 0);
        match_field_masked(e, FIELD_KEY, nethv_location(c->cloud, 0, 0),
                           NETHV_CLOUD_MASK);
        act_drop(e, DROP_MISROUTED);
        emit_end(e);
    }
    emit_begin(e, STAGE_LANDED, 0);
    act_resubmit(e, STAGE_REACH);
    emit_end(e);
}

static void
emit_reach(const struct compiler *c, struct emit *e)
{
    emit_begin(e, STAGE_REACH, 100);
    match_field_masked(e, FIELD_KEY, nethv_location(c->cloud, 0, 0),
                       NETHV_CLOUD_MASK);
    act_load(e, FIELD_HOP, 0);
    act_text(e, "move:NXM_NX_REG%d[12..31]->NXM_NX_REG%d[12..31]",
             pipeline_fields[FIELD_KEY].reg, pipeline_fields[FIELD_HOP].reg);
    act_resubmit(e, STAGE_HOP);
    emit_end(e);

    if (compiler_is_gateway(c)) {
        emit_begin(e, STAGE_REACH, 10);
        act_resubmit(e, STAGE_TREE);
        emit_end(e);
    } else if (c->fabric.gateway) {
        emit_begin(e, STAGE_REACH, 10);
        act_load(e, FIELD_HOP, c->fabric.gateway);
        act_resubmit(e, STAGE_HOP);
        emit_end(e);
    }
}

/* The largest frame that an endpoint may send: its MTU, its Ethernet header and
 * two VLAN tags. */
static void
emit_size(const struct compiler *c, struct emit *e)
{
    emit_begin(e, STAGE_SIZE, 0);
    if (c->fabric.mtu) {
        act_text(e, "check_pkt_larger(%u)->NXM_NX_REG%d[%d]",
                 c->fabric.mtu + ETH_HEADER_LEN + 2 * VLAN_HEADER_LEN,
                 pipeline_fields[FIELD_BIG].reg,
                 pipeline_fields[FIELD_BIG].ofs);
    }
    act_resubmit(e, STAGE_WIRE);
    emit_end(e);
}

void
emit_fabric(const struct compiler *c, struct emit *e,
            const struct model_row *row OVS_UNUSED)
{
    const struct fabric *f = &c->fabric;

    for (enum encap encap = 0; encap < ENCAP_N; encap++) {
        emit_tunnel(c, e, f->tunnel_ofports[encap], encap);
    }
    for (size_t i = 0; i < f->n_peers; i++) {
        emit_tunnel(c, e, f->peers[i].ofport, f->peers[i].encap);
    }
    for (size_t i = 0; i < f->n_edges; i++) {
        emit_tunnel(c, e, f->edges[i].ofport, f->edges[i].encap);
    }

    emit_control(c, e);
    emit_landed(c, e);
    emit_reach(c, e);
    emit_size(c, e);
    if (f->tags_apart) {
        emit_wire_tagged(c, e);
    }
}

/* Another host of this cloud. */

static bool
has_own_port(const struct compiler *c, uint32_t ofport)
{
    for (enum encap encap = 0; encap < ENCAP_N; encap++) {
        if (c->fabric.tunnel_ofports[encap] == ofport) {
            return false;
        }
    }
    return true;
}

static void
match_from_host(struct emit *e, const struct compiler *c,
                const struct host *host, uint32_t ofport)
{
    match_set_in_port(&e->match, u16_to_ofp(ofport));
    if (has_own_port(c, ofport)) {
        return;
    }
    if (IN6_IS_ADDR_V4MAPPED(&host->encap_ip)) {
        match_set_tun_src(&e->match,
                          in6_addr_get_mapped_ipv4(&host->encap_ip));
    } else {
        match_set_tun_ipv6_src(&e->match, &host->encap_ip);
    }
}

/* Frames from the host itself.  Clearing in_port lets a gateway send a frame
 * out of the tunnel port it came by. */
static void
emit_host_accept(const struct compiler *c, struct emit *e,
                 const struct host *host, uint32_t ofport)
{
    emit_begin(e, STAGE_ACCEPT, 200);
    match_from_host(e, c, host, ofport);
    match_eth_src(e, host_location(host), NETHV_HOST_MASK);
    act_text(e, "load:0->NXM_OF_IN_PORT[]");
    act_resubmit(e, STAGE_LANDED);
    emit_end(e);
}

/* Frames that a gateway passes on: from other clouds, if it is the one that
 * this host uses, so that two of them never deliver a frame twice; in mode tree
 * also from other hosts, but never in this host's own name. */
static void
emit_gateway_accept(const struct compiler *c, struct emit *e,
                    const struct host *host, uint32_t ofport)
{
    bool used = host_location(host) == c->fabric.gateway && !c->fabric.hold;
    bool tree = c->fabric.mode == CLOUD_TREE;

    emit_begin(e, STAGE_ACCEPT, 190);
    match_from_host(e, c, host, ofport);
    match_eth_src(e, tree ? c->self : nethv_location(c->cloud, 0, 0),
                  tree ? NETHV_HOST_MASK : NETHV_CLOUD_MASK);
    act_drop(e, DROP_FORGED_SOURCE);
    emit_end(e);

    if (tree) {
        emit_begin(e, STAGE_ACCEPT, 110);
        match_from_host(e, c, host, ofport);
        match_eth_src(e, nethv_location(c->cloud, 0, 0), NETHV_CLOUD_MASK);
        act_resubmit(e, STAGE_LANDED);
        emit_end(e);
    }
    emit_begin(e, STAGE_ACCEPT, 100);
    match_from_host(e, c, host, ofport);
    if (used) {
        act_resubmit(e, STAGE_LANDED);
    } else {
        act_drop(e, DROP_IDLE_GATEWAY);
    }
    emit_end(e);
}

static void
emit_hop(const struct compiler *c, struct emit *e, const struct host *host,
         uint32_t ofport)
{
    char ip[INET6_ADDRSTRLEN];

    emit_begin(e, STAGE_HOP, 100);
    match_field(e, FIELD_HOP, host_location(host));
    if (!has_own_port(c, ofport)) {
        if (IN6_IS_ADDR_V4MAPPED(&host->encap_ip)) {
            act_text(e, "set_field:"IP_FMT"->tun_dst",
                     IP_ARGS(in6_addr_get_mapped_ipv4(&host->encap_ip)));
        } else {
            inet_ntop(AF_INET6, &host->encap_ip, ip, sizeof ip);
            act_text(e, "set_field:%s->tun_ipv6_dst", ip);
        }
    }
    act_out(e, ofport);
    emit_end(e);
}

/* Mode tree, the paper's: hosts reach each other through the gateway, which
 * sends a flood to all but whom it came from.  Gateways that stand by have
 * tunnels like the one that is used. */
static void
emit_hop_tree(const struct compiler *c, struct emit *e,
              const struct host *host)
{
    emit_begin(e, STAGE_HOP, 200);
    match_field(e, FIELD_HOP, host_location(host));
    if (compiler_is_gateway(c)) {
        match_field(e, FIELD_REMOTE, 1);
        match_eth_src(e, host_location(host), NETHV_HOST_MASK);
    } else {
        act_load(e, FIELD_HOP, c->fabric.gateway);
        act_resubmit(e, STAGE_HOP);
    }
    emit_end(e);
}

/* Returns whether this host sends to 'host' only by way of the gateway. */
static bool
is_behind_gateway(const struct compiler *c, const struct host *host)
{
    const struct host *self = model_host_at(c->model, c->self);

    return c->fabric.mode == CLOUD_TREE && !host->gateway
           && host_location(host) != c->fabric.gateway
           && !(self && self->gateway) && !compiler_is_gateway(c);
}

void
emit_host(const struct compiler *c, struct emit *e,
          const struct model_row *row)
{
    const struct host *host = CONTAINER_OF(row, struct host, row);
    uint32_t location = host_location(host);
    uint32_t ofport;
    enum encap encap;

    if (!host->cloud->row.present || host->cloud->id != c->cloud
        || location == c->self) {
        return;
    }
    if (is_behind_gateway(c, host)
        || (c->fabric.mode == CLOUD_TREE && compiler_is_gateway(c))) {
        emit_hop_tree(c, e, host);
    }
    if (is_behind_gateway(c, host)) {
        return;
    }
    if (ipv6_is_zero(&host->encap_ip)
        || !compiler_tunnel(c, host, &ofport, &encap)) {
        return;
    }
    emit_host_accept(c, e, host, ofport);
    emit_hop(c, e, host, ofport);
    if ((host->gateway || location == c->fabric.gateway)
        && !compiler_is_gateway(c)) {
        emit_gateway_accept(c, e, host, ofport);
    }
}
