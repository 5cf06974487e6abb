/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_OFSTAMPS_H
#define OVS_OFSTAMPS_H 1

/* Up to which update a switch forwards, as its answers to barriers tell.
 *
 * Updates have stamps, which only rise.  The barrier after the messages of an
 * update confirms its stamp; an update without messages is confirmed with the
 * one before it.  Not thread-safe. */

#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/list.h"
#include "openvswitch/types.h"

struct ofpbuf;

struct ofstamps {
    uint64_t last;                  /* Of the last update. */
    uint64_t confirmed;
    struct ovs_list barriers;       /* Not answered yet, oldest first. */
};

void ofstamps_init(struct ofstamps *);

/* Forgets the barriers: no answer to them is to come. */
void ofstamps_forget(struct ofstamps *);

/* Returns the barrier to be sent after the messages of the update with the stamp
 * 'last'. */
struct ofpbuf *ofstamps_barrier(struct ofstamps *);

/* Says that the update with the stamp 'last' has no messages. */
void ofstamps_empty(struct ofstamps *);

/* Takes the answer to the barrier 'xid'. */
void ofstamps_answer(struct ofstamps *, ovs_be32 xid);

/* Returns whether a barrier has not been answered. */
bool ofstamps_pending(const struct ofstamps *);

#endif /* ovs/ofstamps.h */
