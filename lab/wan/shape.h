/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETHV_LAB_SHAPE_H
#define NETHV_LAB_SHAPE_H 1

/* What one direction of a WAN link does to a frame: loses it, or lets it leave
 * later.  Pure: the time and the random number are given. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shape {
    int64_t delay;              /* ns. */
    uint64_t rate;              /* bit/s; 0 means without limit. */
    double loss;                /* Probability, 0 to 1. */
    int64_t queue;              /* ns that a frame may wait for the rate. */
    bool cut;                   /* Nothing passes. */
};

#define SHAPE_DEFAULT { .queue = INT64_C(100000000) }

/* Parses the setting 'text', "KEY=VALUE", into '*shape'.
 *
 *   delay=12.5ms   s, ms, us; one way
 *   rate=100M      bit/s with k, M or G; 0 for none
 *   loss=1%        or a fraction
 *   queue=100ms    how long frames may wait for the rate
 *   cut=yes|no
 *
 * Returns NULL, or a sentence that the caller must free, with '*shape' as it
 * was. */
char *shape_parse(struct shape *shape, const char *text);

/* Decides about a frame of 'length' bytes that comes at 'now'.  '*free_at' is
 * when the frame before has been sent, and is raised to when this one will be.
 * 'random' is uniform in [0, 1).  Returns the time at which the frame leaves,
 * or a negative number if it is lost. */
int64_t shape_admit(const struct shape *shape, int64_t *free_at, int64_t now,
                    size_t length, double random);

#endif /* lab/wan/shape.h */
