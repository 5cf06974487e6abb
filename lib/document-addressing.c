/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "document-private.h"

#include <stdlib.h>

#include "addressing.h"
#include "util.h"

/* The option that is being parsed. */
struct option_parser {
    struct addressing *addressing;
    const struct addressing_key *key;
};

static char *
parse_value(const struct json_cursor *cursor, void *option_)
{
    const struct option_parser *option = option_;
    char *fault = json_cursor_check_type(cursor, JSON_A_STRING);

    return fault ? fault
           : document_fault(cursor,
                            option->key->add(option->addressing,
                                             json_string_value(cursor->value)));
}

static char *
parse_number(const struct json_cursor *cursor,
             const struct option_parser *option)
{
    int64_t number;
    char *fault = json_cursor_integer(cursor, INT64_MIN, INT64_MAX, &number);
    if (!fault) {
        char *text = xasprintf("%"PRId64, number);
        fault = document_fault(cursor,
                               option->key->add(option->addressing, text));
        free(text);
    }
    return fault;
}

static char *
parse_option(const struct json_cursor *cursor, struct option_parser *option)
{
    const struct addressing_key *key = option->key;
    struct json_cursor member;

    if (!json_cursor_member(cursor, key->name, &member)) {
        return NULL;
    }
    return (key->list ? json_cursor_each(cursor, key->name, parse_value, option)
            : key->number ? parse_number(&member, option)
            : parse_value(&member, option));
}

static char *
parse_options(const struct json_cursor *cursor, const char *noun,
              struct addressing *addressing)
{
    size_t n;
    const struct addressing_key *keys = addressing_keys(addressing->kind, &n);
    struct json_field *fields = xcalloc(n, sizeof *fields);

    for (size_t i = 0; i < n; i++) {
        fields[i].key = keys[i].name;
        fields[i].types = (keys[i].list ? JSON_A_LIST
                           : keys[i].number ? JSON_AN_INTEGER
                           : JSON_A_STRING);
    }
    char *fault = json_cursor_check_object(cursor, noun, fields, n);
    free(fields);
    for (size_t i = 0; i < n && !fault; i++) {
        struct option_parser option = { addressing, &keys[i] };
        fault = parse_option(cursor, &option);
    }
    return fault ? fault
           : document_fault(cursor, addressing_check(addressing));
}

char *
document_parse_addressing(const struct json_cursor *cursor, const char *key,
                          enum addressing_kind kind,
                          struct addressing **addressingp)
{
    struct json_cursor member;

    *addressingp = NULL;
    if (!json_cursor_member(cursor, key, &member)) {
        return NULL;
    }
    struct addressing *addressing = addressing_create(kind);
    char *fault = parse_options(&member, key, addressing);
    if (fault) {
        addressing_destroy(addressing);
    } else {
        *addressingp = addressing;
    }
    return fault;
}
