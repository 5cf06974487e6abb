/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "router-advert.h"

#include <netinet/icmp6.h>
#include <netinet/ip6.h>
#include <string.h>

#include "addressing.h"
#include "csum.h"
#include "dp-packet.h"
#include "flow.h"
#include "packets.h"
#include "unaligned.h"
#include "util.h"

/* Options that Open vSwitch does not name. */
enum {
    OPT_ROUTE = 24,                 /* RFC 4191. */
    OPT_RDNSS = 25,                 /* RFC 8106. */
    OPT_DNSSL = 31,
};

/* Defaults of RFC 4861, section 6.2.1, in seconds. */
#define VALID_LIFETIME (30 * 86400)
#define PREFERRED_LIFETIME (7 * 86400)

#define RS_MSG_LEN 8                /* Of a solicitation. */
#define HOP_LIMIT 64                /* That hosts are to use. */
#define MTU_MIN 1280

static const struct in6_addr all_nodes
    = {{{ 0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 }}};
static const struct in6_addr all_routers
    = {{{ 0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2 }}};

/* Returns whether the 'n' bytes at 'p' are options, none of which says where
 * the sender is unless it 'has_source'. */
static bool
check_options(const uint8_t *p, size_t n, bool has_source)
{
    while (n > 0) {
        size_t length = n >= 2 ? p[1] * ND_LLA_OPT_LEN : 0;
        if (!length || length > n
            || (p[0] == ND_OPT_SOURCE_LINKADDR && !has_source)) {
            return false;
        }
        p += length;
        n -= length;
    }
    return true;
}

bool
advert_is_solicited(const void *frame, size_t size)
{
    struct dp_packet packet;
    struct flow flow;

    dp_packet_use_const(&packet, frame, size);
    flow_extract(&packet, &flow);
    const uint8_t *icmp = dp_packet_l4(&packet);
    if (flow.dl_type != htons(ETH_TYPE_IPV6)
        || flow.nw_proto != IPPROTO_ICMPV6 || flow.nw_frag || !icmp
        || flow.nw_ttl != 255 || flow.tp_src != htons(ND_ROUTER_SOLICIT)
        || flow.tp_dst != htons(0)) {
        return false;
    }
    size_t length = dp_packet_l4_size(&packet);
    if (length < RS_MSG_LEN || packet_csum_upperlayer6(
            dp_packet_l3(&packet), icmp, IPPROTO_ICMPV6, length)) {
        return false;
    }
    return check_options(icmp + RS_MSG_LEN, length - RS_MSG_LEN,
                         ipv6_addr_is_set(&flow.ipv6_src));
}

/* Writing. */

static struct icmp6_header *
begin(struct dp_packet *p, struct eth_addr mac, const struct in6_addr *src,
      const struct in6_addr *dst, size_t size)
{
    struct eth_addr to;

    ipv6_multicast_to_ethernet(&to, dst);
    eth_compose(p, to, mac, ETH_TYPE_IPV6, IPV6_HEADER_LEN);
    return compose_ipv6(p, IPPROTO_ICMPV6, src, dst, 0, 0, 255, size);
}

static void
end(struct dp_packet *p)
{
    struct ovs_16aligned_ip6_hdr *ip = dp_packet_l3(p);
    struct icmp6_header *icmp = dp_packet_l4(p);
    size_t length = dp_packet_l4_size(p);

    ip->ip6_plen = htons(length);
    icmp->icmp6_cksum = 0;
    icmp->icmp6_cksum = packet_csum_upperlayer6(ip, icmp, IPPROTO_ICMPV6,
                                                length);
}

/* Appends an option with room for 'size' bytes behind type and length, and
 * returns it. */
static uint8_t *
put_option(struct dp_packet *p, uint8_t type, size_t size)
{
    size_t length = ROUND_UP(2 + size, ND_LLA_OPT_LEN);
    uint8_t *option = dp_packet_put_zeros(p, length);

    option[0] = type;
    option[1] = length / ND_LLA_OPT_LEN;
    return option;
}

static void
put_u32(uint8_t *p, uint32_t value)
{
    put_unaligned_be32((ovs_be32 *) p, htonl(value));
}

