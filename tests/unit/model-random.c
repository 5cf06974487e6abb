/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "model.h"

/* The model under random puts and removals, against naive twins:
 *
 *  - a table of what was put last, from which a second model is made from
 *    scratch, in random order: both must read the same, with all that follows;
 *  - questions answered by looking at every row;
 *  - an observer that checks that what it is told is all there is. */

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "made-model.h"
#include "nethv/wire.h"
#include "packets.h"
#include "random.h"
#include "svec.h"
#include "topology.h"
#include "util.h"
#include "uuid.h"

/* What was put: a number from which the contents are made, 0 for nothing. */
struct twin {
    uint64_t rows[MODEL_N_KINDS][MADE_ROWS_MAX];
    uint64_t states[MODEL_N_KINDS][MADE_ROWS_MAX];
};

/* An observer that knows what every row said last. */

struct witness {
    struct model_observer observer;
    char *last[MODEL_N_KINDS][MADE_ROWS_MAX];
    const struct model_row *changing;
};

static void
witness_before(struct model_observer *observer, const struct model_row *row)
{
    struct witness *w = CONTAINER_OF(observer, struct witness, observer);
    const char *last = w->last[row->kind][made_number(row)];
    char *text = made_row_text(row);

    cr_assert_null(w->changing);
    w->changing = row;
    if (last) {
        cr_assert_str_eq(text, last);
    } else {
        cr_assert_not(row->present);
    }
    free(text);
}

static void
witness_after(struct model_observer *observer, const struct model_row *row)
{
    struct witness *w = CONTAINER_OF(observer, struct witness, observer);
    char **last = &w->last[row->kind][made_number(row)];
    char *text = made_row_text(row);

    cr_assert_eq(w->changing, row);
    w->changing = NULL;
    cr_assert(!*last || strcmp(*last, text), "no change: %s", text);
    free(*last);
    *last = text;
}

/* The witness saw every change: what rows say is what they said last. */
static void
check_witness(const struct witness *w, const struct model *model)
{
    for (size_t kind = 0; kind < MODEL_N_KINDS; kind++) {
        struct model_row *row;

        MODEL_FOR_EACH (row, kind, model) {
            char *text = made_row_text(row);

            cr_assert_str_eq(text, w->last[kind][made_number(row)]);
            free(text);
        }
    }
}

static void
witness_destroy(struct witness *w)
{
    for (size_t kind = 0; kind < MODEL_N_KINDS; kind++) {
        for (size_t n = 0; n < MADE_ROWS_MAX; n++) {
            free(w->last[kind][n]);
        }
    }
}

/* What follows from the rows, by looking at every row. */

/* Returns the binding that counts of 'port'. */
static const struct binding *
naive_binding(const struct model *model, const struct vport *port)
{
    const struct binding *best = NULL;
    struct model_row *row;

    MODEL_FOR_EACH (row, MODEL_BINDING, model) {
        const struct binding *b = CONTAINER_OF(row, struct binding, row);

        if (b->port == port
            && (!best || made_number(row) < made_number(&best->row))) {
            best = b;
        }
    }
    return best;
}

static uint32_t
naive_mac_location(const struct binding *binding, struct eth_addr address)
{
    for (size_t i = 0; binding && i < binding->n_macs; i++) {
        if (eth_addr_equals(binding->macs[i].address, address)) {
            return binding->macs[i].location;
        }
    }
    return 0;
}

static void
check_port(const struct model *model, const struct vport *port)
{
    const struct binding *binding = naive_binding(model, port);

    cr_assert_eq(port->binding, binding);
    for (size_t i = 0; i < port->n_macs; i++) {
        cr_assert_eq(port->macs[i].location,
                     naive_mac_location(binding, port->macs[i].address));
        cr_assert(!i || eth_addr_compare_3way(port->macs[i - 1].address,
                                              port->macs[i].address) < 0);
    }
}

/* Returns how many present ports of 'vswitch' are bound on 'host' (0: any). */
static unsigned int
naive_presence(const struct model *model, const struct vswitch *vswitch,
               uint32_t host)
{
    unsigned int n = 0;
    struct model_row *row;

    MODEL_FOR_EACH (row, MODEL_PORT, model) {
        const struct vport *port = CONTAINER_OF(row, struct vport, row);

        n += port->vswitch == vswitch && port->binding
             && port->binding->location
             && (!host
                 || (port->binding->location & NETHV_HOST_MASK) == host);
    }
    return n;
}

static void
check_switch(const struct model *model, const struct vswitch *vswitch)
{
    const struct presence *presence;
    unsigned int n = 0;

    HMAP_FOR_EACH (presence, node, &vswitch->hosts) {
        cr_assert_gt(presence->n_ports, 0);
        cr_assert_eq(presence->n_ports,
                     naive_presence(model, vswitch, presence->location));
        n += presence->n_ports;
    }
    cr_assert_eq(n, naive_presence(model, vswitch, 0));
}

