/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_NETIF_PRIVATE_H
#define OVS_NETIF_PRIVATE_H 1

/* What the sources of netif.h share. */

#include "ovs/netif.h"

struct nl_addr;
struct nl_sock;

struct netns {
    char *name;                     /* For messages, "" if our own. */
    int fd;                         /* The namespace. */
    struct nl_sock *sock;           /* In it. */
    int ioctl_fd;                   /* In it. */
};

/* Returns a malloc'd sentence "WHAT NAME [in namespace NS]: ERROR" for
 * 'error', one of libnl's, or NULL if that is no error. */
char *netif_error(const struct netns *, const char *what, const char *name,
                  int error);

/* Returns 'ip', unmapped if it is a mapped IPv4 address, with 'plen'. */
struct nl_addr *netif_nl_addr(const struct in6_addr *ip, uint8_t plen);

/* Returns 'addr' as an address, mapped if IPv4, unspecified if NULL. */
struct in6_addr netif_in6_addr(struct nl_addr *addr);

#endif /* ovs/netif-private.h */
