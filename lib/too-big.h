/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOO_BIG_H
#define TOO_BIG_H 1

/* The answer to a packet that is larger than the MTU: ICMP "fragmentation
 * needed" (RFC 792, RFC 1191) or ICMPv6 "packet too big" (RFC 4443, section
 * 3.2), in the name of the packet's destination.
 *
 * Pure. */

#include <stdbool.h>
#include <stddef.h>

struct dp_packet;

/* Writes the answer to the Ethernet frame of 'size' bytes at 'frame', which may
 * have been cut short behind its transport header, into the empty packet
 * 'answer'.  'mtu' is what would fit, in bytes.  VLAN tags are kept.
 *
 * Returns false, and writes nothing, if there is no answer: the frame is not
 * IP, is malformed, is an ICMP error itself or a later fragment, or has no
 * single sender to answer to. */
bool too_big_answer(const void *frame, size_t size, unsigned int mtu,
                    struct dp_packet *answer);

#endif /* too-big.h */
