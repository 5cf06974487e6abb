/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "hellos.h"

#include <stdlib.h>

#include "hash.h"
#include "util.h"

/* How long what was heard counts. */
#define FRESH_MSEC (HELLO_MISSES * HELLO_INTERVAL_MSEC)

/* A host that has said no hello for so long has found another gateway, or is
 * gone. */
#define FORGET_MSEC 30000

struct hellos *
hellos_create(uint32_t self)
{
    struct hellos *h = xzalloc(sizeof *h);

    h->self = self;
    hmap_init(&h->peers);
    return h;
}

static void
peer_remove(struct hellos *h, struct hello_peer *peer)
{
    hmap_remove(&h->peers, &peer->node);
    free(peer);
}

void
hellos_destroy(struct hellos *h)
{
    struct hello_peer *peer, *next;

    if (!h) {
        return;
    }
    HMAP_FOR_EACH_SAFE (peer, next, node, &h->peers) {
        peer_remove(h, peer);
    }
    hmap_destroy(&h->peers);
    free(h);
}

static struct hello_peer *
peer_find(const struct hellos *h, uint32_t location)
{
    struct hello_peer *peer;

    HMAP_FOR_EACH_WITH_HASH (peer, node, hash_int(location, 0), &h->peers) {
        if (peer->location == location) {
            return peer;
        }
    }
    return NULL;
}

const struct hello_peer *
hellos_find(const struct hellos *h, uint32_t location)
{
    return peer_find(h, location);
}

static struct hello_peer *
peer_get(struct hellos *h, uint32_t location)
{
    struct hello_peer *peer = peer_find(h, location);

    if (!peer) {
        peer = xzalloc(sizeof *peer);
        peer->location = location;
        hmap_insert(&h->peers, &peer->node, hash_int(location, 0));
    }
    return peer;
}

/* Forgets what is known of 'peer' as a gateway. */
static void
gateway_clear(struct hello_peer *peer)
{
    peer->is_gateway = false;
    peer->state = HELLO_UNTRIED;
    peer->missed = peer->answered = peer->idle = 0;
    peer->first_open = peer->last_open = 0;
    peer->due = false;
}

static bool
contains(const uint32_t *locations, size_t n, uint32_t location)
{
    for (size_t i = 0; i < n; i++) {
        if (locations[i] == location) {
            return true;
        }
    }
    return false;
}

void
hellos_set_gateways(struct hellos *h, const uint32_t *gateways, size_t n,
                    uint32_t used)
{
    struct hello_peer *peer;

    h->gateway = used;
    HMAP_FOR_EACH (peer, node, &h->peers) {
        if (peer->is_gateway && !contains(gateways, n, peer->location)) {
            gateway_clear(peer);
            h->seqno++;
        }
    }
    for (size_t i = 0; i < n; i++) {
        peer_get(h, gateways[i])->is_gateway = true;
    }
}

void
hellos_say_home(struct hellos *h, const struct db_home *home)
{
    db_home_learn(&h->home, home);
}

/* Judges the hello that is open, if there is one. */
static void
judge(struct hellos *h, struct hello_peer *peer)
{
    if (!peer->last_open) {
        return;
    }
    peer->answered = 0;
    if (peer->missed < HELLO_MISSES && ++peer->missed == HELLO_MISSES
        && peer->state != HELLO_DOWN) {
        peer->state = HELLO_DOWN;
        h->seqno++;
    }
}

/* Returns whether more hosts use this one than others. */
static bool
is_used(const struct hellos *h, long long int now)
{
    const struct hello_peer *peer;
    unsigned int here = 0, elsewhere = 0;

    HMAP_FOR_EACH (peer, node, &h->peers) {
        if (now - peer->heard_at <= FRESH_MSEC && peer->gateway) {
            here += peer->gateway == h->self;
            elsewhere += peer->gateway != h->self;
        }
    }
    return here > elsewhere;
}

