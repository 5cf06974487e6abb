/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "control-frame.h"

#include <string.h>

#include "byte-order.h"
#include "openvswitch/nsh.h"
#include "packets.h"
#include "unaligned.h"
#include "util.h"
#include "versions.h"
#include "whole.h"

struct kind_class {
    const char *name;
    size_t least;                   /* Length of the body. */
};

static const struct kind_class kinds[CONTROL_N_KINDS] = {
#define KIND(ENUM, NUMBER, NAME, LEAST) [NUMBER] = { NAME, LEAST },
    CONTROL_KINDS
#undef KIND
};

static const char *const verdict_names[] = {
#define VERDICT(ENUM, NAME, MEANING) [CONTROL_IS_##ENUM] = NAME,
    CONTROL_VERDICTS
#undef VERDICT
};

const char *
control_verdict_name(enum control_verdict verdict)
{
    return verdict_names[verdict];
}

const char *
control_kind_name(enum control_kind kind)
{
    return kinds[kind].name;
}

/* The header as it is on the wire. */
OVS_PACKED(
struct control_header {
    struct eth_header eth;
    uint8_t version;
    uint8_t newest;
    uint8_t kind;
    uint8_t zero;
    ovs_be16 body_len;
    ovs_be16 zeros;
    ovs_be32 from;
    ovs_be64 counter;
});
BUILD_ASSERT_DECL(sizeof(struct control_header) == CONTROL_HEADER_LEN);

BUILD_ASSERT_DECL(WHOLE_HEADER_LEN == CONTROL_WHOLE_LEN);

size_t
control_frame_put(const struct control_frame *frame,
                  uint8_t buffer[CONTROL_FRAME_MAX])
{
    struct eth_addr to, from;

    eth_addr_from_uint64(frame->to ? nethv_wire_address(0, frame->to)
                                   : CONTROL_GROUP, &to);
    eth_addr_from_uint64(nethv_wire_address(0, frame->from), &from);
    struct control_header header = {
        .eth.eth_dst = to,
        .eth.eth_src = from,
        .eth.eth_type = htons(CONTROL_ETH_TYPE),
        .version = frame->version,
        .newest = frame->newest,
        .kind = frame->kind,
        .body_len = htons(frame->body_len),
        .from = htonl(frame->from),
        .counter = htonll(frame->counter),
    };

    ovs_assert(frame->body_len <= CONTROL_BODY_MAX);
    memcpy(buffer, &header, sizeof header);
    if (frame->body_len) {
        memcpy(buffer + sizeof header, frame->body, frame->body_len);
    }
    return sizeof header + frame->body_len;
}

static bool
is_host(uint32_t location)
{
    return nethv_location_cloud(location)
           && nethv_location_cloud(location) <= NETHV_CLOUD_MAX
           && nethv_location_host(location)
           && !(location & ~NETHV_HOST_MASK);
}

/* Takes a whole frame out of its headers, which must name the same sender. */
static bool
unwrap(const uint8_t **data, size_t *size)
{
    struct whole_header whole;
    struct eth_header inner;

    if (*size < sizeof whole + sizeof inner) {
        return false;
    }
    memcpy(&whole, *data, sizeof whole);
    if (whole.eth.eth_type != htons(ETH_TYPE_NSH)) {
        return true;
    }
    memcpy(&inner, *data + sizeof whole, sizeof inner);
    *data += sizeof whole;
    *size -= sizeof whole;
    return (ntohs(whole.ver_flags_ttl_len) & NSH_LEN_MASK) == WHOLE_NSH_WORDS
           && whole.md_type == NSH_M_TYPE2
           && whole.next_protocol == NSH_P_ETHERNET
           && eth_addr_equals(whole.eth.eth_src, inner.eth_src);
}

/* Returns whether the addresses of 'header' are those of its sender and of a
 * host or the group. */
static bool
addresses_are_good(const struct control_header *header)
{
    uint64_t from = eth_addr_to_uint64(header->eth.eth_src);
    uint64_t to = eth_addr_to_uint64(header->eth.eth_dst);

    return is_host(ntohl(header->from))
           && from == nethv_wire_address(0, ntohl(header->from))
           && (to == CONTROL_GROUP
               || (!nethv_wire_tag(to) && is_host((uint32_t) to)));
}

static enum control_verdict
check(const struct control_header *header, size_t size)
{
    if (header->eth.eth_type != htons(CONTROL_ETH_TYPE)) {
        return CONTROL_IS_MALFORMED;
    }
    if (!version_is_read(&versions.control, header->version)) {
        return CONTROL_IS_VERSION;
    }
    if (!addresses_are_good(header)
        || ntohs(header->body_len) > CONTROL_BODY_MAX
        || size != (CONTROL_HEADER_LEN + ntohs(header->body_len)
                    + CONTROL_SIGNATURE_LEN)) {
        return CONTROL_IS_MALFORMED;
    }
    if (header->kind >= CONTROL_N_KINDS || !kinds[header->kind].name) {
        return CONTROL_IS_KIND;
    }
    return ntohs(header->body_len) >= kinds[header->kind].least
           ? CONTROL_IS_GOOD : CONTROL_IS_MALFORMED;
}

