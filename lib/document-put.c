/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "document.h"

#include <stdlib.h>

#include "model.h"
#include "util.h"

static void
put_tenant(struct model *model, const struct model_row *row)
{
    model_put_tenant(model, &row->uuid, row->name);
}

static void
put_network(struct model *model, const struct model_row *row)
{
    const struct network *network = CONTAINER_OF(row, struct network, row);
    struct network_spec spec = {
        .name = row->name,
        .tenant = network->tenant->row.uuid,
    };
    model_put_network(model, &row->uuid, &spec);
}

static void
put_switch(struct model *model, const struct model_row *row)
{
    const struct vswitch *vswitch = CONTAINER_OF(row, struct vswitch, row);
    struct switch_spec spec = {
        .name = row->name,
        .network = vswitch->network->row.uuid,
        .mode = vswitch->mode,
        .dhcp = vswitch->dhcp,
        .ra = vswitch->ra,
    };
    model_put_switch(model, &row->uuid, &spec);
}

static void
put_port(struct model *model, const struct model_row *row)
{
    const struct vport *port = CONTAINER_OF(row, struct vport, row);
    struct eth_addr macs[DOCUMENT_ADDRESSES_MAX];
    struct in6_addr ips[DOCUMENT_ADDRESSES_MAX];
    uint8_t plens[DOCUMENT_ADDRESSES_MAX];

    for (size_t i = 0; i < port->n_macs; i++) {
        macs[i] = port->macs[i].address;
    }
    for (size_t i = 0; i < port->n_ips; i++) {
        ips[i] = port->ips[i].address;
        plens[i] = port->ips[i].plen;
    }
    struct port_spec spec = {
        .name = row->name,
        .network = port->network->row.uuid,
        .vswitch = port->vswitch->row.uuid,
        .macs = macs,
        .n_macs = port->n_macs,
        .ips = ips,
        .plens = plens,
        .n_ips = port->n_ips,
        .security = port->security,
        .sharing = port->sharing,
    };
    model_put_port(model, &row->uuid, &spec);
}

static void
put_link(struct model *model, const struct model_row *row)
{
    const struct vlink *link = CONTAINER_OF(row, struct vlink, row);
    struct link_spec spec = {
        .name = row->name,
        .network = link->network->row.uuid,
        .a = link->ends[0].vswitch->row.uuid,
        .b = link->ends[1].vswitch->row.uuid,
        .bandwidth = link->bandwidth,
    };
    model_put_link(model, &row->uuid, &spec);
}

static void
put_cloud(struct model *model, const struct model_row *row)
{
    const struct cloud *cloud = CONTAINER_OF(row, struct cloud, row);
    struct cloud_spec spec = {
        .name = row->name,
        .id = cloud->id,
        .provider = cloud->provider,
        .jurisdiction = cloud->jurisdiction,
        .mtu = cloud->mtu,
        .encaps = cloud->encaps,
        .mode = cloud->mode,
        .public_ips = cloud->public_ips,
        .n_public_ips = cloud->n_public_ips,
    };
    model_put_cloud(model, &row->uuid, &spec);
}

static void
put_host(struct model *model, const struct model_row *row)
{
    const struct host *host = CONTAINER_OF(row, struct host, row);
    struct host_spec spec = {
        .name = row->name,
        .cloud = host->cloud->row.uuid,
        .id = host->id,
        .gateway = host->gateway,
        .public_ip = host->public_ip,
    };
    struct host_state state = {
        .encap_ip = host->encap_ip,
        .encaps = host->encaps,
    };
    model_put_host(model, &row->uuid, &spec);
    model_set_host_state(model, &row->uuid, &state);
}

static void
put_cloud_link(struct model *model, const struct model_row *row)
{
    const struct cloud_link *link = CONTAINER_OF(row, struct cloud_link, row);
    struct cloud_link_spec spec = {
        .a = link->ends[0].cloud->row.uuid,
        .b = link->ends[1].cloud->row.uuid,
        .cost = link->cost,
        .rtt = link->rtt,
    };
    model_put_cloud_link(model, &row->uuid, &spec);
}

/* Kinds of rows that documents hold, those that others refer to first. */
static const struct putter {
    enum model_kind kind;
    void (*put)(struct model *, const struct model_row *);
} putters[] = {
    { MODEL_TENANT, put_tenant },
    { MODEL_NETWORK, put_network },
    { MODEL_SWITCH, put_switch },
    { MODEL_PORT, put_port },
    { MODEL_LINK, put_link },
    { MODEL_CLOUD, put_cloud },
    { MODEL_HOST, put_host },
    { MODEL_CLOUD_LINK, put_cloud_link },
};

/* Checks that 'model' has neither 'row' nor a cloud with its id. */
static char *
check_free(const struct model *model, const struct model_row *row)
{
    if (row->kind == MODEL_CLOUD) {
        uint8_t id = CONTAINER_OF(row, struct cloud, row)->id;
        const struct cloud *cloud = model_cloud_by_id(model, id);
        if (cloud) {
            return xasprintf("two documents have a cloud with id %u, %s and "
                             "%s: give one another id", id, cloud->row.name,
                             row->name);
        }
    }
    if (model_find_name(model, row->kind, row->name)) {
        return xasprintf("two documents have a %s called %s: rename one",
                         model_kind_name(row->kind), row->name);
    }
    return NULL;
}

char *
document_put(const struct document *document, struct model *model)
{
    /* All else is inside one of these, or may be said twice. */
    static const enum model_kind named[] = {
        MODEL_NETWORK, MODEL_CLOUD, MODEL_HOST,
    };
    const struct model_row *row;
    for (size_t i = 0; i < ARRAY_SIZE(named); i++) {
        MODEL_FOR_EACH (row, named[i], document->model) {
            char *fault = check_free(model, row);
            if (fault) {
                return fault;
            }
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(putters); i++) {
        MODEL_FOR_EACH (row, putters[i].kind, document->model) {
            putters[i].put(model, row);
        }
    }
    return NULL;
}
