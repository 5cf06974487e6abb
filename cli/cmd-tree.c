/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* The tree of clouds: tree-show; cmd-tree-plan.c has tree-plan. */

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/tree-state.h"
#include "nethv-idl.h"
#include "openvswitch/json.h"
#include "util.h"

/* An edge with its clouds looked up. */
struct branch {
    const struct nethvrec_edge *edge;
    const struct nethvrec_cloud *clouds[2];
    bool drawn;
};

/* The edges of the plan in force whose clouds are known. */
struct forest {
    const struct ovsdb_idl *idl;
    int64_t number;
    struct branch *branches;
    size_t n;
    size_t allocated;
};

static void
pre_tree_show(struct ctl_context *ctx)
{
    static const struct ovsdb_idl_table_class *const tables[] = {
        &nethvrec_table_edge, &nethvrec_table_tunnel, &nethvrec_table_cloud,
        &nethvrec_table_host, &nethvrec_table_global,
        &nethvrec_table_cloud_link,
    };
    cli_pre_tables(ctx, tables, ARRAY_SIZE(tables));
    tree_state_pre(ctx);
}

static bool
is_tree_edge(const struct nethvrec_edge *edge)
{
    return !strcmp(edge->role, "tree");
}

static int
compare_branches(const void *a_, const void *b_)
{
    const struct branch *a = a_;
    const struct branch *b = b_;
    int cmp = strcmp(a->clouds[0]->name, b->clouds[0]->name);
    return cmp ? cmp : strcmp(a->clouds[1]->name, b->clouds[1]->name);
}

static void
add_branch(struct forest *f, const struct nethvrec_edge *edge)
{
    struct branch branch = {
        .edge = edge,
        .clouds = {
            nethvrec_cloud_get_for_uuid(f->idl, &edge->a),
            nethvrec_cloud_get_for_uuid(f->idl, &edge->b),
        },
    };

    if (!branch.clouds[0] || !branch.clouds[1]
        || edge->tree != f->number) {
        return;
    }
    if (f->n >= f->allocated) {
        f->branches = x2nrealloc(f->branches, &f->allocated,
                                 sizeof *f->branches);
    }
    f->branches[f->n++] = branch;
}

static void
forest_init(struct forest *f, const struct ovsdb_idl *idl)
{
    const struct nethvrec_global *global = nethvrec_global_first(idl);
    const struct nethvrec_edge *edge;

    *f = (struct forest) { .idl = idl, .number = global ? global->tree : 0 };
    NETHVREC_EDGE_FOR_EACH (edge, idl) {
        add_branch(f, edge);
    }
    if (f->n) {
        qsort(f->branches, f->n, sizeof *f->branches, compare_branches);
    }
}

/* Returns the hosts at the ends of 'tunnel' in 'ends' if it is one between the
 * clouds of 'branch', in the order of the branch's clouds. */
static bool
tunnel_ends(const struct forest *f, const struct branch *branch,
            const struct nethvrec_tunnel *tunnel,
            const struct nethvrec_host *ends[2])
{
    const struct nethvrec_host *a
        = nethvrec_host_get_for_uuid(f->idl, &tunnel->a);
    const struct nethvrec_host *b
        = nethvrec_host_get_for_uuid(f->idl, &tunnel->b);

    if (!a || !b) {
        return false;
    }
    bool swapped = a->cloud == branch->clouds[1];
    ends[swapped] = a;
    ends[!swapped] = b;
    return ends[0]->cloud == branch->clouds[0]
           && ends[1]->cloud == branch->clouds[1];
}

static const char *
tunnel_condition(const struct nethvrec_tunnel *tunnel)
{
    return (tunnel->a_up && tunnel->b_up ? "up"
            : tunnel->a_up || tunnel->b_up ? "up at one end only" : "down");
}

static void
put_tunnels(struct ds *s, const struct forest *f, const struct branch *branch)
{
    const struct nethvrec_tunnel *tunnel;

    NETHVREC_TUNNEL_FOR_EACH (tunnel, f->idl) {
        const struct nethvrec_host *ends[2];
        if (tunnel_ends(f, branch, tunnel, ends)) {
            ds_put_format(s, ", %s %s (%s -- %s)", tunnel->encap,
                          tunnel_condition(tunnel), ends[0]->name,
                          ends[1]->name);
        }
    }
}

