/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "cli/openings.h"

#include <netinet/in.h>
#include <string.h>

#include "model.h"
#include "nethv-idl.h"
#include "ovs/inventory.h"
#include "util.h"

/* How an encapsulation travels. */
static const struct carrier {
    int protocol;
    int port;
} carriers[ENCAP_N] = {
    [ENCAP_GRE] = { IPPROTO_GRE, 0 },
    [ENCAP_GENEVE] = { IPPROTO_UDP, 6081 },
    [ENCAP_VXLAN] = { IPPROTO_UDP, 4789 },
};

const char *
openings_protocol_name(int protocol)
{
    return (protocol == IPPROTO_TCP ? "tcp"
            : protocol == IPPROTO_UDP ? "udp" : "gre");
}

static unsigned int
encaps_of(const struct nethvrec_cloud *cloud)
{
    return encaps_from_names(cloud->encaps, cloud->n_encaps);
}

/* Adds to 'ips' the private addresses of the hosts of 'cloud', or of its
 * gateways only. */
static void
add_private(struct ovsdb_idl *idl, const struct nethvrec_cloud *cloud,
            bool gateways, struct svec *ips)
{
    const struct nethvrec_host *host;
    NETHVREC_HOST_FOR_EACH (host, idl) {
        const char *ip = inventory_encap_ip(idl, host);
        if (host->cloud == cloud && (host->gateway || !gateways) && ip) {
            svec_add(ips, ip);
        }
    }
}

static void
add_public(const struct nethvrec_cloud *cloud, struct svec *ips)
{
    for (size_t i = 0; i < cloud->n_public_ips; i++) {
        svec_add(ips, cloud->public_ips[i]);
    }
}

/* Returns the host with the database if it is in 'cloud'. */
static const struct nethvrec_host *
database_in(struct ovsdb_idl *idl, const struct nethvrec_cloud *cloud)
{
    const char *name = inventory_option(idl, INVENTORY_DATABASE_HOST);
    const struct nethvrec_host *host = name ? inventory_host(idl, name) : NULL;
    return host && host->cloud == cloud ? host : NULL;
}

static struct opening *
add(struct openings *openings, enum opening_to to, int protocol, int port,
    const char *why)
{
    if (openings->n >= openings->allocated) {
        openings->all = x2nrealloc(openings->all, &openings->allocated,
                                   sizeof *openings->all);
    }
    struct opening *o = &openings->all[openings->n++];
    *o = (struct opening) { .to = to, .protocol = protocol, .port = port,
                            .why = why };
    svec_init(&o->to_ips);
    svec_init(&o->from);
    return o;
}

/* Fills in to whom 'o' leads. */
static void
set_to(struct ovsdb_idl *idl, const struct nethvrec_cloud *cloud,
       struct opening *o)
{
    const struct nethvrec_host *database = database_in(idl, cloud);
    if (o->to == OPENING_DATABASE) {
        const char *ip = inventory_encap_ip(idl, database);
        if (ip) {
            svec_add(&o->to_ips, ip);
        }
    } else {
        add_private(idl, cloud, o->to == OPENING_GATEWAYS, &o->to_ips);
    }
    svec_sort_unique(&o->to_ips);
    svec_sort_unique(&o->from);
}

/* Tunnels from the other clouds: one opening for each encapsulation that is
 * some pair's. */
static void
find_tunnels(struct ovsdb_idl *idl, const struct nethvrec_cloud *cloud,
             struct openings *openings)
{
    for (enum encap encap = 0; encap < ENCAP_N; encap++) {
        const struct nethvrec_cloud *other;
        struct opening *o = NULL;
        NETHVREC_CLOUD_FOR_EACH (other, idl) {
            if (other == cloud || !other->n_public_ips
                || encap_common(encaps_of(cloud), encaps_of(other)) != encap) {
                continue;
            }
            if (!o) {
                o = add(openings, OPENING_GATEWAYS, carriers[encap].protocol,
                        carriers[encap].port,
                        "tunnels from other clouds' gateways");
            }
            add_public(other, &o->from);
        }
    }
}

/* Lets other clouds' gateways in at a port of some of this one's. */
static void
find_service(struct ovsdb_idl *idl, const struct nethvrec_cloud *cloud,
             enum opening_to to, int port, const char *why,
             struct openings *openings)
{
    const struct nethvrec_cloud *other;
    struct opening *o = NULL;

    NETHVREC_CLOUD_FOR_EACH (other, idl) {
        if (other != cloud && other->n_public_ips) {
            o = o ? o : add(openings, to, IPPROTO_TCP, port, why);
            add_public(other, &o->from);
        }
    }
}

/* What the gateways of other clouds need: each gateway may get the database. */
static void
find_database(struct ovsdb_idl *idl, const struct nethvrec_cloud *cloud,
              struct openings *openings)
{
    find_service(idl, cloud, OPENING_GATEWAYS, INVENTORY_DB_PORT,
                 "the database, for other clouds' gateways", openings);
    if (database_in(idl, cloud)) {
        find_service(idl, cloud, OPENING_DATABASE, INVENTORY_ENROL_PORT,
                     "joining, for other clouds' gateways", openings);
    }
}

static void
add_inside(struct ovsdb_idl *idl, const struct nethvrec_cloud *cloud,
           const char *prefix, struct opening *o)
{
    o->inside = true;
    if (prefix) {
        svec_add(&o->from, prefix);
    } else {
        add_private(idl, cloud, false, &o->from);
    }
}

static void
find_inside(struct ovsdb_idl *idl, const struct nethvrec_cloud *cloud,
            const char *prefix, struct openings *openings)
{
    enum encap encap = encap_common(encaps_of(cloud), encaps_of(cloud));

    if (encap != ENCAP_N) {
        add_inside(idl, cloud, prefix,
                   add(openings, OPENING_HOSTS, carriers[encap].protocol,
                       carriers[encap].port, "tunnels between hosts"));
    }
    add_inside(idl, cloud, prefix,
               add(openings, OPENING_GATEWAYS, IPPROTO_TCP,
                   INVENTORY_RELAY_PORT, "the relay, for the cloud's agents"));
    add_inside(idl, cloud, prefix,
               add(openings, OPENING_GATEWAYS, IPPROTO_TCP,
                   INVENTORY_ENROL_PORT, "joining"));
    if (cloud->n_public_ips > 1) {
        add_inside(idl, cloud, prefix,
                   add(openings, OPENING_GATEWAYS, IPPROTO_TCP,
                       INVENTORY_DB_PORT,
                       "the database, for the cloud's other gateways"));
    }
}

void
openings_find(struct ovsdb_idl *idl, const struct nethvrec_cloud *cloud,
              const char *prefix, struct openings *openings)
{
    find_tunnels(idl, cloud, openings);
    find_database(idl, cloud, openings);
    find_inside(idl, cloud, prefix, openings);
    for (size_t i = 0; i < openings->n; i++) {
        set_to(idl, cloud, &openings->all[i]);
    }
}

void
openings_destroy(struct openings *openings)
{
    for (size_t i = 0; i < openings->n; i++) {
        svec_destroy(&openings->all[i].to_ips);
        svec_destroy(&openings->all[i].from);
    }
    free(openings->all);
}
