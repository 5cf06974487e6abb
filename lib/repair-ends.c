/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "repair-private.h"

#include "linkstate.h"
#include "spread.h"
#include "util.h"

/* From the own tunnels to the own ends in the link state. */

/* A tunnel that has failed must work as long before it is said to. */
#define HOLD_MSEC 1000
#define HOLD_MAX_MSEC 60000

/* A tunnel that has worked as long is not one that flaps. */
#define STEADY_MSEC 60000

/* After the start, a tunnel that nobody has told of is none. */
#define TOLD_MSEC 5000

static long long int
hold_time(const struct repair *repair, uint8_t peer, uint32_t level)
{
    const struct repair_tunnel *tunnel = &repair->tunnels[peer];
    bool joins = repair->view.part[peer] != repair->view.part[repair->self];

    /* A tunnel that never worked is not held back.  One that joins what nothing
     * else does is worth having even if it flaps. */
    return (!level ? 0
            : joins ? (tunnel->flaps > 1 ? HOLD_MSEC : 0)
            : MIN(HOLD_MSEC << tunnel->flaps, HOLD_MAX_MSEC));
}

void
repair_set_end(struct repair *repair, uint8_t peer, enum repair_end state,
               long long int now)
{
    struct repair_tunnel *tunnel = &repair->tunnels[peer];

    if (!peer || peer > NETHV_CLOUD_MAX || peer == repair->self
        || (tunnel->told && tunnel->state == state)) {
        return;
    }
    if (tunnel->told && tunnel->state == REPAIR_END_UP) {
        bool steady = now - tunnel->since >= STEADY_MSEC;
        tunnel->flaps = steady ? 0 : MIN(tunnel->flaps + 1, 6);
    }
    tunnel->told = true;
    tunnel->state = state;
    tunnel->since = now;
    repair->deadline = now;
    spread_set_live(repair->spread, peer, state == REPAIR_END_UP, now);
}

/* Whatever the own tunnel does: that the other end has found it failing is told
 * as well, since it shows that this cloud lives. */
static void
run_end(struct repair *repair, uint8_t peer, long long int now)
{
    const struct repair_tunnel *tunnel = &repair->tunnels[peer];
    uint32_t level = linkstate_level(repair->linkstate, repair->self, peer);
    uint32_t said = linkstate_end(repair->linkstate, repair->self,
                                  peer).counter;
    bool up = tunnel->told && tunnel->state == REPAIR_END_UP;
    long long int when;

    if (repair_has_failed(level) && said < level) {
        repair_say(repair, peer, level);
        said = level;
    }
    if (up == linkstate_level_is_up(level)
        || said > level) {
        return;
    }
    when = (up ? tunnel->since + hold_time(repair, peer, level)
            : tunnel->told ? now : repair->created + TOLD_MSEC);
    if (now >= when) {
        repair_say(repair, peer, level + 1);
    } else {
        repair_due(repair, when);
    }
}

void
repair_run_ends(struct repair *repair, long long int now)
{
    for (size_t peer = 1; peer <= NETHV_CLOUD_MAX; peer++) {
        if (peer != repair->self) {
            run_end(repair, peer, now);
        }
    }
}
