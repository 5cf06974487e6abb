/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "model.h"
#include "random.h"
#include "util.h"
#include "uuid.h"

#define N 9                 /* Switches, by number. */
#define N_LINKS 14
#define FAR 1000

static struct uuid
id(unsigned int n)
{
    return (struct uuid) { .parts = { 0, 0, 0, n } };
}

static const struct vswitch *
get_switch(const struct model *model, unsigned int n)
{
    struct uuid uuid = id(n);
    struct model_row *row = model_find(model, MODEL_SWITCH, &uuid);

    return row ? CONTAINER_OF(row, struct vswitch, row) : NULL;
}

static const struct vlink *
get_link(const struct model *model, unsigned int n)
{
    struct uuid uuid = id(n);
    struct model_row *row = model_find(model, MODEL_LINK, &uuid);

    return row ? CONTAINER_OF(row, struct vlink, row) : NULL;
}

static void
put_switch(struct model *model, unsigned int n, unsigned int network,
           enum switch_mode mode, uint32_t group)
{
    struct uuid uuid = id(n);
    char name[16];
    struct switch_spec spec = {
        .name = name, .network = id(network), .mode = mode,
    };

    snprintf(name, sizeof name, "s%02u", n);
    model_put_switch(model, &uuid, &spec);
    model_set_switch_group(model, &uuid, group);
}

static void
put_link(struct model *model, unsigned int n, unsigned int a, unsigned int b)
{
    struct uuid uuid = id(n);
    struct link_spec spec = { .network = id(1), .a = id(a), .b = id(b) };

    model_put_link(model, &uuid, &spec);
}

static void
put_network(struct model *model)
{
    struct uuid uuid = id(1);
    struct network_spec spec = { .name = "acme/shop", .tenant = id(1) };

    model_put_network(model, &uuid, &spec);
}

static struct network *
get_network(const struct model *model)
{
    struct uuid uuid = id(1);

    return CONTAINER_OF(model_find(model, MODEL_NETWORK, &uuid),
                        struct network, row);
}

Test(topology, ring_has_one_gap)
{
    struct model *model = model_create();
    unsigned int n_on_tree = 0;

    put_network(model);
    for (unsigned int i = 0; i < 6; i++) {
        put_switch(model, i, 1, SWITCH_LEARNING, i + 10);
        put_link(model, i, i, (i + 1) % 6);
    }
    for (unsigned int i = 0; i < 6; i++) {
        n_on_tree += topology_on_tree(get_link(model, i));
        cr_assert_eq(topology_domain(get_switch(model, i)), 10);
    }
    cr_assert_eq(n_on_tree, 5);
    cr_assert_eq(topology_longest(get_network(model)), 6);

    /* Of two ways of equal length, the one by the lower group. */
    const struct vswitch *next;
    const struct vlink *link;
    cr_assert(topology_next(get_switch(model, 3), get_switch(model, 0),
                            &next, &link));
    cr_assert_eq(next, get_switch(model, 2));
    cr_assert_eq(link, get_link(model, 2));
    cr_assert_not(topology_on_tree(get_link(model, 3)));
    model_destroy(model);
}

Test(topology, parallel_links_count_once)
{
    struct model *model = model_create();

    put_network(model);
    put_switch(model, 1, 1, SWITCH_LEARNING, 10);
    put_switch(model, 2, 1, SWITCH_LEARNING, 11);
    put_link(model, 8, 1, 2);
    put_link(model, 7, 2, 1);
    put_link(model, 9, 1, 1);
    cr_assert(topology_on_tree(get_link(model, 7)));
    cr_assert_not(topology_on_tree(get_link(model, 8)));
    cr_assert_not(topology_on_tree(get_link(model, 9)));
    model_destroy(model);
}

