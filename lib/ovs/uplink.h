/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_UPLINK_H
#define OVS_UPLINK_H 1

/* The uplink of a host with the userspace datapath.
 *
 * Userspace tunnels work only if the NIC that they leave by is a port of an
 * Open vSwitch bridge that holds the host's address.  So the NIC moves into
 * the bridge "br-phy", which takes over its MAC address, its addresses and its
 * routes.
 *
 * The move is one step for the user: it is made, then 'check' is asked whether
 * the world is still reachable; if it does not say so in time, or if this
 * process dies before it has (a child process watches over it), all is put
 * back.  A host is never cut off.
 *
 * After a boot the host's own network configuration has put the addresses on
 * the NIC again, while Open vSwitch still has it in the bridge.  Then too
 * uplink_attach() moves them.
 *
 * Both functions block, and return NULL or a malloc'd sentence. */

#include <stdbool.h>

#define UPLINK_BRIDGE "br-phy"

struct vswitch_db;

/* Returns whether the gateway, the relay or whatever the host needs is
 * reachable now.  Called about once in 'UPLINK_CHECK_MS' until it is; may
 * block for as long. */
typedef bool uplink_check(void *aux);
#define UPLINK_CHECK_MS 1000

/* A check: whether the machine at 'host_port' ("10.0.0.1:6646"), which is
 * 'aux', answers to a TCP connection, be it by refusing it. */
bool uplink_check_tcp(void *host_port);

/* Moves 'nic' into the bridge and waits up to 'timeout_ms' for 'check' to
 * confirm.  'check' may be NULL: then the router of the default route must
 * answer to ARP or ND, if there is such a route.  If 'nic' is there already
 * and has no address nothing is moved. */
char *uplink_attach(struct vswitch_db *, const char *nic,
                    long long int timeout_ms, uplink_check *check, void *aux);

/* Moves 'nic' out of the bridge, gives it back its addresses and routes, and
 * removes the bridge.  If 'nic' is not there nothing happens. */
char *uplink_detach(struct vswitch_db *, const char *nic);

/* The same, for a command that does nothing else with the host's Open vSwitch
 * database: connect to it and wait for half a minute. */
char *uplink_move(const char *nic, uplink_check *check, void *aux);
char *uplink_take_back(const char *nic);

#endif /* ovs/uplink.h */