void
hellos_run(struct hellos *h, long long int now)
{
    struct hello_peer *peer, *next;

    if (now < h->next) {
        return;
    }
    h->next = now + HELLO_INTERVAL_MSEC;
    HMAP_FOR_EACH_SAFE (peer, next, node, &h->peers) {
        if (peer->is_gateway) {
            judge(h, peer);
            peer->due = true;
        } else if (now - peer->heard_at > FORGET_MSEC) {
            h->seqno += hello_is_deaf(peer);
            peer_remove(h, peer);
        }
    }
    h->serves = is_used(h, now);
    h->rounds = MIN(h->rounds, HELLO_MISSES) + 1;
}

bool
hellos_serves(const struct hellos *h, bool *serves)
{
    if (h->rounds <= HELLO_MISSES) {
        return false;
    }
    *serves = h->serves;
    return true;
}

bool
hellos_next(struct hellos *h, long long int now, uint32_t *to,
            struct control_hello *hello)
{
    struct hello_peer *peer;

    HMAP_FOR_EACH (peer, node, &h->peers) {
        if (peer->due) {
            bool fresh = now - peer->heard_at <= FRESH_MSEC;
            peer->due = false;
            *to = peer->location;
            hello->gateway = h->gateway;
            hello->heard = fresh ? peer->heard : 0;
            hello->home = h->home;
            return true;
        }
    }
    return false;
}

void
hellos_sent(struct hellos *h, uint32_t to, uint64_t counter)
{
    struct hello_peer *peer = peer_find(h, to);

    if (!peer) {
        return;
    }
    if (!peer->missed || !counter) {
        peer->first_open = counter;
    }
    peer->last_open = counter;
}

static void
received_hello(struct hellos *h, struct hello_peer *peer,
               const struct control_frame *frame)
{
    struct control_hello hello;
    bool was_deaf = hello_is_deaf(peer);

    control_hello_get(frame, &hello);
    if (peer->is_gateway) {
        db_home_learn(&h->home, &hello.home);
    }
    peer->gateway = hello.gateway;
    peer->deaf = hello.heard ? 0 : MIN(peer->deaf, HELLO_MISSES) + 1;
    h->seqno += hello_is_deaf(peer) != was_deaf;
}

static void
received_reply(struct hellos *h, struct hello_peer *peer,
               const struct control_frame *frame)
{
    struct control_reply reply;
    enum hello_state before = peer->state;
    bool was_usable = hello_is_usable(peer);

    /* A late answer is one as well. */
    control_reply_get(frame, &reply);
    if (!peer->is_gateway || !peer->first_open
        || reply.counter < peer->first_open
        || reply.counter > peer->last_open) {
        return;
    }
    db_home_learn(&h->home, &reply.home);
    peer->first_open = peer->last_open = 0;
    peer->missed = 0;
    peer->answered = MIN(peer->answered, HELLO_MISSES) + 1;
    peer->idle = (reply.flags & CONTROL_REPLY_FORWARDS
                  ? 0 : MIN(peer->idle, HELLO_MISSES) + 1);
    if (peer->state == HELLO_UNTRIED || peer->answered >= HELLO_MISSES) {
        peer->state = HELLO_UP;
    }
    h->seqno += peer->state != before || hello_is_usable(peer) != was_usable;
}

void
hellos_received(struct hellos *h, const struct control_frame *frame,
                long long int now)
{
    struct hello_peer *peer = (frame->kind == CONTROL_HELLO
                               ? peer_get(h, frame->from)
                               : peer_find(h, frame->from));

    if (!peer) {
        return;
    }
    peer->heard = frame->counter;
    peer->heard_at = now;
    if (frame->kind == CONTROL_HELLO) {
        received_hello(h, peer, frame);
    } else if (frame->kind == CONTROL_HELLO_REPLY) {
        received_reply(h, peer, frame);
    }
}

long long int
hellos_deadline(const struct hellos *h)
{
    return h->next;
}

bool
hello_is_usable(const struct hello_peer *peer)
{
    return peer->state != HELLO_DOWN && peer->idle < HELLO_MISSES;
}

/* The first hello of a host cannot say that it has heard anything. */
bool
hello_is_deaf(const struct hello_peer *peer)
{
    return peer->deaf > HELLO_MISSES;
}
