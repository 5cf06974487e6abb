/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "plan.h"

#include <stdlib.h>

#include "document.h"
#include "openvswitch/dynamic-string.h"
#include "row-json.h"
#include "util.h"

/* In the order in which rows may refer to each other. */
static const enum model_kind plan_kinds[] = {
    MODEL_TENANT, MODEL_NETWORK, MODEL_SWITCH, MODEL_PORT, MODEL_LINK,
    MODEL_CLOUD, MODEL_CLOUD_LINK,
};

static const char *
verb_name(enum plan_verb verb)
{
    static const char *const names[] = {
        [PLAN_CREATE] = "create",
        [PLAN_CHANGE] = "change",
        [PLAN_DELETE] = "delete",
    };
    return names[verb];
}

static void
step_uninit(struct plan_step *step)
{
    for (size_t i = 0; i < step->n_fields; i++) {
        free(step->fields[i].old);
        free(step->fields[i].new);
    }
    free(step->fields);
    free(step->name);
}

void
plan_destroy(struct plan *plan)
{
    if (plan) {
        for (size_t i = 0; i < plan->n; i++) {
            step_uninit(&plan->steps[i]);
        }
        free(plan->steps);
        free(plan);
    }
}

static struct plan_step *
add_step(struct plan *plan, enum plan_verb verb, const struct model_row *have,
         const struct model_row *want)
{
    const struct model_row *row = want ? want : have;
    if (plan->n >= plan->allocated) {
        plan->steps = x2nrealloc(plan->steps, &plan->allocated,
                                 sizeof *plan->steps);
    }
    struct plan_step *step = &plan->steps[plan->n++];
    *step = (struct plan_step) {
        .verb = verb,
        .kind = row->kind,
        .name = row_path(row),
        .have = have,
        .want = want,
    };
    return step;
}

/* Appends the steps of 'from', which is freed, to 'plan'. */
static void
append_steps(struct plan *plan, struct plan *from)
{
    for (size_t i = 0; i < from->n; i++) {
        if (plan->n >= plan->allocated) {
            plan->steps = x2nrealloc(plan->steps, &plan->allocated,
                                     sizeof *plan->steps);
        }
        plan->steps[plan->n++] = from->steps[i];
    }
    free(from->steps);
    free(from);
}

/* Fields. */

static void
add_field(struct plan_step *step, const char *name, char *old, char *new)
{
    step->fields = xrealloc(step->fields,
                            (step->n_fields + 1) * sizeof *step->fields);
    step->fields[step->n_fields++] = (struct plan_field) { name, old, new };
}

/* Adds to a creation or deletion all that is given of 'row'. */
static void
add_all_fields(struct plan_step *step, const struct model_row *row)
{
    size_t n;
    const struct row_field *fields = row_fields(row->kind, &n);
    for (size_t i = 0; i < n; i++) {
        json_t *value = fields[i].get(row);
        if (json_is_null(value)) {
            json_decref(value);
            continue;
        }
        char *text = row_value_text(value);
        add_field(step, fields[i].name, step->have ? text : NULL,
                  step->have ? NULL : text);
    }
}

static char *
immutable_fault(const struct model_row *row, const char *field,
                const char *old, const char *new)
{
    char *path = row_path(row);
    char *fault = xasprintf("the %s of %s %s is %s and cannot become %s: keep "
                            "it, or choose another name", field,
                            model_kind_name(row->kind), path, old, new);
    free(path);
    return fault;
}

/* Adds to 'changes' a step from 'have' to 'want' if they differ. */
static char *
compare(const struct model_row *have, const struct model_row *want,
        struct plan *changes)
{
    struct plan_step *step = NULL;
    size_t n;
    const struct row_field *fields = row_fields(want->kind, &n);
    for (size_t i = 0; i < n; i++) {
        char *old = row_value_text(fields[i].get(have));
        char *new = row_value_text(fields[i].get(want));
        if (!strcmp(old, new) || fields[i].measured) {
            free(old);
            free(new);
            continue;
        } else if (fields[i].immutable) {
            char *fault = immutable_fault(want, fields[i].name, old, new);
            free(old);
            free(new);
            return fault;
        }
        step = step ? step : add_step(changes, PLAN_CHANGE, have, want);
        add_field(step, fields[i].name, old, new);
    }
    return NULL;
}

/* Rows. */

