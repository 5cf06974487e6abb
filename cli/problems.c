/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cli/problems.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/places.h"
#include "model.h"
#include "nethv-idl.h"
#include "svec.h"
#include "util.h"

void
problems_add_columns(struct ovsdb_idl *idl)
{
    static const struct ovsdb_idl_column *const columns[] = {
        &nethvrec_global_col_controller,
        &nethvrec_host_state_col_wire,
        &nethvrec_host_report_col_host,
        &nethvrec_host_report_col_problems,
        &nethvrec_tunnel_col_a,
        &nethvrec_tunnel_col_b,
        &nethvrec_tunnel_col_a_up,
        &nethvrec_tunnel_col_b_up,
        &nethvrec_enrollment_col_name,
        &nethvrec_enrollment_col_error,
    };
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        ovsdb_idl_add_column(idl, columns[i]);
    }
    places_add_columns(idl);
}

static void
collect_controller(const struct ovsdb_idl *idl, struct svec *problems)
{
    const struct nethvrec_global *global = nethvrec_global_first(idl);

    if (!global || !global->controller[0]) {
        svec_add(problems, "no gateway is global controller: new networks "
                 "and ports stay without numbers");
    }
}

static void
collect_clouds(const struct model *model, struct svec *problems)
{
    const struct model_row *row;

    MODEL_FOR_EACH (row, MODEL_CLOUD, model) {
        const struct cloud *cloud = CONTAINER_OF(row, struct cloud, row);
        const struct host *host;
        bool gateway = false;

        LIST_FOR_EACH (host, cloud_node, &cloud->hosts) {
            gateway = gateway || (host->row.present && host->gateway);
        }
        if (!gateway) {
            svec_add_nocopy(problems, xasprintf(
                "cloud %s has no gateway", row->name));
        }
    }
}

static void
collect_hosts(const struct ovsdb_idl *idl, struct svec *problems)
{
    const struct nethvrec_host_report *report;
    const struct nethvrec_host *host;

    NETHVREC_HOST_FOR_EACH (host, idl) {
        if (!places_host_is_alive(idl, &host->header_.uuid)) {
            svec_add_nocopy(problems, xasprintf(
                "host %s is not alive", host->name));
        }
    }
    NETHVREC_HOST_REPORT_FOR_EACH (report, idl) {
        host = nethvrec_host_get_for_uuid(idl, &report->host);
        for (size_t i = 0; host && i < report->n_problems; i++) {
            svec_add_nocopy(problems, xasprintf(
                "host %s: %s", host->name, report->problems[i]));
        }
    }
}

/* All hosts write what all hosts read: those of an older version hold the others
 * back. */
static void
collect_versions(const struct ovsdb_idl *idl, struct svec *problems)
{
    const struct nethvrec_host_state *state;
    int64_t newest = 0;

    NETHVREC_HOST_STATE_FOR_EACH (state, idl) {
        newest = MAX(newest, state->wire);
    }
    NETHVREC_HOST_STATE_FOR_EACH (state, idl) {
        const struct nethvrec_host *host
            = nethvrec_host_get_for_uuid(idl, &state->host);

        if (host && state->wire < newest) {
            svec_add_nocopy(problems, xasprintf(
                "host %s reads version %"PRId64" of the wire format only, "
                "others read %"PRId64": nobody writes it", host->name,
                MAX(state->wire, 1), newest));
        }
    }
}

static void
collect_networks(const struct ovsdb_idl *idl, const struct model *model,
                 struct svec *problems)
{
    const struct nethvrec_network *network;

    NETHVREC_NETWORK_FOR_EACH (network, idl) {
        const struct model_row *row = model_find(model, MODEL_NETWORK,
                                                 &network->header_.uuid);
        if (row && !network_is_equipped(CONTAINER_OF(row, struct network,
                                                     row))) {
            svec_add_nocopy(problems, xasprintf(
                "network %s: the global controller has not taken up the last "
                "change", network->name));
        }
    }
}

static const char *
host_name(const struct ovsdb_idl *idl, const struct uuid *uuid)
{
    const struct nethvrec_host *host = nethvrec_host_get_for_uuid(idl, uuid);
    return host ? host->name : "(a host that is gone)";
}

static void
collect_tunnels(const struct ovsdb_idl *idl, struct svec *problems)
{
    const struct nethvrec_tunnel *tunnel;

    NETHVREC_TUNNEL_FOR_EACH (tunnel, idl) {
        if (!tunnel->a_up || !tunnel->b_up) {
            svec_add_nocopy(problems, xasprintf(
                "the tunnel between %s and %s is down",
                host_name(idl, &tunnel->a), host_name(idl, &tunnel->b)));
        }
    }
}

static void
collect_claims(const struct ovsdb_idl *idl, struct svec *problems)
{
    const struct nethvrec_claim *claim;

    NETHVREC_CLAIM_FOR_EACH (claim, idl) {
        if (claim->host && (!strcmp(claim->status, "conflict")
                            || !strcmp(claim->status, "refused"))) {
            svec_add_nocopy(problems, xasprintf(
                "host %s claims %s in vain: %s", claim->host->name,
                claim->iface_id, places_claim_reason(claim)));
        }
    }
}

static void
collect_enrollments(const struct ovsdb_idl *idl, struct svec *problems)
{
    const struct nethvrec_enrollment *enrollment;

    NETHVREC_ENROLLMENT_FOR_EACH (enrollment, idl) {
        if (enrollment->error) {
            svec_add_nocopy(problems, xasprintf(
                "host %s could not join: %s", enrollment->name,
                enrollment->error));
        }
    }
}

void
problems_collect(const struct ovsdb_idl *idl, const struct model *model,
                 struct svec *problems)
{
    collect_controller(idl, problems);
    collect_clouds(model, problems);
    collect_hosts(idl, problems);
    collect_versions(idl, problems);
    collect_networks(idl, model, problems);
    collect_tunnels(idl, problems);
    collect_claims(idl, problems);
    collect_enrollments(idl, problems);
}
