/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "agent/attachment.h"

#include <stdlib.h>
#include <string.h>

#include "agent/port-info.h"
#include "hash.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "ovs/netif.h"
#include "ovs/vswitch.h"
#include "packets.h"
#include "smap.h"
#include "timeval.h"
#include "util.h"

/* How long Open vSwitch may take, and how often the agent is asked. */
#define SETTLE_MS 15000
#define ASK_MS 50

#define KIND_KEY "nethv-attach"

static const char *const kind_names[] = {
    [ATTACH_VETH] = "netns",
    [ATTACH_TAP] = "tap",
    [ATTACH_INTERNAL] = "internal",
};

void
attachment_destroy(struct attachment *a)
{
    vswitch_destroy(a->db);
    netns_close(a->here);
    netns_close(a->there);
    free(a->outer);
    free(a->summary);
}

static char *
open_shells(struct attachment *a)
{
    a->db = vswitch_create(VSWITCH_DATABASE);
    char *error = vswitch_settle(a->db, SETTLE_MS);
    return error ? error : netns_open(NULL, &a->here);
}

/* Returns a name for the end of the veth pair that Open vSwitch gets: one that
 * no interface has. */
static char *
choose_outer(const struct attachment *a)
{
    for (uint32_t basis = 0; ; basis++) {
        char *name = xasprintf("nv%08"PRIx32, hash_string(a->port, basis));
        if (!netif_exists(a->here, name)) {
            return name;
        }
        free(name);
    }
}

/* Returns whether packets are handled in user space, where Open vSwitch cannot
 * complete checksums that the kernel has put off. */
static bool
is_userspace(const struct attachment *a)
{
    const char *datapath = vswitch_config(a->db)->datapath;
    return datapath && !strcmp(datapath, "netdev");
}

static char *
make_veth(struct attachment *a)
{
    char *error = netns_open(a->netns, &a->there);

    if (!error && netif_exists(a->there, a->inner)) {
        error = xasprintf("network namespace %s has an interface %s already: "
                          "choose another name with --ifname", a->netns,
                          a->inner);
    }
    if (error) {
        return error;
    }
    a->outer = choose_outer(a);
    error = netif_create_veth(a->here, a->outer, a->there, a->inner);
    a->made_link = !error;
    if (!error && is_userspace(a)) {
        error = netif_offload_set(a->here, a->outer, false);
        error = error ? error : netif_offload_set(a->there, a->inner,
                                                  false);
    }
    return error ? error : netif_own(a->here, a->outer, false);
}

static char *
make_tap(struct attachment *a)
{
    a->outer = xstrdup(a->ifname);
    if (netif_exists(a->here, a->outer)) {
        return xasprintf("there is an interface %s already", a->outer);
    }
    char *error = netif_create_tap(a->here, a->outer);
    a->made_link = !error;
    return error ? error : netif_own(a->here, a->outer, false);
}

static char *
make_internal(struct attachment *a)
{
    a->outer = xstrdup(a->ifname);
    return (netif_exists(a->here, a->outer)
            ? xasprintf("there is an interface %s already", a->outer)
            : NULL);
}

static char *
make_link(struct attachment *a)
{
    switch (a->kind) {
    case ATTACH_VETH:
        return make_veth(a);
    case ATTACH_TAP:
        return make_tap(a);
    case ATTACH_INTERNAL:
    case ATTACH_NONE:
        break;
    }
    return make_internal(a);
}

/* Puts the interface into the integration bridge, or changes what is written
 * there: its MAC address once that is known. */
static char *
put_port(struct attachment *a, bool complete)
{
    struct smap ids = SMAP_INITIALIZER(&ids);
    bool internal = a->kind == ATTACH_INTERNAL;
    bool with_mac = complete && !eth_addr_is_zero(a->mac);
    char *mac = with_mac ? xasprintf(ETH_ADDR_FMT, ETH_ADDR_ARGS(a->mac))
                         : NULL;

    smap_add(&ids, "iface-id", a->port);
    smap_add(&ids, KIND_KEY, kind_names[a->kind]);
    if (mac) {
        smap_add(&ids, "attached-mac", mac);
    }
    vswitch_add_port(a->db, &(struct vswitch_port) {
        .bridge = VSWITCH_BRIDGE,
        .name = a->outer,
        .type = internal ? "internal" : "",
        .mac = internal ? mac : NULL,
        .mtu = complete && internal ? a->mtu : 0,
        .external_ids = &ids,
    });
    a->made_port = true;
    smap_destroy(&ids);
    free(mac);
    return vswitch_settle(a->db, SETTLE_MS);
}

/* Returns why ovs-vswitchd could not take the port, or NULL. */
static char *
port_error(const struct attachment *a)
{
    const struct vswitch_iface *iface = vswitch_iface(a->db, a->outer);

    return (iface && iface->error
            ? xasprintf("Open vSwitch cannot use interface %s: %s", a->outer,
                        iface->error)
            : NULL);
}

