/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MODEL_H
#define MODEL_H 1

/* The model: what tenants ask for and what the system knows, as one graph.
 *
 * Rows (tenants, networks, switches, ports, links, bindings, followers, clouds,
 * hosts, cloud links) are put and removed one at a time, in any order, by
 * UUID; a document or the database is the usual source.  Between rows there
 * are pointers, never names.  A row may be referred to before it has been put:
 * until then it stands with 'present' false, so that pointers are always
 * valid, and is freed once it is neither present nor referred to.
 *
 * Putting a row that is already there replaces its contents; if nothing
 * differs nothing happens.  Observers are told of every change, once with the
 * row's old contents in place and once with the new.  What follows for other
 * rows (a binding's port has it, a switch is on its host) follows at once, and
 * is announced only by the row that was put or removed.
 *
 * The model depends only on which rows it has, not on the order in which they
 * came: lists and indexes below are in no order, MACs and IPs of a port and
 * MACs of a binding are sorted and without duplicates (of an IP with several
 * prefix lengths the longest counts, of a MAC with several numbers the lowest).
 *
 * Pure: no input or output, no clock.  Not thread-safe; several models may be
 * used by several threads. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "openvswitch/types.h"
#include "openvswitch/uuid.h"

struct addressing;

enum model_kind {
    MODEL_TENANT,
    MODEL_NETWORK,
    MODEL_SWITCH,
    MODEL_PORT,
    MODEL_LINK,
    MODEL_BINDING,
    MODEL_FOLLOWER,
    MODEL_CLOUD,
    MODEL_HOST,
    MODEL_CLOUD_LINK,
    MODEL_N_KINDS
};

/* What every row begins with. */
struct model_row {
    struct hmap_node uuid_node;     /* In model->rows[kind]. */
    struct hmap_node name_node;     /* In model->names[kind], if 'name'. */
    struct uuid uuid;
    enum model_kind kind;
    bool present;
    unsigned int n_refs;            /* Pointers from other rows. */
    char *name;                     /* Path ("acme/shop/s1/web"), or NULL. */
};

struct tenant {
    struct model_row row;
    uint32_t tag;                   /* 0 while none is allocated. */
    struct ovs_list networks;       /* struct network by 'tenant_node'. */
};

struct network {
    struct model_row row;
    struct tenant *tenant;
    struct ovs_list tenant_node;
    uint32_t tag;                   /* The tenant's, 0 if unknown. */
    uint32_t number;                /* 0 if unknown. */
    uint64_t intent;                /* Sequence of what the tenant wants. */
    uint64_t sequence;              /* Of the bindings. */
    struct ovs_list switches;       /* struct vswitch by 'network_node'. */
    struct ovs_list links;          /* struct vlink by 'network_node'. */
    struct ovs_list followers;      /* struct follower by 'network_node'. */
    uint64_t confirmed;             /* Least sequence of the followers. */
    struct hmap macs;               /* struct port_mac by 'network_node'. */
    struct hmap ips;                /* struct port_ip by 'network_node'. */
    struct topology *topology;      /* Cache; see topology.h. */
};

enum switch_mode { SWITCH_LEARNING, SWITCH_OPENFLOW };

/* A virtual switch. */
struct vswitch {
    struct model_row row;
    struct network *network;
    struct ovs_list network_node;
    enum switch_mode mode;
    struct addressing *dhcp;        /* NULL if it is not answered. */
    struct addressing *ra;
    uint32_t group;                 /* Flood group, 0 while none. */
    struct ovs_list ports;          /* struct vport by 'switch_node'. */
    struct ovs_list ends;           /* struct vlink_end by 'switch_node'. */
    struct hmap hosts;              /* struct presence: hosts of its ports. */
};

/* How many ports of a switch are bound on a host. */
struct presence {
    struct hmap_node node;          /* In vswitch->hosts by 'location'. */
    uint32_t location;              /* Of the host, number 0. */
    unsigned int n_ports;
};

/* A MAC address of a port, and its number on the host that has the port. */
struct port_mac {
    struct hmap_node network_node;  /* In network->macs by 'address'. */
    struct vport *port;
    struct eth_addr address;
    uint32_t location;              /* 0 while it has no number. */
};

/* An IP address of a port; IPv4 is held as an IPv4-mapped address. */
struct port_ip {
    struct hmap_node network_node;  /* In network->ips by 'address'. */
    struct vport *port;
    struct in6_addr address;
    uint8_t plen;                   /* Prefix length in the address's family. */
};

