/* SPDX-License-Identifier: Apache-2.0 */

/* From documents, without a database, to the tree of clouds and the rules of
 * one host, as "ovs-ofctl add-flows" reads them.
 *
 *     example-rules vm-aws1 inventory.json shop.json
 *
 * A program that drives a switch knows its OpenFlow ports.  Here endpoints are
 * at 1, 2, ... in the order of their names, the GRE tunnel to hosts of the same
 * cloud at 101, and a gateway's tunnel to the cloud with id 'n' at 200 + n. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nethv/document.h>
#include <nethv/model.h>
#include <nethv/rules.h>
#include <nethv/tree.h>

enum { FIRST_ENDPOINT = 1, HOST_TUNNEL = 101, FIRST_EDGE = 200, MAX_EDGES = 254 };

static void
fail(const char *what, char *why)
{
    fprintf(stderr, "example-rules: %s: %s\n", what, why);
    free(why);
    exit(EXIT_FAILURE);
}

static char *
read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    char *text = NULL;
    size_t n = 0, got;
    do {
        text = realloc(text, n + 65536);
        got = text ? fread(text + n, 1, 65536, file) : 0;
        n += got;
    } while (got);
    fclose(file);
    *length = n;
    return text;
}

static void
load(struct nethv_model *model, const char *path)
{
    size_t length;
    char *text = read_file(path, &length);
    struct nethv_document *document;
    char *fault = nethv_document_parse(text, length, &document);
    if (!fault) {
        fault = nethv_model_load(model, document);
        nethv_document_destroy(document);
    }
    free(text);
    if (fault) {
        fail(path, fault);
    }
}

static const char *
cloud_name(const struct nethv_model *model, unsigned int id)
{
    return nethv_row_name(nethv_model_cloud(model, id));
}

static void
print_tree(const struct nethv_model *model, const struct nethv_tree *tree)
{
    struct nethv_tree_edge edge;
    for (size_t i = 0; nethv_tree_edge(tree, i, &edge); i++) {
        printf("# edge %s -- %s, weight %g\n", cloud_name(model, edge.a),
               cloud_name(model, edge.b), edge.weight);
    }
}

/* Endpoints. */

struct port_list {
    const struct nethv_row **ports;
    size_t n;
};

static int
compare_names(const void *a, const void *b)
{
    return strcmp(nethv_row_name(*(const struct nethv_row *const *) a),
                  nethv_row_name(*(const struct nethv_row *const *) b));
}

static struct port_list
ports_at(const struct nethv_model *model, uint32_t host)
{
    struct port_list list = { NULL, 0 };
    const struct nethv_row *port = nethv_model_first(model, NETHV_KIND_PORT);
    for (; port; port = nethv_model_next(model, port)) {
        struct nethv_place place;
        if (nethv_model_place(model, port, 0, &place)
            && (place.location & NETHV_HOST_MASK) == host) {
            list.ports = realloc(list.ports, (list.n + 1) * sizeof *list.ports);
            list.ports[list.n++] = port;
        }
    }
    if (list.n) {
        qsort(list.ports, list.n, sizeof *list.ports, compare_names);
    }
    return list;
}

static void
set_endpoints(struct nethv_rules *rules, const struct nethv_model *model,
              uint32_t host)
{
    struct port_list list = ports_at(model, host);
    for (size_t i = 0; i < list.n; i++) {
        printf("# %s at port %zu\n", nethv_row_name(list.ports[i]),
               FIRST_ENDPOINT + i);
        nethv_rules_set_endpoint(rules, list.ports[i], FIRST_ENDPOINT + i);
    }
    free(list.ports);
}

/* Tunnels: every host gets edges here; those that are no gateway ignore
 * them. */
static void
set_fabric(struct nethv_rules *rules, const struct nethv_tree *tree,
           unsigned int cloud)
{
    struct nethv_edge edges[MAX_EDGES];
    struct nethv_tree_edge edge;
    struct nethv_fabric fabric;

    memset(&fabric, 0, sizeof fabric);
    for (size_t i = 0; nethv_tree_edge(tree, i, &edge); i++) {
        if (edge.a == cloud || edge.b == cloud) {
            unsigned int peer = edge.a == cloud ? edge.b : edge.a;
            struct nethv_edge *e = &edges[fabric.n_edges++];
            e->cloud = peer;
            e->encap = NETHV_GRE;
            e->ofport = FIRST_EDGE + peer;
        }
    }
    fabric.tunnel_ofports[NETHV_GRE] = HOST_TUNNEL;
    fabric.edges = edges;
    fabric.tree = tree;
    fabric.tree_number = 1;
    nethv_rules_set_fabric(rules, &fabric);
}

static void
print_rules(const struct nethv_rules *rules)
{
    struct nethv_meter *meters;
    size_t n;
    nethv_rules_meters(rules, &meters, &n);
    for (size_t i = 0; i < n; i++) {
        printf("# meter %u: %llu kbit/s\n", (unsigned int) meters[i].id,
               (unsigned long long) meters[i].kbps);
    }
    free(meters);

    char *text = nethv_rules_text(rules);
    fputs(text, stdout);
    free(text);
}

int
main(int argc, char *argv[])
{
    if (argc < 3) {
        fprintf(stderr, "usage: %s HOST DOCUMENT...\n", argv[0]);
        return EXIT_FAILURE;
    }
    struct nethv_model *model = nethv_model_create();
    for (int i = 2; i < argc; i++) {
        load(model, argv[i]);
    }
    char *fault = nethv_model_settle(model);
    if (fault) {
        fail("documents", fault);
    }
    const struct nethv_row *host = nethv_model_find(model, NETHV_KIND_HOST,
                                                    argv[1]);
    if (!host) {
        fail(argv[1], strdup("no document has this host"));
    }
    uint32_t location = nethv_host_location(host);
    struct nethv_tree *tree = nethv_tree_create(model);
    struct nethv_rules *rules = nethv_rules_create(model, location);

    print_tree(model, tree);
    set_endpoints(rules, model, location);
    set_fabric(rules, tree, nethv_location_cloud(location));
    nethv_rules_run(rules);
    print_rules(rules);

    nethv_rules_destroy(rules);
    nethv_tree_destroy(tree);
    nethv_model_destroy(model);
    return EXIT_SUCCESS;
}
