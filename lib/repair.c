/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "repair.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linkstate.h"
#include "openvswitch/util.h"
#include "repair-private.h"
#include "spread.h"
#include "util.h"

BUILD_ASSERT_DECL(REPAIR_SLOTS == SLOTS_N);
BUILD_ASSERT_DECL(REPAIR_REST_MSEC == SLOTS_REST_MSEC);

/* How long the tunnels of a plan to come may take to come up. */
#define STILL_MSEC 10000

/* The tree that some gateways may go by for a while, after a failure, is kept
 * as long: by then all have heard what both ends of the edge say, and have left
 * it. */
#define OTHER_MSEC 4000

struct repair *
repair_create(uint8_t self, long long int now)
{
    struct repair *repair = xzalloc(sizeof *repair);

    repair->self = self;
    repair->created = now;
    repair->linkstate = linkstate_create();
    repair->spread = spread_create(repair->linkstate, self, now);
    slots_init(&repair->slots, now);
    repair->changed = true;
    repair->apart = LLONG_MAX;
    repair->deadline = now;
    return repair;
}

void
repair_destroy(struct repair *repair)
{
    if (repair) {
        spread_destroy(repair->spread);
        linkstate_destroy(repair->linkstate);
        free(repair->held.edges);
        free(repair->current.edges);
        free(repair->next.edges);
        free(repair->candidates);
        free(repair);
    }
}

void
repair_due(struct repair *repair, long long int when)
{
    repair->deadline = MIN(repair->deadline, when);
}

/* Inputs. */

void
repair_adopt(struct repair *repair,
             const struct repair_slot slots[REPAIR_SLOTS], unsigned int stamp,
             long long int now)
{
    for (unsigned int i = 0; i < REPAIR_SLOTS; i++) {
        if (slots[i].present) {
            slots_adopt(&repair->slots, i, slots[i].via, now);
        }
    }
    slots_adopt_stamp(&repair->slots, stamp);
    repair->deadline = now;
}

static bool
plans_equal(const struct repair_held *held, const struct repair_plan *plan)
{
    if (held->number != plan->number || held->n != plan->n) {
        return false;
    }
    for (size_t i = 0; i < held->n; i++) {
        const struct repair_edge *a = &held->edges[i], *b = &plan->edges[i];
        if (a->edge.a != b->edge.a || a->edge.b != b->edge.b
            || a->edge.weight != b->edge.weight || a->role != b->role) {
            return false;
        }
    }
    return true;
}

static bool
hold(struct repair_held *held, const struct repair_plan *plan,
     long long int now)
{
    if (plans_equal(held, plan)) {
        return false;
    }
    if (held->number != plan->number) {
        held->since = now;
    }
    free(held->edges);
    held->edges = NULL;
    if (plan->n) {
        held->edges = xmemdup(plan->edges, plan->n * sizeof *plan->edges);
    }
    held->number = plan->number;
    held->n = plan->n;
    return true;
}

/* Goes by 'plan' if that is in force, and is later than the one gone by or is
 * that one, corrected. */
static void
go_by(struct repair *repair, const struct repair_held *plan,
      long long int now)
{
    const struct repair_plan copy = { plan->number, plan->edges, plan->n };

    if (plan->number && plan->number >= repair->held.number
        && plan->number <= spread_plan(repair->spread)) {
        repair->changed |= hold(&repair->held, &copy, now);
    }
}

static void
choose_plan(struct repair *repair, long long int now)
{
    spread_say_plan(repair->spread, repair->current.number);
    go_by(repair, &repair->current, now);
    go_by(repair, &repair->next, now);
}

void
repair_set_plans(struct repair *repair, const struct repair_plan *current,
                 const struct repair_plan *next, long long int now)
{
    static const struct repair_plan none = { 0, NULL, 0 };

    repair->changed |= hold(&repair->current, current ? current : &none, now);
    repair->changed |= hold(&repair->next, next ? next : &none, now);
    repair->deadline = now;
}

void
repair_set_home(struct repair *repair, const struct db_home *home,
                long long int now)
{
    spread_say_home(repair->spread, home);
    repair->deadline = now;
}

void
repair_set_candidates(struct repair *repair, const struct tree_edge *edges,
                      size_t n, long long int now)
{
    free(repair->candidates);
    repair->candidates = n ? xmemdup(edges, n * sizeof *edges) : NULL;
    repair->n_candidates = n;
    repair->deadline = now;
}

