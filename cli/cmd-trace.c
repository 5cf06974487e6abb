/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* What becomes of a frame: trace. */

#include <string.h>

#include "cli/cmd.h"
#include "compile/compile.h"
#include "dhcp-answer.h"
#include "dp-packet.h"
#include "flow.h"
#include "model.h"
#include "nethv-idl.h"
#include "nethv/wire.h"
#include "openvswitch/json.h"
#include "openvswitch/ofp-flow.h"
#include "packets.h"
#include "pipeline.h"
#include "port-answer.h"
#include "router-advert.h"
#include "trace.h"
#include "tree.h"
#include "twin.h"
#include "util.h"

static void
pre_trace(struct ctl_context *ctx)
{
    static const struct ovsdb_idl_column *const columns[] = {
        &nethvrec_edge_col_a, &nethvrec_edge_col_b, &nethvrec_edge_col_role,
        &nethvrec_edge_col_tree, &nethvrec_global_col_tree,
    };

    cli_pre_model(ctx);
    ovsdb_idl_add_table(ctx->idl, &nethvrec_table_edge);
    ovsdb_idl_add_table(ctx->idl, &nethvrec_table_global);
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        ovsdb_idl_add_column(ctx->idl, columns[i]);
    }
}

static const struct vport *
find_port(struct ctl_context *ctx, const char *name)
{
    const struct model_row *row = model_find_name(cli_model(ctx), MODEL_PORT,
                                                  name);
    return row ? CONTAINER_OF(row, struct vport, row) : NULL;
}

/* The current tree, as the database has it. */
static uint32_t
read_tree(struct ctl_context *ctx, struct tree *tree)
{
    const struct nethvrec_global *global = nethvrec_global_first(ctx->idl);
    const struct model *model = cli_model(ctx);
    const struct nethvrec_edge *row;

    tree->n = 0;
    NETHVREC_EDGE_FOR_EACH (row, ctx->idl) {
        const struct model_row *a = model_find(model, MODEL_CLOUD, &row->a);
        const struct model_row *b = model_find(model, MODEL_CLOUD, &row->b);
        if (a && b && global && row->tree == global->tree
            && !strcmp(row->role, "tree") && tree->n < TREE_EDGES_MAX) {
            tree->edges[tree->n++] = (struct tree_edge) {
                CONTAINER_OF(a, struct cloud, row)->id,
                CONTAINER_OF(b, struct cloud, row)->id, 0 };
        }
    }
    return global ? global->tree : 0;
}

static const struct in6_addr *
port_ip(const struct vport *port, bool mapped)
{
    for (size_t i = 0; i < port->n_ips; i++) {
        if (!!IN6_IS_ADDR_V4MAPPED(&port->ips[i].address) == mapped) {
            return &port->ips[i].address;
        }
    }
    return NULL;
}

/* The packet that 'from' would send to see whether 'to' is there: an ICMP echo
 * request if both have addresses of one family, else a frame of the ethertype
 * for local experiments (IEEE 802, 0x88b5). */
static void
echo_flow(const struct vport *from, const struct vport *to, struct flow *flow)
{
    const struct in6_addr *a = port_ip(from, true), *b = port_ip(to, true);

    memset(flow, 0, sizeof *flow);
    flow->dl_src = from->n_macs ? from->macs[0].address : eth_addr_zero;
    flow->dl_dst = to->n_macs ? to->macs[0].address : eth_addr_broadcast;
    flow->dl_type = htons(0x88b5);
    flow->nw_ttl = 64;
    if (a && b) {
        flow->dl_type = htons(ETH_TYPE_IP);
        flow->nw_src = in6_addr_get_mapped_ipv4(a);
        flow->nw_dst = in6_addr_get_mapped_ipv4(b);
        flow->nw_proto = IPPROTO_ICMP;
        flow->tp_src = htons(ICMP4_ECHO_REQUEST);
        return;
    }
    a = port_ip(from, false);
    b = port_ip(to, false);
    if (a && b) {
        flow->dl_type = htons(ETH_TYPE_IPV6);
        flow->ipv6_src = *a;
        flow->ipv6_dst = *b;
        flow->nw_proto = IPPROTO_ICMPV6;
        flow->tp_src = htons(ICMP6_ECHO_REQUEST);
    }
}

