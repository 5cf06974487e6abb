/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "hellos.h"

#include <criterion/criterion.h>

#include "util.h"

TestSuite(hellos);

#define G1 0x01001000
#define G2 0x01002000
#define HOST 0x01003000
#define SELF 0x01004000

/* A host, its clock and the counter of its frames. */
struct rig {
    struct hellos *h;
    long long int now;
    uint64_t counter;
    uint64_t sent[2];               /* Last hello to G1, G2. */
    uint64_t heard[2];              /* What it said. */
};

static const uint32_t gateways[] = { G1, G2 };

static void
rig_init(struct rig *rig)
{
    *rig = (struct rig) { .h = hellos_create(SELF), .now = 1000, .counter = 100 };
    hellos_set_gateways(rig->h, gateways, ARRAY_SIZE(gateways), G1);
}

static void
frame(struct rig *rig, enum control_kind kind, uint32_t from,
      const void *body, size_t len)
{
    struct control_frame f = {
        .from = from, .kind = kind, .counter = ++rig->counter, .body = body,
        .body_len = len,
    };
    hellos_received(rig->h, &f, rig->now);
}

static void
answer(struct rig *rig, uint32_t from, uint64_t counter, uint32_t flags)
{
    struct control_reply reply = { .counter = counter, .flags = flags };
    uint8_t body[CONTROL_REPLY_LEN];

    control_reply_put(&reply, body);
    frame(rig, CONTROL_HELLO_REPLY, from, body, sizeof body);
}

/* Lets a second pass, in which the gateways with a bit in 'answering'
 * answer. */
static void
second(struct rig *rig, unsigned int answering)
{
    struct control_hello hello;
    uint32_t to;

    rig->now += HELLO_INTERVAL_MSEC;
    cr_assert_leq(hellos_deadline(rig->h), rig->now);
    hellos_run(rig->h, rig->now);
    while (hellos_next(rig->h, rig->now, &to, &hello)) {
        int i = to == G2;
        rig->sent[i] = ++rig->counter;
        rig->heard[i] = hello.heard;
        hellos_sent(rig->h, to, rig->sent[i]);
    }
    for (int i = 0; i < 2; i++) {
        if (answering & (1u << i)) {
            answer(rig, gateways[i], rig->sent[i], CONTROL_REPLY_FORWARDS);
        }
    }
}

static enum hello_state
state(const struct rig *rig, uint32_t location)
{
    return hellos_find(rig->h, location)->state;
}

Test(hellos, three_misses_and_back)
{
    struct rig rig;

    rig_init(&rig);
    cr_assert_eq(state(&rig, G1), HELLO_UNTRIED);
    second(&rig, 3);
    cr_assert_eq(state(&rig, G1), HELLO_UP);
    second(&rig, 2);
    second(&rig, 2);
    second(&rig, 2);
    cr_assert_eq(state(&rig, G1), HELLO_UP);
    uint64_t seqno = rig.h->seqno;
    second(&rig, 2);
    cr_assert_eq(state(&rig, G1), HELLO_DOWN);
    cr_assert_eq(state(&rig, G2), HELLO_UP);
    cr_assert_neq(rig.h->seqno, seqno);
    cr_assert_not(hello_is_usable(hellos_find(rig.h, G1)));

    second(&rig, 3);
    second(&rig, 3);
    cr_assert_eq(state(&rig, G1), HELLO_DOWN);
    second(&rig, 3);
    cr_assert_eq(state(&rig, G1), HELLO_UP);
    hellos_destroy(rig.h);
}

Test(hellos, one_that_never_answers)
{
    struct rig rig;

    rig_init(&rig);
    for (int i = 0; i < HELLO_MISSES; i++) {
        second(&rig, 2);
        cr_assert_eq(state(&rig, G1), HELLO_UNTRIED);
    }
    second(&rig, 2);
    cr_assert_eq(state(&rig, G1), HELLO_DOWN);
    hellos_destroy(rig.h);
}

Test(hellos, lost_now_and_then_is_not_down)
{
    struct rig rig;

    rig_init(&rig);
    for (int i = 0; i < 100; i++) {
        second(&rig, i % 3 ? 0 : 3);
        cr_assert_neq(state(&rig, G1), HELLO_DOWN);
    }
    hellos_destroy(rig.h);
}

