/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "probes.h"

#include <math.h>

#include "util.h"

/* Fewer say nothing. */
#define ENOUGH 5

void
probes_init(struct probes *probes)
{
    *probes = (struct probes) { .n = 0 };
}

void
probes_add(struct probes *probes, double rtt)
{
    probes->rtts[probes->next] = rtt;
    probes->next = (probes->next + 1) % PROBES_MAX;
    probes->n = MIN(probes->n + 1, PROBES_MAX);
    probes->lost = isnan(rtt);
    probes->answered |= !probes->lost;
}

double
probes_rtt(const struct probes *probes)
{
    double least = NAN;

    for (size_t i = 0; i < probes->n; i++) {
        least = fmin(least, probes->rtts[i]);
    }
    return least;
}

double
probes_loss(const struct probes *probes)
{
    size_t n_lost = 0;

    for (size_t i = 0; i < probes->n; i++) {
        n_lost += !!isnan(probes->rtts[i]);
    }
    return probes->n ? n_lost / (double) probes->n : 0;
}

bool
probes_find(const struct probes *probes)
{
    return !probes->answered || !probes->lost;
}

bool
probes_differ(const struct probes *probes, double known, double found,
              double least)
{
    if (probes->n < ENOUGH || isnan(found)) {
        return false;
    }
    return (isnan(known)
            || fabs(known - found) > MAX(known / 10, least));
}
