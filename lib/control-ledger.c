/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "control-ledger.h"

#include <stdlib.h>

#include "hash.h"
#include "openvswitch/hmap.h"
#include "util.h"
#include "versions.h"

struct sender {
    struct hmap_node node;          /* In control_ledger->senders. */
    uint32_t location;
    uint8_t newest;                 /* Version that it can read, */
    long long int heard;            /* as it said then. */
    uint64_t counters[CONTROL_N_KINDS];
};

struct control_ledger {
    struct hmap senders;            /* struct sender by 'location'. */
};

struct control_ledger *
control_ledger_create(void)
{
    struct control_ledger *ledger = xmalloc(sizeof *ledger);
    hmap_init(&ledger->senders);
    return ledger;
}

void
control_ledger_destroy(struct control_ledger *ledger)
{
    struct sender *sender;

    if (!ledger) {
        return;
    }
    HMAP_FOR_EACH_POP (sender, node, &ledger->senders) {
        free(sender);
    }
    hmap_destroy(&ledger->senders);
    free(ledger);
}

static struct sender *
find(const struct control_ledger *ledger, uint32_t location)
{
    struct sender *sender;

    HMAP_FOR_EACH_WITH_HASH (sender, node, hash_int(location, 0),
                             &ledger->senders) {
        if (sender->location == location) {
            return sender;
        }
    }
    return NULL;
}

bool
control_ledger_enter(struct control_ledger *ledger,
                     const struct control_frame *frame, long long int now)
{
    struct sender *sender = find(ledger, frame->from);

    if (!sender) {
        sender = xzalloc(sizeof *sender);
        sender->location = frame->from;
        hmap_insert(&ledger->senders, &sender->node,
                    hash_int(frame->from, 0));
    }
    if (frame->counter <= sender->counters[frame->kind]) {
        return false;
    }
    sender->counters[frame->kind] = frame->counter;
    sender->newest = frame->newest;
    sender->heard = now;
    return true;
}

uint8_t
control_ledger_version(const struct control_ledger *ledger, uint32_t location,
                       long long int now)
{
    const struct sender *sender = find(ledger, location);
    bool fresh = sender && now - sender->heard < CONTROL_LEDGER_FRESH_MSEC;

    return version_to_write(&versions.control, fresh ? sender->newest : 0);
}

void
control_ledger_forget(struct control_ledger *ledger, uint32_t location)
{
    struct sender *sender = find(ledger, location);

    if (sender) {
        hmap_remove(&ledger->senders, &sender->node);
        free(sender);
    }
}
