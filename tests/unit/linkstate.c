/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "linkstate.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"
#include "util.h"

Test(linkstate, one_end_is_enough_for_down_both_for_up)
{
    static const uint32_t expected[][3] = {
        { 0, 0, 0 }, { 1, 0, 0 }, { 0, 1, 0 }, { 1, 1, 1 }, { 2, 1, 2 },
        { 1, 2, 2 }, { 2, 2, 2 }, { 3, 2, 2 }, { 3, 1, 2 }, { 3, 3, 3 },
        { 5, 2, 4 }, { 4, 3, 4 }, { 5, 4, 4 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        cr_assert_eq(linkstate_level_of(expected[i][0], expected[i][1]),
                     expected[i][2]);
    }
}

/* The definition: the greatest L such that both reach L if it is odd, one of
 * them if it is even. */
Test(linkstate, levels_equal_their_definition)
{
    for (uint32_t x = 0; x < 20; x++) {
        for (uint32_t y = 0; y < 20; y++) {
            uint32_t level = 0;
            for (uint32_t l = 0; l < 20; l++) {
                if (l & 1 ? x >= l && y >= l : x >= l || y >= l) {
                    level = l;
                }
            }
            cr_assert_eq(linkstate_level_of(x, y), level);
        }
    }
}

Test(linkstate, what_cannot_be_is_no_news)
{
    static const struct linkstate_end ends[] = {
        { 0, 1, 1, 0 }, { 1, 0, 1, 0 }, { 1, 1, 1, 0 }, { 255, 1, 1, 0 },
        { 1, 255, 1, 0 }, { 1, 2, 0, 0 },
        { 1, 2, LINKSTATE_COUNTER_MAX + 1, 0 },
    };
    struct linkstate *ls = linkstate_create();
    size_t n;

    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        cr_assert_not(linkstate_merge(ls, &ends[i]));
    }
    cr_assert_eq(linkstate_digest(ls), 0);
    free(linkstate_ends(ls, &n));
    cr_assert_eq(n, 0);
    linkstate_destroy(ls);
}

#define N_ENDS 40

static struct linkstate_end
random_end(void)
{
    struct linkstate_end end = {
        .at = 1 + random_range(5), .counter = random_range(6),
        .weight = random_range(3),
    };

    end.to = 1 + (end.at + random_range(4)) % 5;
    return end;
}

static bool
merge_all(struct linkstate *ls, const struct linkstate_end *ends, size_t n)
{
    bool news = false;

    for (size_t i = 0; i < n; i++) {
        news |= linkstate_merge(ls, &ends[i]);
    }
    return news;
}

static void
expect_equal(const struct linkstate *a, const struct linkstate *b)
{
    size_t n_a, n_b;
    struct linkstate_end *of_a = linkstate_ends(a, &n_a);
    struct linkstate_end *of_b = linkstate_ends(b, &n_b);

    cr_assert_eq(linkstate_digest(a), linkstate_digest(b));
    cr_assert_eq(n_a, n_b);
    for (size_t i = 0; i < n_a; i++) {
        cr_assert_eq(of_a[i].at, of_b[i].at);
        cr_assert_eq(of_a[i].to, of_b[i].to);
        cr_assert_eq(of_a[i].counter, of_b[i].counter);
        cr_assert_eq(of_a[i].weight, of_b[i].weight);
    }
    free(of_a);
    free(of_b);
}

static void
shuffle(struct linkstate_end *ends, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = random_range(i);
        struct linkstate_end swapped = ends[j];
        ends[j] = ends[i - 1];
        ends[i - 1] = swapped;
    }
}

/* Any order, with repetitions, and by way of another's state. */
Test(linkstate, merging_commutes_associates_and_is_idempotent)
{
    random_set_seed(1);
    for (size_t round = 0; round < 500; round++) {
        struct linkstate *a = linkstate_create(), *b = linkstate_create();
        struct linkstate *half = linkstate_create();
        struct linkstate_end ends[N_ENDS];
        size_t n;

        for (size_t i = 0; i < N_ENDS; i++) {
            ends[i] = random_end();
        }
        merge_all(a, ends, N_ENDS);
        cr_assert_not(merge_all(a, ends, N_ENDS));

        shuffle(ends, N_ENDS);
        merge_all(half, ends, N_ENDS / 2);
        merge_all(b, ends + N_ENDS / 2, N_ENDS - N_ENDS / 2);
        struct linkstate_end *rest = linkstate_ends(half, &n);
        merge_all(b, rest, n);
        expect_equal(a, b);
        free(rest);
        linkstate_destroy(a);
        linkstate_destroy(b);
        linkstate_destroy(half);
    }
}

/* Whatever comes, in whatever order. */
Test(linkstate, levels_never_fall)
{
    struct linkstate *ls = linkstate_create();

    random_set_seed(2);
    for (size_t i = 0; i < 2000; i++) {
        struct linkstate_end end = random_end();
        uint32_t before = linkstate_level(ls, end.at, end.to);

        end.counter = random_range(2 + i / 100);
        linkstate_merge(ls, &end);
        cr_assert_geq(linkstate_level(ls, end.to, end.at), before);
    }
    linkstate_destroy(ls);
}

Test(linkstate, different_states_have_different_digests)
{
    static const struct linkstate_end ends[] = {
        { 1, 2, 3, 0 }, { 2, 1, 3, 0 }, { 1, 3, 3, 0 }, { 1, 2, 3, 1 },
        { 1, 2, 4, 0 }, { 1, 2, 1, 3 },
    };
    uint64_t digests[ARRAY_SIZE(ends)];

    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        struct linkstate *ls = linkstate_create();
        linkstate_merge(ls, &ends[i]);
        digests[i] = linkstate_digest(ls);
        for (size_t j = 0; j < i; j++) {
            cr_assert_neq(digests[i], digests[j]);
        }
        linkstate_destroy(ls);
    }
}
