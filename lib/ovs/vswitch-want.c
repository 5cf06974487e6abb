/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "ovs/vswitch-private.h"
#include "packets.h"
#include "sset.h"
#include "util.h"

/* Ports and bridges of ours carry external_ids:nethv with one of these. */
#define MARK "nethv"
#define MARK_TUNNEL "tunnel"
#define MARK_BRIDGE "bridge"

static struct vswitch_op *
op_create(struct vswitch_db *db, vswitch_op_func *apply, const char *name)
{
    struct vswitch_op *op = xzalloc(sizeof *op);

    op->apply = apply;
    op->name = xstrdup(name);
    smap_init(&op->external_ids);
    ovs_list_push_back(&db->ops, &op->node);
    vswitch_asked(db);
    return op;
}

static void
op_destroy(struct vswitch_op *op)
{
    free(op->bridge);
    free(op->name);
    free(op->type);
    free(op->value);
    smap_destroy(&op->external_ids);
    free(op);
}

void
vswitch_pop_ops(struct vswitch_db *db, size_t n)
{
    while (n-- && !ovs_list_is_empty(&db->ops)) {
        op_destroy(CONTAINER_OF(ovs_list_pop_front(&db->ops),
                                struct vswitch_op, node));
    }
}

/* Sets KEY in COLUMN of ROW, a row of TABLE, unless it is so already. */
#define SET_KEY(ROW, TABLE, COLUMN, KEY, VALUE)                               \
    do {                                                                      \
        const char *v__ = smap_get(&(ROW)->COLUMN, KEY);                      \
        if (!v__ || strcmp(v__, VALUE)) {                                     \
            ovsrec_##TABLE##_update_##COLUMN##_setkey(ROW, KEY, VALUE);       \
        }                                                                     \
    } while (0)

static char *
apply_external_id(struct vswitch_db *db, const struct vswitch_op *op)
{
    const struct ovsrec_open_vswitch *ovs = vswitch_row(db);

    if (op->value) {
        SET_KEY(ovs, open_vswitch, external_ids, op->name, op->value);
    } else if (smap_get(&ovs->external_ids, op->name)) {
        ovsrec_open_vswitch_update_external_ids_delkey(ovs, op->name);
    }
    return NULL;
}

void
vswitch_set_external_id(struct vswitch_db *db, const char *key,
                        const char *value)
{
    struct vswitch_op *op = op_create(db, apply_external_id, key);
    op->value = nullable_xstrdup(value);
}

/* Inserts a port with one interface of 'type' into 'br'. */
static const struct ovsrec_interface *
insert_port(struct vswitch_db *db, const struct ovsrec_bridge *br,
            const char *name, const char *type, const char *mark)
{
    struct ovsrec_interface *iface = ovsrec_interface_insert(db->txn);
    struct ovsrec_port *port = ovsrec_port_insert(db->txn);

    ovsrec_interface_set_name(iface, name);
    ovsrec_interface_set_type(iface, type);
    ovsrec_port_set_name(port, name);
    ovsrec_port_set_interfaces(port, &iface, 1);
    if (mark) {
        ovsrec_port_update_external_ids_setkey(port, MARK, mark);
    }
    ovsrec_bridge_update_ports_addvalue(br, port);
    return iface;
}

static bool
has_bridge_of_type(struct vswitch_db *db, const char *datapath)
{
    const struct ovsrec_open_vswitch *ovs = vswitch_row(db);

    for (size_t i = 0; i < ovs->n_bridges; i++) {
        if (!strcmp(ovs->bridges[i]->datapath_type, datapath)) {
            return true;
        }
    }
    return false;
}

/* Lets Open vSwitch look behind two VLAN tags, as many as it can, instead of
 * one: what port security cannot see it drops.  Notes that it was not so, for
 * hostconf_clear().
 *
 * Of the userspace datapath Open vSwitch (3.1) asks once, when it makes the
 * first bridge of it, how many tags the keys of its flows can name; the answer
 * is the limit of that moment.  With a larger one later it cannot read its own
 * keys of frames with more tags, and such a flow stays as it is for as long as
 * frames hit it, whatever the rules have become.  So where there is such a
 * bridge already, and the limit was not ours then, it is left alone. */
