/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <stdlib.h>
#include <string.h>

#include "ovs/netif-private.h"
#include "packets.h"
#include "util.h"

struct netif_layer3 {
    struct rtnl_addr **addrs;
    size_t n_addrs;
    struct rtnl_route **routes;
    size_t n_routes;
};

static int
read_addresses(struct netns *ns, int ifindex, struct netif_layer3 *l3)
{
    struct nl_cache *cache;
    int error = rtnl_addr_alloc_cache(ns->sock, &cache);

    if (error) {
        return error;
    }
    for (struct nl_object *o = nl_cache_get_first(cache); o;
         o = nl_cache_get_next(o)) {
        struct rtnl_addr *addr = (struct rtnl_addr *) o;

        if (rtnl_addr_get_ifindex(addr) == ifindex
            && rtnl_addr_get_scope(addr) != RT_SCOPE_LINK) {
            l3->addrs = xrealloc(l3->addrs,
                                 (l3->n_addrs + 1) * sizeof *l3->addrs);
            l3->addrs[l3->n_addrs++] = (struct rtnl_addr *)
                nl_object_clone(o);
        }
    }
    nl_cache_free(cache);
    return 0;
}

/* Returns whether 'route' is one through 'ifindex' that somebody has made. */
static bool
is_route_of(struct rtnl_route *route, int ifindex)
{
    return (rtnl_route_get_nnexthops(route) == 1
            && rtnl_route_nh_get_ifindex(rtnl_route_nexthop_n(route, 0))
               == ifindex
            && rtnl_route_get_type(route) == RTN_UNICAST
            && rtnl_route_get_table(route) != RT_TABLE_LOCAL
            && rtnl_route_get_protocol(route) != RTPROT_KERNEL);
}

static int
read_routes(struct netns *ns, int ifindex, struct netif_layer3 *l3)
{
    struct nl_cache *cache;
    int error = rtnl_route_alloc_cache(ns->sock, AF_UNSPEC, 0, &cache);

    if (error) {
        return error;
    }
    for (struct nl_object *o = nl_cache_get_first(cache); o;
         o = nl_cache_get_next(o)) {
        if (is_route_of((struct rtnl_route *) o, ifindex)) {
            l3->routes = xrealloc(l3->routes,
                                  (l3->n_routes + 1) * sizeof *l3->routes);
            l3->routes[l3->n_routes++] = (struct rtnl_route *)
                nl_object_clone(o);
        }
    }
    nl_cache_free(cache);
    return 0;
}

char *
netif_layer3_read(struct netns *ns, const char *name,
                  struct netif_layer3 **l3p)
{
    struct netif_info info;
    char *message = netif_get(ns, name, &info);

    if (message) {
        return message;
    }
    struct netif_layer3 *l3 = xzalloc(sizeof *l3);
    int error = read_addresses(ns, info.ifindex, l3);
    error = error ? error : read_routes(ns, info.ifindex, l3);
    if (error) {
        netif_layer3_destroy(l3);
        return netif_error(ns, "cannot read the addresses and routes of", name,
                           error);
    }
    *l3p = l3;
    return NULL;
}

void
netif_layer3_destroy(struct netif_layer3 *l3)
{
    if (l3) {
        for (size_t i = 0; i < l3->n_addrs; i++) {
            rtnl_addr_put(l3->addrs[i]);
        }
        for (size_t i = 0; i < l3->n_routes; i++) {
            rtnl_route_put(l3->routes[i]);
        }
        free(l3->addrs);
        free(l3->routes);
        free(l3);
    }
}

bool
netif_layer3_is_empty(const struct netif_layer3 *l3)
{
    return !l3->n_addrs;
}

static struct nl_addr *
route_gateway(struct rtnl_route *route)
{
    return rtnl_route_nh_get_gateway(rtnl_route_nexthop_n(route, 0));
}

/* Makes 'route' lead through 'ifindex', whatever its interface was like: the
 * kernel does not take back what it says of the state of a link. */
static void
set_ifindex(struct rtnl_route *route, int ifindex)
{
    struct rtnl_nexthop *nh = rtnl_route_nexthop_n(route, 0);

    rtnl_route_nh_set_ifindex(nh, ifindex);
    rtnl_route_nh_unset_flags(nh, RTNH_F_DEAD | RTNH_F_LINKDOWN);
    rtnl_route_unset_flags(route, RTNH_F_DEAD | RTNH_F_LINKDOWN);
}

/* Adds the routes of 'l3' that have a gateway, or those that have none. */
static int
give_routes(struct netns *ns, int ifindex, const struct netif_layer3 *l3,
            bool gateways)
{
    for (size_t i = 0; i < l3->n_routes; i++) {
        struct rtnl_route *route = l3->routes[i];

        if ((route_gateway(route) != NULL) != gateways) {
            continue;
        }
        set_ifindex(route, ifindex);
        int error = rtnl_route_add(ns->sock, route, NLM_F_REPLACE);
        if (error && error != -NLE_EXIST) {
            return error;
        }
    }
    return 0;
}

char *
netif_layer3_give(struct netns *ns, const char *name,
                  const struct netif_layer3 *l3)
{
    struct netif_info info;
    char *message = netif_get(ns, name, &info);

    for (size_t i = 0; !message && i < l3->n_addrs; i++) {
        struct rtnl_addr *addr = l3->addrs[i];

        rtnl_addr_set_ifindex(addr, info.ifindex);
        if (rtnl_addr_get_family(addr) == AF_INET) {
            rtnl_addr_set_label(addr, name);
        } else {
            rtnl_addr_set_flags(addr, IFA_F_NODAD);
        }
        int error = rtnl_addr_add(ns->sock, addr, 0);
        message = netif_error(ns, "cannot add an IP address to", name,
                              error == -NLE_EXIST ? 0 : error);
    }
    if (!message) {
        int error = give_routes(ns, info.ifindex, l3, false);
        error = error ? error : give_routes(ns, info.ifindex, l3, true);
        message = netif_error(ns, "cannot add a route through", name, error);
    }
    return message;
}

char *
netif_layer3_take(struct netns *ns, const char *name,
                  const struct netif_layer3 *l3)
{
    struct netif_info info;
    char *message = netif_get(ns, name, &info);

    for (size_t i = 0; !message && i < l3->n_routes; i++) {
        struct rtnl_route *route = l3->routes[i];

        set_ifindex(route, info.ifindex);
        rtnl_route_delete(ns->sock, route, 0);
    }
    for (size_t i = 0; !message && i < l3->n_addrs; i++) {
        rtnl_addr_set_ifindex(l3->addrs[i], info.ifindex);
        int error = rtnl_addr_delete(ns->sock, l3->addrs[i], 0);
        message = netif_error(ns, "cannot take an IP address from", name,
                              error == -NLE_NOADDR
                              || error == -NLE_OBJ_NOTFOUND ? 0 : error);
    }
    return message;
}

struct in6_addr
netif_layer3_gateway(const struct netif_layer3 *l3)
{
    for (size_t i = 0; i < l3->n_routes; i++) {
        struct nl_addr *dst = rtnl_route_get_dst(l3->routes[i]);

        if ((!dst || !nl_addr_get_prefixlen(dst))
            && route_gateway(l3->routes[i])) {
            return netif_in6_addr(route_gateway(l3->routes[i]));
        }
    }
    return in6addr_any;
}
