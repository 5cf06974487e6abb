/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* What tenants have: show, network-list. */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/places.h"
#include "cli/show-json.h"
#include "addressing.h"
#include "model.h"
#include "nethv-idl.h"
#include "nethv/wire.h"
#include "openvswitch/json.h"
#include "packets.h"
#include "svec.h"
#include "util.h"

static void
pre_show(struct ctl_context *ctx)
{
    cli_pre_model(ctx);
    places_add_columns(ctx->idl);
}

/* Returns the last name of the path of 'row'. */
static const char *
last_name(const struct model_row *row)
{
    const char *slash = strrchr(row->name, '/');
    return slash ? slash + 1 : row->name;
}

/* Returns 'bps' bits a second as a person writes it.  The caller frees it. */
static char *
format_bandwidth(uint64_t bps)
{
    static const char units[] = " kMGT";
    size_t unit = 0;

    while (bps && bps % 1000 == 0 && units[unit + 1]) {
        bps /= 1000;
        unit++;
    }
    return (unit ? xasprintf("%"PRIu64" %cbit/s", bps, units[unit])
            : xasprintf("%"PRIu64" bit/s", bps));
}

static void
put_addresses(struct ds *s, const struct vport *port)
{
    for (size_t i = 0; i < port->n_macs; i++) {
        ds_put_format(s, " "ETH_ADDR_FMT,
                      ETH_ADDR_ARGS(port->macs[i].address));
    }
    for (size_t i = 0; i < port->n_ips; i++) {
        ds_put_char(s, ' ');
        ipv6_format_mapped(&port->ips[i].address, s);
        ds_put_format(s, "/%u", port->ips[i].plen);
    }
}

static void
put_place(struct ds *s, const struct ovsdb_idl *idl, const struct vport *port)
{
    const struct nethvrec_host *host = places_host(idl, port);

    if (!host) {
        ds_put_cstr(s, "        not bound to a host\n");
        return;
    }
    ds_put_format(s, "        on %s (%s), number %"PRIu32"%s%s\n", host->name,
                  host->cloud ? host->cloud->name : "?",
                  nethv_location_number(port->binding->location),
                  binding_usable(port->binding)
                  ? "" : ", frames travel whole until all hosts know it",
                  places_host_is_alive(idl, &host->header_.uuid)
                  ? "" : ", host not alive");
}

static void
put_port(struct ds *s, const struct ovsdb_idl *idl, const struct vport *port)
{
    const struct nethvrec_claim *claim;

    ds_put_format(s, "      port %s", last_name(&port->row));
    put_addresses(s, port);
    ds_put_cstr(s, port->security ? ", secured" : "");
    ds_put_cstr(s, port->sharing ? ", sharing" : "");
    ds_put_char(s, '\n');
    put_place(s, idl, port);
    PLACES_FOR_EACH_CLAIM (claim, port, idl) {
        ds_put_format(s, "        claimed by %s in vain: %s\n",
                      claim->host->name, places_claim_reason(claim));
    }
}

static void
put_addressing(struct ds *s, const char *name,
               const struct addressing *addressing)
{
    size_t n;
    if (!addressing) {
        return;
    }
    const struct addressing_key *keys = addressing_keys(addressing->kind, &n);
    ds_put_format(s, "      %s: ", name);
    for (size_t i = 0; i < n; i++) {
        struct svec values = SVEC_EMPTY_INITIALIZER;
        keys[i].get(addressing, &values);
        for (size_t j = 0; j < values.n; j++) {
            ds_put_format(s, "%s %s", j ? "," : keys[i].name,
                          values.names[j]);
        }
        ds_put_cstr(s, values.n ? "; " : "");
        svec_destroy(&values);
    }
    ds_chomp(s, ' ');
    ds_chomp(s, ';');
    ds_put_char(s, '\n');
}

static void
put_switch(struct ds *s, const struct ovsdb_idl *idl,
           const struct vswitch *vswitch)
{
    struct vport **ports;
    size_t n;

    ds_put_format(s, "    switch %s, %s", last_name(&vswitch->row),
                  vswitch->mode == SWITCH_OPENFLOW ? "openflow" : "learning");
    if (vswitch->group) {
        ds_put_format(s, ", flood group %"PRIu32, vswitch->group);
    }
    ds_put_char(s, '\n');
    put_addressing(s, "dhcp", vswitch->dhcp);
    put_addressing(s, "ra", vswitch->ra);
    ports = show_sorted_ports(vswitch, &n);
    for (size_t i = 0; i < n; i++) {
        put_port(s, idl, ports[i]);
    }
    free(ports);
}

static void
put_link(struct ds *s, const struct vlink *link)
{
    ds_put_format(s, "    link %s, %s -- %s", last_name(&link->row),
                  last_name(&link->ends[0].vswitch->row),
                  last_name(&link->ends[1].vswitch->row));
    if (link->bandwidth) {
        char *bandwidth = format_bandwidth(link->bandwidth);
        ds_put_format(s, ", %s", bandwidth);
        free(bandwidth);
    }
    ds_put_char(s, '\n');
}

static void
put_network(struct ds *s, const struct ovsdb_idl *idl,
            const struct network *network)
{
    struct vswitch **switches;
    struct vlink **links;
    size_t n;

    ds_put_format(s, "  network %s", network->row.name);
    if (network->number) {
        ds_put_format(s, ", number %"PRIu32"\n", network->number);
    } else {
        ds_put_cstr(s, ", not taken up by the global controller yet\n");
    }
    switches = show_sorted_switches(network, &n);
    for (size_t i = 0; i < n; i++) {
        put_switch(s, idl, switches[i]);
    }
    free(switches);
    links = show_sorted_links(network, &n);
    for (size_t i = 0; i < n; i++) {
        put_link(s, links[i]);
    }
    free(links);
}

