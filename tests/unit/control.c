/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <criterion/criterion.h>
#include <string.h>

#include "control-frame.h"
#include "control-ledger.h"
#include "dp-packet.h"
#include "nethv/wire.h"
#include "ovs/pki.h"
#include "ovs/signature.h"
#include "random.h"
#include "util.h"
#include "versions.h"
#include "whole.h"

TestSuite(control);

#define A 0x01001000                /* Hosts. */
#define B 0x02fff000

static const struct control_hello a_hello = { 0x01002000, 77, { 3, B } };

/* Writes a frame from A to B, with a signature of zeros.  Returns its size. */
static size_t
put_hello(uint8_t buffer[CONTROL_FRAME_MAX])
{
    uint8_t body[CONTROL_HELLO_LEN];
    struct control_frame frame = {
        .to = B, .from = A, .version = versions.control.newest,
        .newest = versions.control.newest, .kind = CONTROL_HELLO,
        .counter = UINT64_C(0x123456789abcdef0), .body = body,
        .body_len = sizeof body,
    };

    control_hello_put(&a_hello, body);
    size_t n = control_frame_put(&frame, buffer);
    memset(buffer + n, 0, CONTROL_SIGNATURE_LEN);
    return n + CONTROL_SIGNATURE_LEN;
}

static enum control_verdict
parse(const uint8_t *data, size_t size)
{
    struct control_frame frame;
    const void *is_signed;
    size_t signed_len;

    return control_frame_parse(data, size, &frame, &is_signed, &signed_len);
}

/* Puts 'size' bytes at 'data' into the headers of a whole frame, from A. */
static size_t
make_whole(const uint8_t *data, size_t size, uint8_t *whole)
{
    static const uint8_t headers[CONTROL_WHOLE_LEN] = {
        0, 0, 0x02, 0xff, 0xf0, 0x00, 0, 0, 0x01, 0x00, 0x10, 0x00, 0x89, 0x4f,
        0x0f, 0xc4, 2, 3, 0, 0, 0, 0xff, 0x10, 0x00, 10, 4, 1, 0, 0, 0,
    };

    memcpy(whole, headers, sizeof headers);
    memcpy(whole + sizeof headers, data, size);
    return sizeof headers + size;
}

Test(control, header_of_a_whole_frame)
{
    static const uint8_t inside[] = { 1, 2, 3 };
    uint8_t expected[CONTROL_WHOLE_LEN + sizeof inside];
    struct dp_packet packet;

    make_whole(inside, sizeof inside, expected);
    dp_packet_init(&packet, 0);
    whole_put(&packet, &(struct whole) { 1, 0, A, UINT32_C(0x02fff000) },
              inside, sizeof inside);
    cr_assert_eq(dp_packet_size(&packet), sizeof expected);
    cr_assert_arr_eq(dp_packet_data(&packet), expected, sizeof expected);
    dp_packet_uninit(&packet);
}

Test(control, round_trip)
{
    uint8_t buffer[CONTROL_FRAME_MAX], whole[2 * CONTROL_FRAME_MAX];
    size_t size = put_hello(buffer);
    size_t whole_size = make_whole(buffer, size, whole);

    for (int i = 0; i < 2; i++) {
        struct control_frame frame;
        struct control_hello hello;
        const void *is_signed;
        size_t signed_len;

        cr_assert_eq(control_frame_parse(i ? whole : buffer,
                                         i ? whole_size : size, &frame,
                                         &is_signed, &signed_len),
                     CONTROL_IS_GOOD);
        cr_assert_eq(frame.to, B);
        cr_assert_eq(frame.from, A);
        cr_assert_eq(frame.version, versions.control.newest);
        cr_assert_eq(frame.newest, versions.control.newest);
        cr_assert_eq(frame.kind, CONTROL_HELLO);
        cr_assert_eq(frame.counter, UINT64_C(0x123456789abcdef0));
        cr_assert_eq(signed_len, size - CONTROL_SIGNATURE_LEN);
        cr_assert_eq(is_signed, i ? whole + CONTROL_WHOLE_LEN : buffer);
        control_hello_get(&frame, &hello);
        cr_assert_eq(hello.gateway, a_hello.gateway);
        cr_assert_eq(hello.heard, a_hello.heard);
        cr_assert_eq(hello.home.epoch, a_hello.home.epoch);
        cr_assert_eq(hello.home.location, a_hello.home.location);
    }
}

