/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "trace.h"

#include "dp-packet.h"
#include "openvswitch/dynamic-string.h"
#include "trace-walk.h"
#include "util.h"

#define DEFAULT_MAX_HOSTS 64
#define DEFAULT_MAX_FRAMES 100000

/* A frame's visit to a host. */
struct visit {
    struct ovs_list node;       /* In run->waiting or run->done. */
    const struct visit *from;   /* The visit before, NULL for the first. */
    unsigned int n_hosts;       /* Visits up to this one. */
    struct trace_input in;
    struct walk_packet *packet;
    struct ovs_list *steps;     /* Where it is told, or NULL. */
};

struct run {
    struct trace *trace;
    const struct trace_options *options;
    unsigned int max_hosts, max_frames;
    struct ovs_list waiting;    /* struct visit. */
    struct ovs_list done;       /* struct visit, kept for their 'from'. */
};

static struct trace_delivery *
add_delivery(struct trace *trace)
{
    struct trace_delivery *delivery;

    if (trace->n_deliveries >= trace->allocated_deliveries) {
        trace->deliveries = x2nrealloc(trace->deliveries,
                                       &trace->allocated_deliveries,
                                       sizeof *trace->deliveries);
    }
    delivery = &trace->deliveries[trace->n_deliveries++];
    memset(delivery, 0, sizeof *delivery);
    return delivery;
}

struct trace_drop *
trace_add_drop(struct trace *trace)
{
    struct trace_drop *drop;

    if (trace->n_drops >= trace->allocated_drops) {
        trace->drops = x2nrealloc(trace->drops, &trace->allocated_drops,
                                  sizeof *trace->drops);
    }
    drop = &trace->drops[trace->n_drops++];
    memset(drop, 0, sizeof *drop);
    return drop;
}

struct trace_event *
trace_add_event(struct trace *trace)
{
    struct trace_event *event;

    if (trace->n_events >= trace->allocated_events) {
        trace->events = x2nrealloc(trace->events, &trace->allocated_events,
                                   sizeof *trace->events);
    }
    event = &trace->events[trace->n_events++];
    memset(event, 0, sizeof *event);
    return event;
}

void
trace_add_error(struct trace *trace, char *text)
{
    if (trace->n_errors >= trace->allocated_errors) {
        trace->errors = x2nrealloc(trace->errors, &trace->allocated_errors,
                                   sizeof *trace->errors);
    }
    trace->errors[trace->n_errors++] = text;
}

void
trace_truncate_events(struct trace *trace, size_t n)
{
    while (trace->n_events > n) {
        struct trace_event *event = &trace->events[--trace->n_events];

        free(event->host);
        free(event->userdata);
        free(event->frame);
    }
}

void
trace_truncate_drops(struct trace *trace, size_t n)
{
    while (trace->n_drops > n) {
        struct trace_drop *drop = &trace->drops[--trace->n_drops];

        free(drop->host);
        free(drop->text);
    }
}

static void
steps_destroy(struct ovs_list *steps)
{
    struct trace_step *step;

    LIST_FOR_EACH_POP (step, node, steps) {
        steps_destroy(&step->subs);
        free(step->host);
        free(step->text);
        free(step);
    }
}

void
trace_destroy(struct trace *trace)
{
    if (!trace) {
        return;
    }
    steps_destroy(&trace->steps);
    for (size_t i = 0; i < trace->n_deliveries; i++) {
        free(trace->deliveries[i].host);
        free(trace->deliveries[i].frame);
    }
    free(trace->deliveries);
    trace_truncate_drops(trace, 0);
    free(trace->drops);
    trace_truncate_events(trace, 0);
    free(trace->events);
    for (size_t i = 0; i < trace->n_errors; i++) {
        free(trace->errors[i]);
    }
    free(trace->errors);
    free(trace);
}

static void
add_visit(struct run *run, const struct visit *from,
          const struct trace_input *in, struct walk_packet *packet,
          struct ovs_list *steps)
{
    struct visit *visit = xmalloc(sizeof *visit);

    visit->from = from;
    visit->n_hosts = from ? from->n_hosts + 1 : 1;
    visit->in = *in;
    visit->packet = walk_packet_ref(packet);
    visit->steps = steps;
    ovs_list_push_back(&run->waiting, &visit->node);
}

static void
format_way(const struct visit *visit, struct ds *s)
{
    if (visit->from) {
        format_way(visit->from, s);
        ds_put_cstr(s, " > ");
    }
    ds_put_cstr(s, trace_host_name(visit->in.host));
}

static void
report_loop(struct run *run, const struct visit *visit)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    ds_put_format(&s, "a frame visits more than %u hosts, it seems to go "
                  "round in circles: ", run->max_hosts);
    format_way(visit, &s);
    trace_add_error(run->trace, ds_steal_cstr(&s));
}

