/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model-private.h"
#include "packets.h"
#include "util.h"
#include "uuid.h"

/* Clouds. */

void
cloud_init(struct model_row *row)
{
    struct cloud *cloud = CONTAINER_OF(row, struct cloud, row);

    ovs_list_init(&cloud->hosts);
    ovs_list_init(&cloud->ends);
    hmap_init(&cloud->host_ids);
}

void
cloud_uninit(struct model_row *row)
{
    hmap_destroy(&CONTAINER_OF(row, struct cloud, row)->host_ids);
}

void
cloud_clear(struct model *model, struct model_row *row)
{
    struct cloud *cloud = CONTAINER_OF(row, struct cloud, row);

    hmap_remove(&model->clouds, &cloud->id_node);
    free(cloud->provider);
    free(cloud->jurisdiction);
    free(cloud->public_ips);
    cloud->provider = cloud->jurisdiction = NULL;
    cloud->public_ips = NULL;
    cloud->n_public_ips = 0;
    cloud->id = 0;
}

static bool
cloud_equals(const struct cloud *cloud, const struct cloud_spec *spec)
{
    return nullable_string_is_equal(cloud->row.name, spec->name)
           && cloud->id == spec->id
           && nullable_string_is_equal(cloud->provider, spec->provider)
           && nullable_string_is_equal(cloud->jurisdiction,
                                       spec->jurisdiction)
           && cloud->n_public_ips == spec->n_public_ips
           && (!cloud->n_public_ips
               || !memcmp(cloud->public_ips, spec->public_ips,
                          cloud->n_public_ips * sizeof *cloud->public_ips))
           && cloud->mtu == spec->mtu
           && cloud->encaps == spec->encaps
           && cloud->mode == spec->mode;
}

void
model_put_cloud(struct model *model, const struct uuid *uuid,
                const struct cloud_spec *spec)
{
    struct cloud *cloud = model_row_get(model, MODEL_CLOUD, uuid);

    if (cloud->row.present && cloud_equals(cloud, spec)) {
        return;
    }
    model_row_before(model, &cloud->row);
    model_row_clear(model, &cloud->row);
    cloud->id = spec->id;
    hmap_insert(&model->clouds, &cloud->id_node, hash_int(cloud->id, 0));
    cloud->provider = nullable_xstrdup(spec->provider);
    cloud->jurisdiction = nullable_xstrdup(spec->jurisdiction);
    cloud->n_public_ips = spec->n_public_ips;
    cloud->public_ips = xmalloc(spec->n_public_ips
                                * sizeof *cloud->public_ips);
    nullable_memcpy(cloud->public_ips, spec->public_ips,
                    spec->n_public_ips * sizeof *cloud->public_ips);
    cloud->mtu = spec->mtu;
    cloud->encaps = spec->encaps;
    cloud->mode = spec->mode;
    model_row_present(model, &cloud->row, spec->name);
    model_row_after(model, &cloud->row);
}

/* Hosts. */

void
host_clear(struct model *model, struct model_row *row)
{
    struct host *host = CONTAINER_OF(row, struct host, row);

    hmap_remove(&host->cloud->host_ids, &host->id_node);
    ovs_list_remove(&host->cloud_node);
    model_row_unref(model, &host->cloud->row);
    host->cloud = NULL;
    free(host->public_key);
    host->public_key = NULL;
    host->unreachable = false;
}

bool
host_has_state(const struct model_row *row)
{
    const struct host *host = CONTAINER_OF(row, struct host, row);

    return host->encaps || ipv6_addr_is_set(&host->encap_ip);
}

static bool
host_equals(const struct host *host, const struct host_spec *spec)
{
    return nullable_string_is_equal(host->row.name, spec->name)
           && uuid_equals(&host->cloud->row.uuid, &spec->cloud)
           && host->id == spec->id
           && host->gateway == spec->gateway
           && ipv6_addr_equals(&host->public_ip, &spec->public_ip)
           && nullable_string_is_equal(host->public_key, spec->public_key);
}

void
model_put_host(struct model *model, const struct uuid *uuid,
               const struct host_spec *spec)
{
    struct host *host = model_row_get(model, MODEL_HOST, uuid);

    if (host->row.present && host_equals(host, spec)) {
        return;
    }
    model_row_before(model, &host->row);
    struct cloud *cloud = model_row_ref(model, MODEL_CLOUD, &spec->cloud);
    model_row_clear(model, &host->row);
    host->cloud = cloud;
    ovs_list_push_back(&cloud->hosts, &host->cloud_node);
    host->id = spec->id;
    hmap_insert(&cloud->host_ids, &host->id_node, hash_int(host->id, 0));
    host->gateway = spec->gateway;
    host->public_ip = spec->public_ip;
    host->public_key = nullable_xstrdup(spec->public_key);
    model_row_present(model, &host->row, spec->name);
    model_row_after(model, &host->row);
}

void
model_set_host_state(struct model *model, const struct uuid *uuid,
                     const struct host_state *state)
{
    struct host *host = model_row_get(model, MODEL_HOST, uuid);

    if (!ipv6_addr_equals(&host->encap_ip, &state->encap_ip)
        || host->encaps != state->encaps) {
        model_row_before(model, &host->row);
        host->encap_ip = state->encap_ip;
        host->encaps = state->encaps;
        model_row_after(model, &host->row);
    }
    model_row_release(model, &host->row);
}

void
model_set_unreachable(struct model *model, const struct uuid *uuid,
                      bool unreachable)
{
    struct model_row *row = model_find(model, MODEL_HOST, uuid);
    struct host *host = row ? CONTAINER_OF(row, struct host, row) : NULL;

    if (host && host->unreachable != unreachable) {
        model_row_before(model, row);
        host->unreachable = unreachable;
        model_row_after(model, row);
    }
}

/* Links between clouds. */

void
cloud_link_clear(struct model *model, struct model_row *row)
{
    struct cloud_link *link = CONTAINER_OF(row, struct cloud_link, row);

    for (size_t i = 0; i < ARRAY_SIZE(link->ends); i++) {
        ovs_list_remove(&link->ends[i].cloud_node);
        model_row_unref(model, &link->ends[i].cloud->row);
        link->ends[i].cloud = NULL;
    }
}

static bool
same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

void
model_put_cloud_link(struct model *model, const struct uuid *uuid,
                     const struct cloud_link_spec *spec)
{
    struct cloud_link *link = model_row_get(model, MODEL_CLOUD_LINK, uuid);

    if (link->row.present
        && uuid_equals(&link->ends[0].cloud->row.uuid, &spec->a)
        && uuid_equals(&link->ends[1].cloud->row.uuid, &spec->b)
        && same_number(link->cost, spec->cost)
        && same_number(link->rtt, spec->rtt)) {
        return;
    }
    model_row_before(model, &link->row);
    struct cloud *clouds[] = {
        model_row_ref(model, MODEL_CLOUD, &spec->a),
        model_row_ref(model, MODEL_CLOUD, &spec->b),
    };
    model_row_clear(model, &link->row);
    for (size_t i = 0; i < ARRAY_SIZE(link->ends); i++) {
        link->ends[i].cloud = clouds[i];
        link->ends[i].link = link;
        ovs_list_push_back(&clouds[i]->ends, &link->ends[i].cloud_node);
    }
    link->cost = spec->cost;
    link->rtt = spec->rtt;
    model_row_present(model, &link->row, NULL);
    model_row_after(model, &link->row);
}
