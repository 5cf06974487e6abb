/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "flow.h"
#include "openvswitch/dynamic-string.h"
#include "packets.h"
#include "topology.h"
#include "trace.h"
#include "util.h"
#include "world.h"

/* Properties of the compiler, over random worlds:
 *
 *   - a frame through the rules of all hosts reaches exactly the ports that
 *     the model allows, once and unchanged, so nobody else ever sees it;
 *   - rules brought up to date after a change equal those from scratch.
 *
 * What the model allows is computed by a naive twin, from switches and links.
 * NETHV_PROPERTY_SEED is the first seed, NETHV_PROPERTY_SEEDS their number. */

#define FRAMES 25
#define CHANGES 6
#define MAX_SIZE 1600

struct frame {
    uint8_t bytes[MAX_SIZE];
    size_t size;
    struct eth_addr dst, src;
    uint16_t vlan;                  /* Outermost tag's id, 0 if none. */
    bool arp;                       /* An untagged ARP request, */
    ovs_be32 spa, tpa;              /* with these addresses. */
};

/* The twin. */

static uint64_t
set_of(const struct world *w, const struct world_port *port)
{
    return UINT64_C(1) << (port - w->ports);
}

static bool
forwards(const struct vswitch *sw)
{
    return sw->row.present && sw->group && sw->network->row.present
           && sw->network->tag && sw->mode == SWITCH_LEARNING;
}

/* Collects in 'reached' the switches that a flood from 'sw' enters. */
static void
reach(const struct vswitch *sw, const struct vswitch *reached[], size_t *n)
{
    const struct vlink_end *end;

    for (size_t i = 0; i < *n; i++) {
        if (reached[i] == sw) {
            return;
        }
    }
    reached[(*n)++] = sw;
    LIST_FOR_EACH (end, switch_node, &sw->ends) {
        for (int i = 0; i < 2 && end->link->row.present; i++) {
            if (forwards(end->link->ends[i].vswitch)) {
                reach(end->link->ends[i].vswitch, reached, n);
            }
        }
    }
}

/* Returns all ports that are reachable from the switch of 'from'. */
static uint64_t
domain_of(const struct world *w, const struct world_port *from)
{
    const struct vswitch *reached[64];
    uint64_t set = 0;
    size_t n = 0;

    reach(world_vport(w, from)->vswitch, reached, &n);
    for (size_t i = 0; i < w->n_ports; i++) {
        const struct vport *vport = world_vport(w, &w->ports[i]);

        for (size_t j = 0; j < n && vport; j++) {
            if (vport->vswitch == reached[j]) {
                set |= set_of(w, &w->ports[i]);
            }
        }
    }
    return set;
}

static uint64_t
bound(const struct world *w)
{
    uint64_t set = 0;

    for (size_t i = 0; i < w->n_ports; i++) {
        if (w->ports[i].host >= 0) {
            set |= set_of(w, &w->ports[i]);
        }
    }
    return set;
}

/* Returns those of 'set' that are on the host of 'port'. */
static uint64_t
beside(const struct world *w, const struct world_port *port, uint64_t set)
{
    for (size_t i = 0; i < w->n_ports; i++) {
        if (w->ports[i].host != port->host) {
            set &= ~set_of(w, &w->ports[i]);
        }
    }
    return set;
}

static bool
has_mac(const struct vport *vport, struct eth_addr mac)
{
    for (size_t i = 0; i < vport->n_macs; i++) {
        if (eth_addr_equals(vport->macs[i].address, mac)) {
            return true;
        }
    }
    return false;
}

/* Returns the one port of the network of 'from' with 'mac', NULL if none, or
 * more than one, or a sharing one has it. */
static const struct world_port *
owner_of(const struct world *w, const struct world_port *from,
         struct eth_addr mac)
{
    const struct world_port *owner = NULL;

    for (size_t i = 0; i < w->n_ports; i++) {
        const struct vport *vport = world_vport(w, &w->ports[i]);

        if (vport && w->ports[i].network == from->network
            && has_mac(vport, mac)) {
            if (owner || vport->sharing) {
                return NULL;
            }
            owner = &w->ports[i];
        }
    }
    return owner;
}

static bool
has_ip(const struct vport *vport, ovs_be32 ip)
{
    for (size_t i = 0; i < vport->n_ips; i++) {
        if (in6_addr_get_mapped_ipv4(&vport->ips[i].address) == ip) {
            return true;
        }
    }
    return false;
}

