/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/healer.h"

#include <stdlib.h>
#include <string.h>

#include "db-home.h"
#include "gateway/agent-link.h"
#include "gateway/bandwidth.h"
#include "gateway/checkpoint.h"
#include "gateway/delivery.h"
#include "gateway/partners.h"
#include "gateway/peers.h"
#include "gateway/plans.h"
#include "gateway/serving.h"
#include "handover.h"
#include "linkstate.h"
#include "model.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs/db.h"
#include "repair.h"
#include "timeval.h"
#include "tree-plan.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(healer);

/* An agent that has not said by then which gateway its host uses is one of
 * before, that does not say it. */
#define SAY_MSEC 2000

/* Repair comes to rest within so many steps at one moment. */
#define STEPS_MAX 8

struct healer {
    struct agent_link *link;
    struct delivery *delivery;
    bool greeted;                   /* The agent has told its state, */
    long long int greeted_at;       /* first at that time. */
    uint8_t ends[NETHV_CLOUD_FLOOD];    /* enum repair_end */
    uint32_t gateway;               /* That of the own cloud, as the agent says;
                                     * 0: it does not say. */
    bool stands_by;                 /* Another gateway serves the cloud. */
    bool knows_hosts;               /* The agent has said whether most hosts */
    bool serves;                    /* use this gateway. */
    struct partners *partners;
    unsigned int heard_seqno;       /* Of the database, for 'partners'. */

    struct peers *peers;
    struct bandwidth *bandwidth;
    struct repair *repair;          /* NULL until there is a plan. */
    uint32_t location;              /* Of this host. */
    uint8_t cloud;
    struct db_home home;            /* Where the database is. */
    struct plans plans;
    unsigned int db_seqno;          /* When they were read. */
    unsigned int installed;         /* Told to repair last. */

    long long int deadline;
};

static void on_state(void *, struct handover *);
static void on_ends(void *, const uint8_t ends[NETHV_CLOUD_FLOOD]);
static void on_gateway(void *, uint32_t location);
static void on_serves(void *, bool serves);
static void on_home(void *, const struct db_home *);
static void on_frame(void *, uint8_t cloud, const void *, size_t,
                     long long int usec);

static const struct agent_link_callbacks link_callbacks = {
    .state = on_state,
    .ends = on_ends,
    .gateway = on_gateway,
    .serves = on_serves,
    .home = on_home,
    .frame = on_frame,
};

struct healer *
healer_create(struct bandwidth *bandwidth)
{
    struct healer *h = xzalloc(sizeof *h);

    h->link = agent_link_create(&link_callbacks, h);
    h->delivery = delivery_create(h->link);
    h->partners = partners_create();
    h->peers = peers_create(h->link);
    h->bandwidth = bandwidth;
    h->deadline = LLONG_MAX;
    return h;
}

static void
stop(struct healer *h)
{
    repair_destroy(h->repair);
    h->repair = NULL;
    plans_uninit(&h->plans);
    h->deadline = LLONG_MAX;
}

void
healer_destroy(struct healer *h)
{
    if (h) {
        stop(h);
        peers_destroy(h->peers);
        partners_destroy(h->partners);
        delivery_destroy(h->delivery);
        agent_link_destroy(h->link);
        free(h);
    }
}

/* From the agent. */

/* The agent is there.  What it was told before this process began is what the
 * host forwards by; if it is only the agent that is new, that is what it has
 * kept of what this process has told. */
static void
on_state(void *h_, struct handover *handover)
{
    struct healer *h = h_;

    delivery_adopt(h->delivery, handover);
    h->greeted_at = h->greeted ? h->greeted_at : time_msec();
    h->greeted = true;
}

static void
on_ends(void *h_, const uint8_t ends[NETHV_CLOUD_FLOOD])
{
    struct healer *h = h_;

    memcpy(h->ends, ends, sizeof h->ends);
    for (int cloud = 1; h->repair && cloud <= NETHV_CLOUD_MAX; cloud++) {
        repair_set_end(h->repair, cloud, h->ends[cloud], time_msec());
    }
    VLOG_DBG("ends have changed");
}

static void
on_gateway(void *h_, uint32_t location)
{
    struct healer *h = h_;

    h->gateway = location;
}

static void
on_serves(void *h_, bool serves)
{
    struct healer *h = h_;

    h->knows_hosts = true;
    h->serves = serves;
    poll_immediate_wake();          /* To be written. */
}

static void
on_home(void *h_, const struct db_home *home)
{
    struct healer *h = h_;

    db_home_learn(&h->home, home);
}

static void
take_link_state(struct healer *h, const struct control_frame *frame)
{
    uint8_t cloud = nethv_location_cloud(frame->from);
    char *error = repair_receive(h->repair, cloud, frame->body,
                                 frame->body_len, time_msec());

    if (error) {
        VLOG_WARN("from cloud %u: %s", cloud, error);
        free(error);
    }
    VLOG_DBG("link state from cloud %u", cloud);
}

