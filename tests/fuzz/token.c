/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Any text as a token; or, if it begins with a brace, as what a token has in
 * base64.  What is accepted must come back the same from its text. */

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fuzz.h"
#include "token.h"
#include "util.h"

/* Returns the token that holds 'text', padded with white space. */
static char *
wrap(const char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t n = strlen(text) / 3 * 3;
    char *out = xmalloc(strlen(TOKEN_PREFIX) + (n / 3 + 1) * 4 + 1);
    char *p = out + strlen(strcpy(out, TOKEN_PREFIX));

    for (size_t i = 0; i < n + 3; i += 3) {
        uint32_t bits = 0;
        for (size_t j = i; j < i + 3; j++) {
            bits = bits << 8 | (j < strlen(text) ? (uint8_t) text[j] : ' ');
        }
        for (int shift = 18; shift >= 0; shift -= 6) {
            *p++ = digits[bits >> shift & 63];
        }
    }
    *p = '\0';
    return out;
}

static void
check_round_trip(const struct token *token)
{
    char *text = token_format(token);
    struct token again;
    char *error = token_parse(text, &again);
    fuzz_require(!error, "text of a token is refused", error);

    char *text_again = token_format(&again);
    fuzz_require(!strcmp(text, text_again), "token differs", text_again);
    free(text_again);
    free(text);
    token_destroy(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);
    char *line = text[0] == '{' ? wrap(text) : xstrdup(text);
    struct token token;
    char *error = token_parse(line, &token);

    if (error) {
        fuzz_check_sentence(error);
        free(error);
    } else {
        free(token_check(&token, 0));
        check_round_trip(&token);
        token_destroy(&token);
    }
    free(line);
    free(text);
    return 0;
}
