/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "ovs/vswitch-private.h"
#include "packets.h"
#include "util.h"

const struct ovsrec_open_vswitch *
vswitch_row(const struct vswitch_db *db)
{
    return ovsrec_open_vswitch_first(db->idl);
}

const struct ovsrec_bridge *
vswitch_bridge_row(const struct vswitch_db *db, const char *name)
{
    const struct ovsrec_bridge *br;

    OVSREC_BRIDGE_FOR_EACH (br, db->idl) {
        if (!strcmp(br->name, name)) {
            return br;
        }
    }
    return NULL;
}

static const struct ovsrec_interface *
iface_row(const struct vswitch_db *db, const char *name)
{
    const struct ovsrec_interface *iface;

    OVSREC_INTERFACE_FOR_EACH (iface, db->idl) {
        if (!strcmp(iface->name, name)) {
            return iface;
        }
    }
    return NULL;
}

/* Returns the address in 's', unspecified if there is none. */
static struct in6_addr
parse_address(const char *s)
{
    struct in6_addr ip6;
    ovs_be32 ip4;

    if (s && ip_parse(s, &ip4)) {
        return in6_addr_mapped_ipv4(ip4);
    }
    return s && ipv6_parse(s, &ip6) ? ip6 : in6addr_any;
}

static void
config_clear(struct vswitch_config *c)
{
    free(c->remote);
    free(c->database);
    free(c->cloud);
    free(c->host);
    free(c->datapath);
    free(c->uplink);
}

static void
read_config(struct vswitch_db *db)
{
    const struct smap *ids = &vswitch_row(db)->external_ids;

    config_clear(&db->config);
    db->config = (struct vswitch_config) {
        .remote = nullable_xstrdup(smap_get(ids, "nethv-remote")),
        .database = nullable_xstrdup(smap_get(ids, "nethv-database")),
        .cloud = nullable_xstrdup(smap_get(ids, "nethv-cloud")),
        .host = nullable_xstrdup(smap_get(ids, "nethv-host")),
        .cloud_id = smap_get_uint(ids, "nethv-cloud-id", 0),
        .host_id = smap_get_uint(ids, "nethv-host-id", 0),
        .encap_ip = parse_address(smap_get(ids, "nethv-encap-ip")),
        .public_ip = parse_address(smap_get(ids, "nethv-public-ip")),
        .datapath = nullable_xstrdup(smap_get(ids, "nethv-datapath")),
        .uplink = nullable_xstrdup(smap_get(ids, "nethv-uplink")),
    };
}

const struct vswitch_config *
vswitch_config(const struct vswitch_db *db)
{
    return &db->config;
}

static char *
number_problem(const struct smap *ids, const char *key, unsigned int max)
{
    const char *s = smap_get(ids, key);
    unsigned int value;

    if (s && (!str_to_uint(s, 10, &value) || !value || value > max)) {
        return xasprintf("external_ids:%s of the Open_vSwitch table is "
                         "\"%s\", not a number from 1 to %u", key, s, max);
    }
    return NULL;
}

static char *
address_problem(const struct smap *ids, const char *key)
{
    const char *s = smap_get(ids, key);
    struct in6_addr ip = parse_address(s);

    if (s && !ipv6_addr_is_set(&ip)) {
        return xasprintf("external_ids:%s of the Open_vSwitch table is "
                         "\"%s\", not an IP address", key, s);
    }
    return NULL;
}

static char *
datapath_problem(const struct smap *ids)
{
    const char *s = smap_get(ids, "nethv-datapath");

    if (s && strcmp(s, "system") && strcmp(s, "netdev")) {
        return xasprintf("external_ids:nethv-datapath of the Open_vSwitch "
                         "table is \"%s\", neither \"system\" nor \"netdev\"",
                         s);
    }
    return NULL;
}

char *
vswitch_config_problem(const struct vswitch_db *db)
{
    static const char *const needed[] = {
        "nethv-remote", "nethv-cloud", "nethv-cloud-id", "nethv-host",
        "nethv-host-id", "nethv-encap-ip", "nethv-datapath",
    };
    char *problem;

    if (!vswitch_is_connected(db)) {
        return xasprintf("the Open vSwitch database at %s does not answer",
                         db->remote);
    }

    const struct smap *ids = &vswitch_row(db)->external_ids;
    for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
        if (!smap_get(ids, needed[i])) {
            return xasprintf("external_ids:%s is not set in the Open_vSwitch "
                             "table: \"nethv-agent join TOKEN\" sets it",
                             needed[i]);
        }
    }
    problem = number_problem(ids, "nethv-cloud-id", 254);
    problem = problem ? problem : number_problem(ids, "nethv-host-id", 4095);
    problem = problem ? problem : address_problem(ids, "nethv-encap-ip");
    problem = problem ? problem : address_problem(ids, "nethv-public-ip");
    return problem ? problem : datapath_problem(ids);
}

