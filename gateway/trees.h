/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_TREES_H
#define GATEWAY_TREES_H 1

/* The trees that this gateway forwards by, as it hands them over to the agent of
 * its host.
 *
 * In the rules a number stands for one tree for ever, and its lowest bits are
 * the slot's.
 *
 * Pure. */

#include <stdint.h>

#include "handover.h"

struct repair_outcome;

/* Fills in the trees of '*handover' from 'outcome'.  Those that are in
 * 'previous' (NULL: none) keep their numbers; others get greater ones than
 * their slots had last, which is kept in 'numbers'. */
void trees_fill(struct handover *handover,
                const struct repair_outcome *outcome,
                const struct handover *previous,
                uint32_t numbers[HANDOVER_TREES]);

#endif /* gateway/trees.h */
