/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "model-private.h"
#include "nethv/wire.h"
#include "packets.h"
#include "sha1.h"
#include "util.h"

struct cloud *
model_cloud_by_id(const struct model *model, uint8_t id)
{
    struct cloud *cloud;

    HMAP_FOR_EACH_WITH_HASH (cloud, id_node, hash_int(id, 0),
                             &model->clouds) {
        if (cloud->id == id) {
            return cloud;
        }
    }
    return NULL;
}

struct host *
model_host_at(const struct model *model, uint32_t location)
{
    struct cloud *cloud = model_cloud_by_id(model,
                                            nethv_location_cloud(location));
    uint16_t id = nethv_location_host(location);
    struct host *host;

    if (cloud) {
        HMAP_FOR_EACH_WITH_HASH (host, id_node, hash_int(id, 0),
                                 &cloud->host_ids) {
            if (host->id == id) {
                return host;
            }
        }
    }
    return NULL;
}

struct vport *
model_port_at(const struct model *model, uint32_t tag, uint32_t location,
              struct eth_addr *mac)
{
    const struct located *l;

    HMAP_FOR_EACH_WITH_HASH (l, node, model_hash_location(location),
                             &model->locations) {
        struct binding *binding = l->binding;
        struct vport *port = binding->port;
        bool is_mac = l->index < binding->n_macs;

        if ((is_mac ? binding->macs[l->index].location
             : binding->location) == location
            && port->binding == binding
            && port->row.present && port->network->row.present
            && tag && port->network->tag == tag) {
            *mac = is_mac ? binding->macs[l->index].address : eth_addr_zero;
            return port;
        }
    }
    return NULL;
}

const struct port_mac *
network_next_mac(const struct network *network, struct eth_addr address,
                 const struct port_mac *previous)
{
    struct hmap_node *node = previous
        ? hmap_next_with_hash(&previous->network_node)
        : hmap_first_with_hash(&network->macs, hash_mac(address, 0, 0));

    for (; node; node = hmap_next_with_hash(node)) {
        const struct port_mac *mac = CONTAINER_OF(node, struct port_mac,
                                                  network_node);
        if (eth_addr_equals(mac->address, address)) {
            return mac;
        }
    }
    return NULL;
}

const struct port_ip *
network_next_ip(const struct network *network, const struct in6_addr *address,
                const struct port_ip *previous)
{
    struct hmap_node *node = previous
        ? hmap_next_with_hash(&previous->network_node)
        : hmap_first_with_hash(&network->ips,
                               hash_bytes(address, sizeof *address, 0));

    for (; node; node = hmap_next_with_hash(node)) {
        const struct port_ip *ip = CONTAINER_OF(node, struct port_ip,
                                                network_node);
        if (ipv6_addr_equals(&ip->address, address)) {
            return ip;
        }
    }
    return NULL;
}

struct vport *
network_port_by_mac(const struct network *network, struct eth_addr address)
{
    const struct port_mac *mac = network_next_mac(network, address, NULL);

    return mac && !network_next_mac(network, address, mac) ? mac->port : NULL;
}

struct vport *
network_port_by_ip(const struct network *network,
                   const struct in6_addr *address)
{
    const struct port_ip *ip = network_next_ip(network, address, NULL);

    return ip && !network_next_ip(network, address, ip) ? ip->port : NULL;
}

unsigned int
vswitch_n_ports_at(const struct vswitch *vswitch, uint32_t location)
{
    const struct presence *presence;

    HMAP_FOR_EACH_WITH_HASH (presence, node, model_hash_location(location),
                             &vswitch->hosts) {
        if (presence->location == location) {
            return presence->n_ports;
        }
    }
    return 0;
}

uint64_t
network_confirmed(const struct network *network)
{
    return network->confirmed;
}

bool
network_is_equipped(const struct network *network)
{
    const struct vswitch *sw;

    LIST_FOR_EACH (sw, network_node, &network->switches) {
        if (!sw->group) {
            return false;
        }
    }
    return network->tag != 0;
}

bool
binding_usable(const struct binding *binding)
{
    const struct network *network = binding->port->network;

    return binding->since && network
           && binding->since <= network->confirmed;
}

const struct host *
cloud_gateway(const struct cloud *cloud)
{
    const struct host *gateway = NULL;
    const struct host *host;

    LIST_FOR_EACH (host, cloud_node, &cloud->hosts) {
        if (host->row.present && host->gateway
            && (!gateway || gateway->unreachable > host->unreachable
                || (gateway->unreachable == host->unreachable
                    && host->id < gateway->id))) {
            gateway = host;
        }
    }
    return gateway;
}

bool
hosts_are_peers(const struct host *a, const struct host *b)
{
    return a != b && a->row.present && b->row.present
           && (a->cloud->mode == CLOUD_MESH
               || (a->cloud->mode == CLOUD_TREE
                   && (a->gateway || b->gateway)));
}

