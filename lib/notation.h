/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NOTATION_H
#define NOTATION_H 1

/* How values are written in documents and in the database: names, MAC and IP
 * addresses, bandwidths, lists of encapsulations.
 *
 * Each notation has one canonical form, which the formatters write.  Parsers
 * return NULL and store the value, or store nothing and return a malloc'd
 * clause that says what is wrong with the text and what would be right, for
 * the caller to put the place before.  Pure. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/types.h"

/* Names of one thing: 1 to NOTATION_NAME_MAX letters, digits, '.', '_', '-',
 * the first a letter or digit.  A path is such names joined by '/'. */
#define NOTATION_NAME_MAX 64
bool notation_name_valid(const char *name, size_t length);
char *notation_name_check(const char *name);
char *notation_path_check(const char *path, unsigned int n_names);

/* The MAC of a port: not multicast, not zero.  Canonical: small letters. */
char *notation_mac_parse(const char *s, struct eth_addr *mac);
char *notation_mac_format(struct eth_addr mac);

/* An IP address with the prefix length of its subnet ("10.0.0.1/24"); without
 * it the address stands alone (32 or 128).  IPv4 is held IPv4-mapped, with its
 * own prefix length.  The address must be one that an interface can have. */
char *notation_ip_parse(const char *s, struct in6_addr *ip, uint8_t *plen);
char *notation_ip_format(const struct in6_addr *ip, uint8_t plen);

/* The IP address of a machine, without prefix length; not loopback. */
char *notation_host_ip_parse(const char *s, struct in6_addr *ip);
char *notation_host_ip_format(const struct in6_addr *ip);

/* A network: an address whose bits behind the prefix length are zero
 * ("10.1.0.0/16"), and not everything. */
char *notation_network_parse(const char *s, struct in6_addr *ip,
                             uint8_t *plen);

/* A domain name: labels of letters, digits, '-' and '_' joined by '.', at most
 * NOTATION_DOMAIN_MAX characters. */
#define NOTATION_DOMAIN_MAX 100
char *notation_domain_check(const char *s);

/* Bits per second: digits and perhaps k, M, G or T (powers of 1,000); 0 for no
 * limit, else NOTATION_BANDWIDTH_MIN to NOTATION_BANDWIDTH_MAX, which are what
 * meters can do.  Canonical: the largest unit that is exact. */
#define NOTATION_BANDWIDTH_MIN UINT64_C(1000)
#define NOTATION_BANDWIDTH_MAX UINT64_C(4000000000000)
char *notation_bandwidth_parse(const char *s, uint64_t *bps);
char *notation_bandwidth_check(uint64_t bps);
char *notation_bandwidth_format(uint64_t bps);

#endif /* notation.h */
