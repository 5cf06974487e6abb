/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <netlink/netlink.h>
#include <netlink/route/neighbour.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ovs/netif-private.h"
#include "packets.h"
#include "socket-util.h"
#include "timeval.h"
#include "util.h"

/* Of the port that a packet is sent to so that the kernel asks for the MAC
 * address: "discard". */
#define DISCARD_PORT 9

/* Sends a packet to 'ip' by way of 'name'. */
static void
provoke(const char *name, const struct in6_addr *ip)
{
    bool ipv4 = IN6_IS_ADDR_V4MAPPED(ip);
    struct sockaddr_in sin = {
        .sin_family = AF_INET,
        .sin_port = htons(DISCARD_PORT),
        .sin_addr.s_addr = in6_addr_get_mapped_ipv4(ip),
    };
    struct sockaddr_in6 sin6 = {
        .sin6_family = AF_INET6,
        .sin6_port = htons(DISCARD_PORT),
        .sin6_addr = *ip,
    };
    int fd = socket(ipv4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd >= 0) {
        ignore(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name,
                          strlen(name) + 1));
        ignore(sendto(fd, "", 1, MSG_DONTWAIT,
                      ipv4 ? (struct sockaddr *) &sin
                      : (struct sockaddr *) &sin6,
                      ipv4 ? sizeof sin : sizeof sin6));
        close(fd);
    }
}

/* Returns whether the kernel knows the MAC address of 'ip'. */
static bool
is_resolved(struct netns *ns, int ifindex, const struct in6_addr *ip)
{
    struct nl_addr *addr = netif_nl_addr(ip, IN6_IS_ADDR_V4MAPPED(ip) ? 32
                                                                      : 128);
    struct nl_cache *cache;
    bool resolved = false;

    if (!rtnl_neigh_alloc_cache(ns->sock, &cache)) {
        struct rtnl_neigh *neigh = rtnl_neigh_get(cache, ifindex, addr);

        if (neigh) {
            resolved = rtnl_neigh_get_state(neigh)
                       & (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE);
            rtnl_neigh_put(neigh);
        }
        nl_cache_free(cache);
    }
    nl_addr_put(addr);
    return resolved;
}

bool
netif_resolve(struct netns *ns, const char *name, const struct in6_addr *ip,
              int timeout_ms)
{
    long long int deadline = time_msec() + timeout_ms;
    struct netif_info info;
    char *error = netif_get(ns, name, &info);

    if (error) {
        free(error);
        return false;
    }
    while (!is_resolved(ns, info.ifindex, ip)) {
        if (time_msec() >= deadline) {
            return false;
        }
        provoke(name, ip);
        xnanosleep(100 * 1000 * 1000);
    }
    return true;
}
