/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "api/places.h"

#include <stdlib.h>
#include <string.h>

#include "api/private.h"
#include "nethv/model.h"
#include "util.h"
#include "uuid.h"

/* A number that stands for 'mac' of a port, or with 0 for the port itself. */
struct placed_number {
    uint64_t mac;
    struct nethv_place place;
};

struct placed_port {
    struct hmap_node node;
    struct uuid uuid;
    char *name;
    struct placed_number *numbers;
    size_t n;
};

bool
place_of(const struct vport *port, uint32_t location,
         struct nethv_place *place)
{
    if (!port->row.present || !port->binding || !location
        || !port->network->tag) {
        return false;
    }
    *place = (struct nethv_place) {
        .location = location,
        .tag = port->network->tag,
        .cloud = nethv_location_cloud(location),
        .host = nethv_location_host(location),
        .number = nethv_location_number(location),
    };
    return true;
}

/* Returns what 'port' has now, '*n' numbers, NULL if none. */
static struct placed_number *
numbers_of(const struct vport *port, size_t *n)
{
    *n = 0;
    if (!port || !port->row.present || !port->binding) {
        return NULL;
    }
    struct placed_number *numbers = xcalloc(port->n_macs + 1, sizeof *numbers);
    *n += place_of(port, port->binding->location, &numbers[0].place);
    for (size_t i = 0; i < port->n_macs; i++) {
        numbers[*n].mac = api_mac(port->macs[i].address);
        *n += place_of(port, port->macs[i].location, &numbers[*n].place);
    }
    return numbers;
}

static const struct placed_number *
find_mac(const struct placed_number *numbers, size_t n, uint64_t mac)
{
    for (size_t i = 0; i < n; i++) {
        if (numbers[i].mac == mac) {
            return &numbers[i];
        }
    }
    return NULL;
}

static bool
place_equals(const struct nethv_place *a, const struct nethv_place *b)
{
    return a->location == b->location && a->tag == b->tag;
}

static struct placed_port *
find_port(const struct places *places, const struct uuid *uuid)
{
    struct placed_port *p;

    HMAP_FOR_EACH_WITH_HASH (p, node, uuid_hash(uuid), &places->ports) {
        if (uuid_equals(&p->uuid, uuid)) {
            return p;
        }
    }
    return NULL;
}

static void
placed_port_free(struct placed_port *p)
{
    free(p->name);
    free(p->numbers);
    free(p);
}

/* Remembers that 'port' has the 'n' 'numbers', which are taken over. */
static void
remember(struct places *places, const struct vport *port,
         struct placed_number *numbers, size_t n)
{
    struct placed_port *p = xmalloc(sizeof *p);
    *p = (struct placed_port) {
        .uuid = port->row.uuid,
        .name = xstrdup(port->row.name),
        .numbers = numbers,
        .n = n,
    };
    hmap_insert(&places->ports, &p->node, uuid_hash(&p->uuid));
}

static void
tell_gone_and_moved(const struct places *places, const struct placed_port *old,
                    const struct placed_number *now, size_t n)
{
    for (size_t i = 0; i < old->n; i++) {
        const struct placed_number *was = &old->numbers[i];
        const struct placed_number *is = find_mac(now, n, was->mac);
        if (!is || !place_equals(&was->place, &is->place)) {
            places->cb(places->aux, old->name, was->mac, &was->place,
                       is ? &is->place : NULL);
        }
    }
}

static void
tell_new(const struct places *places, const struct placed_port *old,
         const char *name, const struct placed_number *now, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!old || !find_mac(old->numbers, old->n, now[i].mac)) {
            places->cb(places->aux, name, now[i].mac, NULL, &now[i].place);
        }
    }
}

/* Brings what is remembered of 'uuid' into step with 'port', NULL if there is
 * none. */
static void
refresh(struct places *places, const struct uuid *uuid,
        const struct vport *port)
{
    struct placed_port *old = find_port(places, uuid);
    size_t n;
    struct placed_number *now = numbers_of(port, &n);

    if (old) {
        hmap_remove(&places->ports, &old->node);
    }
    if (n) {
        remember(places, port, now, n);
    }
    if (old) {
        tell_gone_and_moved(places, old, now, n);
    }
    if (n) {
        tell_new(places, old, port->row.name, now, n);
    } else {
        free(now);
    }
    if (old) {
        placed_port_free(old);
    }
}

void
places_refresh(struct places *places, const struct uuid *port)
{
    const struct model_row *row = model_find(places->model, MODEL_PORT, port);
    refresh(places, port, row ? CONTAINER_OF(row, struct vport, row) : NULL);
}

void
places_refresh_switch(struct places *places, const struct vswitch *vswitch)
{
    const struct vport *port;

    LIST_FOR_EACH (port, switch_node, &vswitch->ports) {
        refresh(places, &port->row.uuid, port);
    }
}

void
places_refresh_network(struct places *places, const struct network *network)
{
    const struct vswitch *vswitch;

    LIST_FOR_EACH (vswitch, network_node, &network->switches) {
        places_refresh_switch(places, vswitch);
    }
}

void
places_init(struct places *places, const struct model *model, places_cb *cb,
            void *aux)
{
    const struct model_row *row;

    *places = (struct places) { .model = model, .cb = cb, .aux = aux };
    hmap_init(&places->ports);
    MODEL_FOR_EACH (row, MODEL_PORT, model) {
        const struct vport *port = CONTAINER_OF(row, struct vport, row);
        size_t n;
        struct placed_number *numbers = numbers_of(port, &n);
        if (n) {
            remember(places, port, numbers, n);
        } else {
            free(numbers);
        }
    }
}

void
places_destroy(struct places *places)
{
    struct placed_port *p;

    HMAP_FOR_EACH_POP (p, node, &places->ports) {
        placed_port_free(p);
    }
    hmap_destroy(&places->ports);
}

bool
nethv_model_place(const struct nethv_model *model OVS_UNUSED,
                  const struct nethv_row *port, uint64_t mac,
                  struct nethv_place *place)
{
    ovs_assert(api_model_row(port)->kind == MODEL_PORT);
    const struct vport *vport = CONTAINER_OF(api_model_row(port),
                                             struct vport, row);
    if (!vport->binding) {
        return false;
    }
    if (!mac) {
        return place_of(vport, vport->binding->location, place);
    }
    for (size_t i = 0; i < vport->n_macs; i++) {
        if (api_mac(vport->macs[i].address) == mac) {
            return place_of(vport, vport->macs[i].location, place);
        }
    }
    return false;
}
