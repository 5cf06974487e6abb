/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdlib.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/session.h"
#include "cli/verbs.h"
#include "fatal-signal.h"
#include "openvswitch/vlog.h"
#include "process.h"
#include "util.h"

/* Runs 'verb' with what follows it at 'argv[at]'.  It learns of --db as it
 * would from a user: by the environment. */
static int
run_local(const struct local_verb *verb, int at, int argc, char *argv[],
          struct cli_options *options)
{
    char **own = &argv[at];

    char *name = own[0];
    own[0] = NULL;
    options_parse_global(at, argv, options);
    own[0] = name;
    setenv("NETHV_DB", options->db, true);
    return verb->run(argc - at, own);
}

int
main(int argc, char *argv[])
{
    struct cli_options options = {
        .leader_only = true,
        .table_style = TABLE_STYLE_DEFAULT,
    };

    set_program_name(argv[0]);
    fatal_ignore_sigpipe();
    vlog_set_levels(NULL, VLF_CONSOLE, VLL_WARN);
    vlog_set_levels_from_string_assert("reconnect:warn");
    vlog_set_levels_from_string_assert("ovsdb_idl:console:err");
    char *line = process_escape_args(argv);
    verbs_register();

    int at = options_find_verb(argc, argv);
    const struct local_verb *local
        = at < argc ? verbs_find_local(argv[at]) : NULL;
    int code;
    if (local) {
        code = run_local(local, at, argc, argv, &options);
    } else {
        struct ctl_command *commands;
        size_t n;

        options_parse(argc, argv, &options, &commands, &n);
        code = session_run(&options, commands, n, line);
        free(commands);
    }
    free(line);
    return code;
}
