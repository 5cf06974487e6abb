/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROUTER_ADVERT_H
#define ROUTER_ADVERT_H 1

/* Router advertisements (RFC 4861) for one endpoint: the networks of its
 * addresses, the MTU, and what an addressing says: a router, more specific
 * routes (RFC 4191), DNS servers and domain (RFC 8106).
 *
 * They come from the router's link-local address, so that hosts take it as
 * their router; or, if there is none, from one of nethv's own with a router
 * lifetime of 0, so that they take none.
 *
 * Pure. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/types.h"

struct addressing;
struct dp_packet;

/* A network of the endpoint's addresses. */
struct advert_prefix {
    struct in6_addr network;
    uint8_t plen;
    bool autonomous;                /* What SLAAC makes of it is right. */
};

/* No more than fit into 1,280 bytes. */
#define ADVERT_PREFIXES_MAX 8

struct advert_terms {
    const struct addressing *options;
    const struct advert_prefix *prefixes; /* At most ADVERT_PREFIXES_MAX. */
    size_t n_prefixes;
    unsigned int mtu;               /* 0 if it is not told. */
    struct eth_addr mac;            /* Where it comes from. */
};

/* Returns whether the Ethernet frame of 'size' bytes at 'frame' is a valid
 * router solicitation (RFC 4861, section 6.1.1). */
bool advert_is_solicited(const void *frame, size_t size);

/* Writes the advertisement, for all nodes, into the empty 'packet'. */
void advert_make(const struct advert_terms *, struct dp_packet *packet);

/* Writes an advertisement from 'router' that it is one no longer. */
void advert_withdraw(const struct in6_addr *router, struct eth_addr mac,
                     struct dp_packet *packet);

/* Writes the solicitation that an endpoint with 'mac' sends into 'packet'. */
void advert_solicit(struct eth_addr mac, struct dp_packet *packet);

#endif /* router-advert.h */
