/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gauge.h"

#include <criterion/criterion.h>
#include <math.h>

#include "control-frame.h"
#include "random.h"
#include "util.h"

TestSuite(gauge);

/* A path of 'mbps' with a queue of 'queue' bytes (0: endless), of which a part
 * 'loss' of all frames is lost. */
struct path {
    double mbps;
    uint64_t queue;
    double loss;
    bool mute;
    double waver;               /* Of the time, as a part of it. */
    uint64_t bytes;             /* That were sent. */
    uint64_t longest;           /* Of a train's times, in usec. */
};

static bool
is_lost(const struct path *path)
{
    return random_range(1000) < 1000 * path->loss;
}

/* Sends the train that is due through 'path'.  Returns true if there is an
 * answer. */
static bool
pass(struct path *path, const struct gauge *g,
     struct control_mark_reply *reply)
{
    unsigned int n = gauge_marks(g->length);
    struct gauge_arrivals arrivals = { 0 };
    double each = gauge_bytes(g->length);
    double at = 1e6;
    bool whole = false;

    for (unsigned int i = 0; i < n; i++) {
        double usec = 8 * each * (1 - path->loss) / path->mbps;
        path->bytes += each;
        at += usec * (1 + path->waver * (random_range(201) / 100.0 - 1));
        if (!is_lost(path) && (!path->queue || each * (i + 1) < path->queue)) {
            whole = gauge_arrive(&arrivals, &(struct control_mark) {
                                     g->train, i, n }, at, reply);
        }
    }
    path->longest = MAX(path->longest, at - 1e6);
    return whole && !path->mute;
}

/* Returns how long it took to measure 'path', in milliseconds. */
static long long int
measure(struct gauge *g, struct path *path)
{
    long long int now = 0;

    gauge_begin(g, 100);
    for (int i = 0; g->state == GAUGE_RUNNING; i++) {
        struct control_mark_reply reply;

        cr_assert_lt(i, 1000);
        if (gauge_run(g, now) && pass(path, g, &reply)) {
            now += 10;
            gauge_take(g, &reply, now);
        }
        if (g->state == GAUGE_RUNNING) {
            now = MAX(now, gauge_deadline(g));
        }
    }
    return now;
}

Test(gauge, finds_the_bandwidth)
{
    static const double rates[] = { 0.064, 1, 10, 94, 1000, 9800 };

    for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
        struct path path = { .mbps = rates[i] };
        struct gauge g;

        cr_assert_lt(measure(&g, &path), 20000);
        cr_assert_eq(g.state, GAUGE_DONE);
        cr_assert_float_eq(gauge_mbps(&g), rates[i], rates[i] / 20, "%g",
                           rates[i]);
        cr_assert_leq(path.bytes, 60u << 20);
    }
}

Test(gauge, median_of_what_wavers)
{
    struct path path = { .mbps = 50, .waver = 0.5 };
    struct gauge g;

    random_set_seed(1);
    measure(&g, &path);
    cr_assert_eq(g.state, GAUGE_DONE);
    cr_assert_float_eq(gauge_mbps(&g), 50, 12);
}

Test(gauge, trains_take_no_longer_than_is_of_use)
{
    struct path path = { .mbps = 20 };
    struct gauge g;

    measure(&g, &path);
    cr_assert_gt(path.longest, GAUGE_USEC);
    cr_assert_lt(path.longest, 3 * GAUGE_USEC);
}

Test(gauge, what_is_held_up_does_not_count)
{
    for (unsigned int held = 1; held < 8; held++) {
        long long int now = 0;
        struct gauge g;

        gauge_begin(&g, 1);
        while (g.state == GAUGE_RUNNING) {
            if (gauge_run(&g, now)) {
                unsigned int n = gauge_marks(g.length);
                uint32_t usec = 8 * gauge_bytes(g.length) * (n - 1) / 100;
                usec += g.n_trains == held ? 2 * GAUGE_USEC : 0;
                gauge_take(&g, &(struct control_mark_reply) {
                               g.train, n, usec }, now);
            }
            now = MAX(now, gauge_deadline(&g));
        }
        cr_assert_float_eq(gauge_mbps(&g), 100, 1, "%u", held);
        cr_assert_gt(gauge_bytes(g.length) * (GAUGE_MARKS_MAX - 1) * 8 / 100,
                     GAUGE_USEC / 2);
    }
}