/* The frames that an endpoint sends to learn its addresses, by name. */
static const struct request {
    const char *name;
    void (*compose)(struct eth_addr mac, struct dp_packet *);
} requests[] = {
    { "dhcp", dhcp_discover },
    { "rs", advert_solicit },
};

static char *
parse_flow(const struct vport *from, const char *text,
           struct dp_packet *packet)
{
    struct flow flow;
    char *error = parse_ofp_exact_flow(&flow, NULL, NULL, text, NULL);
    if (error) {
        char *sentence = xasprintf("flow \"%s\": %s", text, error);
        free(error);
        return sentence;
    }
    if (eth_addr_is_zero(flow.dl_src) && from->n_macs) {
        flow.dl_src = from->macs[0].address;
    }
    flow_compose(packet, &flow, NULL, 64);
    return NULL;
}

/* Makes the frame that the user means: to another port, a request, or a
 * flow. */
static char *
parse_frame(struct ctl_context *ctx, const struct vport *from,
            const char *text, struct dp_packet *packet)
{
    const struct vport *to = find_port(ctx, text);

    if (to) {
        if (to->network != from->network) {
            return xasprintf("%s and %s are in different networks: no frame "
                             "goes from one to the other", from->row.name,
                             to->row.name);
        }
        struct flow flow;
        echo_flow(from, to, &flow);
        flow_compose(packet, &flow, NULL, 64);
        return NULL;
    }
    for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
        if (!strcmp(text, requests[i].name)) {
            requests[i].compose(from->n_macs ? from->macs[0].address
                                : eth_addr_zero, packet);
            return NULL;
        }
    }
    if (!strpbrk(text, ",=")) {
        return xasprintf("there is no port %s; a flow looks like \"icmp,"
                         "nw_src=10.0.0.1,nw_dst=10.0.0.2,"
                         "dl_dst=02:00:00:00:00:02\"", text);
    }
    return parse_flow(from, text, packet);
}

/* The outcome for a person: which virtual switches and links, which hosts. */
struct summary {
    struct ctl_context *ctx;
    const struct twin *twin;
};

static void
put(const struct summary *s, int indent, const char *format, ...)
    OVS_PRINTF_FORMAT(3, 4);

static void
put(const struct summary *s, int indent, const char *format, ...)
{
    va_list args;

    ds_put_char_multiple(&s->ctx->output, ' ', indent * 2);
    va_start(args, format);
    ds_put_format_valist(&s->ctx->output, format, args);
    va_end(args);
    ds_put_char(&s->ctx->output, '\n');
}

static void
put_table(const struct summary *s, int indent, const struct trace_step *step)
{
    const struct model_row *owner = compiler_owner(cli_model(s->ctx),
                                                   step->cookie);
    uint8_t reason = (step->cookie & 0xff) - 1;

    switch (step->table) {
    case STAGE_SWITCH:
        if (owner) {
            put(s, indent, "switch %s", owner->name);
        }
        break;
    case STAGE_LINK:
        if (owner) {
            put(s, indent, "link %s", owner->name);
        }
        break;
    case STAGE_WIRE:
        put(s, indent, owner ? "source MAC rewritten to the wire address"
                             : "travels whole");
        break;
    case STAGE_DROP:
        if (reason < DROP_N_REASONS) {
            put(s, indent, "dropped: %s, a frame that %s",
                pipeline_reason_name(reason),
                pipeline_reason_meaning(reason));
        }
        break;
    default:
        break;
    }
}

static void
put_steps(const struct summary *s, int indent, const struct ovs_list *steps)
{
    const struct trace_step *step;

    LIST_FOR_EACH (step, node, steps) {
        int next = indent;
        switch (step->kind) {
        case TRACE_STEP_ENTER:
            put(s, indent, "host %s", step->host);
            next++;
            break;
        case TRACE_STEP_TABLE:
            put_table(s, indent, step);
            break;
        case TRACE_STEP_DELIVERED: {
            const struct vport *port = twin_port_at(s->twin, step->host,
                                                    step->port);
            put(s, indent, "delivered to %s", port ? port->row.name : "?");
            break;
        }
        case TRACE_STEP_ERROR:
            put(s, indent, "error: %s", step->text);
            break;
        case TRACE_STEP_ACTION:
        case TRACE_STEP_DETAIL:
            break;
        }
        put_steps(s, next, &step->subs);
    }
}

