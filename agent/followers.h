/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_FOLLOWERS_H
#define AGENT_FOLLOWERS_H 1

/* The networks that this host follows, and how far their rules have come.
 *
 * Each network has two sequences: of intent (what users wrote) and of bindings.
 * A state of both is compiled, sent under the switch's stamp, and counts as
 * done when the switch has confirmed that stamp.  Then it is written to the
 * host's row in Follower: others wait for that before they use numbers on the
 * wire, and nethvctl waits for it. */

#include <stdbool.h>
#include <stdint.h>

struct claims;
struct db;
struct model;
struct ovsdb_idl_txn;
struct uuid;

struct followers;

struct followers *followers_create(struct model *, uint32_t self);
void followers_destroy(struct followers *);

/* Marks the networks as not needed; followers_need() marks one as needed again,
 * and followers_sweep() lets go of those that are not. */
void followers_mark(struct followers *);
void followers_need(struct followers *, struct db *, const struct uuid *);
void followers_sweep(struct followers *, struct db *);

/* Says whether the tunnels that are wanted by now are in the switch, and in its
 * rules.  No intent is done while they are not. */
void followers_set_tunnels(struct followers *, bool settled);

/* Says that the model as it is now is in the switch once that has confirmed
 * 'stamp', and that it has confirmed everything up to 'confirmed'. */
void followers_update(struct followers *, const struct db *,
                      const struct claims *, uint64_t stamp,
                      uint64_t confirmed);

/* Returns whether a port of the network may be bound here: its rules are in
 * the switch, or no number of it is used by anybody yet.  Without that, frames
 * could arrive whose source could not be put back. */
bool followers_may_bind(const struct followers *, const struct uuid *network);

/* Writes what differs to Follower.  The host is among those whose confirmation
 * others wait for from the transaction on in which it first binds a port. */
void followers_write(const struct followers *, struct db *,
                     struct ovsdb_idl_txn *);

#endif /* agent/followers.h */
