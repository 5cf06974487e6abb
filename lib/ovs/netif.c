/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovs/netif.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ovs/netif-private.h"
#include "ovs/text-file.h"
#include "packets.h"
#include "util.h"

/* Returns the file of the namespace 'name'. */
static char *
netns_path(const char *name)
{
    if (!name) {
        return xstrdup("/proc/self/ns/net");
    } else if (strchr(name, '/')) {
        return xstrdup(name);
    } else if (name[strspn(name, "0123456789")] == '\0') {
        return xasprintf("/proc/%s/ns/net", name);
    }
    return xasprintf("/run/netns/%s", name);
}

/* Opens the sockets of 'ns', from within it. */
static char *
netns_sockets(struct netns *ns)
{
    ns->sock = nl_socket_alloc();
    ns->ioctl_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (ns->ioctl_fd < 0) {
        return xasprintf("no socket in network namespace %s: %s", ns->name,
                         ovs_strerror(errno));
    }
    return netif_error(ns, "netlink", "", nl_connect(ns->sock, NETLINK_ROUTE));
}

/* Makes 'ns' the namespace of this thread, and returns a handle of that
 * before, or -1 and stores a sentence in '*error'. */
static int
netns_enter(const struct netns *ns, char **error)
{
    int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

    *error = NULL;
    if (home < 0 || setns(ns->fd, CLONE_NEWNET)) {
        *error = xasprintf("network namespace %s cannot be entered: %s",
                           ns->name, ovs_strerror(errno));
        if (home >= 0) {
            close(home);
        }
        return -1;
    }
    return home;
}

static void
netns_leave(int home)
{
    if (setns(home, CLONE_NEWNET)) {
        ovs_abort(errno, "cannot return to the own network namespace");
    }
    close(home);
}

/* Opens the namespace file 'path' of 'ns' and the sockets. */
static char *
netns_open_path(struct netns *ns, const char *path)
{
    char *error;

    ns->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (ns->fd < 0) {
        return xasprintf("network namespace %s cannot be opened (%s: %s)",
                         ns->name, path, ovs_strerror(errno));
    } else if (!ns->name[0]) {
        return netns_sockets(ns);
    }

    int home = netns_enter(ns, &error);
    if (home >= 0) {
        error = netns_sockets(ns);
        netns_leave(home);
    }
    return error;
}

char *
netns_open(const char *name, struct netns **nsp)
{
    struct netns *ns = xzalloc(sizeof *ns);
    char *path = netns_path(name);

    ns->name = xstrdup(name ? name : "");
    ns->ioctl_fd = -1;
    char *error = netns_open_path(ns, path);
    free(path);
    if (error) {
        netns_close(ns);
        ns = NULL;
    }
    *nsp = ns;
    return error;
}

void
netns_close(struct netns *ns)
{
    if (ns) {
        nl_socket_free(ns->sock);
        if (ns->ioctl_fd >= 0) {
            close(ns->ioctl_fd);
        }
        if (ns->fd >= 0) {
            close(ns->fd);
        }
        free(ns->name);
        free(ns);
    }
}

char *
netif_error(const struct netns *ns, const char *what, const char *name,
            int error)
{
    return (error >= 0 ? NULL
            : xasprintf("%s%s%s%s%s: %s", what, name[0] ? " " : "", name,
                        ns->name[0] ? " in network namespace " : "", ns->name,
                        nl_geterror(error)));
}

/* Stores in '*link' the interface 'name', which the caller puts back. */
static char *
find_link(struct netns *ns, const char *name, struct rtnl_link **link)
{
    return netif_error(ns, "no interface", name,
                       rtnl_link_get_kernel(ns->sock, 0, name, link));
}

bool
netif_exists(const struct netns *ns, const char *name)
{
    struct rtnl_link *link;

    if (rtnl_link_get_kernel(ns->sock, 0, name, &link)) {
        return false;
    }
    rtnl_link_put(link);
    return true;
}

char *
netif_create_veth(struct netns *ns, const char *name, struct netns *peer_ns,
                  const char *peer_name)
{
    struct rtnl_link *link = rtnl_link_veth_alloc();
    struct rtnl_link *peer = rtnl_link_veth_get_peer(link);

    rtnl_link_set_name(link, name);
    rtnl_link_set_name(peer, peer_name);
    rtnl_link_set_ns_fd(peer, peer_ns->fd);
    rtnl_link_put(peer);
    int error = rtnl_link_add(ns->sock, link, NLM_F_CREATE | NLM_F_EXCL);
    rtnl_link_put(link);

    char *what = xasprintf("cannot create the veth pair %s and", name);
    char *message = netif_error(peer_ns, what, peer_name, error);
    free(what);
    return message;
}

