/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "cli/cmd-clouds.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/clouds.h"
#include "nethv-idl.h"
#include "openvswitch/dynamic-string.h"
#include "ovs/inventory.h"
#include "ovs/pki.h"
#include "timeval.h"
#include "token.h"
#include "util.h"
#include "uuid.h"

#define EXPIRES_DEFAULT 3600
#define EXPIRES_MAX (30LL * 86400)

static void
pre_inventory(struct ctl_context *ctx)
{
    static const struct ovsdb_idl_table_class *const tables[] = {
        &nethvrec_table_global, &nethvrec_table_cloud, &nethvrec_table_host,
        &nethvrec_table_host_state, &nethvrec_table_host_report,
        &nethvrec_table_cloud_link,
        &nethvrec_table_token, &nethvrec_table_enrollment,
        &nethvrec_table_binding, &nethvrec_table_claim,
        &nethvrec_table_follower, &nethvrec_table_gateway_state,
    };
    cli_pre_tables(ctx, tables, ARRAY_SIZE(tables));
}

static const char *
option(struct ctl_context *ctx, const char *name)
{
    return shash_find_data(&ctx->options, name);
}

/* Returns the value of the option 'name', 0 if it is not there.  Sets an error
 * if it is not a positive number. */
static int
number_option(struct ctl_context *ctx, const char *name)
{
    const char *value = option(ctx, name);
    int number = 0;
    if (value && (!str_to_int(value, 10, &number) || number <= 0)) {
        ctl_error(ctx, "%s is a positive number, not \"%s\"", name, value);
    }
    return number;
}

/* Returns whether the database has been set up; else sets an error. */
static bool
check_initialised(struct ctl_context *ctx)
{
    if (!nethvrec_global_first(ctx->idl)) {
        ctl_error(ctx, "the database is empty: \"nethvctl init\" fills it");
        return false;
    }
    return true;
}

static void
cmd_cloud_add(struct ctl_context *ctx)
{
    struct cloud_wish wish = {
        .name = ctx->argv[1],
        .provider = option(ctx, "--provider"),
        .jurisdiction = option(ctx, "--jurisdiction"),
        .mode = option(ctx, "--mode"),
        .public_ips = option(ctx, "--public-ip"),
        .mtu = number_option(ctx, "--mtu"),
        .id = number_option(ctx, "--id"),
    };
    if (ctx->error || !check_initialised(ctx)) {
        return;
    }
    if (!wish.public_ips) {
        ctl_error(ctx, "cloud-add needs --public-ip=IP[,IP...], the addresses "
                  "of the cloud's gateways, one each");
        return;
    }
    ctx->error = clouds_add(ctx->idl, ctx->txn, &wish, NULL);
}

/* Returns the seconds that 's' ("90s", "15m", "1h", "2d") means, or 0. */
static long long int
parse_duration(const char *s)
{
    static const char units[] = "smhd";
    static const int seconds[] = { 1, 60, 3600, 86400 };
    char *end;
    long int n = strtol(s, &end, 10);
    const char *unit = *end && !end[1] ? strchr(units, *end) : NULL;

    if (end == s || n <= 0 || n > EXPIRES_MAX || (*end && !unit)) {
        return 0;
    }
    long long int duration = (long long int) n * seconds[unit ? unit - units
                                                         : 0];
    return duration <= EXPIRES_MAX ? duration : 0;
}

static void
insert_token(struct ctl_context *ctx, const struct nethvrec_cloud *cloud,
             const struct token *token)
{
    const struct nethvrec_token *row = nethvrec_token_insert(ctx->txn);
    char digest[PKI_DIGEST_LEN + 1];

    pki_digest(token->secret, digest);
    nethvrec_token_set_name(row, token->id);
    nethvrec_token_set_digest(row, digest);
    nethvrec_token_set_cloud(row, cloud);
    nethvrec_token_set_gateway(row, token->gateway);
    nethvrec_token_set_expires(row, token->expires);
    nethvrec_token_set_used(row, false);
}

/* Fills in what is drawn by lot and what is known of the deployment. */
static char *
draw_token(struct ctl_context *ctx, const struct nethvrec_cloud *cloud,
           struct token *token)
{
    const char *ca = inventory_option(ctx->idl, INVENTORY_CA);

    inventory_enrol_remotes(ctx->idl, cloud, token->gateway, &token->remotes);
    while (token->remotes.n > TOKEN_REMOTES_MAX) {
        svec_pop_back(&token->remotes);
    }
    if (!token->remotes.n) {
        return xasprintf("cloud \"%s\" has no gateway yet, at which a host "
                         "could join: make one with \"nethvctl host-token %s "
                         "--gateway\"", cloud->name, cloud->name);
    }
    token->ca = xstrdup(ca ? ca : "");
    token->cloud = xstrdup(cloud->name);
    token->id = xzalloc(TOKEN_ID_LEN + 1);
    token->secret = xzalloc(TOKEN_HEX_LEN + 1);
    char *error = pki_random(token->id, TOKEN_ID_LEN);
    return error ? error : pki_random(token->secret, TOKEN_HEX_LEN);
}

