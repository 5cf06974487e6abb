/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_LEDGER_H
#define CONTROL_LEDGER_H 1

/* What a receiver of control frames remembers of their senders, so that it
 * takes no frame twice and none that is older than one it has taken.
 *
 * A receiver that restarts has forgotten: what it is told once more then are
 * hellos, of which each answer names the one that it answers, and link state,
 * of which an older one changes nothing.
 *
 * Pure.  Not thread-safe. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control-frame.h"

struct control_ledger;

struct control_ledger *control_ledger_create(void);
void control_ledger_destroy(struct control_ledger *);

/* Enters 'frame', whose signature is good.  Returns false if its counter is not
 * higher than that of the last frame of its sender and kind. */
bool control_ledger_enter(struct control_ledger *,
                          const struct control_frame *frame);

/* Returns the version in which to write to the host at 'location'. */
uint8_t control_ledger_version(const struct control_ledger *,
                               uint32_t location);

/* Forgets the host at 'location': it is gone, or has a new key. */
void control_ledger_forget(struct control_ledger *, uint32_t location);

#endif /* control-ledger.h */
