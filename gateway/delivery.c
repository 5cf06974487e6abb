/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/delivery.h"

#include <stdint.h>
#include <stdlib.h>

#include "gateway/agent-link.h"
#include "gateway/edges.h"
#include "gateway/partners.h"
#include "gateway/relays.h"
#include "gateway/trees.h"
#include "handover.h"
#include "model.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "repair.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(delivery);

BUILD_ASSERT_DECL(HANDOVER_TREES == REPAIR_SLOTS);

struct delivery {
    struct agent_link *link;
    struct handover *handover;      /* Handed over last, or adopted. */
    uint32_t numbers[HANDOVER_TREES];   /* The last of each slot. */
    bool told;                      /* 'handover', since repair began. */
    unsigned int serial;            /* Of 'handover', */
    unsigned int covers;            /* which is still right for this outcome. */
    unsigned int base;              /* Serial at which repair began. */
    long long int used[NETHV_CLOUD_FLOOD];  /* When edges had a use. */
};

struct delivery *
delivery_create(struct agent_link *link)
{
    struct delivery *delivery = xzalloc(sizeof *delivery);

    delivery->link = link;
    return delivery;
}

static void
handover_free(struct handover *handover)
{
    if (handover) {
        handover_uninit(handover);
        free(handover);
    }
}

void
delivery_destroy(struct delivery *delivery)
{
    if (delivery) {
        handover_free(delivery->handover);
        free(delivery);
    }
}

void
delivery_adopt(struct delivery *delivery, struct handover *handover)
{
    if (delivery->handover || !handover) {
        handover_free(handover);
        return;
    }
    delivery->handover = handover;
    for (size_t i = 0; i < HANDOVER_TREES; i++) {
        delivery->numbers[i] = handover->trees[i].number;
    }
}

const struct handover *
delivery_last(const struct delivery *delivery)
{
    return delivery->handover;
}

void
delivery_begin(struct delivery *delivery)
{
    delivery->base = delivery->serial;
    delivery->told = false;
}

/* Adds the networks whose floods this gateway relays, if they are other ones:
 * not in a change of trees, which cannot wait for them. */
static void
fill_networks(const struct delivery *delivery, struct relays *relays,
              const struct host *self, struct handover *handover)
{
    relays_set_tree(relays, self->cloud->id,
                    handover->trees[handover->stamp].via);
    if (relays_run(relays) || !delivery->handover
        || delivery->handover->no_networks) {
        handover->networks = relays_networks(relays, &handover->n_networks);
        handover->no_networks = false;
    }
}

static void
hand_over(struct delivery *delivery, struct handover *handover,
          unsigned int seqno)
{
    struct json *json = handover_to_json(handover);

    if (delivery->handover) {
        handover_keep_networks(handover, delivery->handover);
    }
    handover_free(delivery->handover);
    delivery->handover = handover;
    delivery->told = true;
    delivery->covers = seqno;
    delivery->serial = delivery->base + seqno;
    agent_link_set(delivery->link, json, delivery->serial);
    VLOG_DBG("handed over outcome %u: stamp %u", seqno, handover->stamp);
}

/* Notes that what was handed over last is right for the outcome 'seqno',
 * too. */
static void
cover(struct delivery *delivery, unsigned int seqno)
{
    if (delivery->covers != seqno) {
        delivery->covers = seqno;
        poll_immediate_wake();      /* Repair is to be told. */
    }
}

/* Returns the ways of 'outcome', without networks, and sets '*deadline' to when
 * they are to be looked at again. */
static struct handover *
make_handover(struct delivery *delivery, const struct repair_outcome *outcome,
              const struct model *model, const struct host *self,
              const struct partners *partners, long long int now,
              long long int *deadline)
{
    struct handover *handover = xzalloc(sizeof *handover);
    bool wanted[NETHV_CLOUD_FLOOD] = { false };

    *deadline = edges_want(outcome, delivery->used, now, wanted);
    for (int cloud = 1; cloud <= NETHV_CLOUD_MAX; cloud++) {
        wanted[cloud] &= !partners_rests(partners, cloud);
    }
    edges_fill(handover, model, self, wanted, delivery->handover);
    trees_fill(handover, outcome, delivery->handover, delivery->numbers);
    handover->no_networks = true;
    return handover;
}

long long int
delivery_run(struct delivery *delivery, const struct repair_outcome *outcome,
             const struct model *model, const struct host *self,
             const struct partners *partners, struct relays *relays,
             long long int now)
{
    long long int deadline;
    struct handover *handover = make_handover(delivery, outcome, model, self,
                                              partners, now, &deadline);

    if (!delivery->told
        || !handover_same_ways(handover, delivery->handover)) {
        hand_over(delivery, handover, outcome->seqno);
        poll_immediate_wake();      /* For the networks. */
        return deadline;
    }
    cover(delivery, outcome->seqno);
    if (self && relays) {
        fill_networks(delivery, relays, self, handover);
    }
    if (handover->no_networks) {
        handover_free(handover);
    } else {
        hand_over(delivery, handover, outcome->seqno);
    }
    return deadline;
}

void
delivery_clear(struct delivery *delivery)
{
    if (!delivery->handover || delivery->handover->n_edges) {
        delivery_begin(delivery);
        hand_over(delivery, xzalloc(sizeof *delivery->handover), 1);
    }
}

unsigned int
delivery_installed(const struct delivery *delivery)
{
    unsigned int serial = agent_link_installed(delivery->link);

    return (serial <= delivery->base ? 0
            : serial == delivery->serial ? delivery->covers
            : serial - delivery->base);
}

bool
delivery_is_done(const struct delivery *delivery)
{
    return (delivery->serial
            && agent_link_installed(delivery->link) == delivery->serial);
}

bool
delivery_is_under_way(const struct delivery *delivery)
{
    return delivery->serial && !delivery_is_done(delivery);
}
