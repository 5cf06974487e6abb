/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <string.h>

#include "control-frame.h"

/* Control frames as they might be one day, around those of today.  In version
 * 2 the body has a field in front, which must be there: read as version 1 it
 * would make no sense.  In version 1 the field is behind the body, where those
 * that do not know it leave it alone. */

static const uint8_t field[] = { 'n', 'e', 'x', 't' };

size_t __real_control_frame_put(const struct control_frame *, uint8_t *);
size_t __wrap_control_frame_put(const struct control_frame *, uint8_t *);

size_t
__wrap_control_frame_put(const struct control_frame *frame, uint8_t *buffer)
{
    struct control_frame next = *frame;
    uint8_t body[CONTROL_BODY_MAX];

    if (frame->body_len + sizeof field > sizeof body) {
        next.version = 1;
        return __real_control_frame_put(&next, buffer);
    }
    size_t front = frame->version >= 2 ? sizeof field : 0;
    memcpy(body + (front ? 0 : frame->body_len), field, sizeof field);
    memcpy(body + front, frame->body, frame->body_len);
    next.body = body;
    next.body_len += sizeof field;
    return __real_control_frame_put(&next, buffer);
}

enum control_verdict __real_control_frame_parse(const void *, size_t,
                                                struct control_frame *,
                                                const void **, size_t *);
enum control_verdict __wrap_control_frame_parse(const void *, size_t,
                                                struct control_frame *,
                                                const void **, size_t *);

enum control_verdict
__wrap_control_frame_parse(const void *data, size_t size,
                           struct control_frame *frame, const void **is_signed,
                           size_t *signed_len)
{
    enum control_verdict verdict = __real_control_frame_parse(
        data, size, frame, is_signed, signed_len);

    if (verdict != CONTROL_IS_GOOD || frame->version < 2) {
        return verdict;
    }
    if (frame->body_len < sizeof field
        || memcmp(frame->body, field, sizeof field)) {
        return CONTROL_IS_MALFORMED;
    }
    frame->body = (const uint8_t *) frame->body + sizeof field;
    frame->body_len -= sizeof field;
    return verdict;
}
