/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SERVING_H
#define GATEWAY_SERVING_H 1

/* Which gateway serves each cloud, as the database says.
 *
 * A gateway serves its cloud when the hosts use it: they say so in their
 * hellos, so that one that is only cut off from them does not take itself for
 * the one.  It then writes a number to its Gateway_State, greater than those of
 * the cloud's others; and 0 when they have left it.  One whose agent has died
 * can no longer be told that they have: so of those that say that they serve the
 * one with the greatest number does, of those that are alive if any is.
 *
 * This is for other clouds' gateways, where it may be that nothing else tells
 * that hosts have left one: its Open vSwitch answers on.  They lead their
 * tunnels to the one that serves (partners.h).
 *
 * Not thread-safe. */

#include <stdint.h>

#include "nethv/wire.h"

struct db;
struct model;

/* Stores the locations of the gateways that serve the clouds in 'serving', 0
 * where the database does not say. */
void serving_read(struct db *, const struct model *,
                  uint32_t serving[NETHV_CLOUD_FLOOD]);

/* Returns the number for a gateway of 'cloud' that begins to serve it. */
int64_t serving_next(struct db *, const struct model *, uint8_t cloud);

/* Marks in 'model' that of the gateways of 'cloud' the one at 'location' is
 * used: cloud_gateway() returns it.  Does nothing if that is 0. */
void serving_mark(struct model *, uint8_t cloud, uint32_t location);

#endif /* gateway/serving.h */
