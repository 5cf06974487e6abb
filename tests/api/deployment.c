/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/api/deployment.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "nethv/document.h"
#include "nethv/rules.h"
#include "nethv/trace.h"
#include "nethv/tree.h"

struct nethv_document *
example_document(const char *name)
{
    char path[4096], text[16384];
    struct nethv_document *document;

    snprintf(path, sizeof path, "%s/%s", EXAMPLES_DIR, name);
    FILE *file = fopen(path, "r");
    cr_assert(file, "%s", path);
    size_t n = fread(text, 1, sizeof text, file);
    fclose(file);
    char *fault = nethv_document_parse(text, n, &document);
    cr_assert_null(fault, "%s: %s", name, fault);
    return document;
}

void
example_load(struct nethv_model *model, const char *name)
{
    struct nethv_document *document = example_document(name);
    char *fault = nethv_model_load(model, document);
    cr_assert_null(fault, "%s", fault);
    nethv_document_destroy(document);
}

void
example_settle(struct nethv_model *model)
{
    char *fault = nethv_model_settle(model);
    cr_assert_null(fault, "%s", fault);
}

struct nethv_model *
example_model(void)
{
    struct nethv_model *model = nethv_model_create();
    example_load(model, "inventory.json");
    example_load(model, "shop.json");
    example_settle(model);
    return model;
}

const struct nethv_row *
example_find(const struct nethv_model *model, enum nethv_kind kind,
             const char *name)
{
    const struct nethv_row *row = nethv_model_find(model, kind, name);
    cr_assert(row, "%s", name);
    return row;
}

static const struct site {
    const char *name, *address, *public_address, *port;
    uint32_t location;
    unsigned int peer;
    const char *remote;
} sites[3] = {
    { "vm-aws1", "10.1.0.2", NULL, "acme/shop/s1/web", 0x01002000, 0, NULL },
    { "gw-aws1", "10.1.0.1", "198.51.100.1", NULL, 0x01001000, 2,
      "198.51.100.2" },
    { "gw-az1", "10.2.0.1", "198.51.100.2", "acme/shop/s2/db", 0x02001000, 1,
      "198.51.100.1" },
};

static struct nethv_rules *
make_rules(struct deployment *d, const struct site *site)
{
    struct nethv_rules *rules = nethv_rules_create(d->model, site->location);
    struct nethv_edge edge = { site->peer, NETHV_GENEVE, EDGE_TUNNEL };
    struct nethv_fabric fabric = {
        .tunnel_ofports = { FLOW_TUNNEL },
        .edges = &edge,
        .n_edges = site->peer != 0,
        .tree = d->tree,
        .tree_number = 1,
    };
    nethv_rules_set_fabric(rules, &fabric);
    if (site->port) {
        nethv_rules_set_endpoint(rules, example_find(d->model, NETHV_KIND_PORT,
                                                     site->port), ENDPOINT);
    }
    cr_assert(nethv_rules_run(rules) > 0);
    return rules;
}

static void
add_to_fabric(struct deployment *d, int i)
{
    const struct site *site = &sites[i];
    struct nethv_trace_host_spec spec = {
        site->name, d->rules[i], site->location >> 24, site->address,
        site->public_address,
    };
    cr_assert_null(nethv_trace_add_host(d->fabric, &spec, &d->hosts[i]));
    nethv_trace_add_endpoint(d->hosts[i], ENDPOINT);
    cr_assert_null(nethv_trace_add_tunnel(d->hosts[i], FLOW_TUNNEL, NETHV_GRE,
                                          NULL));
    if (site->peer) {
        cr_assert_null(nethv_trace_add_tunnel(d->hosts[i], EDGE_TUNNEL,
                                              NETHV_GENEVE, site->remote));
    }
}

void
deploy(struct deployment *d)
{
    d->model = example_model();
    d->tree = nethv_tree_create(d->model);
    d->fabric = nethv_trace_fabric_create();
    for (int i = 0; i < 3; i++) {
        d->rules[i] = make_rules(d, &sites[i]);
        add_to_fabric(d, i);
    }
}

void
undeploy(struct deployment *d)
{
    nethv_trace_fabric_destroy(d->fabric);
    for (int i = 0; i < 3; i++) {
        nethv_rules_destroy(d->rules[i]);
    }
    nethv_tree_destroy(d->tree);
    nethv_model_destroy(d->model);
}

const uint8_t frame[FRAME_LEN] = {
    0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1, 0x88, 0xb5, 'h', 'i',
};

size_t
send_frame(struct deployment *d)
{
    struct nethv_delivery delivery;
    struct nethv_trace *trace = nethv_trace_run(d->hosts[0], ENDPOINT, frame,
                                                sizeof frame);
    size_t n = nethv_trace_n_deliveries(trace);

    for (size_t i = 0; nethv_trace_delivery(trace, i, &delivery); i++) {
        cr_assert_str_eq(delivery.host, "gw-az1");
        cr_assert_eq(delivery.ofport, ENDPOINT);
        cr_assert_eq(delivery.size, sizeof frame);
        cr_assert_arr_eq(delivery.frame, frame, sizeof frame);
    }
    nethv_trace_destroy(trace);
    return n;
}
