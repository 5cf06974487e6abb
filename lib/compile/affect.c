/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "compile/internal.h"
#include "nethv/wire.h"
#include "util.h"
#include "uuid.h"

/* Whom a change of the model concerns: from rows to owners of rules. */

static void
mark_port(struct compiler *c, const struct vport *port)
{
    compiler_mark(c, ROLE_PORT, &port->row.uuid);
    compiler_mark(c, ROLE_SOURCE, &port->row.uuid);
    compiler_mark(c, ROLE_ENDPOINT, &port->row.uuid);
}

void
compiler_mark_ports(struct compiler *c, const struct vswitch *sw)
{
    const struct vport *port;
    LIST_FOR_EACH (port, switch_node, &sw->ports) {
        mark_port(c, port);
    }
}

void
compiler_mark_flood(struct compiler *c, const struct uuid *vswitch)
{
    compiler_mark(c, ROLE_FLOOD, vswitch);
    compiler_mark(c, ROLE_PRUNE, vswitch);
}

static void
mark_switch(struct compiler *c, const struct vswitch *sw)
{
    compiler_mark(c, ROLE_SWITCH, &sw->row.uuid);
    compiler_mark_flood(c, &sw->row.uuid);
}

/* Marks the switches whose paths and floods may lead through 'sw'. */
static void
mark_domain(struct compiler *c, const struct vswitch *sw)
{
    uint32_t domain = topology_domain(sw);
    const struct vswitch *other;

    mark_switch(c, sw);
    if (!sw->row.present || ovs_list_is_empty(&sw->ends)) {
        return;
    }
    LIST_FOR_EACH (other, network_node, &sw->network->switches) {
        if (topology_domain(other) == domain) {
            mark_switch(c, other);
        }
    }
}

static void
mark_ends(struct compiler *c, const struct vswitch *sw)
{
    const struct vlink_end *end;
    LIST_FOR_EACH (end, switch_node, &sw->ends) {
        compiler_mark(c, ROLE_LINK, &end->link->row.uuid);
    }
}

/* Others with an address of 'port' are known destinations and sources, or not,
 * depending on whether 'port' has it too. */
static void
mark_sharers(struct compiler *c, const struct vport *port)
{
    for (size_t i = 0; i < port->n_macs; i++) {
        const struct port_mac *m = NULL;
        while ((m = network_next_mac(port->network, port->macs[i].address,
                                     m))) {
            compiler_mark(c, ROLE_PORT, &m->port->row.uuid);
            compiler_mark(c, ROLE_ENDPOINT, &m->port->row.uuid);
        }
    }
    for (size_t i = 0; i < port->n_ips; i++) {
        const struct port_ip *ip = NULL;
        while ((ip = network_next_ip(port->network, &port->ips[i].address,
                                     ip))) {
            compiler_mark(c, ROLE_PORT, &ip->port->row.uuid);
        }
    }
}

/* What a change of one row concerns, by kind.  Called with the row as it was
 * and as it is. */

void
compiler_affect_network(struct compiler *c, const struct model_row *row)
{
    const struct network *network = CONTAINER_OF(row, struct network, row);
    const struct vswitch *sw;

    LIST_FOR_EACH (sw, network_node, &network->switches) {
        mark_switch(c, sw);
        mark_ends(c, sw);
        compiler_mark_ports(c, sw);
    }
}

static void
affect_switch(struct compiler *c, const struct model_row *row)
{
    const struct vswitch *sw = CONTAINER_OF(row, struct vswitch, row);

    mark_domain(c, sw);
    mark_ends(c, sw);
    compiler_mark_ports(c, sw);
}

static void
affect_link(struct compiler *c, const struct model_row *row)
{
    const struct vlink *link = CONTAINER_OF(row, struct vlink, row);

    compiler_mark(c, ROLE_LINK, &row->uuid);
    for (size_t i = 0; i < 2; i++) {
        mark_domain(c, link->ends[i].vswitch);
        mark_ends(c, link->ends[i].vswitch);
    }
}