/* Returns whether security lets 'frame' pass.  Without a MAC there is none. */
static bool
may_send(const struct vport *vport, const struct frame *frame)
{
    if (!vport->security || !vport->n_macs) {
        return true;
    }
    return has_mac(vport, frame->src)
           && (!frame->arp || !vport->n_ips || has_ip(vport, frame->spa));
}

/* Returns the port in whose name a request of 'from' is answered, or NULL. */
static const struct world_port *
answerer(const struct world *w, const struct world_port *from,
         const struct frame *frame)
{
    const struct world_port *owner = NULL;
    const struct vport *vport;

    if (!frame->arp || frame->spa == frame->tpa
        || !eth_addr_is_broadcast(frame->dst)) {
        return NULL;
    }
    for (size_t i = 0; i < w->n_ports; i++) {
        vport = world_vport(w, &w->ports[i]);
        if (vport && w->ports[i].network == from->network
            && has_ip(vport, frame->tpa)) {
            if (owner) {
                return NULL;
            }
            owner = &w->ports[i];
        }
    }
    if (!owner || owner == from || owner->host < 0
        || !(domain_of(w, from) & set_of(w, owner))) {
        return NULL;
    }
    vport = world_vport(w, owner);
    return vport->n_macs == 1 && !vport->sharing ? owner : NULL;
}

static bool
is_reserved(struct eth_addr mac)
{
    struct eth_addr reserved = ETH_ADDR_C(01,80,c2,00,00,00);

    reserved.ea[5] = mac.ea[5] & 0x0f;
    return eth_addr_equals(mac, reserved);
}

/* Returns the ports that get 'frame' from 'from', if no host has learned
 * anything. */
static uint64_t
expected(const struct world *w, const struct world_port *from,
         const struct frame *frame)
{
    const struct vport *vport = world_vport(w, from);
    uint64_t reachable = domain_of(w, from);
    uint64_t set = reachable & bound(w) & ~set_of(w, from);
    const struct world_port *owner;

    if (!vport || !forwards(vport->vswitch) || !may_send(vport, frame)
        || is_reserved(frame->dst)) {
        return 0;
    }
    if (answerer(w, from, frame)) {
        return set_of(w, from);
    }
    owner = owner_of(w, from, frame->dst);
    if (owner && reachable & set_of(w, owner)) {
        set &= set_of(w, owner);
    }
    if (w->mtu && frame->size > w->mtu + ETH_HEADER_LEN + 2 * VLAN_HEADER_LEN) {
        set = beside(w, from, set);
    }
    return set;
}

/* Frames. */

static struct eth_addr
draw_mac(struct world *w)
{
    static const struct eth_addr special[] = {
        ETH_ADDR_C(ff,ff,ff,ff,ff,ff), ETH_ADDR_C(01,00,5e,00,00,05),
        ETH_ADDR_C(33,33,00,00,00,01), ETH_ADDR_C(00,00,00,00,00,00),
        ETH_ADDR_C(01,80,c2,00,00,0e), ETH_ADDR_C(02,00,00,00,01,00),
        ETH_ADDR_C(00,01,01,00,10,04),
    };

    return world_chance(w, 3) ? special[world_draw(w, ARRAY_SIZE(special))]
                              : world_mac(world_draw(w, WORLD_N_MACS));
}

static void
put(struct frame *frame, const void *bytes, size_t n)
{
    memcpy(frame->bytes + frame->size, bytes, n);
    frame->size += n;
}

static void
put_be16(struct frame *frame, uint16_t value)
{
    ovs_be16 be = htons(value);

    put(frame, &be, sizeof be);
}

static void
put_arp(struct world *w, struct frame *frame)
{
    struct arp_eth_header arp = {
        .ar_hrd = htons(ARP_HRD_ETHERNET), .ar_pro = htons(ARP_PRO_IP),
        .ar_hln = ETH_ADDR_LEN, .ar_pln = 4, .ar_op = htons(ARP_OP_REQUEST),
        .ar_sha = frame->src,
    };

    frame->spa = world_ip(world_draw(w, WORLD_N_MACS));
    frame->tpa = world_ip(world_draw(w, WORLD_N_MACS));
    put_16aligned_be32(&arp.ar_spa, frame->spa);
    put_16aligned_be32(&arp.ar_tpa, frame->tpa);
    put_be16(frame, ETH_TYPE_ARP);
    put(frame, &arp, sizeof arp);
}

