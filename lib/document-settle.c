/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "document.h"

#include <stdlib.h>

#include "model.h"
#include "nethv/wire.h"
#include "simap.h"
#include "util.h"

/* One number for all networks and switches, so that none means two things. */
struct settler {
    struct model *model;
    uint32_t number;                /* The last that was given. */
    struct simap numbers;           /* "tenant host" to the last given. */
};

static char *
settle_tenants(struct settler *s)
{
    size_t n;
    struct model_row **rows = model_sorted(s->model, MODEL_TENANT, &n);
    for (size_t i = 0; i < MIN(n, NETHV_TAG_MAX); i++) {
        model_set_tenant_tag(s->model, &rows[i]->uuid, nethv_tag_nth(i));
    }
    free(rows);
    return (n <= NETHV_TAG_MAX ? NULL
            : xasprintf("%"PRIuSIZE" tenants are more than the %u tags",
                        n, NETHV_TAG_MAX));
}

static char *
next_number(struct settler *s, uint32_t *number)
{
    if (s->number >= NETHV_GROUP_MAX) {
        return xasprintf("networks and switches are more than the %u numbers "
                         "for them", NETHV_GROUP_MAX);
    }
    *number = ++s->number;
    return NULL;
}

static char *
settle_network(struct settler *s, const struct model_row *row)
{
    const struct network *network = CONTAINER_OF(row, struct network, row);
    struct network_state state = {
        .tag = network->tenant->tag,
        .sequence = 1,
    };
    char *fault = next_number(s, &state.number);
    if (!fault) {
        model_set_network_state(s->model, &row->uuid, &state);
    }
    return fault;
}

static char *
settle_switch(struct settler *s, const struct model_row *row)
{
    uint32_t group = 0;
    char *fault = next_number(s, &group);
    if (!fault) {
        model_set_switch_group(s->model, &row->uuid, group);
    }
    return fault;
}

static char *
settle_kind(struct settler *s, enum model_kind kind,
            char *(*settle)(struct settler *, const struct model_row *))
{
    char *fault = NULL;
    size_t n;
    struct model_row **rows = model_sorted(s->model, kind, &n);
    for (size_t i = 0; !fault && i < n; i++) {
        fault = settle(s, rows[i]);
    }
    free(rows);
    return fault;
}

/* Bindings. */

/* Takes 'n' numbers on 'host' for the tenant of 'port'; '*first' is the first
 * of them. */
static char *
take_numbers(struct settler *s, const struct vport *port,
             const struct host *host, size_t n, uint32_t *first)
{
    const struct tenant *tenant = port->network->tenant;
    char *key = xasprintf("%s %s", tenant->row.name, host->row.name);
    uint32_t last = simap_get(&s->numbers, key);
    char *fault = NULL;
    if (last + n > NETHV_NUMBER_MAX) {
        fault = xasprintf("tenant %s has more ports and MAC addresses on host "
                          "%s than the %u numbers for them: bind some to "
                          "another host", tenant->row.name, host->row.name,
                          NETHV_NUMBER_MAX);
    } else {
        simap_put(&s->numbers, key, last + n);
        *first = last + 1;
    }
    free(key);
    return fault;
}

static void
follow(struct settler *s, const struct network *network,
       const struct host *host)
{
    char *name = xasprintf("%s %s", network->row.name, host->row.name);
    struct uuid uuid = model_uuid_from_name(MODEL_FOLLOWER, name);
    struct follower_spec spec = {
        .network = network->row.uuid,
        .location = host_location(host),
        .intent = network->intent,
        .sequence = network->sequence,
    };
    model_put_follower(s->model, &uuid, &spec);
    free(name);
}

static char *
bind_port(struct settler *s, const struct vport *port,
          const struct host *host)
{
    struct binding_mac macs[DOCUMENT_ADDRESSES_MAX];
    uint32_t first = 0;
    char *fault = take_numbers(s, port, host, 1 + port->n_macs, &first);
    if (fault) {
        return fault;
    }
    for (size_t i = 0; i < port->n_macs; i++) {
        macs[i].address = port->macs[i].address;
        macs[i].location = nethv_location(host->cloud->id, host->id,
                                          first + 1 + i);
    }
    struct binding_spec spec = {
        .port = port->row.uuid,
        .location = nethv_location(host->cloud->id, host->id, first),
        .macs = macs,
        .n_macs = port->n_macs,
        .since = port->network->sequence,
    };
    struct uuid uuid = model_uuid_from_name(MODEL_BINDING, port->row.name);
    model_put_binding(s->model, &uuid, &spec);
    follow(s, port->network, host);
    return NULL;
}

static char *
settle_binding(struct settler *s, const struct smap_node *node)
{
    const struct model_row *port = model_find_name(s->model, MODEL_PORT,
                                                   node->key);
    const struct model_row *host = model_find_name(s->model, MODEL_HOST,
                                                   node->value);
    if (!port || !host) {
        return xasprintf("port %s is to be bound to host %s, but no document "
                         "has that %s", node->key, node->value,
                         port ? "host" : "port");
    }
    return bind_port(s, CONTAINER_OF(port, struct vport, row),
                     CONTAINER_OF(host, struct host, row));
}

static char *
settle_bindings(struct settler *s, const struct smap *bindings)
{
    char *fault = NULL;
    const struct smap_node **nodes = smap_sort(bindings);
    for (size_t i = 0; !fault && i < smap_count(bindings); i++) {
        fault = settle_binding(s, nodes[i]);
    }
    free(nodes);
    return fault;
}

char *
document_settle(struct model *model, const struct smap *bindings)
{
    struct settler s = {
        .model = model,
        .numbers = SIMAP_INITIALIZER(&s.numbers),
    };
    char *fault = settle_tenants(&s);
    if (!fault) {
        fault = settle_kind(&s, MODEL_NETWORK, settle_network);
    }
    if (!fault) {
        fault = settle_kind(&s, MODEL_SWITCH, settle_switch);
    }
    if (!fault) {
        fault = settle_bindings(&s, bindings);
    }
    simap_destroy(&s.numbers);
    return fault;
}
