/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/serving.h"

#include "lib/nethv-idl.h"
#include "model.h"
#include "ovs/db.h"
#include "ovs/inventory.h"
#include "util.h"
#include "uuid.h"

/* One that says that it serves. */
struct claim {
    int64_t number;             /* 0: there is none. */
    const struct host *host;
};

static const struct host *
host_of(const struct model *model, const struct nethvrec_gateway_state *row)
{
    const struct model_row *host = model_find(model, MODEL_HOST, &row->host);

    return host ? CONTAINER_OF(host, struct host, row) : NULL;
}

/* One without state has only just joined. */
static bool
is_alive(struct db *db, const struct host *host)
{
    const struct nethvrec_host *row
        = nethvrec_host_get_for_uuid(db_idl(db), &host->row.uuid);
    const struct nethvrec_host_state *state
        = row ? inventory_state(db_idl(db), row) : NULL;

    return !state || state->alive;
}

/* Returns whether 'a' is to be believed rather than 'b'.  Which are alive takes
 * longer to find out, and is needed only if there are two. */
static bool
is_better(struct db *db, const struct claim *a, const struct claim *b)
{
    if (!b->number) {
        return true;
    }
    bool a_lives = is_alive(db, a->host), b_lives = is_alive(db, b->host);
    return (a_lives != b_lives ? a_lives
            : a->number != b->number ? a->number > b->number
            : a->host->id < b->host->id);
}

void
serving_read(struct db *db, const struct model *model,
             uint32_t serving[NETHV_CLOUD_FLOOD])
{
    const struct nethvrec_gateway_state *row;
    struct claim best[NETHV_CLOUD_FLOOD] = { { 0, NULL } };

    NETHVREC_GATEWAY_STATE_FOR_EACH (row, db_idl(db)) {
        const struct claim claim = { row->serves, host_of(model, row) };
        if (claim.number && claim.host && claim.host->gateway) {
            struct claim *old = &best[claim.host->cloud->id];
            *old = is_better(db, &claim, old) ? claim : *old;
        }
    }
    for (int cloud = 0; cloud < NETHV_CLOUD_FLOOD; cloud++) {
        serving[cloud] = (best[cloud].number
                          ? host_location(best[cloud].host) : 0);
    }
}

int64_t
serving_next(struct db *db, const struct model *model, uint8_t cloud)
{
    const struct nethvrec_gateway_state *row;
    int64_t last = 0;

    NETHVREC_GATEWAY_STATE_FOR_EACH (row, db_idl(db)) {
        const struct host *host = host_of(model, row);
        if (host && host->cloud->id == cloud) {
            last = MAX(last, row->serves);
        }
    }
    return last + 1;
}

/* Marking changes the order of the cloud's hosts in no way. */
void
serving_mark(struct model *model, uint8_t id, uint32_t location)
{
    const struct cloud *cloud = model_cloud_by_id(model, id);
    const struct host *host;

    if (!cloud || !location) {
        return;
    }
    LIST_FOR_EACH (host, cloud_node, &cloud->hosts) {
        if (host->row.present && host->gateway) {
            model_set_unreachable(model, &host->row.uuid,
                                  host_location(host) != location);
        }
    }
}
