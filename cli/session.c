/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cli/session.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/hosts.h"
#include "cli/scope.h"
#include "cli/touched.h"
#include "nethv-idl.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs/pki.h"
#include "ovsdb-data.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(session);

struct session {
    const struct cli_options *options;
    struct ctl_command *commands;
    size_t n_commands;
    const char *line;
    bool writes;                /* Does any of the commands write? */
    long long int deadline;     /* In terms of time_msec(). */
    struct ovsdb_idl *idl;
    struct scope scope;
    struct touched touched;     /* By the last attempt, if 'writes'. */
    struct svec watched;        /* Names, see cli_watch(). */
    bool state;                 /* See cli_pre_model(). */
    struct shash inputs;        /* See cli_input(). */
    bool (**awaited)(struct ctl_context *, bool last);  /* One for each
                                 * command, or NULL. */
};

/* How long verbs wait for others to do what they ask for, without --timeout. */
#define AWAIT_MSEC 60000

static void
session_connect(struct session *s)
{
    const struct cli_options *o = s->options;

    /* Even UUIDs are made with OpenSSL. */
    if (!strstr(o->db, "ssl:")) {
        pki_expect_digests_only();
    }
    s->idl = ovsdb_idl_create_unconnected(&nethvrec_idl_class, false);
    ovsdb_idl_set_leader_only(s->idl, o->leader_only);
    ovsdb_idl_set_db_change_aware(s->idl, false);
    ovsdb_idl_set_remote(s->idl, o->db, o->retry);
}

static void
init_context(struct session *s, struct cli_context *ctx,
             struct ovsdb_idl_txn *txn, struct ovsdb_symbol_table *symtab)
{
    *ctx = (struct cli_context) {
        .options = s->options,
        .inputs = &s->inputs,
        .watched = &s->watched,
        .state = &s->state,
        .scope = &s->scope,
    };
    ctl_context_init(&ctx->base, NULL, s->idl, txn, symtab, NULL);
}

/* Lets each verb say what it wants to see of the database. */
static void
run_prerequisites(struct session *s)
{
    for (size_t i = 0; i < s->n_commands; i++) {
        struct ctl_command *c = &s->commands[i];
        struct cli_context ctx;

        if (!c->syntax->prerequisites) {
            continue;
        }
        ds_init(&c->output);
        c->table = NULL;
        init_context(s, &ctx, NULL, NULL);
        ctl_context_init_command(&ctx.base, c, false);
        c->syntax->prerequisites(&ctx.base);
        if (ctx.base.error) {
            ctl_fatal("%s", ctx.base.error);
        }
        ctl_context_done_command(&ctx.base, c);
    }
    if (s->writes) {
        touched_add_columns(s->idl);
        if (s->options->wait == CLI_WAIT_HOSTS) {
            hosts_add_columns(s->idl);
        }
        ovsdb_idl_set_write_changed_only_all(s->idl, true);
    }
    scope_set(&s->scope, s->idl, s->n_commands,
              s->writes && s->options->wait == CLI_WAIT_HOSTS);
}

/* Receives, and sleeps until there is more. */
static void
session_poll(struct session *s)
{
    ovsdb_idl_wait(s->idl);
    poll_timer_wait_until(s->deadline);
    poll_block();
    ovsdb_idl_run(s->idl);
}

static bool
session_expired(const struct session *s)
{
    return time_msec() >= s->deadline;
}

/* Waits until the contents of the database are no longer those of 'seqno'. */
static void
await_change(struct session *s, unsigned int seqno)
{
    ovsdb_idl_run(s->idl);
    while (ovsdb_idl_get_seqno(s->idl) == seqno) {
        if (!ovsdb_idl_is_alive(s->idl)) {
            int error = ovsdb_idl_get_last_error(s->idl);
            ctl_fatal("%s: cannot reach a NetHV database (%s): is it running, "
                      "and is --db right?", s->options->db,
                      ovs_retval_to_string(error));
        }
        if (session_expired(s)) {
            ctl_fatal("%s: gave up after %u s; nothing has been changed",
                      s->options->db, s->options->timeout);
        }
        session_poll(s);
    }
}