enum control_verdict
control_frame_parse(const void *data_, size_t size,
                    struct control_frame *frame, const void **is_signed,
                    size_t *signed_len)
{
    const uint8_t *data = data_;
    struct control_header header;

    if (!unwrap(&data, &size)
        || size < CONTROL_HEADER_LEN + CONTROL_SIGNATURE_LEN) {
        return CONTROL_IS_MALFORMED;
    }
    memcpy(&header, data, sizeof header);
    enum control_verdict verdict = check(&header, size);
    if (verdict != CONTROL_IS_GOOD) {
        return verdict;
    }

    uint64_t to = eth_addr_to_uint64(header.eth.eth_dst);
    *frame = (struct control_frame) {
        .to = to == CONTROL_GROUP ? 0 : nethv_wire_location(to),
        .from = ntohl(header.from),
        .version = header.version,
        .newest = header.newest,
        .kind = header.kind,
        .counter = ntohll(header.counter),
        .body = data + sizeof header,
        .body_len = ntohs(header.body_len),
    };
    *is_signed = data;
    *signed_len = size - CONTROL_SIGNATURE_LEN;
    return CONTROL_IS_GOOD;
}

/* Bodies. */

static void
put_32(uint8_t *p, uint32_t value)
{
    put_unaligned_be32((ovs_be32 *) p, htonl(value));
}

static void
put_64(uint8_t *p, uint64_t value)
{
    put_unaligned_be64((ovs_be64 *) p, htonll(value));
}

static uint32_t
get_32(const uint8_t *p)
{
    return ntohl(get_unaligned_be32((const ovs_be32 *) p));
}

static uint64_t
get_64(const uint8_t *p)
{
    return ntohll(get_unaligned_be64((const ovs_be64 *) p));
}

static void
put_home(uint8_t *p, const struct db_home *home)
{
    put_32(p, home->epoch);
    put_32(p + 4, home->location);
}

/* A body that ends before says nothing of it. */
static void
get_home(const struct control_frame *frame, size_t at, struct db_home *home)
{
    const uint8_t *body = frame->body;

    *home = (frame->body_len < at + 8 ? (struct db_home) { 0, 0 }
             : (struct db_home) { get_32(body + at), get_32(body + at + 4) });
}

void
control_hello_put(const struct control_hello *hello,
                  uint8_t body[CONTROL_HELLO_LEN])
{
    put_32(body, hello->gateway);
    put_64(body + 4, hello->heard);
    put_home(body + 12, &hello->home);
}

void
control_hello_get(const struct control_frame *frame,
                  struct control_hello *hello)
{
    const uint8_t *body = frame->body;

    hello->gateway = get_32(body);
    hello->heard = get_64(body + 4);
    get_home(frame, 12, &hello->home);
}

void
control_reply_put(const struct control_reply *reply,
                  uint8_t body[CONTROL_REPLY_LEN])
{
    put_64(body, reply->counter);
    put_32(body + 8, reply->flags);
    put_home(body + 12, &reply->home);
}

void
control_reply_get(const struct control_frame *frame,
                  struct control_reply *reply)
{
    const uint8_t *body = frame->body;

    reply->counter = get_64(body);
    reply->flags = get_32(body + 8);
    get_home(frame, 12, &reply->home);
}

void
control_mark_put(const struct control_mark *mark,
                 uint8_t body[CONTROL_MARK_LEN])
{
    put_32(body, mark->train);
    put_32(body + 4, (uint32_t) mark->index << 16 | mark->n);
}

void
control_mark_get(const struct control_frame *frame, struct control_mark *mark)
{
    const uint8_t *body = frame->body;

    mark->train = get_32(body);
    mark->index = get_32(body + 4) >> 16;
    mark->n = get_32(body + 4);
}

void
control_mark_reply_put(const struct control_mark_reply *reply,
                       uint8_t body[CONTROL_MARK_REPLY_LEN])
{
    put_32(body, reply->train);
    put_32(body + 4, reply->n_marks);
    put_32(body + 8, reply->usec);
}

void
control_mark_reply_get(const struct control_frame *frame,
                       struct control_mark_reply *reply)
{
    const uint8_t *body = frame->body;

    reply->train = get_32(body);
    reply->n_marks = get_32(body + 4);
    reply->usec = get_32(body + 8);
}

/* Its contents are such that nothing on the way can compress them (Marsaglia,
 * "Xorshift RNGs", Journal of Statistical Software 8(14), 2003). */
void
control_filler_put(uint32_t from, uint8_t buffer[CONTROL_FRAME_MAX])
{
    struct control_frame frame = { .from = from };
    size_t n = control_frame_put(&frame, buffer);
    uint32_t x = 1;

    for (; n < CONTROL_FRAME_MAX; n++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        buffer[n] = x;
    }
}
