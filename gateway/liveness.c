/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/liveness.h"

#include "lib/nethv-idl.h"
#include "openvswitch/hmap.h"
#include "openvswitch/vlog.h"
#include "ovs/db.h"
#include "timeval.h"
#include "util.h"
#include "uuid.h"

VLOG_DEFINE_THIS_MODULE(liveness);

/* An agent beats every 10 s; three misses and some slack. */
#define DEAD_MSEC 35000

struct pulse {
    struct hmap_node node;          /* In liveness->pulses by 'host'. */
    struct uuid host;
    int64_t heartbeat;
    long long int deadline;
    bool seen;
};

struct liveness {
    struct hmap pulses;
    long long int deadline;
};

struct liveness *
liveness_create(void)
{
    struct liveness *liveness = xmalloc(sizeof *liveness);

    hmap_init(&liveness->pulses);
    liveness->deadline = LLONG_MAX;
    return liveness;
}

void
liveness_destroy(struct liveness *liveness)
{
    struct pulse *pulse;

    if (liveness) {
        HMAP_FOR_EACH_POP (pulse, node, &liveness->pulses) {
            free(pulse);
        }
        hmap_destroy(&liveness->pulses);
        free(liveness);
    }
}

static struct pulse *
pulse_find(const struct liveness *liveness, const struct uuid *host)
{
    struct pulse *pulse;

    HMAP_FOR_EACH_WITH_HASH (pulse, node, uuid_hash(host),
                             &liveness->pulses) {
        if (uuid_equals(&pulse->host, host)) {
            return pulse;
        }
    }
    return NULL;
}

/* A host that is new to this judge gets the full time. */
static struct pulse *
pulse_get(struct liveness *liveness, const struct uuid *host,
          long long int now)
{
    struct pulse *pulse = pulse_find(liveness, host);

    if (!pulse) {
        pulse = xmalloc(sizeof *pulse);
        *pulse = (struct pulse) { .host = *host, .deadline = now + DEAD_MSEC };
        hmap_insert(&liveness->pulses, &pulse->node, uuid_hash(host));
    }
    return pulse;
}

/* Forgets the hosts that 'db' does not have any more, and feels the pulses of
 * those that it has. */
static void
feel_pulses(struct liveness *liveness, struct db *db, long long int now)
{
    const struct nethvrec_host_state *state;
    const struct nethvrec_host_report *report;
    struct pulse *pulse;

    HMAP_FOR_EACH (pulse, node, &liveness->pulses) {
        pulse->seen = false;
    }
    NETHVREC_HOST_STATE_FOR_EACH (state, db_idl(db)) {
        pulse_get(liveness, &state->host, now)->seen = true;
    }
    NETHVREC_HOST_REPORT_FOR_EACH (report, db_idl(db)) {
        pulse = pulse_find(liveness, &report->host);
        if (pulse && pulse->heartbeat != report->heartbeat) {
            pulse->heartbeat = report->heartbeat;
            pulse->deadline = now + DEAD_MSEC;
        }
    }
    HMAP_FOR_EACH_SAFE (pulse, node, &liveness->pulses) {
        if (!pulse->seen) {
            hmap_remove(&liveness->pulses, &pulse->node);
            free(pulse);
        }
    }
}

static bool
judged_alive(const struct liveness *liveness, const struct uuid *host,
             long long int now)
{
    const struct pulse *pulse = pulse_find(liveness, host);
    return pulse && now < pulse->deadline;
}

bool
liveness_update(struct liveness *liveness, struct db *db, long long int now)
{
    const struct nethvrec_host_state *state;
    struct pulse *pulse;
    bool changed = false;

    feel_pulses(liveness, db, now);
    liveness->deadline = LLONG_MAX;
    NETHVREC_HOST_STATE_FOR_EACH (state, db_idl(db)) {
        changed |= state->alive != judged_alive(liveness, &state->host, now);
    }
    HMAP_FOR_EACH (pulse, node, &liveness->pulses) {
        if (now < pulse->deadline) {
            liveness->deadline = MIN(liveness->deadline, pulse->deadline);
        }
    }
    return changed;
}

void
liveness_write(struct liveness *liveness, struct db *db)
{
    const struct nethvrec_host_state *state;

    NETHVREC_HOST_STATE_FOR_EACH (state, db_idl(db)) {
        bool alive = judged_alive(liveness, &state->host, time_msec());
        if (state->alive != alive) {
            VLOG_INFO("host "UUID_FMT" is %s", UUID_ARGS(&state->host),
                      alive ? "alive" : "dead: no heartbeat");
            nethvrec_host_state_set_alive(state, alive);
        }
    }
}

long long int
liveness_deadline(const struct liveness *liveness)
{
    return liveness->deadline;
}
