/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "lab/wan/ring.h"
#include "lab/wan/shape.h"
#include "random.h"
#include "util.h"

TestSuite(wan);

/* The ring against an array that never wraps, under random operations. */
Test(wan, ring_equals_its_twin)
{
    enum { MAX = 20000, SIZE = 4096 };
    static struct { int64_t departs; size_t length; uint8_t fill; } twin[MAX];
    size_t first = 0, last = 0, refused = 0;
    uint8_t data[512];
    struct frame_ring ring;

    random_set_seed(1);
    cr_assert_eq(frame_ring_init(&ring, SIZE), 0);
    while (last < MAX) {
        struct frame frame;

        if (random_range(100) < 55) {
            size_t length = random_range(sizeof data) + 1;

            memset(data, (uint8_t) last, length);
            if (frame_ring_push(&ring, last, data, length)) {
                twin[last].departs = last;
                twin[last].length = length;
                twin[last].fill = last;
                last++;
            } else {
                refused++;
                cr_assert_gt(last - first, 2, "refused with room");
            }
        } else if (frame_ring_peek(&ring, &frame)) {
            cr_assert_lt(first, last);
            cr_assert_eq(frame.departs, twin[first].departs);
            cr_assert_eq(frame.length, twin[first].length);
            cr_assert_eq(frame.data[0], twin[first].fill);
            cr_assert_eq(frame.data[frame.length - 1], twin[first].fill);
            frame_ring_pop(&ring, 1);
            first++;
        } else {
            cr_assert_eq(first, last);
        }
        cr_assert_eq(ring.n, last - first);
    }
    cr_assert_gt(refused, 0);
    frame_ring_destroy(&ring);
}

Test(wan, ring_gives_out_what_is_due)
{
    struct frame_ring ring;
    struct frame frames[8];

    cr_assert_eq(frame_ring_init(&ring, 4096), 0);
    for (int i = 1; i <= 5; i++) {
        cr_assert(frame_ring_push(&ring, i * 10, "x", 1));
    }
    cr_assert_eq(frame_ring_due(&ring, 9, frames, 8), 0);
    cr_assert_eq(frame_ring_due(&ring, 30, frames, 8), 3);
    cr_assert_eq(frame_ring_due(&ring, 30, frames, 2), 2);
    cr_assert_eq(frame_ring_due(&ring, 1000, frames, 8), 5);
    frame_ring_pop(&ring, 4);
    cr_assert_eq(frame_ring_due(&ring, 1000, frames, 8), 1);
    cr_assert_eq(frames[0].departs, 50);
    frame_ring_destroy(&ring);
}

Test(wan, shape_settings)
{
    struct shape shape = SHAPE_DEFAULT;
    static const char *const good[] = {
        "delay=12.5ms", "rate=100M", "loss=1%", "queue=2s", "cut=yes"
    };
    static const char *const bad[] = {
        "", "delay", "delay=", "delay=5", "delay=-5ms", "delay=5msx",
        "delay=61s", "delay=nan", "rate=1T", "loss=2", "loss=101%",
        "cut=maybe", "speed=1"
    };

    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        cr_assert_null(shape_parse(&shape, good[i]), "%s", good[i]);
    }
    cr_assert_eq(shape.delay, 12500000);
    cr_assert_eq(shape.rate, 100000000);
    cr_assert_float_eq(shape.loss, 0.01, 1e-9);
    cr_assert_eq(shape.queue, INT64_C(2000000000));
    cr_assert(shape.cut);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct shape before = shape;
        char *error = shape_parse(&shape, bad[i]);

        cr_assert_not_null(error, "%s", bad[i]);
        cr_assert_arr_eq(&shape, &before, sizeof shape);
        free(error);
    }
}

Test(wan, shape_delays_and_loses)
{
    struct shape shape = { .delay = 1000, .queue = 20000 };
    int64_t free_at = 0;

    cr_assert_eq(shape_admit(&shape, &free_at, 50, 1500, 0), 1050);
    shape.loss = 0.5;
    cr_assert_lt(shape_admit(&shape, &free_at, 50, 1500, 0.49), 0);
    cr_assert_eq(shape_admit(&shape, &free_at, 50, 1500, 0.5), 1050);
    shape.cut = true;
    cr_assert_lt(shape_admit(&shape, &free_at, 50, 1500, 0.9), 0);
}

Test(wan, shape_keeps_the_rate)
{
    /* 1 Gbit/s: 125 bytes take 1 us; 3 us of them may wait. */
    struct shape shape = { .rate = 1000000000, .queue = 3000 };
    int64_t free_at = 0;

    for (int i = 1; i <= 4; i++) {
        cr_assert_eq(shape_admit(&shape, &free_at, 0, 125, 0), i * 1000);
    }
    cr_assert_lt(shape_admit(&shape, &free_at, 0, 125, 0), 0);
    cr_assert_eq(shape_admit(&shape, &free_at, 9000, 125, 0), 10000);
}
