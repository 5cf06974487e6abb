/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "addressing.h"

#include <criterion/criterion.h>
#include <netinet/ip6.h>
#include <stdlib.h>
#include <string.h>

#include "csum.h"
#include "dhcp-answer.h"
#include "dhcp.h"
#include "dp-packet.h"
#include "flow.h"
#include "notation.h"
#include "openvswitch/dynamic-string.h"
#include "packets.h"
#include "router-advert.h"
#include "smap.h"
#include "util.h"

static const struct eth_addr client = ETH_ADDR_C(02,00,00,00,00,01);
static const struct eth_addr server = ETH_ADDR_C(0a,00,00,00,00,02);

static struct in6_addr
ip(const char *s)
{
    struct in6_addr address;
    char *fault = notation_host_ip_parse(s, &address);
    cr_assert_null(fault, "%s", fault);
    return address;
}

/* Maps. */

static struct addressing *
from_map(enum addressing_kind kind, const struct smap *map)
{
    struct addressing *a;
    char *fault = addressing_from_map(kind, map, &a);
    cr_assert_null(fault, "%s", fault);
    return a;
}

Test(addressing, map_round_trip)
{
    struct smap map = SMAP_INITIALIZER(&map);
    struct smap again = SMAP_INITIALIZER(&again);

    cr_assert_null(from_map(ADDRESSING_DHCP, &map));
    smap_add(&map, "routes", "10.1.0.0/16 via 10.0.0.9, 10.2.0.0/15 via "
             "10.0.0.8");
    smap_add(&map, "dns", "10.0.0.54, 10.0.0.53");
    smap_add(&map, "domain", "shop.example");
    struct addressing *a = from_map(ADDRESSING_DHCP, &map);
    addressing_to_map(a, &again);
    smap_add(&map, "lease", "86400");
    cr_assert(smap_equal(&map, &again));

    struct addressing *b = addressing_clone(a);
    cr_assert(addressing_equals(a, b));
    b->seconds++;
    cr_assert_not(addressing_equals(a, b));
    cr_assert_not(addressing_equals(a, NULL));
    cr_assert(addressing_equals(NULL, NULL));
    addressing_destroy(a);
    addressing_destroy(b);
    smap_destroy(&map);
    smap_destroy(&again);
}

static void
check_fault(enum addressing_kind kind, const char *key, const char *value,
            const char *expected)
{
    struct smap map = SMAP_INITIALIZER(&map);
    struct addressing *a = NULL;

    smap_add(&map, key, value);
    char *fault = addressing_from_map(kind, &map, &a);
    cr_assert_str_eq(fault, expected);
    cr_assert_null(a);
    free(fault);
    smap_destroy(&map);
}

Test(addressing, map_faults)
{
    check_fault(ADDRESSING_DHCP, "mtu", "1500", "\"mtu\": is no option");
    check_fault(ADDRESSING_DHCP, "lease", "soon", "\"lease\": must be a "
                "number of seconds from 60 to 2147483647");
    check_fault(ADDRESSING_RA, "routes", "fd01::/64", "has \"routes\" but no "
                "\"router\" that they lead to: give its link-local address");
}

Test(addressing, server)
{
    struct addressing *a = addressing_create(ADDRESSING_DHCP);
    struct in6_addr address = addressing_server(a);
    cr_assert(IN6_IS_ADDR_V4MAPPED(&address));
    a->router = ip("10.0.0.254");
    address = addressing_server(a);
    cr_assert(ipv6_addr_equals(&address, &a->router));
    a->server = ip("10.0.0.1");
    address = addressing_server(a);
    cr_assert(ipv6_addr_equals(&address, &a->server));
    addressing_destroy(a);
}

/* DHCP. */

/* A request with 'options' (in hexadecimal, without the end) and 'ciaddr'. */
static struct dp_packet *
request(const char *options, const char *ciaddr)
{
    struct dp_packet *p = dp_packet_new(0);
    dhcp_discover(client, p);
    struct dhcp_header *h = CONST_CAST(struct dhcp_header *,
                                       dp_packet_get_udp_payload(p));
    uint8_t *to = (uint8_t *) (h + 1) + 4;
    bool ok;

    memset(to, 0, (uint8_t *) dp_packet_tail(p) - to);
    for (size_t i = 0; options[i]; i += 2) {
        *to++ = hexits_value(options + i, 2, &ok);
    }
    *to = DHCP_OPT_END;
    h->xid = htonl(0x12345678);
    if (ciaddr) {
        struct in6_addr address = ip(ciaddr);
        h->ciaddr = in6_addr_get_mapped_ipv4(&address);
    }
    return p;
}

