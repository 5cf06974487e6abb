/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_CHANGES_H
#define AGENT_CHANGES_H 1

/* How often this host has changed bindings of a network: its entry in
 * Network_State.changes.  The sum of all hosts' entries orders the bindings of
 * a network, and nobody waits for anybody to get a place in that order: each
 * host writes its own entry only. */

struct changes;
struct db;
struct nethvrec_host;
struct uuid;

/* Call before 'db' is connected; destroy before it is. */
struct changes *changes_create(struct db *);
void changes_destroy(struct changes *);

/* Makes the open transaction raise the entry of 'self' for 'network' by one,
 * however often it is called.  Does nothing if the network has been given
 * nothing yet. */
void changes_raise(const struct changes *, const struct nethvrec_host *self,
                   const struct uuid *network);

#endif /* agent/changes.h */
