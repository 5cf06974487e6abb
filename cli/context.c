/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "model.h"
#include "nethv-idl.h"
#include "openvswitch/json.h"
#include "ovs/mirror.h"
#include "svec.h"
#include "util.h"

void
cli_pre_model(struct ctl_context *ctx)
{
    *cli_context_cast(ctx)->state = true;
    mirror_add_columns(ctx->idl, true);
}

void
cli_pre_intent(struct ctl_context *ctx)
{
    mirror_add_columns(ctx->idl, false);
}

void
cli_pre_tables(struct ctl_context *ctx,
               const struct ovsdb_idl_table_class *const tables[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ovsdb_idl_add_table(ctx->idl, tables[i]);
        for (size_t j = 0; j < tables[i]->n_columns; j++) {
            ovsdb_idl_add_column(ctx->idl, &tables[i]->columns[j]);
        }
    }
}

struct model *
cli_model(struct ctl_context *ctx_)
{
    struct cli_context *ctx = cli_context_cast(ctx_);

    if (!ctx->model) {
        ctx->model = model_create();
        ctx->mirror = mirror_create(ctx_->idl, ctx->model, *ctx->state);
    }
    mirror_sync(ctx->mirror);
    return ctx->model;
}

void
cli_await(struct ctl_context *ctx,
          bool (*ready)(struct ctl_context *, bool last))
{
    cli_context_cast(ctx)->awaited = ready;
}

void
cli_context_done(struct cli_context *ctx)
{
    mirror_destroy(ctx->mirror);
    model_destroy(ctx->model);
}

/* Appends what is in 'stream' to 's', up to 'max' bytes and one more.  Returns
 * 0 or an errno value. */
static int
read_stream(FILE *stream, size_t max, struct ds *s)
{
    size_t n;

    do {
        size_t chunk = MIN(max + 1 - s->length, 65536);
        ds_reserve(s, s->length + chunk);
        n = fread(&s->string[s->length], 1, chunk, stream);
        s->length += n;
        s->string[s->length] = '\0';
    } while (n && s->length <= max);
    return ferror(stream) ? errno : 0;
}

static int
read_file(const char *name, size_t max, struct ds *s)
{
    if (!strcmp(name, "-")) {
        return read_stream(stdin, max, s);
    }
    FILE *stream = fopen(name, "re");
    if (!stream) {
        return errno;
    }
    int error = read_stream(stream, max, s);
    fclose(stream);
    return error;
}

const char *
cli_input(struct ctl_context *ctx_, const char *name, size_t max,
          size_t *length)
{
    struct cli_context *ctx = cli_context_cast(ctx_);
    struct ds *s = shash_find_data(ctx->inputs, name);

    if (!s) {
        s = xmalloc(sizeof *s);
        ds_init(s);
        int error = read_file(name, max, s);
        if (error) {
            ctl_error(ctx_, "%s: cannot be read (%s)", name,
                      ovs_strerror(error));
        } else if (s->length > max) {
            ctl_error(ctx_, "%s: has more than %"PRIuSIZE" bytes", name, max);
        }
        if (ctx_->error) {
            ds_destroy(s);
            free(s);
            return NULL;
        }
        shash_add(ctx->inputs, name, s);
    }
    *length = s->length;
    return ds_cstr(s);
}

void
cli_inputs_destroy(struct shash *inputs)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, inputs) {
        ds_destroy(node->data);
    }
    shash_destroy_free_data(inputs);
}

void
cli_watch(struct ctl_context *ctx, const char *name)
{
    svec_add(cli_context_cast(ctx)->watched, name);
}

void
cli_put_json(struct ctl_context *ctx, struct json *json)
{
    char *s = json_to_string(json, JSSF_PRETTY | JSSF_SORT);

    ds_put_format(&ctx->output, "%s\n", s);
    free(s);
    json_destroy(json);
}
