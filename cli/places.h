/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLACES_H
#define PLACES_H 1

/* Where ports are: which host has one, and which hosts would like to. */

#include <stdbool.h>

#include "db-ctl-base.h"

struct nethvrec_claim;
struct nethvrec_host;
struct ovsdb_idl;
struct uuid;
struct vport;

/* For prerequisites: asks for what the functions below read. */
void places_add_columns(struct ovsdb_idl *);

/* Returns the host that 'port' is bound to, or NULL. */
const struct nethvrec_host *places_host(const struct ovsdb_idl *,
                                        const struct vport *port);

/* Returns whether the host with 'uuid' is alive. */
bool places_host_is_alive(const struct ovsdb_idl *, const struct uuid *uuid);

/* Iteration over the claims for 'port' that have not got it (conflict, refused,
 * or not yet looked at), in no order. */
const struct nethvrec_claim *places_next_claim(
    const struct ovsdb_idl *, const struct vport *port,
    const struct nethvrec_claim *previous);
#define PLACES_FOR_EACH_CLAIM(CLAIM, PORT, IDL)                               \
    for ((CLAIM) = places_next_claim(IDL, PORT, NULL); (CLAIM);               \
         (CLAIM) = places_next_claim(IDL, PORT, CLAIM))

/* Returns what 'claim' waits for, as a person says it. */
const char *places_claim_reason(const struct nethvrec_claim *claim);

#endif /* places.h */
