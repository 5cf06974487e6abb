/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_HOSTCONF_H
#define OVS_HOSTCONF_H 1

/* What makes a machine a host of a deployment: keys in external_ids of its own
 * Open_vSwitch row, files in /etc/nethv, and services.
 *
 * All functions block; those that return a string return NULL or an error
 * sentence that the caller frees. */

#include <stdbool.h>

/* external_ids:nethv-..., by the words of external_ids.  NULL for what is not
 * to be there. */
struct hostconf {
    const char *host;
    const char *host_id;
    const char *cloud;
    const char *cloud_id;
    const char *remote;
    const char *database;           /* Gateways only. */
    const char *public_ip;          /* Gateways only. */
    const char *encap_ip;
    const char *datapath;
    const char *uplink;
};

/* Sets exactly the keys of the members that are not NULL. */
char *hostconf_write(const struct hostconf *);

/* Removes all of the keys, and what the agent has written into other_config
 * (vswitch_set_bridge()). */
char *hostconf_clear(void);

/* Stores in '*value' that of external_ids:'key', or NULL if there is none; the
 * caller frees it.  Fails if Open vSwitch's database is not reachable. */
char *hostconf_get(const char *key, char **value);

/* Returns NULL if this machine can become a host: we are root, Open vSwitch
 * runs, and it is not a host already. */
char *hostconf_check_free(void);

/* Stores in '*datapath' the one to use if the user asked for 'wanted' (or NULL)
 * and 'uplink' (or NULL); a static string. */
char *hostconf_choose_datapath(const char *wanted, const char *uplink,
                               const char **datapath);

/* Stores in '*ip', malloc'd, the local address from which packets to 'peer' (an
 * IP address) leave. */
char *hostconf_local_address(const char *peer, char **ip);

/* Returns whether 'ip' is an IPv4 or IPv6 address. */
bool hostconf_is_ip(const char *ip);

/* Services: "database", "relay", "gateway", "agent".  Where systemd runs, its
 * units are enabled and started, else nethv-ctl(8) starts the daemons. */
char *hostconf_start(const char *service);
char *hostconf_stop(const char *service);

/* The same as hostconf_stop(), for undo_add(). */
void hostconf_undo_start(const char *service);

#endif /* ovs/hostconf.h */
