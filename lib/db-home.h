/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DB_HOME_H
#define DB_HOME_H 1

/* Where the database is, which all gateways must know when it moves
 * ("nethvctl database-move").
 *
 * The database says it of itself, and gateways tell each other: those of
 * different clouds with the link state (spread.h), those of one cloud with
 * their hellos (hellos.h), since of them only one has link state.  Of two
 * that differ, the one with the greater epoch is right, then the one with the
 * greater location.
 *
 * Pure. */

#include <stdbool.h>
#include <stdint.h>

struct db_home {
    uint32_t epoch;             /* 0: not known. */
    uint32_t location;          /* Of the host that has it, since 'epoch'. */
};

/* Makes '*known' what '*said' says, if that is later.  Returns whether it
 * is. */
static inline bool
db_home_learn(struct db_home *known, const struct db_home *said)
{
    bool later = (said->epoch > known->epoch
                  || (said->epoch == known->epoch
                      && said->location > known->location));

    if (later) {
        *known = *said;
    }
    return later;
}

#endif /* db-home.h */
