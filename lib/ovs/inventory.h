/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_INVENTORY_H
#define OVS_INVENTORY_H 1

/* What the database's inventory says of clouds, hosts and their addresses, and
 * which sockets follow from it.
 *
 * All functions read 'idl', which must monitor Global, Cloud, Host and
 * Host_State; some write by its open transaction.  Not thread-safe. */

#include <stdbool.h>
#include <stdint.h>

#define INVENTORY_DB_PORT 6645          /* The database, for gateways. */
#define INVENTORY_RELAY_PORT 6646       /* It or its relay, for hosts. */
#define INVENTORY_DB_SOCKET "unix:/run/nethv/nethv-db.sock"
#define INVENTORY_DB_DIR "/var/lib/nethv"
#define INVENTORY_DB_FILE INVENTORY_DB_DIR "/nethv.db"
#define INVENTORY_ENROL_PORT 6647       /* Enrolment. */

/* Keys of Global.options. */
#define INVENTORY_DATABASE_HOST "database-host" /* Host that has it. */
#define INVENTORY_DATABASE_EPOCH "database-epoch"   /* Since when, if moved. */
#define INVENTORY_CA "ca"               /* Fingerprint of its certificate. */

/* Key of Host.external_ids: the address at which its cloud reaches the host, as
 * it was when the host joined. */
#define INVENTORY_ENCAP_IP "encap-ip"

struct nethvrec_cloud;
struct nethvrec_host;
struct nethvrec_host_state;
struct ovsdb_idl;
struct svec;

/* Return the row, or NULL. */
const struct nethvrec_cloud *inventory_cloud(struct ovsdb_idl *,
                                             const char *name);
const struct nethvrec_host *inventory_host(struct ovsdb_idl *,
                                           const char *name);
const struct nethvrec_host_state *inventory_state(struct ovsdb_idl *,
                                                  const struct nethvrec_host *);

/* Returns the value of 'key' in Global.options, or NULL. */
const char *inventory_option(struct ovsdb_idl *, const char *key);

/* Returns the address at which the cloud of 'host' reaches it, or NULL if it is
 * not known. */
const char *inventory_encap_ip(struct ovsdb_idl *,
                               const struct nethvrec_host *);

/* Returns the remote of 'port' at the address 'ip', with 'prefix' ("ssl:"); the
 * caller frees it. */
char *inventory_remote(const char *prefix, const char *ip, int port);

/* Returns the remotes of the relays of 'cloud' ("ssl:192.0.2.1:6646,...") or,
 * as seen from 'cloud', that of the database, which the caller frees.  Empty if
 * there are none. */
char *inventory_relays(struct ovsdb_idl *, const struct nethvrec_cloud *);
char *inventory_database(struct ovsdb_idl *, const struct nethvrec_cloud *);

/* Returns the location of the host that has the database, 0 if it is not
 * known. */
uint32_t inventory_database_location(struct ovsdb_idl *);

/* Returns the remote of a database on the host at 'location', as seen from the
 * host at 'self', or NULL if that is not known; the caller frees it. */
char *inventory_database_at(struct ovsdb_idl *, uint32_t location,
                            uint32_t self);

/* Adds to 'remotes' where a machine of 'cloud' can enrol: at the gateways of
 * the cloud and, if the machine is to be a 'gateway', at the one that has the
 * database. */
void inventory_enrol_remotes(struct ovsdb_idl *, const struct nethvrec_cloud *,
                             bool gateway, struct svec *remotes);

/* Returns the public address for one more gateway of 'cloud': the first that no
 * host has, or NULL. */
const char *inventory_free_public_ip(struct ovsdb_idl *,
                                     const struct nethvrec_cloud *);

/* Allocates an id for one more host of 'cloud': the next free one, not the
 * lowest, so that an id rests after its host has gone.  Writes to the open
 * transaction where it went on.  Returns 0 if the cloud is full. */
uint16_t inventory_take_host_id(struct ovsdb_idl *,
                                const struct nethvrec_cloud *);

#endif /* ovs/inventory.h */
