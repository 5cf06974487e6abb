/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "repair-private.h"

#include <limits.h>
#include <math.h>

#include "linkstate.h"
#include "util.h"

/* Opening tunnels that no plan has, when live edges do not join all clouds.
 *
 * Parts that are cut off from each other do not know each other's link state,
 * so no agreement can be had on what to open, but a tunnel needs both ends.
 * Each gateway opens, of its own candidates towards clouds that it is not
 * joined with and that its probes find, the lightest.  The lightest of all
 * edges by which parts could be joined is then opened at both ends: each of the
 * two sees no lighter one.  So at least two parts are joined, and the next
 * follow.  Without probes, or where a tunnel does not work though probes do,
 * those are taken first that have been tried least; what was tried stays open
 * for a while, and each try takes longer, so that both ends meet. */

/* How long clouds must have been apart, and how long a plan's edge may take to
 * come up for the first time. */
#define OPEN_MSEC 1000
#define FIRST_UP_MSEC 30000

/* The first try; each one takes twice as long as the one before. */
#define TRY_MSEC 5000
#define TRY_DOUBLINGS_MAX 10

/* At most so many tunnels stay open while clouds are apart. */
#define OPENED_MAX 8

/* An opened tunnel without use is closed after that. */
#define CLOSE_MSEC 10000

#define NEVER LLONG_MAX

static bool
is_apart(const struct repair *repair, uint8_t peer)
{
    return repair->view.part[peer] != repair->view.part[repair->self];
}

static bool
is_planned(const struct repair *repair, uint8_t peer)
{
    return (repair_plan_has(&repair->held, repair->self, peer)
            || repair_plan_has(&repair->current, repair->self, peer)
            || repair_plan_has(&repair->next, repair->self, peer));
}

/* Until then nothing is opened. */
static long long int
patience(const struct repair *repair)
{
    return MAX(repair->held.since, repair->created) + FIRST_UP_MSEC;
}

/* Returns whether a tunnel of the plan to a cloud that is apart has not had its
 * time to come up. */
static bool
is_coming_up(const struct repair *repair, long long int now)
{
    if (now >= patience(repair)) {
        return false;
    }
    for (size_t i = 0; i < repair->held.n; i++) {
        const struct tree_edge *edge = &repair->held.edges[i].edge;
        if (repair->view.part[edge->a] != repair->view.part[edge->b]
            && !linkstate_level(repair->linkstate, edge->a, edge->b)) {
            return true;
        }
    }
    return false;
}

/* Returns the cloud at the other end of 'edge', 0 if it does not end here. */
static uint8_t
other_end(const struct repair *repair, const struct tree_edge *edge)
{
    return (edge->a == repair->self ? edge->b
            : edge->b == repair->self ? edge->a : 0);
}

/* Returns the cloud to open a tunnel to, 0 if there is none. */
static uint8_t
find_wanted(const struct repair *repair)
{
    const struct tree_edge *best = NULL;
    unsigned int best_tries = UINT_MAX;

    for (size_t i = 0; i < repair->n_candidates; i++) {
        const struct tree_edge *edge = &repair->candidates[i];
        uint8_t peer = other_end(repair, edge);

        if (!peer || peer > NETHV_CLOUD_MAX || !is_apart(repair, peer)
            || repair->tunnels[peer].unreachable
            || is_planned(repair, peer)) {
            continue;
        }
        unsigned int tries = repair->tunnels[peer].tries;
        if (!best || tries < best_tries
            || (tries == best_tries && edge->weight < best->weight)) {
            best = edge;
            best_tries = tries;
        }
    }
    return best ? other_end(repair, best) : 0;
}

/* Opens the tunnel to 'peer', or waits for it, or gives this try up. */
static void
try_open(struct repair *repair, uint8_t peer, long long int now)
{
    struct repair_tunnel *tunnel = &repair->tunnels[peer];

    if (!tunnel->opened || tunnel->tried == NEVER) {
        tunnel->opened = true;
        tunnel->tried = now;
    }
    tunnel->wanted = now;

    long long int end = tunnel->tried
        + ((long long int) TRY_MSEC << MIN(repair->tries, TRY_DOUBLINGS_MAX));
    if (now >= end) {
        tunnel->tried = NEVER;
        tunnel->tries++;
        repair->tries++;
        end = now;
    }
    repair_due(repair, end);
}