char *
repair_receive(struct repair *repair, uint8_t from, const void *data,
               size_t n, long long int now)
{
    bool ready = !spread_is_learning(repair->spread, now);
    bool news = false;
    char *error = spread_receive(repair->spread, from, data, n, &news);

    repair->changed |= news;
    if (news || ready == spread_is_learning(repair->spread, now)) {
        repair->deadline = now;
    }
    return error;
}

void
repair_installed(struct repair *repair, unsigned int seqno, long long int now)
{
    slots_installed(&repair->slots, seqno, now);
    repair->deadline = now;
}

/* What goes out with an own end: the candidate's weight. */
static uint32_t
candidate_weight(const struct repair *repair, uint8_t peer)
{
    for (size_t i = 0; i < repair->n_candidates; i++) {
        const struct tree_edge *edge = &repair->candidates[i];
        if (edge->a == MIN(repair->self, peer)
            && edge->b == MAX(repair->self, peer)) {
            return (edge->weight >= 0 && edge->weight < UINT32_MAX / 1000
                    ? edge->weight * 1000 : UINT32_MAX);
        }
    }
    return UINT32_MAX;
}

void
repair_say(struct repair *repair, uint8_t peer, uint32_t counter)
{
    struct linkstate_end end = {
        .at = repair->self, .to = peer, .counter = counter,
        .weight = candidate_weight(repair, peer),
    };

    repair->changed |= spread_say(repair->spread, &end);
}

/* Running. */

/* Computes the view anew.  If that goes over to the plan that was to come, and
 * this is prepared here, so it is everywhere. */
static void
update_view(struct repair *repair, long long int now)
{
    struct repair_view *view = &repair->view;
    bool planned = repair->held.number != view->plan;
    uint64_t before = view->way.number;

    repair_compute_view(repair);
    if (view->way.number != before) {
        view->since = now;
    }
    if (planned && view->plan) {
        repair->agreed = slots_has(&repair->slots, view->way.number)
                         ? view->way.number : 0;
    }
    view->plan = repair->held.number;
}

/* Returns the tree that others may go by, NULL if there is none any more. */
static const struct repair_way *
other_way(struct repair *repair, long long int now)
{
    const struct repair_view *view = &repair->view;
    long long int end = view->since + OTHER_MSEC;

    if (!view->other.number || now >= end) {
        return NULL;
    }
    repair_due(repair, end);
    return &view->other;
}

static bool
run_slots(struct repair *repair, long long int now)
{
    const struct repair_view *view = &repair->view;
    const struct slot *stamped = &repair->slots.slots[repair->slots.stamp];
    struct slots_goal goal = {
        .number = view->way.number,
        .tree = &view->way.tree,
        .urgent = repair_is_broken(repair, stamped),
        .agreed = repair->agreed == view->way.number,
    };
    const struct repair_way *other = other_way(repair, now);
    if (view->next_whole) {
        goal.others[0] = (struct slots_tree) { view->next.number,
                                               &view->next.tree };
    }
    if (other) {
        goal.others[1] = (struct slots_tree) { other->number, &other->tree };
    }
    bool changed = slots_run(&repair->slots, repair->self, &goal,
                             repair->outcome.seqno + 1, now);

    repair_due(repair, repair->slots.deadline);
    return changed;
}

static void
add_tunnels(const struct repair *repair, const struct repair_held *plan,
            struct repair_outcome *outcome)
{
    for (size_t i = 0; i < plan->n; i++) {
        const struct tree_edge *edge = &plan->edges[i].edge;
        if (edge->a == repair->self) {
            outcome->tunnels[edge->b] = true;
        } else if (edge->b == repair->self) {
            outcome->tunnels[edge->a] = true;
        }
    }
}

/* Until it is known what tunnels there should be, those that there are stay. */
static void
fill_tunnels(const struct repair *repair, struct repair_outcome *outcome)
{
    add_tunnels(repair, &repair->held, outcome);
    add_tunnels(repair, &repair->current, outcome);
    add_tunnels(repair, &repair->next, outcome);
    for (size_t peer = 1; peer <= NETHV_CLOUD_MAX; peer++) {
        const struct repair_tunnel *tunnel = &repair->tunnels[peer];
        bool stays = !outcome->ready && tunnel->state != REPAIR_END_ABSENT;

        if ((tunnel->opened || stays) && !outcome->tunnels[peer]) {
            outcome->tunnels[peer] = outcome->opened[peer] = true;
        }
    }
}

