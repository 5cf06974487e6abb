/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_PEERS_H
#define GATEWAY_PEERS_H 1

/* What the gateways of other clouds and this one say to each other: control
 * frames, by the agent of this host and the tunnels between them, and trains of
 * them (gauge.h).
 *
 * A cloud's peer is the one gateway of it that the model says is used. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control-frame.h"

struct agent_link;
struct model;
struct peers;

/* 'link' is borrowed. */
struct peers *peers_create(struct agent_link *link);
void peers_destroy(struct peers *);

/* Says where this host is, and which hosts 'model' (borrowed until the next
 * call) knows with their keys.  Before that nothing is sent or read. */
void peers_set(struct peers *, uint32_t location, const struct model *);

/* Trusts the host at 'location' by its public key 'hex' for as long as there is
 * no model that could know it: until peers_distrust().  To be called after
 * peers_set(). */
void peers_trust(struct peers *, uint32_t location, const char *hex);
void peers_distrust(struct peers *);

/* Sends a frame of 'kind' with the 'n' bytes at 'body' to the peer in 'cloud'.
 * It may be lost. */
void peers_send(struct peers *, uint8_t cloud, enum control_kind,
                const void *body, size_t n);

/* Sends it a train with the number 'train', of 'length' (gauge.h). */
void peers_send_train(struct peers *, uint8_t cloud, uint32_t train,
                      unsigned int length);

/* Reads the 'n' bytes at 'data', which have come by the tunnel from 'cloud'.
 * If they are a frame of a gateway there, fills in '*frame', whose body points
 * into them, and returns true. */
bool peers_read(struct peers *, uint8_t cloud, const void *data, size_t n,
                struct control_frame *frame);

#endif /* gateway/peers.h */