static void
put_mac(struct dp_packet *p, struct eth_addr mac)
{
    memcpy(put_option(p, ND_OPT_SOURCE_LINKADDR, ETH_ADDR_LEN) + 2, &mac,
           ETH_ADDR_LEN);
}

static void
put_mtu(struct dp_packet *p, unsigned int mtu)
{
    if (mtu >= MTU_MIN) {
        put_u32(put_option(p, ND_OPT_MTU, 6) + 4, mtu);
    }
}

static void
put_prefix(struct dp_packet *p, const struct advert_prefix *prefix)
{
    uint8_t *option = put_option(p, ND_OPT_PREFIX_INFORMATION,
                                 ND_PREFIX_OPT_LEN - 2);

    option[2] = prefix->plen;
    option[3] = ND_OPT_PI_FLAG_ONLINK
                | (prefix->autonomous ? ND_OPT_PI_FLAG_AUTO : 0);
    put_u32(option + 4, VALID_LIFETIME);
    put_u32(option + 8, PREFERRED_LIFETIME);
    memcpy(option + 16, &prefix->network, sizeof prefix->network);
}

static void
put_route(struct dp_packet *p, const struct addressing_route *route,
          uint32_t lifetime)
{
    size_t bytes = route->plen > 64 ? 16 : 8;
    uint8_t *option = put_option(p, OPT_ROUTE, 6 + bytes);

    option[2] = route->plen;
    put_u32(option + 4, lifetime);
    memcpy(option + 8, &route->to, bytes);
}

static void
put_dns(struct dp_packet *p, const struct addressing *options)
{
    if (options->n_dns) {
        uint8_t *option = put_option(p, OPT_RDNSS, 6 + 16 * options->n_dns);
        put_u32(option + 4, options->seconds);
        memcpy(option + 8, options->dns, 16 * options->n_dns);
    }
}

/* The domain as a sequence of labels (RFC 1035, section 3.1). */
static void
put_domain(struct dp_packet *p, const struct addressing *options)
{
    if (!options->domain) {
        return;
    }
    uint8_t *option = put_option(p, OPT_DNSSL,
                                 6 + strlen(options->domain) + 2);
    put_u32(option + 4, options->seconds);
    uint8_t *to = option + 8;
    for (const char *s = options->domain; *s; ) {
        size_t n = strcspn(s, ".");
        *to++ = n;
        memcpy(to, s, n);
        to += n;
        s += n + (s[n] == '.');
    }
}

void
advert_make(const struct advert_terms *terms, struct dp_packet *packet)
{
    const struct addressing *options = terms->options;
    bool router = ipv6_addr_is_set(&options->router);
    struct in6_addr own;

    in6_generate_lla(terms->mac, &own);
    struct ovs_ra_msg *ra = (void *) begin(
        packet, terms->mac, router ? &options->router : &own, &all_nodes,
        RA_MSG_LEN);
    ra->icmph.icmp6_type = ND_ROUTER_ADVERT;
    ra->cur_hop_limit = HOP_LIMIT;
    ra->router_lifetime = router ? htons(options->seconds) : 0;
    /* Where a router of the tenant's is, hosts ask themselves. */
    if (!router) {
        put_mac(packet, terms->mac);
    }
    put_mtu(packet, terms->mtu);
    for (size_t i = 0; i < terms->n_prefixes; i++) {
        put_prefix(packet, &terms->prefixes[i]);
    }
    for (size_t i = 0; i < options->n_routes; i++) {
        put_route(packet, &options->routes[i], options->seconds);
    }
    put_dns(packet, options);
    put_domain(packet, options);
    end(packet);
}

void
advert_withdraw(const struct in6_addr *router, struct eth_addr mac,
                struct dp_packet *packet)
{
    const struct addressing options = {
        .kind = ADDRESSING_RA,
        .router = *router,
    };
    const struct advert_terms terms = { .options = &options, .mac = mac };
    advert_make(&terms, packet);
}

void
advert_solicit(struct eth_addr mac, struct dp_packet *packet)
{
    struct in6_addr own;

    in6_generate_lla(mac, &own);
    struct icmp6_header *icmp = begin(packet, mac, &own, &all_routers,
                                      RS_MSG_LEN);
    icmp->icmp6_type = ND_ROUTER_SOLICIT;
    put_mac(packet, mac);
    end(packet);
}
