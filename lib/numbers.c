/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "numbers.h"

#include "bitmap.h"
#include "util.h"

struct numbers {
    uint32_t max;
    uint32_t last;                  /* Taken or found in use last. */
    unsigned long *used;            /* Bit per number; also of resting ones. */
    unsigned long *resting;
};

struct numbers *
numbers_create(uint32_t max)
{
    struct numbers *numbers = xmalloc(sizeof *numbers);

    numbers->max = max;
    numbers->last = 0;
    numbers->used = bitmap_allocate((size_t) max + 1);
    numbers->resting = bitmap_allocate((size_t) max + 1);
    return numbers;
}

void
numbers_destroy(struct numbers *numbers)
{
    if (numbers) {
        bitmap_free(numbers->used);
        bitmap_free(numbers->resting);
        free(numbers);
    }
}

uint32_t
numbers_take(struct numbers *numbers)
{
    size_t end = (size_t) numbers->max + 1;
    size_t n = bitmap_scan(numbers->used, false, numbers->last + 1, end);

    if (n >= end) {
        n = bitmap_scan(numbers->used, false, 1, end);
        if (n >= end) {
            return 0;
        }
    }
    bitmap_set1(numbers->used, n);
    numbers->last = n;
    return n;
}

bool
numbers_use(struct numbers *numbers, uint32_t number)
{
    if (!number || number > numbers->max
        || numbers_in_use(numbers, number)) {
        return false;
    }
    bitmap_set1(numbers->used, number);
    bitmap_set0(numbers->resting, number);
    if (number > numbers->last) {
        numbers->last = number;
    }
    return true;
}

void
numbers_rest(struct numbers *numbers, uint32_t number)
{
    if (numbers_in_use(numbers, number)) {
        bitmap_set1(numbers->resting, number);
    }
}

void
numbers_free(struct numbers *numbers, uint32_t number)
{
    if (number && number <= numbers->max) {
        bitmap_set0(numbers->used, number);
        bitmap_set0(numbers->resting, number);
    }
}

uint32_t
numbers_last(const struct numbers *numbers)
{
    return numbers->last;
}

void
numbers_seek(struct numbers *numbers, uint32_t last)
{
    numbers->last = MIN(last, numbers->max);
}

bool
numbers_in_use(const struct numbers *numbers, uint32_t number)
{
    return number && number <= numbers->max
           && bitmap_is_set(numbers->used, number)
           && !bitmap_is_set(numbers->resting, number);
}
