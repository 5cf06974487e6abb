/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "probes.h"

#include <criterion/criterion.h>
#include <math.h>

Test(probes, least_time_and_loss)
{
    struct probes probes;

    probes_init(&probes);
    cr_assert(isnan(probes_rtt(&probes)));
    cr_assert_eq(probes_loss(&probes), 0);
    probes_add(&probes, 12);
    probes_add(&probes, NAN);
    probes_add(&probes, 10.5);
    probes_add(&probes, 40);
    cr_assert_eq(probes_rtt(&probes), 10.5);
    cr_assert_eq(probes_loss(&probes), 0.25);
}

Test(probes, old_ones_are_forgotten)
{
    struct probes probes;

    probes_init(&probes);
    probes_add(&probes, 1);
    for (int i = 0; i < PROBES_MAX; i++) {
        probes_add(&probes, i % 2 ? NAN : 20 + i);
    }
    cr_assert_eq(probes_rtt(&probes), 20);
    cr_assert_eq(probes_loss(&probes), 0.5);
}

Test(probes, a_path_without_answers_has_no_time)
{
    struct probes probes;

    probes_init(&probes);
    for (int i = 0; i < PROBES_MAX; i++) {
        probes_add(&probes, NAN);
    }
    cr_assert(isnan(probes_rtt(&probes)));
    cr_assert_eq(probes_loss(&probes), 1);
    cr_assert_not(probes_differ(&probes, 10, probes_rtt(&probes), 0.5));
}

Test(probes, only_what_differs_is_written)
{
    struct probes probes;

    probes_init(&probes);
    for (int i = 0; i < 4; i++) {
        probes_add(&probes, 20);
    }
    cr_assert_not(probes_differ(&probes, NAN, 20, 0.5));
    probes_add(&probes, 20);
    cr_assert(probes_differ(&probes, NAN, 20, 0.5));
    cr_assert_not(probes_differ(&probes, 21, 20, 0.5));
    cr_assert(probes_differ(&probes, 25, 20, 0.5));
    cr_assert_not(probes_differ(&probes, 1, 1.4, 0.5));
}

Test(probes, what_answered_before_is_missed)
{
    struct probes probes;

    probes_init(&probes);
    cr_assert(probes_find(&probes));
    probes_add(&probes, NAN);
    cr_assert(probes_find(&probes));
    probes_add(&probes, 20);
    cr_assert(probes_find(&probes));
    for (int i = 0; i < 2 * PROBES_MAX; i++) {
        probes_add(&probes, NAN);
        cr_assert_not(probes_find(&probes));
    }
    probes_add(&probes, 20);
    cr_assert(probes_find(&probes));
}