/* Waits until the agent says that the port is bound, and stores what it says
 * in '*info', which the caller destroys. */
static char *
wait_bound(struct attachment *a, struct port_info *info)
{
    long long int deadline = time_msec() + a->timeout * 1000LL;

    for (;;) {
        char *error = port_info_ask(a->port, info);
        if (!error && port_info_is_bound(info)) {
            return NULL;
        } else if (!error && port_info_is_final(info)) {
            return port_info_explain(a->port, info);
        } else if (*a->interrupted) {
            free(error);
            return xstrdup("interrupted");
        } else if (time_msec() >= deadline) {
            return error ? error : port_info_explain(a->port, info);
        }
        free(error);
        port_info_destroy(info);
        poll_timer_wait(ASK_MS);
        poll_block();
    }
}

/* Gives the interface the addresses of 'info' and what was asked for. */
static char *
configure(struct attachment *a, const struct port_info *info)
{
    if (eth_addr_is_zero(a->mac) && info->n_macs) {
        a->mac = info->macs[0];
    }
    a->mtu = a->mtu ? a->mtu : info->mtu;

    struct netif_setup outer = { .mtu = a->mtu, .up = true };
    struct netif_setup inner = {
        .mac = a->mac,
        .mtu = a->mtu,
        .up = true,
        .addrs = info->ips,
        .n_addrs = a->want_ips ? info->n_ips : 0,
    };
    switch (a->kind) {
    case ATTACH_VETH: {
        char *error = netif_configure(a->here, a->outer, &outer);
        return error ? error : netif_configure(a->there, a->inner, &inner);
    }
    case ATTACH_TAP:
        return netif_configure(a->here, a->outer, &outer);
    case ATTACH_INTERNAL:
    case ATTACH_NONE:
        break;
    }
    return netif_configure(a->here, a->outer, &inner);
}

static char *
summarize(const struct attachment *a, const struct port_info *info)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    ds_put_format(&s, "%s: ", a->port);
    if (a->kind == ATTACH_VETH) {
        ds_put_format(&s, "%s in network namespace %s", a->inner, a->netns);
    } else {
        ds_put_format(&s, "%s", a->outer);
    }
    if (!eth_addr_is_zero(a->mac)) {
        ds_put_format(&s, ", MAC address "ETH_ADDR_FMT, ETH_ADDR_ARGS(a->mac));
    }
    for (size_t i = 0; a->want_ips && i < info->n_ips; i++) {
        ds_put_cstr(&s, ", ");
        ipv6_format_mapped(&info->ips[i].ip, &s);
        ds_put_format(&s, "/%u", info->ips[i].plen);
    }
    ds_put_format(&s, ", MTU %u", a->mtu);
    return ds_steal_cstr(&s);
}

/* Removes the interface 'a' has, as far as it has been made. */
static char *
unmake(struct attachment *a)
{
    char *error = NULL;

    if (a->made_port) {
        vswitch_del_port(a->db, a->outer);
        error = vswitch_settle(a->db, SETTLE_MS);
    }
    if (a->made_link) {
        char *link_error = netif_delete(a->here, a->outer);
        if (error) {
            free(link_error);
        } else {
            error = link_error;
        }
    }
    return error;
}

/* Does what attachment_make() does, without undoing it. */
static char *
make(struct attachment *a, struct port_info *info)
{
    char *error = open_shells(a);
    if (error) {
        return error;
    }

    const char *there = vswitch_find_iface(a->db, "iface-id", a->port);
    if (there) {
        return xasprintf("port %s is attached on this host already, to "
                         "interface %s: \"nethv-agent detach %s\" removes it",
                         a->port, there, a->port);
    }
    error = make_link(a);
    error = error ? error : put_port(a, false);
    error = error ? error : port_error(a);
    error = error ? error : wait_bound(a, info);
    error = error ? error : configure(a, info);
    error = error ? error : put_port(a, true);
    if (!error && *a->interrupted) {
        error = xstrdup("interrupted");
    }
    return error;
}

char *
attachment_make(struct attachment *a)
{
    struct port_info info = PORT_INFO_INITIALIZER;
    char *error = make(a, &info);

    if (error) {
        free(unmake(a));
    } else {
        a->summary = summarize(a, &info);
    }
    port_info_destroy(&info);
    return error;
}

char *
attachment_remove(struct attachment *a)
{
    char *error = open_shells(a);
    if (error) {
        return error;
    }

    const char *name = vswitch_find_iface(a->db, "iface-id", a->port);
    if (!name) {
        return xasprintf("no interface of this host is attached to port %s",
                         a->port);
    }
    const char *kind = vswitch_iface_id(a->db, name, KIND_KEY);
    if (!kind) {
        return xasprintf("interface %s of port %s was not made by "
                         "\"nethv-agent attach\": whoever made it removes it",
                         name, a->port);
    }
    a->outer = xstrdup(name);
    a->made_port = true;
    a->made_link = strcmp(kind, kind_names[ATTACH_INTERNAL]) != 0;
    return unmake(a);
}