/* Returns the only port of 'network' that has MAC or IP 'n', or NULL. */
static const struct vport *
naive_owner(const struct model *model, const struct network *network,
            unsigned int n, bool by_mac)
{
    const struct vport *owner = NULL;
    unsigned int n_owners = 0;
    struct in6_addr address = made_ip(n);
    struct model_row *row;

    MODEL_FOR_EACH (row, MODEL_PORT, model) {
        const struct vport *p = CONTAINER_OF(row, struct vport, row);
        bool owns = false;

        for (size_t i = 0; by_mac && i < p->n_macs; i++) {
            owns |= eth_addr_equals(p->macs[i].address, made_mac(n));
        }
        for (size_t i = 0; !by_mac && i < p->n_ips; i++) {
            owns |= ipv6_addr_equals(&p->ips[i].address, &address);
        }
        if (owns && p->network == network) {
            owner = p;
            n_owners++;
        }
    }
    return n_owners == 1 ? owner : NULL;
}

static void
check_network(const struct model *model, const struct network *network)
{
    uint64_t confirmed = UINT64_MAX;
    struct model_row *row;

    for (unsigned int n = 0; n < 8; n++) {
        struct in6_addr address = made_ip(n);

        cr_assert_eq(network_port_by_mac(network, made_mac(n)),
                     naive_owner(model, network, n, true));
        cr_assert_eq(network_port_by_ip(network, &address),
                     naive_owner(model, network, n, false));
    }
    MODEL_FOR_EACH (row, MODEL_FOLLOWER, model) {
        const struct follower *f = CONTAINER_OF(row, struct follower, row);

        if (f->network == network) {
            confirmed = MIN(confirmed, f->sequence);
        }
    }
    cr_assert_eq(network_confirmed(network),
                 confirmed == UINT64_MAX ? 0 : confirmed);
}

static void
check_binding(const struct model *model, const struct binding *binding)
{
    const struct vport *port = binding->port;
    const struct vport *expected = NULL;
    struct eth_addr found = eth_addr_zero;

    if (!binding->location) {
        return;
    }
    uint32_t tag = port->row.present ? port->network->tag : 1;
    if (port->row.present && port->binding == binding
        && port->network->row.present && tag) {
        expected = port;
    }
    cr_assert_eq(model_port_at(model, tag, binding->location, &found),
                 expected);
    cr_assert(eth_addr_is_zero(found));
    cr_assert_null(model_port_at(model, tag + 1, binding->location, &found));
    for (size_t i = 0; i < binding->n_macs; i++) {
        cr_assert_eq(model_port_at(model, tag, binding->macs[i].location,
                                   &found), expected);
        cr_assert(!expected
                  || eth_addr_equals(found, binding->macs[i].address));
    }
}

static void
check_host(const struct model *model, const struct host *host)
{
    uint32_t location = host_location(host);

    if (host->cloud->row.present) {
        cr_assert_eq(model_host_at(model, location | 4), host);
        cr_assert_eq(model_cloud_by_id(model, host->cloud->id), host->cloud);
    } else {
        cr_assert_null(model_host_at(model, location));
    }
}

#define CHECK_ALL(KIND, TYPE, CHECK)                                    \
    MODEL_FOR_EACH (row, KIND, model) {                                 \
        cr_assert_eq(model_find_name(model, KIND, row->name), row);     \
        CHECK(model, CONTAINER_OF(row, struct TYPE, row));              \
    }

static void
check_consequences(const struct model *model)
{
    struct model_row *row;

    CHECK_ALL(MODEL_PORT, vport, check_port);
    CHECK_ALL(MODEL_SWITCH, vswitch, check_switch);
    CHECK_ALL(MODEL_NETWORK, network, check_network);
    CHECK_ALL(MODEL_HOST, host, check_host);
    MODEL_FOR_EACH (row, MODEL_BINDING, model) {
        check_binding(model, CONTAINER_OF(row, struct binding, row));
    }
}

/* Lists and domains, which say the same in any order of puts. */

#define PUT_LIST(LIST, TYPE, NODE, LABEL)                               \
    do {                                                                \
        const struct TYPE *element;                                     \
        LIST_FOR_EACH (element, NODE, LIST) {                           \
            svec_add_nocopy(lines, xasprintf("%s %u has %s %u",         \
                                             model_kind_name(row->kind), \
                                             made_number(row), LABEL,        \
                                             made_number(&element->row)));   \
        }                                                               \
    } while (0)

static void
add_switch_lines(const struct model_row *row, struct svec *lines)
{
    const struct vswitch *v = CONTAINER_OF(row, struct vswitch, row);
    const struct vlink_end *end;

    PUT_LIST(&v->ports, vport, switch_node, "port");
    LIST_FOR_EACH (end, switch_node, &v->ends) {
        svec_add_nocopy(lines, xasprintf("switch %u ends link %u",
                                         made_number(row),
                                         made_number(&end->link->row)));
    }
    svec_add_nocopy(lines, xasprintf("switch %u in domain %u",
                                     made_number(row), topology_domain(v)));
}

