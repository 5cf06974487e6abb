/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/changes.h"

#include <stdlib.h>

#include "lib/nethv-idl.h"
#include "ovs/db.h"
#include "util.h"
#include "uuid.h"

struct changes {
    struct ovsdb_idl_index *by_network;
};

struct changes *
changes_create(struct db *db)
{
    struct changes *changes = xmalloc(sizeof *changes);

    changes->by_network = ovsdb_idl_index_create1(
        db_idl(db), &nethvrec_network_state_col_network);
    return changes;
}

void
changes_destroy(struct changes *changes)
{
    free(changes);
}

static const struct nethvrec_network_state *
find_state(const struct changes *changes, const struct uuid *network)
{
    struct nethvrec_network_state *key
        = nethvrec_network_state_index_init_row(changes->by_network);

    nethvrec_network_state_index_set_network(key, *network);
    const struct nethvrec_network_state *state
        = nethvrec_network_state_index_find(changes->by_network, key);
    nethvrec_network_state_index_destroy_row(key);
    return state;
}

void
changes_raise(const struct changes *changes, const struct nethvrec_host *self,
              const struct uuid *network)
{
    const struct nethvrec_network_state *state = find_state(changes, network);
    const struct uuid *uuid = &self->header_.uuid;
    int64_t n = 0;

    if (!state) {
        return;
    }
    for (size_t i = 0; i < state->n_changes; i++) {
        if (uuid_equals(&state->key_changes[i], uuid)) {
            n = state->value_changes[i];
        }
    }
    nethvrec_network_state_update_changes_setkey(state, *uuid, n + 1);
}