static void
put_options(const struct dp_packet *answer, struct ds *s)
{
    const struct dhcp_header *h = dp_packet_get_udp_payload(answer);
    const uint8_t *p = (const uint8_t *) (h + 1) + 4;

    for (; *p != DHCP_OPT_END; p += 2 + p[1]) {
        ds_put_format(s, " %u:", p[0]);
        for (size_t i = 0; i < p[1]; i++) {
            ds_put_format(s, "%02x", p[2 + i]);
        }
    }
}

/* Returns the answer as text: where it goes, what it gives. */
static char *
answer_text(const struct dp_packet *answer)
{
    const struct dhcp_header *h = dp_packet_get_udp_payload(answer);
    const struct ip_header *nh = dp_packet_l3(answer);
    struct ds s = DS_EMPTY_INITIALIZER;
    struct flow flow;

    flow_extract(CONST_CAST(struct dp_packet *, answer), &flow);
    cr_assert_eq(csum(nh, sizeof *nh), 0);
    cr_assert_eq(ntohs(nh->ip_tot_len), dp_packet_l3_size(answer));
    cr_assert_eq(csum_finish(csum_continue(packet_csum_pseudoheader(nh),
                                           dp_packet_l4(answer),
                                           dp_packet_l4_size(answer))), 0);
    cr_assert_eq(h->xid, htonl(0x12345678));
    cr_assert_eq(flow.tp_src, htons(67));
    cr_assert_eq(flow.tp_dst, htons(68));
    ds_put_format(&s, "%s "IP_FMT" gives "IP_FMT,
                  eth_addr_is_broadcast(flow.dl_dst) ? "all" : "one",
                  IP_ARGS(flow.nw_dst), IP_ARGS(h->yiaddr));
    put_options(answer, &s);
    return ds_steal_cstr(&s);
}

static void
check_dhcp(struct dp_packet *request, const struct addressing *options,
           const char *expected)
{
    const struct dhcp_lease leases[] = {
        { htonl(0x0a000001), 24 }, { htonl(0x0a090001), 16 },
    };
    const struct dhcp_terms terms = {
        .options = options, .leases = leases, .n_leases = 2, .mtu = 1400,
        .server = server,
    };
    struct dp_packet answer;

    dp_packet_init(&answer, 0);
    enum dhcp_outcome outcome = dhcp_answer(dp_packet_data(request),
                                            dp_packet_size(request), &terms,
                                            &answer);
    char *text = (outcome == DHCP_ANSWERED ? answer_text(&answer)
                  : xstrdup(outcome == DHCP_QUIET ? "quiet" : "bad"));
    cr_assert_str_eq(text, expected);
    free(text);
    dp_packet_uninit(&answer);
    dp_packet_delete(request);
}

/* What an address comes with: server, times, mask, MTU. */
#define PLAIN " 54:0a0000fe 51:00000e10 58:00000708 59:00000c4e" \
              " 1:ffffff00 3:0a0000fe 26:0578"

Test(addressing, dhcp)
{
    struct addressing *a = addressing_create(ADDRESSING_DHCP);
    a->router = ip("10.0.0.254");
    a->seconds = 3600;

    check_dhcp(request("350101", NULL), a,
               "one 10.0.0.1 gives 10.0.0.1 53:02" PLAIN);
    /* The client's identifier comes back (RFC 6842). */
    check_dhcp(request("3501013d03000102", NULL), a,
               "one 10.0.0.1 gives 10.0.0.1 53:02" PLAIN " 61:000102");
    /* It may choose among its addresses, but no other. */
    check_dhcp(request("35010132040a090001", NULL), a,
               "one 10.9.0.1 gives 10.9.0.1 53:02 54:0a0000fe 51:00000e10 "
               "58:00000708 59:00000c4e 1:ffff0000 3:0a0000fe 26:0578");
    check_dhcp(request("35010132040a000009", NULL), a,
               "one 10.0.0.1 gives 10.0.0.1 53:02" PLAIN);
    check_dhcp(request("35010332040a00000136040a0000fe", NULL), a,
               "one 10.0.0.1 gives 10.0.0.1 53:05" PLAIN);
    check_dhcp(request("35010332040a000009", NULL), a,
               "all 255.255.255.255 gives 0.0.0.0 53:06 54:0a0000fe");
    check_dhcp(request("350103", "10.0.0.1"), a,
               "one 10.0.0.1 gives 10.0.0.1 53:05" PLAIN);
    check_dhcp(request("350103", "10.0.0.9"), a,
               "all 255.255.255.255 gives 0.0.0.0 53:06 54:0a0000fe");
    /* Another server was chosen; nothing was asked for; good-bye. */
    check_dhcp(request("35010332040a00000136040a0000fd", NULL), a, "quiet");
    check_dhcp(request("350103", NULL), a, "bad");
    check_dhcp(request("350107", "10.0.0.1"), a, "quiet");
    check_dhcp(request("35010432040a000001", NULL), a, "quiet");
    check_dhcp(request("350108", "10.0.0.1"), a,
               "one 10.0.0.1 gives 0.0.0.0 53:05 54:0a0000fe 1:ffffff00 "
               "3:0a0000fe 26:0578");
    check_dhcp(request("350102", NULL), a, "bad");
    check_dhcp(request("", NULL), a, "bad");
    addressing_destroy(a);
}

