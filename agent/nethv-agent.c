/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/attach.h"
#include "agent/boot.h"
#include "agent/diagnose.h"
#include "agent/join.h"
#include "daemon.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs/program.h"
#include "util.h"

/* Verbs that run beside the daemon and end. */
static const struct agent_verb {
    const char *name;
    int (*main)(int argc, char *argv[]);
} verbs[] = {
    { "attach", attach_main },
    { "detach", detach_main },
    { "diagnose", diagnose_main },
    { "join", join_main },
    { "leave", leave_main },
    { NULL, NULL },
};

static void
usage(void)
{
    printf("%s: nethv's agent on a host\n"
           "usage: %s [OPTIONS]              run as the host's daemon\n"
           "       %s join TOKEN|-           join a deployment\n"
           "       %s leave                  leave it\n"
           "       %s diagnose               name what is wrong here\n"
           "       %s attach PORT [--netns NS | --tap NAME | --internal NAME]"
           " [--ip]\n"
           "       %s detach PORT\n"
           "Each verb has its own --help; nethv-agent(8) explains them.\n",
           program_name, program_name, program_name, program_name,
           program_name, program_name, program_name);
    daemon_usage();
    vlog_usage();
    printf("\nOther options:\n"
           "  --unixctl=SOCKET    override default control socket name\n"
           "  -h, --help          display this help message\n"
           "  -V, --version       display version information\n");
    exit(EXIT_SUCCESS);
}

int
main(int argc, char *argv[])
{
    set_program_name(argv[0]);
    for (const struct agent_verb *verb = verbs; argc > 1 && verb->name;
         verb++) {
        if (!strcmp(argv[1], verb->name)) {
            return verb->main(argc - 1, argv + 1);
        }
    }

    struct program *program = program_start(argc, argv, usage);
    boot_host();
    struct agent *agent = agent_create();
    program_started(program);
    while (!program_exiting(program)) {
        agent_run(agent);
        program_run(program);
        agent_wait(agent);
        program_wait(program);
        poll_block();
    }
    agent_destroy(agent);
    program_end(program);
    return EXIT_SUCCESS;
}
