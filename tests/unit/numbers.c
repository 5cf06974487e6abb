/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "numbers.h"

#include <criterion/criterion.h>

Test(numbers, next_not_lowest)
{
    struct numbers *n = numbers_create(3);
    cr_assert_eq(numbers_take(n), 1);
    cr_assert_eq(numbers_take(n), 2);
    numbers_free(n, 1);
    cr_assert_eq(numbers_take(n), 3);
    cr_assert_eq(numbers_take(n), 1);
    cr_assert_eq(numbers_take(n), 0);
    numbers_destroy(n);
}

Test(numbers, resting_is_not_given)
{
    struct numbers *n = numbers_create(2);
    numbers_take(n);
    numbers_rest(n, 1);
    cr_assert_not(numbers_in_use(n, 1));
    cr_assert_eq(numbers_take(n), 2);
    cr_assert_eq(numbers_take(n), 0);
    numbers_free(n, 1);
    cr_assert_eq(numbers_take(n), 1);
    numbers_destroy(n);
}

Test(numbers, goes_on_behind_what_is_in_use)
{
    struct numbers *n = numbers_create(10);
    cr_assert(numbers_use(n, 4));
    cr_assert_not(numbers_use(n, 4));
    cr_assert_not(numbers_use(n, 11));
    cr_assert_not(numbers_use(n, 0));
    cr_assert_eq(numbers_take(n), 5);
    numbers_seek(n, 8);
    cr_assert_eq(numbers_take(n), 9);
    cr_assert_eq(numbers_last(n), 9);
    numbers_destroy(n);
}
