/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "slots.h"

#include <limits.h>
#include <string.h>

#include "util.h"

void
slots_init(struct slots *slots, long long int now)
{
    memset(slots, 0, sizeof *slots);
    slots->rest = SLOTS_REST_MSEC;
    slots->unstamped = LLONG_MAX;
    slots->hurried = now - SLOTS_HASTE_MSEC;
    slots->deadline = now;
    for (size_t i = 0; i < SLOTS_N; i++) {
        struct slot *slot = &slots->slots[i];

        slot->installed = LLONG_MAX;
        slot->used = now;
        slot->keep = SLOTS_KEEP_MSEC;
        for (size_t cloud = 0; cloud < ARRAY_SIZE(slot->entries); cloud++) {
            slot->entries[cloud].resting = true;
            slot->entries[cloud].since = now;
        }
    }
}

void
slots_adopt(struct slots *slots, unsigned int i,
            const uint8_t via[NETHV_CLOUD_FLOOD], long long int now)
{
    struct slot *slot = &slots->slots[i];

    for (size_t cloud = 0; cloud < ARRAY_SIZE(slot->entries); cloud++) {
        slot->entries[cloud].via = via[cloud];
        slot->entries[cloud].resting = !via[cloud];
    }
    memcpy(slot->want, via, sizeof slot->want);
    slot->complete = true;
    slot->installed = now;
}

void
slots_adopt_stamp(struct slots *slots, unsigned int stamp)
{
    slots->stamp = stamp % SLOTS_N;
    slots->stamped = slots_present(slots, slots->stamp);
}

bool
slots_present(const struct slots *slots, unsigned int i)
{
    for (size_t cloud = 0; cloud < NETHV_CLOUD_FLOOD; cloud++) {
        if (slots->slots[i].entries[cloud].via) {
            return true;
        }
    }
    return false;
}

static void
due(struct slots *slots, long long int when)
{
    slots->deadline = MIN(slots->deadline, when);
}

/* Returns whether 'entry' may become 'want' now. */
static bool
has_rested(struct slots *slots, const struct slot_entry *entry, uint8_t want,
           long long int now)
{
    if (!entry->resting || entry->last == want) {
        return true;
    }
    if (entry->since == LLONG_MAX) {
        return false;           /* slots_installed() begins it. */
    }
    due(slots, entry->since + slots->rest);
    return now - entry->since >= slots->rest;
}

/* Moves 'entry' towards 'want'.  Returns whether it changed. */
static bool
move_entry(struct slots *slots, struct slot_entry *entry, uint8_t want,
           unsigned int seqno, long long int now)
{
    if (entry->via == want) {
        return false;
    }
    if (entry->via) {
        *entry = (struct slot_entry) {
            .last = entry->via, .resting = true, .seqno = seqno,
            .since = LLONG_MAX,
        };
        return true;
    }
    if (!has_rested(slots, entry, want, now)) {
        return false;
    }
    *entry = (struct slot_entry) { .via = want };
    return true;
}

/* Moves 'slot' towards what it wants. */
static bool
move_slot(struct slots *slots, struct slot *slot, unsigned int seqno,
          long long int now)
{
    bool changed = false, complete = true;

    for (size_t cloud = 0; cloud < ARRAY_SIZE(slot->entries); cloud++) {
        struct slot_entry *entry = &slot->entries[cloud];

        changed |= move_entry(slots, entry, slot->want[cloud], seqno, now);
        complete &= entry->via == slot->want[cloud];
    }
    if (changed || complete != slot->complete) {
        slot->complete = complete;
        slot->seqno = seqno;
        slot->installed = LLONG_MAX;
        changed = true;
    }
    return changed;
}

static bool
trees_equal(const struct tree *a, const struct tree *b)
{
    for (size_t i = 0; i < a->n && a->n == b->n; i++) {
        if (a->edges[i].a != b->edges[i].a || a->edges[i].b != b->edges[i].b) {
            return false;
        }
    }
    return a->n == b->n;
}

/* Gives 'slot' to the tree with 'number'.  If it had another one lately, others
 * may have to wait before they can do so, even if here it is all the same. */
static void
assign(struct slot *slot, uint64_t number, const struct tree *tree)
{
    if (!trees_equal(&slot->tree, tree)) {
        slot->ready = slot->number == number ? 0
                      : slot->used + SLOTS_KEEP_LEFT_MSEC + SLOTS_REST_MSEC
                        + SLOTS_SKEW_MSEC;
        slot->tree = *tree;
    }
    slot->number = number;
}

/* Has the slot of 'number' want 'tree'.  If 'patient', a slot that is left with
 * another tree keeps that as long as others may still stamp it.  Returns
 * whether the slot wants 'tree' now. */
static bool
want_tree(struct slots *slots, uint8_t self, uint64_t number,
          const struct tree *tree, bool patient, long long int now)
{
    struct slot *slot = &slots->slots[number % SLOTS_N];
    uint8_t next[NETHV_CLOUD_MAX + 1];

    tree_next_hops(tree, self, next);
    if (memcmp(slot->want, next, sizeof slot->want)) {
        if (patient && slot->number != number && slot->tree.n
            && now - slot->used < slot->keep) {
            due(slots, slot->used + slot->keep);
            return false;
        }
        memcpy(slot->want, next, sizeof slot->want);
    }
    assign(slot, number, tree);
    return true;
}

