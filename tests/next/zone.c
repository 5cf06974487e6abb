/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <string.h>

#include "ovs/db.h"
#include "tests/next/nethv-idl.h"
#include "uuid.h"

/* A column that only the next version of the schema has, written where the
 * database has it. */

void __real_report_write_wire(struct db *, bool current);
void __wrap_report_write_wire(struct db *, bool current);

void
__wrap_report_write_wire(struct db *db, bool current)
{
    const struct nethvrec_host_state *state;

    __real_report_write_wire(db, current);
    if (!nethvrec_server_has_host_state_table_col_zone(db_idl(db))) {
        return;
    }
    NETHVREC_HOST_STATE_FOR_EACH (state, db_idl(db)) {
        if (uuid_equals(&state->host, &db_self(db)->header_.uuid)
            && strcmp(state->zone, "next")) {
            nethvrec_host_state_set_zone(state, "next");
        }
    }
}
