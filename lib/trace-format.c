/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "trace.h"

#include <inttypes.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "packets.h"
#include "pipeline.h"
#include "util.h"

static void
format_head(const struct trace_step *step, struct ds *s)
{
    const char *name = pipeline_stage_name(step->table);

    switch (step->kind) {
    case TRACE_STEP_ENTER:
    case TRACE_STEP_ACTION:
        break;
    case TRACE_STEP_TABLE:
        ds_put_format(s, "%d", step->table);
        if (name) {
            ds_put_format(s, " %s", name);
        }
        ds_put_cstr(s, ": ");
        break;
    case TRACE_STEP_DETAIL:
    case TRACE_STEP_DELIVERED:
        ds_put_cstr(s, "-> ");
        break;
    case TRACE_STEP_ERROR:
        ds_put_cstr(s, "error: ");
        break;
    }
}

static void
format_steps(const struct ovs_list *steps, int indent, struct ds *s)
{
    const struct trace_step *step;

    LIST_FOR_EACH (step, node, steps) {
        ds_put_char_multiple(s, ' ', indent);
        format_head(step, s);
        ds_put_format(s, "%s\n", step->text);
        format_steps(&step->subs, indent + 4, s);
    }
}

static void
format_event(const struct trace_event *event, struct ds *s)
{
    if (event->kind == TRACE_EVENT_METER) {
        ds_put_format(s, "meter: %s, meter %"PRIu32"\n", event->host,
                      event->meter);
    } else {
        ds_put_format(s, "to the controller: %s, %"PRIuSIZE" bytes\n",
                      event->host, event->size);
    }
}

void
trace_format(const struct trace *trace, struct ds *s)
{
    format_steps(&trace->steps, 0, s);
    for (size_t i = 0; i < trace->n_deliveries; i++) {
        const struct trace_delivery *d = &trace->deliveries[i];

        ds_put_format(s, "delivered: %s, port %"PRIu32", %"PRIuSIZE" bytes, "
                      "after %u host%s\n", d->host, d->port, d->size,
                      d->n_hosts, d->n_hosts == 1 ? "" : "s");
    }
    for (size_t i = 0; i < trace->n_drops; i++) {
        const struct trace_drop *drop = &trace->drops[i];

        ds_put_format(s, "dropped: %s, the frame %s", drop->host, drop->text);
        if (drop->reason >= 0) {
            ds_put_format(s, " (%s)", pipeline_reason_name(drop->reason));
        }
        ds_put_char(s, '\n');
    }
    for (size_t i = 0; i < trace->n_events; i++) {
        format_event(&trace->events[i], s);
    }
    for (size_t i = 0; i < trace->n_errors; i++) {
        ds_put_format(s, "error: %s\n", trace->errors[i]);
    }
}

static struct json *
json_hex(const uint8_t *bytes, size_t n)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < n; i++) {
        ds_put_format(&s, "%02x", bytes[i]);
    }
    return json_string_create_nocopy(ds_steal_cstr(&s));
}

static struct json *
json_cookie(uint64_t cookie)
{
    return json_string_create_nocopy(xasprintf("%#"PRIx64, cookie));
}

static const char *
kind_name(enum trace_step_kind kind)
{
    switch (kind) {
    case TRACE_STEP_ENTER: return "enter";
    case TRACE_STEP_TABLE: return "table";
    case TRACE_STEP_ACTION: return "action";
    case TRACE_STEP_DETAIL: return "detail";
    case TRACE_STEP_DELIVERED: return "delivered";
    case TRACE_STEP_ERROR: return "error";
    }
    OVS_NOT_REACHED();
}