/* Waits until all that the verbs look at has come. */
static void
await_scope(struct session *s)
{
    while (!scope_is_complete(&s->scope, s->idl)) {
        if (session_expired(s)) {
            ctl_fatal("%s: gave up after %u s; nothing has been changed",
                      s->options->db, s->options->timeout);
        }
        session_poll(s);
    }
}

/* Runs the verbs in 'txn'.  Returns false if they must be run again once the
 * database has changed. */
static bool
run_commands(struct session *s, struct ovsdb_idl_txn *txn,
             struct ovsdb_symbol_table *symtab)
{
    struct cli_context ctx;
    bool again = false;

    init_context(s, &ctx, txn, symtab);
    for (size_t i = 0; i < s->n_commands && !again; i++) {
        struct ctl_command *c = &s->commands[i];

        ctl_context_init_command(&ctx.base, c, false);
        c->syntax->run(&ctx.base);
        if (ctx.base.error) {
            ctl_fatal("%s", ctx.base.error);
        }
        again = ctx.base.try_again;
        s->awaited[i] = ctx.awaited;
        ctx.awaited = NULL;
        ctl_context_done_command(&ctx.base, c);
    }
    cli_context_done(&ctx);
    return !again;
}

/* Complains of row ids (--id=@x) that no "create" gave a meaning. */
static void
check_symbols(const struct ovsdb_symbol_table *symtab)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &symtab->sh) {
        const struct ovsdb_symbol *symbol = node->data;
        if (!symbol->created) {
            ctl_fatal("row id \"%s\" is referred to, but no \"-- --id=%s "
                      "create ...\" makes it", node->name, node->name);
        }
    }
}

static enum ovsdb_idl_txn_status
commit(struct session *s, struct ovsdb_idl_txn *txn)
{
    enum ovsdb_idl_txn_status status;

    while ((status = ovsdb_idl_txn_commit(txn)) == TXN_INCOMPLETE) {
        if (session_expired(s)) {
            ctl_fatal("%s: the database took the change but has not answered "
                      "within %u s: it may or may not have been written",
                      s->options->db, s->options->timeout);
        }
        ovsdb_idl_txn_wait(txn);
        session_poll(s);
    }
    return status;
}

/* Lets verbs see what the transaction gave them (the UUIDs of new rows). */
static void
run_postprocess(struct session *s, struct ovsdb_idl_txn *txn,
                struct ovsdb_symbol_table *symtab)
{
    struct cli_context ctx;

    init_context(s, &ctx, txn, symtab);
    for (size_t i = 0; i < s->n_commands; i++) {
        struct ctl_command *c = &s->commands[i];

        if (c->syntax->postprocess) {
            ctl_context_init_command(&ctx.base, c, false);
            c->syntax->postprocess(&ctx.base);
            if (ctx.base.error) {
                ctl_fatal("%s", ctx.base.error);
            }
            ctl_context_done_command(&ctx.base, c);
        }
    }
    cli_context_done(&ctx);
}

static void
discard_outputs(struct session *s)
{
    for (size_t i = 0; i < s->n_commands; i++) {
        struct ctl_command *c = &s->commands[i];

        ds_destroy(&c->output);
        if (c->table) {
            table_destroy(c->table);
            free(c->table);
        }
    }
}

/* Ends the process with what the database says against the transaction: a
 * sentence, which comes wrapped in JSON. */
OVS_NO_RETURN static void
refuse(const char *error)
{
    struct json *json = json_from_string(error);
    const struct json *details
        = (json->type == JSON_OBJECT
           ? shash_find_data(json_object(json), "details") : NULL);

    ctl_fatal("the database refuses the change, and nothing has been changed: "
              "%s", (details && details->type == JSON_STRING
                     ? json_string(details) : error));
}