Test(topology, openflow_switches_divide)
{
    struct model *model = model_create();
    const struct vswitch *next = NULL;
    const struct vlink *link;

    put_network(model);
    put_switch(model, 1, 1, SWITCH_LEARNING, 10);
    put_switch(model, 2, 1, SWITCH_OPENFLOW, 11);
    put_switch(model, 3, 1, SWITCH_LEARNING, 12);
    put_link(model, 1, 1, 2);
    put_link(model, 2, 2, 3);
    cr_assert_eq(topology_domain(get_switch(model, 2)), 0);
    cr_assert_eq(topology_domain(get_switch(model, 3)), 12);
    cr_assert_not(topology_on_tree(get_link(model, 1)));
    cr_assert_not(topology_next(get_switch(model, 1), get_switch(model, 3),
                                &next, &link));
    cr_assert_null(next);
    put_switch(model, 2, 1, SWITCH_LEARNING, 11);
    cr_assert_eq(topology_domain(get_switch(model, 3)), 10);
    cr_assert(topology_next(get_switch(model, 1), get_switch(model, 3),
                            &next, &link));
    cr_assert_eq(next, get_switch(model, 2));
    model_destroy(model);
}

Test(topology, longest_path_counts_switches_to_come)
{
    struct model *model = model_create();

    put_network(model);
    cr_assert_eq(topology_longest(get_network(model)), 0);
    put_switch(model, 1, 1, SWITCH_LEARNING, 10);
    cr_assert_eq(topology_longest(get_network(model)), 1);
    for (unsigned int i = 2; i < 20; i++) {
        put_switch(model, i, 1, SWITCH_LEARNING, 0);
        put_link(model, i, i - 1, i);
        cr_assert_eq(topology_longest(get_network(model)), i);
        cr_assert_eq(topology_domain(get_switch(model, i)), 0);
    }
    model_destroy(model);
}

/* The naive twin: distances by repeated relaxation over a matrix. */
struct twin {
    uint32_t groups[N];                 /* 0: takes no part. */
    unsigned int links[N][N];           /* Lowest UUID + 1, 0 if none. */
    unsigned int distance[N][N];        /* FAR if none. */
    unsigned int tree[N][N];
};

static bool
present_in(const struct model *model, unsigned int n)
{
    const struct vswitch *s = get_switch(model, n);

    return s && s->mode == SWITCH_LEARNING && s->group
           && s->network == get_network(model);
}

static void
relax(unsigned int distance[N][N])
{
    for (unsigned int k = 0; k < N; k++) {
        for (unsigned int i = 0; i < N; i++) {
            for (unsigned int j = 0; j < N; j++) {
                distance[i][j] = MIN(distance[i][j],
                                     distance[i][k] + distance[k][j]);
            }
        }
    }
}

static void
twin_build(struct twin *twin, const struct model *model)
{
    *twin = (struct twin) { .groups = { 0 } };
    for (unsigned int i = 0; i < N; i++) {
        twin->groups[i] = present_in(model, i) ? get_switch(model, i)->group
                          : 0;
        for (unsigned int j = 0; j < N; j++) {
            twin->distance[i][j] = twin->tree[i][j]
                = i == j && present_in(model, i) ? 0 : FAR;
        }
    }
    for (unsigned int n = N_LINKS; n-- > 0; ) {
        const struct vlink *link = get_link(model, n);

        if (link) {
            unsigned int a = link->ends[0].vswitch->row.uuid.parts[3];
            unsigned int b = link->ends[1].vswitch->row.uuid.parts[3];

            if (twin->groups[a] && twin->groups[b] && a != b) {
                twin->links[a][b] = twin->links[b][a] = n + 1;
                twin->distance[a][b] = twin->distance[b][a] = 1;
                if (topology_on_tree(link)) {
                    twin->tree[a][b] = twin->tree[b][a] = 1;
                }
            }
        }
    }
    relax(twin->distance);
    relax(twin->tree);
}

