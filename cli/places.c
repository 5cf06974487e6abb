/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cli/places.h"

#include <string.h>

#include "model.h"
#include "nethv-idl.h"
#include "util.h"

void
places_add_columns(struct ovsdb_idl *idl)
{
    static const struct ovsdb_idl_column *const columns[] = {
        &nethvrec_host_col_name,
        &nethvrec_host_col_cloud,
        &nethvrec_cloud_col_name,
        &nethvrec_binding_col_host,
        &nethvrec_host_state_col_host,
        &nethvrec_host_state_col_alive,
        &nethvrec_claim_col_host,
        &nethvrec_claim_col_iface_id,
        &nethvrec_claim_col_status,
        &nethvrec_claim_col_reason,
    };
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        ovsdb_idl_add_column(idl, columns[i]);
    }
}

const struct nethvrec_host *
places_host(const struct ovsdb_idl *idl, const struct vport *port)
{
    if (!port->binding) {
        return NULL;
    }
    const struct nethvrec_binding *binding
        = nethvrec_binding_get_for_uuid(idl, &port->binding->row.uuid);
    return binding ? binding->host : NULL;
}

bool
places_host_is_alive(const struct ovsdb_idl *idl, const struct uuid *uuid)
{
    const struct nethvrec_host_state *state;

    NETHVREC_HOST_STATE_FOR_EACH (state, idl) {
        if (uuid_equals(&state->host, uuid)) {
            return state->alive;
        }
    }
    return false;
}

static bool
claims_port(const struct nethvrec_claim *claim, const struct vport *port)
{
    struct uuid uuid;

    return !strcmp(claim->iface_id, port->row.name)
           || (uuid_from_string(&uuid, claim->iface_id)
               && uuid_equals(&uuid, &port->row.uuid));
}

const struct nethvrec_claim *
places_next_claim(const struct ovsdb_idl *idl, const struct vport *port,
                  const struct nethvrec_claim *claim)
{
    claim = claim ? nethvrec_claim_next(claim) : nethvrec_claim_first(idl);
    for (; claim; claim = nethvrec_claim_next(claim)) {
        if (claim->host && strcmp(claim->status, "bound")
            && claims_port(claim, port)) {
            return claim;
        }
    }
    return NULL;
}

const char *
places_claim_reason(const struct nethvrec_claim *claim)
{
    if (claim->reason[0]) {
        return claim->reason;
    } else if (!strcmp(claim->status, "conflict")) {
        return "another host has the port";
    } else if (!strcmp(claim->status, "unknown")) {
        return "there is no such port yet";
    } else {
        return claim->status;
    }
}