Test(hellos, what_could_not_be_sent_is_not_missed)
{
    struct control_hello hello;
    struct rig rig;
    uint32_t to;

    rig_init(&rig);
    second(&rig, 3);
    second(&rig, 0);
    for (int i = 0; i < 10; i++) {
        rig.now += HELLO_INTERVAL_MSEC;
        hellos_run(rig.h, rig.now);
        while (hellos_next(rig.h, rig.now, &to, &hello)) {
            hellos_sent(rig.h, to, 0);
        }
        cr_assert_eq(state(&rig, G1), HELLO_UP);
    }
    hellos_destroy(rig.h);
}

Test(hellos, late_answer_counts_and_a_wrong_one_does_not)
{
    struct rig rig;

    rig_init(&rig);
    second(&rig, 3);
    second(&rig, 0);
    uint64_t late = rig.sent[0];
    second(&rig, 0);
    second(&rig, 0);
    answer(&rig, G1, late - 1, CONTROL_REPLY_FORWARDS);
    answer(&rig, G2, rig.sent[1] + 100, CONTROL_REPLY_FORWARDS);
    cr_assert_eq(hellos_find(rig.h, G1)->missed, 2);
    cr_assert_eq(hellos_find(rig.h, G2)->missed, 2);
    answer(&rig, G1, late, CONTROL_REPLY_FORWARDS);
    cr_assert_eq(hellos_find(rig.h, G1)->missed, 0);
    hellos_destroy(rig.h);
}

Test(hellos, gateway_that_does_not_forward)
{
    struct rig rig;

    rig_init(&rig);
    second(&rig, 3);
    for (int i = 0; i < HELLO_MISSES; i++) {
        cr_assert(hello_is_usable(hellos_find(rig.h, G1)));
        second(&rig, 2);
        answer(&rig, G1, rig.sent[0], 0);
    }
    cr_assert_not(hello_is_usable(hellos_find(rig.h, G1)));
    cr_assert_eq(state(&rig, G1), HELLO_UP);
    second(&rig, 3);
    cr_assert(hello_is_usable(hellos_find(rig.h, G1)));
    hellos_destroy(rig.h);
}

Test(hellos, says_whom_it_has_heard)
{
    struct rig rig;

    rig_init(&rig);
    second(&rig, 1);
    cr_assert_eq(rig.heard[0], 0);
    uint64_t answered = rig.counter;
    second(&rig, 0);
    cr_assert_eq(rig.heard[0], answered);
    cr_assert_eq(rig.heard[1], 0);
    second(&rig, 0);
    second(&rig, 0);
    cr_assert_eq(rig.heard[0], answered);
    second(&rig, 0);
    cr_assert_eq(rig.heard[0], 0);
    hellos_destroy(rig.h);
}

Test(hellos, host_that_hears_nothing)
{
    struct control_hello deaf = { .gateway = G2 };
    struct control_hello hears = { .gateway = G1, .heard = 5 };
    uint8_t body[CONTROL_HELLO_LEN];
    struct rig rig;

    rig_init(&rig);
    control_hello_put(&deaf, body);
    for (int i = 0; i < HELLO_MISSES; i++) {
        frame(&rig, CONTROL_HELLO, HOST, body, sizeof body);
        cr_assert_not(hello_is_deaf(hellos_find(rig.h, HOST)));
    }
    frame(&rig, CONTROL_HELLO, HOST, body, sizeof body);
    cr_assert(hello_is_deaf(hellos_find(rig.h, HOST)));
    cr_assert_eq(hellos_find(rig.h, HOST)->gateway, G2);
    control_hello_put(&hears, body);
    frame(&rig, CONTROL_HELLO, HOST, body, sizeof body);
    cr_assert_not(hello_is_deaf(hellos_find(rig.h, HOST)));
    hellos_destroy(rig.h);
}

