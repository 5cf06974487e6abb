/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "openvswitch/dynamic-string.h"
#include "packets.h"
#include "topology.h"
#include "world-twin.h"
#include "util.h"

/* Properties of the compiler, over random worlds:
 *
 *   - a frame through the rules of all hosts reaches exactly the ports that
 *     the model allows, once and unchanged, so nobody else ever sees it;
 *   - so does a frame for an address that was learned from a flood;
 *   - a forged frame from a tunnel reaches at most ports of the tenant that it
 *     names, and only if it came the way that frames from its source come;
 *   - rules brought up to date after a change equal those from scratch.
 *
 * What the model allows is what world-twin.h says.
 * NETHV_PROPERTY_SEED is the first seed, NETHV_PROPERTY_SEEDS their number. */

#define SEEDS 40
#define FRAMES 25
#define FORGERIES 200
#define CHANGES 8

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
        } else if (got & twin_set_of(w, port)) {
            return xasprintf("port %"PRIuSIZE" gets it twice",
                             port - w->ports);
        } else if (d->size != seen->size
                   || memcmp(d->frame, seen->bytes, d->size)) {
            return xasprintf("port %"PRIuSIZE" gets another frame",
                             port - w->ports);
        }
        got |= twin_set_of(w, port);
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

/* Fails unless 'frame' from 'from' is what the ports of 'set' see, as 'seen',
 * and nobody else.  Returns how many they are. */
