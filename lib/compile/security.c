/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "compile/internal.h"
#include "flow.h"
#include "packets.h"

/* Port security: a secured port may send only from its own MAC addresses and,
 * if it has IP addresses, only from those; ARP and ND count as IP.  A port
 * without MAC addresses may send nothing.  Each rule matches the port's
 * location, so rules of different ports never meet.
 *
 * Behind two VLAN tags Open vSwitch sees IP as without them if its vlan-limit
 * is 2, as the agent sets it where it can.  Behind more it sees the next tag as
 * the type.
 *
 * ND runs through the stage twice: first for what it says of neighbours, then,
 * with CHECKED set, as IPv6 for its source. */
enum {
    PRIO_ND_BROKEN = 160,           /* A solicitation of no neighbour. */
    PRIO_ND = 150,                  /* Says only what is true. */
    PRIO_ND_BAD = 140,              /* ... or something else. */
    PRIO_SENDER_IP = 130,           /* A protocol's sender address is fine. */
    PRIO_SENDER_BAD = 120,          /* The same protocol, any other sender. */
    PRIO_MAC = 110,                 /* A MAC of the port. */
    PRIO_MAC_BAD = 100,
};

static void
begin(struct emit *e, const struct vport *port, uint16_t priority)
{
    emit_begin(e, STAGE_SECURITY, priority);
    match_field(e, FIELD_SOURCE, port->binding->location);
    match_field(e, FIELD_TAG, port->network->tag);
}

static void
allow(struct emit *e)
{
    act_resubmit(e, STAGE_GUARD);
    emit_end(e);
}

static void
deny(struct emit *e, enum drop_reason reason)
{
    act_drop(e, reason);
    emit_end(e);
}

static void
begin_arp(struct emit *e, const struct vport *port, uint16_t priority,
          struct eth_addr mac)
{
    begin(e, port, priority);
    match_set_dl_src(&e->match, mac);
    match_set_dl_type(&e->match, htons(ETH_TYPE_ARP));
    match_set_arp_sha(&e->match, mac);
}

static void
emit_ipv4(struct emit *e, const struct vport *port, struct eth_addr mac,
          ovs_be32 ip)
{
    begin(e, port, PRIO_SENDER_IP);
    match_set_dl_src(&e->match, mac);
    match_set_dl_type(&e->match, htons(ETH_TYPE_IP));
    match_set_nw_src(&e->match, ip);
    allow(e);

    begin_arp(e, port, PRIO_SENDER_IP, mac);
    match_set_nw_src(&e->match, ip);
    allow(e);
}

/* What a host without an address yet sends: DHCP and ARP probes. */
static void
emit_ipv4_unaddressed(struct emit *e, const struct vport *port,
                      struct eth_addr mac)
{
    begin(e, port, PRIO_SENDER_IP);
    match_set_dl_src(&e->match, mac);
    match_set_dl_type(&e->match, htons(ETH_TYPE_IP));
    match_set_nw_proto(&e->match, IPPROTO_UDP);
    match_set_nw_src(&e->match, 0);
    match_set_tp_src(&e->match, htons(68));
    match_set_tp_dst(&e->match, htons(67));
    allow(e);

    begin_arp(e, port, PRIO_SENDER_IP, mac);
    match_set_nw_src(&e->match, 0);
    allow(e);
}

static void
begin_nd(struct emit *e, const struct vport *port, uint16_t priority,
         struct eth_addr mac, uint8_t type)
{
    begin(e, port, priority);
    match_field(e, FIELD_CHECKED, 0);
    match_set_dl_src(&e->match, mac);
    match_set_dl_type(&e->match, htons(ETH_TYPE_IPV6));
    match_set_nw_proto(&e->match, IPPROTO_ICMPV6);
    match_set_icmp_type(&e->match, type);
    match_set_icmp_code(&e->match, 0);
}

static void
check_sender(struct emit *e)
{
    act_load(e, FIELD_CHECKED, 1);
    act_resubmit(e, STAGE_SECURITY);
    emit_end(e);
}

static void
emit_ipv6(struct emit *e, const struct vport *port, struct eth_addr mac,
          const struct in6_addr *ip)
{
    begin(e, port, PRIO_SENDER_IP);
    match_set_dl_src(&e->match, mac);
    match_set_dl_type(&e->match, htons(ETH_TYPE_IPV6));
    match_set_ipv6_src(&e->match, ip);
    allow(e);
}

/* Neighbour advertisements name a target, only the port's own, and perhaps its
 * MAC. */
