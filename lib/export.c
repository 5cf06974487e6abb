/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "export.h"

#include <stdlib.h>

#include "document.h"
#include "row-json.h"
#include "svec.h"
#include "util.h"

/* Returns whether 'value' says no more than leaving the key out would. */
static bool
is_default(const json_t *value)
{
    return json_is_null(value) || json_is_false(value)
           || (json_is_array(value) && !json_array_size(value));
}

/* Returns the field "mac" as people write it: one MAC without brackets. */
static json_t *
unwrap_single(json_t *list)
{
    if (json_array_size(list) != 1) {
        return list;
    }
    json_t *value = json_incref(json_array_get(list, 0));
    json_decref(list);
    return value;
}

static void
set_field(json_t *object, const struct row_field *field,
          const struct model_row *row)
{
    json_t *value = field->get(row);
    if (is_default(value)) {
        json_decref(value);
        return;
    }
    if (row->kind == MODEL_PORT && !strcmp(field->name, "mac")) {
        value = unwrap_single(value);
    }
    json_object_set_new(object, field->name, value);
}

static json_t *
row_object(const struct model_row *row, bool measured)
{
    json_t *object = json_value_object();
    if (row->name) {
        json_object_set_new(object, "name", json_value_string(row_name(row)));
    }
    size_t n;
    const struct row_field *fields = row_fields(row->kind, &n);
    for (size_t i = 0; i < n; i++) {
        if (measured || !fields[i].measured) {
            set_field(object, &fields[i], row);
        }
    }
    return object;
}

/* Rows in the order of their names. */

struct row_list {
    const struct model_row **rows;
    size_t n;
    size_t allocated;
};

static void
row_list_add(struct row_list *list, const struct model_row *row)
{
    if (!row_is_whole(row)) {
        return;
    }
    if (list->n >= list->allocated) {
        list->rows = x2nrealloc(list->rows, &list->allocated,
                                sizeof *list->rows);
    }
    list->rows[list->n++] = row;
}

static int
compare_rows(const void *a_, const void *b_)
{
    const struct model_row *const *a = a_;
    const struct model_row *const *b = b_;
    return strcmp((*a)->name, (*b)->name);
}

static void
row_list_sort(struct row_list *list)
{
    if (list->n) {
        qsort(list->rows, list->n, sizeof *list->rows, compare_rows);
    }
}

/* Returns a list of what 'write' makes of the rows in 'list', which is
 * freed. */
static json_t *
row_list_steal(struct row_list *list,
               json_t *(*write)(const struct model_row *))
{
    json_t *array = json_value_array();
    row_list_sort(list);
    for (size_t i = 0; i < list->n; i++) {
        json_array_append_new(array, write(list->rows[i]));
    }
    free(list->rows);
    return array;
}

/* Tenants. */

static json_t *
write_plain(const struct model_row *row)
{
    return row_object(row, false);
}

static json_t *
write_switch(const struct model_row *row)
{
    const struct vswitch *vswitch = CONTAINER_OF(row, struct vswitch, row);
    struct row_list list = { .n = 0 };
    const struct vport *port;
    LIST_FOR_EACH (port, switch_node, &vswitch->ports) {
        row_list_add(&list, &port->row);
    }
    json_t *object = row_object(row, false);
    json_object_set_new(object, "ports", row_list_steal(&list, write_plain));
    return object;
}

static json_t *
write_network(const struct model_row *row)
{
    const struct network *network = CONTAINER_OF(row, struct network, row);
    struct row_list switches = { .n = 0 };
    struct row_list links = { .n = 0 };
    const struct vswitch *vswitch;
    const struct vlink *link;

    LIST_FOR_EACH (vswitch, network_node, &network->switches) {
        row_list_add(&switches, &vswitch->row);
    }
    LIST_FOR_EACH (link, network_node, &network->links) {
        row_list_add(&links, &link->row);
    }
    json_t *object = row_object(row, false);
    json_object_set_new(object, "switches",
                        row_list_steal(&switches, write_switch));
    json_object_set_new(object, "links", row_list_steal(&links, write_plain));
    return object;
}

/* Returns 'root' as text; consumes it. */
static char *
finish(json_t *root)
{
    char *text = json_dumps(root, JSON_INDENT(2)
                            | JSON_REAL_PRECISION(ROW_JSON_DIGITS));
    char *line = xasprintf("%s\n", text);
    free(text);
    json_decref(root);
    return line;
}