static void
want_nothing(struct slot *slot)
{
    memset(slot->want, 0, sizeof slot->want);
    slot->number = 0;
    slot->tree.n = 0;
}

/* Returns whether own frames may be stamped with 'slot', which is the goal's,
 * from 'now' on. */
static bool
may_stamp(struct slots *slots, const struct slot *slot,
          const struct slots_goal *goal, bool urgent, long long int now)
{
    if (!slot->complete) {
        return false;
    }
    if (urgent || goal->agreed || !slots->stamped
        || now - slots->unstamped >= SLOTS_PATIENCE_MSEC) {
        return true;
    }
    due(slots, slots->unstamped + SLOTS_PATIENCE_MSEC);
    if (slot->installed == LLONG_MAX) {
        return false;
    }
    long long int when = MAX(slot->installed, slot->ready) + SLOTS_STAMP_MSEC;
    due(slots, when);
    return now >= when;
}

/* Moves the stamp to the slot of 'goal' as soon as it may. */
static bool
move_stamp(struct slots *slots, const struct slots_goal *goal, bool urgent,
           long long int now)
{
    unsigned int current = goal->number % SLOTS_N;

    if (slots->unstamped == LLONG_MAX) {
        slots->unstamped = now;
    }
    if (!may_stamp(slots, &slots->slots[current], goal, urgent, now)) {
        return false;
    }
    bool moved = slots->stamp != current;
    slots->slots[slots->stamp].keep = (urgent ? SLOTS_KEEP_LEFT_MSEC
                                       : SLOTS_KEEP_MSEC);
    if (goal->urgent) {
        slots->hurried = now;
    }
    slots->stamp = current;
    slots->stamped = slots_present(slots, current);
    slots->unstamped = LLONG_MAX;
    return moved;
}

/* Empties the slots that have had no use for long. */
static void
retire(struct slots *slots, long long int now)
{
    for (unsigned int i = 0; i < SLOTS_N; i++) {
        struct slot *slot = &slots->slots[i];

        if (now - slot->used >= slot->keep) {
            want_nothing(slot);
        } else if (slots_present(slots, i)) {
            due(slots, slot->used + slot->keep);
        }
    }
}

/* Has free slots want the other trees of 'goal'. */
static void
want_others(struct slots *slots, uint8_t self, const struct slots_goal *goal,
            long long int now)
{
    for (size_t i = 0; i < ARRAY_SIZE(goal->others); i++) {
        const struct slots_tree *other = &goal->others[i];
        unsigned int slot = other->number % SLOTS_N;

        if (other->tree && slot != goal->number % SLOTS_N
            && slot != slots->stamp) {
            want_tree(slots, self, other->number, other->tree, true, now);
        }
    }
}

bool
slots_run(struct slots *slots, uint8_t self, const struct slots_goal *goal,
          unsigned int seqno, long long int now)
{
    unsigned int current = goal->number % SLOTS_N;
    bool stamped = slots->stamped && slots->stamp == current;
    bool urgent = goal->urgent || now - slots->hurried < SLOTS_HASTE_MSEC;
    bool changed = false, wanted;

    slots->deadline = LLONG_MAX;
    if (slots->current != current) {
        slots->slots[slots->current].used = now;
    }
    if (slots->stamped) {
        slots->slots[slots->stamp].used = now;
    }
    wanted = want_tree(slots, self, goal->number, goal->tree,
                       !urgent && !stamped, now);
    if (wanted) {
        slots->current = current;
        slots->slots[current].used = now;
    }
    retire(slots, now);
    want_others(slots, self, goal, now);
    for (size_t i = 0; i < SLOTS_N; i++) {
        changed |= move_slot(slots, &slots->slots[i], seqno, now);
    }
    if (stamped) {
        slots->unstamped = LLONG_MAX;
    } else if (wanted && move_stamp(slots, goal, urgent, now)) {
        changed = true;
    }
    return changed;
}

void
slots_installed(struct slots *slots, unsigned int seqno, long long int now)
{
    for (size_t i = 0; i < SLOTS_N; i++) {
        struct slot *slot = &slots->slots[i];

        for (size_t cloud = 0; cloud < ARRAY_SIZE(slot->entries); cloud++) {
            struct slot_entry *entry = &slot->entries[cloud];

            if (entry->resting && entry->since == LLONG_MAX
                && (int) (seqno - entry->seqno) >= 0) {
                entry->since = now;
            }
        }
        if (slot->complete && slot->installed == LLONG_MAX
            && (int) (seqno - slot->seqno) >= 0) {
            slot->installed = now;
        }
    }
    slots->deadline = MIN(slots->deadline, now);
}

bool
slots_has(const struct slots *slots, uint64_t number)
{
    const struct slot *slot = &slots->slots[number % SLOTS_N];

    return (slot->number == number && slot->complete
            && slot->installed != LLONG_MAX);
}
