/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "addressing.h"
#include "compile/internal.h"
#include "flow.h"
#include "packets.h"
#include "port-answer.h"

/* DHCP requests and router solicitations of an endpoint of this host go to the
 * agent, if its switch answers them.  Each endpoint has a meter of its own, so
 * that none keeps the agent from answering others.  With a VLAN tag they are
 * forwarded, as ARP is. */
enum {
    PRIO_PUNT = 120,
    PRIO_SERVER = 90,               /* Below what ports own. */
};

static void
begin(struct emit *e, const struct vport *port, uint16_t priority,
      uint16_t dl_type)
{
    emit_begin(e, STAGE_ANSWER, priority);
    match_field(e, FIELD_SOURCE, port->binding->location);
    match_field(e, FIELD_TAG, port->network->tag);
    if (port->n_macs) {
        match_set_dl_src(&e->match, port->macs[0].address);
    }
    match_set_dl_tci(&e->match, 0);
    match_set_dl_type(&e->match, htons(dl_type));
}

static void
punt(struct emit *e, uint32_t ofport, enum compile_punt kind)
{
    act_text(e, "meter:%u,controller(userdata=%02x,max_len=2000)",
             ENDPOINT_METERS + ofport, kind);
    emit_end(e);
}

static void
begin_dhcp(struct emit *e, const struct vport *port)
{
    begin(e, port, PRIO_PUNT, ETH_TYPE_IP);
    match_set_nw_frag(&e->match, 0);
    match_set_nw_proto(&e->match, IPPROTO_UDP);
    match_set_tp_src(&e->match, htons(68));
    match_set_tp_dst(&e->match, htons(67));
}

static void
emit_dhcp(struct emit *e, const struct vport *port, uint32_t ofport)
{
    const struct addressing *dhcp = port->vswitch->dhcp;
    struct in6_addr server = addressing_server(dhcp);
    ovs_be32 ip = in6_addr_get_mapped_ipv4(&server);

    begin_dhcp(e, port);
    match_set_dl_dst(&e->match, eth_addr_broadcast);
    punt(e, ofport, COMPILE_PUNT_DHCP);

    /* A lease is renewed at the server itself. */
    begin_dhcp(e, port);
    match_set_nw_dst(&e->match, ip);
    punt(e, ofport, COMPILE_PUNT_DHCP);

    if (!ipv6_addr_equals(&server, &dhcp->router)) {
        begin(e, port, PRIO_SERVER, ETH_TYPE_ARP);
        match_set_nw_proto(&e->match, ARP_OP_REQUEST);
        match_set_nw_dst(&e->match, ip);
        act_answer_arp(e, (struct eth_addr) PORT_ANSWER_MAC, ip);
        emit_end(e);
    }
}

static void
emit_solicit(struct emit *e, const struct vport *port, uint32_t ofport)
{
    begin(e, port, PRIO_PUNT, ETH_TYPE_IPV6);
    match_set_nw_proto(&e->match, IPPROTO_ICMPV6);
    match_set_icmp_type(&e->match, ND_ROUTER_SOLICIT);
    match_set_icmp_code(&e->match, 0);
    punt(e, ofport, COMPILE_PUNT_SOLICIT);
}

void
emit_addressing(struct emit *e, const struct vport *port, uint32_t ofport)
{
    if (port_has_dhcp(port)) {
        emit_dhcp(e, port, ofport);
    }
    if (port_has_advert(port)) {
        emit_solicit(e, port, ofport);
    }
}
