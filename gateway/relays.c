/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/relays.h"

#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "openvswitch/hmap.h"
#include "util.h"
#include "uuid.h"

/* A network in a set of them. */
struct member {
    struct hmap_node node;          /* By 'uuid'. */
    struct uuid uuid;
};

struct relays {
    struct model *model;
    struct model_observer observer;
    uint8_t cloud;                  /* 0 while not known. */
    uint8_t via[NETHV_CLOUD_FLOOD];
    struct hmap networks;           /* struct member. */
    struct hmap unsure;             /* struct member: to look at. */
};

static struct member *
member_find(const struct hmap *set, const struct uuid *uuid)
{
    struct member *member;

    HMAP_FOR_EACH_WITH_HASH (member, node, uuid_hash(uuid), set) {
        if (uuid_equals(&member->uuid, uuid)) {
            return member;
        }
    }
    return NULL;
}

static void
member_add(struct hmap *set, const struct uuid *uuid)
{
    if (!member_find(set, uuid)) {
        struct member *member = xmalloc(sizeof *member);

        member->uuid = *uuid;
        hmap_insert(set, &member->node, uuid_hash(uuid));
    }
}

static void
set_destroy(struct hmap *set)
{
    struct member *member;

    HMAP_FOR_EACH_POP (member, node, set) {
        free(member);
    }
    hmap_destroy(set);
}

/* Only the first and the last port of a switch on a host make a difference.  A
 * port may have several bindings for a while, of which one counts. */
static void
note_port(struct relays *relays, const struct vport *port)
{
    const struct binding *binding;

    if (!port->row.present || !port->vswitch->row.present) {
        return;
    }
    LIST_FOR_EACH (binding, port_node, &port->bindings) {
        uint32_t host = binding->location & NETHV_HOST_MASK;

        if (vswitch_n_ports_at(port->vswitch, host) <= 1) {
            member_add(&relays->unsure, &port->vswitch->network->row.uuid);
        }
    }
}

static void
note(struct relays *relays, const struct model_row *row)
{
    if (!row->present) {
        return;
    }
    if (row->kind == MODEL_BINDING) {
        note_port(relays, CONTAINER_OF(row, struct binding, row)->port);
    } else if (row->kind == MODEL_PORT) {
        note_port(relays, CONTAINER_OF(row, struct vport, row));
    } else if (row->kind == MODEL_SWITCH) {
        member_add(&relays->unsure, &CONTAINER_OF(row, struct vswitch,
                                                  row)->network->row.uuid);
    } else if (row->kind == MODEL_NETWORK) {
        member_add(&relays->unsure, &row->uuid);
    }
}

static void
on_change(struct model_observer *observer, const struct model_row *row)
{
    note(CONTAINER_OF(observer, struct relays, observer), row);
}

static void
note_all(struct relays *relays)
{
    const struct model_row *row;

    MODEL_FOR_EACH (row, MODEL_NETWORK, relays->model) {
        member_add(&relays->unsure, &row->uuid);
    }
}

struct relays *
relays_create(struct model *model)
{
    struct relays *relays = xzalloc(sizeof *relays);

    relays->model = model;
    hmap_init(&relays->networks);
    hmap_init(&relays->unsure);
    relays->observer.before = on_change;
    relays->observer.after = on_change;
    model_observe(model, &relays->observer);
    return relays;
}

void
relays_destroy(struct relays *relays)
{
    if (relays) {
        model_unobserve(relays->model, &relays->observer);
        set_destroy(&relays->networks);
        set_destroy(&relays->unsure);
        free(relays);
    }
}

void
relays_set_tree(struct relays *relays, uint8_t cloud,
                const uint8_t via[NETHV_CLOUD_FLOOD])
{
    if (cloud != relays->cloud
        || memcmp(via, relays->via, sizeof relays->via)) {
        relays->cloud = cloud;
        memcpy(relays->via, via, sizeof relays->via);
        note_all(relays);
    }
}

/* Returns whether floods of 'network' come through the cloud: it has endpoints
 * here, or behind two edges. */
static bool
comes_through(const struct relays *relays, const struct network *network)
{
    const struct presence *presence;
    const struct vswitch *sw;
    uint8_t edge = 0;

    LIST_FOR_EACH (sw, network_node, &network->switches) {
        HMAP_FOR_EACH (presence, node, &sw->hosts) {
            uint8_t cloud = nethv_location_cloud(presence->location);
            uint8_t via = relays->via[cloud];

            if (cloud == relays->cloud || (via && edge && via != edge)) {
                return true;
            }
            edge = via ? via : edge;
        }
    }
    return false;
}

/* Looks at the network 'uuid'.  Returns whether that has changed the set. */
static bool
look_at(struct relays *relays, const struct uuid *uuid)
{
    const struct model_row *row = model_find(relays->model, MODEL_NETWORK,
                                             uuid);
    struct member *member = member_find(&relays->networks, uuid);
    bool is = relays->cloud && row
              && comes_through(relays, CONTAINER_OF(row, struct network, row));

    if (is && !member) {
        member_add(&relays->networks, uuid);
    } else if (!is && member) {
        hmap_remove(&relays->networks, &member->node);
        free(member);
    }
    return is != (member != NULL);
}

bool
relays_run(struct relays *relays)
{
    struct hmap unsure = HMAP_INITIALIZER(&unsure);
    struct member *member;
    bool changed = false;

    /* A map that has once been large takes long to walk. */
    hmap_swap(&unsure, &relays->unsure);
    HMAP_FOR_EACH_POP (member, node, &unsure) {
        changed |= look_at(relays, &member->uuid);
        free(member);
    }
    hmap_destroy(&unsure);
    return changed;
}

static int
compare_uuids(const void *a, const void *b)
{
    return uuid_compare_3way(a, b);
}

struct uuid *
relays_networks(const struct relays *relays, size_t *n)
{
    struct uuid *networks = NULL;
    const struct member *member;

    *n = 0;
    if (hmap_is_empty(&relays->networks)) {
        return NULL;
    }
    networks = xmalloc(hmap_count(&relays->networks) * sizeof *networks);
    HMAP_FOR_EACH (member, node, &relays->networks) {
        networks[(*n)++] = member->uuid;
    }
    qsort(networks, *n, sizeof *networks, compare_uuids);
    return networks;
}