static void
check_switch(const struct twin *twin, const struct model *model,
             unsigned int n)
{
    uint32_t domain = twin->groups[n];

    for (unsigned int i = 0; i < N; i++) {
        if (twin->distance[n][i] < FAR) {
            domain = MIN(domain, twin->groups[i]);
            cr_assert_lt(twin->tree[n][i], FAR);
        }
    }
    const struct vswitch *vswitch = get_switch(model, n);
    if (vswitch && vswitch->network == get_network(model)) {
        cr_assert_eq(topology_domain(vswitch), domain);
    }
}

static void
check_path(const struct twin *twin, const struct model *model,
           unsigned int from, unsigned int to)
{
    const struct vswitch *a = get_switch(model, from);
    const struct vswitch *b = get_switch(model, to);
    const struct vswitch *next;
    const struct vlink *link;
    unsigned int best = N;

    if (!a || !b) {
        return;
    }
    for (unsigned int i = 0; i < N; i++) {
        if (twin->links[from][i]
            && twin->distance[i][to] + 1 == twin->distance[from][to]
            && (best == N || twin->groups[i] < twin->groups[best])) {
            best = i;
        }
    }
    cr_assert_eq(topology_next(a, b, &next, &link), best < N);
    if (best < N) {
        cr_assert_eq(next, get_switch(model, best));
        cr_assert_eq(link, get_link(model, twin->links[from][best] - 1));
    }
}

/* The links of the tree are as many as a forest of the domains has, and
 * check_switch() sees that they join what is joined: it is a forest. */
static void
check_tree(const struct twin *twin, const struct model *model)
{
    unsigned int n_expected = 0, n_on_tree = 0, longest = 0;

    for (unsigned int i = 0; i < N; i++) {
        if (twin->groups[i]
            && topology_domain(get_switch(model, i)) != twin->groups[i]) {
            n_expected++;
        }
        for (unsigned int j = 0; j < N; j++) {
            if (twin->tree[i][j] < FAR) {
                longest = MAX(longest, twin->tree[i][j] + 1);
            }
        }
    }
    for (unsigned int n = 0; n < N_LINKS; n++) {
        n_on_tree += get_link(model, n)
                     && topology_on_tree(get_link(model, n));
    }
    cr_assert_eq(n_on_tree, n_expected);

    for (unsigned int i = 0; i < N; i++) {
        const struct vswitch *s = get_switch(model, i);
        if (s && !s->group) {
            return;
        }
    }
    cr_assert_eq(topology_longest(get_network(model)), longest);
}

static void
random_step(struct model *model)
{
    struct uuid uuid;

    switch (random_range(6)) {
    case 0:
        uuid = id(random_range(N));
        model_remove(model, MODEL_SWITCH, &uuid);
        break;
    case 1:
    case 2: {
        unsigned int n = random_range(N);
        put_switch(model, n, random_range(8) ? 1 : 2,
                   random_range(6) ? SWITCH_LEARNING : SWITCH_OPENFLOW,
                   random_range(8) ? 10 + (n * 5 + random_range(2) * 100) % 109
                   : 0);
        break;
    }
    case 3:
        uuid = id(random_range(N_LINKS));
        model_remove(model, MODEL_LINK, &uuid);
        break;
    default:
        put_link(model, random_range(N_LINKS), random_range(N),
                 random_range(N));
    }
}

Test(topology, equals_its_naive_twin)
{
    for (uint32_t seed = 1; seed <= 20; seed++) {
        struct model *model = model_create();

        random_set_seed(seed);
        put_network(model);
        for (unsigned int step = 0; step < 150; step++) {
            struct twin twin;

            random_step(model);
            twin_build(&twin, model);
            for (unsigned int i = 0; i < N; i++) {
                check_switch(&twin, model, i);
                for (unsigned int j = 0; j < N; j++) {
                    check_path(&twin, model, i, j);
                }
            }
            check_tree(&twin, model);
        }
        model_destroy(model);
    }
}
