/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovs/reader.h"

#include "nethv-idl.h"
#include "openvswitch/poll-loop.h"
#include "ovsdb-idl.h"
#include "timeval.h"
#include "util.h"

char *
reader_open(const char *remote, long long int timeout_ms,
            struct ovsdb_idl **idlp)
{
    struct ovsdb_idl *idl = ovsdb_idl_create(remote, &nethvrec_idl_class, true,
                                             true);
    long long int deadline = time_msec() + timeout_ms;

    ovsdb_idl_set_leader_only(idl, false);
    ovsdb_idl_run(idl);
    while (!ovsdb_idl_has_ever_connected(idl) && time_msec() < deadline) {
        ovsdb_idl_wait(idl);
        poll_timer_wait_until(deadline);
        poll_block();
        ovsdb_idl_run(idl);
    }
    if (!ovsdb_idl_has_ever_connected(idl)) {
        ovsdb_idl_destroy(idl);
        return xasprintf("the database does not answer at %s within %lld s",
                         remote, timeout_ms / 1000);
    }
    *idlp = idl;
    return NULL;
}
