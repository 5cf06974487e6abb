/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* What the path between two clouds lets through: bandwidth.
 *
 * Asks by a counter in the database and waits until the gateways of both have
 * measured and said so. */

#include <inttypes.h>
#include <string.h>

#include "cli/cmd.h"
#include "nethv-idl.h"
#include "openvswitch/json.h"
#include "ovs/inventory.h"
#include "util.h"

void
pre_bandwidth(struct ctl_context *ctx)
{
    static const struct ovsdb_idl_table_class *const tables[] = {
        &nethvrec_table_cloud_link, &nethvrec_table_tunnel,
    };
    static const struct ovsdb_idl_column *const columns[] = {
        &nethvrec_cloud_col_name, &nethvrec_host_col_name,
        &nethvrec_host_col_cloud,
    };

    cli_pre_tables(ctx, tables, ARRAY_SIZE(tables));
    ovsdb_idl_add_table(ctx->idl, &nethvrec_table_cloud);
    ovsdb_idl_add_table(ctx->idl, &nethvrec_table_host);
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        ovsdb_idl_add_column(ctx->idl, columns[i]);
    }
}

const struct nethvrec_cloud_link *
bandwidth_link(const struct ovsdb_idl *idl, const struct nethvrec_cloud *x,
               const struct nethvrec_cloud *y)
{
    const struct nethvrec_cloud_link *link;

    NETHVREC_CLOUD_LINK_FOR_EACH (link, idl) {
        if ((link->a == x && link->b == y) || (link->a == y && link->b == x)) {
            return link;
        }
    }
    return NULL;
}

const double *
bandwidth_from(const struct nethvrec_cloud_link *link,
               const struct nethvrec_cloud *cloud)
{
    return (link->a == cloud
            ? link->n_a_bandwidth ? link->a_bandwidth : NULL
            : link->n_b_bandwidth ? link->b_bandwidth : NULL);
}

/* Returns the link between the clouds that the arguments name, and those in
 * 'ends'; or NULL, and fails the verb. */
static const struct nethvrec_cloud_link *
find_link(struct ctl_context *ctx, const struct nethvrec_cloud *ends[2])
{
    for (size_t i = 0; i < 2; i++) {
        ends[i] = inventory_cloud(ctx->idl, ctx->argv[i + 1]);
        if (!ends[i]) {
            ctl_error(ctx, "there is no cloud called \"%s\"",
                      ctx->argv[i + 1]);
            return NULL;
        }
    }
    if (ends[0] == ends[1]) {
        ctl_error(ctx, "a path leads from one cloud to another: give two, not "
                  "\"%s\" twice", ends[0]->name);
        return NULL;
    }
    const struct nethvrec_cloud_link *link = bandwidth_link(ctx->idl, ends[0],
                                                            ends[1]);
    if (!link) {
        ctl_error(ctx, "there is no row of Cloud_Link between %s and %s: "
                  "somebody has taken it away, so no tunnel may join them",
                  ends[0]->name, ends[1]->name);
    }
    return link;
}

/* Fails the verb unless the gateways of 'ends' have a tunnel that works. */
static bool
check_tunnel(struct ctl_context *ctx, const struct nethvrec_cloud *ends[2])
{
    const struct nethvrec_tunnel *tunnel;

    NETHVREC_TUNNEL_FOR_EACH (tunnel, ctx->idl) {
        const struct nethvrec_host *a
            = nethvrec_host_get_for_uuid(ctx->idl, &tunnel->a);
        const struct nethvrec_host *b
            = nethvrec_host_get_for_uuid(ctx->idl, &tunnel->b);

        if (a && b && tunnel->a_up && tunnel->b_up
            && ((a->cloud == ends[0] && b->cloud == ends[1])
                || (a->cloud == ends[1] && b->cloud == ends[0]))) {
            return true;
        }
    }
    ctl_error(ctx, "there is no tunnel between %s and %s now, or it is down: "
              "bandwidth is measured through tunnels, which \"nethvctl "
              "tree-show\" lists", ends[0]->name, ends[1]->name);
    return false;
}

/* Waiting. */

/* Returns whether the gateway of 'cloud' has measured what was asked for. */
static bool
is_done(const struct nethvrec_cloud_link *link,
        const struct nethvrec_cloud *cloud)
{
    return (link->a == cloud ? link->a_bandwidth_done : link->b_bandwidth_done)
           >= link->bandwidth_wanted;
}

static struct json *
json_way(const struct nethvrec_cloud_link *link,
         const struct nethvrec_cloud *from, const struct nethvrec_cloud *to)
{
    struct json *json = json_object_create();

    json_object_put_string(json, "from", from->name);
    json_object_put_string(json, "to", to->name);
    json_object_put(json, "mbps",
                    json_real_create(*bandwidth_from(link, from)));
    json_object_put(json, "time", json_integer_create(
                        link->a == from ? link->a_bandwidth_time
                        : link->b_bandwidth_time));
    return json;
}

static void
put_result(struct ctl_context *ctx, const struct nethvrec_cloud_link *link,
           const struct nethvrec_cloud *ends[2])
{
    struct json *ways = json_array_create_empty();

    for (size_t i = 0; i < 2; i++) {
        const struct nethvrec_cloud *from = ends[i], *to = ends[!i];

        json_array_add(ways, json_way(link, from, to));
        if (!cli_wants_json(ctx)) {
            ds_put_format(&ctx->output, "%s -> %s: %.1f Mbit/s\n", from->name,
                          to->name, *bandwidth_from(link, from));
        }
    }
    if (cli_wants_json(ctx)) {
        cli_put_json(ctx, ways);
    } else {
        json_destroy(ways);
    }
}

static bool
await_bandwidth(struct ctl_context *ctx, bool last)
{
    const struct nethvrec_cloud *ends[2];
    const struct nethvrec_cloud_link *link = find_link(ctx, ends);

    for (size_t i = 0; link && i < 2; i++) {
        if (!is_done(link, ends[i])) {
            if (last) {
                ctl_error(ctx, "gave up waiting: the gateway of cloud %s has "
                          "not measured yet; does nethv-gateway run there, and "
                          "is it of this version (\"nethvctl status\")?",
                          ends[i]->name);
            }
            return last;
        }
        if (!bandwidth_from(link, ends[i])) {
            ctl_error(ctx, "the gateway of cloud %s does not answer that of "
                      "%s: the tunnel has failed or loses too much, or "
                      "nethv-gateway does not run there or is of a version "
                      "before", ends[!i]->name, ends[i]->name);
            return true;
        }
    }
    if (link) {
        put_result(ctx, link, ends);
    }
    return true;
}

void
bandwidth(struct ctl_context *ctx)
{
    const struct nethvrec_cloud *ends[2];
    const struct nethvrec_cloud_link *link = find_link(ctx, ends);

    if (!link || !check_tunnel(ctx, ends)) {
        return;
    }
    if (!ovsdb_idl_server_has_column(
            ctx->idl, &nethvrec_cloud_link_col_bandwidth_wanted)) {
        ctl_error(ctx, "the database is of a version before, which cannot be "
                  "asked for bandwidth");
        return;
    }
    nethvrec_cloud_link_verify_bandwidth_wanted(link);
    nethvrec_cloud_link_set_bandwidth_wanted(link, link->bandwidth_wanted + 1);
    cli_await(ctx, await_bandwidth);
}
