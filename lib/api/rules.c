/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "nethv/rules.h"

#include <stdlib.h>
#include <string.h>

#include "api/private.h"
#include "compile/compile.h"
#include "openvswitch/dynamic-string.h"
#include "rule.h"
#include "util.h"

BUILD_ASSERT_DECL((int) NETHV_GRE == (int) ENCAP_GRE
                  && (int) NETHV_GENEVE == (int) ENCAP_GENEVE
                  && (int) NETHV_VXLAN == (int) ENCAP_VXLAN
                  && NETHV_N_ENCAPS == ENCAP_N);

struct nethv_rules *
nethv_rules_create(struct nethv_model *model, uint32_t location)
{
    struct nethv_rules *rules = xmalloc(sizeof *rules);

    *rules = (struct nethv_rules) {
        .model = model->model,
        .self = location & NETHV_HOST_MASK,
        .compiler = compiler_create(model->model,
                                    location & NETHV_HOST_MASK),
    };
    ovs_list_init(&rules->viewers);
    return rules;
}

void
nethv_rules_destroy(struct nethv_rules *rules)
{
    if (rules) {
        ovs_assert(ovs_list_is_empty(&rules->viewers));
        compiler_destroy(rules->compiler);
        free(rules);
    }
}

void
nethv_rules_set_endpoint(struct nethv_rules *rules,
                         const struct nethv_row *port, uint32_t ofport)
{
    ovs_assert(api_model_row(port)->kind == MODEL_PORT);
    compiler_set_endpoint(rules->compiler, &api_model_row(port)->uuid, ofport);
}

/* The fabric. */

static const struct cloud *
own_cloud(const struct nethv_rules *rules)
{
    return model_cloud_by_id(rules->model, nethv_location_cloud(rules->self));
}

/* Returns the location of the gateway of 'cloud' with the lowest id. */
static uint32_t
first_gateway(const struct cloud *cloud)
{
    const struct host *host;
    uint32_t gateway = 0;

    LIST_FOR_EACH (host, cloud_node, &cloud->hosts) {
        if (host->row.present && host->gateway
            && (!gateway || host_location(host) < gateway)) {
            gateway = host_location(host);
        }
    }
    return gateway;
}

static void
fill_from_model(const struct nethv_rules *rules, struct fabric *fabric)
{
    const struct host *host = model_host_at(rules->model, rules->self);
    const struct cloud *cloud = own_cloud(rules);

    fabric->encaps = ENCAP_ALL;
    if (cloud) {
        fabric->mode = cloud->mode;
        fabric->encaps = cloud->encaps;
        if (!fabric->gateway) {
            fabric->gateway = first_gateway(cloud);
        }
    }
    if (host && host->encaps) {
        fabric->encaps = host->encaps;
    }
    if (!fabric->mtu) {
        fabric->mtu = model_endpoint_mtu(rules->model);
    }
}

static uint8_t
edge_to(const struct nethv_fabric *from, uint8_t cloud)
{
    for (size_t i = 0; cloud && i < MIN(from->n_edges, FABRIC_NO_EDGE); i++) {
        if (from->edges[i].cloud == cloud) {
            return i;
        }
    }
    return FABRIC_NO_EDGE;
}

static void
fill_tree(const struct nethv_rules *rules, const struct nethv_fabric *from,
          const struct nethv_tree *tree, uint32_t number, struct fabric *fabric)
{
    struct fabric_tree *to = &fabric->trees[number & NETHV_TREE_MASK];
    uint8_t next[NETHV_CLOUD_MAX + 1] = { 0 };

    if (!tree) {
        return;
    }
    tree_next_hops(&tree->tree, nethv_location_cloud(rules->self), next);
    to->number = number;
    for (size_t cloud = 0; cloud < ARRAY_SIZE(to->edge); cloud++) {
        to->edge[cloud] = edge_to(from, next[cloud]);
    }
}

static void
fill_lists(const struct nethv_fabric *from, struct fabric *to)
{
    to->n_edges = from->n_edges;
    to->edges = xcalloc(MAX(from->n_edges, 1), sizeof *to->edges);
    for (size_t i = 0; i < from->n_edges; i++) {
        to->edges[i].cloud = from->edges[i].cloud;
        to->edges[i].encap = (enum encap) from->edges[i].encap;
        to->edges[i].ofport = from->edges[i].ofport;
    }
    to->n_peers = from->n_peers;
    to->peers = xcalloc(MAX(from->n_peers, 1), sizeof *to->peers);
    for (size_t i = 0; i < from->n_peers; i++) {
        to->peers[i].location = from->peers[i].location;
        to->peers[i].encap = (enum encap) from->peers[i].encap;
        to->peers[i].ofport = from->peers[i].ofport;
    }
}

void
nethv_rules_set_fabric(struct nethv_rules *rules,
                       const struct nethv_fabric *from)
{
    struct fabric to;

    memset(&to, 0, sizeof to);
    memcpy(to.tunnel_ofports, from->tunnel_ofports, sizeof to.tunnel_ofports);
    to.gateway = from->gateway;
    to.mtu = from->mtu;
    fill_from_model(rules, &to);
    fill_lists(from, &to);
    fabric_clear_trees(&to);
    to.stamp = from->tree_number & NETHV_TREE_MASK;
    fill_tree(rules, from, from->previous, from->previous_number, &to);
    fill_tree(rules, from, from->tree, from->tree_number, &to);
    compiler_set_fabric(rules->compiler, &to);
    fabric_destroy(&to);
}

/* Results. */

size_t
nethv_rules_run(struct nethv_rules *rules)
{
    api_trace_detach(rules);
    return compiler_run(rules->compiler);
}

size_t
nethv_rules_count(const struct nethv_rules *rules)
{
    return hmap_count(&compiler_rules(rules->compiler)->rules);
}

char *
nethv_rules_text(const struct nethv_rules *rules)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    rule_set_format(compiler_rules(rules->compiler), &s);
    return ds_steal_cstr(&s);
}

void
nethv_rules_meters(const struct nethv_rules *rules,
                   struct nethv_meter **meters, size_t *n)
{
    struct compiled_meter *compiled = NULL;

    *n = 0;
    compiler_meters(rules->compiler, &compiled, n);
    *meters = xcalloc(MAX(*n, 1), sizeof **meters);
    for (size_t i = 0; i < *n; i++) {
        (*meters)[i] = (struct nethv_meter) {
            .id = compiled[i].id, .kbps = compiled[i].kbps,
        };
    }
    free(compiled);
}
