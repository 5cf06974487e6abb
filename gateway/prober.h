/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_PROBER_H
#define GATEWAY_PROBER_H 1

/* Measures the paths to other clouds' gateways, aside of any tunnel.
 *
 * A probe is the opening of a TCP connection to the database's port, which all
 * gateways let other gateways in by, closed at once: the kernel answers it,
 * also where no database is.  One whose answer takes longer than the first
 * resending is lost.  The active gateway of a link's first cloud probes; what
 * it finds goes to the link's row (Cloud_Link) when it differs from what is
 * there by more than measurements waver.
 *
 * Unless Global.options:probe is "false". */

#include <stdint.h>

struct db;
struct model;
struct ovsdb_idl_txn;
struct prober;

struct prober *prober_create(void);
void prober_destroy(struct prober *);

/* Probes for the gateway at 'location' what is due, takes in answers, and
 * writes by 'txn' (NULL: nothing now). */
void prober_run(struct prober *, struct db *, const struct model *,
                uint32_t location, struct ovsdb_idl_txn *txn);
void prober_wait(struct prober *);

#endif /* gateway/prober.h */
