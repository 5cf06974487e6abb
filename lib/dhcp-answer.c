/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "dhcp-answer.h"

#include <stdlib.h>
#include <string.h>

#include "addressing.h"
#include "csum.h"
#include "dhcp.h"
#include "dp-packet.h"
#include "flow.h"
#include "packets.h"
#include "unaligned.h"
#include "util.h"

/* What lib/dhcp.h of Open vSwitch does not name (RFC 2132). */
enum {
    MSG_DECLINE = 4,
    MSG_RELEASE = 7,
    MSG_INFORM = 8,

    OPT_MASK = 1,
    OPT_ROUTER = 3,
    OPT_DNS = 6,
    OPT_DOMAIN = 15,
    OPT_MTU = 26,
    OPT_LEASE = 51,
    OPT_SERVER = 54,
    OPT_RENEW = 58,
    OPT_REBIND = 59,
    OPT_CLIENT_ID = 61,
    OPT_ROUTES = 121,
};

#define COOKIE_LEN 4
#define OPTIONS_MAX 312             /* With the cookie. */
#define MESSAGE_MIN 300             /* RFC 1542, section 2.1. */
#define MTU_MIN 68
#define FLAG_BROADCAST 0x8000

/* A request. */
struct request {
    const struct dhcp_header *header;
    struct eth_addr mac;            /* Who asks. */
    uint8_t type;
    ovs_be32 wanted;                /* Option 50, 0 if not given. */
    ovs_be32 server;                /* Option 54, 0 if not given. */
    const uint8_t *client_id;       /* Option 61, NULL if not given. */
    uint8_t client_id_len;
};

/* Reading. */

static ovs_be32
get_ip(const uint8_t *data, size_t length)
{
    return length == 4 ? get_unaligned_be32((const ovs_be32 *) data) : 0;
}

static void
take_option(struct request *r, uint8_t code, const uint8_t *data,
            uint8_t length)
{
    switch (code) {
    case DHCP_OPT_MSG_TYPE:
        r->type = length == 1 ? data[0] : 0;
        break;
    case DHCP_OPT_REQ_IP:
        r->wanted = get_ip(data, length);
        break;
    case OPT_SERVER:
        r->server = get_ip(data, length);
        break;
    case OPT_CLIENT_ID:
        r->client_id = data;
        r->client_id_len = length;
        break;
    default:
        break;
    }
}

/* Reads the options in the 'n' bytes at 'p'.  An option that does not end
 * before the message does makes all of it bad. */
static bool
read_options(const uint8_t *p, size_t n, struct request *r)
{
    while (n > 0 && *p != DHCP_OPT_END) {
        if (*p == DHCP_OPT_PAD) {
            p++;
            n--;
        } else if (n < 2 || n - 2 < p[1]) {
            return false;
        } else {
            size_t length = 2 + p[1];
            take_option(r, p[0], p + 2, p[1]);
            p += length;
            n -= length;
        }
    }
    return r->type != 0;
}

static bool
check_header(const struct dhcp_header *h, struct eth_addr source)
{
    return (h->op == DHCP_OP_REQUEST && h->htype == ARP_HRD_ETHERNET
            && h->hlen == ETH_ADDR_LEN && !h->giaddr
            && !memcmp(h->chaddr, &source, ETH_ADDR_LEN)
            && !eth_addr_is_multicast(source));
}

