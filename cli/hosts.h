/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOSTS_H
#define HOSTS_H 1

/* --wait=hosts: have the hosts taken a change up?
 *
 * A changed network is ready when the global controller has given it what it
 * needs and each live host with a part in it says that the rules are in its
 * switch (Follower.intent), with the tunnels that they need, those for all
 * bindings (Follower.sequence) included: then every endpoint reaches every
 * other, if at first by frames that travel whole.  A host has a part if it
 * follows the network or claims a port of it.  A deleted network is ready when
 * no live host follows it any more.  Hosts that are not alive are not waited
 * for. */

#include <stdbool.h>
#include <stddef.h>

struct ds;
struct ovsdb_idl;
struct touched_network;

/* Asks 'idl' for what the functions below read. */
void hosts_add_columns(struct ovsdb_idl *idl);

/* Returns whether all 'n' 'networks' are ready. */
bool hosts_follow(const struct ovsdb_idl *idl,
                  const struct touched_network *networks, size_t n);

/* Appends to 's' a sentence for each network that is not ready: whom it waits
 * for; and for each that has parts on hosts that are not alive: which. */
void hosts_format_laggards(const struct ovsdb_idl *idl,
                           const struct touched_network *networks, size_t n,
                           struct ds *s);

#endif /* hosts.h */
