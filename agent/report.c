/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/report.h"

#include "agent/punts.h"
#include "lib/nethv-idl.h"
#include "model.h"
#include "nethv/wire.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "ovs/channel.h"
#include "ovs/db.h"
#include "ovs/ofswitch.h"
#include "ovs/vswitch.h"
#include "packets.h"
#include "pipeline.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"
#include "versions.h"

#define ASK_AHEAD_MSEC 500

struct report {
    long long int due;              /* time_msec() of the next heartbeat. */
    bool asked;                     /* For the counters that it is to have. */
    int64_t heartbeat;              /* 0 until the first is written. */
    uint64_t drops[DROP_N_REASONS];
    uint64_t control[CONTROL_N_VERDICTS];   /* CONTROL_IS_GOOD stays 0. */
};

struct report *
report_create(void)
{
    return xzalloc(sizeof(struct report));
}

void
report_destroy(struct report *report)
{
    free(report);
}

bool
report_is_due(const struct report *report)
{
    return time_msec() >= report->due;
}

/* The counters are asked for some time before they are to be written. */
static long long int
ask_time(const struct report *report)
{
    return report->due - ASK_AHEAD_MSEC;
}

void
report_run(struct report *report, struct ofswitch *sw,
           const struct punts *punts, const struct channel *channel)
{
    for (enum drop_reason reason = 0; reason < DROP_N_REASONS; reason++) {
        uint64_t dropped = punts_dropped(punts, reason);
        if (dropped != UINT64_MAX) {
            report->drops[reason] = dropped;
        }
    }
    for (int i = CONTROL_IS_GOOD + 1; i < CONTROL_N_VERDICTS; i++) {
        report->control[i] = channel_count(channel, i);
    }
    if (!report->asked && time_msec() >= ask_time(report)) {
        ofswitch_poll_table(sw, STAGE_DROP);
        report->asked = true;
    }
}

void
report_counts(struct report *report, const struct ofswitch_counts *counts)
{
    /* The compiler numbers the counters from 1 in their cookies' last byte. */
    uint8_t reason = (counts->cookie & 0xff) - 1;

    if (counts->table == STAGE_DROP && reason < DROP_N_REASONS
        && reason != DROP_TOO_BIG && reason != DROP_BAD_REQUEST) {
        report->drops[reason] = counts->n_packets;
    }
}

void
report_wait(const struct report *report)
{
    /* Once it is due, what it waits for is the database. */
    if (!report->asked) {
        poll_timer_wait_until(ask_time(report));
    } else if (!report_is_due(report)) {
        poll_timer_wait_until(report->due);
    }
}

static const struct nethvrec_host_report *
find_report(struct db *db, const struct uuid *host)
{
    const struct nethvrec_host_report *row;

    NETHVREC_HOST_REPORT_FOR_EACH (row, db_idl(db)) {
        if (uuid_equals(&row->host, host)) {
            return row;
        }
    }
    return NULL;
}

static void
write_encaps(const struct nethvrec_host_state *state, unsigned int encaps)
{
    const char *names[ENCAP_N];
    size_t n = encaps_to_names(encaps, names);

    if (encaps_from_names(state->encaps, state->n_encaps) != encaps) {
        nethvrec_host_state_set_encaps(state, names, n);
    }
}

static void
write_identity(const struct nethvrec_host_state *state,
               const struct model *model, const struct vswitch_config *config)
{
    uint32_t location = nethv_location(config->cloud_id, config->host_id, 0);
    const struct cloud *cloud = model_cloud_by_id(model, config->cloud_id);
    struct ds ip = DS_EMPTY_INITIALIZER;

    ipv6_format_mapped(&config->encap_ip, &ip);
    if (strcmp(state->encap_ip, ds_cstr(&ip))) {
        nethvrec_host_state_set_encap_ip(state, ds_cstr(&ip));
    }
    ds_destroy(&ip);
    if (state->location != location) {
        nethvrec_host_state_set_location(state, location);
    }
    if (cloud && !uuid_equals(&state->cloud, &cloud->row.uuid)) {
        nethvrec_host_state_set_cloud(state, cloud->row.uuid);
    }
    write_encaps(state, cloud && cloud->encaps ? cloud->encaps : ENCAP_ALL);
    if (strcmp(state->datapath, config->datapath ? config->datapath : "")) {
        nethvrec_host_state_set_datapath(state, config->datapath
                                                ? config->datapath : "");
    }
    if (strcmp(state->version, versions.package)) {
        nethvrec_host_state_set_version(state, versions.package);
    }
    int64_t mtu = model_endpoint_mtu(model);
    if (state->mtu != mtu) {
        nethvrec_host_state_set_mtu(state, mtu);
    }
}

