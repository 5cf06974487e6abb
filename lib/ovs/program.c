/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovs/program.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "command-line.h"
#include "daemon.h"
#include "fatal-signal.h"
#include "nethv/version.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "stream-ssl.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"

struct program {
    struct unixctl_server *unixctl;
    char *unixctl_path;             /* NULL for the default. */
    bool exiting;
};

enum {
    OPT_UNIXCTL = UCHAR_MAX + 1,
    VLOG_OPTION_ENUMS,
    DAEMON_OPTION_ENUMS,
};

static const struct option long_options[] = {
    { "unixctl", required_argument, NULL, OPT_UNIXCTL },
    { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, 'V' },
    DAEMON_LONG_OPTIONS,
    VLOG_LONG_OPTIONS,
    { NULL, 0, NULL, 0 },
};

static void
parse_options(struct program *program, int argc, char *argv[],
              void (*usage)(void))
{
    for (;;) {
        int c = getopt_long(argc, argv, "hVv::", long_options, NULL);
        switch (c) {
        case -1:
            if (optind < argc) {
                ovs_fatal(0, "\"%s\" is not known: see \"%s --help\"",
                          argv[optind], program_name);
            }
            return;
        case OPT_UNIXCTL:
            free(program->unixctl_path);
            program->unixctl_path = xstrdup(optarg);
            break;
        case 'h':
            usage();
            break;
        case 'V':
            printf("%s (nethv) %s\n", program_name, NETHV_VERSION);
            exit(EXIT_SUCCESS);
        VLOG_OPTION_HANDLERS
        DAEMON_OPTION_HANDLERS
        case '?':
        default:
            exit(EXIT_FAILURE);
        }
    }
}

static void
cmd_exit(struct unixctl_conn *conn, int argc OVS_UNUSED,
         const char *argv[] OVS_UNUSED, void *program_)
{
    struct program *program = program_;
    program->exiting = true;
    unixctl_command_reply(conn, NULL);
}

struct program *
program_start(int argc, char *argv[], void (*usage)(void))
{
    struct program *program = xzalloc(sizeof *program);

    /* Everything of ours lies in our own directories, whichever Open vSwitch's
     * are. */
    ignore(setenv("OVS_RUNDIR", PROGRAM_RUNDIR, false));
    ignore(setenv("OVS_LOGDIR", PROGRAM_LOGDIR, false));
    ovs_cmdl_proctitle_init(argc, argv);
    service_start(&argc, &argv);
    parse_options(program, argc, argv, usage);
    fatal_ignore_sigpipe();
    stream_ssl_set_key_and_cert(PROGRAM_KEY, PROGRAM_CERTIFICATE);
    stream_ssl_set_ca_cert_file(PROGRAM_CA, false);

    daemonize_start(false);
    if (!program->unixctl_path) {
        program->unixctl_path = xasprintf(PROGRAM_RUNDIR "/%s.ctl",
                                          program_name);
    }
    int error = unixctl_server_create(program->unixctl_path,
                                      &program->unixctl);
    if (error) {
        ovs_fatal(error, "%s: cannot listen there", program->unixctl_path);
    }
    unixctl_command_register("exit", "", 0, 0, cmd_exit, program);
    return program;
}

void
program_started(struct program *program OVS_UNUSED)
{
    daemonize_complete();
}

void
program_run(struct program *program)
{
    /* Renewed now and then. */
    stream_ssl_set_key_and_cert(PROGRAM_KEY, PROGRAM_CERTIFICATE);
    unixctl_server_run(program->unixctl);
}

void
program_wait(struct program *program)
{
    unixctl_server_wait(program->unixctl);
    if (program->exiting) {
        poll_immediate_wake();
    }
}

bool
program_exiting(const struct program *program)
{
    return program->exiting;
}

void
program_end(struct program *program)
{
    unixctl_server_destroy(program->unixctl);
    free(program->unixctl_path);
    free(program);
    service_stop();
}
