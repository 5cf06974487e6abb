/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "nethv/wire.h"

#include <criterion/criterion.h>
#include <stdlib.h>

Test(wire, location_round_trip)
{
    static const uint32_t edges[][3] = {
        { 1, 1, 0 }, { 254, 4095, 1023 }, { 3, 17, 5 },
    };
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        uint32_t key = nethv_location(edges[i][0], edges[i][1], edges[i][2]);
        struct nethv_location l;
        cr_assert(nethv_location_parse(nethv_key_stamp(key, 3), &l));
        cr_assert_eq(l.cloud, edges[i][0]);
        cr_assert_eq(l.host, edges[i][1]);
        cr_assert_eq(l.number, edges[i][2]);
        cr_assert_eq(l.tree, 3);
    }
}

Test(wire, flood_round_trip)
{
    struct nethv_location l;
    cr_assert(nethv_location_parse(nethv_flood_key(NETHV_GROUP_MAX), &l));
    cr_assert_eq(l.cloud, NETHV_CLOUD_FLOOD);
    cr_assert_eq(l.group, NETHV_GROUP_MAX);
}

Test(wire, invalid_keys_change_nothing)
{
    static const uint32_t invalid[] = { 0, 0x00001000, 0x01000004, 0xff000003 };
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++) {
        struct nethv_location l = { .cloud = 77 };
        cr_assert_not(nethv_location_parse(invalid[i], &l));
        cr_assert_eq(l.cloud, 77);
    }
}

Test(wire, address_holds_tag_and_location)
{
    uint64_t a = nethv_wire_address(0xabcd, 0x01234567);
    cr_assert_eq(a, UINT64_C(0xabcd01234564));
    cr_assert_eq(nethv_wire_tag(a), 0xabcd);
    cr_assert_eq(nethv_wire_location(a), 0x01234564);
}

Test(wire, format)
{
    char s[NETHV_LOCATION_STRLEN];
    cr_assert_str_eq(nethv_location_format(0x03011014, s, sizeof s), "3/17/5");
    cr_assert_str_eq(nethv_location_format(nethv_flood_key(42) | 1, s,
                                           sizeof s), "flood 42, tree 1");
    cr_assert_str_eq(nethv_location_format(0, s, sizeof s),
                     "invalid 0x00000000");
}

Test(wire, tags_are_a_permutation_with_safe_ones_first)
{
    char *seen = calloc(1, NETHV_TAG_MAX + 1);
    for (uint32_t n = 0; n < NETHV_TAG_MAX; n++) {
        uint32_t tag = nethv_tag_nth(n);
        cr_assert(tag >= 1 && tag <= NETHV_TAG_MAX && !seen[tag], "%u", n);
        cr_assert_eq(!(tag & 0x100), n < 32767, "%u", n);
        cr_assert_eq(nethv_tag_index(tag), n);
        seen[tag] = 1;
    }
    free(seen);
}