static void
put_payload(struct world *w, struct frame *frame)
{
    /* An LLC length, a made-up type, NSH of the tenant's own. */
    static const uint16_t types[] = { 60, 0x88b6, ETH_TYPE_NSH, 0x9000 };
    size_t n = world_chance(w, 8) ? 1500 : 46 + world_draw(w, 60);

    put_be16(frame, types[world_draw(w, ARRAY_SIZE(types))]);
    for (size_t i = 0; i < n; i++) {
        frame->bytes[frame->size++] = world_draw(w, 256);
    }
}

static void
draw_frame(struct world *w, const struct world_port *from,
           struct frame *frame)
{
    const struct vport *vport = world_vport(w, from);
    size_t n_tags = world_chance(w, 3) ? 1 + world_draw(w, 2) : 0;

    memset(frame, 0, sizeof *frame);
    frame->dst = draw_mac(w);
    frame->src = vport->n_macs && !world_chance(w, 3) ? vport->macs[0].address
                                                      : draw_mac(w);
    frame->src.ea[0] &= ~1;
    put(frame, &frame->dst, ETH_ADDR_LEN);
    put(frame, &frame->src, ETH_ADDR_LEN);
    for (size_t i = 0; i < n_tags; i++) {
        uint16_t tci = world_draw(w, UINT16_MAX + 1);

        frame->vlan = i ? frame->vlan : tci & VLAN_VID_MASK;
        put_be16(frame, world_chance(w, 2) ? ETH_TYPE_VLAN : ETH_TYPE_VLAN_8021AD);
        put_be16(frame, tci);
    }
    if (!n_tags && world_chance(w, 4)) {
        frame->arp = true;
        put_arp(w, frame);
    } else {
        put_payload(w, frame);
    }
}

/* Returns what 'from' gets to see: the answer to 'frame' if there is one. */
static void
make_seen(const struct world *w, const struct world_port *from,
          const struct frame *frame, struct frame *seen)
{
    const struct world_port *who = answerer(w, from, frame);

    *seen = *frame;
    if (who) {
        struct arp_eth_header *arp = ALIGNED_CAST(
            struct arp_eth_header *, seen->bytes + ETH_HEADER_LEN);

        arp->ar_tha = frame->src;
        arp->ar_sha = world_vport(w, who)->macs[0].address;
        arp->ar_op = htons(ARP_OP_REPLY);
        put_16aligned_be32(&arp->ar_spa, frame->tpa);
        put_16aligned_be32(&arp->ar_tpa, frame->spa);
        memcpy(seen->bytes, &frame->src, ETH_ADDR_LEN);
        memcpy(seen->bytes + ETH_ADDR_LEN, &arp->ar_sha, ETH_ADDR_LEN);
    }
}

/* The comparison. */

static const struct world_port *
port_of(const struct world *w, const struct trace_delivery *d)
{
    for (size_t i = 0; i < w->n_ports; i++) {
        const struct world_port *port = &w->ports[i];

        if (port->host >= 0 && port->ofport == d->port
            && !strcmp(trace_host_name(w->hosts[port->host].trace),
                       d->host)) {
            return port;
        }
    }
    return NULL;
}

/* Returns what is wrong with 'trace', in which 'seen' should reach 'set', as a
 * malloc'd sentence, or NULL. */
static char *
check_trace(const struct world *w, const struct trace *trace,
            const struct frame *seen, uint64_t set)
{
    uint64_t got = 0;

    if (trace->n_errors) {
        return xstrdup(trace->errors[0]);
    }
    for (size_t i = 0; i < trace->n_deliveries; i++) {
        const struct trace_delivery *d = &trace->deliveries[i];
        const struct world_port *port = port_of(w, d);

        if (!port) {
            return xasprintf("no port is at %s, %u", d->host, d->port);
        } else if (got & set_of(w, port)) {
            return xasprintf("port %"PRIuSIZE" gets it twice",
                             port - w->ports);
        } else if (d->size != seen->size
                   || memcmp(d->frame, seen->bytes, d->size)) {
            return xasprintf("port %"PRIuSIZE" gets another frame",
                             port - w->ports);
        }
        got |= set_of(w, port);
    }
    return got == set ? NULL
           : xasprintf("reaches ports %#"PRIx64" instead of %#"PRIx64, got,
                       set);
}

