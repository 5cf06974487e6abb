/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Documents and the database: apply, export. */

#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/enact.h"
#include "cli/scope.h"
#include "document.h"
#include "export.h"
#include "model.h"
#include "plan.h"
#include "svec.h"
#include "util.h"

/* Hosts write themselves and their bindings into a database. */
static bool
is_offline(const struct document *document)
{
    return !smap_is_empty(&document->bindings)
           || model_first(document->model, MODEL_HOST);
}

/* Returns the document in the file 'name', or fails the verb. */
static struct document *
read_document(struct ctl_context *ctx, const char *name)
{
    struct document *document = NULL;
    size_t length;

    const char *text = cli_input(ctx, name, DOCUMENT_SIZE_MAX, &length);
    if (!text) {
        return NULL;
    }
    char *error = document_parse(text, length, &document);
    if (error) {
        ctl_error(ctx, "%s: %s", name, error);
        free(error);
        return NULL;
    }
    if (is_offline(document)) {
        ctl_error(ctx, "%s: has hosts or bindings, which hosts themselves "
                  "write into a database: leave them out", name);
        document_destroy(document);
        return NULL;
    }
    return document;
}

/* Faults of the document are told before a connection is tried. */
static void
pre_apply(struct ctl_context *ctx)
{
    cli_pre_intent(ctx);
    struct document *document = read_document(ctx, ctx->argv[1]);
    if (document) {
        scope_add_document(cli_context_cast(ctx)->scope, document);
        document_destroy(document);
    }
}

static void
put_plan(struct ctl_context *ctx, const struct plan *plan)
{
    char *s = cli_wants_json(ctx) ? plan_to_json(plan) : plan_format(plan);

    ds_put_cstr(&ctx->output, s);
    if (ds_last(&ctx->output) != '\n') {
        ds_put_char(&ctx->output, '\n');
    }
    free(s);
}

static void
apply_document(struct ctl_context *ctx, const struct document *document)
{
    struct plan *plan;

    char *error = plan_create(cli_model(ctx), document, &plan);
    if (error) {
        ctl_error(ctx, "%s: %s", ctx->argv[1], error);
        free(error);
        return;
    }
    enact_plan(ctx->idl, ctx->txn, plan);
    put_plan(ctx, plan);
    plan_destroy(plan);
}

static void
apply(struct ctl_context *ctx)
{
    struct document *document = read_document(ctx, ctx->argv[1]);
    const char *network;
    size_t i;

    if (document) {
        apply_document(ctx, document);
        SVEC_FOR_EACH (i, network, &document->networks) {
            cli_watch(ctx, network);
        }
        document_destroy(document);
    }
}

/* Returns the document of the tenant or network at 'path', or fails the
 * verb. */
static char *
export_path(struct ctl_context *ctx, const char *path)
{
    struct model *model = cli_model(ctx);
    bool is_network = strchr(path, '/') != NULL;

    if (!model_find_name(model, is_network ? MODEL_NETWORK : MODEL_TENANT,
                         path)) {
        ctl_error(ctx, "there is no %s \"%s\" (give TENANT or "
                  "TENANT/NETWORK)", is_network ? "network" : "tenant", path);
        return NULL;
    }
    if (!is_network) {
        return export_tenant(model, path, NULL);
    }

    struct svec networks = SVEC_EMPTY_INITIALIZER;
    svec_add(&networks, path);
    char *tenant = xmemdup0(path, strcspn(path, "/"));
    char *text = export_tenant(model, tenant, &networks);
    free(tenant);
    svec_destroy(&networks);
    return text;
}

static void
export(struct ctl_context *ctx)
{
    char *text = (ctx->argc > 1 ? export_path(ctx, ctx->argv[1])
                  : export_inventory(cli_model(ctx), false));
    if (text) {
        ds_put_cstr(&ctx->output, text);
        free(text);
    }
}

static const struct ctl_command_syntax verbs[] = {
    {"apply", 1, 1, "FILE", pre_apply, apply, NULL, "", RW},
    {"export", 0, 1, "[TENANT|NETWORK]", cli_pre_intent, export, NULL, "", RO},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};

const struct verb_group document_verbs = {
    "Documents", verbs, "\
  apply FILE|-                make the database say what a document says\n\
                              (--dry-run: only show the steps)\n\
  export [TENANT[/NETWORK]]   print the document of a tenant or network,\n\
                              or without argument of the inventory\n"
};
