/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cli/enact.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "addressing.h"
#include "model.h"
#include "nethv-idl.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/shash.h"
#include "packets.h"
#include "plan.h"
#include "svec.h"
#include "util.h"

/* A plan being carried out.  Rows that others refer to are found by name, both
 * those of the database and those that the plan has created. */
struct enactor {
    const struct ovsdb_idl *idl;
    struct ovsdb_idl_txn *txn;
    struct shash rows[MODEL_N_KINDS]; /* Of nethvrec_*, by name. */
};

/* How rows of a kind are created and changed: 'put' creates a row if 'row' is
 * NULL, writes what 'want' says, and returns it. */
struct enact_kind {
    const struct ovsdb_idl_table_class *table;
    const struct ovsdb_idl_row *(*put)(struct enactor *,
                                       const struct ovsdb_idl_row *row,
                                       const struct model_row *want);
    const struct ovsdb_idl_column *name; /* If others refer to rows by it. */
};

static const void *
find(const struct enactor *e, const struct model_row *row)
{
    const void *found = shash_find_data(&e->rows[row->kind], row->name);
    ovs_assert(found);
    return found;
}

static const struct ovsdb_idl_row *
put_tenant(struct enactor *e, const struct ovsdb_idl_row *row,
           const struct model_row *want)
{
    if (!row) {
        struct nethvrec_tenant *new = nethvrec_tenant_insert(e->txn);
        nethvrec_tenant_set_name(new, want->name);
        row = &new->header_;
    }
    return row;
}

static const struct ovsdb_idl_row *
put_network(struct enactor *e, const struct ovsdb_idl_row *row,
            const struct model_row *want)
{
    const struct network *network = CONTAINER_OF(want, struct network, row);

    if (!row) {
        struct nethvrec_network *new = nethvrec_network_insert(e->txn);
        nethvrec_network_set_name(new, want->name);
        nethvrec_network_set_tenant(new, find(e, &network->tenant->row));
        row = &new->header_;
    }
    return row;
}

static const struct ovsdb_idl_row *
put_switch(struct enactor *e, const struct ovsdb_idl_row *row_,
           const struct model_row *want)
{
    const struct vswitch *vswitch = CONTAINER_OF(want, struct vswitch, row);
    const struct nethvrec_switch *row
        = row_ ? CONTAINER_OF(row_, struct nethvrec_switch, header_) : NULL;

    if (!row) {
        row = nethvrec_switch_insert(e->txn);
        nethvrec_switch_set_name(row, want->name);
        nethvrec_switch_set_network(row, find(e, &vswitch->network->row));
    }
    nethvrec_switch_set_mode(row, vswitch->mode == SWITCH_OPENFLOW
                                  ? "openflow" : "learning");
    struct smap dhcp = SMAP_INITIALIZER(&dhcp);
    struct smap ra = SMAP_INITIALIZER(&ra);
    addressing_to_map(vswitch->dhcp, &dhcp);
    addressing_to_map(vswitch->ra, &ra);
    nethvrec_switch_set_dhcp(row, &dhcp);
    nethvrec_switch_set_ra(row, &ra);
    smap_destroy(&dhcp);
    smap_destroy(&ra);
    return &row->header_;
}

static void
set_macs(const struct nethvrec_port *row, const struct vport *port)
{
    struct svec macs = SVEC_EMPTY_INITIALIZER;

    for (size_t i = 0; i < port->n_macs; i++) {
        svec_add_nocopy(&macs,
                        xasprintf(ETH_ADDR_FMT,
                                  ETH_ADDR_ARGS(port->macs[i].address)));
    }
    nethvrec_port_set_macs(row, (const char **) macs.names, macs.n);
    svec_destroy(&macs);
}

