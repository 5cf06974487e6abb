/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HELLOS_H
#define HELLOS_H 1

/* Hellos: does the tunnel to each gateway of the cloud work, both ways, and
 * which of them is used?
 *
 * Every second a host says hello to each gateway of its cloud, and each
 * answers.  A gateway that has left HELLO_MISSES hellos unanswered is down
 * until it has answered as many in a row.  A hello that could not be sent
 * counts as none.
 *
 * Gateways so tell each other, too, where the database is: those that stand by
 * have no link state to hear it from.  What other hosts say of it is not
 * believed.
 *
 * A hello says whether its sender has heard its receiver of late.  So a gateway
 * that is said hello to, but not heard, knows that only the way from it to the
 * host is blocked, which the host cannot tell.
 *
 * Pure: frames and the time in, frames that are due out.  Not thread-safe.
 *
 *     hellos_set_gateways(h, gateways, n);
 *     hellos_run(h, now);
 *     while (hellos_next(h, now, &to, &hello)) {
 *         hellos_sent(h, to, <counter of the frame, 0 if not sent>);
 *     }
 *     ... hellos_received(h, frame, now) ...
 *     wait until hellos_deadline(h); */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control-frame.h"
#include "openvswitch/hmap.h"

#define HELLO_INTERVAL_MSEC 1000
#define HELLO_MISSES 3

enum hello_state {
    HELLO_UNTRIED,                  /* Not enough is known yet. */
    HELLO_UP,
    HELLO_DOWN,
};

/* One with whom hellos are exchanged. */
struct hello_peer {
    struct hmap_node node;          /* In hellos->peers by 'location'. */
    uint32_t location;

    /* A gateway to which this host says hello. */
    bool is_gateway;
    enum hello_state state;
    unsigned int missed;            /* Hellos in a row without an answer. */
    unsigned int answered;          /* Hellos in a row with one. */
    unsigned int idle;              /* Answers in a row by which it does not
                                     * forward to other clouds. */
    uint64_t first_open;            /* Counters of the first and the last hello
                                     * that it has not answered, 0 if none. */
    uint64_t last_open;
    bool due;                       /* The next hello is to be sent now. */

    /* One that has been heard. */
    uint64_t heard;                 /* Counter of its last frame, 0 if none. */
    long long int heard_at;
    unsigned int deaf;              /* Hellos in a row by which it does not hear
                                     * this host. */
    uint32_t gateway;               /* That it uses, by its last hello. */
};

struct hellos {
    struct hmap peers;              /* struct hello_peer. */
    uint32_t gateway;               /* That this host uses, for its hellos. */
    struct db_home home;            /* As said by hellos_say_home() or heard from
                                     * a gateway. */
    uint32_t self;
    unsigned int rounds;            /* Of hellos, up to HELLO_MISSES + 1. */
    bool serves;                    /* See hellos_serves(). */
    long long int next;             /* When the next hellos are due, msec. */
    uint64_t seqno;                 /* Rises with each change of a verdict. */
};

/* Returns the hellos of the host at 'self'. */
struct hellos *hellos_create(uint32_t self);
void hellos_destroy(struct hellos *);

/* Makes the 'n' locations at 'gateways', without this host's own, those to say
 * hello to.  'used' is the one that this host uses, 0 for none. */
void hellos_set_gateways(struct hellos *, const uint32_t *gateways, size_t n,
                         uint32_t used);

/* Stores whether of the hosts that have said hello of late more use this one as
 * their gateway than others, in '*serves', and returns true; or returns false
 * if not all have had the time to say it. */
bool hellos_serves(const struct hellos *, bool *serves);

/* Says where the database is, for hellos, unless that is known better. */
void hellos_say_home(struct hellos *, const struct db_home *);

/* At each interval: judges the hellos that are open and makes the next due. */
void hellos_run(struct hellos *, long long int now);

/* Stores the next hello that is due at 'now' in '*to' and '*hello' and returns
 * true, or returns false if there is none. */
bool hellos_next(struct hellos *, long long int now, uint32_t *to,
                 struct control_hello *hello);

/* Says that the hello to 'to' went out with 'counter', or with 0 that it could
 * not be sent. */
void hellos_sent(struct hellos *, uint32_t to, uint64_t counter);

/* Takes note of 'frame', of whatever kind. */
void hellos_received(struct hellos *, const struct control_frame *frame,
                     long long int now);

/* Returns when hellos_run() has something to do, in milliseconds. */
long long int hellos_deadline(const struct hellos *);

/* Return whether the gateway is one that this host can use: it answers (or has
 * not had the time to fail to), and forwards; and whether 'peer' says that it
 * does not hear this host. */
bool hello_is_usable(const struct hello_peer *);
bool hello_is_deaf(const struct hello_peer *);

/* Returns what is known of the host at 'location', or NULL. */
const struct hello_peer *hellos_find(const struct hellos *,
                                     uint32_t location);

#endif /* hellos.h */
