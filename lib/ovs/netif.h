/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_NETIF_H
#define OVS_NETIF_H 1

/* The kernel's network interfaces, addresses and routes, through netlink.
 *
 * A "netns" handle speaks to one network namespace: the process's own or a
 * named one.  The process itself changes its namespace only for moments, while
 * a handle is opened, so no other thread may open sockets meanwhile.
 *
 * All functions but those of the monitor block while the kernel works.  Those
 * that return char * return NULL, or a malloc'd sentence that says what could
 * not be done and why. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/types.h"

/* A network namespace. */
struct netns;

/* Opens the namespace 'name': NULL for the process's own, digits for that of a
 * process, a path with a slash for a file, else /run/netns/NAME.  Stores it in
 * '*nsp' (NULL on failure). */
char *netns_open(const char *name, struct netns **nsp);
void netns_close(struct netns *);

/* Returns whether 'ns' has an interface 'name'. */
bool netif_exists(const struct netns *, const char *name);

/* Creates a veth pair: 'name' in 'ns', 'peer' in 'peer_ns'. */
char *netif_create_veth(struct netns *ns, const char *name,
                        struct netns *peer_ns, const char *peer);

/* Creates the persistent tap 'name' in 'ns'. */
char *netif_create_tap(struct netns *ns, const char *name);

/* Deletes 'name', if it exists. */
char *netif_delete(struct netns *, const char *name);

/* An address; IPv4 is held IPv4-mapped, 'plen' counts in its own family. */
struct netif_addr {
    struct in6_addr ip;
    uint8_t plen;
};

/* Parses "10.0.0.1/24" or "fd00::1/64".  Without a length it is that of one
 * host. */
bool netif_addr_parse(const char *, struct netif_addr *);

/* What an interface is to be given.  A member that is zero is left as it is;
 * addresses are added to those that are there. */
struct netif_setup {
    struct eth_addr mac;
    unsigned int mtu;
    const struct netif_addr *addrs;
    size_t n_addrs;
    bool up;
    int arp;                        /* -1 to turn ARP off, 1 to turn it on. */
};
char *netif_configure(struct netns *, const char *name,
                      const struct netif_setup *);

/* What an interface is like. */
struct netif_info {
    int ifindex;
    struct eth_addr mac;
    unsigned int mtu;
    bool up;
};
char *netif_get(struct netns *, const char *name, struct netif_info *);

/* Returns whether the machine with 'ip', on the link of 'name', has told its
 * MAC address within 'timeout_ms'. */
bool netif_resolve(struct netns *, const char *name, const struct in6_addr *ip,
                   int timeout_ms);

/* Turns transmit checksum offload, and segmentation offload with it, on or off
 * (as "ethtool -K NAME tx off").  The userspace datapath cannot complete what
 * the kernel has put off, so it must be off where packets enter it. */
char *netif_offload_set(struct netns *, const char *name, bool on);
bool netif_offload_get(struct netns *, const char *name);

/* The kernel goes on seeing the packets of an interface that Open vSwitch uses.
 * Brings 'name' up such that the kernel takes none of them for its own, and
 * sends none there: no answers to ARP, no IPv6, and for IPv4 a reverse path
 * check that no packet passes, as no route leads through the interface.  With
 * 'own' the kernel takes all again, as those of any new interface.  'ns' is the
 * process's own namespace. */
char *netif_own(struct netns *ns, const char *name, bool own);

/* Addresses (except link-local ones) and routes (except those the kernel makes
 * itself) of an interface, as a value that can be given to another. */
struct netif_layer3;
char *netif_layer3_read(struct netns *, const char *name,
                        struct netif_layer3 **);
void netif_layer3_destroy(struct netif_layer3 *);

/* Returns whether there is no address in it. */
bool netif_layer3_is_empty(const struct netif_layer3 *);

/* Gives 'name' the addresses and routes, or takes exactly those from it.
 * Those that it has already, or does not have, are no error. */
char *netif_layer3_give(struct netns *, const char *name,
                        const struct netif_layer3 *);
char *netif_layer3_take(struct netns *, const char *name,
                        const struct netif_layer3 *);

/* Returns the gateway of the default route in it, unspecified if none. */
struct in6_addr netif_layer3_gateway(const struct netif_layer3 *);

#endif /* ovs/netif.h */