/* Returns whether 'status' means that the transaction is through. */
static bool
is_done(enum ovsdb_idl_txn_status status, const struct ovsdb_idl_txn *txn)
{
    switch (status) {
    case TXN_UNCHANGED:
    case TXN_SUCCESS:
        return true;
    case TXN_TRY_AGAIN:
        return false;
    case TXN_ERROR:
        refuse(ovsdb_idl_txn_get_error(txn));
    case TXN_UNCOMMITTED:
    case TXN_INCOMPLETE:
    case TXN_ABORTED:
    case TXN_NOT_LOCKED:
    default:
        OVS_NOT_REACHED();
    }
}

static struct ovsdb_idl_txn *
create_txn(struct session *s)
{
    struct ovsdb_idl_txn *txn = ovsdb_idl_txn_create(s->idl);

    if (s->options->dry_run) {
        ovsdb_idl_txn_set_dry_run(txn);
    }
    ovsdb_idl_txn_add_comment(txn, "nethvctl: %s", s->line);
    return txn;
}

/* Finds the networks that the open transaction changes or a verb watches. */
static void
find_touched(struct session *s)
{
    const char *name;
    size_t i;

    touched_finish(&s->touched, s->idl);
    SVEC_FOR_EACH (i, name, &s->watched) {
        touched_watch(&s->touched, s->idl, name);
    }
}

/* Runs and commits all verbs.  Returns whether they are through; otherwise
 * leaves no trace. */
static bool
attempt(struct session *s)
{
    struct ovsdb_symbol_table *symtab = ovsdb_symbol_table_create();
    struct ovsdb_idl_txn *txn = create_txn(s);

    for (size_t i = 0; i < s->n_commands; i++) {
        ds_init(&s->commands[i].output);
        s->commands[i].table = NULL;
    }
    if (s->writes) {
        touched_begin(&s->touched, s->idl);
        svec_clear(&s->watched);
    }
    bool done = run_commands(s, txn, symtab);
    if (done) {
        check_symbols(symtab);
        if (s->writes) {
            find_touched(s);
        }
        done = is_done(commit(s, txn), txn);
    }
    if (done) {
        run_postprocess(s, txn, symtab);
        touched_committed(&s->touched, txn);
    } else {
        ovsdb_idl_txn_abort(txn);
        touched_destroy(&s->touched);
        discard_outputs(s);
    }
    ovsdb_idl_txn_destroy(txn);
    ovsdb_symbol_table_destroy(symtab);
    return done;
}

static void
print_oneline(struct ds *output)
{
    ds_chomp(output, '\n');
    for (size_t i = 0; i < output->length; i++) {
        int c = output->string[i];
        if (c == '\n' || c == '\\') {
            putchar('\\');
            c = c == '\n' ? 'n' : c;
        }
        putchar(c);
    }
    putchar('\n');
}

/* Own verbs' lists are for people: a table unless asked otherwise. */
static struct table_style
style_of(const struct session *s, const struct ctl_command *c)
{
    struct table_style style = s->options->table_style;

    if (!s->options->format_given && strcmp(c->syntax->name, "list")
        && strcmp(c->syntax->name, "find")) {
        style.format = TF_TABLE;
    }
    return style;
}

static void
print_outputs(struct session *s)
{
    for (size_t i = 0; i < s->n_commands; i++) {
        struct ctl_command *c = &s->commands[i];

        if (c->table) {
            struct table_style style = style_of(s, c);
            table_print(c->table, &style);
        } else if (s->options->oneline) {
            print_oneline(&c->output);
        } else {
            fputs(ds_cstr(&c->output), stdout);
        }
    }
    fflush(stdout);
    discard_outputs(s);
}