static void
cmd_host_token(struct ctl_context *ctx)
{
    const char *expires = option(ctx, "--expires");
    long long int duration = (expires ? parse_duration(expires)
                              : EXPIRES_DEFAULT);
    if (!duration) {
        ctl_error(ctx, "--expires is a time such as 90s, 15m, 1h or 2d, at "
                  "most 30d, not \"%s\"", expires);
        return;
    }
    if (!check_initialised(ctx)) {
        return;
    }
    const struct nethvrec_cloud *cloud = inventory_cloud(ctx->idl,
                                                         ctx->argv[1]);
    if (!cloud) {
        ctl_error(ctx, "there is no cloud called \"%s\"", ctx->argv[1]);
        return;
    }

    struct token token;
    token_init(&token);
    token.gateway = shash_find(&ctx->options, "--gateway");
    token.expires = time_wall() + duration;
    ctx->error = draw_token(ctx, cloud, &token);
    if (!ctx->error) {
        insert_token(ctx, cloud, &token);
        char *text = token_format(&token);
        ds_put_format(&ctx->output, "%s\n", text);
        pki_wipe(text);
    }
    token_destroy(&token);
}

/* Deletes the rows of 'TABLE' whose 'host' refers to the host being removed. */
#define DELETE_OF_HOST(TABLE, SMALL, IDL, HOST)                 \
    do {                                                        \
        const struct nethvrec_##SMALL *row_, *next_;            \
        NETHVREC_##TABLE##_FOR_EACH_SAFE (row_, next_, IDL) {   \
            if (row_->host == (HOST)) {                         \
                nethvrec_##SMALL##_delete(row_);                \
            }                                                   \
        }                                                       \
    } while (0)

/* The same for rows that have the UUID of the host. */
#define DELETE_ABOUT_HOST(TABLE, SMALL, IDL, HOST)                      \
    do {                                                                \
        const struct nethvrec_##SMALL *row_, *next_;                    \
        NETHVREC_##TABLE##_FOR_EACH_SAFE (row_, next_, IDL) {           \
            if (uuid_equals(&row_->host, &(HOST)->header_.uuid)) {      \
                nethvrec_##SMALL##_delete(row_);                        \
            }                                                           \
        }                                                               \
    } while (0)

static void
delete_enrollment(struct ovsdb_idl *idl, const struct nethvrec_host *host)
{
    const struct nethvrec_enrollment *e, *next;
    NETHVREC_ENROLLMENT_FOR_EACH_SAFE (e, next, idl) {
        if (e->host == host) {
            const struct nethvrec_token *token = e->token;
            nethvrec_enrollment_delete(e);
            nethvrec_token_delete(token);
        }
    }
}

static void
cmd_host_remove(struct ctl_context *ctx)
{
    const char *name = ctx->argv[1];
    const struct nethvrec_host *host = inventory_host(ctx->idl, name);
    const char *database = inventory_option(ctx->idl, INVENTORY_DATABASE_HOST);

    if (!host) {
        ctl_error(ctx, "there is no host called \"%s\"", name);
        return;
    }
    if (database && !strcmp(database, name)) {
        ctl_error(ctx, "host \"%s\" holds the database and the certificate "
                  "authority: it cannot be removed", name);
        return;
    }
    DELETE_OF_HOST(BINDING, binding, ctx->idl, host);
    DELETE_OF_HOST(CLAIM, claim, ctx->idl, host);
    DELETE_OF_HOST(FOLLOWER, follower, ctx->idl, host);
    DELETE_ABOUT_HOST(HOST_STATE, host_state, ctx->idl, host);
    DELETE_ABOUT_HOST(HOST_REPORT, host_report, ctx->idl, host);
    DELETE_ABOUT_HOST(GATEWAY_STATE, gateway_state, ctx->idl, host);
    delete_enrollment(ctx->idl, host);
    nethvrec_host_delete(host);
}

static const struct ctl_command_syntax verbs[] = {
    { "cloud-add", 1, 1, "NAME", pre_inventory, cmd_cloud_add, NULL,
      "--provider=,--public-ip=,--id=,--mtu=,--jurisdiction=,--mode=", RW },
    { "host-token", 1, 1, "CLOUD", pre_inventory, cmd_host_token, NULL,
      "--gateway,--expires=", RW },
    { "host-remove", 1, 1, "HOST", pre_inventory, cmd_host_remove, NULL, "",
      RW },
    { NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO },
};

const struct verb_group cmd_clouds = {
    "Clouds and hosts", verbs,
    "  cloud-add NAME --public-ip=IP[,IP] add a cloud and the public addresses\n"
    "                                     of its gateways\n"
    "  host-token CLOUD [--gateway]       print a token with which one machine\n"
    "                                     can join CLOUD\n"
    "  host-remove HOST                   forget a host\n",
};