static void
set_ips(const struct nethvrec_port *row, const struct vport *port)
{
    struct svec ips = SVEC_EMPTY_INITIALIZER;

    for (size_t i = 0; i < port->n_ips; i++) {
        struct ds s = DS_EMPTY_INITIALIZER;
        ipv6_format_mapped(&port->ips[i].address, &s);
        ds_put_format(&s, "/%u", port->ips[i].plen);
        svec_add_nocopy(&ips, ds_steal_cstr(&s));
    }
    nethvrec_port_set_ips(row, (const char **) ips.names, ips.n);
    svec_destroy(&ips);
}

static const struct ovsdb_idl_row *
put_port(struct enactor *e, const struct ovsdb_idl_row *row_,
         const struct model_row *want)
{
    const struct vport *port = CONTAINER_OF(want, struct vport, row);
    const struct nethvrec_port *row
        = row_ ? CONTAINER_OF(row_, struct nethvrec_port, header_) : NULL;

    if (!row) {
        row = nethvrec_port_insert(e->txn);
        nethvrec_port_set_name(row, want->name);
        nethvrec_port_set_network(row, find(e, &port->network->row));
    }
    nethvrec_port_set_switch_(row, find(e, &port->vswitch->row));
    nethvrec_port_set_security(row, port->security);
    nethvrec_port_set_sharing(row, port->sharing);
    set_macs(row, port);
    set_ips(row, port);
    return &row->header_;
}

static const struct ovsdb_idl_row *
put_link(struct enactor *e, const struct ovsdb_idl_row *row_,
         const struct model_row *want)
{
    const struct vlink *vlink = CONTAINER_OF(want, struct vlink, row);
    const struct nethvrec_link *row
        = row_ ? CONTAINER_OF(row_, struct nethvrec_link, header_) : NULL;

    if (!row) {
        row = nethvrec_link_insert(e->txn);
        nethvrec_link_set_name(row, want->name);
        nethvrec_link_set_network(row, find(e, &vlink->network->row));
    }
    nethvrec_link_set_a(row, find(e, &vlink->ends[0].vswitch->row));
    nethvrec_link_set_b(row, find(e, &vlink->ends[1].vswitch->row));
    nethvrec_link_set_bandwidth(row, vlink->bandwidth);
    return &row->header_;
}

static void
set_public_ips(const struct nethvrec_cloud *row, const struct cloud *cloud)
{
    struct svec ips = SVEC_EMPTY_INITIALIZER;

    for (size_t i = 0; i < cloud->n_public_ips; i++) {
        struct ds s = DS_EMPTY_INITIALIZER;
        ipv6_format_mapped(&cloud->public_ips[i], &s);
        svec_add_nocopy(&ips, ds_steal_cstr(&s));
    }
    nethvrec_cloud_set_public_ips(row, (const char **) ips.names, ips.n);
    svec_destroy(&ips);
}

static const char *
cloud_mode_name(enum cloud_mode mode)
{
    return (mode == CLOUD_TREE ? "tree"
            : mode == CLOUD_MESH ? "mesh" : "direct");
}

static const struct ovsdb_idl_row *
put_cloud(struct enactor *e, const struct ovsdb_idl_row *row_,
          const struct model_row *want)
{
    const struct cloud *cloud = CONTAINER_OF(want, struct cloud, row);
    const struct nethvrec_cloud *row
        = row_ ? CONTAINER_OF(row_, struct nethvrec_cloud, header_) : NULL;

    if (!row) {
        row = nethvrec_cloud_insert(e->txn);
        nethvrec_cloud_set_name(row, want->name);
        nethvrec_cloud_set_id(row, cloud->id);
    }
    nethvrec_cloud_set_provider(row, cloud->provider);
    nethvrec_cloud_set_jurisdiction(row, cloud->jurisdiction);
    nethvrec_cloud_set_mtu(row, cloud->mtu);
    nethvrec_cloud_set_mode(row, cloud_mode_name(cloud->mode));
    const char *encaps[ENCAP_N];
    size_t n_encaps = encaps_to_names(cloud->encaps, encaps);
    nethvrec_cloud_set_encaps(row, encaps, n_encaps);
    set_public_ips(row, cloud);
    return &row->header_;
}

