/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "compile/internal.h"
#include "util.h"
#include "uuid.h"

void
homes_init(struct compiler *c)
{
    hmap_init(&c->homes);
    ovs_list_init(&c->moved);
    ovs_list_init(&c->touched);
}

void
homes_destroy(struct compiler *c)
{
    struct home *home;

    HMAP_FOR_EACH_POP (home, node, &c->homes) {
        free(home);
    }
    hmap_destroy(&c->homes);
}

const struct home *
homes_find(const struct compiler *c, const struct uuid *network)
{
    const struct home *home;

    HMAP_FOR_EACH_WITH_HASH (home, node, uuid_hash(network), &c->homes) {
        if (uuid_equals(&home->network, network)) {
            return home;
        }
    }
    return NULL;
}

bool
compiler_is_home(const struct compiler *c, const struct network *network)
{
    return homes_find(c, &network->row.uuid) != NULL;
}

static void
touch(struct compiler *c, struct home *home)
{
    if (!home->touched) {
        home->touched = true;
        ovs_list_push_back(&c->touched, &home->touched_node);
    }
}

void
homes_touch(struct compiler *c, const struct uuid *network)
{
    const struct home *home = homes_find(c, network);

    if (home) {
        touch(c, CONST_CAST(struct home *, home));
    }
}

void
homes_note(struct compiler *c, struct endpoint *ep)
{
    if (!ep->moved) {
        ep->moved = true;
        ovs_list_push_back(&c->moved, &ep->moved_node);
    }
}

static void
leave_home(struct compiler *c, struct endpoint *ep)
{
    if (ep->home) {
        ovs_list_remove(&ep->home_node);
        touch(c, ep->home);
        ep->home = NULL;
    }
}

void
homes_forget(struct compiler *c, struct endpoint *ep)
{
    leave_home(c, ep);
    if (ep->moved) {
        ep->moved = false;
        ovs_list_remove(&ep->moved_node);
    }
}

static struct home *
home_get(struct compiler *c, const struct uuid *network)
{
    struct home *home = CONST_CAST(struct home *, homes_find(c, network));

    if (!home) {
        home = xzalloc(sizeof *home);
        home->network = *network;
        ovs_list_init(&home->endpoints);
        hmap_insert(&c->homes, &home->node, uuid_hash(network));
    }
    return home;
}

/* Takes 'ep' to the network that its port is in, if the model has the port. */
static void
enter_home(struct compiler *c, struct endpoint *ep)
{
    const struct model_row *row = model_find(c->model, MODEL_PORT, &ep->port);

    leave_home(c, ep);
    if (row) {
        const struct vport *port = CONTAINER_OF(row, struct vport, row);

        ep->home = home_get(c, &port->network->row.uuid);
        ovs_list_push_back(&ep->home->endpoints, &ep->home_node);
        touch(c, ep->home);
    }
}

/* Marks the endpoints whose numbers have become usable, or no longer are. */
static void
mark_usable(struct compiler *c, const struct home *home)
{
    const struct endpoint *ep;

    LIST_FOR_EACH (ep, home_node, &home->endpoints) {
        const struct model_row *row = model_find(c->model, MODEL_PORT,
                                                 &ep->port);
        const struct vport *port = row ? CONTAINER_OF(row, struct vport, row)
                                       : NULL;
        if (port && port->binding
            && binding_usable(port->binding) != ep->usable) {
            compiler_mark(c, ROLE_ENDPOINT, &ep->port);
        }
    }
}

static void
settle(struct compiler *c, struct home *home)
{
    bool has_endpoints = !ovs_list_is_empty(&home->endpoints);
    const struct model_row *network = model_find(c->model, MODEL_NETWORK,
                                                 &home->network);

    if (has_endpoints != home->compiled && network) {
        compiler_affect_network(c, network);
    }
    home->compiled = has_endpoints;
    if (has_endpoints) {
        mark_usable(c, home);
    } else {
        hmap_remove(&c->homes, &home->node);
        free(home);
    }
}

void
homes_update(struct compiler *c)
{
    struct endpoint *ep;
    struct home *home;

    LIST_FOR_EACH_POP (ep, moved_node, &c->moved) {
        ep->moved = false;
        enter_home(c, ep);
    }
    LIST_FOR_EACH_POP (home, touched_node, &c->touched) {
        home->touched = false;
        settle(c, home);
    }
}
