/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "world-twin.h"

#include "flow.h"
#include "packets.h"
#include "util.h"

static struct eth_addr
draw_mac(struct world *w)
{
    static const struct eth_addr special[] = {
        ETH_ADDR_C(ff,ff,ff,ff,ff,ff), ETH_ADDR_C(01,00,5e,00,00,05),
        ETH_ADDR_C(33,33,00,00,00,01), ETH_ADDR_C(00,00,00,00,00,00),
        ETH_ADDR_C(01,80,c2,00,00,0e), ETH_ADDR_C(02,00,00,00,01,00),
        ETH_ADDR_C(00,01,01,00,10,04),
    };

    return world_chance(w, 3) ? special[world_draw(w, ARRAY_SIZE(special))]
                              : world_mac(world_draw(w, WORLD_N_MACS));
}

static void
put(struct frame *frame, const void *bytes, size_t n)
{
    memcpy(frame->bytes + frame->size, bytes, n);
    frame->size += n;
}

static void
put_be16(struct frame *frame, uint16_t value)
{
    ovs_be16 be = htons(value);

    put(frame, &be, sizeof be);
}

static void
put_arp(struct world *w, struct frame *frame)
{
    struct arp_eth_header arp = {
        .ar_hrd = htons(ARP_HRD_ETHERNET), .ar_pro = htons(ARP_PRO_IP),
        .ar_hln = ETH_ADDR_LEN, .ar_pln = 4, .ar_op = htons(ARP_OP_REQUEST),
        .ar_sha = frame->src,
    };

    frame->spa = world_ip(world_draw(w, WORLD_N_MACS));
    frame->tpa = world_ip(world_draw(w, WORLD_N_MACS));
    put_16aligned_be32(&arp.ar_spa, frame->spa);
    put_16aligned_be32(&arp.ar_tpa, frame->tpa);
    put_be16(frame, ETH_TYPE_ARP);
    put(frame, &arp, sizeof arp);
}

static void
put_payload(struct world *w, struct frame *frame)
{
    /* An LLC length, a made-up type, NSH of the tenant's own. */
    static const uint16_t types[] = { 60, 0x88b6, ETH_TYPE_NSH, 0x9000 };
    size_t n = world_chance(w, 8) ? 1500 : 46 + world_draw(w, 60);

    put_be16(frame, types[world_draw(w, ARRAY_SIZE(types))]);
    for (size_t i = 0; i < n; i++) {
        frame->bytes[frame->size++] = world_draw(w, 256);
    }
}

void
twin_make_frame(struct eth_addr dst, struct eth_addr src, struct frame *frame)
{
    memset(frame, 0, sizeof *frame);
    frame->dst = dst;
    frame->src = src;
    put(frame, &frame->dst, ETH_ADDR_LEN);
    put(frame, &frame->src, ETH_ADDR_LEN);
    put_be16(frame, 0x88b6);
    frame->size += 46;
}

void
twin_draw_frame(struct world *w, const struct world_port *from,
           struct frame *frame)
{
    const struct vport *vport = world_vport(w, from);

    memset(frame, 0, sizeof *frame);
    frame->n_tags = world_chance(w, 3) ? 1 + world_draw(w, 3) : 0;
    frame->dst = draw_mac(w);
    frame->src = vport->n_macs && !world_chance(w, 3) ? vport->macs[0].address
                                                      : draw_mac(w);
    frame->src.ea[0] &= ~1;
    put(frame, &frame->dst, ETH_ADDR_LEN);
    put(frame, &frame->src, ETH_ADDR_LEN);
    for (size_t i = 0; i < frame->n_tags; i++) {
        uint16_t tci = world_draw(w, UINT16_MAX + 1);

        frame->vlan = i ? frame->vlan : tci & VLAN_VID_MASK;
        put_be16(frame, world_chance(w, 2) ? ETH_TYPE_VLAN
                                        : ETH_TYPE_VLAN_8021AD);
        put_be16(frame, tci);
    }
    if (world_chance(w, 4)) {
        frame->arp = true;
        put_arp(w, frame);
    } else {
        put_payload(w, frame);
    }
}