Test(addressing, dhcp_broadcast_flag)
{
    struct addressing *a = addressing_create(ADDRESSING_DHCP);
    struct dp_packet *r = request("350101", NULL);
    struct dhcp_header *h = CONST_CAST(struct dhcp_header *,
                                       dp_packet_get_udp_payload(r));

    h->flags = htons(0x8000);
    a->router = ip("10.0.0.254");
    a->seconds = 3600;
    check_dhcp(r, a, "all 255.255.255.255 gives 10.0.0.1 53:02" PLAIN);
    addressing_destroy(a);
}

Test(addressing, dhcp_routes)
{
    struct addressing *a = addressing_create(ADDRESSING_DHCP);
    a->seconds = 3600;
    a->router = ip("10.0.0.254");
    a->routes[a->n_routes++] = (struct addressing_route) {
        ip("10.32.0.0"), 11, ip("10.0.0.9") };
    a->dns[a->n_dns++] = ip("10.0.0.53");
    a->domain = xstrdup("a.b");
    check_dhcp(request("350101", NULL), a,
               "one 10.0.0.1 gives 10.0.0.1 53:02" PLAIN
               " 121:000a0000fe0b0a200a000009 6:0a000035 15:612e62");
    addressing_destroy(a);
}

/* All that a document may say fits beside an identifier of usual length. */
Test(addressing, dhcp_fits)
{
    struct addressing *a = addressing_create(ADDRESSING_DHCP);
    const struct dhcp_lease lease = { htonl(0x0a000001), 24 };
    const struct dhcp_terms terms = {
        .options = a, .leases = &lease, .n_leases = 1, .mtu = 1400,
    };

    a->router = ip("10.0.0.254");
    a->domain = xstrdup("shop.example.net");
    while (a->n_dns < ADDRESSING_DNS_MAX) {
        a->dns[a->n_dns++] = ip("10.0.0.53");
    }
    while (a->n_routes < ADDRESSING_ROUTES_MAX) {
        a->routes[a->n_routes++] = (struct addressing_route) {
            ip("10.1.2.3"), 32, ip("10.0.0.9") };
    }
    char *fault = addressing_check(a);
    cr_assert_str_eq(fault, "takes 275 bytes, and every client's messages "
                     "have room for 272: give fewer routes or a shorter "
                     "domain");
    free(fault);
    free(a->domain);
    a->domain = xstrdup("shop.example");
    cr_assert_null(addressing_check(a));

    struct dp_packet *r = request(
        "3501013d13ff0102030400020000ab11a0b1c2d3e4f50617", NULL);
    struct dp_packet answer;
    struct ds s = DS_EMPTY_INITIALIZER;
    dp_packet_init(&answer, 0);
    cr_assert_eq(dhcp_answer(dp_packet_data(r), dp_packet_size(r), &terms,
                             &answer), DHCP_ANSWERED);
    put_options(&answer, &s);
    cr_assert_not_null(strstr(ds_cstr(&s), " 15:"));
    cr_assert_not_null(strstr(ds_cstr(&s), " 61:ff01020304"));
    cr_assert_leq(dp_packet_l3_size(&answer), 576);
    ds_destroy(&s);
    dp_packet_uninit(&answer);
    dp_packet_delete(r);
    addressing_destroy(a);
}

/* Router advertisements. */