static void
put_tenant_line(struct ds *s, const struct tenant *tenant)
{
    ds_put_format(s, "tenant %s", tenant->row.name);
    if (tenant->tag) {
        ds_put_format(s, ", tag %"PRIu32, tenant->tag);
    }
    ds_put_char(s, '\n');
}

static void
put_tenant(struct ds *s, const struct ovsdb_idl *idl,
           const struct tenant *tenant)
{
    struct network **networks;
    size_t n;

    put_tenant_line(s, tenant);
    networks = show_sorted_networks(tenant, &n);
    for (size_t i = 0; i < n; i++) {
        put_network(s, idl, networks[i]);
    }
    free(networks);
}

/* Returns the row that 'name' means, or fails the verb. */
static struct model_row *
find_named(struct ctl_context *ctx, struct model *model, const char *name)
{
    static const enum model_kind kinds[] = {
        MODEL_TENANT, MODEL_NETWORK, MODEL_SWITCH, MODEL_PORT, MODEL_LINK,
    };

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        struct model_row *row = model_find_name(model, kinds[i], name);
        if (row) {
            return row;
        }
    }
    ctl_error(ctx, "there is no tenant, network, switch, port or link \"%s\" "
              "(a port is called TENANT/NETWORK/SWITCH/PORT)", name);
    return NULL;
}

static void
put_row(struct ds *s, const struct ovsdb_idl *idl, const struct model_row *row)
{
    switch (row->kind) {
    case MODEL_TENANT:
        put_tenant(s, idl, CONTAINER_OF(row, struct tenant, row));
        break;
    case MODEL_NETWORK:
        put_network(s, idl, CONTAINER_OF(row, struct network, row));
        break;
    case MODEL_SWITCH:
        put_switch(s, idl, CONTAINER_OF(row, struct vswitch, row));
        break;
    case MODEL_PORT:
        put_port(s, idl, CONTAINER_OF(row, struct vport, row));
        break;
    case MODEL_LINK:
        put_link(s, CONTAINER_OF(row, struct vlink, row));
        break;
    case MODEL_BINDING:
    case MODEL_FOLLOWER:
    case MODEL_CLOUD:
    case MODEL_HOST:
    case MODEL_CLOUD_LINK:
    case MODEL_N_KINDS:
    default:
        OVS_NOT_REACHED();
    }
}

static void
show_rows(struct ctl_context *ctx, struct model_row **rows, size_t n)
{
    if (cli_wants_json(ctx)) {
        struct json *array = json_array_create_empty();
        for (size_t i = 0; i < n; i++) {
            json_array_add(array, show_json_row(ctx->idl, rows[i]));
        }
        cli_put_json(ctx, array);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        put_row(&ctx->output, ctx->idl, rows[i]);
    }
}

static void
show(struct ctl_context *ctx)
{
    struct model *model = cli_model(ctx);
    size_t n = ctx->argc - 1;
    struct model_row **rows;

    if (!n) {
        rows = model_sorted(model, MODEL_TENANT, &n);
    } else {
        rows = xcalloc(n, sizeof *rows);
        for (size_t i = 0; i < n && !ctx->error; i++) {
            rows[i] = find_named(ctx, model, ctx->argv[i + 1]);
        }
    }
    if (!ctx->error) {
        show_rows(ctx, rows, n);
    }
    free(rows);
}

static size_t
count_ports(const struct network *network, size_t *n_bound)
{
    const struct vswitch *vswitch;
    const struct vport *port;
    size_t n = 0;

    *n_bound = 0;
    LIST_FOR_EACH (vswitch, network_node, &network->switches) {
        LIST_FOR_EACH (port, switch_node, &vswitch->ports) {
            n++;
            *n_bound += port->binding != NULL;
        }
    }
    return n;
}

static void
add_number(struct table *table, uint64_t number)
{
    struct cell *cell = table_add_cell(table);
    cell->json = json_integer_create(number);
    cell->type = &ovsdb_type_integer;
}

static void
network_list(struct ctl_context *ctx)
{
    static const char *const headings[] = {
        "name", "tag", "number", "switches", "ports", "bound", "links",
        "hosts",
    };
    struct table *table = ctx->table = xmalloc(sizeof *table);
    size_t n;
    struct model_row **rows = model_sorted(cli_model(ctx), MODEL_NETWORK, &n);

    table_init(table);
    for (size_t i = 0; i < ARRAY_SIZE(headings); i++) {
        table_add_column(table, "%s", headings[i]);
    }
    for (size_t i = 0; i < n; i++) {
        const struct network *network = CONTAINER_OF(rows[i], struct network,
                                                     row);
        size_t n_bound, n_ports = count_ports(network, &n_bound);

        table_add_row(table);
        table_add_cell(table)->text = xstrdup(network->row.name);
        add_number(table, network->tag);
        add_number(table, network->number);
        add_number(table, ovs_list_size(&network->switches));
        add_number(table, n_ports);
        add_number(table, n_bound);
        add_number(table, ovs_list_size(&network->links));
        add_number(table, ovs_list_size(&network->followers));
    }
    free(rows);
}

static const struct ctl_command_syntax verbs[] = {
    {"show", 0, INT_MAX, "[TENANT|NETWORK|SWITCH|PORT|LINK]...", pre_show,
     show, NULL, "", RO},
    {"network-list", 0, 0, "", cli_pre_model, network_list, NULL, "", RO},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};

const struct verb_group show_verbs = {
    "What tenants have", verbs, "\
  show [NAME]...              draw tenants, networks, switches, ports, links\n\
                              and where they are\n\
  network-list                list all networks\n"
};
