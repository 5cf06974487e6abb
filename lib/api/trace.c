/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "nethv/trace.h"

#include <stdlib.h>

#include "api/private.h"
#include "compile/compile.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "flow.h"
#include "packets.h"
#include "rule.h"
#include "trace-fabric.h"
#include "trace.h"
#include "util.h"

struct nethv_trace_fabric {
    struct trace_fabric *fabric;
    struct ovs_list hosts;          /* struct nethv_trace_host. */
};

struct nethv_trace_host {
    struct ovs_list fabric_node;    /* In fabric->hosts. */
    struct ovs_list rules_node;     /* In rules->viewers. */
    struct nethv_trace_fabric *fabric;
    struct nethv_rules *rules;
    struct trace_host *host;
    bool attached;                  /* Has an index of the rules. */
};

struct nethv_trace {
    struct trace *trace;
};

struct nethv_trace_fabric *
nethv_trace_fabric_create(void)
{
    struct nethv_trace_fabric *fabric = xmalloc(sizeof *fabric);

    api_start_rcu();
    fabric->fabric = trace_fabric_create();
    ovs_list_init(&fabric->hosts);
    return fabric;
}

void
nethv_trace_fabric_destroy(struct nethv_trace_fabric *fabric)
{
    struct nethv_trace_host *host;

    if (!fabric) {
        return;
    }
    trace_fabric_destroy(fabric->fabric);
    LIST_FOR_EACH_POP (host, fabric_node, &fabric->hosts) {
        ovs_list_remove(&host->rules_node);
        trace_host_destroy(host->host);
        free(host);
    }
    free(fabric);
    api_leave();
}

/* Indexes. */

static void
set_rules(struct nethv_trace_host *host, bool attached)
{
    if (host->attached == attached) {
        return;
    }
    host->attached = attached;
    if (attached) {
        trace_host_set_rules(host->host,
                             compiler_rules(host->rules->compiler));
    } else {
        struct rule_set none;
        rule_set_init(&none);
        trace_host_set_rules(host->host, &none);
        rule_set_destroy(&none);
    }
}

void
api_trace_detach(struct nethv_rules *rules)
{
    struct nethv_trace_host *host;

    LIST_FOR_EACH (host, rules_node, &rules->viewers) {
        set_rules(host, false);
    }
    if (!ovs_list_is_empty(&rules->viewers)) {
        api_leave();
    }
}

/* Making. */

static char *
parse_address(const char *text, const char *whose, ovs_be32 *address)
{
    *address = 0;
    return (!text || (ip_parse(text, address) && *address) ? NULL
            : xasprintf("%s: \"%s\" is no IPv4 address", whose, text));
}

static struct trace_host *
make_trace_host(const char *name)
{
    struct rule_set none;
    rule_set_init(&none);
    struct trace_host *host = trace_host_create(name, &none);
    rule_set_destroy(&none);
    return host;
}

char *
nethv_trace_add_host(struct nethv_trace_fabric *fabric,
                     const struct nethv_trace_host_spec *spec,
                     struct nethv_trace_host **hostp)
{
    ovs_be32 private, public;

    char *fault = parse_address(spec->address, spec->name, &private);
    if (!fault) {
        fault = parse_address(spec->public_address, spec->name, &public);
    }
    if (fault) {
        return fault;
    }
    struct nethv_trace_host *host = xmalloc(sizeof *host);
    *host = (struct nethv_trace_host) {
        .fabric = fabric,
        .rules = spec->rules,
        .host = make_trace_host(spec->name),
    };
    ovs_list_push_back(&fabric->hosts, &host->fabric_node);
    ovs_list_push_back(&spec->rules->viewers, &host->rules_node);
    trace_fabric_add_host(fabric->fabric, host->host, spec->site, private,
                          public);
    api_leave();
    *hostp = host;
    return NULL;
}

void
nethv_trace_add_endpoint(struct nethv_trace_host *host, uint32_t ofport)
{
    trace_fabric_add_endpoint(host->fabric->fabric, host->host,
                              u16_to_ofp(ofport));
}

char *
nethv_trace_add_tunnel(struct nethv_trace_host *host, uint32_t ofport,
                       enum nethv_encap encap, const char *remote)
{
    ovs_be32 address;
    char *fault = parse_address(remote, trace_host_name(host->host), &address);
    if (!fault) {
        trace_fabric_add_tunnel(host->fabric->fabric, host->host,
                                u16_to_ofp(ofport), (enum encap) encap,
                                address);
    }
    return fault;
}

void
nethv_trace_forget(struct nethv_trace_host *host)
{
    trace_host_forget(host->host);
    api_leave();
}

/* Running. */

struct nethv_trace *
nethv_trace_run(struct nethv_trace_host *host, uint32_t ofport,
                const void *frame, size_t size)
{
    struct trace_options options = {
        .next = trace_fabric_next,
        .aux = host->fabric->fabric,
        .steps = true,
    };
    struct trace_input in = { .host = host->host, .port = u16_to_ofp(ofport) };
    struct nethv_trace *trace = xmalloc(sizeof *trace);
    struct nethv_trace_host *other;

    LIST_FOR_EACH (other, fabric_node, &host->fabric->hosts) {
        set_rules(other, true);
    }
    trace->trace = trace_run(&in, frame, size, &options);
    api_leave();
    return trace;
}

void
nethv_trace_destroy(struct nethv_trace *trace)
{
    if (trace) {
        trace_destroy(trace->trace);
        free(trace);
    }
}

size_t
nethv_trace_n_deliveries(const struct nethv_trace *trace)
{
    return trace->trace->n_deliveries;
}

bool
nethv_trace_delivery(const struct nethv_trace *trace, size_t i,
                     struct nethv_delivery *delivery)
{
    if (i >= trace->trace->n_deliveries) {
        return false;
    }
    const struct trace_delivery *d = &trace->trace->deliveries[i];
    *delivery = (struct nethv_delivery) {
        .host = d->host,
        .ofport = ofp_to_u16(d->port),
        .frame = d->frame,
        .size = d->size,
    };
    return true;
}

const char *
nethv_trace_drop(const struct nethv_trace *trace, size_t i)
{
    return i < trace->trace->n_drops ? trace->trace->drops[i].text : NULL;
}

char *
nethv_trace_text(const struct nethv_trace *trace)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    trace_format(trace->trace, &s);
    return ds_steal_cstr(&s);
}

char *
nethv_trace_json(const struct nethv_trace *trace)
{
    struct json *json = trace_to_json(trace->trace);
    char *text = json_to_string(json, JSSF_SORT);
    json_destroy(json);
    return text;
}
