/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_WORLD_H
#define UNIT_WORLD_H 1

/* A random world for property tests: clouds with hosts and a gateway each,
 * joined by tunnels along a tree; tenants with networks that use the same MAC
 * addresses, switches in chains, rings, trees and meshes, ports bound here and
 * there.  One model holds all; every host has a compiler that watches it, and
 * its rules can be traced.
 *
 * The world is made from a seed and changes at random: the same seed makes the
 * same world and the same changes. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compile/compile.h"
#include "model.h"
#include "trace-fabric.h"

#define WORLD_MAX_CLOUDS 4
#define WORLD_MAX_HOSTS 16
#define WORLD_MAX_NETWORKS 6
#define WORLD_MAX_PORTS 64          /* A set of ports is a uint64_t. */
#define WORLD_N_MACS 12

/* A cloud that has left may come back, with the same id. */
struct world_cloud {
    bool present;
    uint8_t id;
    enum cloud_mode mode;
    unsigned int encaps;
    struct uuid uuid;
    struct uuid link;               /* To another cloud. */
    size_t gateway;                 /* Index of its host. */
    bool lags;                      /* Still stamps the tree before. */
};

struct world_host {
    bool present;
    bool mute;                      /* Its address is not known (any more). */
    bool silent;                    /* Has not said what it passes. */
    size_t cloud;                   /* Index. */
    uint32_t location;
    unsigned int encaps;
    struct uuid uuid;
    struct uuid followers[WORLD_MAX_NETWORKS];
    uint32_t freed;                 /* Location that it let go last. */
    struct compiler *compiler;
    struct trace_host *trace;
};

struct world_port {
    struct uuid uuid;
    size_t network;                 /* Index. */
    bool present;
    int host;                       /* Index, -1 if unbound. */
    uint32_t ofport;
};

struct world_network {
    struct uuid uuid;
    struct uuid tenant;
    uint32_t tag;
    struct uuid switches[6];
    size_t n_switches;
    size_t n_links;
};

/* A tree over the clouds that were there: 'up[i]' is the cloud (index) above
 * cloud 'i', of those before it; the first has none. */
struct world_tree {
    uint32_t number;
    bool in[WORLD_MAX_CLOUDS];
    size_t up[WORLD_MAX_CLOUDS];
};

struct world {
    uint64_t random;
    struct model *model;
    struct world_cloud clouds[WORLD_MAX_CLOUDS];
    size_t n_clouds;
    struct world_host hosts[WORLD_MAX_HOSTS];
    size_t n_hosts;
    struct world_network networks[WORLD_MAX_NETWORKS];
    size_t n_networks;
    struct world_port ports[WORLD_MAX_PORTS];
    size_t n_ports;
    enum encap edges[WORLD_MAX_CLOUDS][WORLD_MAX_CLOUDS];
    struct world_tree trees[2];     /* Current, and the one before. */
    unsigned int mtu;
    uint32_t next_row;              /* Of UUIDs. */
    struct trace_fabric *fabric;
};

/* Returns a number below 'n', or a random truth one time in 'n'. */
uint32_t world_draw(struct world *, uint32_t n);
bool world_chance(struct world *, uint32_t n);

void world_init(struct world *, uint64_t seed);
void world_destroy(struct world *);

/* Makes one random change, and returns what it was, for a person.  Before the
 * next trace comes world_compile(). */
const char *world_change(struct world *);

/* Runs the compilers, and readies rules and tunnels for traces. */
void world_compile(struct world *);

/* Returns the rules of host 'i' as text, compiled by its own compiler as of its
 * last run, or by a new one; the caller frees it. */
char *world_rules(const struct world *, size_t i);
char *world_rules_from_scratch(const struct world *, size_t i);

/* Lets a frame in at 'port', which is bound. */
struct trace *world_trace(struct world *, const struct world_port *port,
                          const void *frame, size_t size, bool steps);
void world_forget_learned(struct world *);

/* A frame that somebody who can send to a host's tunnels makes up. */
struct world_forgery {
    size_t host;                    /* Whom it is sent to. */
    ovs_be32 ip;                    /* Whose address it has. */
    enum encap encap;
    uint32_t tag, source, key;
    bool plausible;                 /* Frames from 'source' come from 'ip'. */
};
struct world_forgery world_draw_forgery(struct world *);
struct trace *world_trace_forged(struct world *,
                                 const struct world_forgery *);

/* Returns the row of 'port', NULL if it is not there. */
struct vport *world_vport(const struct world *, const struct world_port *);

/* Return addresses that tenants use. */
struct eth_addr world_mac(unsigned int n);
ovs_be32 world_ip(unsigned int n);

/* Of the parts of the world to each other: networks and ports are in world.c,
 * clouds, hosts and trees in world-cloud.c, the physical side is in
 * world-fabric.c, changes in world-change.c. */
void world_set_network_state(struct world *, const struct world_network *,
                             uint64_t sequence);
void world_add_link(struct world *, struct world_network *, size_t a,
                    size_t b);
void world_add_switch(struct world *, struct world_network *);
enum switch_mode world_draw_mode(struct world *);
uint32_t world_new_group(struct world *);
uint32_t world_draw_tag(struct world *);
size_t world_draw_host(struct world *);
void world_put_port(struct world *, struct world_port *);
void world_bind_port(struct world *, struct world_port *, size_t host);
void world_unbind_port(struct world *, struct world_port *);
ovs_be32 world_private_ip(const struct world *, size_t host);
ovs_be32 world_public_ip(const struct world *, size_t cloud);
struct uuid world_new_uuid(struct world *);
char *world_new_name(struct world *, const char *prefix);
struct in6_addr world_mapped(ovs_be32 ip);
void world_add_cloud(struct world *, size_t cloud);
void world_remove_cloud(struct world *, size_t cloud);
const char *world_alter_cloud(struct world *, size_t cloud);
void world_add_host(struct world *, size_t cloud);
void world_remove_host(struct world *, size_t host);
void world_mute_host(struct world *, size_t host, bool mute);
void world_draw_tree(struct world *);
void world_unbind_host(struct world *, size_t host);
void world_add_follower(struct world *, size_t network, size_t host);
void world_set_fabric(const struct world *, size_t host, struct compiler *);
void world_connect(struct world *);
void world_disconnect(struct world *);

#endif /* unit/world.h */
