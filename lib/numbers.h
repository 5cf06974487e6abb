/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NUMBERS_H
#define NUMBERS_H 1

/* Numbers that stand for something and are given again only late.
 *
 * Used for the numbers of ports and MACs on a host (one space for each tenant's
 * tag), for tags, for the groups of switches and for the ids of hosts.  A space
 * gives the next free number, not the lowest, so that a number that was freed
 * comes back as late as possible; and a freed number rests until its owner says
 * that nobody carries it any more.
 *
 * Pure.  Not thread-safe. */

#include <stdbool.h>
#include <stdint.h>

struct numbers;

/* Returns a space of numbers from 1 to 'max', all free. */
struct numbers *numbers_create(uint32_t max);
void numbers_destroy(struct numbers *);

/* Takes the next free number behind the one that was taken last.  Returns 0 if
 * none is free. */
uint32_t numbers_take(struct numbers *);

/* Says that 'number' is in use, as the database has it after a restart.
 * Returns false if it was already, or is beyond the maximum. */
bool numbers_use(struct numbers *, uint32_t number);

/* Lets 'number' rest: it is no longer in use, but not given either, until
 * numbers_free(). */
void numbers_rest(struct numbers *, uint32_t number);

/* Makes 'number', resting or in use, free. */
void numbers_free(struct numbers *, uint32_t number);

/* Return or set the number behind which the next is looked for, so that another
 * process can go on where one ended. */
uint32_t numbers_last(const struct numbers *);
void numbers_seek(struct numbers *, uint32_t last);

bool numbers_in_use(const struct numbers *, uint32_t number);

#endif /* numbers.h */
