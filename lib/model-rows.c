/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "model.h"

#include "addressing.h"
#include "model-private.h"
#include "topology.h"
#include "util.h"
#include "uuid.h"

/* Tenants. */

static void
tenant_init(struct model_row *row)
{
    ovs_list_init(&CONTAINER_OF(row, struct tenant, row)->networks);
}

static bool
tenant_has_state(const struct model_row *row)
{
    return CONTAINER_OF(row, struct tenant, row)->tag != 0;
}

void
model_put_tenant(struct model *model, const struct uuid *uuid,
                 const char *name)
{
    struct tenant *tenant = model_row_get(model, MODEL_TENANT, uuid);

    if (tenant->row.present
        && nullable_string_is_equal(tenant->row.name, name)) {
        return;
    }
    model_row_before(model, &tenant->row);
    model_row_present(model, &tenant->row, name);
    model_row_after(model, &tenant->row);
}

void
model_set_tenant_tag(struct model *model, const struct uuid *uuid,
                     uint32_t tag)
{
    struct tenant *tenant = model_row_get(model, MODEL_TENANT, uuid);

    if (tenant->tag != tag) {
        model_row_before(model, &tenant->row);
        tenant->tag = tag;
        model_row_after(model, &tenant->row);
    }
    model_row_release(model, &tenant->row);
}

/* Networks. */

static void
network_init(struct model_row *row)
{
    struct network *network = CONTAINER_OF(row, struct network, row);

    ovs_list_init(&network->switches);
    ovs_list_init(&network->links);
    ovs_list_init(&network->followers);
    hmap_init(&network->macs);
    hmap_init(&network->ips);
}

static void
network_uninit(struct model_row *row)
{
    struct network *network = CONTAINER_OF(row, struct network, row);

    topology_invalidate(network);
    hmap_destroy(&network->macs);
    hmap_destroy(&network->ips);
}

static void
network_clear(struct model *model, struct model_row *row)
{
    struct network *network = CONTAINER_OF(row, struct network, row);

    ovs_list_remove(&network->tenant_node);
    model_row_unref(model, &network->tenant->row);
    network->tenant = NULL;
}

static bool
network_has_state(const struct model_row *row)
{
    const struct network *n = CONTAINER_OF(row, struct network, row);

    return n->tag || n->number || n->sequence;
}

void
model_put_network(struct model *model, const struct uuid *uuid,
                  const struct network_spec *spec)
{
    struct network *network = model_row_get(model, MODEL_NETWORK, uuid);

    if (network->row.present
        && nullable_string_is_equal(network->row.name, spec->name)
        && uuid_equals(&network->tenant->row.uuid, &spec->tenant)
        && network->intent == spec->intent) {
        return;
    }
    model_row_before(model, &network->row);
    struct tenant *tenant = model_row_ref(model, MODEL_TENANT, &spec->tenant);
    model_row_clear(model, &network->row);
    network->tenant = tenant;
    network->intent = spec->intent;
    ovs_list_push_back(&tenant->networks, &network->tenant_node);
    model_row_present(model, &network->row, spec->name);
    model_row_after(model, &network->row);
}

void
model_set_network_state(struct model *model, const struct uuid *uuid,
                        const struct network_state *state)
{
    struct network *network = model_row_get(model, MODEL_NETWORK, uuid);

    if (network->tag != state->tag
        || network->number != state->number
        || network->sequence != state->sequence) {
        bool first = !network->sequence;

        model_row_before(model, &network->row);
        network->tag = state->tag;
        network->number = state->number;
        network->sequence = state->sequence;
        model_row_after(model, &network->row);
        if (first && state->sequence) {
            model_date_bindings(model, network);
        }
    }
    model_row_release(model, &network->row);
}

/* Switches. */

static void
vswitch_init(struct model_row *row)
{
    struct vswitch *vswitch = CONTAINER_OF(row, struct vswitch, row);

    ovs_list_init(&vswitch->ports);
    ovs_list_init(&vswitch->ends);
    hmap_init(&vswitch->hosts);
}

