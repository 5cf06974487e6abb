/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Tenants and networks as such: tenant-add, tenant-del, network-del. */

#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/enact.h"
#include "model.h"
#include "nethv-idl.h"
#include "notation.h"
#include "plan.h"
#include "util.h"

static bool
check_name(struct ctl_context *ctx, const char *name)
{
    ctx->error = notation_name_check(name);
    return !ctx->error;
}

static void
tenant_add(struct ctl_context *ctx)
{
    const char *name = ctx->argv[1];
    bool may_exist = shash_find(&ctx->options, "--may-exist") != NULL;

    if (!check_name(ctx, name)) {
        return;
    }
    if (model_find_name(cli_model(ctx), MODEL_TENANT, name)) {
        if (!may_exist) {
            ctl_error(ctx, "tenant \"%s\" exists already (--may-exist would "
                      "not mind)", name);
        }
        return;
    }
    nethvrec_tenant_set_name(nethvrec_tenant_insert(ctx->txn), name);
}

/* Deletes the network called 'name' with all that is in it. */
static void
delete_network(struct ctl_context *ctx, const char *name)
{
    struct plan *plan = plan_delete_network(cli_model(ctx), name);

    enact_plan(ctx->idl, ctx->txn, plan);
    plan_destroy(plan);
}

/* Deletes the networks of 'tenant', or fails the verb if it may not. */
static void
delete_networks(struct ctl_context *ctx, const struct tenant *tenant)
{
    const struct network *network;

    if (!shash_find(&ctx->options, "--networks")) {
        network = CONTAINER_OF(ovs_list_front(&tenant->networks),
                               struct network, tenant_node);
        ctl_error(ctx, "tenant \"%s\" has %"PRIuSIZE" network(s), such as "
                  "\"%s\": delete them first, or with --networks",
                  tenant->row.name, ovs_list_size(&tenant->networks),
                  network->row.name);
        return;
    }
    LIST_FOR_EACH (network, tenant_node, &tenant->networks) {
        struct plan *plan = plan_delete_network(
            cli_context_cast(ctx)->model, network->row.name);
        enact_plan(ctx->idl, ctx->txn, plan);
        plan_destroy(plan);
    }
}

static void
tenant_del(struct ctl_context *ctx)
{
    const char *name = ctx->argv[1];
    struct model *model = cli_model(ctx);
    struct model_row *row = model_find_name(model, MODEL_TENANT, name);

    if (!row) {
        if (!shash_find(&ctx->options, "--if-exists")) {
            ctl_error(ctx, "there is no tenant \"%s\"", name);
        }
        return;
    }
    const struct tenant *tenant = CONTAINER_OF(row, struct tenant, row);
    if (!ovs_list_is_empty(&tenant->networks)) {
        delete_networks(ctx, tenant);
    }
    if (!ctx->error) {
        nethvrec_tenant_delete(nethvrec_tenant_get_for_uuid(ctx->idl,
                                                            &row->uuid));
    }
}

static void
network_del(struct ctl_context *ctx)
{
    const char *name = ctx->argv[1];

    if (model_find_name(cli_model(ctx), MODEL_NETWORK, name)) {
        delete_network(ctx, name);
    } else if (!shash_find(&ctx->options, "--if-exists")) {
        ctl_error(ctx, "there is no network \"%s\" (a network is called "
                  "TENANT/NETWORK)", name);
    }
}

static const struct ctl_command_syntax verbs[] = {
    {"tenant-add", 1, 1, "NEW-TENANT", cli_pre_intent, tenant_add, NULL,
     "--may-exist", RW},
    {"tenant-del", 1, 1, "TENANT", cli_pre_intent, tenant_del, NULL,
     "--if-exists,--networks", RW},
    {"network-del", 1, 1, "NETWORK", cli_pre_intent, network_del, NULL,
     "--if-exists", RW},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};

const struct verb_group tenant_verbs = {
    "Tenants and their networks", verbs, "\
  tenant-add TENANT           make a tenant\n\
  tenant-del TENANT           delete a tenant that has no networks\n\
                              (--networks: with all of them)\n\
  network-del TENANT/NETWORK  delete a network with all that is in it\n"
};
