/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "repair-private.h"

#include <limits.h>
#include <stdlib.h>

#include "linkstate.h"
#include "util.h"

/* Opening tunnels that no plan has, when live edges do not join all clouds.
 *
 * All gateways that have the same view and candidates come to the same edges;
 * those that end at a gateway's own cloud it opens.  An edge that does not come
 * up in time is marked in the link state as failed, once more each time: edges
 * that have been tried less go first.  So all in a part go on to the next one.
 * Both sides of a cut do so, without hearing of each other; they leave open what
 * they have tried, and time grows, so that they meet. */

/* How long the parts must have been apart, and how long a plan's edge may take
 * to come up for the first time. */
#define OPEN_MSEC 1000
#define FIRST_UP_MSEC 30000

/* The first try; each one takes twice as long as the one before. */
#define TRY_MSEC 5000
#define TRY_DOUBLINGS_MAX 10

/* At most so many tunnels stay open while clouds are apart. */
#define OPENED_MAX 8

/* An opened tunnel without use is closed after that. */
#define CLOSE_MSEC 60000

#define NEVER LLONG_MAX

static bool
is_planned(const struct repair *repair, uint8_t a, uint8_t b)
{
    return (repair_plan_has(&repair->held, a, b)
            || repair_plan_has(&repair->next, a, b));
}

/* The parts are apart, but an edge of the plan has not had its time. */
static bool
is_coming_up(const struct repair *repair, const struct tree_edge *edge,
             long long int now)
{
    return (now - MAX(repair->held.since, repair->created) < FIRST_UP_MSEC
            && !linkstate_level(repair->linkstate, edge->a, edge->b));
}

/* Puts into 'ranked' what joins clouds now (rank 0), then candidates. */
static size_t
rank_candidates(const struct repair *repair, struct tree_ranked *ranked,
                long long int now)
{
    size_t n = 0;

    for (size_t i = 0; i < repair->view.tree.n; i++) {
        ranked[n++] = (struct tree_ranked) { repair->view.tree.edges[i], 0 };
    }
    for (size_t i = 0; i < repair->held.n; i++) {
        const struct tree_edge *edge = &repair->held.edges[i].edge;
        if (is_coming_up(repair, edge, now)) {
            ranked[n++] = (struct tree_ranked) { *edge, 0 };
        }
    }
    for (size_t i = 0; i < repair->n_candidates; i++) {
        const struct tree_edge *edge = &repair->candidates[i];
        if (edge->a < edge->b && edge->b <= NETHV_CLOUD_MAX
            && repair->view.part[edge->a] != repair->view.part[edge->b]
            && !is_planned(repair, edge->a, edge->b)) {
            uint32_t level = linkstate_level(repair->linkstate, edge->a,
                                             edge->b);
            ranked[n++] = (struct tree_ranked) { *edge, 1 + level };
        }
    }
    return n;
}

/* Sets '*wanted' to what should be opened, by whichever gateway. */
static void
find_wanted(const struct repair *repair, struct tree *wanted,
            long long int now)
{
    struct tree_ranked *ranked = xmalloc((TREE_EDGES_MAX + repair->held.n
                                          + repair->n_candidates)
                                         * sizeof *ranked);
    size_t n = rank_candidates(repair, ranked, now);
    size_t n_wanted = 0;

    tree_span(wanted, ranked, n);
    for (size_t i = 0; i < wanted->n; i++) {
        const struct tree_edge *edge = &wanted->edges[i];
        if (repair->view.part[edge->a] != repair->view.part[edge->b]
            && !is_planned(repair, edge->a, edge->b)) {
            wanted->edges[n_wanted++] = *edge;
        }
    }
    wanted->n = n_wanted;
    free(ranked);
}

