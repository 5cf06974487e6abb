/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JSON_VALUE_H
#define JSON_VALUE_H 1

/* jansson beside Open vSwitch.
 *
 * Both define functions called json_object(), json_array(), json_string(),
 * json_integer(), json_real() and json_equal(), with different meanings, and a
 * program that links both gets whichever comes first.  Include this instead of
 * <jansson.h>: it makes values without those six, and makes their use an
 * error. */

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

static inline json_t *
json_value_object(void)
{
    return json_pack("{}");
}

static inline json_t *
json_value_array(void)
{
    return json_pack("[]");
}

static inline json_t *
json_value_string(const char *s)
{
    return json_stringn(s, strlen(s));
}

static inline json_t *
json_value_integer(json_int_t i)
{
    return json_pack("I", i);
}

static inline json_t *
json_value_real(double d)
{
    return json_pack("f", d);
}

#pragma GCC poison json_object json_array json_string
#pragma GCC poison json_integer json_real json_equal

#endif /* json-value.h */
