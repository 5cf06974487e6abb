/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DHCP_ANSWER_H
#define DHCP_ANSWER_H 1

/* The answer to a DHCPv4 request (RFC 2131), by a server that knows what each
 * endpoint has and keeps no state: an address is the endpoint's whether it asks
 * or not, so a lease only says when to ask again.
 *
 * Answers hold to the least that every client takes: 312 bytes of options
 * (RFC 2131, section 2).  Routes are told by option 121 (RFC 3442), with the
 * default route among them since clients then pass over option 3.
 *
 * Pure. */

#include <stddef.h>
#include <stdint.h>

#include "openvswitch/types.h"

struct addressing;
struct dp_packet;

/* An address that the endpoint has. */
struct dhcp_lease {
    ovs_be32 ip;
    uint8_t plen;
};

/* What it is told. */
struct dhcp_terms {
    const struct addressing *options;
    const struct dhcp_lease *leases; /* At least one; the first is offered. */
    size_t n_leases;
    unsigned int mtu;               /* 0 if it is not told. */
    struct eth_addr server;         /* MAC that the answer comes from. */
};

enum dhcp_outcome {
    DHCP_BAD,                       /* Cannot be read, or is no request. */
    DHCP_QUIET,                     /* Needs no answer. */
    DHCP_ANSWERED,
};

/* Writes the answer to the Ethernet frame of 'size' bytes at 'frame' into the
 * empty packet 'answer'. */
enum dhcp_outcome dhcp_answer(const void *frame, size_t size,
                              const struct dhcp_terms *,
                              struct dp_packet *answer);

/* Writes what a client with 'mac' broadcasts first into the empty 'packet'. */
void dhcp_discover(struct eth_addr mac, struct dp_packet *packet);

/* Returns what 'answer', one of dhcp_answer()'s, says in a few words, which the
 * caller frees. */
char *dhcp_describe(const struct dp_packet *answer);

#endif /* dhcp-answer.h */