static void
on_frame(void *h_, uint8_t cloud, const void *data, size_t n,
         long long int usec)
{
    struct healer *h = h_;
    struct control_frame frame;

    if (!h->repair || !peers_read(h->peers, cloud, data, n, &frame)) {
        return;
    }
    if (frame.kind == CONTROL_LINK_STATE) {
        take_link_state(h, &frame);
    } else {
        bandwidth_receive(h->bandwidth, h->peers, &frame, usec);
    }
}

/* From the database. */

static void
adopt(struct healer *h, long long int now)
{
    const struct handover *handover = delivery_last(h->delivery);
    struct repair_slot slots[REPAIR_SLOTS];

    if (!handover) {
        return;
    }
    for (size_t i = 0; i < REPAIR_SLOTS; i++) {
        const struct handover_tree *tree = &handover->trees[i];
        slots[i].present = tree->number != 0;
        memcpy(slots[i].via, tree->via, sizeof slots[i].via);
    }
    repair_adopt(h->repair, slots, handover->stamp, now);
}

static void
start(struct healer *h, long long int now)
{
    h->repair = repair_create(h->cloud, now);
    adopt(h, now);
    for (int cloud = 1; cloud <= NETHV_CLOUD_MAX; cloud++) {
        if (h->ends[cloud] != REPAIR_END_ABSENT) {
            repair_set_end(h->repair, cloud, h->ends[cloud], now);
        }
    }
    h->db_seqno = 0;
    h->installed = 0;
    delivery_begin(h->delivery);
}

static void
set_plans(struct healer *h, struct plans *plans, long long int now)
{
    plans_uninit(&h->plans);
    h->plans = *plans;
    if (!h->repair) {
        start(h, now);
    }
    repair_set_plans(h->repair, &h->plans.current, &h->plans.next, now);
}

static void
update_candidates(struct healer *h, const struct model *model,
                  long long int now)
{
    struct tree_edge *edges;
    size_t n;

    tree_plan_candidates(model, NULL, &edges, &n);
    repair_set_candidates(h->repair, edges, n, now);
    free(edges);
}

/* Passes on where the database is: to gateways of other clouds, and by the agent
 * to those of the own one. */
static void
share_home(struct healer *h, long long int now)
{
    if (h->repair) {
        struct db_home home = repair_outcome(h->repair)->home;

        db_home_learn(&h->home, &home);
        if (db_home_learn(&home, &h->home)) {
            repair_set_home(h->repair, &home, now);
        }
    }
    agent_link_tell_home(h->link, &h->home);
}

/* Takes what the database says, or if that has never been there, what it said to
 * the process before this one. */
static void
update_plans(struct healer *h, struct db *db, const struct model *model,
             struct checkpoint *checkpoint, long long int now)
{
    struct plans plans;

    if (!db_is_complete(db)) {
        if (!h->repair && checkpoint_load(&plans, h->peers)) {
            VLOG_INFO("the database is away: going by plan %u of before",
                      plans.current.number);
            set_plans(h, &plans, now);
        }
        return;
    }
    peers_distrust(h->peers);
    if (h->repair && db_seqno(db) == h->db_seqno) {
        return;
    }
    if (plans_read(&plans, db, model)) {
        bool changed = !h->repair || !plans_equal(&plans, &h->plans);

        if (changed || checkpoint_is_stale(checkpoint)) {
            checkpoint_save(checkpoint, &plans);
        }
        if (changed) {
            set_plans(h, &plans, now);
        } else {
            plans_uninit(&plans);
        }
        update_candidates(h, model, now);
        h->db_seqno = db_seqno(db);
    }
}

/* To the agent, and by it to the gateways of other clouds. */

/* Sends what repair has to say. */
static void
send_messages(struct healer *h)
{
    struct repair_message message;

    while (repair_pop(h->repair, &message)) {
        peers_send(h->peers, message.to, CONTROL_LINK_STATE, message.data,
                   message.n);
    }
}

/* Tells partners which gateways serve, if the database may say anything new. */
static void
hear_serving(struct healer *h, struct db *db, const struct model *model)
{
    uint32_t serving[NETHV_CLOUD_FLOOD];

    if (db_is_complete(db) && db_seqno(db) != h->heard_seqno) {
        h->heard_seqno = db_seqno(db);
        serving_read(db, model, serving);
        partners_hear(h->partners, serving);
    }
}

/* Tells repair up to what outcome the switch forwards. */
static void
update_installed(struct healer *h, long long int now)
{
    unsigned int installed = delivery_installed(h->delivery);

    if (installed != h->installed) {
        h->installed = installed;
        VLOG_DBG("the switch has outcome %u", installed);
        repair_installed(h->repair, installed, now);
    }
}