Test(control, bodies_of_before)
{
    uint8_t body[CONTROL_HELLO_LEN];
    struct control_frame frame = { .body = body, .body_len = 12 };
    struct control_hello hello;

    control_hello_put(&a_hello, body);
    control_hello_get(&frame, &hello);
    cr_assert_eq(hello.heard, a_hello.heard);
    cr_assert_eq(hello.home.epoch, 0);
    cr_assert_eq(hello.home.location, 0);
}

Test(control, longest_and_to_all_gateways)
{
    uint8_t buffer[CONTROL_FRAME_MAX], body[CONTROL_BODY_MAX] = { 0 };
    struct control_frame frame = {
        .from = A, .version = versions.control.newest,
        .kind = CONTROL_LINK_STATE,
        .counter = 1, .body = body, .body_len = sizeof body,
    };
    const void *is_signed;
    size_t n = control_frame_put(&frame, buffer);

    cr_assert_eq(n + CONTROL_SIGNATURE_LEN, sizeof buffer);
    memset(buffer + n, 0, CONTROL_SIGNATURE_LEN);
    cr_assert_eq(buffer[0], 0x03);
    cr_assert_eq(control_frame_parse(buffer, sizeof buffer, &frame, &is_signed,
                                     &n), CONTROL_IS_GOOD);
    cr_assert_eq(frame.to, 0);
    cr_assert_eq(frame.body_len, sizeof body);
}

Test(control, reply_round_trip)
{
    struct control_reply reply = { UINT64_MAX, CONTROL_REPLY_FORWARDS,
                                   { 2, A } }, got;
    uint8_t body[CONTROL_REPLY_LEN];
    struct control_frame frame = { .body = body, .body_len = sizeof body };

    control_reply_put(&reply, body);
    control_reply_get(&frame, &got);
    cr_assert_eq(got.counter, reply.counter);
    cr_assert_eq(got.flags, reply.flags);
    cr_assert_eq(got.home.epoch, 2);
    cr_assert_eq(got.home.location, A);
}

Test(control, marks_round_trip)
{
    struct control_mark mark = { UINT32_MAX - 1, 31, 33 }, got;
    struct control_mark_reply reply = { 1, 33, UINT32_MAX }, got_reply;
    uint8_t body[CONTROL_MARK_LEN], body_of_reply[CONTROL_MARK_REPLY_LEN];

    control_mark_put(&mark, body);
    control_mark_get(&(struct control_frame) { .body = body }, &got);
    cr_assert_arr_eq(&got, &mark, sizeof mark);
    control_mark_reply_put(&reply, body_of_reply);
    control_mark_reply_get(&(struct control_frame) { .body = body_of_reply },
                           &got_reply);
    cr_assert_arr_eq(&got_reply, &reply, sizeof reply);
}

Test(control, nobody_takes_a_filler)
{
    uint8_t buffer[CONTROL_FRAME_MAX];

    control_filler_put(A, buffer);
    cr_assert_neq(parse(buffer, sizeof buffer), CONTROL_IS_GOOD);
}

Test(control, every_length_is_checked)
{
    uint8_t buffer[2 * CONTROL_FRAME_MAX] = { 0 };
    uint8_t whole[3 * CONTROL_FRAME_MAX] = { 0 };
    size_t size = put_hello(buffer);

    for (size_t n = 0; n < sizeof buffer; n++) {
        /* Exactly as long as it is, so that the sanitizer sees more. */
        uint8_t *copy = xmemdup(buffer, n ? n : 1);
        cr_assert_eq(parse(copy, n) == CONTROL_IS_GOOD, n == size);
        free(copy);
        size_t whole_size = make_whole(buffer, n, whole);
        cr_assert_eq(parse(whole, whole_size) == CONTROL_IS_GOOD, n == size);
    }
}

