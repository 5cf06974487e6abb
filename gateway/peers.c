/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/peers.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/agent-link.h"
#include "gauge.h"
#include "handover.h"
#include "model.h"
#include "nethv/wire.h"
#include "ovs/channel.h"
#include "ovs/pki.h"
#include "util.h"

BUILD_ASSERT_DECL(GAUGE_MARKS_MAX <= HANDOVER_MARKS_MAX);
BUILD_ASSERT_DECL(GAUGE_LENGTH_MAX / (GAUGE_MARKS_MAX - 1)
                  <= HANDOVER_FILLERS_MAX);

struct peers {
    struct agent_link *link;
    uint32_t location;
    const struct model *model;
    struct channel *channel;        /* NULL until the location is known. */
    bool trusts;                    /* Some whom the model may not know. */
};

struct peers *
peers_create(struct agent_link *link)
{
    struct peers *peers = xzalloc(sizeof *peers);

    peers->link = link;
    return peers;
}

void
peers_destroy(struct peers *peers)
{
    if (peers) {
        channel_destroy(peers->channel);
        free(peers);
    }
}

void
peers_set(struct peers *peers, uint32_t location, const struct model *model)
{
    peers->model = model;
    if (peers->location != location) {
        channel_destroy(peers->channel);
        peers->channel = channel_create(location, PKI_HOST_KEY);
        peers->location = location;
    }
}

void
peers_trust(struct peers *peers, uint32_t location, const char *hex)
{
    channel_trust(peers->channel, location, hex);
    peers->trusts = true;
}

void
peers_distrust(struct peers *peers)
{
    if (peers->trusts) {
        channel_distrust(peers->channel);
        peers->trusts = false;
    }
}

/* Writes such a frame to 'frame'.  Returns its length, or 0 if it cannot be
 * signed. */
static size_t
write_frame(struct peers *peers, uint8_t id, enum control_kind kind,
            const void *body, size_t len, uint8_t frame[CONTROL_FRAME_MAX])
{
    const struct cloud *cloud = model_cloud_by_id(peers->model, id);
    const struct host *peer = cloud ? cloud_gateway(cloud) : NULL;

    return channel_write(peers->channel, peer ? host_location(peer) : 0, kind,
                         body, len, frame);
}

void
peers_send(struct peers *peers, uint8_t cloud, enum control_kind kind,
           const void *body, size_t len)
{
    uint8_t frame[CONTROL_FRAME_MAX];
    size_t n = write_frame(peers, cloud, kind, body, len, frame);

    if (n) {
        agent_link_send_frame(peers->link, cloud, frame, n);
    }
}

static bool
write_mark(struct peers *peers, uint8_t cloud, const struct control_mark *mark,
           struct handover_mark *written)
{
    uint8_t body[CONTROL_MARK_LEN], frame[CONTROL_FRAME_MAX];

    control_mark_put(mark, body);
    written->n = write_frame(peers, cloud, CONTROL_MARK, body, sizeof body,
                             frame);
    ovs_assert(written->n <= sizeof written->data);
    memcpy(written->data, frame, written->n);
    return written->n > 0;
}

void
peers_send_train(struct peers *peers, uint8_t cloud, uint32_t number,
                 unsigned int length)
{
    struct handover_train train = {
        .cloud = cloud,
        .n_fillers = gauge_fillers(length),
        .n_marks = gauge_marks(length),
    };

    for (size_t i = 0; i < train.n_marks; i++) {
        const struct control_mark mark = { number, i, train.n_marks };
        if (!write_mark(peers, cloud, &mark, &train.marks[i])) {
            return;
        }
    }
    agent_link_send_train(peers->link, &train);
}

bool
peers_read(struct peers *peers, uint8_t cloud, const void *data, size_t n,
           struct control_frame *frame)
{
    return (peers->channel
            && channel_read(peers->channel, peers->model, data, n, frame)
            && nethv_location_cloud(frame->from) == cloud);
}
