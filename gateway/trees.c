/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/trees.h"

#include <string.h>

#include "repair.h"
#include "util.h"

BUILD_ASSERT_DECL(HANDOVER_TREES == REPAIR_SLOTS);

/* The next number with bits 'i', not less than that of the 'view'. */
static uint32_t
next_number(uint32_t last, size_t i, uint32_t view)
{
    uint32_t number = view + ((i - view) & NETHV_TREE_MASK);

    while (!number || (last && number <= last)) {
        number += HANDOVER_TREES;
    }
    return number;
}

void
trees_fill(struct handover *handover, const struct repair_outcome *outcome,
           const struct handover *previous, uint32_t numbers[HANDOVER_TREES])
{
    for (size_t i = 0; i < HANDOVER_TREES; i++) {
        const struct repair_slot *slot = &outcome->slots[i];
        const struct handover_tree *old = previous ? &previous->trees[i]
                                                   : NULL;
        struct handover_tree *tree = &handover->trees[i];

        if (!slot->present) {
            continue;
        }
        memcpy(tree->via, slot->via, sizeof tree->via);
        if (old && old->number
            && !memcmp(old->via, tree->via, sizeof tree->via)) {
            tree->number = old->number;
        } else {
            numbers[i] = next_number(numbers[i], i, outcome->number);
            tree->number = numbers[i];
        }
    }
    handover->stamp = outcome->stamp;
}
