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

/* Enters 'frame', whose signature is good and which came at 'now', in
 * milliseconds.  Returns false if its counter is not higher than that of the
 * last frame of its sender and kind. */
bool control_ledger_enter(struct control_ledger *,
                          const struct control_frame *frame,
                          long long int now);

/* What a sender said that it can read is believed for that long: it may have
 * been replaced since by one that cannot, and would then not even understand
 * that it is asked.  Longer than it takes to be heard again, each second, and
 * shorter than until the second miss. */
#define CONTROL_LEDGER_FRESH_MSEC 1500

/* Returns the version in which to write to the host at 'location' at 'now'. */
uint8_t control_ledger_version(const struct control_ledger *,
                               uint32_t location, long long int now);

/* Forgets the host at 'location': it is gone, or has a new key. */
void control_ledger_forget(struct control_ledger *, uint32_t location);

#endif /* control-ledger.h */
