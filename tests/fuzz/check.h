/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_CHECK_H
#define FUZZ_CHECK_H 1

/* What fuzzers demand. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Aborts with 'what' and 'detail' unless 'ok'. */
void fuzz_require(bool ok, const char *what, const char *detail);

/* Requires that 's' be one printable line that a person would read. */
void fuzz_check_sentence(const char *s);

/* Returns the 'size' bytes at 'data' as a string, which ends at the first null
 * byte and which the caller frees. */
char *fuzz_string(const uint8_t *data, size_t size);

#endif /* check.h */
