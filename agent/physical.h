/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_PHYSICAL_H
#define AGENT_PHYSICAL_H 1

/* The physical side of this host: which tunnel ports its bridge should have,
 * and, once they have OpenFlow ports, what the compiler is told of them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fabric;
struct handover;
struct model;
struct vswitch_db;

/* Asks 'vs' for the tunnel ports that the host at 'location' needs: by what
 * 'model' says of its cloud and the hosts in it, and on a gateway by 'handover'
 * (NULL on other hosts). */
void physical_set_tunnels(struct vswitch_db *vs, const struct model *,
                          uint32_t location, const struct handover *);

/* Fills '*fabric' (which the caller destroys) with what is there now. */
void physical_fabric(const struct vswitch_db *, const struct model *,
                     uint32_t location, const struct handover *,
                     struct fabric *fabric);

#endif /* agent/physical.h */
