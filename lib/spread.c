/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "spread.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "linkstate.h"
#include "repair.h"
#include "unaligned.h"
#include "util.h"

#define HELLO_MSEC 1000
#define FIRST_MSEC 40
#define LAST_MSEC 1000
#define TRIES_BEFORE_ALL 2

#define HEADER_LEN 24
#define END_LEN 10
#define ENDS_MAX ((REPAIR_MESSAGE_MAX - HEADER_LEN) / END_LEN)

#define FLAG_LEARNING 0x01

/* News are kept by position; beyond that many, all is sent instead. */
#define NEWS_MAX 256

struct neighbour {
    bool live;
    bool heard;                 /* It has sent what follows. */
    bool learning;
    uint64_t digest;
    uint32_t plan;
    struct db_home home;
    uint64_t agreed;            /* News before that it has. */

    /* To be sent in the next run. */
    bool send_digest, send_news, send_all;

    unsigned int tries;
    long long int again;        /* LLONG_MAX: nothing to be sent again. */
    long long int hello;
};

struct spread {
    struct linkstate *linkstate;
    uint8_t self;
    bool learning;
    long long int learned;      /* At the latest. */
    uint32_t plan;
    struct db_home home;
    struct neighbour neighbours[NETHV_CLOUD_FLOOD];
    uint8_t live[NETHV_CLOUD_FLOOD];    /* Those that are, ascending. */
    size_t n_live;

    /* The last NEWS_MAX ends that were news: number i at i % NEWS_MAX. */
    struct linkstate_end news[NEWS_MAX];
    uint64_t n_news;

    struct repair_message *queue;
    size_t n_queue, allocated_queue, popped;
};

struct spread *
spread_create(struct linkstate *linkstate, uint8_t self, long long int now)
{
    struct spread *spread = xzalloc(sizeof *spread);

    spread->linkstate = linkstate;
    spread->self = self;
    spread->learning = true;
    spread->learned = now + SPREAD_LEARN_MSEC;
    return spread;
}

void
spread_destroy(struct spread *spread)
{
    if (spread) {
        free(spread->queue);
        free(spread);
    }
}

static void
collect_live(struct spread *spread)
{
    spread->n_live = 0;
    for (size_t i = 1; i <= NETHV_CLOUD_MAX; i++) {
        if (spread->neighbours[i].live) {
            spread->live[spread->n_live++] = i;
        }
    }
}

void
spread_set_live(struct spread *spread, uint8_t peer, bool live,
                long long int now)
{
    struct neighbour *n = &spread->neighbours[peer];

    if (n->live != live) {
        *n = (struct neighbour) {
            .live = live, .send_digest = live, .hello = now,
            .again = now + FIRST_MSEC,
        };
        collect_live(spread);
    }
}

static bool
agrees(const struct spread *spread, const struct neighbour *n)
{
    return (n->heard && n->plan == spread->plan
            && n->home.epoch == spread->home.epoch
            && n->home.location == spread->home.location
            && n->digest == linkstate_digest(spread->linkstate));
}

/* The own state has changed: neighbours are told. */
static void
tell_all(struct spread *spread)
{
    for (size_t i = 0; i < spread->n_live; i++) {
        struct neighbour *n = &spread->neighbours[spread->live[i]];

        n->send_news = !agrees(spread, n);
    }
}

static bool
merge(struct spread *spread, const struct linkstate_end *end)
{
    if (!linkstate_merge(spread->linkstate, end)) {
        return false;
    }
    spread->news[spread->n_news++ % NEWS_MAX] = *end;
    return true;
}

bool
spread_say(struct spread *spread, const struct linkstate_end *end)
{
    bool news = merge(spread, end);

    if (news) {
        tell_all(spread);
    }
    return news;
}

void
spread_say_plan(struct spread *spread, uint32_t number)
{
    if (number > spread->plan && number <= SPREAD_PLAN_MAX) {
        spread->plan = number;
        tell_all(spread);
    }
}

uint32_t
spread_plan(const struct spread *spread)
{
    return spread->plan;
}

void
spread_say_home(struct spread *spread, const struct db_home *home)
{
    if (db_home_learn(&spread->home, home)) {
        tell_all(spread);
    }
}

struct db_home
spread_home(const struct spread *spread)
{
    return spread->home;
}

bool
spread_is_learning(struct spread *spread, long long int now)
{
    spread->learning &= now < spread->learned;
    return spread->learning;
}

