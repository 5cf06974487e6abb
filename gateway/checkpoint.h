/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CHECKPOINT_H
#define GATEWAY_CHECKPOINT_H 1

/* What a gateway process leaves for the one after it, so that this can begin
 * while the database is away, or still far: the plans, and the public keys of
 * all gateways, without which it would take them for strangers and learn
 * nothing of what has failed.
 *
 * A file in the run-time directory: it does not outlive the machine. */

#include <stdbool.h>

struct checkpoint;
struct model;
struct peers;
struct plans;

/* Watches the gateways of 'model', which must live longer. */
struct checkpoint *checkpoint_create(struct model *model);
void checkpoint_destroy(struct checkpoint *);

/* Returns whether the gateways may be others than those saved last. */
bool checkpoint_is_stale(const struct checkpoint *);

/* Saves 'plans' and the gateways of the model, unless just that is saved
 * already.  Logs if that cannot be done. */
void checkpoint_save(struct checkpoint *, const struct plans *plans);

/* Reads what the process before has left into '*plans', which the caller
 * uninits, and has 'peers' trust the gateways.  Returns false, with no plans,
 * if there is nothing. */
bool checkpoint_load(struct plans *plans, struct peers *peers);

#endif /* gateway/checkpoint.h */