/* The bandwidth to either end, where it is known. */
static void
put_bandwidth(struct ds *s, const struct forest *f,
              const struct branch *branch)
{
    const struct nethvrec_cloud_link *link
        = bandwidth_link(f->idl, branch->clouds[0], branch->clouds[1]);

    for (size_t i = 0; link && i < 2; i++) {
        const double *mbps = bandwidth_from(link, branch->clouds[i]);
        if (mbps) {
            ds_put_format(s, ", %.1f Mbit/s to %s", *mbps,
                          branch->clouds[!i]->name);
        }
    }
}

/* Returns the next branch of the tree at 'cloud' that is not drawn, from index
 * '*i' on, or NULL. */
static struct branch *
next_branch(struct forest *f, const struct nethvrec_cloud *cloud, size_t *i)
{
    for (; *i < f->n; (*i)++) {
        struct branch *b = &f->branches[*i];
        if (is_tree_edge(b->edge) && !b->drawn
            && (b->clouds[0] == cloud || b->clouds[1] == cloud)) {
            return b;
        }
    }
    return NULL;
}

/* Draws what hangs below 'cloud'; 'prefix' stands before each line. */
static void
draw(struct ds *s, struct forest *f, const struct nethvrec_cloud *cloud,
     const char *prefix)
{
    struct branch *branch;
    size_t i = 0;

    while ((branch = next_branch(f, cloud, &i)) != NULL) {
        const struct nethvrec_cloud *other
            = branch->clouds[branch->clouds[0] == cloud];
        branch->drawn = true;
        size_t j = i;
        bool last = !next_branch(f, cloud, &j);

        ds_put_format(s, "%s%s-- %s, cost %.3g", prefix, last ? "`" : "|",
                      other->name, branch->edge->cost);
        put_tunnels(s, f, branch);
        put_bandwidth(s, f, branch);
        ds_put_char(s, '\n');
        char *deeper = xasprintf("%s%s   ", prefix, last ? " " : "|");
        draw(s, f, other, deeper);
        free(deeper);
    }
}

/* Returns whether a tree edge that is not drawn yet ends at 'cloud'. */
static bool
is_root(struct forest *f, const struct nethvrec_cloud *cloud)
{
    size_t i = 0;
    return next_branch(f, cloud, &i) != NULL;
}

static int
compare_clouds(const void *a_, const void *b_)
{
    const struct nethvrec_cloud *const *a = a_;
    const struct nethvrec_cloud *const *b = b_;
    return (*a)->id < (*b)->id ? -1 : (*a)->id > (*b)->id;
}

/* Returns all clouds by id, '*n' of them.  The caller frees the array. */
static const struct nethvrec_cloud **
sorted_clouds(const struct ovsdb_idl *idl, size_t *n)
{
    const struct nethvrec_cloud **clouds = NULL;
    const struct nethvrec_cloud *cloud;
    size_t allocated = 0;

    *n = 0;
    NETHVREC_CLOUD_FOR_EACH (cloud, idl) {
        if (*n >= allocated) {
            clouds = x2nrealloc(clouds, &allocated, sizeof *clouds);
        }
        clouds[(*n)++] = cloud;
    }
    if (*n) {
        qsort(clouds, *n, sizeof *clouds, compare_clouds);
    }
    return clouds;
}

static bool
is_in_tree(const struct forest *f, const struct nethvrec_cloud *cloud)
{
    for (size_t i = 0; i < f->n; i++) {
        const struct branch *b = &f->branches[i];
        if (is_tree_edge(b->edge)
            && (b->clouds[0] == cloud || b->clouds[1] == cloud)) {
            return true;
        }
    }
    return false;
}

static void
put_others(struct ds *s, const struct forest *f)
{
    for (size_t i = 0; i < f->n; i++) {
        const struct branch *b = &f->branches[i];
        if (!is_tree_edge(b->edge)) {
            ds_put_format(s, "%s: %s -- %s, cost %.3g", b->edge->role,
                          b->clouds[0]->name, b->clouds[1]->name,
                          b->edge->cost);
            put_tunnels(s, f, b);
            put_bandwidth(s, f, b);
            ds_put_char(s, '\n');
        }
    }
}

static void
put_text(struct ds *s, struct forest *f)
{
    size_t n;
    const struct nethvrec_cloud **clouds = sorted_clouds(f->idl, &n);

    ds_put_format(s, "tree %"PRId64"\n", f->number);
    for (size_t i = 0; i < n; i++) {
        if (is_root(f, clouds[i])) {
            ds_put_format(s, "%s\n", clouds[i]->name);
            draw(s, f, clouds[i], "");
        } else if (!is_in_tree(f, clouds[i])) {
            ds_put_format(s, "%s%s\n", clouds[i]->name,
                          n > 1 ? " (no edge leads here)" : "");
        }
    }
    free(clouds);
    put_others(s, f);
    tree_state_put(s, f->idl, f->number);
}

