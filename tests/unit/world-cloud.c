/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "world.h"

#include <string.h>

#include "nethv/wire.h"
#include "util.h"

/* Clouds and their hosts, and the trees that join them. */

static unsigned int
draw_encaps(struct world *w)
{
    return 1 + world_draw(w, ENCAP_ALL);
}

static void
set_host_state(struct world *w, size_t host)
{
    const struct world_host *wh = &w->hosts[host];
    struct host_state state = {
        .encap_ip = wh->mute ? in6addr_any
                             : world_mapped(world_private_ip(w, host)),
        .encaps = wh->silent ? 0 : wh->encaps,
    };

    model_set_host_state(w->model, &wh->uuid, &state);
}

static void
put_host(struct world *w, size_t host)
{
    const struct world_host *wh = &w->hosts[host];
    const struct world_cloud *wc = &w->clouds[wh->cloud];
    bool gateway = host == wc->gateway;
    char *name = world_new_name(w, "h");
    struct host_spec spec = {
        .name = name, .cloud = wc->uuid,
        .id = nethv_location_host(wh->location), .gateway = gateway,
        .public_ip = gateway ? world_mapped(world_public_ip(w, wh->cloud))
                             : in6addr_any,
    };

    model_put_host(w->model, &wh->uuid, &spec);
    free(name);
}

/* The cloud passes what all its hosts do, so that they reach each other. */
static void
draw_host_encaps(struct world *w, struct world_host *wh)
{
    unsigned int encaps = w->clouds[wh->cloud].encaps;

    wh->silent = world_chance(w, 4);
    wh->encaps = wh->silent ? encaps : encaps | draw_encaps(w);
}

/* Returns an id that no host of 'cloud' has; one may have had it. */
static uint16_t
draw_host_id(struct world *w, size_t cloud)
{
    uint16_t id;
    bool used;

    do {
        id = 1 + world_draw(w, 2 * WORLD_MAX_HOSTS);
        used = false;
        for (size_t i = 0; i < w->n_hosts; i++) {
            used |= w->hosts[i].present
                    && w->hosts[i].location
                       == nethv_location(w->clouds[cloud].id, id, 0);
        }
    } while (used);
    return id;
}

void
world_add_host(struct world *w, size_t cloud)
{
    size_t host = 0;

    while (host < w->n_hosts && w->hosts[host].present) {
        host++;
    }
    if (host >= WORLD_MAX_HOSTS) {
        return;
    }
    w->n_hosts = MAX(w->n_hosts, host + 1);

    struct world_host *wh = &w->hosts[host];
    *wh = (struct world_host) { .cloud = cloud };
    wh->location = nethv_location(w->clouds[cloud].id,
                                  draw_host_id(w, cloud), 0);
    wh->present = true;
    wh->uuid = world_new_uuid(w);
    draw_host_encaps(w, wh);
    put_host(w, host);
    set_host_state(w, host);
    for (size_t i = 0; i < w->n_networks; i++) {
        world_add_follower(w, i, host);
    }
    wh->compiler = compiler_create(w->model, wh->location);
}

void
world_mute_host(struct world *w, size_t host, bool mute)
{
    w->hosts[host].mute = mute;
    set_host_state(w, host);
}

void
world_remove_host(struct world *w, size_t host)
{
    struct world_host *wh = &w->hosts[host];

    world_unbind_host(w, host);
    for (size_t i = 0; i < w->n_networks; i++) {
        model_remove(w->model, MODEL_FOLLOWER, &wh->followers[i]);
    }
    model_set_host_state(w->model, &wh->uuid, &(struct host_state) { 0 });
    model_remove(w->model, MODEL_HOST, &wh->uuid);
    compiler_destroy(wh->compiler);
    wh->compiler = NULL;
    wh->present = false;
}

static void
put_cloud(struct world *w, size_t cloud)
{
    const struct world_cloud *wc = &w->clouds[cloud];
    char *name = world_new_name(w, "c");
    struct cloud_spec spec = {
        .name = name, .id = wc->id, .provider = "", .jurisdiction = "",
        .mtu = 1500, .encaps = wc->encaps, .mode = wc->mode,
    };

    model_put_cloud(w->model, &wc->uuid, &spec);
    free(name);
}

static size_t
draw_host_of(struct world *w, size_t cloud)
{
    size_t host;

    do {
        host = world_draw(w, w->n_hosts);
    } while (!w->hosts[host].present || w->hosts[host].cloud != cloud);
    return host;
}

