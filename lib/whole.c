/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "whole.h"

#include "dp-packet.h"
#include "openvswitch/nsh.h"

#define NSH_TTL 63                  /* What encap(nsh) begins with. */
#define NSH_SERVICE_INDEX 255

void
whole_put(struct dp_packet *packet, const struct whole *whole,
          const void *frame, size_t size)
{
    uint64_t tag = (uint64_t) whole->tag << 32;
    struct eth_addr to, from;

    eth_addr_from_uint64(tag | whole->key, &to);
    eth_addr_from_uint64(tag | whole->source, &from);
    struct whole_header header = {
        .eth.eth_dst = to,
        .eth.eth_src = from,
        .eth.eth_type = htons(ETH_TYPE_NSH),
        .ver_flags_ttl_len = htons(NSH_TTL << NSH_TTL_SHIFT
                                   | WHOLE_NSH_WORDS),
        .md_type = NSH_M_TYPE2,
        .next_protocol = NSH_P_ETHERNET,
        .path = htonl(NSH_SERVICE_INDEX),
        .option_class = htons(0x1000),
        .option_type = 10,
        .option_len = 4,
        .option = htonl((uint32_t) whole->version << 24),
    };
    dp_packet_put(packet, &header, sizeof header);
    dp_packet_put(packet, frame, size);
}
