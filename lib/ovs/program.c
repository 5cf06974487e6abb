/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovs/program.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "command-line.h"
#include "daemon.h"
#include "fatal-signal.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs/pki.h"
#include "ovs/text-file.h"
#include "stream-ssl.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"
#include "versions.h"

VLOG_DEFINE_THIS_MODULE(program);

struct program {
    struct unixctl_server *unixctl;
    char *unixctl_path;             /* NULL for the default. */
    bool exiting;
    struct timespec key_time, certificate_time; /* When looked at last. */
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
            printf("%s (nethv) %s\n", program_name, versions.package);
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

/* Stores when 'path' was changed last in '*time'; returns whether that differs
 * from what is there. */
static bool
has_changed(const char *path, struct timespec *time)
{
    struct stat s;
    if (stat(path, &s) || (s.st_mtim.tv_sec == time->tv_sec
                           && s.st_mtim.tv_nsec == time->tv_nsec)) {
        return false;
    }
    *time = s.st_mtim;
    return true;
}

static bool
is_pair(void)
{
    char *key, *certificate;
    char *error = text_file_read(PKI_HOST_KEY, &key);

    if (!error) {
        error = text_file_read(PKI_HOST_CERT, &certificate);
        bool pair = !error && pki_is_pair(certificate, key);
        pki_wipe(key);
        if (!error) {
            free(certificate);
            return pair;
        }
    }
    free(error);
    return false;
}

/* Uses the key and the certificate that the files hold now.  They are written
 * one after the other, in either order: stream_ssl_set_key_and_cert() would
 * miss a certificate that comes after its key, and a key that comes first does
 * not fit the certificate in use.  So the two are read when they belong
 * together, the certificate first. */
static void
read_identity(struct program *program)
{
    bool key = has_changed(PKI_HOST_KEY, &program->key_time);
    bool certificate = has_changed(PKI_HOST_CERT,
                                   &program->certificate_time);
    if (!key && !certificate) {
        return;
    }
    if (is_pair()) {
        stream_ssl_set_certificate_file(PKI_HOST_CERT);
        stream_ssl_set_private_key_file(PKI_HOST_KEY);
    } else {
        VLOG_WARN("%s and %s do not belong together: they are read again when "
                  "one of them changes", PKI_HOST_KEY, PKI_HOST_CERT);
    }
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
    read_identity(program);
    stream_ssl_set_ca_cert_file(PKI_CA_CERT, false);

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
    read_identity(program);
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
