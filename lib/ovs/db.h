/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_DB_H
#define OVS_DB_H 1

/* The NetHV database, followed.
 *
 * A db holds a connection to the NetHV database (or to a relay of it), with the
 * generated IDL behind it, and keeps a model in step with what the database
 * says: row by row, by the IDL's change tracking, so that the cost grows with
 * the change.  When the connection has been lost and is there again everything
 * is compared once.  What the database held stays in the model while there is
 * no connection.
 *
 * Three modes:
 *
 *   - DB_GLOBAL follows every table.
 *
 *   - DB_ALL follows all but Host_Report, of which each host writes every few
 *     seconds what nobody but the global controller needs.
 *
 *   - DB_HOST follows what one host needs: clouds and Global; the hosts of its
 *     own cloud; what it has written itself; ports that it looks for
 *     (db_claim()); and all of the networks that it follows
 *     (db_follow_network()).  Conditions start empty and are changed in
 *     batches, and a network is kept for DB_KEEP_MSEC after the last need,
 *     because each new clause costs the server a scan of a table.
 *
 * Writing goes by transactions through the IDL: at most one is open in an
 * iteration of the main loop and at most one is under way.  Writers look at the
 * database each time, write what is missing, and need not remember what they
 * asked for: a transaction that failed is simply written again.
 *
 *     for (;;) {
 *         db_run(db);
 *         txn = db_txn(db);
 *         if (txn) {
 *             ...nethvrec_binding_insert(txn) and so on...
 *         }
 *         db_commit(db);
 *         db_wait(db);
 *         poll_block();
 *     }
 *
 * TLS keys and certificates are the process's: stream_ssl_set_*(), by the
 * caller.  Not thread-safe; the model is changed only inside db_run(). */

#include <stdbool.h>
#include <stdint.h>

struct model;
struct nethvrec_host;
struct nethvrec_host_state;
struct ovsdb_idl;
struct ovsdb_idl_txn;
struct uuid;
struct vport;

struct db;

enum db_mode { DB_GLOBAL, DB_ALL, DB_HOST };

#define DB_KEEP_MSEC (5 * 60 * 1000)

/* Returns a db that keeps 'model', which must live longer, in step. */
struct db *db_create(struct model *model, enum db_mode);
void db_destroy(struct db *);

/* Connects to one of 'remotes' ("ssl:192.0.2.1:6645,unix:/run/x"), and again
 * whenever a connection ends.  With 'leader_only', of a cluster only to its
 * leader.  NULL for 'remotes' disconnects.  Does nothing if neither differs
 * from what was set last. */
void db_set_remotes(struct db *, const char *remotes, bool leader_only);

/* Asks the server for the lock 'name', or with NULL gives it back.  While a
 * lock is asked for, no transaction is possible unless it is held, and each
 * asserts it: what must be written without it needs a db of its own.  Ask only
 * where the database is, never at a relay: relays grant a lock to everyone. */
void db_set_lock(struct db *, const char *name);
bool db_has_lock(const struct db *);

/* Does what there is to do: receives, brings the model into step, finishes the
 * transaction under way, sends changed conditions.  The IDL's tracked changes
 * are there for the caller until the next db_run(). */
void db_run(struct db *);

/* Arranges for the poll loop to wake up when db_run() has work. */
void db_wait(struct db *);

bool db_is_connected(const struct db *);

/* Returns whether the model holds all that was asked for: the initial contents
 * and those of all conditions.  Stays true when the connection is lost, false
 * again while a new condition is under way. */
bool db_is_complete(const struct db *);

/* Returns a number that changes whenever what the IDL holds has changed. */
unsigned int db_seqno(const struct db *);

/* Returns the IDL, for reading rows that the model does not hold and for
 * writers.  Its connection and conditions are the db's. */
struct ovsdb_idl *db_idl(struct db *);

/* Returns the transaction of this iteration, opened if need be; it ends with
 * db_commit().  Returns NULL if nothing can be written now: no connection,
 * initial contents not there yet, a lock asked for and not held, a transaction
 * under way, or the last one failed and neither has the database changed since
 * nor a second passed. */
struct ovsdb_idl_txn *db_txn(struct db *);

/* Sends the transaction of this iteration, if one was opened. */
void db_commit(struct db *);

/* Returns whether a transaction is under way.  When it ends the main loop is
 * woken. */
bool db_is_committing(const struct db *);

/* What became of the transactions so far.  'last_error' is the sentence of the
 * last hard error (constraint violation and such), NULL if there was none;
 * owned by the db. */
struct db_results {
    uint64_t n_committed;
    uint64_t n_failed;
    const char *last_error;
};
void db_get_results(const struct db *, struct db_results *);

/* The rest is for mode DB_HOST. */

/* Names the own host: its row and its cloud's hosts are followed from then on,
 * and the claims, bindings and followers that it has written. */
void db_set_self(struct db *, const char *host_name);

/* Returns the version of the wire format that all hosts read, 0 if the database
 * does not say. */
uint8_t db_wire_version(const struct db *);

/* Returns the own host's row, or NULL if the database has none or it has not
 * been received yet. */
const struct nethvrec_host *db_self(const struct db *);

/* Returns what the host with UUID 'host' says of itself, NULL if nothing. */
const struct nethvrec_host_state *db_host_state(const struct db *,
                                                const struct uuid *host);

/* Starts and ends the need for the network 'uuid'.  Idempotent: needs are not
 * counted. */
void db_follow_network(struct db *, const struct uuid *uuid);
void db_unfollow_network(struct db *, const struct uuid *uuid);

/* Returns whether the model holds all of the network 'uuid': it is followed
 * (or still kept) and its contents have been received. */
bool db_has_network(const struct db *, const struct uuid *uuid);

/* Starts and ends the search for the port 'iface_id', a path
 * ("acme/shop/s1/web") or a UUID as text.  Idempotent.  Once the port is there,
 * following its network is up to the caller. */
void db_claim(struct db *, const char *iface_id);
void db_unclaim(struct db *, const char *iface_id);

/* Returns the port that 'iface_id' means, or NULL if the model has none. */
struct vport *db_find_port(const struct model *, const char *iface_id);

#endif /* ovs/db.h */
