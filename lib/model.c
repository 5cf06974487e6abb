/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "model-private.h"
#include "util.h"
#include "uuid.h"

struct model *
model_create(void)
{
    struct model *model = xzalloc(sizeof *model);

    for (size_t i = 0; i < MODEL_N_KINDS; i++) {
        hmap_init(&model->rows[i]);
        hmap_init(&model->names[i]);
    }
    hmap_init(&model->clouds);
    hmap_init(&model->locations);
    ovs_list_init(&model->observers);
    return model;
}

static void
row_free(struct model *model, struct model_row *row)
{
    const struct model_class *class = &model_classes[row->kind];

    if (class->uninit) {
        class->uninit(row);
    }
    hmap_remove(&model->rows[row->kind], &row->uuid_node);
    free(row);
}

static void
kind_destroy(struct model *model, enum model_kind kind)
{
    struct model_row *row;

    HMAP_FOR_EACH_SAFE (row, uuid_node, &model->rows[kind]) {
        if (row->present) {
            model_remove(model, kind, &row->uuid);
        }
    }
}

void
model_destroy(struct model *model)
{
    if (!model) {
        return;
    }
    ovs_list_init(&model->observers);
    for (size_t i = 0; i < MODEL_N_KINDS; i++) {
        kind_destroy(model, i);
    }
    for (size_t i = 0; i < MODEL_N_KINDS; i++) {
        struct model_row *row;

        HMAP_FOR_EACH_SAFE (row, uuid_node, &model->rows[i]) {
            row_free(model, row);
        }
        hmap_destroy(&model->rows[i]);
        hmap_destroy(&model->names[i]);
    }
    hmap_destroy(&model->clouds);
    hmap_destroy(&model->locations);
    free(model);
}

void
model_observe(struct model *model, struct model_observer *observer)
{
    ovs_list_push_back(&model->observers, &observer->node);
}

void
model_unobserve(struct model *model OVS_UNUSED,
                struct model_observer *observer)
{
    ovs_list_remove(&observer->node);
}

/* References and placeholders. */

static struct model_row *
row_find(const struct model *model, enum model_kind kind,
         const struct uuid *uuid)
{
    struct model_row *row;

    HMAP_FOR_EACH_WITH_HASH (row, uuid_node, uuid_hash(uuid),
                             &model->rows[kind]) {
        if (uuid_equals(&row->uuid, uuid)) {
            return row;
        }
    }
    return NULL;
}

void *
model_row_get(struct model *model, enum model_kind kind,
              const struct uuid *uuid)
{
    struct model_row *row = row_find(model, kind, uuid);

    if (!row) {
        const struct model_class *class = &model_classes[kind];

        row = xzalloc(class->size);
        row->uuid = *uuid;
        row->kind = kind;
        if (class->init) {
            class->init(row);
        }
        hmap_insert(&model->rows[kind], &row->uuid_node, uuid_hash(uuid));
    }
    return row;
}

void *
model_row_ref(struct model *model, enum model_kind kind,
              const struct uuid *uuid)
{
    struct model_row *row = model_row_get(model, kind, uuid);

    row->n_refs++;
    return row;
}

void
model_row_unref(struct model *model, struct model_row *row)
{
    ovs_assert(row->n_refs > 0);
    row->n_refs--;
    model_row_release(model, row);
}

void
model_row_release(struct model *model, struct model_row *row)
{
    const struct model_class *class = &model_classes[row->kind];

    if (!row->present && !row->n_refs
        && !(class->has_state && class->has_state(row))) {
        row_free(model, row);
    }
}

/* Changes. */

void
model_row_before(struct model *model, const struct model_row *row)
{
    struct model_observer *observer;

    LIST_FOR_EACH_SAFE (observer, node, &model->observers) {
        observer->before(observer, row);
    }
}

void
model_row_after(struct model *model, const struct model_row *row)
{
    struct model_observer *observer;

    LIST_FOR_EACH_SAFE (observer, node, &model->observers) {
        observer->after(observer, row);
    }
}

static void
row_set_name(struct model *model, struct model_row *row, const char *name)
{
    if (row->name) {
        hmap_remove(&model->names[row->kind], &row->name_node);
        free(row->name);
    }
    row->name = nullable_xstrdup(name);
    if (row->name) {
        hmap_insert(&model->names[row->kind], &row->name_node,
                    hash_string(name, 0));
    }
}

void
model_row_clear(struct model *model, struct model_row *row)
{
    if (row->present && model_classes[row->kind].clear) {
        model_classes[row->kind].clear(model, row);
    }
}

void
model_row_present(struct model *model, struct model_row *row,
                  const char *name)
{
    row_set_name(model, row, name);
    row->present = true;
}

void
model_remove(struct model *model, enum model_kind kind,
             const struct uuid *uuid)
{
    struct model_row *row = model_find(model, kind, uuid);

    if (!row) {
        return;
    }
    model_row_before(model, row);
    model_row_clear(model, row);
    row_set_name(model, row, NULL);
    row->present = false;
    model_row_after(model, row);
    model_row_release(model, row);
}

/* Finding. */

struct model_row *
model_find(const struct model *model, enum model_kind kind,
           const struct uuid *uuid)
{
    struct model_row *row = row_find(model, kind, uuid);

    return row && row->present ? row : NULL;
}

struct model_row *
model_find_name(const struct model *model, enum model_kind kind,
                const char *name)
{
    struct model_row *row;

    HMAP_FOR_EACH_WITH_HASH (row, name_node, hash_string(name, 0),
                             &model->names[kind]) {
        if (!strcmp(row->name, name)) {
            return row;
        }
    }
    return NULL;
}

/* Returns the first present row from 'node' on, or NULL. */
static struct model_row *
row_from(const struct hmap *rows, struct hmap_node *node)
{
    for (; node; node = hmap_next(rows, node)) {
        struct model_row *row = CONTAINER_OF(node, struct model_row,
                                             uuid_node);
        if (row->present) {
            return row;
        }
    }
    return NULL;
}

struct model_row *
model_first(const struct model *model, enum model_kind kind)
{
    const struct hmap *rows = &model->rows[kind];

    return row_from(rows, hmap_first(rows));
}

struct model_row *
model_next(const struct model *model, const struct model_row *row)
{
    const struct hmap *rows = &model->rows[row->kind];

    return row_from(rows, hmap_next(rows, &row->uuid_node));
}

static int
compare_rows(const void *a_, const void *b_)
{
    const struct model_row *a = *(const struct model_row *const *) a_;
    const struct model_row *b = *(const struct model_row *const *) b_;
    int by_name = a->name && b->name ? strcmp(a->name, b->name) : 0;

    return by_name ? by_name : uuid_compare_3way(&a->uuid, &b->uuid);
}

struct model_row **
model_sorted(const struct model *model, enum model_kind kind, size_t *n)
{
    struct model_row **rows;
    struct model_row *row;

    rows = xmalloc(hmap_count(&model->rows[kind]) * sizeof *rows);
    *n = 0;
    MODEL_FOR_EACH (row, kind, model) {
        rows[(*n)++] = row;
    }
    qsort(rows, *n, sizeof *rows, compare_rows);
    return rows;
}