static void
vswitch_uninit(struct model_row *row)
{
    hmap_destroy(&CONTAINER_OF(row, struct vswitch, row)->hosts);
}

static void
vswitch_clear(struct model *model, struct model_row *row)
{
    struct vswitch *vswitch = CONTAINER_OF(row, struct vswitch, row);

    topology_invalidate(vswitch->network);
    ovs_list_remove(&vswitch->network_node);
    model_row_unref(model, &vswitch->network->row);
    vswitch->network = NULL;
    addressing_destroy(vswitch->dhcp);
    addressing_destroy(vswitch->ra);
    vswitch->dhcp = NULL;
    vswitch->ra = NULL;
}

static bool
vswitch_has_state(const struct model_row *row)
{
    return CONTAINER_OF(row, struct vswitch, row)->group != 0;
}

void
model_put_switch(struct model *model, const struct uuid *uuid,
                 const struct switch_spec *spec)
{
    struct vswitch *vswitch = model_row_get(model, MODEL_SWITCH, uuid);

    if (vswitch->row.present
        && nullable_string_is_equal(vswitch->row.name, spec->name)
        && uuid_equals(&vswitch->network->row.uuid, &spec->network)
        && vswitch->mode == spec->mode
        && addressing_equals(vswitch->dhcp, spec->dhcp)
        && addressing_equals(vswitch->ra, spec->ra)) {
        return;
    }
    model_row_before(model, &vswitch->row);
    struct network *network = model_row_ref(model, MODEL_NETWORK,
                                            &spec->network);
    model_row_clear(model, &vswitch->row);
    vswitch->network = network;
    topology_invalidate(network);
    ovs_list_push_back(&network->switches, &vswitch->network_node);
    vswitch->mode = spec->mode;
    vswitch->dhcp = addressing_clone(spec->dhcp);
    vswitch->ra = addressing_clone(spec->ra);
    model_row_present(model, &vswitch->row, spec->name);
    model_row_after(model, &vswitch->row);
}

void
model_set_switch_group(struct model *model, const struct uuid *uuid,
                       uint32_t group)
{
    struct vswitch *vswitch = model_row_get(model, MODEL_SWITCH, uuid);

    if (vswitch->group != group) {
        model_row_before(model, &vswitch->row);
        vswitch->group = group;
        if (vswitch->network) {
            topology_invalidate(vswitch->network);
        }
        model_row_after(model, &vswitch->row);
    }
    model_row_release(model, &vswitch->row);
}

/* Links. */

static void
vlink_clear(struct model *model, struct model_row *row)
{
    struct vlink *link = CONTAINER_OF(row, struct vlink, row);

    for (size_t i = 0; i < ARRAY_SIZE(link->ends); i++) {
        ovs_list_remove(&link->ends[i].switch_node);
        model_row_unref(model, &link->ends[i].vswitch->row);
        link->ends[i].vswitch = NULL;
    }
    topology_invalidate(link->network);
    ovs_list_remove(&link->network_node);
    model_row_unref(model, &link->network->row);
    link->network = NULL;
}

static bool
vlink_equals(const struct vlink *link, const struct link_spec *spec)
{
    return nullable_string_is_equal(link->row.name, spec->name)
           && uuid_equals(&link->network->row.uuid, &spec->network)
           && uuid_equals(&link->ends[0].vswitch->row.uuid, &spec->a)
           && uuid_equals(&link->ends[1].vswitch->row.uuid, &spec->b)
           && link->bandwidth == spec->bandwidth;
}

void
model_put_link(struct model *model, const struct uuid *uuid,
               const struct link_spec *spec)
{
    struct vlink *link = model_row_get(model, MODEL_LINK, uuid);

    if (link->row.present && vlink_equals(link, spec)) {
        return;
    }
    model_row_before(model, &link->row);
    struct network *network = model_row_ref(model, MODEL_NETWORK,
                                            &spec->network);
    struct vswitch *switches[] = {
        model_row_ref(model, MODEL_SWITCH, &spec->a),
        model_row_ref(model, MODEL_SWITCH, &spec->b),
    };
    model_row_clear(model, &link->row);
    link->network = network;
    topology_invalidate(network);
    ovs_list_push_back(&network->links, &link->network_node);
    for (size_t i = 0; i < ARRAY_SIZE(link->ends); i++) {
        link->ends[i].vswitch = switches[i];
        link->ends[i].link = link;
        ovs_list_push_back(&switches[i]->ends, &link->ends[i].switch_node);
    }
    link->bandwidth = spec->bandwidth;
    model_row_present(model, &link->row, spec->name);
    model_row_after(model, &link->row);
}