static void
run_repair(struct healer *h)
{
    for (int i = 0; i < STEPS_MAX; i++) {
        long long int now = time_msec();

        update_installed(h, now);
        repair_run(h->repair, now);
        send_messages(h);
        h->deadline = repair_deadline(h->repair);
        if (h->deadline > now) {
            break;
        }
    }
}

static void
deliver(struct healer *h, const struct model *model, const struct host *self,
        struct relays *relays)
{
    long long int again = delivery_run(h->delivery, repair_outcome(h->repair),
                                       model, self, h->partners, relays,
                                       time_msec());

    h->deadline = MIN(h->deadline, again);
}

/* Another gateway serves the cloud.  The agent is told that there are no edges
 * and no trees, for it waits for that to be a host as others are, and to answer
 * their hellos.  The plan is kept, for when this one's turn comes. */
static void
stand_by(struct healer *h, struct db *db, const struct model *model,
         struct checkpoint *checkpoint)
{
    struct plans plans;

    stop(h);
    h->stands_by = true;
    delivery_clear(h->delivery);
    if (db_is_complete(db) && db_seqno(db) != h->db_seqno) {
        h->db_seqno = db_seqno(db);
        if (plans_read(&plans, db, model)) {
            checkpoint_save(checkpoint, &plans);
            plans_uninit(&plans);
        }
    }
}

/* Returns whether this gateway serves its cloud. */
static bool
is_active(const struct healer *h, const struct host *self)
{
    return (h->gateway ? h->gateway == h->location
            : !self || cloud_gateway(self->cloud) == self);
}

static void
set_location(struct healer *h, uint32_t location)
{
    stop(h);
    h->location = location;
    h->cloud = nethv_location_cloud(location);
}

void
healer_run(struct healer *h, struct db *db, struct model *model,
           uint32_t location, struct relays *relays,
           struct checkpoint *checkpoint)
{
    if (h->location != location) {
        set_location(h, location);
    }
    peers_set(h->peers, location, model);
    agent_link_run(h->link);
    share_home(h, time_msec());
    if (!h->greeted) {
        return;
    }
    const struct host *self = model_host_at(model, location);
    serving_mark(model, h->cloud, h->gateway);
    if (!is_active(h, self)) {
        if (h->gateway || time_msec() >= h->greeted_at + SAY_MSEC) {
            stand_by(h, db, model, checkpoint);
        }
        return;
    }
    h->stands_by = false;
    if (!h->repair && delivery_is_under_way(h->delivery)) {
        return;                 /* What rests begins when it is forgotten. */
    }
    hear_serving(h, db, model);
    partners_run(h->partners, model, h->cloud, h->ends,
                 delivery_last(h->delivery), delivery_is_done(h->delivery),
                 time_msec());
    update_plans(h, db, model, checkpoint, time_msec());
    if (h->repair) {
        run_repair(h);
        deliver(h, model, self, db_is_complete(db) ? relays : NULL);
    }
}

void
healer_set_reachable(struct healer *h, uint8_t cloud, bool reachable)
{
    if (h->repair) {
        repair_set_reachable(h->repair, cloud, reachable, time_msec());
        h->deadline = MIN(h->deadline, repair_deadline(h->repair));
    }
}

void
healer_wait(struct healer *h)
{
    agent_link_wait(h->link);
    if (h->repair) {
        poll_timer_wait_until(MIN(h->deadline,
                                  partners_deadline(h->partners)));
    } else if (h->greeted && !h->gateway
               && time_msec() < h->greeted_at + SAY_MSEC) {
        poll_timer_wait_until(h->greeted_at + SAY_MSEC);
    }
}

const struct repair_outcome *
healer_outcome(const struct healer *h)
{
    return h->repair ? repair_outcome(h->repair) : NULL;
}

bool
healer_stands_by(const struct healer *h)
{
    return h->stands_by;
}

bool
healer_knows_hosts(const struct healer *h)
{
    return h->knows_hosts;
}

bool
healer_serves(const struct healer *h)
{
    return h->serves;
}

void
healer_say_home(struct healer *h, const struct db_home *home)
{
    if (db_home_learn(&h->home, home)) {
        poll_immediate_wake();      /* For share_home(). */
    }
}

const struct db_home *
healer_home(const struct healer *h)
{
    return &h->home;
}

const struct linkstate *
healer_linkstate(const struct healer *h)
{
    return h->repair ? repair_linkstate(h->repair) : NULL;
}

const struct handover *
healer_handover(const struct healer *h)
{
    return delivery_last(h->delivery);
}

struct peers *
healer_peers(struct healer *h)
{
    return h->peers;
}

bool
healer_reaches(const struct healer *h, uint8_t cloud)
{
    return h->repair && h->ends[cloud] == REPAIR_END_UP;
}

bool
healer_has_agent(const struct healer *h)
{
    return agent_link_is_connected(h->link);
}
