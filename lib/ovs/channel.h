/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_CHANNEL_H
#define OVS_CHANNEL_H 1

/* Control frames (control-frame.h) to and from other hosts, through Open
 * vSwitch and its tunnels: signed with this host's key, taken from hosts of the
 * model whose key is known, and never twice.  What is not taken is counted by
 * reason.
 *
 * Not thread-safe. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control-frame.h"

struct json;
struct model;
struct ofswitch;
struct ofswitch_packet;

struct channel;

/* Returns the channel of the host at 'self', whose private key is read from
 * 'key_file' when it is first needed. */
struct channel *channel_create(uint32_t self, const char *key_file);
void channel_destroy(struct channel *);

/* Takes frames of the host at 'location', too, by its public key 'hex', as long
 * as the model does not know it, and until channel_distrust(): for a process
 * that knows of others already when its model is still empty. */
void channel_trust(struct channel *, uint32_t location, const char *hex);
void channel_distrust(struct channel *);

/* Sends a frame of 'kind' with the 'len' bytes at 'body' to the host at 'to'.
 * Returns its counter, or 0 if nothing could be sent: the switch is not
 * connected, or there is no key. */
uint64_t channel_send(struct channel *, struct ofswitch *, uint32_t to,
                      enum control_kind kind, const void *body, size_t len);

/* Reads 'packet', which a rule has sent as a control frame.  If it is one that
 * counts, fills in '*frame', whose body points into the packet, and returns
 * true. */
bool channel_receive(struct channel *, const struct model *,
                     const struct ofswitch_packet *packet,
                     struct control_frame *frame);

/* Returns how many frames have got 'verdict', or all of that by the verdicts'
 * names. */
uint64_t channel_count(const struct channel *, enum control_verdict verdict);
struct json *channel_to_json(const struct channel *);

/* The same without a switch: */

/* Writes such a frame to 'buffer'.  Returns its length, or 0 if there is no
 * key.  'to' 0 means all gateways. */
size_t channel_write(struct channel *, uint32_t to, enum control_kind kind,
                     const void *body, size_t len,
                     uint8_t buffer[CONTROL_FRAME_MAX]);

/* Reads the 'size' bytes at 'data' as channel_receive() does. */
bool channel_read(struct channel *, const struct model *, const void *data,
                  size_t size, struct control_frame *frame);

#endif /* ovs/channel.h */
