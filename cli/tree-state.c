/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "cli/tree-state.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "nethv-idl.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "svec.h"
#include "util.h"

/* The last so many plans are shown as text. */
#define HISTORY_SHOWN 10

void
tree_state_pre(struct ctl_context *ctx)
{
    static const struct ovsdb_idl_table_class *const tables[] = {
        &nethvrec_table_gateway_state, &nethvrec_table_plan,
    };
    cli_pre_tables(ctx, tables, ARRAY_SIZE(tables));
}

/* The state of a gateway with what it is of looked up. */
struct state {
    const struct nethvrec_gateway_state *row;
    const struct nethvrec_host *host;
};

struct states {
    const struct ovsdb_idl *idl;
    struct state *states;       /* By the clouds' names. */
    size_t n;
};

static int
compare_states(const void *a_, const void *b_)
{
    const struct state *a = a_, *b = b_;
    int cmp = strcmp(a->host->cloud->name, b->host->cloud->name);

    return cmp ? cmp : strcmp(a->host->name, b->host->name);
}

static void
states_init(struct states *states, const struct ovsdb_idl *idl)
{
    const struct nethvrec_gateway_state *row;
    size_t allocated = 0;

    *states = (struct states) { .idl = idl };
    NETHVREC_GATEWAY_STATE_FOR_EACH (row, idl) {
        const struct nethvrec_host *host
            = nethvrec_host_get_for_uuid(idl, &row->host);
        if (host && host->cloud) {
            if (states->n >= allocated) {
                states->states = x2nrealloc(states->states, &allocated,
                                            sizeof *states->states);
            }
            states->states[states->n++] = (struct state) { row, host };
        }
    }
    if (states->n) {
        qsort(states->states, states->n, sizeof *states->states,
              compare_states);
    }
}

/* Sets '*names' to those of the clouds with the 'n' 'ids'. */
static void
collect_names(const struct ovsdb_idl *idl, const int64_t *ids, size_t n,
              struct svec *names)
{
    const struct nethvrec_cloud *cloud;

    svec_init(names);
    NETHVREC_CLOUD_FOR_EACH (cloud, idl) {
        for (size_t i = 0; i < n; i++) {
            if (ids[i] == cloud->id) {
                svec_add(names, cloud->name);
            }
        }
    }
    svec_sort(names);
}

static struct json *
json_names(const struct svec *names)
{
    struct json *json = json_array_create_empty();

    for (size_t i = 0; i < names->n; i++) {
        json_array_add(json, json_string_create(names->names[i]));
    }
    return json;
}

/* The plan to come. */
struct coming {
    int64_t number;             /* 0: there is none. */
    struct svec ready, waiting; /* Clouds whose gateways have it, or not. */
};

static void
coming_init(struct coming *coming, const struct states *states,
            int64_t number)
{
    const struct nethvrec_edge *edge;

    coming->number = 0;
    svec_init(&coming->ready);
    svec_init(&coming->waiting);
    NETHVREC_EDGE_FOR_EACH (edge, states->idl) {
        if (edge->tree > number) {
            coming->number = MAX(coming->number, edge->tree);
        }
    }
    for (size_t i = 0; i < states->n; i++) {
        const struct state *state = &states->states[i];
        svec_add(state->row->prepared == coming->number ? &coming->ready
                 : &coming->waiting, state->host->cloud->name);
    }
}

static void
coming_destroy(struct coming *coming)
{
    svec_destroy(&coming->ready);
    svec_destroy(&coming->waiting);
}

static void
put_coming(struct ds *s, const struct coming *coming)
{
    if (coming->number) {
        char *ready = svec_join(&coming->ready, ", ", "");
        char *waiting = svec_join(&coming->waiting, ", ", "");

        ds_put_format(s, "to come: tree %"PRId64", prepared by %s",
                      coming->number, ready[0] ? ready : "nobody");
        if (waiting[0]) {
            ds_put_format(s, ", not yet by %s", waiting);
        }
        ds_put_char(s, '\n');
        free(ready);
        free(waiting);
    }
}

/* Gateways. */

static void
put_list(struct ds *s, const struct states *states, const char *what,
         const int64_t *ids, size_t n)
{
    struct svec names;

    collect_names(states->idl, ids, n, &names);
    char *joined = svec_join(&names, ", ", "");
    if (joined[0]) {
        ds_put_format(s, ", %s %s", what, joined);
    }
    free(joined);
    svec_destroy(&names);
}

/* Twice the plan's number is what a view's number is while nothing has
 * failed. */
static void
put_number(struct ds *s, const struct nethvrec_gateway_state *row)
{
    ds_put_format(s, "tree %"PRId64, row->plan);
    if (row->number != 2 * row->plan) {
        ds_put_cstr(s, ", repaired since");
    }
}

static bool
all_alike(const struct states *states)
{
    for (size_t i = 0; i < states->n; i++) {
        const struct nethvrec_gateway_state *row = states->states[i].row;
        const struct nethvrec_gateway_state *first = states->states[0].row;
        if (row->plan != first->plan || row->number != first->number
            || row->n_opened) {
            return false;
        }
    }
    return true;
}

static void
put_gateways(struct ds *s, const struct states *states)
{
    if (states->n && all_alike(states)) {
        ds_put_format(s, "gateways: all %"PRIuSIZE" by ", states->n);
        put_number(s, states->states[0].row);
        ds_put_char(s, '\n');
        return;
    }
    for (size_t i = 0; i < states->n; i++) {
        const struct state *state = &states->states[i];
        ds_put_format(s, "gateway of %s: by ", state->host->cloud->name);
        put_number(s, state->row);
        put_list(s, states, "next to", state->row->neighbours,
                 state->row->n_neighbours);
        put_list(s, states, "opened tunnels to", state->row->opened,
                 state->row->n_opened);
        ds_put_char(s, '\n');
    }
}

