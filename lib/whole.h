/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WHOLE_H
#define WHOLE_H 1

/* The headers that carry a whole frame between hosts: outer Ethernet, whose
 * source is a wire address, and NSH of type 2 with one option of 4 bytes (see
 * doc/architecture.md).  Rules make most of them; the agent makes those of
 * frames before which the datapath can put no headers.
 *
 * Pure. */

#include <stddef.h>
#include <stdint.h>

#include "packets.h"

struct dp_packet;

OVS_PACKED(
struct whole_header {
    struct eth_header eth;
    ovs_be16 ver_flags_ttl_len;
    uint8_t md_type;
    uint8_t next_protocol;
    ovs_be32 path;
    ovs_be16 option_class;
    uint8_t option_type;
    uint8_t option_len;
    ovs_be32 option;
});
#define WHOLE_HEADER_LEN 30
BUILD_ASSERT_DECL(sizeof(struct whole_header) == WHOLE_HEADER_LEN);

/* Length of the NSH header, in words. */
#define WHOLE_NSH_WORDS 4

/* Where a frame comes from and goes to, and how. */
struct whole {
    uint8_t version;                /* Of the wire format. */
    uint16_t tag;
    uint32_t source;                /* Its location, with the version's mark. */
    uint32_t key;
};

/* Appends to 'packet' the headers that '*whole' asks for, and behind them the
 * 'size' bytes of the frame at 'frame'. */
void whole_put(struct dp_packet *packet, const struct whole *whole,
               const void *frame, size_t size);

#endif /* whole.h */
