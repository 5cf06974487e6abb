/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gauge.h"

#include <limits.h>
#include <stdlib.h>

#include "control-frame.h"
#include "util.h"

/* So many trains may be lost in a row before they become shorter, and of the
 * shortest before it is in vain. */
#define MISSES_LONG 2
#define MISSES_SHORTEST 4

/* At least that long is the pause between trains. */
#define PAUSE_MSEC 20

#define MARK_LEN (CONTROL_HEADER_LEN + CONTROL_MARK_LEN                       \
                  + CONTROL_SIGNATURE_LEN)

void
gauge_begin(struct gauge *g, uint32_t first)
{
    *g = (struct gauge) { .train = first - 1, .length = GAUGE_LENGTH_MIN };
}

static void
finish(struct gauge *g)
{
    g->state = g->n_samples ? GAUGE_DONE : GAUGE_VAIN;
}

/* The train under way is lost, at least in part. */
static void
miss(struct gauge *g)
{
    bool shortest = g->length == GAUGE_LENGTH_MIN;

    g->under_way = false;
    if (++g->misses < (shortest ? MISSES_SHORTEST : MISSES_LONG)) {
        return;
    }
    g->misses = 0;
    if (shortest) {
        finish(g);
    } else {
        g->length /= 2;
        g->bounded = true;
    }
}

bool
gauge_run(struct gauge *g, long long int now)
{
    if (g->state == GAUGE_RUNNING && g->under_way
        && now >= g->sent + GAUGE_TIMEOUT_MSEC) {
        miss(g);
    }
    if (g->state == GAUGE_RUNNING && !g->under_way
        && g->n_trains >= GAUGE_TRAINS_MAX) {
        finish(g);
    }
    if (g->state != GAUGE_RUNNING || g->under_way || now < g->next) {
        return false;
    }
    g->train++;
    g->n_trains++;
    g->under_way = true;
    g->sent = now;
    return true;
}

long long int
gauge_deadline(const struct gauge *g)
{
    return (g->state != GAUGE_RUNNING ? LLONG_MAX
            : g->under_way ? g->sent + GAUGE_TIMEOUT_MSEC : g->next);
}

unsigned int
gauge_marks(unsigned int length)
{
    return MIN(length, GAUGE_MARKS_MAX - 1) + 1;
}

unsigned int
gauge_fillers(unsigned int length)
{
    return length / (gauge_marks(length) - 1);
}

uint64_t
gauge_bytes(unsigned int length)
{
    return gauge_fillers(length) * (uint64_t) CONTROL_FRAME_MAX + MARK_LEN;
}

/* Returns whether trains are to be longer than that which took 'usec'. */
static bool
is_short(const struct gauge *g, uint32_t usec)
{
    return (!g->bounded && g->length < GAUGE_LENGTH_MAX
            && usec < GAUGE_USEC / (g->n_samples ? 2 : 1));
}

static void
take_sample(struct gauge *g, uint32_t n_marks, uint32_t usec)
{
    g->samples[g->n_samples++]
        = 8.0 * gauge_bytes(g->length) * (n_marks - 1) / usec;
    if (g->n_samples == GAUGE_SAMPLES) {
        finish(g);
    }
}

void
gauge_take(struct gauge *g, const struct control_mark_reply *reply,
           long long int now)
{
    unsigned int n_marks = gauge_marks(g->length);
    uint32_t usec = MAX(reply->usec, 1);

    if (g->state != GAUGE_RUNNING || !g->under_way
        || reply->train != g->train) {
        return;
    }
    g->next = now + MAX(PAUSE_MSEC, usec * 3LL / 1000);
    if (reply->n_marks * 4 <= n_marks * 3 || reply->n_marks > n_marks) {
        miss(g);
        return;
    }
    g->under_way = false;
    g->misses = 0;
    if (is_short(g, usec)) {
        g->length *= 2;
        g->n_samples = 0;
    } else {
        take_sample(g, reply->n_marks, usec);
    }
}

static int
compare_samples(const void *a_, const void *b_)
{
    const double *a = a_, *b = b_;

    return (*a > *b) - (*a < *b);
}

double
gauge_mbps(const struct gauge *g)
{
    double sorted[GAUGE_SAMPLES];

    ovs_assert(g->n_samples);
    memcpy(sorted, g->samples, sizeof sorted);
    qsort(sorted, g->n_samples, sizeof *sorted, compare_samples);
    return sorted[g->n_samples / 2];
}

bool
gauge_arrive(struct gauge_arrivals *a, const struct control_mark *mark,
             long long int usec, struct control_mark_reply *reply)
{
    if (mark->train != a->train || !a->n_marks) {
        *a = (struct gauge_arrivals) { mark->train, 0, usec };
    }
    a->n_marks++;
    if (mark->index + 1 != mark->n) {
        return false;
    }
    *reply = (struct control_mark_reply) {
        .train = mark->train,
        .n_marks = a->n_marks,
        .usec = MIN(usec - a->first_usec, UINT32_MAX),
    };
    return true;
}