static void
affect_port(struct compiler *c, const struct model_row *row)
{
    const struct vport *port = CONTAINER_OF(row, struct vport, row);

    struct endpoint *ep = compiler_endpoint(c, &row->uuid);

    if (ep) {
        homes_note(c, ep);
    }
    mark_port(c, port);
    mark_sharers(c, port);
    compiler_mark_flood(c, &port->vswitch->row.uuid);
}

/* Returns whether 'port' at 'location' may make a difference to floods of its
 * switch: they go to hosts, so only the first and the last port of the switch
 * on a host do; on this host every port does. */
static bool
floods_differ(const struct compiler *c, const struct vport *port,
              uint32_t location)
{
    uint32_t host = location & NETHV_HOST_MASK;

    return host == c->self || vswitch_n_ports_at(port->vswitch, host) <= 1;
}

static void
affect_binding(struct compiler *c, const struct model_row *row)
{
    const struct vport *port = CONTAINER_OF(row, struct binding, row)->port;
    const struct binding *binding;

    mark_port(c, port);
    if (!port->row.present) {
        return;
    }
    /* Another binding of the port may count now, or no longer. */
    LIST_FOR_EACH (binding, port_node, &port->bindings) {
        if (floods_differ(c, port, binding->location)) {
            compiler_mark_flood(c, &port->vswitch->row.uuid);
        }
    }
}

/* Numbers may have become usable, or no longer are. */
static void
affect_follower(struct compiler *c, const struct model_row *row)
{
    const struct follower *follower = CONTAINER_OF(row, struct follower, row);

    homes_touch(c, &follower->network->row.uuid);
}

static void
affect_cloud(struct compiler *c, const struct model_row *row)
{
    const struct cloud *cloud = CONTAINER_OF(row, struct cloud, row);
    const struct host *host;

    LIST_FOR_EACH (host, cloud_node, &cloud->hosts) {
        compiler_mark(c, ROLE_HOST, &host->row.uuid);
    }
}

/* In mode tree it matters to the rules of all whether this host is a
 * gateway. */
static void
affect_host(struct compiler *c, const struct model_row *row)
{
    const struct host *host = CONTAINER_OF(row, struct host, row);

    compiler_mark(c, ROLE_HOST, &row->uuid);
    if (host_location(host) == c->self) {
        affect_cloud(c, &host->cloud->row);
    }
}

static void (*const affects[MODEL_N_KINDS])(struct compiler *,
                                            const struct model_row *) = {
    [MODEL_SWITCH] = affect_switch,
    [MODEL_LINK] = affect_link,
    [MODEL_PORT] = affect_port,
    [MODEL_BINDING] = affect_binding,
    [MODEL_FOLLOWER] = affect_follower,
    [MODEL_CLOUD] = affect_cloud,
    [MODEL_HOST] = affect_host,
};

/* A row that is not present has no contents; the call before or after, when it
 * has, concerns the same owners. */
static void
affect(struct compiler *c, const struct model_row *row)
{
    if (row->present && affects[row->kind]) {
        affects[row->kind](c, row);
    }
}

static uint32_t
network_tag(const struct model_row *row)
{
    const struct network *network = CONTAINER_OF(row, struct network, row);
    return network_ready(network) ? network->tag : 0;
}

static void
compiler_before(struct model_observer *observer, const struct model_row *row)
{
    struct compiler *c = CONTAINER_OF(observer, struct compiler, observer);

    if (row->kind == MODEL_NETWORK) {
        c->tag_before = network_tag(row);
    } else {
        affect(c, row);
    }
}

static void
compiler_after(struct model_observer *observer, const struct model_row *row)
{
    struct compiler *c = CONTAINER_OF(observer, struct compiler, observer);

    if (row->kind != MODEL_NETWORK) {
        affect(c, row);
    } else if (network_tag(row) != c->tag_before) {
        /* Sequences change all the time. */
        compiler_affect_network(c, row);
    }
}

void
compiler_observe(struct compiler *c)
{
    c->observer.before = compiler_before;
    c->observer.after = compiler_after;
    model_observe(c->model, &c->observer);
}
