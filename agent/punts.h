/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_PUNTS_H
#define AGENT_PUNTS_H 1

/* Packets that rules send to the agent, told apart by enum compile_punt. */

#include <stdint.h>

#include "pipeline.h"

struct model;
struct ofswitch;
struct ofswitch_packet;

struct punts;

struct punts *punts_create(void);
void punts_destroy(struct punts *);

/* Answers 'packet'; 'mtu' is the endpoints'.  Senders of what is too big get a
 * bounded number of answers a second all together; how much an endpoint may ask
 * has been limited by a meter of its own. */
void punts_receive(struct punts *, struct ofswitch *, const struct model *,
                   unsigned int mtu, const struct ofswitch_packet *packet);

/* Returns how many packets have not been answered for 'reason', and counted
 * nowhere else; UINT64_MAX for the reasons that have counters of their own. */
uint64_t punts_dropped(const struct punts *, enum drop_reason reason);

#endif /* agent/punts.h */