/* What is allowed. */

uint64_t
twin_set_of(const struct world *w, const struct world_port *port)
{
    return UINT64_C(1) << (port - w->ports);
}

static bool
forwards(const struct vswitch *sw)
{
    return sw->row.present && sw->group && sw->network->row.present
           && sw->network->tag && sw->mode == SWITCH_LEARNING;
}

/* Collects in 'reached' the switches that a flood from 'sw' enters. */
static void
reach(const struct vswitch *sw, const struct vswitch *reached[], size_t *n)
{
    const struct vlink_end *end;

    for (size_t i = 0; i < *n; i++) {
        if (reached[i] == sw) {
            return;
        }
    }
    reached[(*n)++] = sw;
    LIST_FOR_EACH (end, switch_node, &sw->ends) {
        for (int i = 0; i < 2 && end->link->row.present; i++) {
            if (forwards(end->link->ends[i].vswitch)) {
                reach(end->link->ends[i].vswitch, reached, n);
            }
        }
    }
}

uint64_t
twin_domain(const struct world *w, const struct world_port *from)
{
    const struct vswitch *reached[64];
    uint64_t set = 0;
    size_t n = 0;

    reach(world_vport(w, from)->vswitch, reached, &n);
    for (size_t i = 0; i < w->n_ports; i++) {
        const struct vport *vport = world_vport(w, &w->ports[i]);

        for (size_t j = 0; j < n && vport; j++) {
            if (vport->vswitch == reached[j]) {
                set |= twin_set_of(w, &w->ports[i]);
            }
        }
    }
    return set;
}

uint64_t
twin_bound(const struct world *w)
{
    uint64_t set = 0;

    for (size_t i = 0; i < w->n_ports; i++) {
        if (w->ports[i].host >= 0) {
            set |= twin_set_of(w, &w->ports[i]);
        }
    }
    return set;
}

uint64_t
twin_in_reach(const struct world *w, const struct world_port *from,
              uint64_t set)
{
    for (size_t i = 0; i < w->n_ports; i++) {
        int host = w->ports[i].host;

        if (host >= 0 && host != from->host
            && (w->hosts[host].mute || w->hosts[from->host].mute)) {
            set &= ~twin_set_of(w, &w->ports[i]);
        }
    }
    return set;
}

/* Returns those of 'set' that are on the host of 'port'. */
static uint64_t
beside(const struct world *w, const struct world_port *port, uint64_t set)
{
    for (size_t i = 0; i < w->n_ports; i++) {
        if (w->ports[i].host != port->host) {
            set &= ~twin_set_of(w, &w->ports[i]);
        }
    }
    return set;
}

static bool
has_mac(const struct vport *vport, struct eth_addr mac)
{
    for (size_t i = 0; i < vport->n_macs; i++) {
        if (eth_addr_equals(vport->macs[i].address, mac)) {
            return true;
        }
    }
    return false;
}

/* Returns the one port of the network of 'from' with 'mac', NULL if none, or
 * more than one, or a sharing one has it. */
static const struct world_port *
owner_of(const struct world *w, const struct world_port *from,
         struct eth_addr mac)
{
    const struct world_port *owner = NULL;

    for (size_t i = 0; i < w->n_ports; i++) {
        const struct vport *vport = world_vport(w, &w->ports[i]);

        if (vport && w->ports[i].network == from->network
            && has_mac(vport, mac)) {
            if (owner || vport->sharing) {
                return NULL;
            }
            owner = &w->ports[i];
        }
    }
    return owner;
}

static bool
has_ip(const struct vport *vport, ovs_be32 ip)
{
    for (size_t i = 0; i < vport->n_ips; i++) {
        if (in6_addr_get_mapped_ipv4(&vport->ips[i].address) == ip) {
            return true;
        }
    }
    return false;
}

