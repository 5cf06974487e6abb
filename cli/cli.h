/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_H
#define CLI_H 1

/* What the files of nethvctl share.
 *
 * A verb is either one of the database, a struct ctl_command_syntax as in
 * Open vSwitch's lib/db-ctl-base.h: all those of a command line run in one
 * transaction, again from the start if it conflicts with somebody else's.  Or
 * it is a local verb, which is alone on its command line, parses its own
 * arguments and needs no connection.  cli/verbs.c has the table of all. */

#include <stdbool.h>

#include "db-ctl-base.h"
#include "table.h"

struct json;
struct mirror;
struct model;
struct scope;
struct svec;

/* Exit codes. */
enum {
    CLI_OK = 0,
    CLI_FAILED = 1,             /* Nothing has been changed. */
    CLI_NOT_FOLLOWED = 2        /* Changed, but --wait=hosts timed out. */
};

enum cli_wait { CLI_WAIT_NONE, CLI_WAIT_HOSTS };

/* The options that are not a verb's own. */
struct cli_options {
    const char *db;             /* --db: remotes of the database. */
    unsigned int timeout;       /* --timeout: seconds, 0 for ever. */
    bool dry_run;
    bool oneline;
    bool retry;                 /* --retry: wait for a connection. */
    int leader_only;
    enum cli_wait wait;
    bool format_given;          /* --format or the like was there. */
    struct table_style table_style;
};

/* The context of every verb of the database. */
struct cli_context {
    struct ctl_context base;
    const struct cli_options *options;
    struct shash *inputs;       /* See cli_input(). */
    struct svec *watched;       /* See cli_watch(). */
    bool (*awaited)(struct ctl_context *, bool last);   /* See cli_await(). */
    struct scope *scope;        /* For prerequisites. */
    bool *state;                /* Asked for? See cli_pre_model(). */
    struct model *model;        /* See cli_model(). */
    struct mirror *mirror;
};

static inline struct cli_context *
cli_context_cast(struct ctl_context *ctx)
{
    return CONTAINER_OF(ctx, struct cli_context, base);
}

/* Returns whether the output of 'ctx' is to be JSON. */
static inline bool
cli_wants_json(struct ctl_context *ctx)
{
    return cli_context_cast(ctx)->options->table_style.format == TF_JSON;
}

/* For a verb's prerequisites: asks for all that a model holds. */
void cli_pre_model(struct ctl_context *);

/* The same without what the system has given: only what users write. */
void cli_pre_intent(struct ctl_context *);

/* The same for all columns of the 'n' 'tables'. */
void cli_pre_tables(struct ctl_context *,
                    const struct ovsdb_idl_table_class *const tables[],
                    size_t n);

/* Returns what is in the database, the open transaction included, as a model.
 * It is 'ctx''s and in step until the next change. */
struct model *cli_model(struct ctl_context *ctx);

/* Returns the contents of the file 'name', "-" being standard input, and in
 * '*length' their size.  Reads once however often it is called for 'name', so
 * that a verb may run again.  Returns NULL, and fails the verb with a sentence,
 * if that is not possible or there are more than 'max' bytes. */
const char *cli_input(struct ctl_context *, const char *name, size_t max,
                      size_t *length);

/* Makes --wait=hosts wait for the network at path 'name', changed or not. */
void cli_watch(struct ctl_context *, const char *name);

/* Makes the command line wait, once it is committed, for what 'ready' says is
 * there: for a minute unless --timeout says how long.  'ready' is called with
 * the verb's context at each change of the database until it returns true or
 * fails the verb; with 'last' it must do one of the two.  It may add to the
 * output. */
void cli_await(struct ctl_context *,
               bool (*ready)(struct ctl_context *, bool last));

/* Frees what the functions above have made; inputs outlive the context. */
void cli_context_done(struct cli_context *);
void cli_inputs_destroy(struct shash *inputs);

/* Appends 'json' to the verb's output, pretty, and destroys it. */
void cli_put_json(struct ctl_context *, struct json *json);

/* A group of verbs of the database, as --help shows it. */
struct verb_group {
    const char *title;
    const struct ctl_command_syntax *verbs; /* Ends with an all-NULL one. */
    const char *help;           /* Lines "  VERB ARG...  what it does\n". */
};

/* A local verb.  'run' gets its own name and arguments, like a main(), and
 * returns the exit code. */
struct local_verb {
    const char *name;
    int (*run)(int argc, char *argv[]);
    const char *help;           /* Lines as above. */
};

#endif /* cli.h */