/* Creates the tap 'name' in the namespace of this thread.  Returns 0 or a
 * positive errno. */
static int
create_tap(const char *name)
{
    struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    int error = 0;

    ovs_strzcpy(ifr.ifr_name, name, sizeof ifr.ifr_name);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr) || ioctl(fd, TUNSETPERSIST, 1)) {
        error = errno;
    }
    if (fd >= 0) {
        close(fd);
    }
    return error;
}

char *
netif_create_tap(struct netns *ns, const char *name)
{
    char *message;
    int home = netns_enter(ns, &message);

    if (home >= 0) {
        int error = create_tap(name);

        netns_leave(home);
        message = (error ? xasprintf("cannot create the tap %s: %s", name,
                                     ovs_strerror(error))
                   : NULL);
    }
    return message;
}

char *
netif_delete(struct netns *ns, const char *name)
{
    struct rtnl_link *link;

    if (rtnl_link_get_kernel(ns->sock, 0, name, &link)) {
        return NULL;
    }
    int error = rtnl_link_delete(ns->sock, link);
    rtnl_link_put(link);
    return netif_error(ns, "cannot delete interface", name,
                       error == -NLE_OBJ_NOTFOUND || error == -NLE_NODEV ? 0
                       : error);
}

bool
netif_addr_parse(const char *s, struct netif_addr *addr)
{
    unsigned int plen;
    ovs_be32 ip4;
    char *error = ip_parse_cidr(s, &ip4, &plen);

    if (!error) {
        addr->ip = in6_addr_mapped_ipv4(ip4);
        addr->plen = plen;
        return true;
    }
    free(error);

    struct in6_addr ip6;
    error = ipv6_parse_cidr(s, &ip6, &plen);
    if (!error) {
        addr->ip = ip6;
        addr->plen = plen;
        return true;
    }
    free(error);
    return false;
}

struct nl_addr *
netif_nl_addr(const struct in6_addr *ip, uint8_t plen)
{
    bool ipv4 = IN6_IS_ADDR_V4MAPPED(ip);
    struct nl_addr *addr = nl_addr_build(ipv4 ? AF_INET : AF_INET6,
                                         ipv4 ? &ip->s6_addr[12]
                                         : ip->s6_addr, ipv4 ? 4 : 16);
    nl_addr_set_prefixlen(addr, plen);
    return addr;
}

struct in6_addr
netif_in6_addr(struct nl_addr *addr)
{
    struct in6_addr ip = in6addr_any;
    ovs_be32 ip4;

    if (addr && nl_addr_get_family(addr) == AF_INET
        && nl_addr_get_len(addr) == sizeof ip4) {
        memcpy(&ip4, nl_addr_get_binary_addr(addr), sizeof ip4);
        ip = in6_addr_mapped_ipv4(ip4);
    } else if (addr && nl_addr_get_family(addr) == AF_INET6
               && nl_addr_get_len(addr) == sizeof ip) {
        memcpy(&ip, nl_addr_get_binary_addr(addr), sizeof ip);
    }
    return ip;
}

/* Sets MAC, MTU and flags of 'link'. */
static int
change_link(struct netns *ns, struct rtnl_link *link,
            const struct netif_setup *setup)
{
    struct rtnl_link *change = rtnl_link_alloc();

    if (!eth_addr_is_zero(setup->mac)) {
        struct nl_addr *mac = nl_addr_build(AF_LLC, setup->mac.ea, ETH_ALEN);
        rtnl_link_set_addr(change, mac);
        nl_addr_put(mac);
    }
    if (setup->mtu) {
        rtnl_link_set_mtu(change, setup->mtu);
    }
    if (setup->up) {
        rtnl_link_set_flags(change, IFF_UP);
    }
    if (setup->arp < 0) {
        rtnl_link_set_flags(change, IFF_NOARP);
    } else if (setup->arp > 0) {
        rtnl_link_unset_flags(change, IFF_NOARP);
    }
    int error = rtnl_link_change(ns->sock, link, change, 0);
    rtnl_link_put(change);
    return error;
}

/* Adds 'a'.  IPv6 skips duplicate address detection: who gives the address
 * knows that nobody else has it. */