static struct json *
steps_to_json(const struct ovs_list *steps)
{
    struct json *array = json_array_create_empty();
    const struct trace_step *step;

    LIST_FOR_EACH (step, node, steps) {
        struct json *o = json_object_create();

        json_object_put_string(o, "kind", kind_name(step->kind));
        json_object_put_string(o, "host", step->host);
        json_object_put_string(o, "text", step->text);
        if (step->kind == TRACE_STEP_TABLE) {
            const char *name = pipeline_stage_name(step->table);

            json_object_put(o, "table", json_integer_create(step->table));
            if (name) {
                json_object_put_string(o, "stage", name);
            }
            json_object_put(o, "cookie", json_cookie(step->cookie));
        }
        if (!ovs_list_is_empty(&step->subs)) {
            json_object_put(o, "steps", steps_to_json(&step->subs));
        }
        json_array_add(array, o);
    }
    return array;
}

static struct json *
tunnel_to_json(const struct flow_tnl *tunnel)
{
    struct json *o = json_object_create();
    ovs_be32 option;

    memcpy(&option, tunnel->metadata.opts.u8, sizeof option);
    json_object_put(o, "id", json_cookie(ntohll(tunnel->tun_id)));
    json_object_put_format(o, "dst", IP_FMT, IP_ARGS(tunnel->ip_dst));
    json_object_put(o, "option", tunnel->metadata.present.map
                                 ? json_cookie(ntohl(option))
                                 : json_null_create());
    return o;
}

static struct json *
deliveries_to_json(const struct trace *trace)
{
    struct json *array = json_array_create_empty();

    for (size_t i = 0; i < trace->n_deliveries; i++) {
        const struct trace_delivery *d = &trace->deliveries[i];
        struct json *o = json_object_create();

        json_object_put_string(o, "host", d->host);
        json_object_put(o, "port", json_integer_create(d->port));
        json_object_put(o, "hosts", json_integer_create(d->n_hosts));
        json_object_put(o, "tunnel", tunnel_to_json(&d->tunnel));
        json_object_put(o, "frame", json_hex(d->frame, d->size));
        json_array_add(array, o);
    }
    return array;
}

static struct json *
drops_to_json(const struct trace *trace)
{
    struct json *array = json_array_create_empty();

    for (size_t i = 0; i < trace->n_drops; i++) {
        const struct trace_drop *drop = &trace->drops[i];
        struct json *o = json_object_create();

        json_object_put_string(o, "host", drop->host);
        if (drop->reason >= 0) {
            json_object_put_string(o, "reason",
                                   pipeline_reason_name(drop->reason));
        }
        json_object_put(o, "cookie", json_cookie(drop->cookie));
        json_object_put_string(o, "text", drop->text);
        json_array_add(array, o);
    }
    return array;
}

static struct json *
events_to_json(const struct trace *trace)
{
    struct json *array = json_array_create_empty();

    for (size_t i = 0; i < trace->n_events; i++) {
        const struct trace_event *event = &trace->events[i];
        struct json *o = json_object_create();

        json_object_put_string(o, "host", event->host);
        json_object_put(o, "cookie", json_cookie(event->cookie));
        if (event->kind == TRACE_EVENT_METER) {
            json_object_put_string(o, "kind", "meter");
            json_object_put(o, "meter", json_integer_create(event->meter));
        } else {
            json_object_put_string(o, "kind", "controller");
            json_object_put(o, "userdata", json_hex(event->userdata,
                                                    event->userdata_size));
            json_object_put(o, "frame", json_hex(event->frame, event->size));
        }
        json_array_add(array, o);
    }
    return array;
}

struct json *
trace_to_json(const struct trace *trace)
{
    struct json *o = json_object_create();
    struct json *errors = json_array_create_empty();

    for (size_t i = 0; i < trace->n_errors; i++) {
        json_array_add(errors, json_string_create(trace->errors[i]));
    }
    json_object_put(o, "steps", steps_to_json(&trace->steps));
    json_object_put(o, "delivered", deliveries_to_json(trace));
    json_object_put(o, "dropped", drops_to_json(trace));
    json_object_put(o, "events", events_to_json(trace));
    json_object_put(o, "errors", errors);
    return o;
}