/* A virtual port. */
struct vport {
    struct model_row row;
    struct network *network;
    struct vswitch *vswitch;
    struct ovs_list switch_node;
    struct port_mac *macs;
    size_t n_macs;
    struct port_ip *ips;
    size_t n_ips;
    bool security;                  /* Only own MACs and IPs may be sent. */
    bool sharing;                   /* Others may have the same addresses. */
    struct ovs_list bindings;       /* struct binding by 'port_node'. */
    struct binding *binding;        /* The one that counts (the database
                                     * has one per port; if several are here
                                     * for a while: that with the lowest
                                     * UUID), NULL if unbound. */
};

struct vlink_end {
    struct vswitch *vswitch;
    struct ovs_list switch_node;    /* In vswitch->ends. */
    struct vlink *link;
};

/* A virtual link between two switches, 'ends[0]' and 'ends[1]'. */
struct vlink {
    struct model_row row;
    struct network *network;
    struct ovs_list network_node;
    struct vlink_end ends[2];
    uint64_t bandwidth;             /* Bits per second, 0 for no limit. */
};

/* A MAC of a binding: the number that stands for it. */
struct binding_mac {
    struct eth_addr address;
    uint32_t location;
};

/* A virtual port on a host. */
struct binding {
    struct model_row row;
    struct vport *port;
    struct ovs_list port_node;
    uint32_t location;              /* Of the port itself. */
    struct binding_mac *macs;
    size_t n_macs;
    uint64_t since;                 /* Network sequence, 0 if unknown. */
    struct located *located;        /* 'n_macs' + 1 entries of the index of
                                     * locations; see model_port_at(). */
};

/* A host that has the rules of a network, up to 'sequence'. */
struct follower {
    struct model_row row;
    struct network *network;
    struct ovs_list network_node;
    uint32_t location;              /* Of the host. */
    uint64_t intent;
    uint64_t sequence;
};

/* Encapsulations, in the order in which a pair of hosts prefers them. */
enum encap { ENCAP_GRE, ENCAP_GENEVE, ENCAP_VXLAN, ENCAP_N };
#define ENCAP_ALL ((1u << ENCAP_N) - 1)

/* How the hosts of a cloud reach each other. */
enum cloud_mode { CLOUD_DIRECT, CLOUD_TREE, CLOUD_MESH };

struct cloud {
    struct model_row row;
    struct hmap_node id_node;       /* In model->clouds. */
    uint8_t id;                     /* 1 to 254. */
    char *provider;
    char *jurisdiction;
    uint16_t mtu;                   /* Of its physical network, bytes. */
    unsigned int encaps;            /* Bits 1 << enum encap that pass it. */
    enum cloud_mode mode;
    struct in6_addr *public_ips;    /* That its gateways have or may take. */
    size_t n_public_ips;
    struct ovs_list hosts;          /* struct host by 'cloud_node'. */
    struct hmap host_ids;           /* struct host by 'id_node'. */
    struct ovs_list ends;           /* struct cloud_link_end. */
};

struct host {
    struct model_row row;
    struct cloud *cloud;
    struct ovs_list cloud_node;
    struct hmap_node id_node;       /* In cloud->host_ids. */
    uint16_t id;                    /* 1 to 4095 in its cloud. */
    bool gateway;
    struct in6_addr encap_ip;       /* Unspecified if not known yet. */
    struct in6_addr public_ip;      /* Gateways only. */
    char *public_key;               /* See ovs/signature.h; NULL if unknown. */
    unsigned int encaps;
    bool unreachable;               /* As the caller has found out itself. */
};

struct cloud_link_end {
    struct cloud *cloud;
    struct ovs_list cloud_node;
    struct cloud_link *link;
};

/* A candidate for an edge of the tree. */
struct cloud_link {
    struct model_row row;
    struct cloud_link_end ends[2];
    double cost;                    /* Operator's, NAN if none. */
    double rtt;                     /* Milliseconds, NAN if not measured. */
};

struct model;

/* Told of every change of 'model'.  'before' is called while 'row' has its old
 * contents (if row->present), 'after' when it has the new ones (if still
 * row->present).  A change of what the system gave to a row that is not
 * present is told as well.  Neither may change the model. */
struct model_observer {
    struct ovs_list node;
    void (*before)(struct model_observer *, const struct model_row *row);
    void (*after)(struct model_observer *, const struct model_row *row);
};

