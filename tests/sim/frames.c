/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

/* Tenants' frames: sent by random clouds all the time, to another cloud or to
 * all, forwarded by switches.  test-rules.c shows that compiled rules forward
 * as frames_forward() does. */

bool
frame_got(const struct frame *frame, uint8_t cloud)
{
    return frame->got[cloud / 64] >> cloud % 64 & 1;
}

/* Returns whether the switch of 'node' accepts 'frame' from the tunnel to cloud
 * 'from', 0 for the own cloud.  If so sets each 'next[cloud]' to whether it
 * sends it on to there. */
bool
frames_forward(const struct node *node, const struct frame *frame,
               uint8_t from, bool next[NETHV_CLOUD_FLOOD])
{
    const uint8_t *via = node->now.slots[frame->slot].via;
    uint8_t source = frame->source;

    memset(next, 0, NETHV_CLOUD_FLOOD * sizeof *next);
    if (from && via[source] != from) {
        return false;
    }
    for (size_t cloud = 1; cloud <= SIM_MAX; cloud++) {
        if (via[cloud] && via[cloud] != from
            && (!frame->to || frame->to == cloud)) {
            next[via[cloud]] = true;
        }
    }
    return true;
}

static void arrive(struct sim *sim, const struct event *event);

static void
send_on(struct sim *sim, int i, size_t id, uint8_t from)
{
    struct node *node = &sim->nodes[i];
    bool next[NETHV_CLOUD_FLOOD];

    if (!frames_forward(node, &sim->frames[id], from, next)) {
        return;
    }
    sim_watch(sim, id, "is sent on by %d", node->cloud);
    for (int cloud = 1; cloud <= sim->n_clouds; cloud++) {
        int to = net_peer(sim, i, cloud);
        struct event event = {
            .run = arrive, .node = to, .other = i, .number = id,
        };

        if (next[cloud] && net_has_tunnel(sim, i, to)) {
            int64_t arrival = net_arrival(sim, i, to);
            if (arrival != NEVER) {
                sim_at(sim, arrival, event);
            } else {
                sim_watch(sim, id, "is lost on the path to %d", cloud);
            }
        } else if (next[cloud]) {
            sim_watch(sim, id, "finds no tunnel to %d", cloud);
        }
    }
}

/* A gateway gets 'frame', whether or not its cloud's hosts use it. */
static void
note_came(struct sim *sim, struct frame *frame, int node)
{
    uint64_t bit = UINT64_C(1) << node % 64;

    if (frame->came[node / 64] & bit) {
        sim_fail(sim, "a frame of cloud %d, sent at %.3f ms with slot %u, came "
                 "to a gateway of cloud %d twice", frame->source,
                 frame->sent / 1000.0, frame->slot, sim->nodes[node].cloud);
    }
    frame->came[node / 64] |= bit;
}

/* A cloud gets 'frame': by the gateway that is active for it. */
static void
deliver(struct sim *sim, struct frame *frame, uint8_t cloud)
{
    uint64_t bit = UINT64_C(1) << cloud % 64;

    if (frame->got[cloud / 64] & bit || frame->source == cloud) {
        sim_fail(sim, "a frame of cloud %d to %d, sent at %.3f ms with slot "
                 "%u, came to cloud %d twice", frame->source, frame->to,
                 frame->sent / 1000.0, frame->slot, cloud);
    }
    frame->got[cloud / 64] |= bit;
}

static void
arrive(struct sim *sim, const struct event *event)
{
    const struct node *node = &sim->nodes[event->node];
    struct frame *frame = &sim->frames[event->number];
    uint8_t from = sim->nodes[event->other].cloud;
    bool next[NETHV_CLOUD_FLOOD];

    sim->n_hops++;
    if (!net_has_tunnel(sim, event->other, event->node)
        || !frames_forward(node, frame, from, next)) {
        sim_watch(sim, event->number, "is refused by %d from %d", node->cloud,
                  from);
        return;
    }
    note_came(sim, frame, event->node);
    if (sim->kind != KIND_STANDBY || standby_takes(sim, event->node)) {
        deliver(sim, frame, node->cloud);
    }
    if (frame->to != node->cloud) {
        send_on(sim, event->node, event->number, from);
    }
}

/* Sends a frame now from the cloud of node 'source' to cloud 'to', 0: to all.
 * Returns its number. */
size_t
frames_send(struct sim *sim, int source, uint8_t to)
{
    if (sim->kind == KIND_STANDBY) {
        source = standby_uses(sim, sim->nodes[source].cloud);
    }
    const struct node *node = &sim->nodes[source];

    if (sim->n_frames >= sim->allocated_frames) {
        sim->frames = x2nrealloc(sim->frames, &sim->allocated_frames,
                                 sizeof *sim->frames);
    }
    size_t id = sim->n_frames++;
    sim->frames[id] = (struct frame) {
        .sent = sim->now, .source = node->cloud, .to = to,
        .slot = node->now.stamp,
    };
    sim_watch(sim, id, "is sent by %d to %d with slot %u", node->cloud, to,
              node->now.stamp);
    if (node->host_up) {
        send_on(sim, source, id, 0);
    }
    return id;
}

static void
send_next(struct sim *sim, const struct event *event)
{
    uint8_t own = sim->nodes[event->node].cloud;
    uint8_t to = sim_chance(sim, 0.5) ? 0 : 1 + sim_range(sim, sim->n_clouds);

    if (sim->sending && to != own) {
        frames_send(sim, event->node, to);
    }
    sim_at(sim, sim->now + sim_range(sim, 2 * sim->pace), *event);
}

/* From now on all clouds send. */
void
frames_start(struct sim *sim)
{
    int n = sim->kind == KIND_STANDBY ? sim->n_clouds : sim->n_nodes;

    sim->sending = true;
    for (int i = 0; i < n; i++) {
        struct event event = { .run = send_next, .node = i };
        sim_at(sim, sim->now + sim_range(sim, 2 * sim->pace), event);
    }
}