static void
emit_advert(struct emit *e, const struct vport *port, struct eth_addr mac,
            const struct in6_addr *target)
{
    const struct eth_addr tlls[] = { mac, eth_addr_zero };

    for (size_t i = 0; i < ARRAY_SIZE(tlls); i++) {
        begin_nd(e, port, PRIO_ND, mac, ND_NEIGHBOR_ADVERT);
        match_set_nd_target(&e->match, target);
        match_set_arp_tha(&e->match, tlls[i]);
        check_sender(e);
    }
}

/* Neighbour solicitations may name the sender's MAC.  Those that Open vSwitch
 * cannot read have no target for it. */
static void
emit_solicit(struct emit *e, const struct vport *port, struct eth_addr mac)
{
    const struct eth_addr slls[] = { mac, eth_addr_zero };

    for (size_t i = 0; i < ARRAY_SIZE(slls); i++) {
        begin_nd(e, port, PRIO_ND, mac, ND_NEIGHBOR_SOLICIT);
        match_set_arp_sha(&e->match, slls[i]);
        check_sender(e);
    }
    begin_nd(e, port, PRIO_ND_BROKEN, mac, ND_NEIGHBOR_SOLICIT);
    match_set_nd_target(&e->match, &in6addr_any);
    deny(e, DROP_SPOOFED_IP);
}

/* What is left of 'dl_type' from an own MAC has a wrong sender address. */
static void
emit_sender_bad(struct emit *e, const struct vport *port, struct eth_addr mac,
                uint16_t dl_type)
{
    begin(e, port, PRIO_SENDER_BAD);
    match_set_dl_src(&e->match, mac);
    match_set_dl_type(&e->match, htons(dl_type));
    deny(e, DROP_SPOOFED_IP);
}

/* What Open vSwitch does not look behind may have any sender address. */
static void
emit_hidden(struct emit *e, const struct vport *port, struct eth_addr mac)
{
    static const uint16_t types[] = { ETH_TYPE_VLAN, ETH_TYPE_VLAN_8021AD };

    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        begin(e, port, PRIO_SENDER_BAD);
        match_set_dl_src(&e->match, mac);
        match_set_dl_type(&e->match, htons(types[i]));
        deny(e, DROP_HIDDEN_IP);
    }
}

static void
emit_nd_bad(struct emit *e, const struct vport *port, struct eth_addr mac)
{
    static const uint8_t types[] = { ND_NEIGHBOR_ADVERT,
                                     ND_NEIGHBOR_SOLICIT };

    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        begin_nd(e, port, PRIO_ND_BAD, mac, types[i]);
        deny(e, DROP_SPOOFED_IP);
    }
}

static void
emit_addresses(struct emit *e, const struct vport *port, struct eth_addr mac)
{
    for (size_t i = 0; i < port->n_ips; i++) {
        const struct in6_addr *ip = &port->ips[i].address;
        if (IN6_IS_ADDR_V4MAPPED(ip)) {
            emit_ipv4(e, port, mac, in6_addr_get_mapped_ipv4(ip));
        } else {
            emit_ipv6(e, port, mac, ip);
            emit_advert(e, port, mac, ip);
        }
    }
}

static void
emit_mac(struct emit *e, const struct vport *port, struct eth_addr mac,
         bool has_ipv4, bool has_ipv6)
{
    emit_addresses(e, port, mac);
    if (has_ipv4) {
        emit_ipv4_unaddressed(e, port, mac);
    }
    if (has_ipv6) {
        struct in6_addr link_local;
        in6_generate_lla(mac, &link_local);
        emit_ipv6(e, port, mac, &link_local);
        emit_advert(e, port, mac, &link_local);
        /* Duplicate address detection has no source yet. */
        emit_ipv6(e, port, mac, &in6addr_any);
        emit_solicit(e, port, mac);
        emit_nd_bad(e, port, mac);
    }
    if (has_ipv4 || has_ipv6) {
        emit_sender_bad(e, port, mac, ETH_TYPE_IP);
        emit_sender_bad(e, port, mac, ETH_TYPE_ARP);
        emit_sender_bad(e, port, mac, ETH_TYPE_IPV6);
        emit_hidden(e, port, mac);
    }

    begin(e, port, PRIO_MAC);
    match_set_dl_src(&e->match, mac);
    allow(e);
}

void
emit_security(struct emit *e, const struct vport *port)
{
    bool has_ipv4 = false;
    bool has_ipv6 = false;

    for (size_t i = 0; i < port->n_ips; i++) {
        bool mapped = IN6_IS_ADDR_V4MAPPED(&port->ips[i].address);
        has_ipv4 |= mapped;
        has_ipv6 |= !mapped;
    }
    for (size_t i = 0; i < port->n_macs; i++) {
        emit_mac(e, port, port->macs[i].address, has_ipv4, has_ipv6);
    }
    begin(e, port, PRIO_MAC_BAD);
    deny(e, DROP_SPOOFED_MAC);
}