/* Its first host is the gateway. */
static void
add_gateway(struct world *w, size_t cloud)
{
    struct world_cloud *wc = &w->clouds[cloud];

    wc->gateway = SIZE_MAX;
    world_add_host(w, cloud);
    wc->gateway = draw_host_of(w, cloud);
    put_host(w, wc->gateway);
}

void
world_add_cloud(struct world *w, size_t cloud)
{
    struct world_cloud *wc = &w->clouds[cloud];
    struct cloud_link_spec link;

    if (!wc->id) {
        wc->id = cloud * 50 + 1 + world_draw(w, 50);
    }
    w->n_clouds = MAX(w->n_clouds, cloud + 1);
    wc->present = true;
    wc->mode = world_draw(w, 3);
    wc->encaps = draw_encaps(w);
    wc->uuid = world_new_uuid(w);
    put_cloud(w, cloud);
    add_gateway(w, cloud);
    for (uint32_t n = world_draw(w, 3); n; n--) {
        world_add_host(w, cloud);
    }
    wc->link = world_new_uuid(w);
    link = (struct cloud_link_spec) {
        .a = wc->uuid, .b = w->clouds[world_draw(w, w->n_clouds)].uuid,
        .cost = 1, .rtt = 1,
    };
    model_put_cloud_link(w->model, &wc->link, &link);
}

void
world_remove_cloud(struct world *w, size_t cloud)
{
    struct world_cloud *wc = &w->clouds[cloud];
    bool first = world_chance(w, 2);

    if (first) {
        model_remove(w->model, MODEL_CLOUD, &wc->uuid);
    }
    for (size_t i = 0; i < w->n_hosts; i++) {
        if (w->hosts[i].present && w->hosts[i].cloud == cloud) {
            world_remove_host(w, i);
        }
    }
    model_remove(w->model, MODEL_CLOUD_LINK, &wc->link);
    if (!first) {
        model_remove(w->model, MODEL_CLOUD, &wc->uuid);
    }
    wc->present = false;
}

static void
alter_encaps(struct world *w, size_t cloud)
{
    w->clouds[cloud].encaps = draw_encaps(w);
    put_cloud(w, cloud);
    for (size_t i = 0; i < w->n_hosts; i++) {
        if (w->hosts[i].present && w->hosts[i].cloud == cloud) {
            draw_host_encaps(w, &w->hosts[i]);
            set_host_state(w, i);
        }
    }
}

const char *
world_alter_cloud(struct world *w, size_t cloud)
{
    struct world_cloud *wc = &w->clouds[cloud];
    size_t before = wc->gateway;

    switch (world_draw(w, 4)) {
    case 0:
        wc->mode = world_draw(w, 3);
        put_cloud(w, cloud);
        return "a cloud's mode changes";
    case 1:
        alter_encaps(w, cloud);
        return "a cloud's encapsulations change";
    case 2:
        for (size_t i = 0; i < WORLD_MAX_CLOUDS; i++) {
            w->edges[i][cloud] = w->edges[cloud][i] = world_draw(w, ENCAP_N);
        }
        return "encapsulations between clouds change";
    default:
        wc->gateway = draw_host_of(w, cloud);
        put_host(w, before);
        put_host(w, wc->gateway);
        world_mute_host(w, wc->gateway, false);
        return "a cloud gets another gateway";
    }
}

/* Both trees can be in use only if they join the same clouds and their stamps
 * differ. */
static bool
may_lag(const struct world *w)
{
    const struct world_tree *now = &w->trees[0], *before = &w->trees[1];

    return before->number && !memcmp(now->in, before->in, sizeof now->in)
           && (now->number ^ before->number) & NETHV_TREE_MASK;
}

void
world_draw_tree(struct world *w)
{
    struct world_tree *tree = &w->trees[0];
    size_t clouds[WORLD_MAX_CLOUDS], n = 0;
    bool lags;

    w->trees[1] = *tree;
    tree->number += world_chance(w, 6) ? 1 + world_draw(w, 6) : 1;
    for (size_t i = 0; i < w->n_clouds; i++) {
        tree->in[i] = w->clouds[i].present;
        if (tree->in[i]) {
            tree->up[i] = n ? clouds[world_draw(w, n)] : i;
            clouds[n++] = i;
        }
    }
    lags = may_lag(w);
    for (size_t i = 0; i < w->n_clouds; i++) {
        w->clouds[i].lags = lags && world_chance(w, 3);
    }
}