/* Returns whether security lets 'frame' pass.  Behind more than two tags
 * nothing can be seen. */
static bool
may_send(const struct vport *vport, const struct frame *frame)
{
    if (!vport->security) {
        return true;
    } else if (!has_mac(vport, frame->src)) {
        return false;
    }
    return !vport->n_ips
           || (frame->n_tags <= 2
               && (!frame->arp || has_ip(vport, frame->spa)));
}

/* Returns the port in whose name a request of 'from' is answered, or NULL. */
static const struct world_port *
answerer(const struct world *w, const struct world_port *from,
         const struct frame *frame)
{
    const struct world_port *owner = NULL;
    const struct vport *vport;

    if (!frame->arp || frame->n_tags
        || !eth_addr_is_broadcast(frame->dst)) {
        return NULL;
    }
    for (size_t i = 0; i < w->n_ports; i++) {
        vport = world_vport(w, &w->ports[i]);
        if (vport && w->ports[i].network == from->network
            && has_ip(vport, frame->tpa)) {
            if (owner) {
                return NULL;
            }
            owner = &w->ports[i];
        }
    }
    if (!owner || owner == from || owner->host < 0
        || !(twin_domain(w, from) & twin_set_of(w, owner))) {
        return NULL;
    }
    vport = world_vport(w, owner);
    return vport->n_macs == 1 && !vport->sharing ? owner : NULL;
}

static bool
is_reserved(struct eth_addr mac)
{
    struct eth_addr reserved = ETH_ADDR_C(01,80,c2,00,00,00);

    reserved.ea[5] = mac.ea[5] & 0x0f;
    return eth_addr_equals(mac, reserved);
}

/* Returns what 'from' gets to see: the answer to 'frame' if there is one. */
static void
make_seen(const struct world *w, const struct world_port *from,
          const struct frame *frame, struct frame *seen)
{
    const struct world_port *who = answerer(w, from, frame);

    *seen = *frame;
    if (who) {
        struct arp_eth_header *arp = ALIGNED_CAST(
            struct arp_eth_header *, seen->bytes + ETH_HEADER_LEN);

        arp->ar_tha = frame->src;
        arp->ar_sha = world_vport(w, who)->macs[0].address;
        arp->ar_op = htons(ARP_OP_REPLY);
        put_16aligned_be32(&arp->ar_spa, frame->tpa);
        put_16aligned_be32(&arp->ar_tpa, frame->spa);
        memcpy(seen->bytes, &frame->src, ETH_ADDR_LEN);
        memcpy(seen->bytes + ETH_ADDR_LEN, &arp->ar_sha, ETH_ADDR_LEN);
    }
}

bool
twin_forwards(const struct world *w, const struct world_port *port)
{
    const struct vport *vport = world_vport(w, port);

    return vport && forwards(vport->vswitch);
}

uint64_t
twin_expected(const struct world *w, const struct world_port *from,
              const struct frame *frame, struct frame *seen)
{
    const struct vport *vport = world_vport(w, from);
    uint64_t reachable = twin_domain(w, from);
    uint64_t set = reachable & twin_bound(w) & ~twin_set_of(w, from);
    const struct world_port *owner;

    make_seen(w, from, frame, seen);
    if (!twin_forwards(w, from) || !may_send(vport, frame)
        || is_reserved(frame->dst)) {
        return 0;
    }
    if (answerer(w, from, frame)) {
        return twin_set_of(w, from);
    }
    set = twin_in_reach(w, from, set);
    owner = owner_of(w, from, frame->dst);
    if (owner && reachable & twin_set_of(w, owner)) {
        set &= twin_set_of(w, owner);
    }
    if (w->mtu && frame->size > w->mtu + ETH_HEADER_LEN + 2 * VLAN_HEADER_LEN) {
        set = beside(w, from, set);
    }
    return set;
}