static const struct ovsdb_idl_row *
put_cloud_link(struct enactor *e, const struct ovsdb_idl_row *row_,
               const struct model_row *want)
{
    const struct cloud_link *link = CONTAINER_OF(want, struct cloud_link, row);
    const struct nethvrec_cloud_link *row
        = row_ ? CONTAINER_OF(row_, struct nethvrec_cloud_link, header_)
          : NULL;

    if (!row) {
        row = nethvrec_cloud_link_insert(e->txn);
        nethvrec_cloud_link_set_a(row, find(e, &link->ends[0].cloud->row));
        nethvrec_cloud_link_set_b(row, find(e, &link->ends[1].cloud->row));
    }
    nethvrec_cloud_link_set_cost(row, &link->cost, !isnan(link->cost));
    return &row->header_;
}

static const struct enact_kind kinds[MODEL_N_KINDS] = {
    [MODEL_TENANT] = {&nethvrec_table_tenant, put_tenant,
                      &nethvrec_tenant_col_name},
    [MODEL_NETWORK] = {&nethvrec_table_network, put_network,
                       &nethvrec_network_col_name},
    [MODEL_SWITCH] = {&nethvrec_table_switch, put_switch,
                      &nethvrec_switch_col_name},
    [MODEL_PORT] = {&nethvrec_table_port, put_port, NULL},
    [MODEL_LINK] = {&nethvrec_table_link, put_link, NULL},
    [MODEL_CLOUD] = {&nethvrec_table_cloud, put_cloud,
                     &nethvrec_cloud_col_name},
    [MODEL_CLOUD_LINK] = {&nethvrec_table_cloud_link, put_cloud_link, NULL},
};

static void
enactor_init(struct enactor *e, const struct ovsdb_idl *idl,
             struct ovsdb_idl_txn *txn)
{
    *e = (struct enactor) { .idl = idl, .txn = txn };
    for (size_t i = 0; i < MODEL_N_KINDS; i++) {
        const struct ovsdb_idl_row *row;

        shash_init(&e->rows[i]);
        if (!kinds[i].name) {
            continue;
        }
        for (row = ovsdb_idl_first_row(idl, kinds[i].table); row;
             row = ovsdb_idl_next_row(row)) {
            const struct ovsdb_datum *name = ovsdb_idl_read(row,
                                                            kinds[i].name);
            shash_add(&e->rows[i], json_string(name->keys[0].s), row);
        }
    }
}

static void
enactor_destroy(struct enactor *e)
{
    for (size_t i = 0; i < MODEL_N_KINDS; i++) {
        shash_destroy(&e->rows[i]);
    }
}

/* The transaction shall fail if somebody else changes 'row' meanwhile. */
static void
verify_row(const struct ovsdb_idl_row *row,
           const struct ovsdb_idl_table_class *table)
{
    for (size_t i = 0; i < table->n_columns; i++) {
        ovsdb_idl_txn_verify(row, &table->columns[i]);
    }
}

static void
enact_step(struct enactor *e, const struct plan_step *step)
{
    const struct enact_kind *kind = &kinds[step->kind];
    const struct ovsdb_idl_row *row = NULL;

    ovs_assert(kind->put);
    if (step->have) {
        row = ovsdb_idl_get_row_for_uuid(e->idl, kind->table,
                                         &step->have->uuid);
        verify_row(row, kind->table);
    }
    if (step->verb == PLAN_DELETE) {
        ovsdb_idl_txn_delete(row);
        return;
    }
    row = kind->put(e, row, step->want);
    if (kind->name) {
        shash_replace(&e->rows[step->kind], step->name, row);
    }
}

void
enact_plan(const struct ovsdb_idl *idl, struct ovsdb_idl_txn *txn,
           const struct plan *plan)
{
    struct enactor e;

    enactor_init(&e, idl, txn);
    for (size_t i = 0; i < plan->n; i++) {
        enact_step(&e, &plan->steps[i]);
    }
    enactor_destroy(&e);
}