static void
apply_vlan_limit(struct vswitch_db *db, const char *datapath)
{
    const struct ovsrec_open_vswitch *ovs = vswitch_row(db);

    if (smap_get_int(&ovs->other_config, "vlan-limit", 1) == 1
        && (strcmp(datapath, "netdev")
            || smap_get(&ovs->external_ids, "nethv-vlan-limit")
            || !has_bridge_of_type(db, datapath))) {
        SET_KEY(ovs, open_vswitch, external_ids, "nethv-vlan-limit", "1");
        SET_KEY(ovs, open_vswitch, other_config, "vlan-limit", "2");
    }
}

static const struct ovsrec_bridge *
insert_bridge(struct vswitch_db *db, const char *name, const char *datapath,
              const char *mac)
{
    const struct ovsrec_bridge *br;

    apply_vlan_limit(db, datapath);
    br = ovsrec_bridge_insert(db->txn);
    ovsrec_bridge_set_name(br, name);
    ovsrec_bridge_set_datapath_type(br, datapath);
    ovsrec_bridge_update_external_ids_setkey(br, MARK, MARK_BRIDGE);
    if (mac) {
        ovsrec_bridge_update_other_config_setkey(br, "hwaddr", mac);
    }
    ovsrec_open_vswitch_update_bridges_addvalue(vswitch_row(db), br);
    insert_port(db, br, name, "internal", NULL);
    return br;
}

static const struct ovsrec_port *
find_port(const struct ovsrec_bridge *br, const char *name)
{
    for (size_t i = 0; i < br->n_ports; i++) {
        if (!strcmp(br->ports[i]->name, name)) {
            return br->ports[i];
        }
    }
    return NULL;
}

/* Returns the interface 'name' of 'br', new if need be, or NULL and stores a
 * sentence in '*problem' if it belongs elsewhere. */
static const struct ovsrec_interface *
ensure_port(struct vswitch_db *db, const struct ovsrec_bridge *br,
            const char *name, const char *type, const char *mark,
            char **problem)
{
    const struct ovsrec_port *port = find_port(br, name);
    const char *elsewhere = port ? NULL : vswitch_port_bridge(db, name);

    if (elsewhere) {
        *problem = xasprintf("port %s cannot be put into bridge %s: it is in "
                             "bridge %s", name, br->name, elsewhere);
        return NULL;
    } else if (!port) {
        return insert_port(db, br, name, type, mark);
    } else if (port->n_interfaces != 1) {
        *problem = xasprintf("port %s of bridge %s is a bond", name, br->name);
        return NULL;
    }
    if (strcmp(port->interfaces[0]->type, type)) {
        ovsrec_interface_set_type(port->interfaces[0], type);
    }
    return port->interfaces[0];
}

static char *
apply_add_port(struct vswitch_db *db, const struct vswitch_op *op)
{
    const struct ovsrec_bridge *br = vswitch_bridge_row(db, op->bridge);
    char *problem = NULL;

    if (!br) {
        return xasprintf("there is no bridge %s for port %s: has nethv-agent "
                         "run on this host?", op->bridge, op->name);
    }
    const struct ovsrec_interface *iface = ensure_port(db, br, op->name,
                                                       op->type, NULL,
                                                       &problem);
    if (!iface) {
        return problem;
    }
    if (op->value) {
        ovsrec_interface_set_mac(iface, op->value);
    }
    if (op->mtu) {
        int64_t mtu = op->mtu;
        ovsrec_interface_set_mtu_request(iface, &mtu, 1);
    }

    struct smap_node *node;
    SMAP_FOR_EACH (node, &op->external_ids) {
        SET_KEY(iface, interface, external_ids, node->key, node->value);
    }
    return NULL;
}

void
vswitch_add_port(struct vswitch_db *db, const struct vswitch_port *port)
{
    struct vswitch_op *op = op_create(db, apply_add_port, port->name);

    op->bridge = xstrdup(port->bridge);
    op->type = xstrdup(port->type);
    op->value = nullable_xstrdup(port->mac);
    op->mtu = port->mtu;
    if (port->external_ids) {
        smap_destroy(&op->external_ids);
        smap_clone(&op->external_ids, port->external_ids);
    }
}