Test(hellos, those_who_are_gone_are_forgotten)
{
    struct control_hello hello = { .gateway = 0 };
    uint8_t body[CONTROL_HELLO_LEN];
    struct rig rig;

    rig_init(&rig);
    control_hello_put(&hello, body);
    frame(&rig, CONTROL_HELLO, HOST, body, sizeof body);
    frame(&rig, CONTROL_PROBE, HOST + 0x1000, NULL, 0);
    cr_assert_null(hellos_find(rig.h, HOST + 0x1000));
    hellos_set_gateways(rig.h, gateways, 1, G1);
    for (int i = 0; i < 40; i++) {
        second(&rig, 1);
    }
    cr_assert_null(hellos_find(rig.h, HOST));
    cr_assert_null(hellos_find(rig.h, G2));
    cr_assert_not_null(hellos_find(rig.h, G1));
    hellos_destroy(rig.h);
}

/* Says hello from 'from', or answers in its name, with the database at
 * 'home'. */
static void
say_home(struct rig *rig, uint32_t from, struct db_home home)
{
    struct control_hello hello = { .gateway = G1, .home = home };
    uint8_t body[CONTROL_HELLO_LEN];

    control_hello_put(&hello, body);
    frame(rig, CONTROL_HELLO, from, body, sizeof body);
}

static void
answer_home(struct rig *rig, uint64_t counter, struct db_home home)
{
    struct control_reply reply = { .counter = counter, .home = home };
    uint8_t body[CONTROL_REPLY_LEN];

    control_reply_put(&reply, body);
    frame(rig, CONTROL_HELLO_REPLY, G1, body, sizeof body);
}

Test(hellos, gateways_tell_where_the_database_is)
{
    struct control_hello hello;
    struct rig rig;
    uint32_t to;

    rig_init(&rig);
    say_home(&rig, HOST, (struct db_home) { 9, HOST });
    cr_assert_eq(rig.h->home.epoch, 0);
    say_home(&rig, G2, (struct db_home) { 2, G1 });
    cr_assert_eq(rig.h->home.location, G1);
    say_home(&rig, G2, (struct db_home) { 1, HOST });
    cr_assert_eq(rig.h->home.location, G1);
    second(&rig, 0);
    answer_home(&rig, rig.sent[0] - 1, (struct db_home) { 3, HOST });
    cr_assert_eq(rig.h->home.epoch, 2);     /* Answers nothing. */
    answer_home(&rig, rig.sent[0], (struct db_home) { 3, HOST });
    cr_assert_eq(rig.h->home.epoch, 3);
    hellos_say_home(rig.h, &(struct db_home) { 4, G2 });
    rig.now += HELLO_INTERVAL_MSEC;
    hellos_run(rig.h, rig.now);
    cr_assert(hellos_next(rig.h, rig.now, &to, &hello));
    cr_assert_eq(hello.home.epoch, 4);
    cr_assert_eq(hello.home.location, G2);
    hellos_destroy(rig.h);
}

/* 'n' hosts say hello that use 'gateway'. */
static void
hosts_use(struct rig *rig, size_t n, uint32_t gateway)
{
    struct control_hello hello = { .gateway = gateway };
    uint8_t body[CONTROL_HELLO_LEN];

    control_hello_put(&hello, body);
    for (size_t i = 0; i < n; i++) {
        frame(rig, CONTROL_HELLO, HOST + 0x1000 * (i + 1), body, sizeof body);
    }
}

Test(hellos, gateway_knows_whether_hosts_use_it)
{
    struct rig rig;
    bool serves;

    rig_init(&rig);
    for (int i = 0; i <= HELLO_MISSES; i++) {
        cr_assert_not(hellos_serves(rig.h, &serves));   /* Too soon. */
        hosts_use(&rig, 3, SELF);
        second(&rig, 0);
    }
    cr_assert(hellos_serves(rig.h, &serves));
    cr_assert(serves);
    hosts_use(&rig, 2, G1);                 /* Of three. */
    second(&rig, 0);
    cr_assert(hellos_serves(rig.h, &serves));
    cr_assert_not(serves);
    hosts_use(&rig, 1, SELF);
    second(&rig, 0);
    cr_assert(hellos_serves(rig.h, &serves) && serves);
    for (int i = 0; i <= HELLO_MISSES; i++) {
        second(&rig, 0);                    /* It hears nobody any more. */
    }
    cr_assert(hellos_serves(rig.h, &serves));
    cr_assert_not(serves);
    hellos_destroy(rig.h);
}