Test(gauge, a_short_queue_makes_trains_shorter)
{
    struct path path = { .mbps = 1000, .queue = 100000 };
    struct gauge g;

    cr_assert_lt(measure(&g, &path), 10000);
    cr_assert_eq(g.state, GAUGE_DONE);
    cr_assert_float_eq(gauge_mbps(&g), 1000, 100);
    cr_assert_lt(gauge_bytes(g.length) * (gauge_marks(g.length) - 1),
                 path.queue);
}

Test(gauge, what_is_lost_does_not_count)
{
    for (uint32_t seed = 1; seed <= 40; seed++) {
        struct path path = { .mbps = 30, .loss = seed % 2 ? 0.02 : 0.1 };
        struct gauge g;

        random_set_seed(seed);
        measure(&g, &path);
        cr_assert_eq(g.state, GAUGE_DONE, "seed %u", seed);
        cr_assert_float_eq(gauge_mbps(&g), 30, 5, "seed %u", seed);
    }
}

Test(gauge, nobody_answers)
{
    struct path path = { .mbps = 100, .mute = true };
    struct gauge g;

    cr_assert_lt(measure(&g, &path), 10000);
    cr_assert_eq(g.state, GAUGE_VAIN);
    cr_assert_leq(path.bytes, 50000);
}

Test(gauge, comes_to_an_end_whatever_is_lost)
{
    for (uint32_t seed = 1; seed <= 200; seed++) {
        struct path path = { .mbps = 1 + seed, .loss = (seed % 10) / 20.0 };
        struct gauge g;

        random_set_seed(seed);
        measure(&g, &path);
        cr_assert_leq(g.n_trains, GAUGE_TRAINS_MAX);
    }
}

Test(gauge, only_the_train_under_way_is_taken)
{
    struct control_mark_reply reply = {
        7, gauge_marks(GAUGE_LENGTH_MIN), 1000
    };
    struct gauge g;

    gauge_begin(&g, 8);
    gauge_take(&g, &reply, 0);
    cr_assert(gauge_run(&g, 0));
    cr_assert_not(gauge_run(&g, 0));
    gauge_take(&g, &reply, 1);
    cr_assert(g.under_way);
    reply.train = 8;
    gauge_take(&g, &reply, 1);
    cr_assert_not(g.under_way);
    gauge_take(&g, &reply, 1);
    cr_assert_eq(g.length, 2 * GAUGE_LENGTH_MIN);
    cr_assert_not(gauge_run(&g, 2));
    cr_assert(gauge_run(&g, gauge_deadline(&g)));
}

Test(gauge, a_train_without_time_has_a_bandwidth)
{
    struct gauge g;
    long long int now = 0;

    gauge_begin(&g, UINT32_MAX);
    while (g.state == GAUGE_RUNNING) {
        if (gauge_run(&g, now)) {
            gauge_take(&g, &(struct control_mark_reply) {
                           g.train, gauge_marks(g.length), 0 }, now);
        }
        now = gauge_deadline(&g);
    }
    cr_assert(isfinite(gauge_mbps(&g)));
}

Test(gauge, what_was_lost_is_told)
{
    struct gauge_arrivals arrivals = { 0 };
    struct control_mark_reply reply;

    cr_assert_not(gauge_arrive(&arrivals, &(struct control_mark) { 0, 0, 5 },
                               10, &reply));
    cr_assert_not(gauge_arrive(&arrivals, &(struct control_mark) { 1, 1, 5 },
                               20, &reply));
    cr_assert(gauge_arrive(&arrivals, &(struct control_mark) { 1, 4, 5 }, 50,
                           &reply));
    cr_assert(reply.train == 1 && reply.n_marks == 2 && reply.usec == 30);
}

Test(gauge, trains_are_made_of_equal_parts)
{
    for (unsigned int length = GAUGE_LENGTH_MIN; length <= GAUGE_LENGTH_MAX;
         length *= 2) {
        cr_assert_eq((gauge_marks(length) - 1) * gauge_fillers(length),
                     length);
        cr_assert_leq(gauge_marks(length), GAUGE_MARKS_MAX);
    }
}