static json_t *
start(void)
{
    json_t *root = json_value_object();
    json_object_set_new(root, "nethv", json_value_integer(DOCUMENT_VERSION));
    return root;
}

char *
export_tenant(const struct model *model, const char *name,
              const struct svec *networks)
{
    const struct model_row *row = model_find_name(model, MODEL_TENANT, name);
    if (!row) {
        return NULL;
    }
    const struct tenant *tenant = CONTAINER_OF(row, struct tenant, row);
    const struct network *network;
    struct row_list list = { .n = 0 };
    LIST_FOR_EACH (network, tenant_node, &tenant->networks) {
        if (network->row.present
            && (!networks
                || svec_contains_unsorted(networks, network->row.name))) {
            row_list_add(&list, &network->row);
        }
    }
    json_t *root = start();
    json_object_set_new(root, "tenant", json_value_string(name));
    json_object_set_new(root, "networks",
                        row_list_steal(&list, write_network));
    return finish(root);
}

/* Inventory. */

static json_t *
write_sorted(const struct model *model, enum model_kind kind, bool measured)
{
    json_t *array = json_value_array();
    size_t n;
    struct model_row **rows = model_sorted(model, kind, &n);
    for (size_t i = 0; i < n; i++) {
        if (row_is_whole(rows[i])) {
            json_array_append_new(array, row_object(rows[i], measured));
        }
    }
    free(rows);
    return array;
}

static int
compare_link_objects(const void *a_, const void *b_)
{
    json_t *const *a = a_;
    json_t *const *b = b_;
    for (const char *const *key = (const char *const []) { "a", "b", NULL };
         *key; key++) {
        int order = strcmp(json_string_value(json_object_get(*a, *key)),
                           json_string_value(json_object_get(*b, *key)));
        if (order) {
            return order;
        }
    }
    return 0;
}

static json_t *
write_cloud_link(const struct model_row *row, bool measured)
{
    json_t *object = json_value_object();
    char *path = row_path(row);
    char *b = strchr(path, '/');
    *b++ = '\0';
    json_object_set_new(object, "a", json_value_string(path));
    json_object_set_new(object, "b", json_value_string(b));
    free(path);

    json_t *fields = row_object(row, measured);
    json_object_update(object, fields);
    json_decref(fields);
    return object;
}

/* Cloud links have no name of their own to be sorted by. */
static json_t *
write_cloud_links(const struct model *model, bool measured)
{
    size_t n;
    struct model_row **rows = model_sorted(model, MODEL_CLOUD_LINK, &n);
    json_t **objects = xmalloc((n + 1) * sizeof *objects);
    size_t n_objects = 0;
    for (size_t i = 0; i < n; i++) {
        if (row_is_whole(rows[i])) {
            objects[n_objects++] = write_cloud_link(rows[i], measured);
        }
    }
    free(rows);
    qsort(objects, n_objects, sizeof *objects, compare_link_objects);
    json_t *array = json_value_array();
    for (size_t i = 0; i < n_objects; i++) {
        json_array_append_new(array, objects[i]);
    }
    free(objects);
    return array;
}

static json_t *
write_bindings(const struct model *model)
{
    json_t *array = json_value_array();
    size_t n;
    struct model_row **rows = model_sorted(model, MODEL_PORT, &n);
    for (size_t i = 0; i < n; i++) {
        const struct vport *port = CONTAINER_OF(rows[i], struct vport, row);
        const struct host *host
            = (port->binding
               ? model_host_at(model, port->binding->location) : NULL);
        if (host) {
            json_array_append_new(array, json_pack("{ssss}", "port",
                                                   port->row.name, "host",
                                                   host->row.name));
        }
    }
    free(rows);
    return array;
}

char *
export_inventory(const struct model *model, bool offline)
{
    json_t *root = start();
    json_object_set_new(root, "clouds",
                        write_sorted(model, MODEL_CLOUD, offline));
    json_object_set_new(root, "links", write_cloud_links(model, offline));
    if (offline) {
        json_object_set_new(root, "hosts",
                            write_sorted(model, MODEL_HOST, true));
        json_object_set_new(root, "bindings", write_bindings(model));
    }
    return finish(root);
}