static bool
read_request(const void *frame, size_t size, struct request *r)
{
    static const ovs_be32 cookie = CONSTANT_HTONL(DHCP_MAGIC_COOKIE);
    struct dp_packet packet;
    struct flow flow;

    dp_packet_use_const(&packet, frame, size);
    flow_extract(&packet, &flow);
    const struct udp_header *udp = dp_packet_l4(&packet);
    if (flow.dl_type != htons(ETH_TYPE_IP) || flow.nw_proto != IPPROTO_UDP
        || flow.nw_frag || !udp || flow.tp_dst != htons(DHCP_SERVER_PORT)
        || flow.tp_src != htons(DHCP_CLIENT_PORT)
        || dp_packet_l4_size(&packet) < UDP_HEADER_LEN) {
        return false;
    }
    size_t length = ntohs(udp->udp_len);
    if (length > dp_packet_l4_size(&packet)
        || length < UDP_HEADER_LEN + DHCP_HEADER_LEN + COOKIE_LEN) {
        return false;
    }

    const uint8_t *payload = (const uint8_t *) (udp + 1);
    memset(r, 0, sizeof *r);
    r->header = (const void *) payload;
    r->mac = flow.dl_src;
    length -= UDP_HEADER_LEN + DHCP_HEADER_LEN + COOKIE_LEN;
    payload += DHCP_HEADER_LEN;
    return check_header(r->header, r->mac)
           && !memcmp(payload, &cookie, COOKIE_LEN)
           && read_options(payload + COOKIE_LEN, length, r);
}

/* Writing. */

/* Appends an option if there is room for it and for the end. */
static void
put_option(struct dp_packet *p, uint8_t code, const void *data, size_t length)
{
    size_t used = ((uint8_t *) dp_packet_tail(p)
                   - (uint8_t *) dp_packet_get_udp_payload(p)
                   - DHCP_HEADER_LEN);

    if (length <= UINT8_MAX && used + 2 + length + 1 <= OPTIONS_MAX) {
        uint8_t head[] = { code, length };
        dp_packet_put(p, head, sizeof head);
        dp_packet_put(p, data, length);
    }
}

static void
put_option_u8(struct dp_packet *p, uint8_t code, uint8_t value)
{
    put_option(p, code, &value, sizeof value);
}

static void
put_option_be32(struct dp_packet *p, uint8_t code, ovs_be32 value)
{
    put_option(p, code, &value, sizeof value);
}

static uint8_t *
put_route(uint8_t *p, ovs_be32 to, uint8_t plen, ovs_be32 via)
{
    size_t n = DIV_ROUND_UP(plen, 8);

    *p++ = plen;
    memcpy(p, &to, n);
    memcpy(p + n, &via, sizeof via);
    return p + n + sizeof via;
}

static void
put_routes(struct dp_packet *p, const struct addressing *options)
{
    uint8_t data[9 * (ADDRESSING_ROUTES_MAX + 1)];
    uint8_t *end = data;

    if (!options->n_routes) {
        return;
    }
    if (ipv6_addr_is_set(&options->router)) {
        end = put_route(end, 0, 0,
                        in6_addr_get_mapped_ipv4(&options->router));
    }
    for (size_t i = 0; i < options->n_routes; i++) {
        const struct addressing_route *r = &options->routes[i];
        end = put_route(end, in6_addr_get_mapped_ipv4(&r->to), r->plen,
                        in6_addr_get_mapped_ipv4(&r->via));
    }
    put_option(p, OPT_ROUTES, data, end - data);
}

static void
put_dns(struct dp_packet *p, const struct addressing *options)
{
    ovs_be32 servers[ADDRESSING_DNS_MAX];

    for (size_t i = 0; i < options->n_dns; i++) {
        servers[i] = in6_addr_get_mapped_ipv4(&options->dns[i]);
    }
    if (options->n_dns) {
        put_option(p, OPT_DNS, servers, 4 * options->n_dns);
    }
}

/* What 'lease' means to the endpoint's interface. */
static void
put_terms(struct dp_packet *p, const struct dhcp_terms *terms,
          const struct dhcp_lease *lease)
{
    const struct addressing *options = terms->options;
    ovs_be16 mtu = htons(MIN(terms->mtu, UINT16_MAX));

    put_option_be32(p, OPT_MASK, be32_prefix_mask(lease->plen));
    if (ipv6_addr_is_set(&options->router)) {
        put_option_be32(p, OPT_ROUTER,
                        in6_addr_get_mapped_ipv4(&options->router));
    }
    if (terms->mtu >= MTU_MIN) {
        put_option(p, OPT_MTU, &mtu, sizeof mtu);
    }
    put_routes(p, options);
    put_dns(p, options);
    if (options->domain) {
        put_option(p, OPT_DOMAIN, options->domain, strlen(options->domain));
    }
}

