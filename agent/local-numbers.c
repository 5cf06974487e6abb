/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/local-numbers.h"

#include "agent/changes.h"
#include "hash.h"
#include "lib/nethv-idl.h"
#include "model.h"
#include "nethv/wire.h"
#include "numbers.h"
#include "openvswitch/hmap.h"
#include "random.h"
#include "timeval.h"
#include "util.h"

/* How long a number rests if nobody can be asked. */
#define REST_MSEC (10 * 60 * 1000)

enum slot_state {
    SLOT_FREE,
    SLOT_TAKEN,                     /* Not seen in the database yet. */
    SLOT_BOUND,                     /* In the database. */
    SLOT_RESTING,
};

struct slot {
    enum slot_state state;
    bool reviewed;
    struct uuid network;            /* SLOT_BOUND, SLOT_RESTING. */
    uint64_t sequence;              /* SLOT_RESTING: the network's then. */
    long long int until;            /* SLOT_RESTING: time_msec(). */
};

struct space {
    struct hmap_node node;          /* In local_numbers->spaces by 'tag'. */
    uint32_t tag;
    bool begun;                     /* Has a number been taken? */
    struct numbers *numbers;
    struct slot slots[NETHV_NUMBER_MAX + 1];
};

struct local_numbers {
    struct hmap spaces;
};

struct local_numbers *
local_numbers_create(void)
{
    struct local_numbers *ln = xmalloc(sizeof *ln);
    hmap_init(&ln->spaces);
    return ln;
}

void
local_numbers_destroy(struct local_numbers *ln)
{
    struct space *space;

    if (!ln) {
        return;
    }
    HMAP_FOR_EACH_POP (space, node, &ln->spaces) {
        numbers_destroy(space->numbers);
        free(space);
    }
    hmap_destroy(&ln->spaces);
    free(ln);
}

static struct space *
space_for_tag(struct local_numbers *ln, uint32_t tag)
{
    uint32_t hash = hash_int(tag, 0);
    struct space *space;

    HMAP_FOR_EACH_WITH_HASH (space, node, hash, &ln->spaces) {
        if (space->tag == tag) {
            return space;
        }
    }
    space = xzalloc(sizeof *space);
    space->tag = tag;
    space->numbers = numbers_create(NETHV_NUMBER_MAX);
    hmap_insert(&ln->spaces, &space->node, hash);
    return space;
}

uint32_t
local_numbers_take(struct local_numbers *ln, const struct network *network,
                   uint32_t self)
{
    struct space *space = space_for_tag(ln, network->tag);

    if (!space->begun) {
        space->begun = true;
        numbers_seek(space->numbers, random_range(NETHV_NUMBER_MAX));
    }
    uint32_t number = numbers_take(space->numbers);
    if (!number) {
        return 0;
    }
    space->slots[number].state = SLOT_TAKEN;
    return self | nethv_location(0, 0, number);
}

void
local_numbers_begin_review(struct local_numbers *ln)
{
    struct space *space;

    HMAP_FOR_EACH (space, node, &ln->spaces) {
        for (size_t i = 1; i <= NETHV_NUMBER_MAX; i++) {
            space->slots[i].reviewed = false;
        }
    }
}

static void
review_number(struct space *space, uint32_t location,
              const struct uuid *network)
{
    uint32_t number = nethv_location_number(location);
    struct slot *slot = &space->slots[number];

    if (number) {
        numbers_use(space->numbers, number);
        slot->state = SLOT_BOUND;
        slot->reviewed = true;
        slot->network = *network;
    }
}

static const struct network *
find_network(const struct model *model, const struct uuid *uuid)
{
    const struct model_row *row = model_find(model, MODEL_NETWORK, uuid);
    return row ? CONTAINER_OF(row, struct network, row) : NULL;
}

void
local_numbers_review(struct local_numbers *ln, const struct model *model,
                     const struct nethvrec_binding *binding)
{
    const struct network *network = find_network(model, &binding->network);

    if (!network || !network->tag) {
        return;
    }
    struct space *space = space_for_tag(ln, network->tag);
    review_number(space, binding->location, &binding->network);
    for (size_t i = 0; i < binding->n_mac_locations; i++) {
        review_number(space, binding->value_mac_locations[i],
                      &binding->network);
    }
}

/* A number that has gone from the database may still be in other hosts' rules
 * up to the network's present sequence. */
static void
slot_rest(struct space *space, size_t number, const struct model *model)
{
    struct slot *slot = &space->slots[number];
    const struct network *network = find_network(model, &slot->network);

    numbers_rest(space->numbers, number);
    slot->state = SLOT_RESTING;
    slot->sequence = network ? network->sequence : 0;
    slot->until = time_msec() + REST_MSEC;
}

static bool
slot_rested(const struct slot *slot, const struct model *model)
{
    const struct network *network = find_network(model, &slot->network);

    return (network && network_confirmed(network) > slot->sequence)
           || time_msec() >= slot->until;
}

static void
slot_end_review(struct space *space, size_t number, const struct model *model)
{
    struct slot *slot = &space->slots[number];

    if (slot->state == SLOT_BOUND && !slot->reviewed) {
        slot_rest(space, number, model);
    } else if (slot->state == SLOT_TAKEN
               || (slot->state == SLOT_RESTING && slot_rested(slot, model))) {
        numbers_free(space->numbers, number);
        slot->state = SLOT_FREE;
    }
}

void
local_numbers_end_review(struct local_numbers *ln, const struct model *model)
{
    struct space *space;

    HMAP_FOR_EACH (space, node, &ln->spaces) {
        for (size_t i = 1; i <= NETHV_NUMBER_MAX; i++) {
            slot_end_review(space, i, model);
        }
    }
}

static bool
slot_wants_raise(const struct slot *slot, const struct model *model)
{
    const struct network *network
        = slot->state == SLOT_RESTING ? find_network(model, &slot->network)
                                      : NULL;
    return network && network->sequence <= slot->sequence;
}

void
local_numbers_raise(const struct local_numbers *ln, const struct model *model,
                    const struct changes *changes,
                    const struct nethvrec_host *self)
{
    const struct space *space;

    HMAP_FOR_EACH (space, node, &ln->spaces) {
        for (size_t i = 1; i <= NETHV_NUMBER_MAX; i++) {
            if (slot_wants_raise(&space->slots[i], model)) {
                changes_raise(changes, self, &space->slots[i].network);
            }
        }
    }
}
