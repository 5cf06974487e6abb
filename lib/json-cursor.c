/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "json-cursor.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

#include "json-scan.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/util.h"
#include "util.h"

/* Characters of a user's text that are shown. */
#define QUOTE_MAX 48

void
json_quote(struct ds *ds, const char *s, size_t length)
{
    ds_put_char(ds, '"');
    for (size_t i = 0; i < length && i < QUOTE_MAX; i++) {
        unsigned char c = s[i];
        if (c == '"' || c == '\\') {
            ds_put_format(ds, "\\%c", c);
        } else if (c >= 0x20 && c < 0x7f) {
            ds_put_char(ds, c);
        } else {
            ds_put_format(ds, "\\x%02x", c);
        }
    }
    ds_put_cstr(ds, length > QUOTE_MAX ? "...\"" : "\"");
}

static void
put_position(struct ds *ds, const struct json_source *source, size_t offset)
{
    struct json_position p = json_position(source->text, source->length,
                                           offset);
    ds_put_format(ds, "line %"PRIuSIZE", column %"PRIuSIZE": ",
                  p.line, p.column);
}

/* Syntax. */

/* Appends jansson's description of an error, which may quote the text. */
static void
put_printable(struct ds *ds, const char *s)
{
    for (; *s; s++) {
        ds_put_char(ds, *s >= 0x20 && *s < 0x7f ? *s : '?');
    }
}

static char *
syntax_fault(const json_error_t *error)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    ds_put_format(&ds, "line %d, column %d: this is not JSON: ",
                  MAX(1, error->line), MAX(1, error->column));
    if (json_error_code(error) == json_error_null_character) {
        ds_put_cstr(&ds, "the character \\u0000 is in no document");
    } else {
        put_printable(&ds, error->text);
    }
    return ds_steal_cstr(&ds);
}

/* The key that 'error' stopped after is in its object already. */
static char *
duplicate_fault(const struct json_source *source, const json_error_t *error)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    size_t end = error->position;
    struct json_scan scan;
    enum json_scan_event event;

    json_scan_init(&scan, source->text, source->length);
    do {
        event = json_scan_next(&scan);
    } while (event != JSON_SCAN_END
             && !(event == JSON_SCAN_KEY && scan.offset == end));
    if (event == JSON_SCAN_END) {
        return syntax_fault(error);
    }
    put_position(&ds, source, scan.start);
    ds_put_cstr(&ds, "the key ");
    json_quote(&ds, source->text + scan.start + 1, end - scan.start - 2);
    ds_put_cstr(&ds, " is there twice in one object: keep one of them");
    return ds_steal_cstr(&ds);
}

static char *
depth_fault(const struct json_source *source)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    struct json_scan scan;
    enum json_scan_event event;

    json_scan_init(&scan, source->text, source->length);
    do {
        event = json_scan_next(&scan);
    } while (event != JSON_SCAN_END && event != JSON_SCAN_DEEP);
    if (event == JSON_SCAN_END) {
        return NULL;
    }
    put_position(&ds, source, scan.start);
    ds_put_format(&ds, "objects and lists are nested more than %d deep: no "
                  "document needs that", JSON_SCAN_DEPTH_MAX);
    return ds_steal_cstr(&ds);
}

/* jansson skips a null byte that follows a number. */
static char *
null_byte_fault(const struct json_source *source)
{
    const char *null = source->length ? memchr(source->text, '\0',
                                               source->length) : NULL;
    if (!null) {
        return NULL;
    }
    struct ds ds = DS_EMPTY_INITIALIZER;
    put_position(&ds, source, null - source->text);
    ds_put_cstr(&ds, "this is not JSON: a null byte is in no text");
    return ds_steal_cstr(&ds);
}

char *
json_source_parse(const struct json_source *source, json_t **root)
{
    char *fault = null_byte_fault(source);
    if (!fault) {
        fault = depth_fault(source);
    }
    if (fault) {
        return fault;
    }
    json_error_t error;
    json_t *value = json_loadb(source->text, source->length,
                               JSON_REJECT_DUPLICATES, &error);
    if (!value) {
        return (json_error_code(&error) == json_error_duplicate_key
                ? duplicate_fault(source, &error)
                : syntax_fault(&error));
    }
    *root = value;
    return NULL;
}

/* Moving. */

void
json_cursor_root(struct json_cursor *cursor, const struct json_source *source,
                 json_t *value)
{
    *cursor = (struct json_cursor) { .source = source, .value = value };
}

bool
json_cursor_member(const struct json_cursor *cursor, const char *key,
                   struct json_cursor *child)
{
    json_t *value = json_object_get(cursor->value, key);
    if (!value) {
        return false;
    }
    *child = (struct json_cursor) {
        .source = cursor->source,
        .up = cursor,
        .value = value,
        .key = key,
    };
    return true;
}