static void
fill_slots(const struct repair *repair, struct repair_outcome *outcome)
{
    for (unsigned int i = 0; i < REPAIR_SLOTS; i++) {
        outcome->slots[i].present = slots_present(&repair->slots, i);
        for (size_t cloud = 0; cloud < NETHV_CLOUD_FLOOD; cloud++) {
            outcome->slots[i].via[cloud]
                = repair->slots.slots[i].entries[cloud].via;
        }
    }
    outcome->stamp = repair->slots.stamp;
}

/* Returns whether nothing is to be expected that changes the number: then what
 * is prepared now will be when the plan is put in force. */
static bool
is_still(struct repair *repair, long long int now)
{
    long long int end = repair->next.since + STILL_MSEC;

    if (repair->view.next_still || now >= end) {
        return true;
    }
    repair_due(repair, end);
    return false;
}

/* Returns the number for a new plan. */
static uint32_t
next_number(const struct repair *repair)
{
    uint64_t is = repair->view.way.number, slot = is + (is % 2 ? 3 : 2);
    uint32_t number = MAX(spread_plan(repair->spread), repair->held.number);

    do {
        number++;
    } while (2 * (uint64_t) number % REPAIR_SLOTS != slot % REPAIR_SLOTS);
    return number;
}

static void
fill_view(struct repair *repair, struct repair_outcome *outcome,
          long long int now)
{
    const struct repair_view *view = &repair->view;
    bool prepared = (view->next_whole && is_still(repair, now)
                     && slots_has(&repair->slots, view->next.number));

    outcome->number = view->way.number;
    outcome->plan = repair->held.number;
    outcome->heard = spread_plan(repair->spread);
    outcome->prepared = prepared ? repair->next.number : 0;
    outcome->next = next_number(repair);
    for (size_t cloud = 1; cloud <= NETHV_CLOUD_MAX; cloud++) {
        outcome->connected[cloud] = (view->part[cloud]
                                     == view->part[repair->self]);
    }
}

/* Publishes the outcome: under a new number if it is another one, or the slots
 * have 'changed'. */
static void
publish(struct repair *repair, bool ready, bool changed, long long int now)
{
    struct repair_outcome *outcome = xzalloc(sizeof *outcome);

    outcome->ready = ready;
    outcome->seqno = repair->outcome.seqno;
    outcome->home = spread_home(repair->spread);
    fill_tunnels(repair, outcome);
    fill_slots(repair, outcome);
    if (ready) {
        fill_view(repair, outcome, now);
    }
    if (changed || memcmp(outcome, &repair->outcome, sizeof *outcome)) {
        outcome->seqno++;
        memcpy(&repair->outcome, outcome, sizeof *outcome);
    }
    free(outcome);
}

/* How long ends are held back depends on the view: in a new process, whose
 * first view this is, as well. */
static void
run_ends_again(struct repair *repair, long long int now)
{
    repair_run_ends(repair, now);
    if (repair->changed) {
        repair_due(repair, now);
    }
}

/* What is due apart from messages. */
static void
run_core(struct repair *repair, long long int now)
{
    bool ready = !spread_is_learning(repair->spread, now);
    bool changed = false;

    repair->deadline = ready ? LLONG_MAX : repair->created + SPREAD_LEARN_MSEC;
    choose_plan(repair, now);
    if (ready) {
        repair_run_ends(repair, now);
        if (repair->changed) {
            repair->changed = false;
            update_view(repair, now);
            run_ends_again(repair, now);
        }
        changed = run_slots(repair, now);
        repair_run_open(repair, now);
    }
    publish(repair, ready, changed, now);
}

void
repair_run(struct repair *repair, long long int now)
{
    if (now >= repair->deadline) {
        run_core(repair, now);
    }
    spread_run(repair->spread, now);
}

/* Results. */

long long int
repair_deadline(const struct repair *repair)
{
    return MIN(repair->deadline, spread_deadline(repair->spread));
}

bool
repair_pop(struct repair *repair, struct repair_message *message)
{
    return spread_pop(repair->spread, message);
}

const struct repair_outcome *
repair_outcome(const struct repair *repair)
{
    return &repair->outcome;
}

struct repair_plan
repair_plan(const struct repair *repair)
{
    const struct repair_held *held = &repair->held;

    return (struct repair_plan) { held->number, held->edges, held->n };
}

const struct linkstate *
repair_linkstate(const struct repair *repair)
{
    return repair->linkstate;
}
