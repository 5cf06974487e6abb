/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_PROBER_H
#define GATEWAY_PROBER_H 1

/* Measures the paths to other clouds' gateways, aside of any tunnel.
 *
 * A probe is the opening of a TCP connection to the database's port, which all
 * gateways let other gateways in by, closed at once: the kernel answers it,
 * also where no database is.  One whose answer takes longer than the first
 * resending is lost.  The active gateways of a link's clouds probe; what that
 * of the first cloud finds goes to the link's row (Cloud_Link) when it differs
 * from what is there by more than measurements waver.
 *
 * A cloud that tunnels do not join with this one any more is probed at once:
 * what opens tunnels asks whether it can be reached.
 *
 * Unless Global.options:probe is "false". */

#include <stdbool.h>
#include <stdint.h>

struct db;
struct model;
struct ovsdb_idl_txn;
struct prober;

struct prober *prober_create(void);
void prober_destroy(struct prober *);

/* Says in 'connected' which clouds tunnels join with this one. */
void prober_set_connected(struct prober *, const bool connected[]);

/* Probes for the gateway at 'location' what is due, takes in answers, and
 * writes by 'txn' (NULL: nothing now). */
void prober_run(struct prober *, struct db *, const struct model *,
                uint32_t location, struct ovsdb_idl_txn *txn);
void prober_wait(struct prober *);

/* Returns whether the gateway of 'cloud' can be reached: true as well if nothing
 * is known of it. */
bool prober_finds(const struct prober *, uint8_t cloud);

#endif /* gateway/prober.h */
