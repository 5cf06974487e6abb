/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/gateway-state.h"

#include "lib/nethv-idl.h"
#include "model.h"
#include "ovs/db.h"
#include "repair.h"
#include "uuid.h"

/* Returns the row of Gateway_State of 'host', NULL if there is none. */
static const struct nethvrec_gateway_state *
find_state(struct db *db, const struct uuid *host)
{
    const struct nethvrec_gateway_state *row;

    NETHVREC_GATEWAY_STATE_FOR_EACH (row, db_idl(db)) {
        if (uuid_equals(&row->host, host)) {
            return row;
        }
    }
    return NULL;
}

/* Lists the neighbours in the tree that is stamped. */
static size_t
list_neighbours(const struct repair_outcome *outcome,
                int64_t list[NETHV_CLOUD_FLOOD])
{
    const struct repair_slot *slot = &outcome->slots[outcome->stamp];
    size_t n = 0;

    for (int cloud = 1; slot->present && cloud <= NETHV_CLOUD_MAX; cloud++) {
        if (slot->via[cloud] == cloud) {
            list[n++] = cloud;
        }
    }
    return n;
}

static size_t
list_opened(const struct repair_outcome *outcome,
            int64_t list[NETHV_CLOUD_FLOOD])
{
    size_t n = 0;

    for (int cloud = 1; cloud <= NETHV_CLOUD_MAX; cloud++) {
        if (outcome->opened[cloud]) {
            list[n++] = cloud;
        }
    }
    return n;
}

void
gateway_state_write(struct db *db, const struct host *self,
                    const struct repair_outcome *outcome,
                    struct ovsdb_idl_txn *txn)
{
    const struct nethvrec_gateway_state *row = find_state(db, &self->row.uuid);
    int64_t list[NETHV_CLOUD_FLOOD];

    if (!row) {
        row = nethvrec_gateway_state_insert(txn);
        nethvrec_gateway_state_set_host(row, self->row.uuid);
    }
    nethvrec_gateway_state_set_plan(row, outcome->plan);
    nethvrec_gateway_state_set_prepared(row, outcome->prepared);
    nethvrec_gateway_state_set_number(row, outcome->number);
    nethvrec_gateway_state_set_neighbours(row, list,
                                          list_neighbours(outcome, list));
    nethvrec_gateway_state_set_opened(row, list, list_opened(outcome, list));
}
