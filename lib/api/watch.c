/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdlib.h>

#include "api/places.h"
#include "api/private.h"
#include "nethv/model.h"
#include "util.h"
#include "uuid.h"

/* The members from 'name' on hold between before and after of one change. */
struct nethv_watch {
    struct model_observer observer;
    struct model *model;
    struct nethv_watcher watcher;
    void *aux;
    struct places places;           /* If 'watcher.place'. */

    char *name;                     /* That the row had. */
    bool present;                   /* It was. */
    struct uuid port;               /* A binding's port, zero if none. */
    uint32_t tag;                   /* A network's. */
};

static struct nethv_watch *
watch_from(struct model_observer *observer)
{
    return CONTAINER_OF(observer, struct nethv_watch, observer);
}

static uint32_t
tag_of(const struct model_row *row)
{
    return CONTAINER_OF(row, struct network, row)->tag;
}

static struct uuid
port_of(const struct model_row *row)
{
    return CONTAINER_OF(row, struct binding, row)->port->row.uuid;
}

static void
before(struct model_observer *observer, const struct model_row *row)
{
    struct nethv_watch *w = watch_from(observer);

    w->present = row->present;
    w->name = nullable_xstrdup(row->name);
    w->port = UUID_ZERO;
    if (row->kind == MODEL_NETWORK) {
        w->tag = tag_of(row);
    } else if (row->kind == MODEL_BINDING && row->present) {
        w->port = port_of(row);
    }
}

static void
tell_places(struct nethv_watch *w, const struct model_row *row)
{
    if (row->kind == MODEL_PORT) {
        places_refresh(&w->places, &row->uuid);
    } else if (row->kind == MODEL_SWITCH && row->present && !w->present) {
        /* Its network may have got another tag meanwhile. */
        places_refresh_switch(&w->places,
                              CONTAINER_OF(row, struct vswitch, row));
    } else if (row->kind == MODEL_NETWORK && tag_of(row) != w->tag) {
        places_refresh_network(&w->places,
                               CONTAINER_OF(row, struct network, row));
    } else if (row->kind == MODEL_BINDING) {
        if (!uuid_is_zero(&w->port)) {
            places_refresh(&w->places, &w->port);
        }
        if (row->present) {
            struct uuid port = port_of(row);
            places_refresh(&w->places, &port);
        }
    }
}

static void
tell_row(struct nethv_watch *w, const struct model_row *row)
{
    enum nethv_change change = (!row->present ? NETHV_GONE
                                : w->present ? NETHV_CHANGED
                                : NETHV_APPEARED);
    int kind;

    if ((w->present || row->present) && api_kind(row->kind, &kind)) {
        w->watcher.row(w->aux, change, kind,
                       row->present ? row->name : w->name, api_row(row));
    }
}

static void
after(struct model_observer *observer, const struct model_row *row)
{
    struct nethv_watch *w = watch_from(observer);

    if (w->watcher.row) {
        tell_row(w, row);
    }
    if (w->watcher.place) {
        tell_places(w, row);
    }
    free(w->name);
    w->name = NULL;
}

struct nethv_watch *
nethv_model_watch(struct nethv_model *model,
                  const struct nethv_watcher *watcher, void *aux)
{
    struct nethv_watch *w = xmalloc(sizeof *w);

    *w = (struct nethv_watch) {
        .observer = { .before = before, .after = after },
        .model = model->model,
        .watcher = *watcher,
        .aux = aux,
    };
    if (watcher->place) {
        places_init(&w->places, model->model, watcher->place, aux);
    }
    model_observe(model->model, &w->observer);
    return w;
}

void
nethv_watch_destroy(struct nethv_watch *w)
{
    if (w) {
        model_unobserve(w->model, &w->observer);
        if (w->watcher.place) {
            places_destroy(&w->places);
        }
        free(w->name);
        free(w);
    }
}