static unsigned int
check_frame(struct world *w, uint64_t seed, int step,
            const struct world_port *from, const struct frame *frame,
            const struct frame *seen, uint64_t set)
{
    struct trace *trace = world_trace(w, from, frame->bytes, frame->size,
                                      false);
    unsigned int n = trace->n_deliveries;
    char *what = check_trace(w, trace, seen, set);

    trace_destroy(trace);
    if (what) {
        fail(w, seed, step, from, frame, what);
    }
    return n;
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

static unsigned int
try_frame(struct world *w, uint64_t seed, int step)
{
    const struct world_port *from = draw_bound_port(w);
    struct frame frame, seen;
    uint64_t set;

    if (!from) {
        return 0;
    }
    twin_draw_frame(w, from, &frame);
    world_forget_learned(w);
    set = twin_expected(w, from, &frame, &seen);
    return check_frame(w, seed, step, from, &frame, &seen, set);
}

/* Lets 'owner' show an address that the model does not know, and then all
 * others send to it: only 'owner' gets these frames. */
static void
try_learning(struct world *w, uint64_t seed, int step,
             const struct world_port *owner)
{
    static const struct eth_addr unknown = ETH_ADDR_C(02,00,00,00,01,01);
    static const struct eth_addr other = ETH_ADDR_C(02,00,00,00,01,02);
    uint64_t domain = twin_in_reach(w, owner,
                                    twin_domain(w, owner) & twin_bound(w));
    uint64_t set = twin_set_of(w, owner);
    struct frame frame;

    twin_make_frame(eth_addr_broadcast, unknown, &frame);
    check_frame(w, seed, step, owner, &frame, &frame, domain & ~set);
    for (size_t i = 0; i < w->n_ports; i++) {
        const struct world_port *from = &w->ports[i];

        if (from != owner && domain & twin_set_of(w, from)
            && !world_vport(w, from)->security) {
            twin_make_frame(unknown, other, &frame);
            check_frame(w, seed, step, from, &frame, &frame, set);
        }
    }
}

static void
try_learning_twice(struct world *w, uint64_t seed, int step)
{
    world_forget_learned(w);
    for (int i = 0; i < 2; i++) {
        const struct world_port *owner = draw_bound_port(w);

        /* A second owner in another network must not meet the first. */
        if (owner && twin_forwards(w, owner)
            && !world_vport(w, owner)->security) {
            try_learning(w, seed, step, owner);
        }
    }
}

/* Puts a forged frame into a tunnel of a host.  Whatever becomes of it, only
 * ports of the tenant that it names may see it, and of the others' addresses
 * none may be learned. */
static unsigned int
try_forged(struct world *w, uint64_t seed, int step, const char *change)
{
    const struct world_forgery forgery = world_draw_forgery(w);
    struct trace *trace = world_trace_forged(w, &forgery);
    unsigned int n = trace->n_deliveries;

    for (size_t i = 0; i < n; i++) {
        const struct world_port *port = port_of(w, &trace->deliveries[i]);

        cr_assert(port);
        cr_assert_eq(w->networks[port->network].tag, forgery.tag,
                     "seed %"PRIu64", step %d: another tenant's port %"
                     PRIuSIZE" sees a forged frame", seed, step,
                     port - w->ports);
        cr_assert(forgery.plausible,
                  "seed %"PRIu64", step %d (%s): port %"PRIuSIZE" sees a "
                  "frame from %#"PRIx32" with key %#"PRIx32", sent to host %"
                  PRIuSIZE" as from "IP_FMT", that came by the wrong way",
                  seed, step, change, port - w->ports, forgery.source,
                  forgery.key, forgery.host, IP_ARGS(forgery.ip));
    }
    trace_destroy(trace);
    return n;
}

static unsigned int
compare_rules(struct world *w, uint64_t seed, int step, const char *change)
{
    for (size_t i = 0; i < w->n_hosts; i++) {
        if (!w->hosts[i].present) {
            continue;
        }
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
    return 0;
}

static uint64_t
env_number(const char *name, uint64_t otherwise)
{
    const char *s = getenv(name);

    return s ? strtoull(s, NULL, 0) : otherwise;
}

/* What a test does with a world at every step of its changes. */
typedef unsigned int check_function(struct world *, uint64_t seed, int step,
                                    const char *change);

static unsigned int
run_seed(uint64_t seed, check_function *check)
{
    const char *change = "the beginning";
    unsigned int n = 0;
    struct world w;

    world_init(&w, seed);
    for (int step = 0; step <= CHANGES; step++) {
        world_compile(&w);
        n += check(&w, seed, step, change);
        change = world_change(&w);
    }
    world_destroy(&w);
    return n;
}

/* Runs 'check' over all seeds.  Returns the sum of what it returned. */
static unsigned int
run_seeds(check_function *check)
{
    uint64_t first = env_number("NETHV_PROPERTY_SEED", 1);
    uint64_t n_seeds = env_number("NETHV_PROPERTY_SEEDS", SEEDS);
    unsigned int n = 0;

    for (uint64_t seed = first; seed < first + n_seeds; seed++) {
        n += run_seed(seed, check);
    }
    return n;
}

static unsigned int
check_frames(struct world *w, uint64_t seed, int step, const char *change)
{
    unsigned int n = 0;

    for (int i = 0; i < FRAMES; i++) {
        n += try_frame(w, seed, step);
    }
    return n;
}

static unsigned int
check_learning(struct world *w, uint64_t seed, int step, const char *change)
{
    try_learning_twice(w, seed, step);
    return 0;
}

static unsigned int
check_forgeries(struct world *w, uint64_t seed, int step, const char *change)
{
    unsigned int n = 0;

    for (int i = 0; i < FORGERIES; i++) {
        n += try_forged(w, seed, step, change);
    }
    return n;
}

Test(property, frames_reach_exactly_what_the_model_allows)
{
    /* The least is far below what random worlds give: it only says that the
     * test sees something. */
    cr_assert_gt(run_seeds(check_frames), 50);
}

Test(property, learned_addresses_spare_floods)
{
    run_seeds(check_learning);
}

Test(property, forged_frames_reach_nobody_elses_ports)
{
    run_seeds(check_forgeries);
}

Test(property, incremental_equals_from_scratch)
{
    run_seeds(compare_rules);
}
