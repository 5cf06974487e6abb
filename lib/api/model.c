/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "nethv/model.h"

#include <stdlib.h>

#include "api/private.h"
#include "document.h"
#include "packets.h"
#include "row-json.h"
#include "util.h"
#include "uuid.h"

/* Kinds that are shown, in the order of enum nethv_kind. */
static const enum model_kind kinds[] = {
    [NETHV_KIND_TENANT] = MODEL_TENANT,
    [NETHV_KIND_NETWORK] = MODEL_NETWORK,
    [NETHV_KIND_SWITCH] = MODEL_SWITCH,
    [NETHV_KIND_PORT] = MODEL_PORT,
    [NETHV_KIND_LINK] = MODEL_LINK,
    [NETHV_KIND_CLOUD] = MODEL_CLOUD,
    [NETHV_KIND_HOST] = MODEL_HOST,
    [NETHV_KIND_CLOUD_LINK] = MODEL_CLOUD_LINK,
};

bool
api_kind(enum model_kind kind, int *shown)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (kinds[i] == kind) {
            *shown = i;
            return true;
        }
    }
    return false;
}

const struct nethv_row *
api_row(const struct model_row *row)
{
    return row && row->present ? (const struct nethv_row *) row : NULL;
}

const struct model_row *
api_model_row(const struct nethv_row *row)
{
    return (const struct model_row *) row;
}

uint64_t
api_mac(struct eth_addr mac)
{
    return eth_addr_to_uint64(mac);
}

/* 'row' as a struct TYPE, after a check that it is of KIND. */
#define ROW_CAST(ROW, KIND, TYPE)                                             \
    (ovs_assert(api_model_row(ROW)->kind == KIND),                            \
     CONTAINER_OF(api_model_row(ROW), struct TYPE, row))

struct nethv_model *
nethv_model_create(void)
{
    struct nethv_model *model = xmalloc(sizeof *model);
    model->model = model_create();
    smap_init(&model->bindings);
    return model;
}

void
nethv_model_destroy(struct nethv_model *model)
{
    if (model) {
        model_destroy(model->model);
        smap_destroy(&model->bindings);
        free(model);
    }
}

/* Filling. */

char *
nethv_model_load(struct nethv_model *model,
                 const struct nethv_document *document)
{
    const struct smap_node *node;

    char *fault = document_put(document->document, model->model);
    if (!fault) {
        SMAP_FOR_EACH (node, &document->document->bindings) {
            smap_replace(&model->bindings, node->key, node->value);
        }
    }
    return fault;
}

char *
nethv_model_settle(struct nethv_model *model)
{
    return document_settle(model->model, &model->bindings);
}

/* Rows. */

const char *
nethv_kind_name(enum nethv_kind kind)
{
    ovs_assert(kind < ARRAY_SIZE(kinds));
    return model_kind_name(kinds[kind]);
}

const struct nethv_row *
nethv_model_find(const struct nethv_model *model, enum nethv_kind kind,
                 const char *name)
{
    ovs_assert(kind < ARRAY_SIZE(kinds));
    return api_row(model_find_name(model->model, kinds[kind], name));
}

const struct nethv_row *
nethv_model_first(const struct nethv_model *model, enum nethv_kind kind)
{
    ovs_assert(kind < ARRAY_SIZE(kinds));
    return api_row(model_first(model->model, kinds[kind]));
}

const struct nethv_row *
nethv_model_next(const struct nethv_model *model, const struct nethv_row *row)
{
    return api_row(model_next(model->model, api_model_row(row)));
}

const struct nethv_row *
nethv_model_cloud(const struct nethv_model *model, unsigned int id)
{
    const struct cloud *cloud = (id && id <= NETHV_CLOUD_MAX
                                 ? model_cloud_by_id(model->model, id) : NULL);
    return cloud ? api_row(&cloud->row) : NULL;
}

const struct nethv_row *
nethv_model_host_at(const struct nethv_model *model, uint32_t location)
{
    const struct host *host = model_host_at(model->model, location);
    return host ? api_row(&host->row) : NULL;
}

enum nethv_kind
nethv_row_kind(const struct nethv_row *row)
{
    int kind = 0;
    ovs_assert(api_kind(api_model_row(row)->kind, &kind));
    return kind;
}