static char *
apply_del_port(struct vswitch_db *db, const struct vswitch_op *op)
{
    const char *bridge = vswitch_port_bridge(db, op->name);

    if (bridge) {
        const struct ovsrec_bridge *br = vswitch_bridge_row(db, bridge);
        ovsrec_bridge_update_ports_delvalue(br, find_port(br, op->name));
    }
    return NULL;
}

void
vswitch_del_port(struct vswitch_db *db, const char *name)
{
    op_create(db, apply_del_port, name);
}

static char *
apply_add_bridge(struct vswitch_db *db, const struct vswitch_op *op)
{
    if (!vswitch_bridge_row(db, op->name)) {
        insert_bridge(db, op->name, op->type, op->value);
    }
    return NULL;
}

void
vswitch_add_bridge(struct vswitch_db *db, const char *name,
                   const char *datapath_type, const char *mac)
{
    struct vswitch_op *op = op_create(db, apply_add_bridge, name);

    op->type = xstrdup(datapath_type);
    op->value = nullable_xstrdup(mac);
}

static char *
apply_del_bridge(struct vswitch_db *db, const struct vswitch_op *op)
{
    const struct ovsrec_bridge *br = vswitch_bridge_row(db, op->name);

    if (br) {
        ovsrec_open_vswitch_update_bridges_delvalue(vswitch_row(db), br);
    }
    return NULL;
}

void
vswitch_del_bridge(struct vswitch_db *db, const char *name)
{
    op_create(db, apply_del_bridge, name);
}

void
vswitch_set_bridge(struct vswitch_db *db, const char *datapath_type)
{
    if (!nullable_string_is_equal(db->datapath_type, datapath_type)) {
        free(db->datapath_type);
        db->datapath_type = xstrdup(datapath_type);
        vswitch_asked(db);
    }
}

/* Makes the integration bridge as it should be: it forwards nothing on its
 * own, whoever is connected. */
static void
apply_bridge(struct vswitch_db *db)
{
    const struct ovsrec_bridge *br = vswitch_bridge_row(db, VSWITCH_BRIDGE);

    if (!br) {
        br = insert_bridge(db, VSWITCH_BRIDGE, db->datapath_type, NULL);
    }
    if (strcmp(br->datapath_type, db->datapath_type)) {
        ovsrec_bridge_set_datapath_type(br, db->datapath_type);
    }
    if (!br->fail_mode || strcmp(br->fail_mode, "secure")) {
        ovsrec_bridge_set_fail_mode(br, "secure");
    }
    if (br->mcast_snooping_enable) {
        ovsrec_bridge_set_mcast_snooping_enable(br, false);
    }
    SET_KEY(br, bridge, other_config, "disable-in-band", "true");
}

static const char *
tunnel_type(enum encap encap)
{
    static const char *const types[ENCAP_N] = {
        [ENCAP_GRE] = "gre",
        [ENCAP_GENEVE] = "geneve",
        [ENCAP_VXLAN] = "vxlan",
    };
    return types[encap];
}

void
vswitch_flow_tunnel(struct vswitch_tunnel *t, enum encap encap)
{
    static const char *const names[ENCAP_N] = {
        [ENCAP_GRE] = "nethv-gre",
        [ENCAP_GENEVE] = "nethv-gnv",
        [ENCAP_VXLAN] = "nethv-vxl",
    };

    memset(t, 0, sizeof *t);
    ovs_strzcpy(t->name, names[encap], sizeof t->name);
    t->encap = encap;
}

void
vswitch_edge_tunnel(struct vswitch_tunnel *t, enum encap encap, uint8_t cloud,
                    const struct in6_addr *remote_ip)
{
    memset(t, 0, sizeof *t);
    snprintf(t->name, sizeof t->name, "nethv-e%"PRIu8, cloud);
    t->encap = encap;
    t->remote_ip = *remote_ip;
    t->bfd = true;
}