/* Returns the link of 'model' between the clouds that 'want' is between. */
static const struct model_row *
find_cloud_link(const struct model *model, const struct model_row *want)
{
    const struct cloud_link *like = CONTAINER_OF(want, struct cloud_link, row);
    const char *one = like->ends[0].cloud->row.name;
    const struct model_row *row = model_find_name(model, MODEL_CLOUD, one);
    if (!row) {
        return NULL;
    }
    const char *other = like->ends[1].cloud->row.name;
    const struct cloud *cloud = CONTAINER_OF(row, struct cloud, row);
    const struct cloud_link_end *end;
    LIST_FOR_EACH (end, cloud_node, &cloud->ends) {
        const struct cloud_link *link = end->link;
        const struct cloud *far = link->ends[&link->ends[0] == end].cloud;
        if (far->row.present && !strcmp(far->row.name, other)) {
            return &link->row;
        }
    }
    return NULL;
}

static const struct model_row *
find_same(const struct model *model, const struct model_row *want)
{
    return (want->kind == MODEL_CLOUD_LINK
            ? find_cloud_link(model, want)
            : model_find_name(model, want->kind, want->name));
}

/* Checks that no other cloud of 'have' has the id of 'want'. */
static char *
check_cloud_id(const struct model *have, const struct model_row *want)
{
    uint8_t id = CONTAINER_OF(want, struct cloud, row)->id;
    const struct cloud *other = model_cloud_by_id(have, id);
    if (other) {
        return xasprintf("cloud %s cannot have the id %u, which is that of "
                         "cloud %s: choose another", want->name, id,
                         other->row.name);
    }
    return NULL;
}

/* Adds to 'creations' or 'changes' what brings about 'want'. */
static char *
want_row(const struct model *have, const struct model_row *want,
         struct plan *creations, struct plan *changes)
{
    const struct model_row *row = find_same(have, want);
    if (row) {
        return compare(row, want, changes);
    }
    char *fault = (want->kind == MODEL_CLOUD
                   ? check_cloud_id(have, want) : NULL);
    if (!fault) {
        add_all_fields(add_step(creations, PLAN_CREATE, NULL, want), want);
    }
    return fault;
}

static char *
want_rows(const struct model *have, const struct model *want,
          struct plan *creations, struct plan *changes)
{
    char *fault = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(plan_kinds); i++) {
        size_t n;
        struct model_row **rows = model_sorted(want, plan_kinds[i], &n);
        for (size_t j = 0; !fault && j < n; j++) {
            fault = want_row(have, rows[j], creations, changes);
        }
        free(rows);
    }
    return fault;
}

/* Deletions. */

static int
compare_steps(const void *a_, const void *b_)
{
    const struct plan_step *a = a_;
    const struct plan_step *b = b_;
    return a->kind != b->kind ? (a->kind < b->kind ? 1 : -1)
                              : strcmp(a->name, b->name);
}

/* Adds a step that deletes 'row' unless 'want' has it. */
static void
delete_row(struct plan *plan, const struct model_row *row,
           const struct model *want)
{
    if (row->present
        && (!want || !model_find_name(want, row->kind, row->name))) {
        add_all_fields(add_step(plan, PLAN_DELETE, row, NULL), row);
    }
}

/* Adds steps that delete from 'network' what 'want' does not have; NULL wants
 * nothing. */
static void
delete_members(struct plan *plan, const struct network *network,
               const struct model *want)
{
    const struct vswitch *vswitch;
    const struct vlink *link;
    LIST_FOR_EACH (link, network_node, &network->links) {
        delete_row(plan, &link->row, want);
    }
    LIST_FOR_EACH (vswitch, network_node, &network->switches) {
        const struct vport *port;
        LIST_FOR_EACH (port, switch_node, &vswitch->ports) {
            delete_row(plan, &port->row, want);
        }
        delete_row(plan, &vswitch->row, want);
    }
}

/* Sorts deletions: links before ports before switches, then by name. */
static void
sort_deletions(struct plan *plan)
{
    if (plan->n) {
        qsort(plan->steps, plan->n, sizeof *plan->steps, compare_steps);
    }
}

static struct plan *
delete_unwanted(const struct model *have, const struct document *want)
{
    struct plan *plan = xzalloc(sizeof *plan);
    for (size_t i = 0; i < want->networks.n; i++) {
        const struct model_row *row
            = model_find_name(have, MODEL_NETWORK, want->networks.names[i]);
        if (row) {
            delete_members(plan, CONTAINER_OF(row, struct network, row),
                           want->model);
        }
    }
    sort_deletions(plan);
    return plan;
}

