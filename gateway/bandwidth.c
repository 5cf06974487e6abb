/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/bandwidth.h"

#include <stdlib.h>

#include "gateway/healer.h"
#include "gateway/peers.h"
#include "gauge.h"
#include "lib/nethv-idl.h"
#include "model.h"
#include "nethv/wire.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs/db.h"
#include "timeval.h"
#include "util.h"
#include "uuid.h"

VLOG_DEFINE_THIS_MODULE(bandwidth);

struct bandwidth {
    struct gauge_arrivals arrivals[NETHV_CLOUD_FLOOD];

    uint8_t cloud;                  /* Measured to, 0: none. */
    struct uuid link;               /* The row, */
    int64_t wanted;                 /* as it was. */
    struct gauge gauge;
    long long int rest;             /* Until then, */
    bool waiting;                   /* though there is something wanted. */
};

struct bandwidth *
bandwidth_create(void)
{
    return xzalloc(sizeof(struct bandwidth));
}

void
bandwidth_destroy(struct bandwidth *b)
{
    free(b);
}

static bool
is_a(const struct nethvrec_cloud_link *row, const struct host *self)
{
    return uuid_equals(&row->a->header_.uuid, &self->cloud->row.uuid);
}

/* Returns whether the gateway 'self' is the next that has to measure 'row'. */
static bool
is_due(const struct nethvrec_cloud_link *row, const struct host *self)
{
    bool a_done = row->a_bandwidth_done >= row->bandwidth_wanted;
    bool b_done = row->b_bandwidth_done >= row->bandwidth_wanted;

    return (is_a(row, self) ? !a_done
            : uuid_equals(&row->b->header_.uuid, &self->cloud->row.uuid)
              && a_done && !b_done);
}

static uint8_t
other_cloud(const struct nethvrec_cloud_link *row, const struct model *model,
            const struct host *self)
{
    const struct uuid *uuid = (is_a(row, self) ? &row->b->header_.uuid
                               : &row->a->header_.uuid);
    const struct model_row *other = model_find(model, MODEL_CLOUD, uuid);

    return other ? CONTAINER_OF(other, struct cloud, row)->id : 0;
}

static const struct nethvrec_cloud_link *
find_due(struct db *db, const struct host *self)
{
    const struct nethvrec_cloud_link *row;

    if (!ovsdb_idl_server_has_column(db_idl(db),
                                     &nethvrec_cloud_link_col_bandwidth_wanted)
        || !self || cloud_gateway(self->cloud) != self) {
        return NULL;
    }
    NETHVREC_CLOUD_LINK_FOR_EACH (row, db_idl(db)) {
        if (is_due(row, self)) {
            return row;
        }
    }
    return NULL;
}

static void
begin(struct bandwidth *b, const struct nethvrec_cloud_link *row,
      uint8_t cloud, bool reached)
{
    b->cloud = cloud;
    b->link = row->header_.uuid;
    b->wanted = row->bandwidth_wanted;
    gauge_begin(&b->gauge, time_msec());
    if (!reached) {
        b->gauge.state = GAUGE_VAIN;
    }
}

/* Writes what was found of 'row'. */
static void
write_result(const struct bandwidth *b, const struct nethvrec_cloud_link *row,
             const struct host *self)
{
    size_t n = b->gauge.state == GAUGE_DONE;
    double mbps = n ? gauge_mbps(&b->gauge) : 0;

    if (is_a(row, self)) {
        nethvrec_cloud_link_set_a_bandwidth(row, &mbps, n);
        nethvrec_cloud_link_set_a_bandwidth_time(row, time_wall());
        nethvrec_cloud_link_set_a_bandwidth_done(row, b->wanted);
    } else {
        nethvrec_cloud_link_set_b_bandwidth(row, &mbps, n);
        nethvrec_cloud_link_set_b_bandwidth_time(row, time_wall());
        nethvrec_cloud_link_set_b_bandwidth_done(row, b->wanted);
    }
    VLOG_INFO("bandwidth to cloud %u: %.1f Mbit/s%s, %u trains", b->cloud,
              mbps, n ? "" : " (none has come back)", b->gauge.n_trains);
}

/* Goes on with what is being measured. */
static void
run_gauge(struct bandwidth *b, struct db *db, const struct host *self,
          struct healer *healer, struct ovsdb_idl_txn *txn)
{
    const struct nethvrec_cloud_link *row
        = nethvrec_cloud_link_get_for_uuid(db_idl(db), &b->link);

    if (!row || !self) {
        b->cloud = 0;
        return;
    }
    if (gauge_run(&b->gauge, time_msec())) {
        peers_send_train(healer_peers(healer), b->cloud, b->gauge.train,
                         b->gauge.length);
    }
    if (b->gauge.state != GAUGE_RUNNING && txn) {
        write_result(b, row, self);
        b->cloud = 0;
        b->rest = (b->gauge.n_trains ? time_msec() + BANDWIDTH_REST_MSEC
                   : b->rest);
    }
}

void
bandwidth_run(struct bandwidth *b, struct db *db, const struct model *model,
              uint32_t location, struct healer *healer,
              struct ovsdb_idl_txn *txn)
{
    const struct host *self = model_host_at(model, location);

    b->waiting = false;
    if (!b->cloud) {
        const struct nethvrec_cloud_link *row = find_due(db, self);
        b->waiting = row && time_msec() < b->rest;
        if (row && !b->waiting) {
            uint8_t cloud = other_cloud(row, model, self);
            begin(b, row, cloud, healer_reaches(healer, cloud));
        }
    }
    if (b->cloud) {
        run_gauge(b, db, self, healer, txn);
    }
}

void
bandwidth_wait(const struct bandwidth *b)
{
    if (b->cloud && b->gauge.state == GAUGE_RUNNING) {
        poll_timer_wait_until(gauge_deadline(&b->gauge));
    } else if (b->waiting) {
        poll_timer_wait_until(b->rest);
    }
}

static void
answer(struct bandwidth *b, struct peers *peers,
       const struct control_frame *frame, long long int usec)
{
    uint8_t cloud = nethv_location_cloud(frame->from);
    uint8_t body[CONTROL_MARK_REPLY_LEN];
    struct control_mark_reply reply;
    struct control_mark mark;

    control_mark_get(frame, &mark);
    if (gauge_arrive(&b->arrivals[cloud], &mark, usec, &reply)) {
        control_mark_reply_put(&reply, body);
        peers_send(peers, cloud, CONTROL_MARK_REPLY, body, sizeof body);
    }
}

void
bandwidth_receive(struct bandwidth *b, struct peers *peers,
                  const struct control_frame *frame, long long int usec)
{
    struct control_mark_reply reply;

    if (frame->kind == CONTROL_MARK) {
        answer(b, peers, frame, usec);
    } else if (frame->kind == CONTROL_MARK_REPLY && b->cloud
               && nethv_location_cloud(frame->from) == b->cloud) {
        control_mark_reply_get(frame, &reply);
        VLOG_DBG("train of %u: %u marks in %u us", b->gauge.length,
                 reply.n_marks, reply.usec);
        gauge_take(&b->gauge, &reply, time_msec());
    }
}