static struct json *
json_gateways(const struct states *states)
{
    struct json *json = json_array_create_empty();

    for (size_t i = 0; i < states->n; i++) {
        const struct nethvrec_gateway_state *row = states->states[i].row;
        const struct nethvrec_host *host = states->states[i].host;
        struct json *gateway = json_object_create();
        struct svec neighbours, opened;

        collect_names(states->idl, row->neighbours, row->n_neighbours,
                      &neighbours);
        collect_names(states->idl, row->opened, row->n_opened, &opened);
        json_object_put_string(gateway, "cloud", host->cloud->name);
        json_object_put_string(gateway, "host", host->name);
        json_object_put(gateway, "tree", json_integer_create(row->plan));
        json_object_put(gateway, "prepared",
                        json_integer_create(row->prepared));
        json_object_put(gateway, "number", json_integer_create(row->number));
        json_object_put(gateway, "neighbours", json_names(&neighbours));
        json_object_put(gateway, "opened", json_names(&opened));
        json_array_add(json, gateway);
        svec_destroy(&neighbours);
        svec_destroy(&opened);
    }
    return json;
}

/* History. */

static int
compare_plans(const void *a_, const void *b_)
{
    const struct nethvrec_plan *const *a = a_, *const *b = b_;

    return ((*a)->number < (*b)->number) - ((*a)->number > (*b)->number);
}

/* Returns all plans, the last one first, '*n' of them.  The caller frees the
 * array. */
static const struct nethvrec_plan **
sorted_plans(const struct ovsdb_idl *idl, size_t *n)
{
    const struct nethvrec_plan **plans = NULL;
    const struct nethvrec_plan *plan;
    size_t allocated = 0;

    *n = 0;
    NETHVREC_PLAN_FOR_EACH (plan, idl) {
        if (*n >= allocated) {
            plans = x2nrealloc(plans, &allocated, sizeof *plans);
        }
        plans[(*n)++] = plan;
    }
    if (*n) {
        qsort(plans, *n, sizeof *plans, compare_plans);
    }
    return plans;
}

static char *
format_time(int64_t seconds)
{
    char text[32];
    time_t time = seconds;
    struct tm tm;

    gmtime_r(&time, &tm);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &tm);
    return xstrdup(text);
}

static void
put_edges(struct ds *s, char sign, char **edges, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ds_put_format(s, "    %c %s\n", sign, edges[i]);
    }
}

static void
put_history(struct ds *s, const struct ovsdb_idl *idl)
{
    size_t n;
    const struct nethvrec_plan **plans = sorted_plans(idl, &n);

    ds_put_cstr(s, n ? "history\n" : "");
    for (size_t i = 0; i < n && i < HISTORY_SHOWN; i++) {
        char *since = format_time(plans[i]->since);
        ds_put_format(s, "  tree %"PRId64" since %s, cost %.3g\n",
                      plans[i]->number, since, plans[i]->cost);
        put_edges(s, '-', plans[i]->removed, plans[i]->n_removed);
        put_edges(s, '+', plans[i]->added, plans[i]->n_added);
        free(since);
    }
    if (n > HISTORY_SHOWN) {
        ds_put_format(s, "  %"PRIuSIZE" more: --format=json\n",
                      n - HISTORY_SHOWN);
    }
    free(plans);
}

static struct json *
json_strings(char **strings, size_t n)
{
    struct svec svec = { .names = strings, .n = n };

    return json_names(&svec);
}

static struct json *
json_history(const struct ovsdb_idl *idl)
{
    struct json *json = json_array_create_empty();
    size_t n;
    const struct nethvrec_plan **plans = sorted_plans(idl, &n);

    for (size_t i = 0; i < n; i++) {
        struct json *plan = json_object_create();
        json_object_put(plan, "tree", json_integer_create(plans[i]->number));
        json_object_put(plan, "since", json_integer_create(plans[i]->since));
        json_object_put(plan, "cost", json_real_create(plans[i]->cost));
        json_object_put(plan, "added", json_strings(plans[i]->added,
                                                    plans[i]->n_added));
        json_object_put(plan, "removed", json_strings(plans[i]->removed,
                                                      plans[i]->n_removed));
        json_array_add(json, plan);
    }
    free(plans);
    return json;
}

void
tree_state_put(struct ds *s, const struct ovsdb_idl *idl, int64_t number)
{
    struct states states;
    struct coming coming;

    states_init(&states, idl);
    coming_init(&coming, &states, number);
    put_coming(s, &coming);
    put_gateways(s, &states);
    put_history(s, idl);
    coming_destroy(&coming);
    free(states.states);
}

void
tree_state_put_json(struct json *json, const struct ovsdb_idl *idl,
                    int64_t number)
{
    struct states states;
    struct coming coming;

    states_init(&states, idl);
    coming_init(&coming, &states, number);
    if (coming.number) {
        struct json *next = json_object_create();
        json_object_put(next, "tree", json_integer_create(coming.number));
        json_object_put(next, "prepared", json_names(&coming.ready));
        json_object_put(next, "waiting", json_names(&coming.waiting));
        json_object_put(json, "to-come", next);
    }
    json_object_put(json, "gateways", json_gateways(&states));
    json_object_put(json, "history", json_history(idl));
    coming_destroy(&coming);
    free(states.states);
}