/* Names and values for Host_Report.statistics. */
#define N_STATISTICS (DROP_N_REASONS + CONTROL_N_VERDICTS + 4)
struct statistics {
    char text[N_STATISTICS][32];
    const char *names[N_STATISTICS];
    int64_t values[N_STATISTICS];
    size_t n;
};

static void
statistics_add(struct statistics *s, const char *kind, const char *name,
               uint64_t value)
{
    snprintf(s->text[s->n], sizeof s->text[s->n], "%s-%s", kind, name);
    s->names[s->n] = s->text[s->n];
    s->values[s->n++] = MIN(value, INT64_MAX);
}

static void
statistics_add_counters(struct statistics *s, const struct report *report)
{
    for (enum drop_reason i = 0; i < DROP_N_REASONS; i++) {
        if (report->drops[i]) {
            statistics_add(s, "drop", pipeline_reason_name(i),
                           report->drops[i]);
        }
    }
    for (enum control_verdict i = 0; i < CONTROL_N_VERDICTS; i++) {
        if (report->control[i]) {
            statistics_add(s, "control", control_verdict_name(i),
                           report->control[i]);
        }
    }
}

static void
write_heartbeat(struct report *report, const struct vswitch_counters *traffic,
                const struct nethvrec_host_report *row)
{
    struct statistics s = { .n = 0 };

    statistics_add(&s, "endpoint", "tx-packets", traffic->rx_packets);
    statistics_add(&s, "endpoint", "tx-bytes", traffic->rx_bytes);
    statistics_add(&s, "endpoint", "rx-packets", traffic->tx_packets);
    statistics_add(&s, "endpoint", "rx-bytes", traffic->tx_bytes);
    statistics_add_counters(&s, report);
    nethvrec_host_report_set_statistics(row, s.names, s.values, s.n);
    report->heartbeat = row->heartbeat + 1;
    nethvrec_host_report_set_heartbeat(row, report->heartbeat);
    report->due = time_msec() + REPORT_INTERVAL_MSEC;
    report->asked = false;
}

/* The column is sorted, as all sets are. */
static void
write_problems(const struct nethvrec_host_report *row,
               const struct svec *problems)
{
    bool same = row->n_problems == problems->n;

    for (size_t i = 0; same && i < problems->n; i++) {
        same = !strcmp(row->problems[i], problems->names[i]);
    }
    if (!same) {
        nethvrec_host_report_set_problems(
            row, (const char **) problems->names, problems->n);
    }
}

void
report_write(struct report *report, struct db *db, const struct model *model,
             const struct vswitch_config *config,
             const struct vswitch_counters *traffic,
             const struct svec *problems, struct ovsdb_idl_txn *txn)
{
    const struct nethvrec_host *self = db_self(db);
    const struct nethvrec_host_state *state
        = db_host_state(db, &self->header_.uuid);
    const struct nethvrec_host_report *row
        = find_report(db, &self->header_.uuid);

    if (!state) {
        const struct cloud *cloud = model_cloud_by_id(model, config->cloud_id);
        if (!cloud) {
            return;
        }
        state = nethvrec_host_state_insert(txn);
        nethvrec_host_state_set_host(state, self->header_.uuid);
        nethvrec_host_state_set_alive(state, true);
    }
    write_identity(state, model, config);
    if (!row) {
        row = nethvrec_host_report_insert(txn);
        nethvrec_host_report_set_host(row, self->header_.uuid);
    }
    write_problems(row, problems);
    if (report_is_due(report)) {
        write_heartbeat(report, traffic, row);
    }
}

void
report_write_wire(struct db *db, bool current)
{
    const struct nethvrec_host_state *state
        = db_host_state(db, &db_self(db)->header_.uuid);

    /* The database may be of an older version. */
    if (!state || !nethvrec_server_has_host_state_table_col_wire(db_idl(db))) {
        return;
    }
    int64_t wire = (current ? versions.wire.newest
                    : MIN(state->wire, versions.wire.newest));
    if (state->wire != wire) {
        nethvrec_host_state_set_wire(state, wire);
    }
}

struct json *
report_drops_to_json(const struct report *report)
{
    struct json *json = json_object_create();

    for (enum drop_reason i = 0; i < DROP_N_REASONS; i++) {
        json_object_put(json, pipeline_reason_name(i),
                        json_integer_create(report->drops[i]));
    }
    return json;
}
