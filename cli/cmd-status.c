/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* How the system is: status, host-list. */

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/places.h"
#include "cli/problems.h"
#include "model.h"
#include "nethv-idl.h"
#include "openvswitch/json.h"
#include "packets.h"
#include "svec.h"
#include "util.h"

static void
pre_status(struct ctl_context *ctx)
{
    cli_pre_model(ctx);
    problems_add_columns(ctx->idl);
    ovsdb_idl_add_column(ctx->idl, &nethvrec_global_col_tree);
}

/* Hosts of a cloud. */
struct census {
    size_t n;
    size_t n_alive;
    struct svec gateways;       /* Names. */
};

static struct census
take_census(const struct ovsdb_idl *idl, const struct cloud *cloud)
{
    struct census census = { .gateways = SVEC_EMPTY_INITIALIZER };
    const struct host *host;

    LIST_FOR_EACH (host, cloud_node, &cloud->hosts) {
        if (!host->row.present) {
            continue;
        }
        census.n++;
        census.n_alive += places_host_is_alive(idl, &host->row.uuid);
        if (host->gateway) {
            svec_add(&census.gateways, host->row.name);
        }
    }
    svec_sort(&census.gateways);
    return census;
}

static bool
is_pending(const struct nethvrec_claim *claim)
{
    return claim->host && strcmp(claim->status, "bound");
}

static size_t
count_tunnels(const struct ovsdb_idl *idl, size_t *n_up)
{
    const struct nethvrec_tunnel *tunnel;
    size_t n = 0;

    *n_up = 0;
    NETHVREC_TUNNEL_FOR_EACH (tunnel, idl) {
        n++;
        *n_up += tunnel->a_up && tunnel->b_up;
    }
    return n;
}

static void
put_cloud(struct ds *s, const struct ovsdb_idl *idl, const struct cloud *cloud)
{
    struct census census = take_census(idl, cloud);
    char *gateways = svec_join(&census.gateways, ", ", "");

    ds_put_format(s, "  %s (id %u%s%s): %"PRIuSIZE" of %"PRIuSIZE
                  " hosts alive, gateways: %s\n", cloud->row.name, cloud->id,
                  cloud->provider[0] ? ", " : "", cloud->provider,
                  census.n_alive, census.n, gateways[0] ? gateways : "none");
    free(gateways);
    svec_destroy(&census.gateways);
}

static void
put_claims(struct ds *s, const struct ovsdb_idl *idl)
{
    const struct nethvrec_claim *claim;
    bool any = false;

    NETHVREC_CLAIM_FOR_EACH (claim, idl) {
        if (is_pending(claim)) {
            ds_put_format(s, "%s  %s by %s: %s\n",
                          any ? "" : "pending claims\n", claim->iface_id,
                          claim->host->name, places_claim_reason(claim));
            any = true;
        }
    }
}

static void
put_problems(struct ds *s, const struct svec *problems)
{
    const char *problem;
    size_t i;

    if (!problems->n) {
        ds_put_cstr(s, "no problems\n");
        return;
    }
    ds_put_cstr(s, "problems\n");
    SVEC_FOR_EACH (i, problem, problems) {
        ds_put_format(s, "  %s\n", problem);
    }
}

static void
put_status(struct ctl_context *ctx, struct model *model,
           const struct svec *problems)
{
    const struct nethvrec_global *global = nethvrec_global_first(ctx->idl);
    struct ds *s = &ctx->output;
    size_t n, n_up;
    struct model_row **clouds = model_sorted(model, MODEL_CLOUD, &n);

    ds_put_format(s, "global controller  %s\n",
                  global && global->controller[0] ? global->controller
                  : "none");
    ds_put_format(s, "tree               %"PRId64"\n",
                  global ? global->tree : 0);
    ds_put_format(s, "tunnels            %"PRIuSIZE"",
                  count_tunnels(ctx->idl, &n_up));
    ds_put_format(s, ", %"PRIuSIZE" of them up\nclouds\n", n_up);
    for (size_t i = 0; i < n; i++) {
        put_cloud(s, ctx->idl, CONTAINER_OF(clouds[i], struct cloud, row));
    }
    free(clouds);
    put_claims(s, ctx->idl);
    put_problems(s, problems);
}

static struct json *
json_cloud(const struct ovsdb_idl *idl, const struct cloud *cloud)
{
    struct census census = take_census(idl, cloud);
    struct json *gateways = json_array_create_empty();
    struct json *json = json_object_create();
    const char *gateway;
    size_t i;

    SVEC_FOR_EACH (i, gateway, &census.gateways) {
        json_array_add(gateways, json_string_create(gateway));
    }
    json_object_put_string(json, "name", cloud->row.name);
    json_object_put(json, "id", json_integer_create(cloud->id));
    json_object_put_string(json, "provider", cloud->provider);
    json_object_put_string(json, "jurisdiction", cloud->jurisdiction);
    json_object_put(json, "hosts", json_integer_create(census.n));
    json_object_put(json, "hosts_alive", json_integer_create(census.n_alive));
    json_object_put(json, "gateways", gateways);
    svec_destroy(&census.gateways);
    return json;
}

