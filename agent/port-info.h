/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_PORT_INFO_H
#define AGENT_PORT_INFO_H 1

/* What the running agent says about a virtual port ("port/show PORT"; see
 * attach.h for the answer's form). */

#include <stdbool.h>
#include <stddef.h>

#include "openvswitch/types.h"
#include "ovs/netif.h"

struct port_info {
    struct eth_addr *macs;
    size_t n_macs;
    struct netif_addr *ips;
    size_t n_ips;
    unsigned int mtu;
    char *status;
    char *reason;                   /* NULL if none is given. */
};
#define PORT_INFO_INITIALIZER { .macs = NULL }

/* Asks the agent about 'port' and stores the answer in '*info', which must be
 * empty and is left so on failure.  Blocks.  Returns NULL or a malloc'd
 * sentence. */
char *port_info_ask(const char *port, struct port_info *info);

/* Frees what is in '*info' and empties it. */
void port_info_destroy(struct port_info *info);

/* Returns whether the port is bound here and all about it is known. */
bool port_info_is_bound(const struct port_info *);

/* Returns whether waiting is no use. */
bool port_info_is_final(const struct port_info *);

/* Returns a malloc'd sentence about why 'port' is not bound. */
char *port_info_explain(const char *port, const struct port_info *);

#endif /* agent/port-info.h */
