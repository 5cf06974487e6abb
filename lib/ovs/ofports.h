/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_OFPORTS_H
#define OVS_OFPORTS_H 1

/* The ports of a switch, and whether they are live: a tunnel port with BFD is
 * while BFD is up.  The switch tells of changes at once, before it writes them
 * to its database.
 *
 * Not thread-safe. */

#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/hmap.h"

struct ofp_header;
struct ofpbuf;

struct ofports {
    struct hmap ports;              /* struct of this file, by number. */
    bool complete;                  /* All have been read. */
};

void ofports_init(struct ofports *);
void ofports_clear(struct ofports *);
void ofports_destroy(struct ofports *);

/* Returns the question for all ports. */
struct ofpbuf *ofports_request(void);

/* Takes a part of the answer to that, or what the switch says of itself. */
void ofports_add_reply(struct ofports *, const struct ofp_header *oh);
void ofports_add_status(struct ofports *, const struct ofp_header *oh);

bool ofports_is_live(const struct ofports *, uint32_t ofport);

#endif /* ovs/ofports.h */