char *
json_cursor_each(const struct json_cursor *cursor, const char *key,
                 json_cursor_visit *visit, void *aux)
{
    struct json_cursor list;
    if (!json_cursor_member(cursor, key, &list)) {
        return NULL;
    }
    for (size_t i = 0; i < json_array_size(list.value); i++) {
        struct json_cursor element = {
            .source = cursor->source,
            .up = &list,
            .value = json_array_get(list.value, i),
            .index = i,
        };
        char *fault = visit(&element, aux);
        if (fault) {
            return fault;
        }
    }
    return NULL;
}

/* Faults. */

/* Returns the index of 'cursor' among its siblings: jansson keeps members in
 * the order of the text. */
static size_t
sibling_index(const struct json_cursor *cursor)
{
    if (!cursor->key) {
        return cursor->index;
    }
    size_t index = 0;
    const char *key;
    json_t *value;
    json_object_foreach (cursor->up->value, key, value) {
        if (!strcmp(key, cursor->key)) {
            break;
        }
        index++;
    }
    return index;
}

static bool
scan_is_at(const struct json_scan *scan, const size_t *way, size_t depth)
{
    if (scan->depth != depth) {
        return false;
    }
    for (size_t i = depth; i-- > 0; ) {
        if (scan->levels[i].index != way[i]) {
            return false;
        }
    }
    return true;
}

/* Returns the offset of the value at 'cursor', or with 'event' JSON_SCAN_KEY of
 * its key. */
static size_t
cursor_offset(const struct json_cursor *cursor, enum json_scan_event wanted)
{
    size_t way[JSON_SCAN_DEPTH_MAX];
    size_t depth = 0;
    for (const struct json_cursor *c = cursor; c->up; c = c->up) {
        depth++;
    }
    size_t i = depth;
    for (const struct json_cursor *c = cursor; c->up; c = c->up) {
        way[--i] = sibling_index(c);
    }

    struct json_scan scan;
    enum json_scan_event event;
    json_scan_init(&scan, cursor->source->text, cursor->source->length);
    do {
        event = json_scan_next(&scan);
    } while (event != JSON_SCAN_END
             && !(event == wanted && scan_is_at(&scan, way, depth)));
    return scan.start;
}

static void
put_path(struct ds *ds, const struct json_cursor *cursor)
{
    if (!cursor->up) {
        return;
    }
    put_path(ds, cursor->up);
    if (cursor->key) {
        ds_put_format(ds, "%s%s", cursor->up->up ? "." : "", cursor->key);
    } else {
        ds_put_format(ds, "[%"PRIuSIZE"]", cursor->index);
    }
}

/* Appends where 'cursor' stands: 'offset' in the text, and the path. */
static void
put_place(struct ds *ds, const struct json_cursor *cursor, size_t offset)
{
    put_position(ds, cursor->source, offset);
    put_path(ds, cursor);
    ds_put_cstr(ds, cursor->up ? ": " : "the document ");
}

char *
json_cursor_fault(const struct json_cursor *cursor, const char *format, ...)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    va_list args;

    put_place(&ds, cursor, cursor_offset(cursor, JSON_SCAN_VALUE));
    va_start(args, format);
    ds_put_format_valist(&ds, format, args);
    va_end(args);
    return ds_steal_cstr(&ds);
}

/* Types. */

static const char *const type_names[] = {
    "a string", "a list", "an integer", "a number", "true or false",
    "an object",
};

static bool
is_integral(const json_t *value)
{
    double d = json_number_value(value);
    return json_is_integer(value)
           || (json_is_real(value) && d == floor(d) && fabs(d) < 0x1p53);
}

static bool
has_type(const json_t *value, enum json_type_set type)
{
    switch (type) {
    case JSON_A_STRING: return json_is_string(value);
    case JSON_A_LIST: return json_is_array(value);
    case JSON_AN_INTEGER: return is_integral(value);
    case JSON_A_NUMBER: return json_is_number(value);
    case JSON_A_BOOLEAN: return json_is_boolean(value);
    case JSON_AN_OBJECT: return json_is_object(value);
    }
    return false;
}

static const char *
actual_type_name(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT: return "an object";
    case JSON_ARRAY: return "a list";
    case JSON_STRING: return "a string";
    case JSON_INTEGER: return "an integer";
    case JSON_REAL: return "a fraction";
    case JSON_TRUE: return "true";
    case JSON_FALSE: return "false";
    case JSON_NULL: return "null";
    }
    return "something else";
}