static void
put_times(struct dp_packet *p, uint32_t lease)
{
    put_option_be32(p, OPT_LEASE, htonl(lease));
    put_option_be32(p, OPT_RENEW, htonl(lease / 2));
    put_option_be32(p, OPT_REBIND, htonl(lease - lease / 8));
}

/* Headers with the addresses; lengths and sums are filled in at the end. */
static struct dhcp_header *
begin(struct dp_packet *p, struct eth_addr from, struct eth_addr to,
      ovs_be32 src, ovs_be32 dst)
{
    static const ovs_be32 cookie = CONSTANT_HTONL(DHCP_MAGIC_COOKIE);

    eth_compose(p, to, from, ETH_TYPE_IP, 0);
    struct ip_header *ip = dp_packet_put_zeros(p, sizeof *ip);
    ip->ip_ihl_ver = IP_IHL_VER(5, 4);
    ip->ip_ttl = 64;
    ip->ip_proto = IPPROTO_UDP;
    put_16aligned_be32(&ip->ip_src, src);
    put_16aligned_be32(&ip->ip_dst, dst);
    dp_packet_set_l4(p, dp_packet_put_zeros(p, UDP_HEADER_LEN));
    dp_packet_put_zeros(p, DHCP_HEADER_LEN);
    dp_packet_put(p, &cookie, sizeof cookie);
    return (void *) ((uint8_t *) dp_packet_l4(p) + UDP_HEADER_LEN);
}

static void
end(struct dp_packet *p, uint16_t from, uint16_t to)
{
    static const uint8_t last = DHCP_OPT_END;

    dp_packet_put(p, &last, sizeof last);
    size_t message = dp_packet_l4_size(p) - UDP_HEADER_LEN;
    if (message < MESSAGE_MIN) {
        dp_packet_put_zeros(p, MESSAGE_MIN - message);
    }

    struct ip_header *ip = dp_packet_l3(p);
    struct udp_header *udp = dp_packet_l4(p);
    ip->ip_tot_len = htons(dp_packet_l3_size(p));
    ip->ip_csum = csum(ip, sizeof *ip);
    udp->udp_src = htons(from);
    udp->udp_dst = htons(to);
    udp->udp_len = htons(dp_packet_l4_size(p));
    uint32_t sum = packet_csum_pseudoheader(ip);
    udp->udp_csum = csum_finish(csum_continue(sum, udp,
                                              dp_packet_l4_size(p)));
    if (!udp->udp_csum) {
        udp->udp_csum = htons(0xffff);
    }
}

/* Where the answer of 'type' goes (RFC 2131, section 4.1). */
static void
find_way(const struct request *r, uint8_t type, ovs_be32 ip,
         struct eth_addr *mac, ovs_be32 *dst)
{
    bool unicast = type != DHCP_MSG_NAK
                   && (r->header->ciaddr
                       || !(r->header->flags & htons(FLAG_BROADCAST)));

    *mac = unicast ? r->mac : eth_addr_broadcast;
    *dst = (!unicast ? htonl(UINT32_MAX)
            : r->header->ciaddr ? r->header->ciaddr : ip);
}

static enum dhcp_outcome
write_answer(const struct request *r, uint8_t type,
             const struct dhcp_terms *terms, const struct dhcp_lease *lease,
             struct dp_packet *p)
{
    struct in6_addr server6 = addressing_server(terms->options);
    ovs_be32 server = in6_addr_get_mapped_ipv4(&server6);
    struct eth_addr to;
    ovs_be32 dst;

    find_way(r, type, lease->ip, &to, &dst);
    struct dhcp_header *h = begin(p, terms->server, to, server, dst);
    h->op = DHCP_OP_REPLY;
    h->htype = r->header->htype;
    h->hlen = r->header->hlen;
    h->xid = r->header->xid;
    h->flags = r->header->flags;
    memcpy(h->chaddr, r->header->chaddr, sizeof h->chaddr);
    if (type != DHCP_MSG_NAK) {
        h->ciaddr = r->header->ciaddr;
        h->yiaddr = r->type == MSG_INFORM ? 0 : lease->ip;
    }