/* Followers. */

static void
follower_clear(struct model *model, struct model_row *row)
{
    struct follower *follower = CONTAINER_OF(row, struct follower, row);
    struct network *network = follower->network;

    ovs_list_remove(&follower->network_node);
    follower->network = NULL;

    /* Usually another one has confirmed as little: the search is short. */
    if (follower->sequence == network->confirmed) {
        uint64_t least = UINT64_MAX;
        struct follower *other;

        LIST_FOR_EACH (other, network_node, &network->followers) {
            least = MIN(least, other->sequence);
            if (least == network->confirmed) {
                break;
            }
        }
        network->confirmed = ovs_list_is_empty(&network->followers) ? 0
                             : least;
    }
    model_row_unref(model, &network->row);
}

void
model_put_follower(struct model *model, const struct uuid *uuid,
                   const struct follower_spec *spec)
{
    struct follower *follower = model_row_get(model, MODEL_FOLLOWER, uuid);

    if (follower->row.present
        && uuid_equals(&follower->network->row.uuid, &spec->network)
        && follower->location == spec->location
        && follower->intent == spec->intent
        && follower->sequence == spec->sequence) {
        return;
    }
    model_row_before(model, &follower->row);
    struct network *network = model_row_ref(model, MODEL_NETWORK,
                                            &spec->network);
    model_row_clear(model, &follower->row);
    follower->network = network;
    follower->location = spec->location;
    follower->intent = spec->intent;
    follower->sequence = spec->sequence;
    if (ovs_list_is_empty(&network->followers)
        || spec->sequence < network->confirmed) {
        network->confirmed = spec->sequence;
    }
    ovs_list_push_back(&network->followers, &follower->network_node);
    model_row_present(model, &follower->row, NULL);
    model_row_after(model, &follower->row);
}

/* All kinds. */

const struct model_class model_classes[MODEL_N_KINDS] = {
    [MODEL_TENANT] = {
        .name = "tenant", .size = sizeof(struct tenant),
        .init = tenant_init, .has_state = tenant_has_state,
    },
    [MODEL_NETWORK] = {
        .name = "network", .size = sizeof(struct network),
        .init = network_init, .uninit = network_uninit,
        .clear = network_clear, .has_state = network_has_state,
    },
    [MODEL_SWITCH] = {
        .name = "switch", .size = sizeof(struct vswitch),
        .init = vswitch_init, .uninit = vswitch_uninit,
        .clear = vswitch_clear, .has_state = vswitch_has_state,
    },
    [MODEL_PORT] = {
        .name = "port", .size = sizeof(struct vport),
        .init = vport_init, .clear = vport_clear,
    },
    [MODEL_LINK] = {
        .name = "link", .size = sizeof(struct vlink), .clear = vlink_clear,
    },
    [MODEL_BINDING] = {
        .name = "binding", .size = sizeof(struct binding),
        .clear = binding_clear,
    },
    [MODEL_FOLLOWER] = {
        .name = "follower", .size = sizeof(struct follower),
        .clear = follower_clear,
    },
    [MODEL_CLOUD] = {
        .name = "cloud", .size = sizeof(struct cloud),
        .init = cloud_init, .uninit = cloud_uninit, .clear = cloud_clear,
    },
    [MODEL_HOST] = {
        .name = "host", .size = sizeof(struct host),
        .clear = host_clear, .has_state = host_has_state,
    },
    [MODEL_CLOUD_LINK] = {
        .name = "cloud link", .size = sizeof(struct cloud_link),
        .clear = cloud_link_clear,
    },
};

const char *
model_kind_name(enum model_kind kind)
{
    return model_classes[kind].name;
}