const char *
nethv_row_name(const struct nethv_row *row)
{
    return api_model_row(row)->name;
}

char *
nethv_row_uuid(const struct nethv_row *row, char uuid[NETHV_UUID_STRLEN])
{
    BUILD_ASSERT_DECL(NETHV_UUID_STRLEN == UUID_LEN + 1);
    snprintf(uuid, NETHV_UUID_STRLEN, UUID_FMT,
             UUID_ARGS(&api_model_row(row)->uuid));
    return uuid;
}

const struct nethv_row *
nethv_row_parent(const struct nethv_row *row)
{
    switch (nethv_row_kind(row)) {
    case NETHV_KIND_NETWORK:
        return api_row(&ROW_CAST(row, MODEL_NETWORK, network)->tenant->row);
    case NETHV_KIND_SWITCH:
        return api_row(&ROW_CAST(row, MODEL_SWITCH, vswitch)->network->row);
    case NETHV_KIND_PORT:
        return api_row(&ROW_CAST(row, MODEL_PORT, vport)->vswitch->row);
    case NETHV_KIND_LINK:
        return api_row(&ROW_CAST(row, MODEL_LINK, vlink)->network->row);
    case NETHV_KIND_HOST:
        return api_row(&ROW_CAST(row, MODEL_HOST, host)->cloud->row);
    case NETHV_KIND_TENANT:
    case NETHV_KIND_CLOUD:
    case NETHV_KIND_CLOUD_LINK:
    default:
        return NULL;
    }
}

const struct nethv_row *
nethv_row_end(const struct nethv_row *row, int end)
{
    ovs_assert(end == 0 || end == 1);
    switch (nethv_row_kind(row)) {
    case NETHV_KIND_LINK:
        return api_row(&ROW_CAST(row, MODEL_LINK, vlink)
                       ->ends[end].vswitch->row);
    case NETHV_KIND_CLOUD_LINK:
        return api_row(&ROW_CAST(row, MODEL_CLOUD_LINK, cloud_link)
                       ->ends[end].cloud->row);
    case NETHV_KIND_TENANT:
    case NETHV_KIND_NETWORK:
    case NETHV_KIND_SWITCH:
    case NETHV_KIND_PORT:
    case NETHV_KIND_CLOUD:
    case NETHV_KIND_HOST:
    default:
        return NULL;
    }
}

char *
nethv_row_to_json(const struct nethv_row *row)
{
    json_t *object = json_value_object();
    size_t n;
    const struct row_field *fields = row_fields(api_model_row(row)->kind, &n);

    for (size_t i = 0; row_is_whole(api_model_row(row)) && i < n; i++) {
        json_object_set_new(object, fields[i].name,
                            fields[i].get(api_model_row(row)));
    }
    return row_value_text(object);
}

size_t
nethv_port_n_macs(const struct nethv_row *port)
{
    return ROW_CAST(port, MODEL_PORT, vport)->n_macs;
}

uint64_t
nethv_port_mac(const struct nethv_row *port, size_t i)
{
    const struct vport *vport = ROW_CAST(port, MODEL_PORT, vport);
    ovs_assert(i < vport->n_macs);
    return api_mac(vport->macs[i].address);
}

uint32_t
nethv_network_tag(const struct nethv_row *network)
{
    return ROW_CAST(network, MODEL_NETWORK, network)->tag;
}

uint32_t
nethv_switch_group(const struct nethv_row *vswitch)
{
    return ROW_CAST(vswitch, MODEL_SWITCH, vswitch)->group;
}

uint32_t
nethv_cloud_id(const struct nethv_row *cloud)
{
    return ROW_CAST(cloud, MODEL_CLOUD, cloud)->id;
}

uint32_t
nethv_host_location(const struct nethv_row *host)
{
    const struct host *h = ROW_CAST(host, MODEL_HOST, host);
    return h->cloud->row.present ? host_location(h) : 0;
}

const struct nethv_row *
nethv_model_port_at(const struct nethv_model *model, uint32_t tag,
                    uint32_t location, uint64_t *mac)
{
    struct eth_addr address;
    const struct vport *port = model_port_at(model->model, tag, location,
                                             &address);
    if (port && mac) {
        *mac = api_mac(address);
    }
    return port ? api_row(&port->row) : NULL;
}
