/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_HOME_H
#define GATEWAY_HOME_H 1

/* Follows the database when it moves to another gateway ("nethvctl
 * database-move").
 *
 * The database says where it is, and since when; gateways tell each other
 * (db-home.h), so all hear of it within a moment, also those that stand by, and
 * those that the old database still answers.  What follows here:
 * external_ids:nethv-database, the source of the own relay, who serves the
 * cloud's hosts (the database's server if it is here, else the relay), and,
 * where the database has been, the end of the old server, whose file is kept as
 * nethv.db.old. */

#include <stdint.h>

struct db;
struct healer;
struct home;
struct vswitch_db;

struct home *home_create(void);
void home_destroy(struct home *);

/* Has 'healer' tell other gateways where 'db' says that it is, and turns this
 * gateway, the host at 'self', to the database that they tell of.  May block
 * for some milliseconds when it does. */
void home_run(struct home *, struct db *, struct vswitch_db *, uint32_t self,
              struct healer *);

#endif /* gateway/home.h */
