/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_PUNTS_H
#define AGENT_PUNTS_H 1

/* Packets that rules send to the agent, told apart by enum compile_punt. */

#include <stdint.h>

struct ofswitch;
struct ofswitch_packet;

struct punts;

struct punts *punts_create(void);
void punts_destroy(struct punts *);

/* Answers 'packet'; 'mtu' is the endpoints'.  Senders get a bounded number of
 * answers a second all together. */
void punts_receive(struct punts *, struct ofswitch *, unsigned int mtu,
                   const struct ofswitch_packet *packet);

/* Returns how many packets were too big and have not been answered. */
uint64_t punts_too_big(const struct punts *);

#endif /* agent/punts.h */
