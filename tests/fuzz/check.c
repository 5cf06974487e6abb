/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

void
fuzz_require(bool ok, const char *what, const char *detail)
{
    if (!ok) {
        fprintf(stderr, "%s: %s\n", what, detail);
        abort();
    }
}

void
fuzz_check_sentence(const char *s)
{
    fuzz_require(s[0], "empty sentence", s);
    for (const char *p = s; *p; p++) {
        fuzz_require(*p >= 0x20 && *p < 0x7f, "unprintable sentence", s);
    }
    fuzz_require(strlen(s) < 1024, "long sentence", s);
}

char *
fuzz_string(const uint8_t *data, size_t size)
{
    return xmemdup0((const char *) data, strnlen((const char *) data, size));
}
