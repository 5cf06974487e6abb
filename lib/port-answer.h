/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORT_ANSWER_H
#define PORT_ANSWER_H 1

/* What a virtual port is told of its addresses: which requests of it the
 * compiler has sent to the agent, and the answers, from the model alone.
 *
 * DHCP is answered where the switch has "dhcp" and the port an IPv4 address;
 * router solicitations where the switch has "ra" and the port an IPv6 address.
 * A port with several MAC addresses is not answered, since nothing says which
 * address is whose.  Pure. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "openvswitch/types.h"

struct dp_packet;
struct vport;

/* What answers come from; also behind a DHCP server's address of nethv's
 * own. */
#define PORT_ANSWER_MAC ETH_ADDR_C(0a,6e,65,74,68,76)

/* Return whether the port is answered. */
bool port_has_dhcp(const struct vport *);
bool port_has_advert(const struct vport *);

enum port_answer {
    PORT_ANSWER_BAD,                /* The request is not sound. */
    PORT_ANSWER_NONE,               /* It needs no answer. */
    PORT_ANSWERED,
};

/* Writes the answer to a DHCP request or a router solicitation, the frame of
 * 'size' bytes at 'frame', from the port into the empty packet 'answer'.  'mtu'
 * is the endpoints'. */
enum port_answer port_answer_dhcp(const struct vport *, const void *frame,
                                  size_t size, unsigned int mtu,
                                  struct dp_packet *answer);
enum port_answer port_answer_solicit(const struct vport *, const void *frame,
                                     size_t size, unsigned int mtu,
                                     struct dp_packet *answer);

/* Writes the router advertisement for the port, which port_has_advert(), into
 * the empty packet 'advert'. */
void port_advert(const struct vport *, unsigned int mtu,
                 struct dp_packet *advert);

/* Writes into 'advert' that 'router', of an earlier advertisement, is a router
 * no longer. */
void port_advert_withdraw(const struct in6_addr *router,
                          struct dp_packet *advert);

#endif /* port-answer.h */
