/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "nethv/wire.h"

#include <stdio.h>

bool
nethv_location_parse(uint32_t key, struct nethv_location *location)
{
    struct nethv_location parsed = {
        .cloud = nethv_location_cloud(key),
        .tree = key & NETHV_TREE_MASK,
    };

    if (parsed.cloud == NETHV_CLOUD_FLOOD) {
        parsed.group = (key >> 2) & NETHV_GROUP_MAX;
        if (!parsed.group) {
            return false;
        }
    } else {
        parsed.host = nethv_location_host(key);
        parsed.number = nethv_location_number(key);
        if (!parsed.cloud || !parsed.host) {
            return false;
        }
    }
    *location = parsed;
    return true;
}

char *
nethv_location_format(uint32_t key, char *buffer, unsigned int size)
{
    struct nethv_location location;

    if (!nethv_location_parse(key, &location)) {
        snprintf(buffer, size, "invalid 0x%08x", key);
        return buffer;
    }

    int n = location.cloud == NETHV_CLOUD_FLOOD
            ? snprintf(buffer, size, "flood %u", location.group)
            : snprintf(buffer, size, "%u/%u/%u", location.cloud,
                       location.host, location.number);
    if (location.tree && n > 0 && (unsigned int) n < size) {
        snprintf(buffer + n, size - n, ", tree %u", location.tree);
    }
    return buffer;
}

uint32_t
nethv_tag_nth(uint32_t n)
{
    /* The group bit of a MAC is the lowest bit of its first byte, bit 8 of
     * the tag.  Tags with it clear, counted from 0, are runs of 256 every 512;
     * tag 0 is skipped. */
    uint32_t safe = NETHV_TAG_MAX / 2;
    uint32_t group_bit = n >= safe ? 0x100 : 0;
    uint32_t k = group_bit ? n - safe : n + 1;
    return ((k & 0x7f00) << 1) | group_bit | (k & 0xff);
}

uint32_t
nethv_tag_index(uint32_t tag)
{
    uint32_t k = ((tag & 0xfe00) >> 1) | (tag & 0xff);
    return tag & 0x100 ? k + NETHV_TAG_MAX / 2 : k - 1;
}