struct model *model_create(void);
void model_destroy(struct model *);

void model_observe(struct model *, struct model_observer *);
void model_unobserve(struct model *, struct model_observer *);

/* What is put.  Pointers are borrowed for the call; 'uuid's of other rows refer
 * to them, whether they are present or not. */
struct network_spec {
    const char *name;
    struct uuid tenant;
    uint64_t intent;
};
struct network_state {
    uint32_t tag;
    uint32_t number;
    uint64_t sequence;
};
struct switch_spec {
    const char *name;
    struct uuid network;
    enum switch_mode mode;
    const struct addressing *dhcp, *ra; /* NULL for none. */
};
struct port_spec {
    const char *name;
    struct uuid network;
    struct uuid vswitch;
    const struct eth_addr *macs;
    size_t n_macs;
    const struct in6_addr *ips;
    const uint8_t *plens;
    size_t n_ips;
    bool security;
    bool sharing;
};
struct link_spec {
    const char *name;
    struct uuid network;
    struct uuid a, b;
    uint64_t bandwidth;
};
struct binding_spec {
    struct uuid port;
    uint32_t location;
    const struct binding_mac *macs;
    size_t n_macs;
    uint64_t since;                 /* 0: the network's when it comes, and
                                     * again when its numbers change. */
};
struct follower_spec {
    struct uuid network;
    uint32_t location;
    uint64_t intent;
    uint64_t sequence;
};
struct cloud_spec {
    const char *name;
    uint8_t id;
    const char *provider;
    const char *jurisdiction;
    uint16_t mtu;
    unsigned int encaps;
    enum cloud_mode mode;
    const struct in6_addr *public_ips;
    size_t n_public_ips;
};
struct host_spec {
    const char *name;
    struct uuid cloud;
    uint16_t id;
    bool gateway;
    struct in6_addr public_ip;
    const char *public_key;         /* NULL if unknown. */
};
struct host_state {
    struct in6_addr encap_ip;
    unsigned int encaps;
};
struct cloud_link_spec {
    struct uuid a, b;
    double cost;
    double rtt;
};

void model_put_tenant(struct model *, const struct uuid *, const char *name);
void model_put_network(struct model *, const struct uuid *,
                       const struct network_spec *);
void model_put_switch(struct model *, const struct uuid *,
                      const struct switch_spec *);
void model_put_port(struct model *, const struct uuid *,
                    const struct port_spec *);
void model_put_link(struct model *, const struct uuid *,
                    const struct link_spec *);
void model_put_binding(struct model *, const struct uuid *,
                       const struct binding_spec *);
void model_put_follower(struct model *, const struct uuid *,
                        const struct follower_spec *);
void model_put_cloud(struct model *, const struct uuid *,
                     const struct cloud_spec *);
void model_put_host(struct model *, const struct uuid *,
                    const struct host_spec *);
void model_put_cloud_link(struct model *, const struct uuid *,
                          const struct cloud_link_spec *);

/* What the system gave to a row; kept apart from what users wrote, and may come
 * before it.  A zero state takes it away. */
void model_set_tenant_tag(struct model *, const struct uuid *, uint32_t tag);
void model_set_network_state(struct model *, const struct uuid *,
                             const struct network_state *);
void model_set_switch_group(struct model *, const struct uuid *,
                            uint32_t group);
void model_set_host_state(struct model *, const struct uuid *,
                          const struct host_state *);

/* Says whether the host 'uuid', which is present, cannot be reached from where
 * this model is: a fact that no database has, and that is lost when the row is
 * put anew. */
void model_set_unreachable(struct model *, const struct uuid *, bool);

/* Removes the row of 'kind' with 'uuid', if there is one. */
void model_remove(struct model *, enum model_kind, const struct uuid *);

/* Return the row of 'kind' that is present and has 'uuid' or 'name', or NULL.
 * Names are unique within a kind (and clouds, hosts, tenants by design). */
struct model_row *model_find(const struct model *, enum model_kind,
                             const struct uuid *);
struct model_row *model_find_name(const struct model *, enum model_kind,
                                  const char *name);

/* Iteration over the present rows of a kind, in no order. */
struct model_row *model_first(const struct model *, enum model_kind);
struct model_row *model_next(const struct model *, const struct model_row *);
#define MODEL_FOR_EACH(ROW, KIND, MODEL)                                      \
    for ((ROW) = model_first(MODEL, KIND); (ROW);                             \
         (ROW) = model_next(MODEL, ROW))