/* Says what the agent, to whom 'event' went, answers 'from'. */
static void
put_answer(const struct summary *s, const struct vport *from,
           const struct trace_event *event)
{
    unsigned int mtu = model_endpoint_mtu(cli_model(s->ctx));
    enum port_answer result = PORT_ANSWER_NONE;
    struct dp_packet answer;
    char *what = NULL;

    dp_packet_init(&answer, 0);
    switch (event->userdata_size ? event->userdata[0] : 0) {
    case COMPILE_PUNT_DHCP:
        result = port_answer_dhcp(from, event->frame, event->size, mtu,
                                  &answer);
        what = result == PORT_ANSWERED ? dhcp_describe(&answer) : NULL;
        break;
    case COMPILE_PUNT_SOLICIT:
        result = port_answer_solicit(from, event->frame, event->size, mtu,
                                     &answer);
        what = xstrdup("a router advertisement");
        break;
    default:
        break;
    }
    if (result == PORT_ANSWERED) {
        put(s, 1, "answered by nethv-agent with %s", what);
        put(s, 1, "delivered to %s", from->row.name);
    } else if (result == PORT_ANSWER_BAD) {
        put(s, 1, "dropped by nethv-agent: %s, a frame that %s",
            pipeline_reason_name(DROP_BAD_REQUEST),
            pipeline_reason_meaning(DROP_BAD_REQUEST));
    }
    free(what);
    dp_packet_uninit(&answer);
}

static void
put_answers(const struct summary *s, const struct vport *from,
            const struct trace *trace)
{
    for (size_t i = 0; i < trace->n_events; i++) {
        if (trace->events[i].kind == TRACE_EVENT_CONTROLLER) {
            put_answer(s, from, &trace->events[i]);
        }
    }
}

static void
put_trace(struct ctl_context *ctx, const struct twin *twin,
          const struct vport *from, const struct trace *trace)
{
    const struct summary summary = { ctx, twin };

    if (cli_wants_json(ctx)) {
        cli_put_json(ctx, trace_to_json(trace));
    } else if (shash_find(&ctx->options, "--detailed")) {
        trace_format(trace, &ctx->output);
    } else {
        put_steps(&summary, 0, &trace->steps);
        put_answers(&summary, from, trace);
    }
}

static void
run_frame(struct ctl_context *ctx, const struct vport *from,
          const struct dp_packet *packet)
{
    struct tree tree;
    uint32_t number = read_tree(ctx, &tree);
    struct twin *twin = twin_create(cli_model(ctx), &tree, number);
    struct trace *trace = twin_run(twin, from, dp_packet_data(packet),
                                   dp_packet_size(packet), true);
    if (trace) {
        put_trace(ctx, twin, from, trace);
        trace_destroy(trace);
    } else {
        ctx->error = xasprintf("the host that has %s has not said yet where "
                               "it is", from->row.name);
    }
    twin_destroy(twin);
}

static void
cmd_trace(struct ctl_context *ctx)
{
    const struct vport *from = find_port(ctx, ctx->argv[1]);
    struct dp_packet packet;

    dp_packet_init(&packet, 0);

    if (!from) {
        ctl_error(ctx, "there is no port %s: a port is named "
                  "TENANT/NETWORK/SWITCH/PORT", ctx->argv[1]);
    } else if (!from->binding) {
        ctl_error(ctx, "%s is not bound: no interface of any host has "
                  "external_ids:iface-id=%s", from->row.name, from->row.name);
    } else {
        ctx->error = parse_frame(ctx, from, ctx->argv[2], &packet);
        if (!ctx->error) {
            run_frame(ctx, from, &packet);
        }
    }
    dp_packet_uninit(&packet);
}

static const struct ctl_command_syntax verbs[] = {
    {"trace", 2, 2, "FROM-PORT TO-PORT|FLOW|dhcp|rs", pre_trace, cmd_trace, NULL,
     "--detailed", RO},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};

const struct verb_group trace_verbs = {
    "What becomes of a frame", verbs, "\
  trace FROM TO               a packet from one port to another: switches,\n\
                              links, hosts\n\
  trace FROM FLOW             the same for a frame described as in\n\
                              ovs-fields(7)\n\
  trace FROM dhcp|rs          its DHCP request, or router solicitation\n"
};
