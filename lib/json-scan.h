/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JSON_SCAN_H
#define JSON_SCAN_H 1

/* Where things stand in JSON text.
 *
 * jansson's values do not know where they came from.  This scanner walks the
 * text once more and stops at every key and value, with its place in the tree:
 * the indexes of the objects' members and the arrays' elements that lead to it.
 * It decides nothing about validity: of text that is not JSON it makes some
 * walk that ends at the end of the text.
 *
 * No recursion and no allocation: the depth is limited by JSON_SCAN_DEPTH_MAX.
 * Pure. */

#include <stdbool.h>
#include <stddef.h>

#define JSON_SCAN_DEPTH_MAX 16

enum json_scan_event {
    JSON_SCAN_END,                  /* No more. */
    JSON_SCAN_KEY,                  /* A key of the innermost object. */
    JSON_SCAN_VALUE,                /* A value. */
    JSON_SCAN_DEEP,                 /* Deeper than the limit; the end. */
};

/* An object or array that is open. */
struct json_scan_level {
    bool is_object;
    bool key_next;                  /* In an object: a key comes next. */
    size_t index;                   /* Of its current member or element. */
};

struct json_scan {
    const char *text;
    size_t length;
    size_t offset;                  /* What is read next. */
    size_t start;                   /* Of the key or value stopped at. */
    size_t depth;                   /* Levels around it. */
    bool opened;                    /* Stopped at an object or array. */
    struct json_scan_level levels[JSON_SCAN_DEPTH_MAX];
};

void json_scan_init(struct json_scan *, const char *text, size_t length);
enum json_scan_event json_scan_next(struct json_scan *);

/* Line and column, both from 1; a column is a character of UTF-8. */
struct json_position {
    size_t line;
    size_t column;
};

/* Returns the position of byte 'offset' of the 'length' bytes at 'text'. */
struct json_position json_position(const char *text, size_t length,
                                   size_t offset);

#endif /* json-scan.h */
