/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovs/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "addressing.h"
#include "document.h"
#include "model.h"
#include "nethv-idl.h"
#include "nethv/wire.h"
#include "ovs/row-values.h"
#include "packets.h"
#include "util.h"

/* The generated struct of the table NAME around the IDL's ROW. */
#define ROW_CAST(NAME, ROW) \
    CONTAINER_OF(ROW, const struct nethvrec_##NAME, header_)

/* Returns the UUID in 'column' of 'row', of a referred row that the IDL need
 * not hold; NULL if the column is empty. */
static const struct uuid *
reference(const struct ovsdb_idl_row *row,
          const struct ovsdb_idl_column *column)
{
    const struct ovsdb_datum *datum = ovsdb_idl_read(row, column);
    return datum->n ? &datum->keys[0].uuid : NULL;
}

static char *
put_tenant(struct model *model, const struct ovsdb_idl_row *row_,
           struct uuid *subject)
{
    const struct nethvrec_tenant *row = ROW_CAST(tenant, row_);
    char *error = row_check_path(row->name, 1);

    if (!error) {
        *subject = row_->uuid;
        model_put_tenant(model, subject, row->name);
    }
    return error;
}

static char *
put_network(struct model *model, const struct ovsdb_idl_row *row_,
            struct uuid *subject)
{
    const struct nethvrec_network *row = ROW_CAST(network, row_);
    char *error = row_check_path(row->name, 2);

    if (!error && row->tenant) {
        error = row_check_under(row->name, row->tenant->name);
    }
    if (!error) {
        struct network_spec spec = {
            .name = row->name,
            .tenant = *reference(row_, &nethvrec_network_col_tenant),
            .intent = row->sequence,
        };
        *subject = row_->uuid;
        model_put_network(model, subject, &spec);
    }
    return error;
}

/* Returns what is wrong in 'column', or NULL. */
static char *
addressing_of(const char *column, enum addressing_kind kind,
              const struct smap *map, struct addressing **addressing)
{
    char *clause = addressing_from_map(kind, map, addressing);
    char *error = clause ? xasprintf("%s: %s", column, clause) : NULL;
    free(clause);
    return error;
}

static char *
put_switch(struct model *model, const struct ovsdb_idl_row *row_,
           struct uuid *subject)
{
    const struct nethvrec_switch *row = ROW_CAST(switch, row_);
    char *error = row_check_path(row->name, 3);

    if (!error && row->network) {
        error = row_check_under(row->name, row->network->name);
    }
    struct addressing *dhcp = NULL, *ra = NULL;
    if (!error) {
        error = addressing_of("dhcp", ADDRESSING_DHCP, &row->dhcp, &dhcp);
    }
    if (!error) {
        error = addressing_of("ra", ADDRESSING_RA, &row->ra, &ra);
    }
    if (!error) {
        struct switch_spec spec = {
            .name = row->name,
            .network = *reference(row_, &nethvrec_switch_col_network),
            .mode = (!strcmp(row->mode, "openflow")
                     ? SWITCH_OPENFLOW : SWITCH_LEARNING),
            .dhcp = dhcp,
            .ra = ra,
        };
        *subject = row_->uuid;
        model_put_switch(model, subject, &spec);
    }
    addressing_destroy(dhcp);
    addressing_destroy(ra);
    return error;
}

static char *
check_port(const struct nethvrec_port *row)
{
    char *error = row_check_path(row->name, 4);

    if (!error && row->network) {
        error = row_check_under(row->name, row->network->name);
    }
    if (!error && row->switch_) {
        error = row_check_under(row->name, row->switch_->name);
    }
    return error;
}

/* Parses the addresses of 'row' into the arrays of 'macs', 'ips' and 'plens',
 * which have room for them. */
static char *
parse_port(const struct nethvrec_port *row, struct eth_addr *macs,
           struct in6_addr *ips, uint8_t *plens)
{
    char *error = NULL;

    for (size_t i = 0; i < row->n_macs && !error; i++) {
        error = row_parse_mac(row->macs[i], &macs[i]);
        for (size_t j = 0; j < i && !error; j++) {
            if (eth_addr_equals(macs[i], macs[j])) {
                error = xasprintf("\"%s\" is there twice", row->macs[i]);
            }
        }
    }
    for (size_t i = 0; i < row->n_ips && !error; i++) {
        error = row_parse_cidr(row->ips[i], &ips[i], &plens[i]);
        for (size_t j = 0; j < i && !error; j++) {
            if (ipv6_addr_equals(&ips[i], &ips[j])) {
                error = xasprintf("\"%s\" is there twice", row->ips[i]);
            }
        }
    }
    return error;
}

static char *
put_port(struct model *model, const struct ovsdb_idl_row *row_,
         struct uuid *subject)
{
    const struct nethvrec_port *row = ROW_CAST(port, row_);
    struct eth_addr macs[DOCUMENT_ADDRESSES_MAX];
    struct in6_addr ips[DOCUMENT_ADDRESSES_MAX];
    uint8_t plens[DOCUMENT_ADDRESSES_MAX];

    ovs_assert(row->n_macs <= ARRAY_SIZE(macs));
    ovs_assert(row->n_ips <= ARRAY_SIZE(ips));
    char *error = check_port(row);
    if (!error) {
        error = parse_port(row, macs, ips, plens);
    }
    if (!error) {
        struct port_spec spec = {
            .name = row->name,
            .network = *reference(row_, &nethvrec_port_col_network),
            .vswitch = *reference(row_, &nethvrec_port_col_switch_),
            .macs = macs,
            .n_macs = row->n_macs,
            .ips = ips,
            .plens = plens,
            .n_ips = row->n_ips,
            .security = row->security,
            .sharing = row->sharing,
        };
        *subject = row_->uuid;
        model_put_port(model, subject, &spec);
    }
    return error;
}

static char *
check_link(const struct nethvrec_link *row)
{
    char *error = row_check_path(row->name, 3);

    if (!error && row->network) {
        error = row_check_under(row->name, row->network->name);
    }
    if (!error && row->network && row->a) {
        error = row_check_under(row->a->name, row->network->name);
    }
    if (!error && row->network && row->b) {
        error = row_check_under(row->b->name, row->network->name);
    }
    return error;
}

static char *
put_link(struct model *model, const struct ovsdb_idl_row *row_,
         struct uuid *subject)
{
    const struct nethvrec_link *row = ROW_CAST(link, row_);
    const struct uuid *a = reference(row_, &nethvrec_link_col_a);
    const struct uuid *b = reference(row_, &nethvrec_link_col_b);
    char *error = check_link(row);

    if (!error && uuid_equals(a, b)) {
        error = xasprintf("\"%s\" leads from a switch to itself", row->name);
    }
    if (!error) {
        struct link_spec spec = {
            .name = row->name,
            .network = *reference(row_, &nethvrec_link_col_network),
            .a = *a,
            .b = *b,
            .bandwidth = row->bandwidth,
        };
        *subject = row_->uuid;
        model_put_link(model, subject, &spec);
    }
    return error;
}

static char *
parse_mac_locations(const struct nethvrec_binding *row,
                    struct binding_mac *macs)
{
    char *error = NULL;

    for (size_t i = 0; i < row->n_mac_locations && !error; i++) {
        error = row_parse_mac(row->key_mac_locations[i], &macs[i].address);
        if (!error) {
            error = row_check_location(row->value_mac_locations[i],
                                       row->host, NETHV_NUMBER_MAX);
            macs[i].location = row->value_mac_locations[i];
        }
    }
    return error;
}

static char *
put_binding(struct model *model, const struct ovsdb_idl_row *row_,
            struct uuid *subject)
{
    const struct nethvrec_binding *row = ROW_CAST(binding, row_);

    if (!reference(row_, &nethvrec_binding_col_host)) {
        return xstrdup("the binding's host is gone");
    }
    char *error = row_check_location(row->location, row->host,
                                     NETHV_NUMBER_MAX);
    if (error) {
        return error;
    }

    struct binding_mac *macs = xcalloc(row->n_mac_locations + 1, sizeof *macs);
    error = parse_mac_locations(row, macs);
    if (!error) {
        struct binding_spec spec = {
            .port = row->port,
            .location = row->location,
            .macs = macs,
            .n_macs = row->n_mac_locations,
        };
        *subject = row_->uuid;
        model_put_binding(model, subject, &spec);
    }
    free(macs);
    return error;
}

static char *
put_follower(struct model *model, const struct ovsdb_idl_row *row_,
             struct uuid *subject)
{
    const struct nethvrec_follower *row = ROW_CAST(follower, row_);

    if (!reference(row_, &nethvrec_follower_col_host)) {
        return xstrdup("the follower's host is gone");
    }
    char *error = row_check_location(row->location, row->host, 0);
    if (!error) {
        struct follower_spec spec = {
            .network = row->network,
            .location = row->location,
            .intent = row->intent,
            .sequence = row->sequence,
        };
        *subject = row_->uuid;
        model_put_follower(model, subject, &spec);
    }
    return error;
}

static enum cloud_mode
cloud_mode_from_name(const char *name)
{
    return (!strcmp(name, "tree") ? CLOUD_TREE
            : !strcmp(name, "mesh") ? CLOUD_MESH
            : CLOUD_DIRECT);
}

static char *
put_cloud(struct model *model, const struct ovsdb_idl_row *row_,
          struct uuid *subject)
{
    const struct nethvrec_cloud *row = ROW_CAST(cloud, row_);
    struct in6_addr *ips = xcalloc(row->n_public_ips + 1, sizeof *ips);
    char *error = row_check_path(row->name, 1);

    for (size_t i = 0; i < row->n_public_ips && !error; i++) {
        error = row_parse_address(row->public_ips[i], &ips[i]);
    }
    if (!error) {
        struct cloud_spec spec = {
            .name = row->name,
            .id = row->id,
            .provider = row->provider,
            .jurisdiction = row->jurisdiction,
            .mtu = row->mtu,
            .encaps = encaps_from_names(row->encaps, row->n_encaps),
            .mode = cloud_mode_from_name(row->mode),
            .public_ips = ips,
            .n_public_ips = row->n_public_ips,
        };
        *subject = row_->uuid;
        model_put_cloud(model, subject, &spec);
    }
    free(ips);
    return error;
}

static char *
put_host(struct model *model, const struct ovsdb_idl_row *row_,
         struct uuid *subject)
{
    const struct nethvrec_host *row = ROW_CAST(host, row_);
    struct host_spec spec = {
        .name = row->name,
        .cloud = *reference(row_, &nethvrec_host_col_cloud),
        .id = row->id,
        .gateway = row->gateway,
        .public_key = row->public_key[0] ? row->public_key : NULL,
    };
    char *error = row_check_path(row->name, 1);

    if (!error && row->public_ip) {
        error = row_parse_address(row->public_ip, &spec.public_ip);
    }
    if (!error) {
        *subject = row_->uuid;
        model_put_host(model, subject, &spec);
    }
    return error;
}

static char *
put_cloud_link(struct model *model, const struct ovsdb_idl_row *row_,
               struct uuid *subject)
{
    const struct nethvrec_cloud_link *row = ROW_CAST(cloud_link, row_);
    struct cloud_link_spec spec = {
        .a = *reference(row_, &nethvrec_cloud_link_col_a),
        .b = *reference(row_, &nethvrec_cloud_link_col_b),
        .cost = row->n_cost ? row->cost[0] : NAN,
        .rtt = row->n_rtt ? row->rtt[0] : NAN,
    };

    if (uuid_equals(&spec.a, &spec.b)) {
        return xstrdup("the link leads from a cloud to itself");
    }
    *subject = row_->uuid;
    model_put_cloud_link(model, subject, &spec);
    return NULL;
}

static char *
put_tenant_state(struct model *model, const struct ovsdb_idl_row *row_,
                 struct uuid *subject)
{
    const struct nethvrec_tenant_state *row = ROW_CAST(tenant_state, row_);

    *subject = row->tenant;
    model_set_tenant_tag(model, subject, row->tag);
    return NULL;
}

static char *
put_network_state(struct model *model, const struct ovsdb_idl_row *row_,
                  struct uuid *subject)
{
    const struct nethvrec_network_state *row = ROW_CAST(network_state, row_);
    struct network_state state = {
        .tag = row->tag,
        .number = row->number,
    };

    for (size_t i = 0; i < row->n_changes; i++) {
        state.sequence += row->value_changes[i];
    }
    *subject = row->network;
    model_set_network_state(model, subject, &state);
    return NULL;
}

static char *
put_switch_state(struct model *model, const struct ovsdb_idl_row *row_,
                 struct uuid *subject)
{
    const struct nethvrec_switch_state *row = ROW_CAST(switch_state, row_);

    *subject = row->switch_;
    model_set_switch_group(model, subject, row->number);
    return NULL;
}

static char *
put_host_state(struct model *model, const struct ovsdb_idl_row *row_,
               struct uuid *subject)
{
    const struct nethvrec_host_state *row = ROW_CAST(host_state, row_);
    struct host_state state = {
        .encaps = encaps_from_names(row->encaps, row->n_encaps),
    };

    if (row->encap_ip[0]) {
        char *error = row_parse_address(row->encap_ip, &state.encap_ip);
        if (error) {
            return error;
        }
    }
    *subject = row->host;
    model_set_host_state(model, subject, &state);
    return NULL;
}

#define REMOVER(NAME, KIND)                                                   \
    static void                                                               \
    remove_##NAME(struct model *model, const struct uuid *subject)            \
    {                                                                         \
        model_remove(model, KIND, subject);                                   \
    }
REMOVER(tenant, MODEL_TENANT)
REMOVER(network, MODEL_NETWORK)
REMOVER(switch, MODEL_SWITCH)
REMOVER(port, MODEL_PORT)
REMOVER(link, MODEL_LINK)
REMOVER(binding, MODEL_BINDING)
REMOVER(follower, MODEL_FOLLOWER)
REMOVER(cloud, MODEL_CLOUD)
REMOVER(host, MODEL_HOST)
REMOVER(cloud_link, MODEL_CLOUD_LINK)

static void
remove_tenant_state(struct model *model, const struct uuid *subject)
{
    model_set_tenant_tag(model, subject, 0);
}

static void
remove_network_state(struct model *model, const struct uuid *subject)
{
    struct network_state none = { .tag = 0 };
    model_set_network_state(model, subject, &none);
}

static void
remove_switch_state(struct model *model, const struct uuid *subject)
{
    model_set_switch_group(model, subject, 0);
}

static void
remove_host_state(struct model *model, const struct uuid *subject)
{
    struct host_state none = { .encaps = 0 };
    model_set_host_state(model, subject, &none);
}

#define KIND(NAME) \
    { &nethvrec_table_##NAME, false, put_##NAME, remove_##NAME }
#define STATE(NAME) \
    { &nethvrec_table_##NAME, true, put_##NAME, remove_##NAME }
const struct row_kind row_kinds[ROW_N_KINDS] = {
    KIND(cloud),
    KIND(host),
    KIND(cloud_link),
    KIND(tenant),
    KIND(network),
    KIND(switch),
    KIND(port),
    KIND(link),
    STATE(tenant_state),
    STATE(network_state),
    STATE(switch_state),
    STATE(host_state),
    STATE(binding),
    STATE(follower),
};