    put_option_u8(p, DHCP_OPT_MSG_TYPE, type);
    put_option_be32(p, OPT_SERVER, server);
    if (type != DHCP_MSG_NAK) {
        if (r->type != MSG_INFORM) {
            put_times(p, terms->options->seconds);
        }
        put_terms(p, terms, lease);
    }
    if (r->client_id) {
        put_option(p, OPT_CLIENT_ID, r->client_id, r->client_id_len);
    }
    end(p, DHCP_SERVER_PORT, DHCP_CLIENT_PORT);
    return DHCP_ANSWERED;
}

/* Deciding. */

static const struct dhcp_lease *
find_lease(const struct dhcp_terms *terms, ovs_be32 ip)
{
    for (size_t i = 0; i < terms->n_leases; i++) {
        if (terms->leases[i].ip == ip) {
            return &terms->leases[i];
        }
    }
    return NULL;
}

/* A client takes an offer, comes back with an address that it had, or wants to
 * go on with the one it has (RFC 2131, section 4.3.2). */
static enum dhcp_outcome
answer_request(const struct request *r, const struct dhcp_terms *terms,
               struct dp_packet *answer)
{
    struct in6_addr server = addressing_server(terms->options);
    ovs_be32 ip = r->header->ciaddr ? r->header->ciaddr : r->wanted;

    if (r->server && r->server != in6_addr_get_mapped_ipv4(&server)) {
        return DHCP_QUIET;
    }
    if (!ip) {
        return DHCP_BAD;
    }
    const struct dhcp_lease *lease = find_lease(terms, ip);
    return write_answer(r, lease ? DHCP_MSG_ACK : DHCP_MSG_NAK, terms,
                        lease ? lease : &terms->leases[0], answer);
}

enum dhcp_outcome
dhcp_answer(const void *frame, size_t size, const struct dhcp_terms *terms,
            struct dp_packet *answer)
{
    const struct dhcp_lease *lease;
    struct request r;

    if (!read_request(frame, size, &r)) {
        return DHCP_BAD;
    }
    switch (r.type) {
    case DHCP_MSG_DISCOVER:
        lease = find_lease(terms, r.wanted);
        return write_answer(&r, DHCP_MSG_OFFER, terms,
                            lease ? lease : &terms->leases[0], answer);
    case DHCP_MSG_REQUEST:
        return answer_request(&r, terms, answer);
    case MSG_INFORM:
        lease = find_lease(terms, r.header->ciaddr);
        return (r.header->ciaddr
                ? write_answer(&r, DHCP_MSG_ACK, terms,
                               lease ? lease : &terms->leases[0], answer)
                : DHCP_BAD);
    case MSG_DECLINE:
    case MSG_RELEASE:
        return DHCP_QUIET;
    default:
        return DHCP_BAD;
    }
}

void
dhcp_discover(struct eth_addr mac, struct dp_packet *packet)
{
    struct dhcp_header *h = begin(packet, mac, eth_addr_broadcast, 0,
                                  htonl(UINT32_MAX));
    h->op = DHCP_OP_REQUEST;
    h->htype = ARP_HRD_ETHERNET;
    h->hlen = ETH_ADDR_LEN;
    memcpy(h->chaddr, &mac, sizeof mac);
    put_option_u8(packet, DHCP_OPT_MSG_TYPE, DHCP_MSG_DISCOVER);
    end(packet, DHCP_CLIENT_PORT, DHCP_SERVER_PORT);
}

char *
dhcp_describe(const struct dp_packet *answer)
{
    const struct dhcp_header *h = dp_packet_get_udp_payload(answer);
    const uint8_t *options = (const uint8_t *) (h + 1) + COOKIE_LEN;

    switch (options[2]) {
    case DHCP_MSG_OFFER:
        return xasprintf("a DHCP offer of "IP_FMT, IP_ARGS(h->yiaddr));
    case DHCP_MSG_ACK:
        return xasprintf("a DHCP acknowledgement of "IP_FMT,
                         IP_ARGS(h->yiaddr ? h->yiaddr : h->ciaddr));
    default:
        return xstrdup("a DHCP refusal");
    }
}