static void
deliver(struct run *run, const struct visit *visit,
        const struct walk_output *output)
{
    struct trace_delivery *delivery = add_delivery(run->trace);
    const struct dp_packet *packet = output->packet->packet;

    delivery->host = xstrdup(trace_host_name(visit->in.host));
    delivery->port = output->port;
    delivery->n_hosts = visit->n_hosts;
    delivery->tunnel = output->tunnel;
    delivery->tunnel.metadata.tab = NULL;
    delivery->size = dp_packet_size(packet);
    delivery->frame = xmemdup(dp_packet_data(packet), delivery->size);
    if (output->steps) {
        trace_step_create(output->steps, TRACE_STEP_DELIVERED, delivery->host,
                          xasprintf("delivered to port %"PRIu32,
                                    output->port))->port = output->port;
    }
}

/* Takes 'why' over. */
static void
lose(struct run *run, const struct visit *visit,
     const struct walk_output *output, char *why)
{
    struct trace_drop *drop = trace_add_drop(run->trace);

    drop->host = xstrdup(trace_host_name(visit->in.host));
    drop->reason = -1;
    drop->text = why ? why : xasprintf("left by port %"PRIu32", which leads "
                                       "nowhere", output->port);
    if (output->steps) {
        trace_step_create(output->steps, TRACE_STEP_DETAIL, drop->host,
                          xasprintf("lost: %s", drop->text));
    }
}

static void
lead_on(struct run *run, const struct visit *visit, const struct walk *walk,
        const struct walk_output *output)
{
    const struct trace_output out = {
        .host = visit->in.host,
        .port = output->port,
        .tunnel = &output->tunnel,
        .arrived = &walk->arrived,
        .frame = dp_packet_data(output->packet->packet),
        .size = dp_packet_size(output->packet->packet),
    };
    struct trace_input in;
    char *why = NULL;

    memset(&in, 0, sizeof in);
    switch (run->options->next
            ? run->options->next(run->options->aux, &out, &in, &why)
            : TRACE_DELIVERED) {
    case TRACE_DELIVERED:
        deliver(run, visit, output);
        break;
    case TRACE_TO_HOST:
        if (visit->n_hosts >= run->max_hosts) {
            report_loop(run, visit);
        } else {
            add_visit(run, visit, &in, output->packet, output->steps);
        }
        break;
    case TRACE_LOST:
        lose(run, visit, output, why);
        break;
    }
}

static struct ovs_list *
tell_visit(const struct visit *visit)
{
    struct trace_step *step;
    struct ds s = DS_EMPTY_INITIALIZER;

    if (!visit->steps) {
        return NULL;
    }
    ds_put_format(&s, "enters %s by port %"PRIu32,
                  trace_host_name(visit->in.host), visit->in.port);
    if (flow_tnl_dst_is_set(&visit->in.tunnel)) {
        ds_put_format(&s, " with key %#"PRIx64" from "IP_FMT,
                      ntohll(visit->in.tunnel.tun_id),
                      IP_ARGS(visit->in.tunnel.ip_src));
    }
    step = trace_step_create(visit->steps, TRACE_STEP_ENTER,
                             trace_host_name(visit->in.host),
                             ds_steal_cstr(&s));
    return &step->subs;
}

static void
run_visit(struct run *run, const struct visit *visit)
{
    struct walk walk;

    run->trace->n_frames++;
    walk_init(&walk, run->trace, &visit->in, visit->packet,
              tell_visit(visit));
    walk_run(&walk);
    for (size_t i = 0; i < walk.n_outputs; i++) {
        lead_on(run, visit, &walk, &walk.outputs[i]);
    }
    walk_uninit(&walk);
}

static void
visits_destroy(struct ovs_list *visits)
{
    struct visit *visit;

    LIST_FOR_EACH_POP (visit, node, visits) {
        walk_packet_unref(visit->packet);
        free(visit);
    }
}

struct trace *
trace_run(const struct trace_input *in, const void *frame, size_t size,
          const struct trace_options *options)
{
    struct trace *trace = xzalloc(sizeof *trace);
    struct run run = {
        .trace = trace,
        .options = options,
        .max_hosts = options->max_hosts ? options->max_hosts
                                        : DEFAULT_MAX_HOSTS,
        .max_frames = options->max_frames ? options->max_frames
                                          : DEFAULT_MAX_FRAMES,
        .waiting = OVS_LIST_INITIALIZER(&run.waiting),
        .done = OVS_LIST_INITIALIZER(&run.done),
    };
    struct walk_packet *packet = walk_packet_create(frame, size);

    ovs_list_init(&trace->steps);
    add_visit(&run, NULL, in, packet, options->steps ? &trace->steps : NULL);
    walk_packet_unref(packet);
    while (!ovs_list_is_empty(&run.waiting)) {
        struct ovs_list *first = ovs_list_pop_front(&run.waiting);

        if (trace->n_frames >= run.max_frames) {
            trace_add_error(trace, xasprintf("over %u frames under way: given "
                                             "up", run.max_frames));
            ovs_list_push_back(&run.done, first);
            break;
        }
        ovs_list_push_back(&run.done, first);
        run_visit(&run, CONTAINER_OF(first, struct visit, node));
    }
    visits_destroy(&run.waiting);
    visits_destroy(&run.done);
    return trace;
}
