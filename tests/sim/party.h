/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_PARTY_H
#define SIM_PARTY_H 1

/* An agent of a system, without a switch: the model of what it follows, and the
 * rules of its host. */

#include <stdbool.h>
#include <stddef.h>

#include "model.h"
#include "system.h"

struct compiler;

/* The first OpenFlow port of endpoints. */
#define PARTY_OFPORT 1000

struct party {
    struct model *model;
    struct compiler *compiler;
    size_t host;
    size_t n_networks;
    size_t *networks;
    size_t memory;                  /* In use before it was made. */
};

/* Adds to what 'party', not started yet, will follow. */
void party_add_network(struct party *, size_t network);

/* Makes 'party' the agent of 'host'.  Rules are not computed yet. */
void party_start(const struct system *, struct party *, size_t host,
                 bool gateway);
void party_destroy(struct party *);

/* Returns the bytes that the process has allocated. */
size_t party_memory_used(void);

#endif /* sim/party.h */
