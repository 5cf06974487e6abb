/* SPDX-License-Identifier: Apache-2.0 */
/* The enrolment service and the certificate authority alone, for tests:
 *
 *     enrol-server DATABASE PORT DIRECTORY
 *
 * DIRECTORY has host.key, host.pem, ca.pem and, for the authority, ca.key. */
#include <config.h>

#include <stdlib.h>

#include "fatal-signal.h"
#include "gateway/enrol.h"
#include "gateway/sign.h"
#include "nethv-idl.h"
#include "openvswitch/poll-loop.h"
#include "ovsdb-idl.h"
#include "util.h"

static char *
file_in(const char *directory, const char *name)
{
    return xasprintf("%s/%s", directory, name);
}

static void
check(char *error)
{
    if (error) {
        ovs_fatal(0, "%s", error);
    }
}

int
main(int argc, char *argv[])
{
    set_program_name(argv[0]);
    fatal_ignore_sigpipe();
    if (argc != 4) {
        ovs_fatal(0, "usage: %s DATABASE PORT DIRECTORY", argv[0]);
    }

    struct ovsdb_idl_loop loop = OVSDB_IDL_LOOP_INITIALIZER(
        ovsdb_idl_create(argv[1], &nethvrec_idl_class, true, true));
    char *ca = file_in(argv[3], "ca.pem");
    struct enrol_config config = {
        .port = atoi(argv[2]),
        .key = file_in(argv[3], "host.key"),
        .certificate = file_in(argv[3], "host.pem"),
        .ca = ca,
    };
    struct enrol *enrol;
    struct sign *sign;
    check(enrol_create(&config, loop.idl, &enrol));
    check(sign_create(file_in(argv[3], "ca.key"), ca, loop.idl, &sign));

    for (;;) {
        struct ovsdb_idl_txn *txn = ovsdb_idl_loop_run(&loop);
        if (!ovsdb_idl_has_ever_connected(loop.idl)) {
            txn = NULL;
        }
        enrol_run(enrol, txn);
        sign_run(sign, txn);
        ovsdb_idl_loop_commit_and_wait(&loop);
        enrol_wait(enrol);
        sign_wait(sign);
        poll_block();
    }
}
