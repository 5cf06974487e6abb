/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_VSWITCH_H
#define OVS_VSWITCH_H 1

/* The host's own Open vSwitch database.
 *
 * Reads the host's configuration and its interfaces, and keeps what was asked
 * for: the integration bridge, tunnel ports, keys in external_ids.  Only ports
 * that carry external_ids:nethv are ever removed by vswitch_set_tunnels().
 *
 * There is one transaction at a time.  Whatever is asked for meanwhile goes
 * into the next; a transaction that fails is made anew from what the database
 * then holds.  vswitch_is_settled() says whether all that was asked for is in
 * the database and ovs-vswitchd has acted on it.
 *
 * A process that runs for long calls vswitch_run() and vswitch_wait() in its
 * loop; a command calls vswitch_settle(), which blocks.
 *
 * Not thread-safe. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/shash.h"
#include "openvswitch/types.h"

#include "model.h"

#define VSWITCH_BRIDGE "br-int"
#define VSWITCH_DATABASE "unix:/run/openvswitch/db.sock"

struct smap;
struct vswitch_db;

/* Returns a connection to the database at 'remote', usually
 * VSWITCH_DATABASE. */
struct vswitch_db *vswitch_create(const char *remote);
void vswitch_destroy(struct vswitch_db *);

/* Follows the database and starts or ends a transaction. */
void vswitch_run(struct vswitch_db *);
void vswitch_wait(struct vswitch_db *);

/* Returns whether the database's contents have been read. */
bool vswitch_is_connected(const struct vswitch_db *);

/* Returns whether everything asked for so far is in the database and
 * ovs-vswitchd has acted on it. */
bool vswitch_is_settled(const struct vswitch_db *);

/* Runs until vswitch_is_settled() or until 'timeout_ms' have passed.  Returns
 * NULL, or a malloc'd sentence that says what has not happened, in which case
 * what was asked for may or may not come about. */
char *vswitch_settle(struct vswitch_db *, long long int timeout_ms);

/* Returns a number that grows whenever the configuration or any interface may
 * have changed (counters aside). */
unsigned int vswitch_seqno(const struct vswitch_db *);

/* Configuration: external_ids of the Open_vSwitch row.  A string that is not
 * set is NULL, an address unspecified, a number 0.  Valid until the next
 * vswitch_run(). */
struct vswitch_config {
    char *remote;                   /* nethv-remote */
    char *database;                 /* nethv-database, gateways only */
    char *cloud;                    /* nethv-cloud, its name */
    char *host;                     /* nethv-host, its name */
    uint8_t cloud_id;               /* nethv-cloud-id */
    uint16_t host_id;               /* nethv-host-id */
    struct in6_addr encap_ip;       /* nethv-encap-ip, IPv4-mapped if IPv4 */
    struct in6_addr public_ip;      /* nethv-public-ip, gateways only */
    char *datapath;                 /* nethv-datapath: "system" or "netdev" */
    char *uplink;                   /* nethv-uplink, the NIC in br-phy */
};
const struct vswitch_config *vswitch_config(const struct vswitch_db *);

/* Returns a malloc'd sentence about what in the configuration is missing or
 * malformed for an agent to work, or NULL if nothing is. */
char *vswitch_config_problem(const struct vswitch_db *);

/* Asks that external_ids:'key' of the Open_vSwitch row be 'value', or with
 * NULL that it be gone; once, it may be changed by others afterwards. */
void vswitch_set_external_id(struct vswitch_db *, const char *key,
                             const char *value);

/* Asks, from now on, for the integration bridge with 'datapath_type' ("system"
 * or "netdev"), and for a view behind two VLAN tags (other_config:vlan-limit,
 * which hostconf_clear() takes back) unless the datapath is netdev and others'
 * bridges use it already. */
void vswitch_set_bridge(struct vswitch_db *, const char *datapath_type);

/* A tunnel port of the integration bridge.  'remote_ip' unspecified means that
 * rules choose the peer (remote_ip=flow). */
struct vswitch_tunnel {
    char name[16];                  /* Of port and interface. */
    enum encap encap;
    struct in6_addr remote_ip;
    bool bfd;                       /* With check_tnl_key. */
};

/* Asks, from now on, that exactly these 'n' 'tunnels' (copied) exist. */
void vswitch_set_tunnels(struct vswitch_db *, const struct vswitch_tunnel *,
                         size_t n);

/* The tunnel port for all hosts that 'encap' reaches, and the one for the
 * gateway of 'cloud'. */
void vswitch_flow_tunnel(struct vswitch_tunnel *, enum encap);
void vswitch_edge_tunnel(struct vswitch_tunnel *, enum encap, uint8_t cloud,
                         const struct in6_addr *remote_ip);

/* An interface of the integration bridge. */
struct vswitch_iface {
    char *name;
    char *type;                     /* "", "internal", "gre", ... */
    char *iface_id;                 /* external_ids:iface-id, or NULL. */
    char *error;                    /* Why it does not work, or NULL. */
    uint32_t ofport;                /* 0 while it has none. */
    bool bfd_up;                    /* False if there is no BFD. */
};

/* Return the interfaces (struct vswitch_iface by name) or the one called
 * 'name' or NULL; the data of a shash node is valid until the next
 * vswitch_run(). */
const struct shash *vswitch_ifaces(const struct vswitch_db *);
const struct vswitch_iface *vswitch_iface(const struct vswitch_db *,
                                          const char *name);

/* Counters of interface 'name' as ovs-vswitchd last wrote them (every 5 s);
 * zero if there is none.  No change of vswitch_seqno() tells of them. */
struct vswitch_counters {
    uint64_t rx_packets, rx_bytes;
    uint64_t tx_packets, tx_bytes, tx_dropped;
};
void vswitch_get_counters(const struct vswitch_db *, const char *name,
                          struct vswitch_counters *);

/* Ports, for attach and uplink: asked for once, by a command that then calls
 * vswitch_settle(). */
struct vswitch_port {
    const char *bridge;
    const char *name;
    const char *type;               /* "" for a kernel NIC, or "internal" */
    const char *mac;                /* Interface's 'mac' column, or NULL. */
    unsigned int mtu;               /* mtu_request, or 0. */
    const struct smap *external_ids; /* Of the interface, or NULL. */
};
void vswitch_add_port(struct vswitch_db *, const struct vswitch_port *);

/* Asks that port 'name' be removed, whichever bridge has it. */
void vswitch_del_port(struct vswitch_db *, const char *name);

/* Asks for a bridge that forwards like any switch ("br-phy"), whose own
 * interface gets 'mac' if not NULL; or that it be removed. */
void vswitch_add_bridge(struct vswitch_db *, const char *name,
                        const char *datapath_type, const char *mac);
void vswitch_del_bridge(struct vswitch_db *, const char *name);

/* Returns the name of the interface in any bridge whose external_ids have
 * 'key' with 'value', or NULL.  Valid until the next vswitch_run(). */
const char *vswitch_find_iface(const struct vswitch_db *, const char *key,
                               const char *value);

/* Returns external_ids:'key' of interface 'name', or NULL.  Valid until the
 * next vswitch_run(). */
const char *vswitch_iface_id(const struct vswitch_db *, const char *name,
                             const char *key);

/* Returns the bridge that has port 'name', or NULL. */
const char *vswitch_port_bridge(const struct vswitch_db *, const char *name);

#endif /* ovs/vswitch.h */
