/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_H
#define TOPOLOGY_H 1

/* The virtual topology of a network: how its learning switches are joined.
 *
 * Switches that forward by themselves and are joined by virtual links,
 * directly or through others, form one broadcast domain.  It is named by the
 * lowest flood group among them.  Within a domain a frame for a known address
 * takes the shortest path, and a flood follows a spanning tree, so rings and
 * parallel links are safe.
 *
 * The rule is the same for both: the next switch towards a destination is, of
 * the neighbours one hop nearer to it, the one with the lowest group, by the
 * link with the lowest UUID if there are several.  The spanning tree is made of
 * the next hops towards the switch that names the domain.  All hosts come to
 * the same paths.
 *
 * Switches in mode openflow, switches without a flood group, and links to
 * either, belong to no domain.
 *
 * A network's topology is computed when it is first asked for, paths once for
 * each destination asked for, and kept until the model changes the network's
 * switches or links.  Pure.  Not thread-safe, not even for two readers of one
 * network. */

#include <stdbool.h>
#include <stdint.h>

struct network;
struct vlink;
struct vswitch;

/* Returns the domain of 'vswitch', 0 if it is in none. */
uint32_t topology_domain(const struct vswitch *);

/* Sets '*next' and '*link' to the first hop of the path from 'from' to 'to'.
 * Returns false, and leaves them alone, if there is none: the two are the same
 * or not in one domain. */
bool topology_next(const struct vswitch *from, const struct vswitch *to,
                   const struct vswitch **next, const struct vlink **link);

/* Returns whether floods cross 'link'. */
bool topology_on_tree(const struct vlink *link);

/* Returns how many switches of 'network' a frame enters at most: those on the
 * longest path in a spanning tree (no shortest path is longer).  Switches that
 * have no flood group yet count as if they had the next ones, in the order of
 * their names. */
unsigned int topology_longest(const struct network *);

/* Forgets what is known of 'network'.  For the model to call. */
void topology_invalidate(struct network *);

#endif /* topology.h */
