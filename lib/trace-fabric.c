/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "trace-fabric.h"

#include "hash.h"
#include "packets.h"
#include "util.h"

struct fabric_host {
    struct hmap_node node;          /* In trace_fabric->hosts by 'host'. */
    struct trace_host *host;
    uint32_t site;
    ovs_be32 private;
    ovs_be32 public;
    struct hmap ports;              /* struct fabric_port. */
};

struct fabric_port {
    struct hmap_node node;          /* In fabric_host->ports by 'port'. */
    ofp_port_t port;
    bool tunnel;
    enum encap encap;               /* If 'tunnel', so is the next. */
    ovs_be32 remote;                /* 0: the rules set it. */
};

struct trace_fabric {
    struct hmap hosts;
};

struct trace_fabric *
trace_fabric_create(void)
{
    struct trace_fabric *fabric = xmalloc(sizeof *fabric);

    hmap_init(&fabric->hosts);
    return fabric;
}

void
trace_fabric_destroy(struct trace_fabric *fabric)
{
    struct fabric_host *host;

    if (!fabric) {
        return;
    }
    HMAP_FOR_EACH_POP (host, node, &fabric->hosts) {
        struct fabric_port *port;

        HMAP_FOR_EACH_POP (port, node, &host->ports) {
            free(port);
        }
        hmap_destroy(&host->ports);
        free(host);
    }
    hmap_destroy(&fabric->hosts);
    free(fabric);
}

static struct fabric_host *
find_host(const struct trace_fabric *fabric, const struct trace_host *host)
{
    struct fabric_host *fh;

    HMAP_FOR_EACH_WITH_HASH (fh, node, hash_pointer(host, 0),
                             &fabric->hosts) {
        if (fh->host == host) {
            return fh;
        }
    }
    return NULL;
}

static struct fabric_port *
find_port(const struct fabric_host *host, ofp_port_t number)
{
    struct fabric_port *port;

    HMAP_FOR_EACH_WITH_HASH (port, node, hash_int(number, 0),
                             &host->ports) {
        if (port->port == number) {
            return port;
        }
    }
    return NULL;
}

void
trace_fabric_add_host(struct trace_fabric *fabric, struct trace_host *host,
                      uint32_t site, ovs_be32 private, ovs_be32 public)
{
    struct fabric_host *fh = xzalloc(sizeof *fh);

    ovs_assert(!find_host(fabric, host));
    fh->host = host;
    fh->site = site;
    fh->private = private;
    fh->public = public;
    hmap_init(&fh->ports);
    hmap_insert(&fabric->hosts, &fh->node, hash_pointer(host, 0));
}

static struct fabric_port *
put_port(struct trace_fabric *fabric, struct trace_host *host,
         ofp_port_t number)
{
    struct fabric_host *fh = find_host(fabric, host);
    struct fabric_port *port = find_port(fh, number);

    if (!port) {
        port = xzalloc(sizeof *port);
        port->port = number;
        hmap_insert(&fh->ports, &port->node, hash_int(number, 0));
    }
    return port;
}

void
trace_fabric_add_endpoint(struct trace_fabric *fabric,
                          struct trace_host *host, ofp_port_t number)
{
    put_port(fabric, host, number)->tunnel = false;
}

void
trace_fabric_add_tunnel(struct trace_fabric *fabric, struct trace_host *host,
                        ofp_port_t number, enum encap encap, ovs_be32 remote)
{
    struct fabric_port *port = put_port(fabric, host, number);

    port->tunnel = true;
    port->encap = encap;
    port->remote = remote;
}

/* Returns who gets what 'from' sends to 'dst', or NULL; stores in '*src' the
 * address that it seems to come from. */
static const struct fabric_host *
route(const struct trace_fabric *fabric, const struct fabric_host *from,
      ovs_be32 dst, ovs_be32 *src)
{
    const struct fabric_host *to;

    HMAP_FOR_EACH (to, node, &fabric->hosts) {
        if (to->private == dst && to->site == from->site) {
            *src = from->private;
            return to;
        }
        if (to->public && to->public == dst && from->public) {
            *src = from->public;
            return to;
        }
    }
    return NULL;
}

/* Returns the tunnel port of 'host' that takes packets of 'encap' from 'src':
 * one with that very remote before one without. */
static const struct fabric_port *
receiver(const struct fabric_host *host, enum encap encap, ovs_be32 src)
{
    const struct fabric_port *port, *any = NULL;

    HMAP_FOR_EACH (port, node, &host->ports) {
        if (port->tunnel && port->encap == encap) {
            if (port->remote == src) {
                return port;
            } else if (!port->remote) {
                any = port;
            }
        }
    }
    return any;
}

bool
trace_fabric_receiver(const struct trace_fabric *fabric,
                      const struct trace_host *host, enum encap encap,
                      ovs_be32 src, ofp_port_t *portp)
{
    const struct fabric_port *port = receiver(find_host(fabric, host), encap,
                                              src);

    if (port) {
        *portp = port->port;
    }
    return port != NULL;
}

/* Fills 'in' with what of 'out' survives 'encap'. */
static void
carry(enum encap encap, const struct flow_tnl *out, struct flow_tnl *in)
{
    uint64_t key_mask = encap == ENCAP_GRE ? UINT32_MAX : 0xffffff;

    memset(in, 0, sizeof *in);
    in->tun_id = htonll(ntohll(out->tun_id) & key_mask);
    in->flags = FLOW_TNL_F_KEY;
    in->ip_ttl = 64;
    if (encap == ENCAP_GENEVE) {
        in->metadata = out->metadata;
        in->metadata.tab = NULL;
    }
}

enum trace_way
trace_fabric_next(void *fabric_, const struct trace_output *out,
                  struct trace_input *in, char **why)
{
    const struct trace_fabric *fabric = fabric_;
    const struct fabric_host *from = find_host(fabric, out->host), *to;
    const struct fabric_port *port = find_port(from, out->port), *peer;
    ovs_be32 dst, src;

    if (!port) {
        *why = xasprintf("left by port %"PRIu32", which does not exist",
                         out->port);
        return TRACE_LOST;
    }
    if (!port->tunnel) {
        return TRACE_DELIVERED;
    }
    dst = port->remote ? port->remote : out->tunnel->ip_dst;
    if (dst == out->arrived->ip_dst && dst) {
        *why = xasprintf("was to be tunneled to "IP_FMT", the host's own "
                         "address", IP_ARGS(dst));
        return TRACE_LOST;
    }
    to = route(fabric, from, dst, &src);
    if (!to) {
        *why = xasprintf("left for "IP_FMT", which is nobody's or out of "
                         "reach", IP_ARGS(dst));
        return TRACE_LOST;
    }
    peer = receiver(to, port->encap, src);
    if (!peer) {
        *why = xasprintf("came to %s from "IP_FMT" by %s, for which there is "
                         "no tunnel port", trace_host_name(to->host),
                         IP_ARGS(src), encap_name(port->encap));
        return TRACE_LOST;
    }
    in->host = to->host;
    in->port = peer->port;
    carry(port->encap, out->tunnel, &in->tunnel);
    in->tunnel.ip_src = src;
    in->tunnel.ip_dst = to->private;
    return TRACE_TO_HOST;
}
