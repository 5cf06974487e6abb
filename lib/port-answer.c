/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "port-answer.h"

#include "dhcp-answer.h"
#include "model.h"
#include "packets.h"
#include "router-advert.h"
#include "util.h"

#define LEASES_MAX 64               /* As many as a port has addresses. */

static const struct eth_addr answer_mac = PORT_ANSWER_MAC;

static bool
is_ipv4(const struct port_ip *ip)
{
    return IN6_IS_ADDR_V4MAPPED(&ip->address);
}

static bool
has_family(const struct vport *port, bool ipv4)
{
    for (size_t i = 0; i < port->n_ips; i++) {
        if (is_ipv4(&port->ips[i]) == ipv4) {
            return true;
        }
    }
    return false;
}

static bool
is_answered(const struct vport *port, const struct addressing *addressing)
{
    return (addressing && port->n_macs <= 1
            && port->vswitch->mode == SWITCH_LEARNING);
}

bool
port_has_dhcp(const struct vport *port)
{
    return is_answered(port, port->vswitch->dhcp) && has_family(port, true);
}

bool
port_has_advert(const struct vport *port)
{
    return is_answered(port, port->vswitch->ra) && has_family(port, false);
}

/* DHCP. */

static size_t
find_leases(const struct vport *port, struct dhcp_lease leases[LEASES_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < port->n_ips && n < LEASES_MAX; i++) {
        if (is_ipv4(&port->ips[i])) {
            leases[n].ip = in6_addr_get_mapped_ipv4(&port->ips[i].address);
            leases[n++].plen = port->ips[i].plen;
        }
    }
    return n;
}

enum port_answer
port_answer_dhcp(const struct vport *port, const void *frame, size_t size,
                 unsigned int mtu, struct dp_packet *answer)
{
    struct dhcp_lease leases[LEASES_MAX];
    struct dhcp_terms terms = {
        .options = port->vswitch->dhcp,
        .leases = leases,
        .n_leases = find_leases(port, leases),
        .mtu = mtu,
        .server = answer_mac,
    };

    if (!port_has_dhcp(port)) {
        return PORT_ANSWER_NONE;
    }
    switch (dhcp_answer(frame, size, &terms, answer)) {
    case DHCP_ANSWERED:
        return PORT_ANSWERED;
    case DHCP_QUIET:
        return PORT_ANSWER_NONE;
    case DHCP_BAD:
    default:
        return PORT_ANSWER_BAD;
    }
}

/* Router advertisements. */

/* Returns whether 'port' may have the address that SLAAC makes in
 * 'network'. */
static bool
is_autonomous(const struct vport *port, const struct in6_addr *network,
              uint8_t plen)
{
    struct in6_addr made;

    if (plen != 64 || !port->n_macs) {
        return plen == 64;
    }
    in6_generate_eui64(port->macs[0].address, network, &made);
    for (size_t i = 0; i < port->n_ips; i++) {
        if (ipv6_addr_equals(&port->ips[i].address, &made)) {
            return true;
        }
    }
    return false;
}

static bool
has_prefix(const struct advert_terms *terms, const struct in6_addr *network,
           uint8_t plen)
{
    for (size_t i = 0; i < terms->n_prefixes; i++) {
        const struct advert_prefix *p = &terms->prefixes[i];
        if (p->plen == plen && ipv6_addr_equals(&p->network, network)) {
            return true;
        }
    }
    return false;
}

/* The networks of the addresses of 'port', but not of those that stand alone or
 * are link-local. */
static void
find_prefixes(const struct vport *port, struct advert_prefix *prefixes,
              struct advert_terms *terms)
{
    terms->prefixes = prefixes;
    for (size_t i = 0; i < port->n_ips; i++) {
        const struct port_ip *ip = &port->ips[i];
        struct in6_addr mask = ipv6_create_mask(ip->plen);
        struct in6_addr network = ipv6_addr_bitand(&ip->address, &mask);

        if (!is_ipv4(ip) && ip->plen < 128 && !in6_is_lla(&network)
            && terms->n_prefixes < ADVERT_PREFIXES_MAX
            && !has_prefix(terms, &network, ip->plen)) {
            prefixes[terms->n_prefixes++] = (struct advert_prefix) {
                .network = network,
                .plen = ip->plen,
                .autonomous = is_autonomous(port, &network, ip->plen),
            };
        }
    }
}

void
port_advert(const struct vport *port, unsigned int mtu,
            struct dp_packet *advert)
{
    struct advert_prefix prefixes[ADVERT_PREFIXES_MAX];
    struct advert_terms terms = {
        .options = port->vswitch->ra,
        .mtu = mtu,
        .mac = answer_mac,
    };

    find_prefixes(port, prefixes, &terms);
    advert_make(&terms, advert);
}

void
port_advert_withdraw(const struct in6_addr *router, struct dp_packet *advert)
{
    advert_withdraw(router, answer_mac, advert);
}

enum port_answer
port_answer_solicit(const struct vport *port, const void *frame, size_t size,
                    unsigned int mtu, struct dp_packet *answer)
{
    if (!port_has_advert(port)) {
        return PORT_ANSWER_NONE;
    } else if (!advert_is_solicited(frame, size)) {
        return PORT_ANSWER_BAD;
    }
    port_advert(port, mtu, answer);
    return PORT_ANSWERED;
}
