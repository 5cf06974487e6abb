/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_STANDBY_H
#define AGENT_STANDBY_H 1

/* Which gateway of its cloud this host uses: of those that can be used, as
 * hellos tell, the one with the lowest id (cloud_gateway()).
 *
 * Frames from other clouds are taken from that gateway only.  When a host turns
 * from one to another, it takes nothing from other clouds for
 * STANDBY_HOLD_MSEC, so that no frame that came by the old way comes by the new
 * one once more.  (Whether anything had come by the old way of late cannot be
 * known sooner: the counters of Open vSwitch's rules are up to 500 ms late.)
 *
 * The agent after this one begins with the gateway that is written in
 * STANDBY_FILE, as the rules in the switch do, until it knows better.
 *
 * Not thread-safe. */

#include <stdbool.h>
#include <stdint.h>

struct hello;
struct model;

#define STANDBY_FILE "/run/nethv/gateway"
#define STANDBY_HOLD_MSEC 500

struct standby;

/* Returns the choice of the host at 'self'. */
struct standby *standby_create(uint32_t self);
void standby_destroy(struct standby *);

/* Marks in 'model' which gateways cannot be used by what 'hello' knows, and
 * follows from which to which that makes this host turn.  To be called before
 * rules are computed. */
void standby_run(struct standby *, struct model *, const struct hello *);
void standby_wait(const struct standby *);

/* Returns the location of the gateway in use, 0 while it is not known. */
uint32_t standby_gateway(const struct standby *);

/* Returns whether nothing is to be taken from other clouds now. */
bool standby_holds(const struct standby *);

#endif /* agent/standby.h */
