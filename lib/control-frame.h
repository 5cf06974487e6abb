/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_FRAME_H
#define CONTROL_FRAME_H 1

/* Control frames: what hosts and gateways say to each other through the very
 * tunnels that carry tenants' frames.
 *
 *    0      6     12    14
 *   +------+-----+-----+------------------------------------------------+
 *   | to   | from|88b5 | header, 20 bytes                               |
 *   +------+-----+-----+------------------------------------------------+
 *     version 1 | newest 1 | kind 1 | 0 | length of the body 2 | 0, 0
 *     location of the sender 4 | counter 8
 *   then the body, then the signature, 64 bytes.  All in network byte order.
 *
 * 'to' and 'from' are wire addresses with tag 0, nethv's own, or 'to' is the
 * group of all gateways, CONTROL_GROUP.  The Ethernet type is IEEE 802's local
 * experimental 1.  The signature is ECDSA P-256 with SHA-256 over everything
 * before it, r and s of 32 bytes each, made with the key of the sender's
 * certificate (ovs/signature.h): a key that hosts shared would have to be in
 * the database, where every host could read it.  So a frame is good for the
 * one receiver that it names.
 *
 * 'counter' rises from frame to frame of a sender, also over restarts, which
 * is why it begins with the time of the day in microseconds and then goes up
 * by one: after a restart the clock may have been set back by as long as the
 * sender had run.  A receiver that keeps the highest of each sender and kind
 * (control-ledger.h) takes no frame twice.
 *
 * 'version' is that of the frame's format, 'newest' the highest that its
 * sender can read.  A sender writes the highest version that both can, and the
 * oldest to whom it has not heard of late (control-ledger.h); a receiver drops
 * and counts what it cannot read.  The header, and where the signature is, are
 * the same in all versions.  Bodies may be longer than is known here: what is
 * added behind is left alone by those that do not know it, and needs no new
 * version.
 *
 * On a tunnel without room for a key (VXLAN) a control frame travels whole like
 * any other, inside an outer Ethernet and an NSH header.
 *
 * Fillers are as long as a control frame can be, and say nothing: they fill the
 * path between two gateways while its bandwidth is measured (gauge.h).  They
 * have a key of their own, by which the receiver's rules drop and count them.
 *
 * Pure: bytes in, values out; signing and verifying are elsewhere.  No state;
 * safe from any thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db-home.h"
#include "nethv/wire.h"
#include "openvswitch/types.h"

#define CONTROL_ETH_TYPE 0x88b5
#define CONTROL_GROUP UINT64_C(0x036e65746876)

#define CONTROL_HEADER_LEN 34       /* Ethernet's included. */
#define CONTROL_SIGNATURE_LEN 64
#define CONTROL_BODY_MAX 1024       /* Fits the least MTU of a cloud. */
#define CONTROL_FRAME_MAX (CONTROL_HEADER_LEN + CONTROL_BODY_MAX              \
                           + CONTROL_SIGNATURE_LEN)
#define CONTROL_WHOLE_LEN 30        /* Outer Ethernet and NSH header. */

/*   enum         number  name           least length of the body */
#define CONTROL_KINDS                                                         \
    KIND(HELLO,        1, "hello",       12)                                  \
    KIND(HELLO_REPLY,  2, "hello-reply", 12)                                  \
    KIND(LINK_STATE,   3, "link-state",  0)     /* Opaque here. */            \
    KIND(PROBE,        4, "probe",       0)                                   \
    KIND(PROBE_REPLY,  5, "probe-reply", 12)                                  \
    KIND(MARK,         6, "mark",        8)                                   \
    KIND(MARK_REPLY,   7, "mark-reply",  12)

enum control_kind {
#define KIND(ENUM, NUMBER, NAME, LEAST) CONTROL_##ENUM = NUMBER,
    CONTROL_KINDS
#undef KIND
    CONTROL_N_KINDS                 /* One more than the greatest. */
};

/* What becomes of a frame that arrives.
 *
 *      enum        name            a frame that ... */
#define CONTROL_VERDICTS                                                      \
    VERDICT(GOOD,      "good",      "is as it should be")                     \
    VERDICT(MALFORMED, "malformed", "is cut short, too long or names two "    \
                                    "senders")                                \
    VERDICT(VERSION,   "version",   "has a version that is not known here")   \
    VERDICT(KIND,      "kind",      "has a kind that is not known here")      \
    VERDICT(STRANGER,  "stranger",  "is from no host that is known with its " \
                                    "key")                                    \
    VERDICT(FORGED,    "forged",    "is not signed by whom it names")         \
    VERDICT(REPLAYED,  "replayed",  "has a counter that is not higher than "  \
                                    "the last")

