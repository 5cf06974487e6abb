/* SPDX-License-Identifier: Apache-2.0 */
/* nethv-agent's verbs join and leave alone, for tests. */
#include <config.h>

#include <string.h>

#include "agent/join.h"
#include "fatal-signal.h"
#include "util.h"

int
main(int argc, char *argv[])
{
    set_program_name(argv[0]);
    fatal_ignore_sigpipe();
    if (argc < 2) {
        ovs_fatal(0, "usage: %s join|leave ...", argv[0]);
    }
    return (!strcmp(argv[1], "join") ? join_main : leave_main)(argc - 1,
                                                               argv + 1);
}
