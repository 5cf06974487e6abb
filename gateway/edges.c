/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/edges.h"

#include <limits.h>

#include "handover.h"
#include "packets.h"
#include "repair.h"
#include "util.h"

/* A tunnel stays as long after its last use. */
#define LINGER_MSEC 3000

/* Notes which tunnels are of use. */
static void
note_used(const struct repair_outcome *outcome,
          long long int used[NETHV_CLOUD_FLOOD], long long int now)
{
    for (int cloud = 1; cloud <= NETHV_CLOUD_MAX; cloud++) {
        for (size_t i = 0; i < REPAIR_SLOTS; i++) {
            uint8_t via = outcome->slots[i].via[cloud];
            if (via) {
                used[via] = now;
            }
        }
        if (outcome->tunnels[cloud]) {
            used[cloud] = now;
        }
    }
}

long long int
edges_want(const struct repair_outcome *outcome,
           long long int used[NETHV_CLOUD_FLOOD], long long int now,
           bool wanted[NETHV_CLOUD_FLOOD])
{
    long long int deadline = LLONG_MAX;

    note_used(outcome, used, now);
    for (int cloud = 1; cloud <= NETHV_CLOUD_MAX; cloud++) {
        wanted[cloud] = used[cloud] && now - used[cloud] < LINGER_MSEC;
        if (wanted[cloud] && used[cloud] != now) {
            deadline = MIN(deadline, used[cloud] + LINGER_MSEC);
        }
    }
    return deadline;
}

enum encap
edges_encap(const struct cloud *a, const struct cloud *b)
{
    return encap_common(a->encaps ? a->encaps : ENCAP_ALL,
                        b->encaps ? b->encaps : ENCAP_ALL);
}

/* Fills in '*edge' between the active gateways of two clouds. */
static bool
edge_from_model(struct handover_edge *edge, const struct model *model,
                const struct host *self, uint8_t id)
{
    const struct cloud *cloud = model_cloud_by_id(model, id);
    const struct host *peer = cloud && self ? cloud_gateway(cloud) : NULL;

    if (!peer || ipv6_is_zero(&peer->public_ip)) {
        return false;
    }
    edge->cloud = id;
    edge->encap = edges_encap(self->cloud, cloud);
    edge->remote_ip = peer->public_ip;
    return edge->encap != ENCAP_N;
}

static bool
edge_from_handover(struct handover_edge *edge, const struct handover *handover,
                   uint8_t id)
{
    for (size_t i = 0; handover && i < handover->n_edges; i++) {
        if (handover->edges[i].cloud == id) {
            *edge = handover->edges[i];
            return true;
        }
    }
    return false;
}

void
edges_fill(struct handover *handover, const struct model *model,
           const struct host *self, const bool wanted[NETHV_CLOUD_FLOOD],
           const struct handover *previous)
{
    handover->n_edges = 0;
    for (int id = 1; id <= NETHV_CLOUD_MAX; id++) {
        struct handover_edge *edge = &handover->edges[handover->n_edges];

        memset(edge, 0, sizeof *edge);
        if (wanted[id] && (edge_from_model(edge, model, self, id)
                           || edge_from_handover(edge, previous, id))) {
            handover->n_edges++;
        }
    }
}