enum control_verdict {
#define VERDICT(ENUM, NAME, MEANING) CONTROL_IS_##ENUM,
    CONTROL_VERDICTS
#undef VERDICT
    CONTROL_N_VERDICTS
};

const char *control_verdict_name(enum control_verdict);
const char *control_kind_name(enum control_kind);

struct control_frame {
    uint32_t to;                    /* Location, or 0 for CONTROL_GROUP. */
    uint32_t from;                  /* Location of the sending host. */
    uint8_t version;
    uint8_t newest;
    enum control_kind kind;
    uint64_t counter;
    const void *body;               /* Borrowed. */
    size_t body_len;
};

/* Writes 'frame', whose body is at most CONTROL_BODY_MAX bytes, to 'buffer', up
 * to where the signature is to be.  Returns the number of bytes: those that are
 * signed. */
size_t control_frame_put(const struct control_frame *frame,
                         uint8_t buffer[CONTROL_FRAME_MAX]);

/* Reads the 'size' bytes at 'data', a control frame or a whole frame with one
 * in it.  If they are well-formed, fills in '*frame', whose body points into
 * 'data', stores the part that is signed in '*is_signed' and '*signed_len' (the
 * signature follows it), and returns CONTROL_IS_GOOD.  Else returns why not,
 * and leaves the outputs alone. */
enum control_verdict control_frame_parse(const void *data, size_t size,
                                         struct control_frame *frame,
                                         const void **is_signed,
                                         size_t *signed_len);

/* Bodies. */

/* CONTROL_HELLO, each second to every gateway of the cloud. */
struct control_hello {
    uint32_t gateway;               /* Which the sender uses, 0 for none. */
    uint64_t heard;                 /* Counter of the receiver's last frame that
                                     * the sender has got, 0 if none in the time
                                     * of three hellos. */
    struct db_home home;            /* As far as the sender knows. */
};

/* CONTROL_HELLO_REPLY and CONTROL_PROBE_REPLY. */
struct control_reply {
    uint64_t counter;               /* Of the frame that is answered. */
    uint32_t flags;                 /* CONTROL_REPLY_*. */
    struct db_home home;            /* As in a hello. */
};

/* The sender is a gateway that can forward to other clouds. */
#define CONTROL_REPLY_FORWARDS UINT32_C(0x00000001)

/* CONTROL_MARK, between the fillers of a train. */
struct control_mark {
    uint32_t train;                 /* Which one; the sender's choice. */
    uint16_t index;                 /* Of the mark in it, from 0. */
    uint16_t n;                     /* Marks in it. */
};

/* CONTROL_MARK_REPLY, to the last mark of a train. */
struct control_mark_reply {
    uint32_t train;
    uint32_t n_marks;               /* Which have arrived, */
    uint32_t usec;                  /* between the first and the last. */
};

/* Without 'home', which a sender may not know of, 12 bytes are enough. */
#define CONTROL_HELLO_LEN 20
#define CONTROL_REPLY_LEN 20
#define CONTROL_MARK_LEN 8
#define CONTROL_MARK_REPLY_LEN 12

void control_hello_put(const struct control_hello *,
                       uint8_t body[CONTROL_HELLO_LEN]);
void control_reply_put(const struct control_reply *,
                       uint8_t body[CONTROL_REPLY_LEN]);
void control_mark_put(const struct control_mark *,
                      uint8_t body[CONTROL_MARK_LEN]);
void control_mark_reply_put(const struct control_mark_reply *,
                            uint8_t body[CONTROL_MARK_REPLY_LEN]);

/* 'frame' is one that control_frame_parse() has found good, of the kind. */
void control_hello_get(const struct control_frame *frame,
                       struct control_hello *);
void control_reply_get(const struct control_frame *frame,
                       struct control_reply *);
void control_mark_get(const struct control_frame *frame,
                      struct control_mark *);
void control_mark_reply_get(const struct control_frame *frame,
                            struct control_mark_reply *);

/* Fillers. */

/* The key of a filler for 'cloud': no host has it. */
static inline uint32_t
control_filler_key(uint8_t cloud)
{
    return nethv_location(cloud, 0, 1);
}

/* Writes a filler of the host at 'from' to 'buffer', all of it. */
void control_filler_put(uint32_t from, uint8_t buffer[CONTROL_FRAME_MAX]);

#endif /* control-frame.h */
