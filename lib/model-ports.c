/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "model-private.h"
#include "nethv/wire.h"
#include "packets.h"
#include "util.h"
#include "uuid.h"

/* A host with a port of a switch has the switch: vswitch->hosts counts. */

static struct presence *
presence_find(const struct vswitch *vswitch, uint32_t location)
{
    struct presence *presence;

    HMAP_FOR_EACH_WITH_HASH (presence, node, model_hash_location(location),
                             &vswitch->hosts) {
        if (presence->location == location) {
            return presence;
        }
    }
    return NULL;
}

static void
presence_add(struct vswitch *vswitch, uint32_t location)
{
    struct presence *presence = presence_find(vswitch, location);

    if (!presence) {
        presence = xzalloc(sizeof *presence);
        presence->location = location;
        hmap_insert(&vswitch->hosts, &presence->node,
                    model_hash_location(location));
    }
    presence->n_ports++;
}

static void
presence_remove(struct vswitch *vswitch, uint32_t location)
{
    struct presence *presence = presence_find(vswitch, location);

    if (!--presence->n_ports) {
        hmap_remove(&vswitch->hosts, &presence->node);
        free(presence);
    }
}

/* Joins 'port' and its binding to what follows from both, if there are both. */
static void
vport_join(struct vport *port)
{
    const struct binding *binding = port->binding;

    if (!port->vswitch || !binding) {
        return;
    }
    if (binding->location) {
        presence_add(port->vswitch, binding->location & NETHV_HOST_MASK);
    }
    for (size_t i = 0; i < port->n_macs; i++) {
        for (size_t j = 0; j < binding->n_macs; j++) {
            if (eth_addr_equals(port->macs[i].address,
                                binding->macs[j].address)) {
                port->macs[i].location = binding->macs[j].location;
            }
        }
    }
}

/* Undoes vport_join(). */
static void
vport_part(struct vport *port)
{
    if (!port->vswitch || !port->binding) {
        return;
    }
    if (port->binding->location) {
        presence_remove(port->vswitch,
                        port->binding->location & NETHV_HOST_MASK);
    }
    for (size_t i = 0; i < port->n_macs; i++) {
        port->macs[i].location = 0;
    }
}

/* Ports. */

void
vport_init(struct model_row *row)
{
    ovs_list_init(&CONTAINER_OF(row, struct vport, row)->bindings);
}

static int
compare_port_macs(const void *a_, const void *b_)
{
    const struct port_mac *a = a_, *b = b_;

    return eth_addr_compare_3way(a->address, b->address);
}

static int
compare_port_ips(const void *a_, const void *b_)
{
    const struct port_ip *a = a_, *b = b_;

    return memcmp(&a->address, &b->address, sizeof a->address);
}

/* The longer prefix first. */
static int
compare_port_ips_and_plens(const void *a_, const void *b_)
{
    const struct port_ip *a = a_, *b = b_;
    int by_address = compare_port_ips(a, b);

    return by_address ? by_address : (int) b->plen - (int) a->plen;
}

typedef int compare_func(const void *, const void *);

/* Sorts the 'n' elements of 'size' bytes at 'array' by 'compare' and, of those
 * that are the same to 'same', keeps the first.  Returns how many are left. */
static size_t
sort_unique(void *array, size_t n, size_t size, compare_func *compare,
            compare_func *same)
{
    char *elements = array;
    size_t n_unique = 0;

    qsort(array, n, size, compare);
    for (size_t i = 0; i < n; i++) {
        char *next = elements + n_unique * size;
        char *this = elements + i * size;

        if (!n_unique || same(next - size, this)) {
            memmove(next, this, size);
            n_unique++;
        }
    }
    return n_unique;
}

/* Fills the addresses of 'port' from 'spec'. */
static void
vport_copy_addresses(struct vport *port, const struct port_spec *spec)
{
    port->macs = xcalloc(spec->n_macs, sizeof *port->macs);
    for (size_t i = 0; i < spec->n_macs; i++) {
        port->macs[i].address = spec->macs[i];
    }
    port->n_macs = sort_unique(port->macs, spec->n_macs, sizeof *port->macs,
                               compare_port_macs, compare_port_macs);

    port->ips = xcalloc(spec->n_ips, sizeof *port->ips);
    for (size_t i = 0; i < spec->n_ips; i++) {
        port->ips[i].address = spec->ips[i];
        port->ips[i].plen = spec->plens[i];
    }
    port->n_ips = sort_unique(port->ips, spec->n_ips, sizeof *port->ips,
                              compare_port_ips_and_plens, compare_port_ips);
}

