/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETHV_LAB_LINK_H
#define NETHV_LAB_LINK_H 1

/* A WAN link: two network interfaces, and what happens to frames between them
 * in each direction.
 *
 * Frames are taken by AF_PACKET sockets as they are and given out unchanged,
 * so the interfaces' peers must have transmit offloads off.  The interfaces
 * need no address. */

#include <stdbool.h>
#include <stdint.h>

#include "lab/wan/ring.h"
#include "lab/wan/shape.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/list.h"

/* One direction. */
struct way {
    struct shape shape;
    struct frame_ring ring;
    int64_t free_at;
    uint64_t sent, bytes;       /* Frames and bytes that left. */
    uint64_t lost;              /* By loss, cut, a full queue. */
};

struct link_end {
    char *name;                 /* What the operator calls this side. */
    char *interface;
    int fd;                     /* AF_PACKET socket. */
    struct way way;             /* From this end to the other. */
};

struct link {
    struct ovs_list node;
    struct link_end ends[2];
    uint64_t random;            /* State of the random number generator. */
};

/* Makes a link from 'spec', "NAME:INTERFACE,NAME:INTERFACE[,KEY=VALUE…]" with
 * the settings of shape_parse() for both directions.  On success stores it in
 * '*linkp' and returns NULL, otherwise returns a sentence that the caller must
 * free. */
char *link_open(const char *spec, struct link **linkp);
void link_close(struct link *);

/* Takes what has come in at end 'end' (0 or 1) at time 'now'. */
void link_receive(struct link *, int end, int64_t now);

/* Sends what is due at 'now' in both directions.  Returns the time of the
 * next departure, or INT64_MAX. */
int64_t link_send(struct link *, int64_t now);

/* Appends the state of 'link' to 'ds' as two JSON objects, one a direction. */
void link_format(const struct link *, struct ds *ds);

#endif /* lab/wan/link.h */