static void
format_ports(const struct world *w, struct ds *s)
{
    for (size_t i = 0; i < w->n_ports; i++) {
        const struct world_port *port = &w->ports[i];
        const struct vport *vport = world_vport(w, port);

        ds_put_format(s, "port %"PRIuSIZE": network %"PRIuSIZE", host %d", i,
                      port->network, port->host);
        if (vport) {
            ds_put_format(s, ", %s, group %"PRIu32", domain %"PRIu32
                          "%s%s, macs", vport->vswitch->row.name,
                          vport->vswitch->group,
                          topology_domain(vport->vswitch),
                          vport->security ? ", secured" : "",
                          vport->sharing ? ", sharing" : "");
            for (size_t j = 0; j < vport->n_macs; j++) {
                ds_put_format(s, " "ETH_ADDR_FMT,
                              ETH_ADDR_ARGS(vport->macs[j].address));
            }
        }
        ds_put_char(s, '\n');
    }
}

static void
fail(struct world *w, uint64_t seed, int step, const struct world_port *from,
     const struct frame *frame, char *what)
{
    struct trace *trace = world_trace(w, from, frame->bytes, frame->size,
                                      true);
    struct ds s = DS_EMPTY_INITIALIZER;

    ds_put_format(&s, "seed %"PRIu64", step %d: frame ", seed, step);
    ds_put_hex(&s, frame->bytes, MIN(frame->size, 64));
    ds_put_format(&s, " from port %"PRIuSIZE": %s\n", from - w->ports, what);
    format_ports(w, &s);
    trace_format(trace, &s);
    trace_destroy(trace);
    free(what);
    cr_assert_fail("%s", ds_cstr(&s));
}

static const struct world_port *
draw_bound_port(struct world *w)
{
    for (int i = 0; i < 100; i++) {
        const struct world_port *port = &w->ports[world_draw(w, w->n_ports)];

        if (port->host >= 0) {
            return port;
        }
    }
    return NULL;
}

static void
try_frame(struct world *w, uint64_t seed, int step)
{
    const struct world_port *from = draw_bound_port(w);
    struct frame frame, seen;
    struct trace *trace;
    char *what;

    if (!from) {
        return;
    }
    draw_frame(w, from, &frame);
    make_seen(w, from, &frame, &seen);
    world_forget_learned(w);
    trace = world_trace(w, from, frame.bytes, frame.size, false);
    what = check_trace(w, trace, &seen, expected(w, from, &frame));
    trace_destroy(trace);
    if (what) {
        world_forget_learned(w);
        fail(w, seed, step, from, &frame, what);
    }
}

static void
compare_rules(const struct world *w, uint64_t seed, int step,
              const char *change)
{
    for (size_t i = 0; i < w->n_hosts; i++) {
        char *incremental = world_rules(w, i);
        char *scratch = world_rules_from_scratch(w, i);

        if (strcmp(incremental, scratch)) {
            size_t n = 0;

            while (incremental[n] == scratch[n]) {
                n++;
            }
            while (n && incremental[n - 1] != '\n') {
                n--;
            }
            cr_assert_fail("seed %"PRIu64", step %d (%s), host %"PRIuSIZE":\n"
                     "incremental %.500s\nfrom scratch %.500s", seed, step,
                     change, i, incremental + n, scratch + n);
        }
        free(incremental);
        free(scratch);
    }
}

static uint64_t
env_number(const char *name, uint64_t otherwise)
{
    const char *s = getenv(name);

    return s ? strtoull(s, NULL, 0) : otherwise;
}

static void
run_seed(uint64_t seed, bool frames)
{
    const char *change = "the beginning";
    struct world w;

    world_init(&w, seed);
    for (int step = 0; step <= CHANGES; step++) {
        world_compile(&w);
        if (frames) {
            for (int i = 0; i < FRAMES; i++) {
                try_frame(&w, seed, step);
            }
        } else {
            compare_rules(&w, seed, step, change);
        }
        change = world_change(&w);
    }
    world_destroy(&w);
}

static void
run_seeds(uint64_t n, bool frames)
{
    uint64_t first = env_number("NETHV_PROPERTY_SEED", 1);

    n = env_number("NETHV_PROPERTY_SEEDS", n);
    for (uint64_t seed = first; seed < first + n; seed++) {
        run_seed(seed, frames);
    }
}

Test(property, frames_reach_exactly_what_the_model_allows)
{
    run_seeds(40, true);
}

Test(property, incremental_equals_from_scratch)
{
    run_seeds(40, false);
}
