/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "compile/internal.h"
#include "flow.h"
#include "packets.h"

/* ARP requests for known endpoints are answered at the host of who asks, and
 * neighbour solicitations go to the owner alone; so somebody else who announces
 * or tries the address learns whose it is.  Forwarded like any other frame are
 * those of the owner itself, unicast probes (they ask whether the owner is
 * alive), anything with a VLAN tag (the same address may mean another machine
 * there), and those for unbound or shared addresses. */
enum {
    PRIO_FORWARD = 110,
    PRIO_ANSWER = 100,
};

static const struct eth_addr nd_multicast = ETH_ADDR_C(33,33,ff,00,00,00);
static const struct eth_addr nd_multicast_mask = ETH_ADDR_C(ff,ff,ff,00,00,00);

static void
begin_arp(struct emit *e, const struct vport *port, uint16_t priority,
          ovs_be32 ip)
{
    emit_begin(e, STAGE_ANSWER, priority);
    match_field(e, FIELD_DOMAIN, topology_domain(port->vswitch));
    match_set_dl_tci(&e->match, 0);
    match_set_dl_type(&e->match, htons(ETH_TYPE_ARP));
    match_set_nw_proto(&e->match, ARP_OP_REQUEST);
    match_set_nw_dst(&e->match, ip);
    match_set_dl_dst(&e->match, eth_addr_broadcast);
}

void
act_answer_arp(struct emit *e, struct eth_addr mac, ovs_be32 ip)
{
    ovs_be16 reply = htons(ARP_OP_REPLY);

    act_move(e, MFF_ETH_SRC, MFF_ETH_DST);
    act_set(e, MFF_ETH_SRC, &mac);
    act_set(e, MFF_ARP_OP, &reply);
    act_move(e, MFF_ARP_SHA, MFF_ARP_THA);
    act_set(e, MFF_ARP_SHA, &mac);
    act_move(e, MFF_ARP_SPA, MFF_ARP_TPA);
    act_set(e, MFF_ARP_SPA, &ip);
    act_output_field(e, FIELD_IN);
}

static void
emit_arp(struct emit *e, const struct vport *port, struct eth_addr mac,
         ovs_be32 ip)
{
    begin_arp(e, port, PRIO_ANSWER, ip);
    act_answer_arp(e, mac, ip);
    emit_end(e);
}

static void
begin_nd(struct emit *e, const struct vport *port, uint16_t priority,
         const struct in6_addr *ip)
{
    emit_begin(e, STAGE_ANSWER, priority);
    match_field(e, FIELD_DOMAIN, topology_domain(port->vswitch));
    match_set_dl_tci(&e->match, 0);
    match_set_dl_type(&e->match, htons(ETH_TYPE_IPV6));
    match_set_nw_proto(&e->match, IPPROTO_ICMPV6);
    match_set_icmp_type(&e->match, ND_NEIGHBOR_SOLICIT);
    match_set_icmp_code(&e->match, 0);
    match_set_nd_target(&e->match, ip);
    match_set_dl_dst_masked(&e->match, nd_multicast, nd_multicast_mask);
}

/* A solicitation goes to the owner alone, which answers for itself.  Rules
 * cannot make the answer: the kernel's datapath cannot set the fields of an
 * advertisement ("IPv6 ND Extension: No"). */
static void
emit_nd(struct emit *e, const struct vport *port, const struct in6_addr *ip)
{
    begin_nd(e, port, PRIO_ANSWER, ip);
    act_to_port(e, port);
    emit_end(e);
}

void
emit_answer(struct emit *e, const struct vport *port)
{
    if (port->n_macs != 1 || port->sharing) {
        return;
    }
    struct eth_addr mac = port->macs[0].address;
    for (size_t i = 0; i < port->n_ips; i++) {
        const struct in6_addr *ip = &port->ips[i].address;
        if (network_port_by_ip(port->network, ip) != port) {
            continue;
        }
        if (IN6_IS_ADDR_V4MAPPED(ip)) {
            emit_arp(e, port, mac, in6_addr_get_mapped_ipv4(ip));
        } else {
            emit_nd(e, port, ip);
        }
    }
}

/* What an endpoint of this host asks for its own addresses. */
void
emit_own_questions(struct emit *e, const struct vport *port)
{
    for (size_t i = 0; i < port->n_ips; i++) {
        const struct in6_addr *ip = &port->ips[i].address;

        if (IN6_IS_ADDR_V4MAPPED(ip)) {
            begin_arp(e, port, PRIO_FORWARD, in6_addr_get_mapped_ipv4(ip));
        } else {
            begin_nd(e, port, PRIO_FORWARD, ip);
        }
        match_field(e, FIELD_SOURCE, port->binding->location);
        act_resubmit(e, STAGE_FORWARD);
        emit_end(e);
    }
}
