/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>

#include "daemon.h"
#include "gateway/gateway.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs/program.h"
#include "util.h"

static void
usage(void)
{
    printf("%s: nethv's gateway of a cloud\n"
           "usage: %s [OPTIONS]\n"
           "Lets hosts join, keeps this cloud's edges to other clouds, and "
           "stands for election\nas global controller.  nethv-gateway(8) "
           "explains it.\n", program_name, program_name);
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
    struct program *program = program_start(argc, argv, usage);
    struct gateway *gateway = gateway_create();
    program_started(program);
    while (!program_exiting(program)) {
        gateway_run(gateway);
        program_run(program);
        gateway_wait(gateway);
        program_wait(program);
        poll_block();
    }
    gateway_destroy(gateway);
    program_end(program);
    return EXIT_SUCCESS;
}