Test(control, what_is_wrong_is_told)
{
    static const struct {
        size_t offset;
        uint8_t value;
        enum control_verdict verdict;
    } wrongs[] = {
        { 0, 0x01, CONTROL_IS_MALFORMED },      /* To a tenant. */
        { 2, 0x00, CONTROL_IS_MALFORMED },      /* To cloud 0. */
        { 2, 0xff, CONTROL_IS_MALFORMED },      /* To a flood group. */
        { 5, 0x04, CONTROL_IS_MALFORMED },      /* To a port. */
        { 6, 0x01, CONTROL_IS_MALFORMED },      /* From a tenant. */
        { 8, 0x02, CONTROL_IS_MALFORMED },      /* From another host. */
        { 11, 0x08, CONTROL_IS_MALFORMED },     /* From a port. */
        { 12, 0x08, CONTROL_IS_MALFORMED },     /* Another protocol. */
        { 14, 0, CONTROL_IS_VERSION },
        { 14, 2, CONTROL_IS_VERSION },
        { 15, 77, CONTROL_IS_GOOD },            /* Newer sender. */
        { 16, 0, CONTROL_IS_KIND },
        { 16, CONTROL_N_KINDS, CONTROL_IS_KIND },
        { 16, 255, CONTROL_IS_KIND },
        { 17, 1, CONTROL_IS_GOOD },             /* Not used yet. */
        { 19, CONTROL_HELLO_LEN - 1, CONTROL_IS_MALFORMED },
        { 22, 0x02, CONTROL_IS_MALFORMED },     /* Location, not its MAC. */
    };

    for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
        uint8_t buffer[CONTROL_FRAME_MAX];
        size_t size = put_hello(buffer);
        buffer[wrongs[i].offset] = wrongs[i].value;
        cr_expect_eq(parse(buffer, size), wrongs[i].verdict, "case %zu", i);
    }
}

Test(control, whole_frame_must_name_the_same_sender)
{
    uint8_t buffer[CONTROL_FRAME_MAX], whole[2 * CONTROL_FRAME_MAX];
    size_t size = make_whole(buffer, put_hello(buffer), whole);

    static const size_t offsets[] = { 6, 8, 11, 15, 16, 17 };
    for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
        whole[offsets[i]] ^= 1;
        cr_expect_eq(parse(whole, size), CONTROL_IS_MALFORMED, "case %zu", i);
        whole[offsets[i]] ^= 1;
    }
    cr_assert_eq(parse(whole, size), CONTROL_IS_GOOD);
}

Test(control, shorter_body_than_its_kind_needs)
{
    uint8_t buffer[CONTROL_FRAME_MAX];

    for (int kind = 1; kind < CONTROL_N_KINDS; kind++) {
        uint8_t body[CONTROL_BODY_MAX] = { 0 };
        struct control_frame frame = {
            .to = B, .from = A, .version = versions.control.newest,
            .kind = kind,
            .body = body,
        };
        size_t n = control_frame_put(&frame, buffer);
        bool may_be_empty = kind == CONTROL_LINK_STATE
                            || kind == CONTROL_PROBE;
        cr_expect_eq(parse(buffer, n + CONTROL_SIGNATURE_LEN),
                     may_be_empty ? CONTROL_IS_GOOD : CONTROL_IS_MALFORMED,
                     "%s", control_kind_name(kind));
    }
}

/* What is remembered. */

Test(control, ledger_takes_no_frame_twice)
{
    struct control_ledger *ledger = control_ledger_create();
    struct control_frame frame = {
        .from = A, .kind = CONTROL_HELLO, .counter = 5, .newest = 1,
    };

    cr_assert(control_ledger_enter(ledger, &frame, 0));
    cr_assert_not(control_ledger_enter(ledger, &frame, 0));
    frame.counter = 4;
    cr_assert_not(control_ledger_enter(ledger, &frame, 0));
    frame.kind = CONTROL_PROBE;
    cr_assert(control_ledger_enter(ledger, &frame, 0));
    frame.from = B;
    frame.kind = CONTROL_HELLO;
    cr_assert(control_ledger_enter(ledger, &frame, 0));
    control_ledger_forget(ledger, B);
    cr_assert(control_ledger_enter(ledger, &frame, 0));
    control_ledger_forget(ledger, 0x05001000);
    control_ledger_destroy(ledger);
}

