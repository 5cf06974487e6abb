/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JSON_CURSOR_H
#define JSON_CURSOR_H 1

/* Walking JSON so that every fault can say where it is.
 *
 * A cursor is a value together with the way to it from the root.  Cursors live
 * on the caller's stack, each pointing to the one above it, and borrow text
 * and values.  Functions that can find a fault return NULL or a malloc'd
 * sentence such as
 *
 *   line 3, column 14: networks[0].switches[1].mode: must be "learning" or
 *   "openflow", not "hub"
 *
 * Positions are looked up in the text only when there is a fault.  Pure. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json-value.h"
#include "openvswitch/compiler.h"

struct ds;

struct json_source {
    const char *text;
    size_t length;
};

struct json_cursor {
    const struct json_source *source;
    const struct json_cursor *up;   /* NULL at the root. */
    json_t *value;
    const char *key;                /* If 'up' is an object, */
    size_t index;                   /* or if it is an array. */
};

/* Parses the text of 'source'.  Returns NULL and the root in '*root', which the
 * caller json_decref()s, or a sentence: the text is not JSON, is nested deeper
 * than JSON_SCAN_DEPTH_MAX or has a key twice in one object. */
char *json_source_parse(const struct json_source *source, json_t **root);

/* Points '*cursor' to the root 'value'. */
void json_cursor_root(struct json_cursor *cursor, const struct json_source *,
                      json_t *value);

/* Points '*child' to the member 'key' of the object at 'cursor'.  Returns
 * false, '*child' untouched, if there is none. */
bool json_cursor_member(const struct json_cursor *cursor, const char *key,
                        struct json_cursor *child);

/* Calls 'visit' for each element of the array that is the member 'key' of the
 * object at 'cursor', until it returns a sentence, and returns that.  Without
 * such a member does nothing. */
typedef char *json_cursor_visit(const struct json_cursor *, void *aux);
char *json_cursor_each(const struct json_cursor *cursor, const char *key,
                       json_cursor_visit *visit, void *aux);

/* Types that a value may have, to be combined by '|'. */
enum json_type_set {
    JSON_A_STRING = 1 << 0,
    JSON_A_LIST = 1 << 1,
    JSON_AN_INTEGER = 1 << 2,       /* Also 1.0 and 1e3. */
    JSON_A_NUMBER = 1 << 3,
    JSON_A_BOOLEAN = 1 << 4,
    JSON_AN_OBJECT = 1 << 5,
};

/* A key that an object may have. */
struct json_field {
    const char *key;
    unsigned int types;             /* Of enum json_type_set. */
    bool required;
};

/* Checks that the value at 'cursor' is of one of 'types'. */
char *json_cursor_check_type(const struct json_cursor *cursor,
                             unsigned int types);

/* Checks that the value at 'cursor' is an object with keys among the 'n'
 * 'fields', values of their types and all that are required.  'noun' is what
 * the object describes ("a port"). */
char *json_cursor_check_object(const struct json_cursor *cursor,
                               const char *noun,
                               const struct json_field *fields, size_t n);

/* Stores the integer at 'cursor' in '*value' if it is one from 'min' to
 * 'max'. */
char *json_cursor_integer(const struct json_cursor *cursor, int64_t min,
                          int64_t max, int64_t *value);

/* Stores in '*choice' which of the 'n' 'names' the string at 'cursor' is. */
char *json_cursor_choice(const struct json_cursor *cursor,
                         const char *const names[], size_t n,
                         unsigned int *choice);

/* Returns the value of the boolean member 'key', or 'otherwise' if there is
 * none. */
bool json_cursor_boolean(const struct json_cursor *cursor, const char *key,
                         bool otherwise);

/* Returns a sentence that places what 'format' says at 'cursor'. */
char *json_cursor_fault(const struct json_cursor *cursor, const char *format,
                        ...) OVS_PRINTF_FORMAT(2, 3);

/* Appends 's' to 'ds' in quotes, fit to be shown: cut after some characters,
 * with escapes for what is not printable ASCII. */
void json_quote(struct ds *ds, const char *s, size_t length);

#endif /* json-cursor.h */