bool
hosts_have_tunnel(const struct host *a, const struct host *b)
{
    return a != b && a->row.present && b->row.present && a->cloud == b->cloud
           && ipv6_addr_is_set(&a->encap_ip) && ipv6_addr_is_set(&b->encap_ip)
           && hosts_encap(a, b) != ENCAP_N
           && (a->cloud->mode != CLOUD_TREE || hosts_are_peers(a, b));
}

unsigned int
host_usable_encaps(const struct host *host)
{
    return host->encaps ? host->encaps : host->cloud->encaps;
}

enum encap
hosts_encap(const struct host *a, const struct host *b)
{
    return encap_common(host_usable_encaps(a), host_usable_encaps(b));
}

uint32_t
host_location(const struct host *host)
{
    return nethv_location(host->cloud->id, host->id, 0);
}

/* Encapsulations. */

/* 'overhead' are the bytes before the payload of the inner frame: IPv4 20, UDP
 * 8, GRE with key 8, Geneve 8 and its option 8, VXLAN 8, inner Ethernet header
 * 14. */
static const struct {
    const char *name;
    const char *carrier;
    unsigned int overhead;
} encaps[ENCAP_N] = {
    [ENCAP_GRE] = { "gre", "IP protocol 47 (GRE)", 20 + 8 + 14 },
    [ENCAP_GENEVE] = { "geneve", "UDP port 6081 (Geneve)",
                       20 + 8 + 8 + 8 + 14 },
    [ENCAP_VXLAN] = { "vxlan", "UDP port 4789 (VXLAN)", 20 + 8 + 8 + 14 },
};

enum encap
encap_common(unsigned int encaps_a, unsigned int encaps_b)
{
    unsigned int both = encaps_a & encaps_b & ENCAP_ALL;

    return both ? rightmost_1bit_idx(both) : ENCAP_N;
}

const char *
encap_name(enum encap encap)
{
    return encaps[encap].name;
}

const char *
encap_carrier(enum encap encap)
{
    return encaps[encap].carrier;
}

bool
encap_from_name(const char *name, enum encap *encap)
{
    for (size_t i = 0; i < ENCAP_N; i++) {
        if (!strcmp(encaps[i].name, name)) {
            *encap = i;
            return true;
        }
    }
    return false;
}

unsigned int
encaps_from_names(char *const names[], size_t n)
{
    unsigned int set = 0;

    for (size_t i = 0; i < n; i++) {
        enum encap encap;
        if (encap_from_name(names[i], &encap)) {
            set |= 1u << encap;
        }
    }
    return set;
}

size_t
encaps_to_names(unsigned int encaps, const char *names[ENCAP_N])
{
    size_t n = 0;

    for (enum encap encap = 0; encap < ENCAP_N; encap++) {
        if (encaps & (1u << encap)) {
            names[n++] = encap_name(encap);
        }
    }
    return n;
}

/* Two VLAN tags and the header of a whole frame: NSH with its 4-byte TLV and
 * the outer Ethernet header. */
#define INNER_OVERHEAD (2 * 4 + 8 + 8 + 14)

/* Returns the overhead of the widest encapsulation that 'cloud' uses with any
 * cloud of 'model', itself included. */
static unsigned int
cloud_overhead(const struct model *model, const struct cloud *cloud)
{
    unsigned int widest = 0;
    struct model_row *row;

    MODEL_FOR_EACH (row, MODEL_CLOUD, model) {
        const struct cloud *other = CONTAINER_OF(row, struct cloud, row);
        enum encap encap = encap_common(cloud->encaps, other->encaps);

        if (encap < ENCAP_N) {
            widest = MAX(widest, encaps[encap].overhead);
        }
    }
    return widest;
}

unsigned int
model_endpoint_mtu(const struct model *model)
{
    unsigned int least = 0;
    struct model_row *row;

    MODEL_FOR_EACH (row, MODEL_CLOUD, model) {
        const struct cloud *cloud = CONTAINER_OF(row, struct cloud, row);
        unsigned int overhead = cloud_overhead(model, cloud) + INNER_OVERHEAD;

        if (cloud->mtu > overhead) {
            unsigned int mtu = cloud->mtu - overhead;
            least = least ? MIN(least, mtu) : mtu;
        }
    }
    return least;
}

struct uuid
model_uuid_from_name(enum model_kind kind, const char *name)
{
    /* A name-based UUID after RFC 4122, section 4.3, with the kind's name in
     * the place of a name space. */
    char *text = xasprintf("nethv:%s:%s", model_kind_name(kind), name);
    uint8_t digest[SHA1_DIGEST_SIZE];
    struct uuid uuid;

    sha1_bytes(text, strlen(text), digest);
    free(text);
    for (size_t i = 0; i < ARRAY_SIZE(uuid.parts); i++) {
        ovs_be32 part;

        memcpy(&part, digest + i * sizeof part, sizeof part);
        uuid.parts[i] = ntohl(part);
    }
    uuid.parts[1] = (uuid.parts[1] & ~0xf000u) | 0x5000;
    uuid.parts[2] = (uuid.parts[2] & ~0xc0000000u) | 0x80000000;
    return uuid;
}
