/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_COMMON_WIRE_H
#define GATEWAY_COMMON_WIRE_H 1

/* The version of the wire format that all hosts read, for Global.wire.
 *
 * A host that is not alive counts, as it may come back without having asked
 * anybody; one that never was does not.  What is not said, because the database
 * had no place for it, is version 1. */

#include <stdbool.h>

struct db;

/* Returns whether Global.wire in 'db' is to be changed. */
bool common_wire_pending(struct db *);

/* Writes it, in the transaction that is open. */
void common_wire_write(struct db *);

#endif /* gateway/common-wire.h */
