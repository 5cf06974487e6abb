/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "token.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char *
sample_text(void)
{
    struct token t;
    token_init(&t);
    svec_add(&t.remotes, "198.51.100.1:6647");
    svec_add(&t.remotes, "[2001:db8::1]:6647");
    t.ca = strdup(HEX64);
    t.id = strdup("0011223344556677");
    t.secret = strdup(HEX64);
    t.cloud = strdup("az1");
    t.gateway = true;
    t.expires = 2000000000;
    char *text = token_format(&t);
    token_destroy(&t);
    return text;
}

static void
assert_refused(const char *text)
{
    struct token t = { .expires = 77 };
    char *error = token_parse(text, &t);
    cr_assert_not_null(error, "accepted: %s", text);
    cr_assert_eq(t.expires, 77, "an error must leave the output alone");
    cr_assert(strlen(text) < 12 || !strstr(error, text + 7));
    free(error);
}

Test(token, round_trip)
{
    char *text = sample_text();
    char *padded = malloc(strlen(text) + 8);
    sprintf(padded, " \t%s\r\n", text);
    struct token t;
    cr_assert_null(token_parse(padded, &t));
    cr_assert_eq(t.remotes.n, 2);
    cr_assert_str_eq(t.remotes.names[0], "198.51.100.1:6647");
    cr_assert_str_eq(t.remotes.names[1], "[2001:db8::1]:6647");
    cr_assert_str_eq(t.ca, HEX64);
    cr_assert_str_eq(t.id, "0011223344556677");
    cr_assert_str_eq(t.secret, HEX64);
    cr_assert_str_eq(t.cloud, "az1");
    cr_assert(t.gateway);
    cr_assert_eq(t.expires, 2000000000);
    cr_assert_null(strpbrk(text, "+/= \n"));

    char *again = token_format(&t);
    cr_assert_str_eq(again, text);
    token_destroy(&t);
    free(again);
    free(padded);
    free(text);
}

Test(token, expiry)
{
    char *text = sample_text();
    struct token t;
    cr_assert_null(token_parse(text, &t));
    cr_assert_null(token_check(&t, 1999999999));
    char *error = token_check(&t, 2000000060);
    cr_assert(error && strstr(error, "expired 60 s ago"));
    cr_assert(strstr(error, "nethvctl host-token az1 --gateway"));
    free(error);
    token_destroy(&t);
    free(text);
}

Test(token, every_prefix_and_every_changed_character_is_safe)
{
    char *text = sample_text();
    for (size_t n = 0; n < strlen(text); n++) {
        char *cut = strndup(text, n);
        assert_refused(cut);
        free(cut);
    }
    for (size_t i = 0; i < strlen(text); i++) {
        for (int c = 1; c < 256; c += 5) {
            char *changed = strdup(text);
            changed[i] = c;
            struct token t;
            char *error = token_parse(changed, &t);
            if (error) {
                free(error);
            } else {
                token_destroy(&t);
            }
            free(changed);
        }
    }
    free(text);
}

/* base64url of 'json' behind the prefix, made by hand. */
static char *
wrap(const char *json)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char *out = calloc(1, strlen(json) * 2 + 16);
    strcpy(out, TOKEN_PREFIX);
    char *p = out + strlen(out);
    size_t n = strlen(json);
    for (size_t bit = 0; bit < n * 8; bit += 6) {
        unsigned int w = (unsigned char) json[bit / 8] << 8;
        w |= bit / 8 + 1 < n ? (unsigned char) json[bit / 8 + 1] : 0;
        *p++ = digits[w >> (10 - bit % 8) & 63];
    }
    return out;
}

#define REST "\"ca\":\"" HEX64 "\",\"id\":\"0011223344556677\",\"s\":\"" \
             HEX64 "\",\"c\":\"az1\",\"g\":false,\"x\":1"

Test(token, wrong_members_are_refused)
{
    static const char *const wrong[] = {
        "", "[]", "{}", "7", "{\"r\":[]," REST "}", "{\"r\":[\"x\"]," REST "}",
        "{\"r\":[\"example.com:6647\"]," REST "}",
        "{\"r\":[\"192.0.2.1\"]," REST "}",
        "{\"r\":[\"192.0.2.1:0\"]," REST "}", "{\"r\":[7]," REST "}",
        "{\"r\":\"192.0.2.1:1\"," REST "}",
        "{\"r\":[\"192.0.2.1:1\"]," REST ",\"more\":1}",
        "{\"r\":[\"192.0.2.1:1\"]," REST "} trailer",
        "{\"r\":[\"192.0.2.1:1\"],\"ca\":\"\",\"id\":\"0011223344556677\","
        "\"s\":\"" HEX64 "\",\"c\":\"az1\",\"g\":false,\"x\":1}",
        "{\"r\":[\"192.0.2.1:1\"],\"ca\":\"" HEX64 "\",\"id\":\"../../etc\","
        "\"s\":\"" HEX64 "\",\"c\":\"az1\",\"g\":false,\"x\":1}",
        "{\"r\":[\"192.0.2.1:1\"],\"ca\":\"" HEX64 "\",\"id\":"
        "\"0011223344556677\",\"s\":\"" HEX64 "\",\"c\":\"a;b\",\"g\":false,"
        "\"x\":1}",
        "{\"r\":[\"192.0.2.1:1\"],\"ca\":\"" HEX64 "\",\"id\":"
        "\"0011223344556677\",\"s\":\"" HEX64 "\",\"c\":\"az1\",\"g\":1,"
        "\"x\":-1}",
    };
    char *good = wrap("{\"r\":[\"192.0.2.1:1\"]," REST "}");
    struct token t;
    cr_assert_null(token_parse(good, &t), "the pattern itself is good");
    token_destroy(&t);
    free(good);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char *text = wrap(wrong[i]);
        assert_refused(text);
        free(text);
    }
}

Test(token, too_long_and_too_deep)
{
    char *deep = malloc(TOKEN_TEXT_MAX * 2);
    memset(deep, 'A', TOKEN_TEXT_MAX * 2);
    memcpy(deep, TOKEN_PREFIX, strlen(TOKEN_PREFIX));
    deep[TOKEN_TEXT_MAX * 2 - 1] = '\0';
    assert_refused(deep);
    free(deep);

    char *brackets = calloc(1, 3000);
    memset(brackets, '[', 2999);
    char *text = wrap(brackets);
    assert_refused(text);
    free(text);
    free(brackets);
}

Test(token, names)
{
    static const char *const good[] = { "a", "vm-az1", "9.b_c", HEX64 };
    static const char *const bad[] = {
        "", "-a", ".", "a b", "a/b", "a\n", "\xc3\xa4", HEX64 "x", "a;b",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        cr_assert_null(token_check_name("host", good[i]), "%s", good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *error = token_check_name("host", bad[i]);
        cr_assert_not_null(error, "%s", bad[i]);
        free(error);
    }
}
