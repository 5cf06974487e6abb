/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "repair-private.h"

#include <string.h>

#include "linkstate.h"
#include "util.h"

/* What has failed, and what it says of clouds.
 *
 * The first that is known of a failure is one end's word.  A cloud that lives
 * tells of its end too, be it only that it has heard; so the end that is silent
 * may be of a cloud that has died, of which all other edges are about to fail.
 * Whoever passes that cloud by at once is right in either case, and need not
 * wait for the word of its other neighbours.
 *
 * Where the cloud lives, both ends may see the failure before they hear of each
 * other, and pass each other by: then there are two trees for a while, in two
 * slots, and all gateways have both.  When both ends have told, the shorter of
 * the two is the one to stay.
 *
 * When another edge of the same cloud fails, the tree still goes around that
 * cloud, in a third slot: it may have to hang on by another edge. */

/* A cloud's failed edges count up to that. */
#define ENOUGH 3

bool
repair_has_failed(uint32_t level)
{
    return level && !linkstate_level_is_up(level);
}

static bool
has_told(const struct repair *repair, uint8_t at, uint8_t to, uint32_t level)
{
    return linkstate_end(repair->linkstate, at, to).counter >= level;
}

static void
add_failure(const struct repair *repair, const struct repair_edge *failed,
            uint32_t level, struct repair_failures *failures)
{
    uint8_t a = failed->edge.a, b = failed->edge.b;
    bool a_told = has_told(repair, a, b, level);
    bool b_told = has_told(repair, b, a, level);

    failures->n++;
    failures->of[a]++;
    failures->of[b]++;
    if (failed->role == REPAIR_TREE) {
        failures->tree++;
        failures->lost[a]++;
        failures->lost[b]++;
        failures->silent[a] |= !a_told;
        failures->silent[b] |= !b_told;
    } else {
        failures->sure += a_told && b_told;
    }
}

/* One edge of the tree has failed: its ends are those that have lost one. */
static void
judge_edge(struct repair_failures *failures)
{
    for (size_t cloud = 1; cloud < NETHV_CLOUD_FLOOD; cloud++) {
        if (!failures->lost[cloud]) {
            continue;
        }
        if (!failures->around || failures->silent[cloud]) {
            failures->other = failures->around;
            failures->around = cloud;
        } else {
            failures->other = cloud;
        }
    }
    failures->open = !failures->silent[failures->around];
}

/* Several have failed: if all are edges of one cloud, that is passed by, dead
 * or not. */
static void
judge_cloud(struct repair_failures *failures)
{
    for (size_t cloud = 1; cloud < NETHV_CLOUD_FLOOD; cloud++) {
        if (failures->lost[cloud] == failures->tree) {
            failures->around = cloud;
        }
    }
}

void
repair_find_failures(const struct repair *repair,
                     const struct repair_held *plan,
                     struct repair_failures *failures)
{
    memset(failures, 0, sizeof *failures);
    for (size_t i = 0; i < plan->n; i++) {
        const struct repair_edge *edge = &plan->edges[i];
        uint32_t level = linkstate_level(repair->linkstate, edge->edge.a,
                                         edge->edge.b);
        if (repair_has_failed(level)) {
            add_failure(repair, edge, level, failures);
        }
    }
    if (!failures->sure && failures->tree == 1) {
        judge_edge(failures);
    } else if (!failures->sure && failures->tree > 1) {
        judge_cloud(failures);
    }
}

/* Returns how much a plan has suffered, for its number: not at all while its
 * tree is whole.  Beyond ENOUGH, failed edges of one cloud do not count: it is
 * passed by, and trees differ in the way to itself only. */
unsigned int
repair_count_failures(const struct repair_failures *failures)
{
    unsigned int n = failures->n;

    if (!failures->tree) {
        return 0;
    }
    for (size_t cloud = 1; cloud < NETHV_CLOUD_FLOOD; cloud++) {
        unsigned int beyond = MAX(failures->of[cloud], ENOUGH) - ENOUGH;
        n -= MIN(beyond, n - 1);
    }
    return n;
}