static struct json *
json_tunnels(const struct forest *f, const struct branch *branch)
{
    struct json *tunnels = json_array_create_empty();
    const struct nethvrec_tunnel *tunnel;

    NETHVREC_TUNNEL_FOR_EACH (tunnel, f->idl) {
        const struct nethvrec_host *ends[2];
        if (tunnel_ends(f, branch, tunnel, ends)) {
            struct json *json = json_object_create();
            json_object_put_string(json, "a", ends[0]->name);
            json_object_put_string(json, "b", ends[1]->name);
            json_object_put_string(json, "encap", tunnel->encap);
            json_object_put(json, "up", json_boolean_create(
                tunnel->a_up && tunnel->b_up));
            json_array_add(tunnels, json);
        }
    }
    return tunnels;
}

/* The same, by the name of the cloud that it leads to. */
static struct json *
json_bandwidth(const struct forest *f, const struct branch *branch)
{
    const struct nethvrec_cloud_link *link
        = bandwidth_link(f->idl, branch->clouds[0], branch->clouds[1]);
    struct json *json = json_object_create();

    for (size_t i = 0; link && i < 2; i++) {
        const double *mbps = bandwidth_from(link, branch->clouds[i]);
        if (mbps) {
            json_object_put(json, branch->clouds[!i]->name,
                            json_real_create(*mbps));
        }
    }
    return json;
}

static struct json *
json_forest(const struct forest *f)
{
    struct json *edges = json_array_create_empty();
    struct json *json = json_object_create();

    for (size_t i = 0; i < f->n; i++) {
        const struct branch *b = &f->branches[i];
        struct json *edge = json_object_create();
        json_object_put_string(edge, "a", b->clouds[0]->name);
        json_object_put_string(edge, "b", b->clouds[1]->name);
        json_object_put_string(edge, "role", b->edge->role);
        json_object_put(edge, "cost", json_real_create(b->edge->cost));
        json_object_put(edge, "tunnels", json_tunnels(f, b));
        json_object_put(edge, "bandwidth", json_bandwidth(f, b));
        json_array_add(edges, edge);
    }
    json_object_put(json, "tree", json_integer_create(f->number));
    json_object_put(json, "edges", edges);
    tree_state_put_json(json, f->idl, f->number);
    return json;
}

/* For graphviz's dot. */
static void
put_dot(struct ds *s, const struct forest *f)
{
    const struct nethvrec_cloud *cloud;

    ds_put_cstr(s, "graph nethv {\n");
    NETHVREC_CLOUD_FOR_EACH (cloud, f->idl) {
        ds_put_format(s, "    \"%s\";\n", cloud->name);
    }
    for (size_t i = 0; i < f->n; i++) {
        const struct branch *b = &f->branches[i];
        ds_put_format(s, "    \"%s\" -- \"%s\" [label=\"%.3g\"%s];\n",
                      b->clouds[0]->name, b->clouds[1]->name, b->edge->cost,
                      is_tree_edge(b->edge) ? "" : ", style=dashed");
    }
    ds_put_cstr(s, "}\n");
}

static void
tree_show(struct ctl_context *ctx)
{
    struct forest f;

    forest_init(&f, ctx->idl);
    if (shash_find(&ctx->options, "--dot")) {
        put_dot(&ctx->output, &f);
    } else if (cli_wants_json(ctx)) {
        cli_put_json(ctx, json_forest(&f));
    } else {
        put_text(&ctx->output, &f);
    }
    free(f.branches);
}

static const struct ctl_command_syntax verbs[] = {
    {"tree-show", 0, 0, "", pre_tree_show, tree_show, NULL, "--dot", RO},
    {"tree-plan", 0, INT_MAX, "[with|without|cost|CLOUD|N]...",
     pre_tree_plan, tree_plan, NULL, "", RO},
    {"bandwidth", 2, 2, "CLOUD CLOUD", pre_bandwidth, bandwidth, NULL, "",
     RW},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};

const struct verb_group tree_verbs = {
    "The tree of clouds", verbs, "\
  tree-show                   draw it: costs, tunnels, state, history\n\
                              (--dot: for graphviz)\n\
  tree-plan [CHANGE]...       what would change with CHANGE:\n\
                              with CLOUD, without CLOUD, cost CLOUD CLOUD N\n\
  bandwidth CLOUD CLOUD       measure it through the tunnel between them\n"
};