static bool
vport_same_addresses(const struct vport *a, const struct vport *b)
{
    if (a->n_macs != b->n_macs || a->n_ips != b->n_ips) {
        return false;
    }
    for (size_t i = 0; i < a->n_macs; i++) {
        if (compare_port_macs(&a->macs[i], &b->macs[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < a->n_ips; i++) {
        if (compare_port_ips_and_plens(&a->ips[i], &b->ips[i])) {
            return false;
        }
    }
    return true;
}

static bool
vport_equals(const struct vport *port, const struct port_spec *spec,
             const struct vport *addresses)
{
    return nullable_string_is_equal(port->row.name, spec->name)
           && uuid_equals(&port->network->row.uuid, &spec->network)
           && uuid_equals(&port->vswitch->row.uuid, &spec->vswitch)
           && port->security == spec->security
           && port->sharing == spec->sharing
           && vport_same_addresses(port, addresses);
}

/* Enters the addresses of 'port' in the indexes of its network. */
static void
vport_index(struct vport *port)
{
    struct network *network = port->network;

    for (size_t i = 0; i < port->n_macs; i++) {
        struct port_mac *mac = &port->macs[i];

        mac->port = port;
        hmap_insert(&network->macs, &mac->network_node,
                    hash_mac(mac->address, 0, 0));
    }
    for (size_t i = 0; i < port->n_ips; i++) {
        struct port_ip *ip = &port->ips[i];

        ip->port = port;
        hmap_insert(&network->ips, &ip->network_node,
                    hash_bytes(&ip->address, sizeof ip->address, 0));
    }
}

static void
vport_unindex(struct vport *port)
{
    for (size_t i = 0; i < port->n_macs; i++) {
        hmap_remove(&port->network->macs, &port->macs[i].network_node);
    }
    for (size_t i = 0; i < port->n_ips; i++) {
        hmap_remove(&port->network->ips, &port->ips[i].network_node);
    }
}

static void
vport_free_addresses(struct vport *port)
{
    free(port->macs);
    free(port->ips);
    port->macs = NULL;
    port->ips = NULL;
    port->n_macs = port->n_ips = 0;
}

void
vport_clear(struct model *model, struct model_row *row)
{
    struct vport *port = CONTAINER_OF(row, struct vport, row);

    vport_part(port);
    vport_unindex(port);
    vport_free_addresses(port);
    ovs_list_remove(&port->switch_node);
    model_row_unref(model, &port->vswitch->row);
    model_row_unref(model, &port->network->row);
    port->vswitch = NULL;
    port->network = NULL;
}

/* Fills 'port' from 'spec'; takes over the addresses of 'addresses'. */
static void
vport_fill(struct model *model, struct vport *port,
           const struct port_spec *spec, struct vport *addresses)
{
    struct network *network = model_row_ref(model, MODEL_NETWORK,
                                            &spec->network);
    struct vswitch *vswitch = model_row_ref(model, MODEL_SWITCH,
                                            &spec->vswitch);

    model_row_clear(model, &port->row);
    port->network = network;
    port->vswitch = vswitch;
    ovs_list_push_back(&vswitch->ports, &port->switch_node);
    port->macs = addresses->macs;
    port->n_macs = addresses->n_macs;
    port->ips = addresses->ips;
    port->n_ips = addresses->n_ips;
    port->security = spec->security;
    port->sharing = spec->sharing;
    vport_index(port);
    vport_join(port);
}

void
model_put_port(struct model *model, const struct uuid *uuid,
               const struct port_spec *spec)
{
    struct vport *port = model_row_get(model, MODEL_PORT, uuid);
    struct vport addresses;

    vport_copy_addresses(&addresses, spec);
    if (port->row.present && vport_equals(port, spec, &addresses)) {
        vport_free_addresses(&addresses);
        return;
    }
    model_row_before(model, &port->row);
    vport_fill(model, port, spec, &addresses);
    model_row_present(model, &port->row, spec->name);
    model_row_after(model, &port->row);
}

/* Bindings. */

/* Adds 'binding', or takes it from, those that name its port, and lets the one
 * that counts take effect. */
static void
binding_attach(struct binding *binding, bool attach)
{
    struct vport *port = binding->port;
    struct binding *other;

    vport_part(port);
    if (attach) {
        ovs_list_push_back(&port->bindings, &binding->port_node);
    } else {
        ovs_list_remove(&binding->port_node);
    }
    port->binding = NULL;
    LIST_FOR_EACH (other, port_node, &port->bindings) {
        if (!port->binding
            || uuid_compare_3way(&other->row.uuid,
                                 &port->binding->row.uuid) < 0) {
            port->binding = other;
        }
    }
    vport_join(port);
}

/* Enters the numbers of 'binding' in the index of locations. */
static void
binding_index(struct model *model, struct binding *binding)
{
    binding->located = xcalloc(binding->n_macs + 1, sizeof *binding->located);
    for (size_t i = 0; i <= binding->n_macs; i++) {
        struct located *located = &binding->located[i];
        uint32_t location = i < binding->n_macs ? binding->macs[i].location
                            : binding->location;

        located->binding = binding;
        located->index = i;
        hmap_insert(&model->locations, &located->node,
                    model_hash_location(location));
    }
}

static void
binding_unindex(struct model *model, struct binding *binding)
{
    for (size_t i = 0; i <= binding->n_macs; i++) {
        hmap_remove(&model->locations, &binding->located[i].node);
    }
    free(binding->located);
    binding->located = NULL;
}

void
binding_clear(struct model *model, struct model_row *row)
{
    struct binding *binding = CONTAINER_OF(row, struct binding, row);

    binding_attach(binding, false);
    binding_unindex(model, binding);
    free(binding->macs);
    binding->macs = NULL;
    binding->n_macs = 0;
    model_row_unref(model, &binding->port->row);
    binding->port = NULL;
}

static int
compare_binding_macs(const void *a_, const void *b_)
{
    const struct binding_mac *a = a_, *b = b_;

    return eth_addr_compare_3way(a->address, b->address);
}

static int
compare_binding_macs_and_locations(const void *a_, const void *b_)
{
    const struct binding_mac *a = a_, *b = b_;
    int by_address = compare_binding_macs(a, b);

    return by_address ? by_address
           : a->location < b->location ? -1 : a->location > b->location;
}

/* Returns the MACs of 'spec' sorted and without duplicates, '*n' of them. */
static struct binding_mac *
binding_copy_macs(const struct binding_spec *spec, size_t *n)
{
    struct binding_mac *macs = xcalloc(spec->n_macs, sizeof *macs);

    nullable_memcpy(macs, spec->macs, spec->n_macs * sizeof *macs);
    *n = sort_unique(macs, spec->n_macs, sizeof *macs,
                     compare_binding_macs_and_locations, compare_binding_macs);
    return macs;
}

static bool
has_numbers(const struct binding *binding, const struct binding_spec *spec,
            const struct binding_mac *macs, size_t n_macs)
{
    if (!binding->row.present
        || !uuid_equals(&binding->port->row.uuid, &spec->port)
        || binding->location != spec->location
        || binding->n_macs != n_macs) {
        return false;
    }
    for (size_t i = 0; i < n_macs; i++) {
        if (compare_binding_macs_and_locations(&binding->macs[i], &macs[i])) {
            return false;
        }
    }
    return true;
}

void
model_put_binding(struct model *model, const struct uuid *uuid,
                  const struct binding_spec *spec)
{
    struct binding *binding = model_row_get(model, MODEL_BINDING, uuid);
    size_t n_macs;
    struct binding_mac *macs = binding_copy_macs(spec, &n_macs);
    bool known = has_numbers(binding, spec, macs, n_macs);

    if (known && (!spec->since || binding->since == spec->since)) {
        free(macs);
        return;
    }
    model_row_before(model, &binding->row);
    struct vport *port = model_row_ref(model, MODEL_PORT, &spec->port);
    model_row_clear(model, &binding->row);
    binding->port = port;
    binding->location = spec->location;
    binding->macs = macs;
    binding->n_macs = n_macs;
    binding->since = spec->since ? spec->since
                     : port->network ? port->network->sequence : 0;
    binding_index(model, binding);
    binding_attach(binding, true);
    model_row_present(model, &binding->row, NULL);
    model_row_after(model, &binding->row);
}

void
model_date_bindings(struct model *model, const struct network *network)
{
    const struct vswitch *sw;
    const struct vport *port;

    LIST_FOR_EACH (sw, network_node, &network->switches) {
        LIST_FOR_EACH (port, switch_node, &sw->ports) {
            struct binding *binding;

            LIST_FOR_EACH (binding, port_node, &port->bindings) {
                if (!binding->since) {
                    model_row_before(model, &binding->row);
                    binding->since = network->sequence;
                    model_row_after(model, &binding->row);
                }
            }
        }
    }
}