/* Returns how often edges outside the plan have failed between parts. */
static unsigned int
count_tries(const struct repair *repair)
{
    size_t n;
    struct linkstate_edge *known = linkstate_edges(repair->linkstate, &n);
    unsigned int tries = 0;

    for (size_t i = 0; i < n; i++) {
        if (repair->view.part[known[i].a] != repair->view.part[known[i].b]
            && !is_planned(repair, known[i].a, known[i].b)) {
            tries += MIN(known[i].level / 2, TRY_DOUBLINGS_MAX);
        }
    }
    free(known);
    return MIN(tries, TRY_DOUBLINGS_MAX);
}

/* Opens the tunnel to 'peer', or waits for it, or gives this try up. */
static void
try_open(struct repair *repair, uint8_t peer, long long int now)
{
    struct repair_tunnel *tunnel = &repair->tunnels[peer];
    uint32_t level = linkstate_level(repair->linkstate, repair->self, peer);
    long long int end;

    if (!tunnel->opened || tunnel->tried == NEVER) {
        tunnel->opened = true;
        tunnel->tried = now;
    }
    tunnel->wanted = now;
    end = tunnel->tried + ((long long int) TRY_MSEC << count_tries(repair));
    if (now < end) {
        repair_due(repair, end);
        return;
    }
    tunnel->tried = NEVER;
    repair_say(repair, peer, level + 2 - level % 2);
    repair->deadline = now;
}

/* Returns whether the opened tunnel to 'peer' is of any use. */
static bool
has_use(const struct repair *repair, uint8_t peer)
{
    if (repair->view.part[peer] != repair->view.part[repair->self]) {
        return true;
    }
    for (size_t i = 0; i < repair->view.tree.n; i++) {
        const struct tree_edge *edge = &repair->view.tree.edges[i];
        if (edge->a == MIN(peer, repair->self)
            && edge->b == MAX(peer, repair->self)) {
            return true;
        }
    }
    return false;
}

/* Closes what has no use, and beyond OPENED_MAX what was wanted the longest
 * time ago. */
static void
close_unused(struct repair *repair, long long int now)
{
    struct repair_tunnel *oldest = NULL;
    size_t n_opened = 0;

    for (size_t peer = 1; peer <= NETHV_CLOUD_MAX; peer++) {
        struct repair_tunnel *tunnel = &repair->tunnels[peer];

        if (!tunnel->opened) {
            continue;
        }
        if (has_use(repair, peer)) {
            n_opened++;
            if (!oldest || tunnel->wanted < oldest->wanted) {
                oldest = tunnel;
            }
            tunnel->wanted = (repair->view.part[peer]
                              == repair->view.part[repair->self]
                              ? now : tunnel->wanted);
        } else if (now - tunnel->wanted >= CLOSE_MSEC
                   || is_planned(repair, repair->self, peer)) {
            tunnel->opened = false;
        } else {
            repair_due(repair, tunnel->wanted + CLOSE_MSEC);
        }
    }
    if (n_opened > OPENED_MAX && oldest->wanted < now) {
        oldest->opened = false;
    }
}

void
repair_run_open(struct repair *repair, long long int now)
{
    struct tree wanted;

    find_wanted(repair, &wanted, now);
    if (!wanted.n) {
        repair->apart = NEVER;
    } else if (repair->apart == NEVER) {
        repair->apart = now;
    }
    if (wanted.n && now - repair->apart < OPEN_MSEC) {
        repair_due(repair, repair->apart + OPEN_MSEC);
        wanted.n = 0;
    }
    for (size_t i = 0; i < wanted.n; i++) {
        const struct tree_edge *edge = &wanted.edges[i];
        if (edge->a == repair->self || edge->b == repair->self) {
            try_open(repair, edge->a == repair->self ? edge->b : edge->a, now);
        }
    }
    close_unused(repair, now);
    if (now - MAX(repair->held.since, repair->created) < FIRST_UP_MSEC) {
        repair_due(repair, MAX(repair->held.since, repair->created)
                           + FIRST_UP_MSEC);
    }
}
