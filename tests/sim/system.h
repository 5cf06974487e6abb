/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_SYSTEM_H
#define SIM_SYSTEM_H 1

/* A system of many clouds, as rows of a model: clouds at random places, joined
 * by the tree over their distances; hosts, of which the first in each cloud is
 * its gateway; tenants with a network each, whose endpoints are on hosts of
 * some clouds.
 *
 * A system knows where everything is; which of it a model holds is up to the
 * caller: the global controller's has all, a host's what it follows.  All is
 * made from the numbers in the spec, the same each time. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model.h"
#include "tree.h"

struct system_spec {
    size_t n_clouds;
    size_t n_hosts;
    size_t n_networks;              /* Each of a tenant of its own. */
    size_t n_endpoints;             /* Of each network, */
    size_t n_places;                /* in so many clouds, */
    size_t n_switches;              /* at so many switches in a chain. */
};

struct system_endpoint {
    size_t host;                    /* Index. */
    uint32_t number;                /* The next one is its MAC's. */
};

struct system {
    struct system_spec spec;
    uint64_t random;
    struct tree tree;
    struct system_endpoint *endpoints; /* Those of network 0, of 1, ... */
    size_t *clouds;                 /* Of network 0, of 1, ... */
};

void system_init(struct system *, const struct system_spec *);
void system_destroy(struct system *);

/* Returns a number below 'n'. */
size_t system_draw(struct system *, size_t n);

/* Return a cloud's id, a host's cloud and location, and where an endpoint
 * is. */
uint8_t system_cloud_id(size_t cloud);
size_t system_cloud_of(const struct system *, size_t host);
uint32_t system_location(const struct system *, size_t host);
const struct system_endpoint *system_endpoint(const struct system *,
                                              size_t network, size_t i);

/* Returns a host of 'cloud' by random, but not the gateway: endpoints are not
 * there. */
size_t system_draw_host(struct system *, size_t cloud);

/* Returns whether 'network' has an endpoint on 'host'. */
bool system_is_on(const struct system *, size_t network, size_t host);

/* Return UUIDs; that of a port is its binding's too.  The number of a network
 * is in the third part of its own. */
struct uuid system_network_uuid(size_t network);
struct uuid system_port_uuid(size_t network, size_t i);
struct uuid system_follower_uuid(size_t network, size_t host);

/* Put rows into 'model'. */
void system_put_cloud(const struct system *, struct model *, size_t cloud);
void system_put_host(const struct system *, struct model *, size_t host);

/* The network with its tenant, switches and links, without endpoints. */
void system_put_network(const struct system *, struct model *, size_t network,
                        uint64_t sequence);
void system_put_port(const struct system *, struct model *, size_t network,
                     size_t i);
void system_put_binding(const struct system *, struct model *, size_t network,
                        size_t i, const struct system_endpoint *,
                        uint64_t since);
void system_put_follower(const struct system *, struct model *, size_t network,
                         size_t host, uint64_t sequence);

/* The network with all that belongs to it. */
void system_put_whole_network(const struct system *, struct model *,
                              size_t network);

#endif /* sim/system.h */