void
vswitch_set_tunnels(struct vswitch_db *db, const struct vswitch_tunnel *t,
                    size_t n)
{
    if (db->tunnels_set && n == db->n_tunnels
        && (!n || !memcmp(t, db->tunnels, n * sizeof *t))) {
        return;
    }
    free(db->tunnels);
    db->tunnels = n ? xmemdup(t, n * sizeof *t) : NULL;
    db->n_tunnels = n;
    db->tunnels_set = true;
    vswitch_asked(db);
}

static void
tunnel_options(const struct vswitch_tunnel *t, struct smap *options)
{
    smap_add(options, "key", "flow");
    if (ipv6_addr_is_set(&t->remote_ip)) {
        struct ds ip = DS_EMPTY_INITIALIZER;

        ipv6_format_mapped(&t->remote_ip, &ip);
        smap_add_nocopy(options, xstrdup("remote_ip"), ds_steal_cstr(&ip));
    } else {
        smap_add(options, "remote_ip", "flow");
    }
}

/* BFD twenty times a second: a tunnel has failed after six that did not come,
 * 0.3 s.  The ends do not find that at the same time, but after the last packet
 * that each has got: more packets bring these closer together, and a few may be
 * lost.  Without check_tnl_key a tenant's own BFD packets would be taken for the
 * tunnel's. */
static void
tunnel_bfd(const struct vswitch_tunnel *t, struct smap *bfd)
{
    if (t->bfd) {
        smap_add(bfd, "enable", "true");
        smap_add(bfd, "check_tnl_key", "true");
        smap_add(bfd, "min_rx", "50");
        smap_add(bfd, "min_tx", "50");
        smap_add(bfd, "mult", "6");
    }
}

static char *
apply_tunnel(struct vswitch_db *db, const struct ovsrec_bridge *br,
             const struct vswitch_tunnel *t)
{
    struct smap options = SMAP_INITIALIZER(&options);
    struct smap bfd = SMAP_INITIALIZER(&bfd);
    char *problem = NULL;
    const struct ovsrec_interface *iface
        = ensure_port(db, br, t->name, tunnel_type(t->encap), MARK_TUNNEL,
                      &problem);

    tunnel_options(t, &options);
    tunnel_bfd(t, &bfd);
    if (iface && !smap_equal(&iface->options, &options)) {
        ovsrec_interface_set_options(iface, &options);
    }
    if (iface && !smap_equal(&iface->bfd, &bfd)) {
        ovsrec_interface_set_bfd(iface, &bfd);
    }
    smap_destroy(&options);
    smap_destroy(&bfd);
    return problem;
}

static void
remove_other_tunnels(struct vswitch_db *db, const struct ovsrec_bridge *br)
{
    struct sset wanted = SSET_INITIALIZER(&wanted);

    for (size_t i = 0; i < db->n_tunnels; i++) {
        sset_add(&wanted, db->tunnels[i].name);
    }
    for (size_t i = 0; i < br->n_ports; i++) {
        const struct ovsrec_port *port = br->ports[i];

        if (!strcmp(smap_get_def(&port->external_ids, MARK, ""), MARK_TUNNEL)
            && !sset_contains(&wanted, port->name)) {
            ovsrec_bridge_update_ports_delvalue(br, port);
        }
    }
    sset_destroy(&wanted);
}

/* Keeps the first of two sentences. */
static void
keep_first(char **first, char *problem)
{
    if (*first) {
        free(problem);
    } else {
        *first = problem;
    }
}

static char *
apply_tunnels(struct vswitch_db *db)
{
    const struct ovsrec_bridge *br = vswitch_bridge_row(db, VSWITCH_BRIDGE);
    char *problem = NULL;

    if (br) {
        remove_other_tunnels(db, br);
        for (size_t i = 0; i < db->n_tunnels; i++) {
            keep_first(&problem, apply_tunnel(db, br, &db->tunnels[i]));
        }
    }
    return problem;
}

void
vswitch_apply(struct vswitch_db *db)
{
    const struct vswitch_op *op;

    if (db->datapath_type) {
        apply_vlan_limit(db, db->datapath_type);
        apply_bridge(db);
    }
    LIST_FOR_EACH (op, node, &db->ops) {
        keep_first(&db->op_problem, op->apply(db, op));
    }
    free(db->problem);
    db->problem = db->tunnels_set ? apply_tunnels(db) : NULL;
}
