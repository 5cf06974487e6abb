/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_PUNTS_H
#define AGENT_PUNTS_H 1

/* Packets that rules send to the agent, told apart by enum compile_punt. */

struct ofswitch;
struct ofswitch_packet;

struct punts;

struct punts *punts_create(void);
void punts_destroy(struct punts *);

/* Answers 'packet'; 'mtu' is the endpoints'.  Senders get a bounded number of
 * answers a second all together. */
void punts_receive(struct punts *, struct ofswitch *, unsigned int mtu,
                   const struct ofswitch_packet *packet);

#endif /* agent/punts.h */