static void
add_cloud_lines(const struct model_row *row, struct svec *lines)
{
    const struct cloud *c = CONTAINER_OF(row, struct cloud, row);
    const struct cloud_link_end *end;

    PUT_LIST(&c->hosts, host, cloud_node, "host");
    LIST_FOR_EACH (end, cloud_node, &c->ends) {
        svec_add_nocopy(lines, xasprintf("cloud %u ends link %u",
                                         made_number(row),
                                         made_number(&end->link->row)));
    }
}

static char *
lists_text(const struct model *model)
{
    struct svec set = SVEC_EMPTY_INITIALIZER, *lines = &set;
    struct model_row *row;

    MODEL_FOR_EACH (row, MODEL_TENANT, model) {
        PUT_LIST(&CONTAINER_OF(row, struct tenant, row)->networks, network,
                 tenant_node, "network");
    }
    MODEL_FOR_EACH (row, MODEL_NETWORK, model) {
        const struct network *n = CONTAINER_OF(row, struct network, row);

        PUT_LIST(&n->switches, vswitch, network_node, "switch");
        PUT_LIST(&n->links, vlink, network_node, "link");
        PUT_LIST(&n->followers, follower, network_node, "follower");
    }
    MODEL_FOR_EACH (row, MODEL_SWITCH, model) {
        add_switch_lines(row, lines);
    }
    MODEL_FOR_EACH (row, MODEL_CLOUD, model) {
        add_cloud_lines(row, lines);
    }
    svec_sort(lines);
    char *text = svec_join(lines, "\n", "\n");
    svec_destroy(lines);
    return text;
}

/* From scratch. */

/* Does all that 'twin' says to an empty model, in random order. */
static struct model *
from_scratch(const struct twin *twin)
{
    struct model *model = model_create();
    unsigned int todo[2 * MODEL_N_KINDS * MADE_ROWS_MAX];

    for (size_t i = 0; i < ARRAY_SIZE(todo); i++) {
        unsigned int j = random_range(i + 1);

        todo[i] = todo[j];
        todo[j] = i;
    }
    for (size_t i = 0; i < ARRAY_SIZE(todo); i++) {
        enum model_kind kind = todo[i] / 2 / MADE_ROWS_MAX;
        unsigned int n = todo[i] / 2 % MADE_ROWS_MAX;

        if (todo[i] % 2) {
            made_row_set(model, kind, n, twin->rows[kind][n]);
        } else {
            made_state_set(model, kind, n, twin->states[kind][n]);
        }
    }
    return model;
}

static void
check_same_text(char *a, char *b, uint32_t seed)
{
    cr_assert_str_eq(a, b, "seed %u:\n%s\n%s", seed, a, b);
    free(a);
    free(b);
}

static void
check_from_scratch(const struct model *model, const struct twin *twin,
                   uint32_t seed)
{
    struct model *again = from_scratch(twin);

    check_same_text(made_model_text(model), made_model_text(again), seed);
    check_same_text(lists_text(model), lists_text(again), seed);
    cr_assert_eq(model_endpoint_mtu(model), model_endpoint_mtu(again));
    check_consequences(again);
    model_destroy(again);
}

/* Returns 0, a random number, or 'v' with one digit changed. */
static uint64_t
random_change(uint64_t v)
{
    uint64_t digit = random_range(16);

    switch (random_range(6)) {
    case 0:
    case 1:
        return 0;
    case 2:
        return (uint64_t) 1 << 63 | (uint64_t) random_uint32() << 32
               | random_uint32();
    default:
        return v ^ digit << 4 * random_range(15);
    }
}

static void
random_step(struct model *model, struct twin *twin)
{
    enum model_kind kind = random_range(MODEL_N_KINDS);
    unsigned int n = random_range(made_n_rows[kind]);
    uint64_t *v = random_range(4) ? &twin->rows[kind][n]
                  : &twin->states[kind][n];

    *v = random_change(*v);
    if (v == &twin->rows[kind][n]) {
        made_row_set(model, kind, n, *v);
    } else {
        made_state_set(model, kind, n, *v);
    }
}

static void
random_run(uint32_t seed)
{
    struct model *model = model_create();
    struct twin *twin = xzalloc(sizeof *twin);
    struct witness witness = {
        .observer = { .before = witness_before, .after = witness_after },
    };

    random_set_seed(seed);
    model_observe(model, &witness.observer);
    for (unsigned int i = 0; i < 300; i++) {
        random_step(model, twin);
        check_consequences(model);
        check_witness(&witness, model);
        if (i % 5 == 0) {
            check_from_scratch(model, twin, seed);
        }
    }
    model_unobserve(model, &witness.observer);
    witness_destroy(&witness);
    free(twin);
    model_destroy(model);
}

Test(model_random, equals_one_made_from_scratch)
{
    for (uint32_t seed = 1; seed <= 20; seed++) {
        random_run(seed);
    }
}
