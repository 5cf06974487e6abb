/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cli/show-json.h"

#include <stdlib.h>
#include <string.h>

#include "cli/places.h"
#include "addressing.h"
#include "model.h"
#include "nethv-idl.h"
#include "nethv/wire.h"
#include "openvswitch/json.h"
#include "port-json.h"
#include "smap.h"
#include "util.h"

/* Defines show_sorted_NAMES(), which sorts the members of the list LIST of a
 * PARENT. */
#define SORTED(NAMES, PARENT, LIST, TYPE, NODE)                               \
    static int                                                                \
    compare_##NAMES(const void *a_, const void *b_)                           \
    {                                                                         \
        struct TYPE *const *a = a_;                                           \
        struct TYPE *const *b = b_;                                           \
        return strcmp((*a)->row.name, (*b)->row.name);                        \
    }                                                                         \
                                                                              \
    struct TYPE **                                                            \
    show_sorted_##NAMES(const struct PARENT *parent, size_t *n)               \
    {                                                                         \
        size_t size = ovs_list_size(&parent->LIST);                           \
        struct TYPE **array = xcalloc(size + 1, sizeof *array);               \
        struct TYPE *row;                                                     \
                                                                              \
        *n = 0;                                                               \
        LIST_FOR_EACH (row, NODE, &parent->LIST) {                            \
            if (row->row.present) {                                           \
                array[(*n)++] = row;                                          \
            }                                                                 \
        }                                                                     \
        qsort(array, *n, sizeof *array, compare_##NAMES);                     \
        return array;                                                         \
    }
SORTED(networks, tenant, networks, network, tenant_node)
SORTED(switches, network, switches, vswitch, network_node)
SORTED(links, network, links, vlink, network_node)
SORTED(ports, vswitch, ports, vport, switch_node)

static void
put_integer(struct json *json, const char *name, uint64_t value)
{
    json_object_put(json, name, json_integer_create(value));
}

static struct json *
json_named(const struct model_row *row)
{
    struct json *json = json_object_create();

    json_object_put_string(json, "name", row->name);
    json_object_put_format(json, "uuid", UUID_FMT, UUID_ARGS(&row->uuid));
    return json;
}

static struct json *
json_claims(const struct ovsdb_idl *idl, const struct vport *port)
{
    struct json *claims = json_array_create_empty();
    const struct nethvrec_claim *claim;

    PLACES_FOR_EACH_CLAIM (claim, port, idl) {
        struct json *json = json_object_create();
        json_object_put_string(json, "host", claim->host->name);
        json_object_put_string(json, "status", claim->status);
        json_object_put_string(json, "reason", places_claim_reason(claim));
        json_array_add(claims, json);
    }
    return claims;
}

static void
put_place(struct json *json, const struct ovsdb_idl *idl,
          const struct vport *port)
{
    const struct nethvrec_host *host = places_host(idl, port);

    if (!host) {
        json_object_put(json, "host", json_null_create());
        return;
    }
    json_object_put_string(json, "host", host->name);
    json_object_put_string(json, "cloud", host->cloud ? host->cloud->name
                                          : "");
    json_object_put(json, "host_alive", json_boolean_create(
        places_host_is_alive(idl, &host->header_.uuid)));
    put_integer(json, "location", port->binding->location);
    put_integer(json, "number", nethv_location_number(port->binding->location));
    json_object_put(json, "usable",
                    json_boolean_create(binding_usable(port->binding)));
}

static struct json *
json_port(const struct ovsdb_idl *idl, const struct vport *port)
{
    struct json *json = json_named(&port->row);

    json_object_put(json, "macs", port_macs_to_json(port));
    json_object_put(json, "ips", port_ips_to_json(port));
    json_object_put(json, "security", json_boolean_create(port->security));
    json_object_put(json, "sharing", json_boolean_create(port->sharing));
    put_place(json, idl, port);
    json_object_put(json, "pending_claims", json_claims(idl, port));
    return json;
}

static void
put_addressing(struct json *json, const char *name,
               const struct addressing *addressing)
{
    if (addressing) {
        struct smap map = SMAP_INITIALIZER(&map);
        addressing_to_map(addressing, &map);
        json_object_put(json, name, smap_to_json(&map));
        smap_destroy(&map);
    }
}

static struct json *
json_switch(const struct ovsdb_idl *idl, const struct vswitch *vswitch)
{
    struct json *ports = json_array_create_empty();
    struct json *json = json_named(&vswitch->row);
    size_t n;

    json_object_put_string(json, "mode", vswitch->mode == SWITCH_OPENFLOW
                                         ? "openflow" : "learning");
    put_integer(json, "group", vswitch->group);
    put_addressing(json, "dhcp", vswitch->dhcp);
    put_addressing(json, "ra", vswitch->ra);
    struct vport **sorted = show_sorted_ports(vswitch, &n);
    for (size_t i = 0; i < n; i++) {
        json_array_add(ports, json_port(idl, sorted[i]));
    }
    free(sorted);
    json_object_put(json, "ports", ports);
    return json;
}

static struct json *
json_link(const struct vlink *link)
{
    struct json *json = json_named(&link->row);

    json_object_put_string(json, "a", link->ends[0].vswitch->row.name);
    json_object_put_string(json, "b", link->ends[1].vswitch->row.name);
    put_integer(json, "bandwidth", link->bandwidth);
    return json;
}

static struct json *
json_network(const struct ovsdb_idl *idl, const struct network *network)
{
    struct json *switches = json_array_create_empty();
    struct json *links = json_array_create_empty();
    struct json *json = json_named(&network->row);
    size_t n;

    put_integer(json, "number", network->number);
    put_integer(json, "tag", network->tag);
    struct vswitch **sorted = show_sorted_switches(network, &n);
    for (size_t i = 0; i < n; i++) {
        json_array_add(switches, json_switch(idl, sorted[i]));
    }
    free(sorted);
    struct vlink **sorted_links = show_sorted_links(network, &n);
    for (size_t i = 0; i < n; i++) {
        json_array_add(links, json_link(sorted_links[i]));
    }
    free(sorted_links);
    json_object_put(json, "switches", switches);
    json_object_put(json, "links", links);
    return json;
}

static struct json *
json_tenant(const struct ovsdb_idl *idl, const struct tenant *tenant)
{
    struct json *networks = json_array_create_empty();
    struct json *json = json_named(&tenant->row);
    size_t n;

    put_integer(json, "tag", tenant->tag);
    struct network **sorted = show_sorted_networks(tenant, &n);
    for (size_t i = 0; i < n; i++) {
        json_array_add(networks, json_network(idl, sorted[i]));
    }
    free(sorted);
    json_object_put(json, "networks", networks);
    return json;
}

struct json *
show_json_row(const struct ovsdb_idl *idl, const struct model_row *row)
{
    switch (row->kind) {
    case MODEL_TENANT:
        return json_tenant(idl, CONTAINER_OF(row, struct tenant, row));
    case MODEL_NETWORK:
        return json_network(idl, CONTAINER_OF(row, struct network, row));
    case MODEL_SWITCH:
        return json_switch(idl, CONTAINER_OF(row, struct vswitch, row));
    case MODEL_PORT:
        return json_port(idl, CONTAINER_OF(row, struct vport, row));
    case MODEL_LINK:
        return json_link(CONTAINER_OF(row, struct vlink, row));
    case MODEL_BINDING:
    case MODEL_FOLLOWER:
    case MODEL_CLOUD:
    case MODEL_HOST:
    case MODEL_CLOUD_LINK:
    case MODEL_N_KINDS:
    default:
        OVS_NOT_REACHED();
    }
}
