/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_CLAIMS_H
#define AGENT_CLAIMS_H 1

/* Claims: which virtual ports are at which interfaces of this host.
 *
 * An interface of the integration bridge with external_ids:iface-id claims the
 * virtual port of that path or UUID.  For each claim there is a row in Claim
 * that says what has become of it.  Once the port is known and may be bound
 * here (followers.h), the host writes the Binding, with numbers for the port
 * and each of its MACs; the index on Binding.port decides between two hosts.
 * When the interface goes, so does the Binding. */

#include "openvswitch/shash.h"

struct compiler;
struct db;
struct followers;
struct json;
struct model;
struct ovsdb_idl_txn;
struct uuid;
struct vswitch_counters;
struct vswitch_db;

struct claims;

struct claims *claims_create(struct model *, struct db *, uint32_t self);
void claims_destroy(struct claims *);

/* Takes note of the interfaces 'ifaces' (struct vswitch_iface by name): looks
 * for their ports in 'db', follows their networks, and tells 'compiler' where
 * the bound ones are. */
void claims_update(struct claims *, const struct shash *ifaces, struct db *,
                   struct followers *, struct compiler *);

/* Writes what differs to Claim and Binding.  'followers' says in which networks
 * ports may be bound.  'impatient': also writes why claims wait for what should
 * come by itself soon. */
void claims_write(struct claims *, struct db *, const struct followers *,
                  bool impatient, struct ovsdb_idl_txn *);

/* Returns whether every claim in the network is settled: bound here, held by
 * another host, or refused. */
bool claims_settled(const struct claims *, const struct uuid *network);

/* Returns whether any port could be bound here, but is not. */
bool claims_have_unbound(const struct claims *);

/* Returns whether what claims_write() wrote last binds a port. */
bool claims_are_binding(const struct claims *);

/* Returns what "port/show" answers about the port 'iface_id' (attach.h), with
 * the counters that 'vs' has of its interface. */
struct json *claims_show(const struct claims *, const struct vswitch_db *vs,
                         const char *iface_id, unsigned int mtu);

/* Adds up the counters of all bound endpoints. */
void claims_count(const struct claims *, const struct vswitch_db *,
                  struct vswitch_counters *sum);

/* Describes all claims, for "status". */
struct json *claims_to_json(const struct claims *);

#endif /* agent/claims.h */