static void
put_hex(const struct dp_packet *p, struct ds *s)
{
    const struct ovs_16aligned_ip6_hdr *nh = dp_packet_l3(p);
    const uint8_t *icmp = dp_packet_l4(p);
    struct flow flow;

    flow_extract(CONST_CAST(struct dp_packet *, p), &flow);
    cr_assert_eq(packet_csum_upperlayer6(nh, icmp, IPPROTO_ICMPV6,
                                         dp_packet_l4_size(p)), 0);
    cr_assert_eq(flow.nw_ttl, 255);
    ipv6_format_addr(&flow.ipv6_src, s);
    ds_put_cstr(s, " to ");
    ipv6_format_addr(&flow.ipv6_dst, s);
    for (size_t i = 0; i < dp_packet_l4_size(p); i++) {
        ds_put_cstr(s, i % 8 || !i ? "" : " ");
        if (i == 0) {
            ds_put_char(s, ' ');
        }
        ds_put_format(s, "%02x", i == 2 || i == 3 ? 0 : icmp[i]);
    }
}

static void
check_advert(const struct addressing *a, const char *expected)
{
    const struct advert_prefix prefixes[] = {
        { ip("fd00::"), 64, true }, { ip("fd01::"), 48, false },
    };
    const struct advert_terms terms = {
        .options = a, .prefixes = prefixes, .n_prefixes = 2, .mtu = 1400,
        .mac = server,
    };
    struct ds s = DS_EMPTY_INITIALIZER;
    struct dp_packet p;

    dp_packet_init(&p, 0);
    advert_make(&terms, &p);
    put_hex(&p, &s);
    cr_assert_str_eq(ds_cstr(&s), expected);
    ds_destroy(&s);
    dp_packet_uninit(&p);
}

#define PREFIXES                                                             \
    " 0501000000000578"                                                      \
    " 030440c000278d00 00093a8000000000 fd00000000000000 0000000000000000"   \
    " 0304308000278d00 00093a8000000000 fd01000000000000 0000000000000000"

Test(addressing, advert)
{
    struct addressing *a = addressing_create(ADDRESSING_RA);
    a->seconds = 600;
    check_advert(a, "fe80::800:ff:fe00:2 to ff02::1 8600000040000000 "
                 "0000000000000000 01010a0000000002" PREFIXES);

    a->router = ip("fe80::1");
    a->routes[a->n_routes++] = (struct addressing_route) {
        .to = ip("fd02::"), .plen = 64 };
    a->dns[a->n_dns++] = ip("fd00::53");
    a->domain = xstrdup("a.bc");
    check_advert(a, "fe80::1 to ff02::1 8600000040000258 0000000000000000"
                 PREFIXES
                 " 1802400000000258 fd02000000000000"
                 " 1903000000000258 fd00000000000000 0000000000000053"
                 " 1f02000000000258 0161026263000000");
    addressing_destroy(a);
}

static bool
is_solicited(void (*change)(struct dp_packet *))
{
    struct dp_packet p;
    dp_packet_init(&p, 0);
    advert_solicit(client, &p);
    if (change) {
        change(&p);
        struct icmp6_header *icmp = dp_packet_l4(&p);
        icmp->icmp6_cksum = 0;
        icmp->icmp6_cksum = packet_csum_upperlayer6(
            dp_packet_l3(&p), icmp, IPPROTO_ICMPV6, dp_packet_l4_size(&p));
    }
    bool solicited = advert_is_solicited(dp_packet_data(&p),
                                         dp_packet_size(&p));
    dp_packet_uninit(&p);
    return solicited;
}

static void
forget_hop_limit(struct dp_packet *p)
{
    struct ovs_16aligned_ip6_hdr *nh = dp_packet_l3(p);
    nh->ip6_hlim = 64;
}

static void
forget_source(struct dp_packet *p)
{
    struct ovs_16aligned_ip6_hdr *nh = dp_packet_l3(p);
    memset(&nh->ip6_src, 0, sizeof nh->ip6_src);
}

static void
empty_option(struct dp_packet *p)
{
    ((uint8_t *) dp_packet_l4(p))[9] = 0;
}

static void
long_option(struct dp_packet *p)
{
    ((uint8_t *) dp_packet_l4(p))[9] = 2;
}

Test(addressing, solicit)
{
    cr_assert(is_solicited(NULL));
    cr_assert_not(is_solicited(forget_hop_limit));
    cr_assert_not(is_solicited(forget_source));
    cr_assert_not(is_solicited(empty_option));
    cr_assert_not(is_solicited(long_option));
}