char *
json_cursor_check_type(const struct json_cursor *cursor, unsigned int types)
{
    struct ds names = DS_EMPTY_INITIALIZER;
    for (size_t i = 0; i < ARRAY_SIZE(type_names); i++) {
        if (!(types & (1u << i))) {
            continue;
        }
        if (has_type(cursor->value, 1u << i)) {
            ds_destroy(&names);
            return NULL;
        }
        ds_put_format(&names, "%s%s", names.length ? " or " : "",
                      type_names[i]);
    }
    char *fault = json_cursor_fault(cursor, "must be %s, not %s",
                                    ds_cstr(&names),
                                    actual_type_name(cursor->value));
    ds_destroy(&names);
    return fault;
}

/* Objects. */

static const struct json_field *
find_field(const char *key, const struct json_field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(key, fields[i].key)) {
            return &fields[i];
        }
    }
    return NULL;
}

static char *
unknown_key_fault(const struct json_cursor *child, const char *noun,
                  const struct json_field *fields, size_t n)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    put_place(&ds, child->up, cursor_offset(child, JSON_SCAN_KEY));
    ds_put_cstr(&ds, "has the key ");
    json_quote(&ds, child->key, strlen(child->key));
    ds_put_format(&ds, ", which is unknown: %s has ", noun);
    for (size_t i = 0; i < n; i++) {
        ds_put_format(&ds, "%s\"%s\"",
                      !i ? "" : i + 1 < n ? ", " : " and ", fields[i].key);
    }
    return ds_steal_cstr(&ds);
}

static char *
check_members(const struct json_cursor *cursor, const char *noun,
              const struct json_field *fields, size_t n)
{
    const char *key;
    json_t *value;
    json_object_foreach (cursor->value, key, value) {
        struct json_cursor child = {
            .source = cursor->source,
            .up = cursor,
            .value = value,
            .key = key,
        };
        const struct json_field *field = find_field(key, fields, n);
        char *fault = (field
                       ? json_cursor_check_type(&child, field->types)
                       : unknown_key_fault(&child, noun, fields, n));
        if (fault) {
            return fault;
        }
    }
    return NULL;
}

char *
json_cursor_check_object(const struct json_cursor *cursor, const char *noun,
                         const struct json_field *fields, size_t n)
{
    char *fault = json_cursor_check_type(cursor, JSON_AN_OBJECT);
    if (!fault) {
        fault = check_members(cursor, noun, fields, n);
    }
    for (size_t i = 0; !fault && i < n; i++) {
        if (fields[i].required
            && !json_object_get(cursor->value, fields[i].key)) {
            fault = json_cursor_fault(cursor, "lacks the key \"%s\", which "
                                      "%s must have", fields[i].key, noun);
        }
    }
    return fault;
}

/* Values. */

char *
json_cursor_integer(const struct json_cursor *cursor, int64_t min, int64_t max,
                    int64_t *value)
{
    char *fault = json_cursor_check_type(cursor, JSON_AN_INTEGER);
    if (fault) {
        return fault;
    }
    int64_t i = (json_is_integer(cursor->value)
                 ? json_integer_value(cursor->value)
                 : (int64_t) json_real_value(cursor->value));
    if (min == max && i != min) {
        return json_cursor_fault(cursor, "is %"PRId64", must be %"PRId64, i,
                                 min);
    } else if (max == INT64_MAX && i < min) {
        return json_cursor_fault(cursor, "is %"PRId64", must be %"PRId64" or "
                                 "more", i, min);
    } else if (i < min || i > max) {
        return json_cursor_fault(cursor, "is %"PRId64", must be from "
                                 "%"PRId64" to %"PRId64, i, min, max);
    }
    *value = i;
    return NULL;
}

char *
json_cursor_choice(const struct json_cursor *cursor, const char *const names[],
                   size_t n, unsigned int *choice)
{
    char *fault = json_cursor_check_type(cursor, JSON_A_STRING);
    if (fault) {
        return fault;
    }
    const char *s = json_string_value(cursor->value);
    struct ds ds = DS_EMPTY_INITIALIZER;
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(s, names[i])) {
            *choice = i;
            ds_destroy(&ds);
            return NULL;
        }
        ds_put_format(&ds, "%s\"%s\"",
                      !i ? "" : i + 1 < n ? ", " : " or ", names[i]);
    }
    ds_put_cstr(&ds, ", not ");
    json_quote(&ds, s, strlen(s));
    fault = json_cursor_fault(cursor, "must be %s", ds_cstr(&ds));
    ds_destroy(&ds);
    return fault;
}

bool
json_cursor_boolean(const struct json_cursor *cursor, const char *key,
                    bool otherwise)
{
    json_t *value = json_object_get(cursor->value, key);
    return value ? json_is_true(value) : otherwise;
}