static struct json *
json_claims(const struct ovsdb_idl *idl)
{
    struct json *claims = json_array_create_empty();
    const struct nethvrec_claim *claim;

    NETHVREC_CLAIM_FOR_EACH (claim, idl) {
        if (is_pending(claim)) {
            struct json *json = json_object_create();
            json_object_put_string(json, "iface_id", claim->iface_id);
            json_object_put_string(json, "host", claim->host->name);
            json_object_put_string(json, "status", claim->status);
            json_object_put_string(json, "reason",
                                   places_claim_reason(claim));
            json_array_add(claims, json);
        }
    }
    return claims;
}

static void
put_status_json(struct ctl_context *ctx, struct model *model,
                const struct svec *problems)
{
    const struct nethvrec_global *global = nethvrec_global_first(ctx->idl);
    struct json *clouds = json_array_create_empty();
    struct json *array = json_array_create_empty();
    struct json *json = json_object_create();
    const char *problem;
    size_t i, n, n_up;

    struct model_row **rows = model_sorted(model, MODEL_CLOUD, &n);
    for (i = 0; i < n; i++) {
        json_array_add(clouds, json_cloud(
            ctx->idl, CONTAINER_OF(rows[i], struct cloud, row)));
    }
    free(rows);
    SVEC_FOR_EACH (i, problem, problems) {
        json_array_add(array, json_string_create(problem));
    }
    n = count_tunnels(ctx->idl, &n_up);
    json_object_put_string(json, "global_controller",
                           global ? global->controller : "");
    json_object_put(json, "tree", json_integer_create(global ? global->tree
                                                      : 0));
    json_object_put(json, "tunnels", json_integer_create(n));
    json_object_put(json, "tunnels_up", json_integer_create(n_up));
    json_object_put(json, "clouds", clouds);
    json_object_put(json, "pending_claims", json_claims(ctx->idl));
    json_object_put(json, "problems", array);
    cli_put_json(ctx, json);
}

static void
status(struct ctl_context *ctx)
{
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    struct model *model = cli_model(ctx);

    problems_collect(ctx->idl, model, &problems);
    svec_sort(&problems);
    if (cli_wants_json(ctx)) {
        put_status_json(ctx, model, &problems);
    } else {
        put_status(ctx, model, &problems);
    }
    svec_destroy(&problems);
}

static const struct nethvrec_host_state *
find_state(const struct ovsdb_idl *idl, const struct uuid *host)
{
    const struct nethvrec_host_state *state;

    NETHVREC_HOST_STATE_FOR_EACH (state, idl) {
        if (uuid_equals(&state->host, host)) {
            return state;
        }
    }
    return NULL;
}

static void
add_text(struct table *table, const char *text)
{
    table_add_cell(table)->text = xstrdup(text);
}

static void
add_host_row(struct table *table, const struct ovsdb_idl *idl,
             const struct host *host)
{
    const struct nethvrec_host_state *state = find_state(idl, &host->row.uuid);
    struct ds ip = DS_EMPTY_INITIALIZER;

    if (ipv6_addr_is_set(&host->public_ip)) {
        ipv6_format_mapped(&host->public_ip, &ip);
    }
    table_add_row(table);
    add_text(table, host->row.name);
    add_text(table, host->cloud->row.present ? host->cloud->row.name : "");
    table_add_cell(table)->text = xasprintf("%u", host->id);
    add_text(table, host->gateway ? "yes" : "no");
    add_text(table, ds_cstr(&ip));
    add_text(table, state ? state->encap_ip : "");
    add_text(table, state && state->alive ? "yes" : "no");
    add_text(table, state ? state->datapath : "");
    add_text(table, state ? state->version : "");
    ds_destroy(&ip);
}

static void
host_list(struct ctl_context *ctx)
{
    static const char *const headings[] = {
        "name", "cloud", "id", "gateway", "public_ip", "encap_ip", "alive",
        "datapath", "version",
    };
    struct table *table = ctx->table = xmalloc(sizeof *table);
    size_t n;
    struct model_row **rows = model_sorted(cli_model(ctx), MODEL_HOST, &n);

    table_init(table);
    for (size_t i = 0; i < ARRAY_SIZE(headings); i++) {
        table_add_column(table, "%s", headings[i]);
    }
    for (size_t i = 0; i < n; i++) {
        add_host_row(table, ctx->idl, CONTAINER_OF(rows[i], struct host, row));
    }
    free(rows);
}

static const struct ctl_command_syntax verbs[] = {
    {"status", 0, 0, "", pre_status, status, NULL, "", RO},
    {"host-list", 0, 0, "", pre_status, host_list, NULL, "", RO},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};

const struct verb_group status_verbs = {
    "How the system is", verbs, "\
  status                      clouds, hosts, tree, claims, problems\n\
  host-list                   list all hosts\n"
};
