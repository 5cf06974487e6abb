/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "twin.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "document.h"
#include "dp-packet.h"
#include "flow.h"
#include "model.h"
#include "openvswitch/dynamic-string.h"
#include "packets.h"
#include "smap.h"
#include "trace.h"
#include "tree.h"

static const char inventory[] =
    "{\"nethv\": 1, \"clouds\": ["
    "{\"name\": \"aws\", \"id\": 1, \"provider\": \"aws\"},"
    "{\"name\": \"az\", \"id\": 2, \"provider\": \"azure\","
    " \"encaps\": [\"geneve\", \"vxlan\"]},"
    "{\"name\": \"gcp\", \"id\": 3, \"provider\": \"gcp\"}],"
    "\"links\": [{\"a\": \"aws\", \"b\": \"az\", \"rtt\": 10},"
    "{\"a\": \"az\", \"b\": \"gcp\", \"rtt\": 10},"
    "{\"a\": \"aws\", \"b\": \"gcp\", \"rtt\": 30}],"
    "\"hosts\": ["
    "{\"name\": \"aws-gw\", \"cloud\": \"aws\", \"id\": 1, \"gateway\": true,"
    " \"encap_ip\": \"10.0.0.10\", \"public_ip\": \"198.51.100.1\"},"
    "{\"name\": \"aws-vm\", \"cloud\": \"aws\", \"id\": 2,"
    " \"encap_ip\": \"10.0.0.11\"},"
    "{\"name\": \"az-gw\", \"cloud\": \"az\", \"id\": 1, \"gateway\": true,"
    " \"encap_ip\": \"10.0.0.10\", \"public_ip\": \"198.51.100.2\"},"
    "{\"name\": \"gcp-gw\", \"cloud\": \"gcp\", \"id\": 1, \"gateway\": true,"
    " \"encap_ip\": \"10.0.0.10\", \"public_ip\": \"198.51.100.3\"},"
    "{\"name\": \"gcp-vm\", \"cloud\": \"gcp\", \"id\": 2,"
    " \"encap_ip\": \"10.0.0.11\"}]}";

static const char tenant[] =
    "{\"nethv\": 1, \"tenant\": \"acme\", \"networks\": [{\"name\": \"shop\","
    "\"switches\": [{\"name\": \"s1\", \"ports\": ["
    "{\"name\": \"a\", \"mac\": \"02:00:00:00:00:01\","
    " \"ips\": [\"192.168.0.1/24\"]}]},"
    "{\"name\": \"s2\", \"ports\": ["
    "{\"name\": \"d\", \"mac\": \"02:00:00:00:00:04\","
    " \"ips\": [\"192.168.0.4/24\"]}]}],"
    "\"links\": [{\"name\": \"l1\", \"a\": \"s1\", \"b\": \"s2\"}]}]}";

static void
put_document(struct model *model, const char *text)
{
    struct document *document;
    char *error = document_parse(text, strlen(text), &document);
    cr_assert_null(error, "%s", error);
    error = document_put(document, model);
    cr_assert_null(error, "%s", error);
    document_destroy(document);
}

static struct model *
make_model(void)
{
    struct model *model = model_create();
    struct smap bindings = SMAP_INITIALIZER(&bindings);

    put_document(model, inventory);
    put_document(model, tenant);
    smap_add(&bindings, "acme/shop/s1/a", "aws-vm");
    smap_add(&bindings, "acme/shop/s2/d", "gcp-vm");
    char *error = document_settle(model, &bindings);
    cr_assert_null(error, "%s", error);
    smap_destroy(&bindings);
    return model;
}

static const struct vport *
find_port(const struct model *model, const char *name)
{
    return CONTAINER_OF(model_find_name(model, MODEL_PORT, name),
                        struct vport, row);
}

Test(twin, a_packet_crosses_three_clouds)
{
    struct model *model = make_model();
    struct tree_edge *candidates;
    struct tree tree;
    size_t n;

    tree_candidates(model, &candidates, &n);
    tree_compute(&tree, candidates, n);
    free(candidates);
    cr_assert_eq(tree.n, 2);

    struct twin *twin = twin_create(model, &tree, 1);
    struct flow flow = {
        .dl_src = ETH_ADDR_C(02,00,00,00,00,01),
        .dl_dst = ETH_ADDR_C(02,00,00,00,00,04),
        .dl_type = CONSTANT_HTONS(0x88b5),
    };
    struct dp_packet packet;
    dp_packet_init(&packet, 0);
    flow_compose(&packet, &flow, NULL, 64);
    struct trace *trace = twin_run(twin, find_port(model, "acme/shop/s1/a"),
                                   dp_packet_data(&packet),
                                   dp_packet_size(&packet), true);
    struct ds s = DS_EMPTY_INITIALIZER;
    trace_format(trace, &s);
    cr_assert_eq(trace->n_deliveries, 1, "%s", ds_cstr(&s));
    cr_assert_eq(trace->n_errors, 0);
    cr_assert_str_eq(trace->deliveries[0].host, "gcp-vm");
    cr_assert_eq(trace->deliveries[0].n_hosts, 5);
    cr_assert_eq(twin_port_at(twin, "gcp-vm", trace->deliveries[0].port),
                 find_port(model, "acme/shop/s2/d"));
    cr_assert_eq(trace->deliveries[0].size, dp_packet_size(&packet));
    cr_assert_arr_eq(trace->deliveries[0].frame, dp_packet_data(&packet),
                     dp_packet_size(&packet));

    ds_destroy(&s);
    trace_destroy(trace);
    dp_packet_uninit(&packet);
    twin_destroy(twin);
    model_destroy(model);
}
