/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/common-wire.h"

#include "lib/nethv-idl.h"
#include "openvswitch/vlog.h"
#include "ovs/db.h"
#include "smap.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(common_wire);

#define OLDEST 1

/* Returns what all hosts in 'db' read, and the operator allows. */
static int64_t
find_common(struct db *db, const struct nethvrec_global *global)
{
    const struct nethvrec_host_state *state;
    int64_t common = smap_get_int(&global->options, "wire", UINT8_MAX);
    bool any = false;

    NETHVREC_HOST_STATE_FOR_EACH (state, db_idl(db)) {
        common = MIN(common, state->wire);
        any = true;
    }
    return any ? MAX(common, OLDEST) : OLDEST;
}

/* Returns the row that is to be changed, or NULL. */
static const struct nethvrec_global *
find_row(struct db *db)
{
    const struct nethvrec_global *global = nethvrec_global_first(db_idl(db));

    /* The database may be of an older version. */
    return (global && nethvrec_server_has_global_table_col_wire(db_idl(db))
            && global->wire != find_common(db, global) ? global : NULL);
}

bool
common_wire_pending(struct db *db)
{
    return find_row(db) != NULL;
}

void
common_wire_write(struct db *db)
{
    const struct nethvrec_global *global = find_row(db);

    if (global) {
        int64_t common = find_common(db, global);
        VLOG_INFO("frames leave in version %"PRId64" of the wire format",
                  common);
        nethvrec_global_set_wire(global, common);
    }
}
