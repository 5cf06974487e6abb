/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_H
#define FUZZ_H 1

/* What a fuzzer is: a function that is given bytes and aborts if something is
 * wrong.  Configured with --enable-fuzz it is linked with libFuzzer; otherwise
 * with replay.c, which gives it the files of its corpus. */

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif /* fuzz.h */