static void
print_laggards(struct session *s)
{
    struct ds text = DS_EMPTY_INITIALIZER;

    hosts_format_laggards(s->idl, s->touched.networks, s->touched.n_networks,
                          &text);
    fputs(ds_cstr(&text), stderr);
    ds_destroy(&text);
}

/* Waits until the hosts have taken up what has been committed.  Returns the
 * exit code. */
static int
wait_for_hosts(struct session *s)
{
    const struct touched *t = &s->touched;

    if (s->options->wait != CLI_WAIT_HOSTS || s->options->dry_run
        || !t->n_networks) {
        return CLI_OK;
    }
    ovsdb_idl_enable_reconnect(s->idl);
    ovsdb_idl_run(s->idl);
    while (!scope_is_complete(&s->scope, s->idl)
           || !hosts_follow(s->idl, t->networks, t->n_networks)) {
        if (session_expired(s)) {
            ovs_error(0, "the change is in the database, but after %u s not "
                      "in all live hosts:", s->options->timeout);
            print_laggards(s);
            return CLI_NOT_FOLLOWED;
        }
        session_poll(s);
    }
    print_laggards(s);
    return CLI_OK;
}

/* Returns whether what command 'i' waits for is there. */
static bool
is_there(struct session *s, size_t i, bool last)
{
    struct ctl_command *c = &s->commands[i];
    struct cli_context ctx;

    init_context(s, &ctx, NULL, NULL);
    ctl_context_init_command(&ctx.base, c, false);
    bool there = s->awaited[i](&ctx.base, last);
    if (ctx.base.error) {
        ctl_fatal("%s", ctx.base.error);
    }
    ctl_context_done_command(&ctx.base, c);
    cli_context_done(&ctx);
    return there;
}

/* Waits for what the verbs have asked others to do. */
static void
await_verbs(struct session *s)
{
    long long int deadline = s->deadline;

    if (deadline == LLONG_MAX) {
        s->deadline = time_msec() + AWAIT_MSEC;
    }
    for (size_t i = 0; i < s->n_commands; i++) {
        if (!s->awaited[i] || s->options->dry_run) {
            continue;
        }
        ovsdb_idl_enable_reconnect(s->idl);
        ovsdb_idl_run(s->idl);
        while (!is_there(s, i, session_expired(s))) {
            session_poll(s);
        }
    }
    s->deadline = deadline;
}

static void
session_destroy(struct session *s)
{
    for (size_t i = 0; i < s->n_commands; i++) {
        shash_destroy_free_data(&s->commands[i].options);
    }
    touched_destroy(&s->touched);
    svec_destroy(&s->watched);
    scope_destroy(&s->scope);
    cli_inputs_destroy(&s->inputs);
    free(s->awaited);
    ovsdb_idl_destroy(s->idl);
}

int
session_run(const struct cli_options *options, struct ctl_command *commands,
            size_t n, const char *line)
{
    struct session s = {
        .options = options,
        .commands = commands,
        .n_commands = n,
        .line = line,
        .writes = ctl_might_write_to_db(commands, n),
        .watched = SVEC_EMPTY_INITIALIZER,
        .inputs = SHASH_INITIALIZER(&s.inputs),
        .awaited = xcalloc(n, sizeof *s.awaited),
        .deadline = (options->timeout
                     ? time_msec() + options->timeout * 1000LL : LLONG_MAX),
    };

    VLOG(s.writes ? VLL_INFO : VLL_DBG, "called as %s", line);
    scope_init(&s.scope);
    session_connect(&s);
    run_prerequisites(&s);

    unsigned int seqno = ovsdb_idl_get_seqno(s.idl);
    do {
        await_change(&s, seqno);
        await_scope(&s);
        seqno = ovsdb_idl_get_seqno(s.idl);
    } while (!attempt(&s));
    await_verbs(&s);
    print_outputs(&s);
    int code = wait_for_hosts(&s);
    session_destroy(&s);
    return code;
}