/* Messages. */

static uint16_t
get_u16(const uint8_t *p)
{
    return ntohs(get_unaligned_be16((const void *) p));
}

static uint32_t
get_u32(const uint8_t *p)
{
    return ntohl(get_unaligned_be32((const void *) p));
}

static void
put_u32(uint8_t *p, uint32_t x)
{
    put_unaligned_be32((void *) p, htonl(x));
}

static struct repair_message *
put_header(struct spread *spread, uint8_t to, size_t n_ends)
{
    if (spread->n_queue >= spread->allocated_queue) {
        spread->queue = x2nrealloc(spread->queue, &spread->allocated_queue,
                                   sizeof *spread->queue);
    }
    struct repair_message *message = &spread->queue[spread->n_queue++];
    uint64_t digest = linkstate_digest(spread->linkstate);

    message->to = to;
    message->n = HEADER_LEN + n_ends * END_LEN;
    message->data[0] = SPREAD_VERSION;
    message->data[1] = spread->learning ? FLAG_LEARNING : 0;
    message->data[2] = n_ends >> 8;
    message->data[3] = n_ends;
    put_u32(&message->data[4], spread->plan);
    put_u32(&message->data[8], digest >> 32);
    put_u32(&message->data[12], digest);
    put_u32(&message->data[16], spread->home.epoch);
    put_u32(&message->data[20], spread->home.location);
    return message;
}

static void
put_end(struct repair_message *message, size_t i,
        const struct linkstate_end *end)
{
    uint8_t *p = &message->data[HEADER_LEN + i * END_LEN];

    p[0] = end->at;
    p[1] = end->to;
    put_u32(p + 2, end->counter);
    put_u32(p + 6, end->weight);
}

static struct linkstate_end
get_end(const uint8_t *data, size_t i)
{
    const uint8_t *p = &data[HEADER_LEN + i * END_LEN];

    return (struct linkstate_end) {
        .at = p[0], .to = p[1], .counter = get_u32(p + 2),
        .weight = get_u32(p + 6),
    };
}

/* At least one message, even without ends. */
static void
queue_ends(struct spread *spread, uint8_t to,
           const struct linkstate_end *ends, size_t n)
{
    do {
        size_t n_here = MIN(n, ENDS_MAX);
        struct repair_message *message = put_header(spread, to, n_here);

        for (size_t i = 0; i < n_here; i++) {
            put_end(message, i, &ends[i]);
        }
        ends += n_here;
        n -= n_here;
    } while (n);
}

static void
queue_all(struct spread *spread, uint8_t to)
{
    size_t n;
    struct linkstate_end *ends = linkstate_ends(spread->linkstate, &n);

    queue_ends(spread, to, ends, n);
    free(ends);
}

/* Queues what was news since 'agreed'. */
static void
queue_news(struct spread *spread, uint8_t to, uint64_t agreed)
{
    struct linkstate_end ends[NEWS_MAX];
    size_t n = 0;

    if (!agreed || spread->n_news - agreed > NEWS_MAX) {
        queue_all(spread, to);
        return;
    }
    for (uint64_t i = agreed; i < spread->n_news; i++) {
        const struct linkstate_end *end = &spread->news[i % NEWS_MAX];

        ends[n++] = linkstate_end(spread->linkstate, end->at, end->to);
    }
    queue_ends(spread, to, ends, n);
}

static char * OVS_WARN_UNUSED_RESULT
check_message(const struct spread *spread, uint8_t from, const uint8_t *data,
              size_t n)
{
    if (!from || from > NETHV_CLOUD_MAX || from == spread->self) {
        return xasprintf("link state from cloud %u: must come from another "
                         "cloud, 1 to %u", from, NETHV_CLOUD_MAX);
    }
    if (n < HEADER_LEN) {
        return xasprintf("link state of %"PRIuSIZE" bytes: must have at least "
                         "%d", n, HEADER_LEN);
    }
    if (data[0] != SPREAD_VERSION) {
        return xasprintf("link state of version %u: must be %d", data[0],
                         SPREAD_VERSION);
    }
    if (n < HEADER_LEN + (size_t) get_u16(data + 2) * END_LEN
        || n > REPAIR_MESSAGE_MAX) {
        return xasprintf("link state of %"PRIuSIZE" bytes with %u ends: must "
                         "have %d bytes and %d for each end, or more, %d "
                         "at most", n,
                         get_u16(data + 2), HEADER_LEN, END_LEN,
                         REPAIR_MESSAGE_MAX);
    }
    return NULL;
}

