/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_ROW_VALUES_H
#define OVS_ROW_VALUES_H 1

/* Values in the rows of the NetHV database: parsed and checked, since anyone
 * who may write the database may write nonsense.
 *
 * All return NULL, or a malloc'd sentence that says why the value cannot be;
 * then outputs are of no use. */

#include <netinet/in.h>
#include <stdint.h>

#include "openvswitch/types.h"

struct nethvrec_host;

/* Checks that 'name' is a path of 'depth' names. */
char *row_check_path(const char *name, int depth);

/* Checks that the row called 'name' is named as part of the one called
 * 'parent'. */
char *row_check_under(const char *name, const char *parent);

/* Checks that 'location' is of a number on 'host', as far as the IDL knows
 * 'host'; 'number_max' is 0 for the host itself. */
char *row_check_location(int64_t location, const struct nethvrec_host *host,
                         uint32_t number_max);

/* Parse an IP address, one with the length of its prefix, and the MAC address
 * of a port.  IPv4 addresses are mapped to IPv6. */
char *row_parse_address(const char *s, struct in6_addr *address);
char *row_parse_cidr(const char *s, struct in6_addr *address, uint8_t *plen);
char *row_parse_mac(const char *s, struct eth_addr *mac);

#endif /* ovs/row-values.h */
