/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "too-big.h"

#include <netinet/icmp6.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>

#include "csum.h"
#include "dp-packet.h"
#include "flow.h"
#include "packets.h"
#include "unaligned.h"
#include "util.h"

/* How much of the packet the answer quotes. */
#define QUOTE_IPV4 (IP_HEADER_LEN + 40 + 8)     /* RFC 792: header and 8. */
#define QUOTE_IPV6 1000                         /* Within 1,280 bytes. */

/* Ethernet header with the VLAN tags of 'packet', addresses exchanged. */
static void
put_l2(const struct dp_packet *packet, struct dp_packet *answer)
{
    const uint8_t *l2 = dp_packet_data(packet);
    size_t l2_len = (const uint8_t *) dp_packet_l3(packet) - l2;
    struct eth_header *eth = dp_packet_put(answer, l2, l2_len);
    struct eth_addr source = eth->eth_src;

    eth->eth_src = eth->eth_dst;
    eth->eth_dst = source;
    dp_packet_set_l3(answer, (uint8_t *) eth + l2_len);
}

static bool
put_ipv4(const struct dp_packet *packet, const struct flow *flow,
         unsigned int mtu, struct dp_packet *answer)
{
    const struct ip_header *from = dp_packet_l3(packet);
    size_t available = dp_packet_l3_size(packet);
    size_t quote = MIN(available, QUOTE_IPV4);

    if (flow->nw_frag & FLOW_NW_FRAG_LATER || ip_is_multicast(flow->nw_src)
        || flow->nw_src == htonl(0) || flow->nw_src == htonl(UINT32_MAX)
        || (flow->nw_proto == IPPROTO_ICMP
            && flow->tp_src != htons(ICMP_ECHO)
            && flow->tp_src != htons(ICMP_ECHOREPLY))) {
        return false;
    }
    put_l2(packet, answer);

    struct ip_header *ip = dp_packet_put_zeros(answer, sizeof *ip);
    ip->ip_ihl_ver = IP_IHL_VER(5, 4);
    ip->ip_tot_len = htons(sizeof *ip + sizeof(struct icmp_header) + quote);
    ip->ip_ttl = 64;
    ip->ip_proto = IPPROTO_ICMP;
    ip->ip_src = from->ip_dst;
    ip->ip_dst = from->ip_src;
    ip->ip_csum = csum(ip, sizeof *ip);

    struct icmp_header *icmp = dp_packet_put_zeros(answer, sizeof *icmp);
    icmp->icmp_type = ICMP4_DST_UNREACH;
    icmp->icmp_code = ICMP_FRAG_NEEDED;
    icmp->icmp_fields.frag.mtu = htons(MIN(mtu, UINT16_MAX));
    dp_packet_put(answer, from, quote);
    icmp = (void *) ((uint8_t *) dp_packet_tail(answer) - quote
                     - sizeof *icmp);
    icmp->icmp_csum = csum(icmp, sizeof *icmp + quote);
    return true;
}

static bool
put_ipv6(const struct dp_packet *packet, const struct flow *flow,
         unsigned int mtu, struct dp_packet *answer)
{
    const struct ovs_16aligned_ip6_hdr *from = dp_packet_l3(packet);
    size_t quote = MIN(dp_packet_l3_size(packet), QUOTE_IPV6);

    /* An error never answers an error: types below 128. */
    if (flow->nw_frag & FLOW_NW_FRAG_LATER
        || IN6_IS_ADDR_MULTICAST(&flow->ipv6_src)
        || ipv6_is_zero(&flow->ipv6_src)
        || (flow->nw_proto == IPPROTO_ICMPV6 && ntohs(flow->tp_src) < 128)) {
        return false;
    }
    put_l2(packet, answer);

    size_t length = sizeof(struct icmp6_data_header) + quote;
    struct ovs_16aligned_ip6_hdr *ip = dp_packet_put_zeros(answer,
                                                           sizeof *ip);
    put_16aligned_be32(&ip->ip6_flow, htonl(6u << 28));
    ip->ip6_plen = htons(length);
    ip->ip6_nxt = IPPROTO_ICMPV6;
    ip->ip6_hlim = 64;
    ip->ip6_src = from->ip6_dst;
    ip->ip6_dst = from->ip6_src;

    struct icmp6_data_header *icmp = dp_packet_put_zeros(answer,
                                                         sizeof *icmp);
    icmp->icmp6_base.icmp6_type = ICMP6_PACKET_TOO_BIG;
    put_16aligned_be32(icmp->icmp6_data.be32, htonl(mtu));
    dp_packet_put(answer, from, quote);

    uint8_t *tail = dp_packet_tail(answer);
    icmp = (void *) (tail - length);
    ip = (void *) (tail - length - sizeof *ip);
    uint32_t partial = packet_csum_pseudoheader6(ip);
    icmp->icmp6_base.icmp6_cksum = csum_finish(
        csum_continue(partial, icmp, length));
    return true;
}

bool
too_big_answer(const void *frame, size_t size, unsigned int mtu,
               struct dp_packet *answer)
{
    struct dp_packet packet;
    struct flow flow;
    bool answered = false;

    dp_packet_use_const(&packet, frame, size);
    flow_extract(&packet, &flow);
    if (dp_packet_l3(&packet) && !eth_addr_is_multicast(flow.dl_src)) {
        if (flow.dl_type == htons(ETH_TYPE_IP)) {
            answered = put_ipv4(&packet, &flow, mtu, answer);
        } else if (flow.dl_type == htons(ETH_TYPE_IPV6)) {
            answered = put_ipv6(&packet, &flow, mtu, answer);
        }
    }
    return answered;
}