/* Returns all present rows of 'kind' sorted by name (or by UUID, where a kind
 * has no names), '*n' of them, in an array that the caller frees. */
struct model_row **model_sorted(const struct model *, enum model_kind,
                                size_t *n);

/* Return the cloud with 'id', or the host at 'location' (whatever its number),
 * or NULL if none is present. */
struct cloud *model_cloud_by_id(const struct model *, uint8_t id);
struct host *model_host_at(const struct model *, uint32_t location);

/* Returns the port that the number in 'location' stands for in frames tagged
 * 'tag', or NULL if none.  Sets '*mac' to the MAC that the number stands for,
 * all-zeros if it stands for the port itself. */
struct vport *model_port_at(const struct model *, uint32_t tag,
                            uint32_t location, struct eth_addr *mac);

/* Return the one port of 'network' that owns 'address', or NULL if none or more
 * than one do (a shared address is not a known one). */
struct vport *network_port_by_mac(const struct network *, struct eth_addr);
struct vport *network_port_by_ip(const struct network *,
                                 const struct in6_addr *);

/* Iterate over all owners of an address: return the one after 'previous', or
 * with NULL the first; NULL at the end. */
const struct port_mac *network_next_mac(const struct network *,
                                        struct eth_addr,
                                        const struct port_mac *previous);
const struct port_ip *network_next_ip(const struct network *,
                                      const struct in6_addr *,
                                      const struct port_ip *previous);

/* Returns how many ports of the switch are bound on the host at 'location'. */
unsigned int vswitch_n_ports_at(const struct vswitch *, uint32_t location);

/* Returns the sequence that all followers of 'network' have confirmed, 0 if it
 * has none: every host with a port of it follows it, so none only means that
 * they are not known yet. */
uint64_t network_confirmed(const struct network *);

/* Returns whether the network and its switches have been given all that they
 * need. */
bool network_is_equipped(const struct network *);

/* Returns whether the numbers of 'binding' may be used on the wire: every host
 * that follows the network has confirmed them. */
bool binding_usable(const struct binding *);

/* Returns the gateway that serves 'cloud', or NULL if it has none: the one with
 * the lowest id of those that are not unreachable, or if all are of all. */
const struct host *cloud_gateway(const struct cloud *);

/* Returns whether 'a' and 'b' of one cloud have a tunnel for each other alone:
 * in mode mesh all hosts, in mode tree hosts and gateways. */
bool hosts_are_peers(const struct host *a, const struct host *b);

/* Returns whether 'a' and 'b' of one cloud send to each other through a tunnel,
 * rather than by way of a gateway. */
bool hosts_have_tunnel(const struct host *a, const struct host *b);

/* Returns the encapsulations that 'host' has said it passes, or if it has not
 * said yet those of its cloud. */
unsigned int host_usable_encaps(const struct host *);

/* Returns the encapsulation between hosts 'a' and 'b', ENCAP_N if none. */
enum encap hosts_encap(const struct host *a, const struct host *b);

/* Returns the location of 'host' (number 0). */
uint32_t host_location(const struct host *);

/* Returns the encapsulation that both sets pass, ENCAP_N if none. */
enum encap encap_common(unsigned int encaps_a, unsigned int encaps_b);
const char *encap_name(enum encap);
bool encap_from_name(const char *, enum encap *);

/* Returns the set of the encapsulations called 'names', without those that are
 * not known. */
unsigned int encaps_from_names(char *const names[], size_t n);

/* Stores what the members of 'encaps' are called in 'names', and returns how
 * many there are. */
size_t encaps_to_names(unsigned int encaps, const char *names[ENCAP_N]);

/* Returns what a firewall must let in for 'encap', as in "UDP port 4789
 * (VXLAN)". */
const char *encap_carrier(enum encap);

/* Returns the MTU that endpoints get: the smallest over all clouds of 'model'
 * that leaves room for the widest encapsulation in use, two VLAN tags and the
 * header of a whole frame; 0 if no cloud is known.  In use is what a cloud and
 * it or another one prefer of what both pass: every host knows all clouds, so
 * all come to the same MTU. */
unsigned int model_endpoint_mtu(const struct model *);

/* Returns a UUID made from 'kind' and 'name', the same each time: for models
 * that come from documents and have no database behind them. */
struct uuid model_uuid_from_name(enum model_kind, const char *name);

const char *model_kind_name(enum model_kind);

#endif /* model.h */
