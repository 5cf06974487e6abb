/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERSIONS_H
#define VERSIONS_H 1

/* The versions of the formats in which programs of different builds meet:
 * frames on the wire (nethv/wire.h) and control frames (control-frame.h).
 *
 * A build reads all versions from the oldest to the newest of a range, and
 * writes the newest that the readers have said to read as well.  What may be
 * said without raising a version, and how hosts come to know what others read,
 * is told in doc/architecture.md, "Versions".
 *
 * All that is fixed about a build is in one object, so that a program that
 * speaks other versions is made by linking another (tests/next). */

#include <stdbool.h>
#include <stdint.h>

struct version_range {
    uint8_t oldest;                 /* At least 1. */
    uint8_t newest;
};

struct versions {
    const char *package;            /* Of nethv as a whole, as text. */
    struct version_range wire;
    struct version_range control;
};

/* Those of this build. */
extern const struct versions versions;

static inline bool
version_is_read(const struct version_range *range, uint8_t version)
{
    return version >= range->oldest && version <= range->newest;
}

/* Returns the version in which a build with 'range' writes to one that reads
 * all up to 'newest' (0 if that is not known): the newest that both have, else
 * its own oldest. */
static inline uint8_t
version_to_write(const struct version_range *range, uint8_t newest)
{
    return (newest < range->oldest ? range->oldest
            : newest > range->newest ? range->newest : newest);
}

#endif /* versions.h */
