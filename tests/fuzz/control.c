/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Any bytes as a control frame.  What is good names a host, is as long as it
 * says, and comes out the same when written again; its bodies can be read. */

#include <string.h>

#include "check.h"
#include "control-frame.h"
#include "control-ledger.h"
#include "fuzz.h"
#include "nethv/wire.h"

static void
check_bodies(const struct control_frame *frame)
{
    uint8_t body[CONTROL_REPLY_LEN];
    struct control_mark_reply mark_reply;
    struct control_hello hello;
    struct control_reply reply;
    struct control_mark mark;
    /* Those of before say nothing of the database. */
    size_t n = frame->body_len < sizeof body ? 12 : sizeof body;

    if (frame->kind == CONTROL_HELLO) {
        control_hello_get(frame, &hello);
        control_hello_put(&hello, body);
    } else if (frame->kind == CONTROL_HELLO_REPLY
               || frame->kind == CONTROL_PROBE_REPLY) {
        control_reply_get(frame, &reply);
        control_reply_put(&reply, body);
    } else if (frame->kind == CONTROL_MARK) {
        control_mark_get(frame, &mark);
        control_mark_put(&mark, body);
        n = CONTROL_MARK_LEN;
    } else if (frame->kind == CONTROL_MARK_REPLY) {
        control_mark_reply_get(frame, &mark_reply);
        control_mark_reply_put(&mark_reply, body);
        n = CONTROL_MARK_REPLY_LEN;
    } else {
        return;
    }
    fuzz_require(!memcmp(body, frame->body, n), "another body", "");
}

static void
check_frame(const struct control_frame *frame, const uint8_t *is_signed,
            size_t signed_len)
{
    uint8_t buffer[CONTROL_FRAME_MAX];

    fuzz_require(frame->from && !(frame->from & ~NETHV_HOST_MASK),
                 "no sender", "");
    fuzz_require(frame->body_len <= CONTROL_BODY_MAX, "long body", "");
    fuzz_require(control_frame_put(frame, buffer) == signed_len,
                 "another length", "");

    /* Reserved bytes need not be zero. */
    buffer[17] = is_signed[17];
    buffer[20] = is_signed[20];
    buffer[21] = is_signed[21];
    fuzz_require(!memcmp(buffer, is_signed, signed_len), "another frame", "");
    check_bodies(frame);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct control_ledger *ledger = control_ledger_create();
    struct control_frame frame;
    const void *is_signed;
    size_t signed_len;

    enum control_verdict verdict = control_frame_parse(data, size, &frame,
                                                       &is_signed,
                                                       &signed_len);
    if (verdict == CONTROL_IS_GOOD) {
        check_frame(&frame, is_signed, signed_len);
        fuzz_require(control_ledger_enter(ledger, &frame, 0)
                     == !!frame.counter, "refused", "");
        fuzz_require(!control_ledger_enter(ledger, &frame, 0), "twice", "");
    }
    fuzz_check_sentence(control_verdict_name(verdict));
    control_ledger_destroy(ledger);
    return 0;
}
