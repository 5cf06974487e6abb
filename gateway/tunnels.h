/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_TUNNELS_H
#define GATEWAY_TUNNELS_H 1

/* The state of this gateway's tunnels, as BFD at its end sees them, in the rows
 * Tunnel of the database.  Each gateway writes its own side only. */

struct db;
struct model;
struct ovsdb_idl_txn;
struct vswitch_db;

/* Writes by 'txn' (NULL: nothing now) what has changed in the tunnels of 'db'
 * that end at the gateway host 'host_name', whose interfaces are in 'vs'. */
void tunnels_write(struct db *, const struct model *,
                   const struct vswitch_db *vs, const char *host_name,
                   struct ovsdb_idl_txn *txn);

#endif /* gateway/tunnels.h */