Test(control, version_that_both_read)
{
    static const struct version_range range = { .oldest = 3, .newest = 5 };

    cr_assert_eq(version_to_write(&range, 0), 3);
    cr_assert_eq(version_to_write(&range, 2), 3);
    cr_assert_eq(version_to_write(&range, 4), 4);
    cr_assert_eq(version_to_write(&range, 200), 5);
    cr_assert_not(version_is_read(&range, 2));
    cr_assert(version_is_read(&range, 3));
    cr_assert(version_is_read(&range, 5));
    cr_assert_not(version_is_read(&range, 6));
}

Test(control, what_a_peer_reads_is_believed_for_a_while)
{
    struct control_ledger *ledger = control_ledger_create();
    struct control_frame frame = {
        .from = A, .kind = CONTROL_HELLO, .counter = 5, .newest = 200,
    };
    uint8_t oldest = versions.control.oldest, newest = versions.control.newest;

    cr_assert_eq(control_ledger_version(ledger, A, 0), oldest);
    control_ledger_enter(ledger, &frame, 1000);
    cr_assert_eq(control_ledger_version(ledger, A, 1000), newest);
    cr_assert_eq(control_ledger_version(
                     ledger, A, 1000 + CONTROL_LEDGER_FRESH_MSEC), oldest);
    frame.newest = 0;
    frame.counter++;
    control_ledger_enter(ledger, &frame, 9000);
    cr_assert_eq(control_ledger_version(ledger, A, 9000), oldest);
    control_ledger_destroy(ledger);
}

/* Signatures. */

/* Makes a key pair as a host has it. */
static void
make_keys(struct signature_key **private, struct signature_key **public)
{
    char hex[SIGNATURE_PUBLIC_LEN + 1];
    char *pem, *certificate;

    cr_assert_null(pki_make_key(&pem));
    cr_assert_null(pki_make_ca(pem, "x", 1000000000, &certificate));
    cr_assert(signature_public_of(certificate, hex));
    cr_assert_eq(strlen(hex), SIGNATURE_PUBLIC_LEN);
    *private = signature_key_private(pem);
    *public = signature_key_public(hex);
    cr_assert_not_null(*private);
    cr_assert_not_null(*public);
    free(certificate);
    pki_wipe(pem);
}

Test(control, signatures)
{
    struct signature_key *private, *public, *other_private, *other_public;
    uint8_t data[200] = { 1, 2, 3 }, signature[SIGNATURE_LEN];

    make_keys(&private, &public);
    make_keys(&other_private, &other_public);
    for (int i = 0; i < 300; i++) {
        data[0] = i;
        cr_assert(signature_make(private, data, sizeof data, signature));
        cr_assert(signature_is_good(public, data, sizeof data, signature));
    }
    cr_assert_not(signature_is_good(other_public, data, sizeof data,
                                    signature));
    cr_assert_not(signature_is_good(public, data, sizeof data - 1, signature));
    for (int i = 0; i < SIGNATURE_LEN; i++) {
        signature[i] ^= 0x10;
        cr_assert_not(signature_is_good(public, data, sizeof data, signature));
        signature[i] ^= 0x10;
    }
    memset(signature, 0, sizeof signature);
    cr_assert_not(signature_is_good(public, data, sizeof data, signature));
    memset(signature, 0xff, sizeof signature);
    cr_assert_not(signature_is_good(public, data, sizeof data, signature));
    signature_key_destroy(private);
    signature_key_destroy(public);
    signature_key_destroy(other_private);
    signature_key_destroy(other_public);
}

Test(control, keys_that_are_none)
{
    static const char *const none[] = {
        "", "02", "xx",
        "050000000000000000000000000000000000000000000000000000000000000000",
        "02ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "02zz00000000000000000000000000000000000000000000000000000000000000",
    };
    char hex[SIGNATURE_PUBLIC_LEN + 1];

    for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
        cr_expect_null(signature_key_public(none[i]), "case %zu", i);
    }
    cr_assert_null(signature_key_private("none"));
    cr_assert_not(signature_public_of("none", hex));
    signature_key_destroy(NULL);
}
