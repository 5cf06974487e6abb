/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBES_H
#define PROBES_H 1

/* What the last probes of a path between two clouds say of it.
 *
 * Pure. */

#include <stdbool.h>
#include <stddef.h>

#define PROBES_MAX 20

struct probes {
    double rtts[PROBES_MAX];    /* Milliseconds; NAN: no answer. */
    size_t n, next;
    bool answered;              /* One ever was; */
    bool lost;                  /* the last one was not. */
};

void probes_init(struct probes *);

/* Adds the round-trip time of one probe; NAN if it was not answered. */
void probes_add(struct probes *, double rtt);

/* Returns the least round-trip time, as what is above it is somebody's waiting;
 * NAN if no probe was answered. */
double probes_rtt(const struct probes *);

/* Returns the share of probes without an answer, 0 .. 1; 0 before the first. */
double probes_loss(const struct probes *);

/* Returns whether what is probed is there, as far as probes can tell: not if the
 * last one was not answered though others were.  Where none ever was, there may
 * be nobody who answers probes. */
bool probes_find(const struct probes *);

/* Returns whether 'found', by enough probes, is to be written in place of
 * 'known', NAN if nothing is known: if they differ by more than a tenth and
 * 'least'. */
bool probes_differ(const struct probes *, double known, double found,
                   double least);

#endif /* probes.h */
