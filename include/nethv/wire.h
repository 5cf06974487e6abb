/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETHV_WIRE_H
#define NETHV_WIRE_H 1

/* Addresses on the wire.
 *
 * Between hosts a tenant's frame names its tenant and its origin in its source
 * MAC (the "wire address"), and its destination in 32 bits beside the frame
 * (the "key": the GRE key, a Geneve option, or for a whole frame the low bits
 * of its outer destination MAC).
 *
 *   47            32 31     24 23          12 11        2  1 0
 *   +---------------+---------+--------------+-----------+----+
 *   | tenant tag 16 | cloud 8 | host in      | number 10 |vers|  wire address
 *   +---------------+---------+--------------+-----------+----+
 *                   | cloud 8 | host in      | number 10 |tree|  key, unicast
 *                   +---------+--------------+-----------+----+
 *                   |   255   |  flood group 22          |tree|  key, flood
 *                   +---------+--------------------------+----+
 *
 * The lowest two bits of a wire address say in which version of the format the
 * frame is, less one and modulo 4: 0 for version 1.  Whoever passes frames on
 * looks neither at them nor at the number, and leaves them as they are; where
 * a frame ends, it is dropped if its version is not known there.  What all
 * versions have in common is that, and where tag, cloud, host and tree stand.
 *
 * A "location" is the middle row with its tree bits zero: it names a number on
 * a host.  The tenant's id in the first 16 bits of the MAC is from Alaluna et
 * al., "(Literally) above the clouds: virtualizing the network over multiple
 * clouds"; the location in the rest is nethv's.
 *
 * All values here are in host byte order and plain integers: no state, no
 * allocation, safe from any thread. */

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NETHV_TAG_MAX 65535u       /* Tag 0 is nethv's own: control frames. */
#define NETHV_CLOUD_MAX 254u       /* Cloud 0 is invalid, 255 marks floods. */
#define NETHV_HOST_MAX 4095u       /* Host 0 is invalid. */
#define NETHV_NUMBER_MAX 1023u     /* Number 0 means the host itself. */
#define NETHV_GROUP_MAX 4194303u   /* 22 bits; group 0 is invalid. */
#define NETHV_CLOUD_FLOOD 255u

#define NETHV_TREE_MASK UINT32_C(0x00000003)
#define NETHV_VERSION_MASK UINT32_C(0x00000003)
#define NETHV_CLOUD_MASK UINT32_C(0xff000000)
#define NETHV_HOST_MASK UINT32_C(0xfffff000)      /* Cloud and host. */
#define NETHV_LOCATION_MASK UINT32_C(0xfffffffc)

/* A location or key taken apart.  'number' is meant where 'cloud' is at most
 * NETHV_CLOUD_MAX, 'group' where it is NETHV_CLOUD_FLOOD. */
struct nethv_location {
    uint8_t cloud;
    uint16_t host;
    uint16_t number;
    uint32_t group;
    uint8_t tree;
};

/* Returns the location of 'number' on 'host' in 'cloud'.  Arguments beyond
 * their maxima are a caller's bug: they are cut to their width. */
static inline uint32_t
nethv_location(uint32_t cloud, uint32_t host, uint32_t number)
{
    return ((cloud & 0xff) << 24) | ((host & NETHV_HOST_MAX) << 12)
           | ((number & NETHV_NUMBER_MAX) << 2);
}

/* Returns the key that floods 'group', without a tree. */
static inline uint32_t
nethv_flood_key(uint32_t group)
{
    return (NETHV_CLOUD_FLOOD << 24) | ((group & NETHV_GROUP_MAX) << 2);
}

static inline uint32_t
nethv_location_cloud(uint32_t location)
{
    return location >> 24;
}

static inline uint32_t
nethv_location_host(uint32_t location)
{
    return (location >> 12) & NETHV_HOST_MAX;
}

static inline uint32_t
nethv_location_number(uint32_t location)
{
    return (location >> 2) & NETHV_NUMBER_MAX;
}

/* Returns 'key' stamped with tree number 'tree', modulo 4. */
static inline uint32_t
nethv_key_stamp(uint32_t key, uint32_t tree)
{
    return (key & NETHV_LOCATION_MASK) | (tree & NETHV_TREE_MASK);
}

/* Returns the wire address of 'location' for the tenant with 'tag', as the low
 * 48 bits of an integer whose bit 47 is the first bit of the MAC. */
static inline uint64_t
nethv_wire_address(uint32_t tag, uint32_t location)
{
    return ((uint64_t) (tag & NETHV_TAG_MAX) << 32)
           | (location & NETHV_LOCATION_MASK);
}

/* Returns 'address' marked as that of a frame in 'version' of the format, which
 * is at least 1. */
static inline uint64_t
nethv_wire_mark(uint64_t address, uint32_t version)
{
    return (address & ~(uint64_t) NETHV_VERSION_MASK)
           | ((version - 1) & NETHV_VERSION_MASK);
}

static inline uint32_t
nethv_wire_tag(uint64_t address)
{
    return (address >> 32) & NETHV_TAG_MAX;
}

static inline uint32_t
nethv_wire_location(uint64_t address)
{
    return (uint32_t) address & NETHV_LOCATION_MASK;
}

/* Takes 'key' apart into '*location'.  Returns false, and leaves '*location'
 * alone, if 'key' can be on no wire: cloud 0, host 0 in a unicast, or group 0
 * in a flood. */
bool nethv_location_parse(uint32_t key, struct nethv_location *location);

/* Writes 'key' as a person reads it ("3/17/5", "flood 42", with ", tree 1" if
 * a tree is stamped) into the 'size' bytes at 'buffer' and returns 'buffer'.
 * NETHV_LOCATION_STRLEN bytes always suffice. */
#define NETHV_LOCATION_STRLEN 32
char *nethv_location_format(uint32_t key, char *buffer, unsigned int size);

/* Returns the 'n'th tag in the order in which tags are given, for 'n' from 0
 * to NETHV_TAG_MAX - 1: first the 32,767 whose MAC has the group bit clear and
 * so pass any Ethernet switch, then the others. */
uint32_t nethv_tag_nth(uint32_t n);

/* Returns the 'n' for which nethv_tag_nth() gives 'tag'. */
uint32_t nethv_tag_index(uint32_t tag);

#ifdef __cplusplus
}
#endif

#endif /* nethv/wire.h */
