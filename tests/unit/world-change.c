/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "world.h"

#include <stdlib.h>

#include "util.h"
#include "uuid.h"

/* What happens to a random world. */

static const char *
change_port(struct world *w)
{
    struct world_port *port = &w->ports[world_draw(w, w->n_ports)];

    if (!port->present) {
        world_put_port(w, port);
        return "a port comes back";
    }
    switch (world_draw(w, 4)) {
    case 0:
        world_unbind_port(w, port);
        model_remove(w->model, MODEL_PORT, &port->uuid);
        port->present = false;
        return "a port goes";
    case 1:
        world_unbind_port(w, port);
        return "a port is unbound";
    case 2:
        world_put_port(w, port);
        return "a port gets other addresses";
    default:
        world_unbind_port(w, port);
        world_bind_port(w, port, world_draw_host(w));
        return "a port moves";
    }
}

static const char *
change_link(struct world *w)
{
    struct world_network *net = &w->networks[world_draw(w, w->n_networks)];
    size_t n;

    if (world_chance(w, 2)) {
        world_add_link(w, net, world_draw(w, net->n_switches),
                 world_draw(w, net->n_switches));
        return "a link comes";
    }
    struct model_row **links = model_sorted(w->model, MODEL_LINK, &n);
    if (n) {
        model_remove(w->model, MODEL_LINK, &links[world_draw(w, n)]->uuid);
    }
    free(links);
    return "a link goes";
}

static uint32_t
switch_group(const struct world *w, const struct uuid *uuid)
{
    const struct model_row *row = model_find(w->model, MODEL_SWITCH, uuid);

    return CONTAINER_OF(row, struct vswitch, row)->group;
}

static const char *
change_groups(struct world *w)
{
    struct world_network *net = &w->networks[world_draw(w, w->n_networks)];
    struct world_network *other = &w->networks[world_draw(w, w->n_networks)];
    const struct uuid *a = &net->switches[world_draw(w, net->n_switches)];
    const struct uuid *b = &other->switches[world_draw(w, other->n_switches)];

    if (world_chance(w, 2)) {
        model_set_switch_group(w->model, a,
                               world_draw(w, 2) * world_new_group(w));
        return "a switch gets another flood group or loses it";
    }
    uint32_t groups[] = { switch_group(w, a), switch_group(w, b) };
    model_set_switch_group(w->model, a, groups[1]);
    model_set_switch_group(w->model, b, groups[0]);
    return "two switches change flood groups";
}

static const char *
change_switch_mode(struct world *w)
{
    struct world_network *net = &w->networks[world_draw(w, w->n_networks)];
    char *name = world_new_name(w, "s");
    struct switch_spec spec = { .name = name, .network = net->uuid,
                                .mode = world_draw(w, 2) };

    model_put_switch(w->model, &net->switches[world_draw(w, net->n_switches)],
                     &spec);
    free(name);
    return "a switch's mode changes";
}

static const char *
change_tag(struct world *w)
{
    struct uuid tenant = w->networks[world_draw(w, w->n_networks)].tenant;
    uint32_t tag = world_chance(w, 2) ? 0 : world_draw_tag(w);

    for (size_t i = 0; i < w->n_networks; i++) {
        struct world_network *net = &w->networks[i];

        if (uuid_equals(&net->tenant, &tenant)) {
            net->tag = tag;
            world_set_network_state(w, net, 10);
        }
    }
    return tag ? "a tenant gets another tag" : "a tenant loses its tag";
}

static const char *
change_network(struct world *w)
{
    struct world_network *net = &w->networks[world_draw(w, w->n_networks)];

    switch (world_draw(w, 6)) {
    case 0:
        if (net->n_switches < ARRAY_SIZE(net->switches)) {
            world_add_switch(w, net);
            world_add_link(w, net, 0, net->n_switches - 1);
        }
        return "a switch comes";
    case 1:
    case 2:
        return change_groups(w);
    case 3:
        return change_tag(w);
    case 4:
        return change_switch_mode(w);
    default:
        world_set_network_state(w, net, world_draw(w, 30));
        return "a network's sequence changes";
    }
}

static const char *
change_host(struct world *w)
{
    size_t host = world_draw_host(w);

    if (world_chance(w, 2)) {
        world_add_host(w, w->hosts[host].cloud);
        return "a host comes";
    }
    if (host == w->clouds[w->hosts[host].cloud].gateway) {
        return "nothing";
    }
    if (world_chance(w, 2)) {
        world_mute_host(w, host, !w->hosts[host].mute);
        return "a host's address is lost or found";
    }
    world_remove_host(w, host);
    return "a host goes";
}

static size_t
n_present(const struct world *w)
{
    size_t n = 0;

    for (size_t i = 0; i < w->n_clouds; i++) {
        n += w->clouds[i].present;
    }
    return n;
}

static bool
has_room_for_cloud(const struct world *w)
{
    size_t n = 0;

    for (size_t i = 0; i < w->n_hosts; i++) {
        n += w->hosts[i].present;
    }
    return n < WORLD_MAX_HOSTS;
}

/* With a cloud comes or goes a tree. */
static const char *
change_cloud(struct world *w)
{
    size_t cloud = world_draw(w, MIN(w->n_clouds + 1, WORLD_MAX_CLOUDS));

    if (!w->clouds[cloud].present && has_room_for_cloud(w)) {
        bool back = w->clouds[cloud].id != 0;

        world_add_cloud(w, cloud);
        world_draw_tree(w);
        return back ? "a cloud comes back" : "a cloud comes";
    }
    if (!w->clouds[cloud].present) {
        return "nothing";
    }
    if (n_present(w) < 2 || world_chance(w, 2)) {
        return world_alter_cloud(w, cloud);
    }
    world_remove_cloud(w, cloud);
    world_draw_tree(w);
    return "a cloud goes";
}

const char *
world_change(struct world *w)
{
    world_disconnect(w);
    switch (world_draw(w, 10)) {
    case 0:
    case 1:
        return change_network(w);
    case 2:
        return change_link(w);
    case 3:
        world_draw_tree(w);
        return "the tree changes";
    case 4:
        return change_host(w);
    case 5:
    case 6:
        return change_cloud(w);
    default:
        return change_port(w);
    }
}
