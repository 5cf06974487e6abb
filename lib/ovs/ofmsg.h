/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_OFMSG_H
#define OVS_OFMSG_H 1

/* OpenFlow 1.5 messages of the connection to the integration bridge, as bytes.
 *
 * Returned messages are the caller's to send or delete. */

#include <stdbool.h>
#include <stddef.h>

#include "ovs/ofswitch.h"

struct ofp_header;
struct ofpbuf;

/* Returns the request for whole packets from "controller" actions: without it
 * the management socket gets none. */
struct ofpbuf *ofmsg_want_packets(void);

/* Returns the message that maps the Geneve option of the key. */
struct ofpbuf *ofmsg_map_option(void);

/* Returns whether the option map reply 'oh' has that option. */
bool ofmsg_maps_option(const struct ofp_header *oh);

/* Returns the question for all flows of 'table' (OFPTT_ALL for any). */
struct ofpbuf *ofmsg_flow_stats_request(uint8_t table);

/* Calls 'cb' (unless NULL) with the packet in the packet-in 'oh'. */
void ofmsg_packet(const struct ofp_header *oh,
                  void (*cb)(void *aux, const struct ofswitch_packet *),
                  void *aux);

/* Calls 'cb' with the counters of each rule in the flow statistics 'oh'. */
void ofmsg_counts(const struct ofp_header *oh,
                  void (*cb)(void *aux, const struct ofswitch_counts *),
                  void *aux);

/* Returns the packet-out for ofswitch_packet_out(). */
struct ofpbuf *ofmsg_packet_out(const void *data, size_t size,
                                ofp_port_t in_port,
                                const struct ofpact *ofpacts,
                                size_t ofpacts_len);

/* Returns whether 'msg', which may be cut off, is a bundle control message. */
bool ofmsg_is_bundle_control(const struct ofpbuf *msg);

#endif /* ovs/ofmsg.h */
