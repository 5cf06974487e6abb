/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "util.h"

/* No schedule needs as many. */
#define EVENTS_MAX 20000000

/* The virtual clock: a heap of events; and chance. */

uint64_t
sim_random(struct sim *sim)
{
    /* SplitMix64. */
    uint64_t x = sim->random += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* From 0 to 'n' - 1. */
int64_t
sim_range(struct sim *sim, int64_t n)
{
    return sim_random(sim) % n;
}

bool
sim_chance(struct sim *sim, double chance)
{
    return (sim_random(sim) >> 11) * 0x1p-53 < chance;
}

/* From 'low' to 'high', both included. */
int64_t
sim_between(struct sim *sim, int64_t low, int64_t high)
{
    return low + sim_range(sim, high - low + 1);
}

static bool
is_before(const struct event *a, const struct event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void
swap(struct event *a, struct event *b)
{
    struct event swapped = *a;

    *a = *b;
    *b = swapped;
}

void
sim_at(struct sim *sim, int64_t at, struct event event)
{
    if (sim->n_heap >= sim->allocated_heap) {
        sim->heap = x2nrealloc(sim->heap, &sim->allocated_heap,
                               sizeof *sim->heap);
    }
    event.at = MAX(at, sim->now);
    event.order = sim->n_events++;

    size_t i = sim->n_heap++;
    sim->heap[i] = event;
    while (i && is_before(&sim->heap[i], &sim->heap[(i - 1) / 2])) {
        swap(&sim->heap[i], &sim->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
}

static struct event
pop(struct sim *sim)
{
    struct event event = sim->heap[0];
    size_t i = 0;

    sim->heap[0] = sim->heap[--sim->n_heap];
    for (;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++) {
            if (child < sim->n_heap
                && is_before(&sim->heap[child], &sim->heap[least])) {
                least = child;
            }
        }
        if (least == i) {
            return event;
        }
        swap(&sim->heap[i], &sim->heap[least]);
        i = least;
    }
}

/* Runs what is due until 'end', or until something goes wrong. */
void
sim_run_until(struct sim *sim, int64_t end)
{
    while (sim->n_heap && sim->heap[0].at <= end && !sim->failure) {
        struct event event = pop(sim);

        sim->now = event.at;
        event.run(sim, &event);
        free(event.data);
        if (sim->n_events > EVENTS_MAX) {
            sim_fail(sim, "more than %d events", EVENTS_MAX);
        }
    }
    sim->now = MAX(sim->now, end);
}

void
sim_clear_events(struct sim *sim)
{
    for (size_t i = 0; i < sim->n_heap; i++) {
        free(sim->heap[i].data);
    }
    free(sim->heap);
}

void
sim_log(struct sim *sim, const char *format, ...)
{
    va_list args;

    if (sim->verbose) {
        printf("%10.3f ms  ", sim->now / 1000.0);
        va_start(args, format);
        vprintf(format, args);
        va_end(args);
        putchar('\n');
    }
}

/* The first failure counts. */
void
sim_fail(struct sim *sim, const char *format, ...)
{
    va_list args;

    if (!sim->failure) {
        va_start(args, format);
        char *what = xvasprintf(format, args);
        va_end(args);
        sim->failure = xasprintf("at %.3f ms: %s", sim->now / 1000.0, what);
        free(what);
        sim_log(sim, "FAILED: %s", sim->failure);
    }
}