static void
iface_destroy(struct vswitch_iface *iface)
{
    free(iface->name);
    free(iface->type);
    free(iface->iface_id);
    free(iface->error);
    free(iface);
}

static void
clear_ifaces(struct vswitch_db *db)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &db->ifaces) {
        iface_destroy(node->data);
        shash_delete(&db->ifaces, node);
    }
}

static struct vswitch_iface *
iface_read(const struct ovsrec_interface *row)
{
    struct vswitch_iface *iface = xzalloc(sizeof *iface);
    int64_t ofport = row->n_ofport ? *row->ofport : 0;

    iface->name = xstrdup(row->name);
    iface->type = xstrdup(row->type);
    iface->iface_id = nullable_xstrdup(smap_get(&row->external_ids,
                                                "iface-id"));
    iface->error = nullable_xstrdup(row->error);
    iface->ofport = ofport > 0 ? ofport : 0;
    iface->bfd_up = !strcmp(smap_get_def(&row->bfd_status, "state", ""), "up");
    return iface;
}

static void
read_ifaces(struct vswitch_db *db)
{
    const struct ovsrec_bridge *br = vswitch_bridge_row(db, VSWITCH_BRIDGE);

    clear_ifaces(db);
    for (size_t i = 0; br && i < br->n_ports; i++) {
        const struct ovsrec_port *port = br->ports[i];

        for (size_t j = 0; j < port->n_interfaces; j++) {
            const struct ovsrec_interface *row = port->interfaces[j];

            shash_add_once(&db->ifaces, row->name, iface_read(row));
        }
    }
}

void
vswitch_read(struct vswitch_db *db)
{
    read_config(db);
    read_ifaces(db);
}

void
vswitch_report_destroy(struct vswitch_db *db)
{
    config_clear(&db->config);
    clear_ifaces(db);
    shash_destroy(&db->ifaces);
}

const struct shash *
vswitch_ifaces(const struct vswitch_db *db)
{
    return &db->ifaces;
}

const struct vswitch_iface *
vswitch_iface(const struct vswitch_db *db, const char *name)
{
    return shash_find_data(&db->ifaces, name);
}

void
vswitch_get_counters(const struct vswitch_db *db, const char *name,
                     struct vswitch_counters *c)
{
    const struct ovsrec_interface *row = iface_row(db, name);
    const struct {
        const char *name;
        uint64_t *value;
    } map[] = {
        { "rx_packets", &c->rx_packets }, { "tx_packets", &c->tx_packets },
        { "rx_bytes", &c->rx_bytes },     { "tx_bytes", &c->tx_bytes },
        { "tx_dropped", &c->tx_dropped },
    };

    memset(c, 0, sizeof *c);
    for (size_t i = 0; row && i < row->n_statistics; i++) {
        for (size_t j = 0; j < ARRAY_SIZE(map); j++) {
            if (!strcmp(row->key_statistics[i], map[j].name)) {
                *map[j].value = MAX(row->value_statistics[i], 0);
            }
        }
    }
}

const char *
vswitch_find_iface(const struct vswitch_db *db, const char *key,
                   const char *value)
{
    const struct ovsrec_interface *iface;

    OVSREC_INTERFACE_FOR_EACH (iface, db->idl) {
        if (!strcmp(smap_get_def(&iface->external_ids, key, ""), value)) {
            return iface->name;
        }
    }
    return NULL;
}

const char *
vswitch_iface_id(const struct vswitch_db *db, const char *name,
                 const char *key)
{
    const struct ovsrec_interface *row = iface_row(db, name);
    return row ? smap_get(&row->external_ids, key) : NULL;
}

const char *
vswitch_port_bridge(const struct vswitch_db *db, const char *name)
{
    const struct ovsrec_bridge *br;

    OVSREC_BRIDGE_FOR_EACH (br, db->idl) {
        for (size_t i = 0; i < br->n_ports; i++) {
            if (!strcmp(br->ports[i]->name, name)) {
                return br->name;
            }
        }
    }
    return NULL;
}