struct plan *
plan_delete_network(const struct model *have, const char *name)
{
    struct plan *plan = xzalloc(sizeof *plan);
    const struct model_row *row = model_find_name(have, MODEL_NETWORK, name);
    if (row) {
        delete_members(plan, CONTAINER_OF(row, struct network, row), NULL);
        delete_row(plan, row, NULL);
        sort_deletions(plan);
    }
    return plan;
}

char *
plan_create(const struct model *have, const struct document *want,
            struct plan **planp)
{
    if (want->offline) {
        return xstrdup("\"hosts\" and \"bindings\" of an inventory are for use "
                       "without a database, where hosts join with nethv-agent "
                       "and bind their ports: leave them out");
    }
    struct plan *plan = xzalloc(sizeof *plan);
    struct plan *changes = xzalloc(sizeof *changes);
    char *fault = want_rows(have, want->model, plan, changes);
    append_steps(plan, changes);
    if (fault) {
        plan_destroy(plan);
        return fault;
    }
    append_steps(plan, delete_unwanted(have, want));
    *planp = plan;
    return NULL;
}

/* Text. */

static void
count_steps(const struct plan *plan, size_t counts[])
{
    for (size_t i = 0; i < plan->n; i++) {
        counts[plan->steps[i].verb]++;
    }
}

static void
format_step(const struct plan_step *step, struct ds *s)
{
    ds_put_format(s, "%s %s %s", verb_name(step->verb),
                  model_kind_name(step->kind), step->name);
    for (size_t i = 0; step->verb != PLAN_DELETE && i < step->n_fields; i++) {
        const struct plan_field *field = &step->fields[i];
        ds_put_format(s, "%s %s ", i ? "," : ":", field->name);
        if (field->old) {
            ds_put_format(s, "%s -> ", field->old);
        }
        ds_put_cstr(s, field->new);
    }
    ds_put_char(s, '\n');
}

char *
plan_format(const struct plan *plan)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    size_t counts[3] = { 0 };
    count_steps(plan, counts);
    for (size_t i = 0; i < plan->n; i++) {
        format_step(&plan->steps[i], &s);
    }
    if (plan->n) {
        ds_put_format(&s, "%"PRIuSIZE" to create, %"PRIuSIZE" to change, "
                      "%"PRIuSIZE" to delete\n", counts[PLAN_CREATE],
                      counts[PLAN_CHANGE], counts[PLAN_DELETE]);
    } else {
        ds_put_cstr(&s, "nothing to change\n");
    }
    return ds_steal_cstr(&s);
}

static void
set_value(json_t *object, const char *key, const char *text)
{
    if (text) {
        json_object_set_new(object, key,
                            json_loads(text, JSON_DECODE_ANY, NULL));
    }
}

static json_t *
step_object(const struct plan_step *step)
{
    json_t *fields = json_value_array();
    for (size_t i = 0; i < step->n_fields; i++) {
        json_t *field = json_pack("{ss}", "name", step->fields[i].name);
        set_value(field, "old", step->fields[i].old);
        set_value(field, "new", step->fields[i].new);
        json_array_append_new(fields, field);
    }
    return json_pack("{ssssssso}",
                     "verb", verb_name(step->verb),
                     "kind", model_kind_name(step->kind),
                     "name", step->name,
                     "fields", fields);
}

char *
plan_to_json(const struct plan *plan)
{
    size_t counts[3] = { 0 };
    count_steps(plan, counts);
    json_t *steps = json_value_array();
    for (size_t i = 0; i < plan->n; i++) {
        json_array_append_new(steps, step_object(&plan->steps[i]));
    }
    json_t *root = json_pack("{sosIsIsI}", "steps", steps,
                             "create", (json_int_t) counts[PLAN_CREATE],
                             "change", (json_int_t) counts[PLAN_CHANGE],
                             "delete", (json_int_t) counts[PLAN_DELETE]);
    char *text = json_dumps(root, JSON_INDENT(2)
                            | JSON_REAL_PRECISION(ROW_JSON_DIGITS));
    json_decref(root);
    char *copy = xasprintf("%s\n", text);
    free(text);
    return copy;
}