/* All that there is to be joined is joined. */
static void
be_joined(struct repair *repair)
{
    repair->apart = NEVER;
    repair->tries = 0;
    for (size_t peer = 1; peer <= NETHV_CLOUD_MAX; peer++) {
        repair->tunnels[peer].tries = 0;
    }
}

static void
open_wanted(struct repair *repair, uint8_t peer, long long int now)
{
    if (repair->apart == NEVER) {
        repair->apart = now;
    }
    if (now - repair->apart < OPEN_MSEC) {
        repair_due(repair, repair->apart + OPEN_MSEC);
    } else if (is_coming_up(repair, now)) {
        repair_due(repair, patience(repair));
    } else {
        try_open(repair, peer, now);
    }
}

static bool
is_in_tree(const struct repair *repair, uint8_t peer)
{
    for (size_t i = 0; i < repair->view.way.tree.n; i++) {
        if (other_end(repair, &repair->view.way.tree.edges[i]) == peer) {
            return true;
        }
    }
    return false;
}

/* A tunnel that is there though no plan has it (any more), and that this
 * process did not open: it is closed like those that it did. */
static void
take_over(struct repair *repair, uint8_t peer, long long int now)
{
    struct repair_tunnel *tunnel = &repair->tunnels[peer];

    if (tunnel->state == REPAIR_END_ABSENT) {
        tunnel->closing = false;
    } else if (!tunnel->opened && !tunnel->closing
               && !is_planned(repair, peer)) {
        tunnel->opened = true;
        tunnel->tried = NEVER;
        tunnel->wanted = now;
    }
}

static void
close_tunnel(struct repair_tunnel *tunnel)
{
    tunnel->opened = false;
    tunnel->closing = true;
}

/* Closes the opened tunnel to 'peer' if it is time.  Returns whether it stays
 * open only because the clouds are apart. */
static bool
close_unused(struct repair *repair, uint8_t peer, long long int now)
{
    struct repair_tunnel *tunnel = &repair->tunnels[peer];

    if (is_planned(repair, peer)) {
        tunnel->opened = false;
    } else if (is_apart(repair, peer)) {
        return true;
    } else if (is_in_tree(repair, peer)) {
        tunnel->wanted = now;
    } else if (now - tunnel->wanted >= CLOSE_MSEC) {
        close_tunnel(tunnel);
    } else {
        repair_due(repair, tunnel->wanted + CLOSE_MSEC);
    }
    return false;
}

/* Beyond OPENED_MAX, what was wanted the longest time ago is closed. */
static void
close_opened(struct repair *repair, long long int now)
{
    struct repair_tunnel *oldest = NULL;
    size_t n_apart = 0;

    for (size_t peer = 1; peer <= NETHV_CLOUD_MAX; peer++) {
        struct repair_tunnel *tunnel = &repair->tunnels[peer];

        take_over(repair, peer, now);
        if (tunnel->opened && close_unused(repair, peer, now)) {
            n_apart++;
            if (!oldest || tunnel->wanted < oldest->wanted) {
                oldest = tunnel;
            }
        }
    }
    if (n_apart > OPENED_MAX && oldest->wanted < now) {
        close_tunnel(oldest);
    }
}

void
repair_set_reachable(struct repair *repair, uint8_t peer, bool reachable,
                     long long int now)
{
    if (peer && peer <= NETHV_CLOUD_MAX
        && repair->tunnels[peer].unreachable == reachable) {
        repair->tunnels[peer].unreachable = !reachable;
        repair->deadline = now;
    }
}

void
repair_run_open(struct repair *repair, long long int now)
{
    uint8_t peer = find_wanted(repair);

    if (peer) {
        open_wanted(repair, peer, now);
    } else {
        be_joined(repair);
    }
    close_opened(repair, now);
}
