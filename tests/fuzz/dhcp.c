/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Any bytes as a frame that an endpoint has sent to be told its addresses: as a
 * DHCP request and as a router solicitation.  A DHCP answer is well-formed,
 * fits every client, gives no address but the endpoint's, and is no request. */

#include <stdlib.h>
#include <string.h>

#include "addressing.h"
#include "check.h"
#include "csum.h"
#include "dhcp-answer.h"
#include "dhcp.h"
#include "dp-packet.h"
#include "flow.h"
#include "fuzz.h"
#include "packets.h"
#include "router-advert.h"

#define OWN 0x0a000001
#define OPTIONS_MAX 312

static void
check_options(const uint8_t *p, const uint8_t *end)
{
    while (p < end && *p != DHCP_OPT_END) {
        fuzz_require(end - p >= 2 && end - p >= 2 + p[1], "long option", "");
        p += 2 + p[1];
    }
    fuzz_require(p < end, "options without end", "");
    for (p++; p < end; p++) {
        fuzz_require(!*p, "something behind the end", "");
    }
}

static void
check_answer(struct dp_packet *answer)
{
    const struct dhcp_header *h = dp_packet_get_udp_payload(answer);
    const struct ip_header *ip = dp_packet_l3(answer);
    const uint8_t *options = (const uint8_t *) (h + 1);
    const uint8_t *end = dp_packet_tail(answer);

    fuzz_require(!csum(ip, sizeof *ip), "IPv4 checksum", "");
    fuzz_require(!csum_finish(csum_continue(packet_csum_pseudoheader(ip),
                                            dp_packet_l4(answer),
                                            dp_packet_l4_size(answer))),
                 "UDP checksum", "");
    fuzz_require(h->op == DHCP_OP_REPLY, "no reply", "");
    fuzz_require(!h->yiaddr || h->yiaddr == htonl(OWN), "foreign address", "");
    fuzz_require(end - options <= OPTIONS_MAX, "long answer", "");
    check_options(options + 4, end);
    char *what = dhcp_describe(answer);
    fuzz_check_sentence(what);
    free(what);
}

static void
try_dhcp(const uint8_t *data, size_t size, const struct addressing *options)
{
    const struct dhcp_lease lease = { htonl(OWN), 24 };
    const struct dhcp_terms terms = {
        .options = options, .leases = &lease, .n_leases = 1, .mtu = 1400,
        .server = ETH_ADDR_C(0a,00,00,00,00,02),
    };
    struct dp_packet answer, second;

    dp_packet_init(&answer, 0);
    dp_packet_init(&second, 0);
    if (dhcp_answer(data, size, &terms, &answer) == DHCP_ANSWERED) {
        check_answer(&answer);
        fuzz_require(dhcp_answer(dp_packet_data(&answer),
                                 dp_packet_size(&answer), &terms, &second)
                     == DHCP_BAD, "an answer is answered", "");
    } else {
        fuzz_require(!dp_packet_size(&answer), "refusal with answer", "");
    }
    dp_packet_uninit(&answer);
    dp_packet_uninit(&second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct addressing *options = addressing_create(ADDRESSING_DHCP);

    options->router = in6_addr_mapped_ipv4(htonl(0x0a0000fe));
    options->routes[options->n_routes++] = (struct addressing_route) {
        in6_addr_mapped_ipv4(htonl(0x0a010000)), 16, options->router };
    options->domain = xstrdup("shop.example");
    try_dhcp(data, size, options);
    addressing_destroy(options);
    advert_is_solicited(data, size);
    return 0;
}
