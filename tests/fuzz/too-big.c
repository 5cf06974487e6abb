/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Any bytes as a frame that is too big: two for the MTU, the rest the frame.
 * An answer goes back to who sent the frame, is itself well-formed and not too
 * big, and is not answered. */

#include "check.h"
#include "csum.h"
#include "dp-packet.h"
#include "flow.h"
#include "fuzz.h"
#include "packets.h"
#include "too-big.h"

static void
check_answer(const uint8_t *frame, size_t size, struct dp_packet *answer)
{
    struct dp_packet packet;
    struct flow from, to;

    dp_packet_use_const(&packet, frame, size);
    flow_extract(&packet, &from);
    flow_extract(answer, &to);
    fuzz_require(to.dl_type == from.dl_type, "another protocol", "");
    fuzz_require(eth_addr_equals(to.dl_dst, from.dl_src)
                 && eth_addr_equals(to.dl_src, from.dl_dst), "MAC", "");
    if (to.dl_type == htons(ETH_TYPE_IP)) {
        const struct ip_header *ip = dp_packet_l3(answer);
        fuzz_require(to.nw_dst == from.nw_src && to.nw_src == from.nw_dst,
                     "IPv4 address", "");
        fuzz_require(!csum(ip, IP_HEADER_LEN), "IPv4 checksum", "");
        fuzz_require(to.nw_proto == IPPROTO_ICMP, "protocol", "");
    } else {
        fuzz_require(ipv6_addr_equals(&to.ipv6_dst, &from.ipv6_src)
                     && ipv6_addr_equals(&to.ipv6_src, &from.ipv6_dst),
                     "IPv6 address", "");
        fuzz_require(to.nw_proto == IPPROTO_ICMPV6, "protocol", "");
    }
    fuzz_require(dp_packet_l3_size(answer) <= 1280, "long answer", "");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dp_packet answer, second;

    if (size < 2) {
        return 0;
    }
    unsigned int mtu = data[0] << 8 | data[1];
    dp_packet_init(&answer, 0);
    dp_packet_init(&second, 0);
    if (!too_big_answer(data + 2, size - 2, mtu, &answer)) {
        fuzz_require(!dp_packet_size(&answer), "refusal with answer", "");
    } else {
        check_answer(data + 2, size - 2, &answer);
        fuzz_require(!too_big_answer(dp_packet_data(&answer),
                                     dp_packet_size(&answer), mtu, &second),
                     "an answer is answered", "");
    }
    dp_packet_uninit(&answer);
    dp_packet_uninit(&second);
    return 0;
}
