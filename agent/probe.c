/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/probe.h"

#include <stdlib.h>

#include "ovs/channel.h"
#include "agent/tunnel-words.h"
#include "model.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "ovs/ofswitch.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"

struct target {
    uint32_t location;
    uint64_t first;                 /* Counter of the first probe, or 0. */
    bool answered;
};

struct probe {
    uint32_t self;
    struct channel *channel;
    struct unixctl_conn **conns;    /* Who waits for the answer. */
    size_t n_conns;
    struct target *targets;
    size_t n_targets;
    size_t n_left_out;
    unsigned int n_attempts;
    long long int next;             /* Of the next attempt, time_msec(). */
};

struct probe *
probe_create(uint32_t self, struct channel *channel)
{
    struct probe *probe = xzalloc(sizeof *probe);

    probe->self = self;
    probe->channel = channel;
    return probe;
}

static void
clear(struct probe *probe)
{
    free(probe->conns);
    free(probe->targets);
    probe->conns = NULL;
    probe->targets = NULL;
    probe->n_conns = probe->n_targets = probe->n_left_out = 0;
}

void
probe_destroy(struct probe *probe)
{
    if (probe) {
        for (size_t i = 0; i < probe->n_conns; i++) {
            unixctl_command_reply_error(probe->conns[i],
                                        "the agent stops");
        }
        clear(probe);
        free(probe);
    }
}

static void
find_targets(struct probe *probe, const struct model *model, struct db *db)
{
    const struct host *self = model_host_at(model, probe->self);
    const struct host *host;

    if (!self) {
        return;
    }
    probe->targets = xcalloc(PROBE_MAX, sizeof *probe->targets);
    LIST_FOR_EACH (host, cloud_node, &self->cloud->hosts) {
        if (!hosts_have_tunnel(self, host)
            || !tunnel_words_alive(db, &host->row.uuid)) {
            continue;
        }
        if (probe->n_targets < PROBE_MAX) {
            probe->targets[probe->n_targets++] = (struct target) {
                .location = host_location(host),
            };
        } else {
            probe->n_left_out++;
        }
    }
}

void
probe_begin(struct probe *probe, const struct model *model, struct db *db,
            struct unixctl_conn *conn)
{
    probe->conns = xrealloc(probe->conns, ((probe->n_conns + 1)
                                           * sizeof *probe->conns));
    probe->conns[probe->n_conns++] = conn;
    if (probe->n_conns == 1) {
        find_targets(probe, model, db);
        probe->n_attempts = 0;
        probe->next = time_msec();
    }
}

static void
send_probes(struct probe *probe, struct ofswitch *sw)
{
    for (size_t i = 0; i < probe->n_targets; i++) {
        struct target *target = &probe->targets[i];
        if (!target->answered) {
            uint64_t counter = channel_send(probe->channel, sw,
                                            target->location, CONTROL_PROBE,
                                            NULL, 0);
            target->first = target->first ? target->first : counter;
        }
    }
    probe->n_attempts++;
    probe->next = time_msec() + PROBE_INTERVAL_MSEC;
}

static bool
all_have_answered(const struct probe *probe)
{
    for (size_t i = 0; i < probe->n_targets; i++) {
        if (!probe->targets[i].answered) {
            return false;
        }
    }
    return true;
}

static struct json *
target_to_json(const struct target *target, const struct host *self,
               const struct host *host)
{
    struct json *json = json_object_create();
    char *open = tunnel_words_open(self, host);

    json_object_put_string(json, "host", host->row.name);
    json_object_put_string(json, "open", open);
    json_object_put(json, "answered", json_boolean_create(target->answered));
    free(open);
    return json;
}

static void
reply(struct probe *probe, const struct model *model)
{
    const struct host *self = model_host_at(model, probe->self);
    struct json *json = json_object_create();
    struct json *hosts = json_array_create_empty();

    for (size_t i = 0; self && i < probe->n_targets; i++) {
        const struct host *host = model_host_at(model,
                                                probe->targets[i].location);
        if (host) {
            json_array_add(hosts, target_to_json(&probe->targets[i], self,
                                                 host));
        }
    }
    json_object_put(json, "hosts", hosts);
    json_object_put(json, "left-out", json_integer_create(probe->n_left_out));

    char *text = json_to_string(json, JSSF_PRETTY | JSSF_SORT);
    for (size_t i = 0; i < probe->n_conns; i++) {
        unixctl_command_reply(probe->conns[i], text);
    }
    free(text);
    json_destroy(json);
    clear(probe);
}

void
probe_run(struct probe *probe, const struct model *model, struct ofswitch *sw)
{
    if (!probe->n_conns) {
        return;
    }
    if (all_have_answered(probe)
        || (time_msec() >= probe->next
            && probe->n_attempts >= PROBE_ATTEMPTS)) {
        reply(probe, model);
    } else if (time_msec() >= probe->next) {
        send_probes(probe, sw);
    }
}

void
probe_wait(const struct probe *probe)
{
    if (probe->n_conns) {
        poll_timer_wait_until(probe->next);
    }
}

void
probe_receive(struct probe *probe, const struct control_frame *frame)
{
    struct control_reply answer;

    if (frame->kind != CONTROL_PROBE_REPLY) {
        return;
    }
    control_reply_get(frame, &answer);
    for (size_t i = 0; i < probe->n_targets; i++) {
        struct target *target = &probe->targets[i];
        if (target->location == frame->from && target->first
            && answer.counter >= target->first) {
            target->answered = true;
            poll_immediate_wake();
        }
    }
}
