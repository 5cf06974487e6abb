/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_WORLD_TWIN_H
#define UNIT_WORLD_TWIN_H 1

/* What the model allows, for frames of a random world: a naive twin of the
 * compiler, which knows of switches, links and ports only. */

#include "world.h"

#define TWIN_MAX_SIZE 1600

/* A frame that an endpoint sends, and what the twin needs to know of it. */
struct frame {
    uint8_t bytes[TWIN_MAX_SIZE];
    size_t size;
    struct eth_addr dst, src;
    size_t n_tags;
    uint16_t vlan;                  /* Outermost tag's id, 0 if none. */
    bool arp;                       /* An ARP request, */
    ovs_be32 spa, tpa;              /* with these addresses. */
};

/* Makes a random frame that 'from' may send, or not. */
void twin_draw_frame(struct world *, const struct world_port *from,
                     struct frame *);

/* Makes an untagged frame of no protocol. */
void twin_make_frame(struct eth_addr dst, struct eth_addr src, struct frame *);

/* A set of ports has bit 'i' for world->ports[i]. */
uint64_t twin_set_of(const struct world *, const struct world_port *);

/* Returns all ports that the switch of 'from' leads to, bound or not. */
uint64_t twin_domain(const struct world *, const struct world_port *from);
uint64_t twin_bound(const struct world *);

/* Returns those of 'set' whose hosts the host of 'from' reaches. */
uint64_t twin_in_reach(const struct world *, const struct world_port *from,
                       uint64_t set);

/* Returns whether the switch of 'port' forwards at all. */
bool twin_forwards(const struct world *, const struct world_port *port);

/* Returns the ports that get 'frame' from 'from', if no host has learned
 * anything, and stores in '*seen' what they get: the answer to a request, or
 * the frame itself. */
uint64_t twin_expected(const struct world *, const struct world_port *from,
                       const struct frame *, struct frame *seen);

#endif /* unit/world-twin.h */