/* Notes what 'n' has said of itself, and what follows for what it is sent. */
static void
hear(struct spread *spread, struct neighbour *n, const uint8_t *data)
{
    n->heard = true;
    n->learning = data[1] & FLAG_LEARNING;
    n->plan = get_u32(data + 4);
    n->digest = (uint64_t) get_u32(data + 8) << 32 | get_u32(data + 12);
    n->home.epoch = get_u32(data + 16);
    n->home.location = get_u32(data + 20);
    n->send_all |= n->learning && !spread->learning && !agrees(spread, n);
}

char *
spread_receive(struct spread *spread, uint8_t from, const void *data_,
               size_t n_data, bool *news)
{
    const uint8_t *data = data_;
    char *error = check_message(spread, from, data, n_data);

    if (error) {
        return error;
    }
    struct neighbour *n = &spread->neighbours[from];
    size_t n_ends = get_u16(data + 2);
    uint64_t n_news = spread->n_news;
    uint32_t plan = spread->plan;

    for (size_t i = 0; i < n_ends; i++) {
        struct linkstate_end end = get_end(data, i);
        merge(spread, &end);
    }
    spread->plan = MAX(plan, MIN(get_u32(data + 4), SPREAD_PLAN_MAX));
    hear(spread, n, data);
    *news = spread->n_news != n_news || spread->plan != plan;
    *news |= db_home_learn(&spread->home, &n->home);
    n->send_digest |= n_ends || *news;
    if (*news) {
        tell_all(spread);
    }
    if (!n->learning && agrees(spread, n)) {
        spread->learning = false;
    }
    return NULL;
}

/* Sets when ends are sent to 'n' again. */
static void
schedule(const struct spread *spread, struct neighbour *n, long long int now)
{
    if (agrees(spread, n)) {
        n->agreed = spread->n_news;
        n->tries = 0;
        n->again = LLONG_MAX;
    } else if (n->again == LLONG_MAX) {
        n->again = now + FIRST_MSEC;
    }
}

static void
send_again(struct spread *spread, struct neighbour *n, uint8_t to,
           long long int now)
{
    unsigned int tries = MIN(n->tries, 8);

    n->again = now + MIN(FIRST_MSEC << (tries + 1), LAST_MSEC);
    n->tries++;
    if (n->tries > TRIES_BEFORE_ALL) {
        queue_all(spread, to);
    } else {
        queue_news(spread, to, n->agreed);
    }
}

/* Queues one kind of message to 'n', the one that says the most. */
static bool
send_due(struct spread *spread, struct neighbour *n, uint8_t to,
         long long int now)
{
    if (n->send_all) {
        queue_all(spread, to);
        n->again = now + FIRST_MSEC;
    } else if (n->send_news) {
        queue_news(spread, to, n->agreed);
        n->again = now + FIRST_MSEC;
        n->tries = 0;
    } else if (n->again <= now) {
        send_again(spread, n, to, now);
    } else if (n->send_digest || n->hello <= now) {
        queue_ends(spread, to, NULL, 0);
    } else {
        return false;
    }
    return true;
}

static void
run_neighbour(struct spread *spread, struct neighbour *n, uint8_t to,
              long long int now)
{
    schedule(spread, n, now);
    if (send_due(spread, n, to, now)) {
        n->send_all = n->send_news = n->send_digest = false;
        n->hello = now + HELLO_MSEC;
    }
}

void
spread_run(struct spread *spread, long long int now)
{
    for (size_t i = 0; i < spread->n_live; i++) {
        uint8_t peer = spread->live[i];

        run_neighbour(spread, &spread->neighbours[peer], peer, now);
    }
}

long long int
spread_deadline(const struct spread *spread)
{
    long long int deadline = spread->learning ? spread->learned : LLONG_MAX;

    for (size_t i = 0; i < spread->n_live; i++) {
        const struct neighbour *n = &spread->neighbours[spread->live[i]];

        deadline = MIN(deadline, MIN(n->again, n->hello));
    }
    return deadline;
}

bool
spread_pop(struct spread *spread, struct repair_message *message)
{
    if (spread->popped >= spread->n_queue) {
        spread->popped = spread->n_queue = 0;
        return false;
    }
    *message = spread->queue[spread->popped++];
    return true;
}
