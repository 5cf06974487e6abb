/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_LIVENESS_H
#define GATEWAY_LIVENESS_H 1

/* Which hosts are alive: those whose heartbeat in Host_Report has changed
 * lately, by the clock of the judge, so that the hosts' clocks do not
 * matter. */

#include <stdbool.h>

struct db;
struct liveness;

struct liveness *liveness_create(void);
void liveness_destroy(struct liveness *);

/* Takes note of the heartbeats in 'db' at time 'now', in milliseconds.  Returns
 * whether a host's 'alive' is to be changed. */
bool liveness_update(struct liveness *, struct db *, long long int now);

/* Writes that, in the transaction that is open. */
void liveness_write(struct liveness *, struct db *);

/* Returns when the next host would be found dead, in milliseconds. */
long long int liveness_deadline(const struct liveness *);

#endif /* gateway/liveness.h */