static int
add_address(struct netns *ns, int ifindex, const struct netif_addr *a)
{
    struct rtnl_addr *addr = rtnl_addr_alloc();
    struct nl_addr *local = netif_nl_addr(&a->ip, a->plen);

    rtnl_addr_set_ifindex(addr, ifindex);
    rtnl_addr_set_local(addr, local);
    if (!IN6_IS_ADDR_V4MAPPED(&a->ip)) {
        rtnl_addr_set_flags(addr, IFA_F_NODAD);
    }
    int error = rtnl_addr_add(ns->sock, addr, 0);
    nl_addr_put(local);
    rtnl_addr_put(addr);
    return error == -NLE_EXIST ? 0 : error;
}

char *
netif_configure(struct netns *ns, const char *name,
                const struct netif_setup *setup)
{
    struct rtnl_link *link;
    char *message = find_link(ns, name, &link);

    if (message) {
        return message;
    }
    int ifindex = rtnl_link_get_ifindex(link);
    message = netif_error(ns, "cannot set MAC address, MTU or state of", name,
                          change_link(ns, link, setup));
    for (size_t i = 0; !message && i < setup->n_addrs; i++) {
        message = netif_error(ns, "cannot add an IP address to", name,
                              add_address(ns, ifindex, &setup->addrs[i]));
    }
    rtnl_link_put(link);
    return message;
}

/* Writes 'value' to net/'family'/conf/'ifname'/'name' of sysctl(8), if there is
 * such a thing. */
static void
set_sysctl(const char *family, const char *ifname, const char *name,
           const char *value)
{
    char *path = xasprintf("/proc/sys/net/%s/conf/%s/%s", family, ifname,
                           name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd >= 0) {
        ignore(write(fd, value, strlen(value)));
        close(fd);
    }
    free(path);
}

/* Makes that what it is for interfaces that are new. */
static void
reset_sysctl(const char *family, const char *ifname, const char *name)
{
    char *path = xasprintf("/proc/sys/net/%s/conf/default/%s", family, name);
    char *value;
    char *error = text_file_read(path, &value);

    if (!error) {
        set_sysctl(family, ifname, name, value);
        free(value);
    }
    free(error);
    free(path);
}

char *
netif_own(struct netns *ns, const char *name, bool own)
{
    struct netif_setup setup = { .up = true, .arp = own ? 1 : -1 };

    if (own) {
        reset_sysctl("ipv4", name, "rp_filter");
        reset_sysctl("ipv6", name, "disable_ipv6");
    } else {
        set_sysctl("ipv4", name, "rp_filter", "1");
        set_sysctl("ipv6", name, "disable_ipv6", "1");
    }
    return netif_configure(ns, name, &setup);
}

char *
netif_get(struct netns *ns, const char *name, struct netif_info *info)
{
    struct rtnl_link *link;
    char *message = find_link(ns, name, &link);

    if (!message) {
        struct nl_addr *mac = rtnl_link_get_addr(link);

        memset(info, 0, sizeof *info);
        info->ifindex = rtnl_link_get_ifindex(link);
        info->mtu = rtnl_link_get_mtu(link);
        info->up = rtnl_link_get_flags(link) & IFF_UP;
        if (mac && nl_addr_get_len(mac) == ETH_ADDR_LEN) {
            memcpy(&info->mac, nl_addr_get_binary_addr(mac), ETH_ADDR_LEN);
        }
        rtnl_link_put(link);
    }
    return message;
}

static int
ethtool(struct netns *ns, const char *name, struct ethtool_value *value)
{
    struct ifreq ifr = { .ifr_data = (void *) value };

    ovs_strzcpy(ifr.ifr_name, name, sizeof ifr.ifr_name);
    return ioctl(ns->ioctl_fd, SIOCETHTOOL, &ifr) ? errno : 0;
}

char *
netif_offload_set(struct netns *ns, const char *name, bool on)
{
    struct ethtool_value value = { .cmd = ETHTOOL_STXCSUM, .data = on };
    int error = ethtool(ns, name, &value);

    return (error && error != EOPNOTSUPP
            ? xasprintf("cannot turn transmit offload of %s %s: %s", name,
                        on ? "on" : "off", ovs_strerror(error))
            : NULL);
}

bool
netif_offload_get(struct netns *ns, const char *name)
{
    struct ethtool_value value = { .cmd = ETHTOOL_GTXCSUM };
    return !ethtool(ns, name, &value) && value.data;
}
