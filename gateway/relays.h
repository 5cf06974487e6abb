/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_RELAYS_H
#define GATEWAY_RELAYS_H 1

/* The networks whose floods the gateway of a cloud relays: those with endpoints
 * in its cloud, and those whose endpoints in other clouds lie behind more than
 * one of its edges, so that the way between them leads through.  For these its
 * agent has rules that send a flood only where it is wanted; any other flood
 * goes to all edges of the tree.
 *
 * Watches a model, and looks anew only at networks of which a switch has come
 * to a host or left one; at all, if the tree has changed.  Pure. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nethv/wire.h"

struct model;
struct relays;
struct uuid;

/* Returns the relays of no cloud.  'model' must live longer. */
struct relays *relays_create(struct model *);
void relays_destroy(struct relays *);

/* Says that the gateway is that of 'cloud', and by which neighbour in the tree
 * each cloud is reached (0: not at all). */
void relays_set_tree(struct relays *, uint8_t cloud,
                     const uint8_t via[NETHV_CLOUD_FLOOD]);

/* Does what there is to do.  Returns whether the set has changed since the last
 * run. */
bool relays_run(struct relays *);

/* Returns the set as of the last run, sorted, '*n' of them, in an array that
 * the caller frees (NULL for none). */
struct uuid *relays_networks(const struct relays *, size_t *n);

#endif /* gateway/relays.h */
