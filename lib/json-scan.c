/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "json-scan.h"

#include <string.h>

void
json_scan_init(struct json_scan *s, const char *text, size_t length)
{
    memset(s, 0, sizeof *s);
    s->text = text;
    s->length = length;
}

/* Moves past the string whose opening quote is at the offset. */
static void
skip_string(struct json_scan *s)
{
    for (s->offset++; s->offset < s->length; s->offset++) {
        char c = s->text[s->offset];
        if (c == '\\') {
            s->offset++;
        } else if (c == '"') {
            s->offset++;
            return;
        }
    }
    s->offset = s->length;
}

/* Moves past a number or word, at least one byte long. */
static void
skip_scalar(struct json_scan *s)
{
    do {
        s->offset++;
    } while (s->offset < s->length
             && !memchr(" \t\r\n,:[]{}\"", s->text[s->offset], 11));
}

static struct json_scan_level *
innermost(struct json_scan *s)
{
    return s->depth ? &s->levels[s->depth - 1] : NULL;
}

/* Enters the object or array whose opening bracket was stopped at. */
static void
enter(struct json_scan *s)
{
    bool is_object = s->text[s->start] == '{';
    s->levels[s->depth++] = (struct json_scan_level) {
        .is_object = is_object,
        .key_next = is_object,
    };
    s->opened = false;
}

/* Takes the character 'c' between values into account. */
static void
punctuate(struct json_scan *s, char c)
{
    struct json_scan_level *level = innermost(s);
    if (level && c == ',') {
        level->index++;
        level->key_next = level->is_object;
    } else if (level && (c == '}' || c == ']')) {
        s->depth--;
    }
    s->offset++;
}

static enum json_scan_event
stop_at_string(struct json_scan *s)
{
    struct json_scan_level *level = innermost(s);
    skip_string(s);
    if (!level || !level->key_next) {
        return JSON_SCAN_VALUE;
    }
    level->key_next = false;
    return JSON_SCAN_KEY;
}

static enum json_scan_event
stop_at_bracket(struct json_scan *s)
{
    if (s->depth >= JSON_SCAN_DEPTH_MAX) {
        s->length = s->offset;
        return JSON_SCAN_DEEP;
    }
    s->offset++;
    s->opened = true;
    return JSON_SCAN_VALUE;
}

enum json_scan_event
json_scan_next(struct json_scan *s)
{
    if (s->opened) {
        enter(s);
    }
    while (s->offset < s->length) {
        char c = s->text[s->offset];
        if (memchr(" \t\r\n,:}]", c, 8)) {
            punctuate(s, c);
            continue;
        }
        s->start = s->offset;
        if (c == '"') {
            return stop_at_string(s);
        } else if (c == '{' || c == '[') {
            return stop_at_bracket(s);
        }
        skip_scalar(s);
        return JSON_SCAN_VALUE;
    }
    return JSON_SCAN_END;
}

struct json_position
json_position(const char *text, size_t length, size_t offset)
{
    struct json_position p = { .line = 1, .column = 1 };
    for (size_t i = 0; i < offset && i < length; i++) {
        if (text[i] == '\n') {
            p.line++;
            p.column = 1;
        } else if ((text[i] & 0xc0) != 0x80) {
            p.column++;
        }
    }
    return p;
}
