/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "compile/compile.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "made-model.h"
#include "nethv/wire.h"
#include "openvswitch/dynamic-string.h"
#include "random.h"
#include "rule.h"
#include "util.h"

/* Compilers under random puts and removals of any rows in any order, endpoints
 * and tunnels that come and go: what they have after each step is what new
 * ones make of the model.  NETHV_COMPILE_SEED is the first seed,
 * NETHV_COMPILE_STEPS the number of steps. */

#define N_HOSTS 3
#define N_PORTS MADE_ROWS_MAX

struct host_twin {
    struct compiler *compiler;
    uint32_t location;
    uint32_t ofports[N_PORTS];      /* By number of port, 0 if not here. */
    uint32_t fabric;                /* From which it is made. */
};

static struct uuid
port_uuid(unsigned int n)
{
    struct uuid uuid = { .parts = { 0 } };

    uuid.parts[3] = n;
    return uuid;
}

static uint32_t
digit(uint32_t *v, uint32_t n)
{
    uint32_t d = *v % n;

    *v /= n;
    return d;
}

static void
set_fabric(struct compiler *compiler, uint32_t v)
{
    struct fabric_edge edges[2];
    struct fabric_peer peers[2];
    struct fabric f;

    memset(&f, 0, sizeof f);
    memset(edges, 0, sizeof edges);
    memset(peers, 0, sizeof peers);
    f.mode = digit(&v, 3);
    f.gateway = nethv_location(1, digit(&v, 3), 0);
    f.mtu = digit(&v, 2) * 1400;
    f.hold = digit(&v, 2);
    f.tags_apart = digit(&v, 2);
    f.encaps = digit(&v, 1 + ENCAP_ALL);
    for (enum encap encap = 0; encap < ENCAP_N; encap++) {
        f.tunnel_ofports[encap] = digit(&v, 2) * (50 + encap);
    }
    f.edges = edges;
    f.n_edges = digit(&v, 3);
    f.peers = peers;
    f.n_peers = digit(&v, 3);
    for (size_t i = 0; i < 2; i++) {
        edges[i].cloud = 11 + i * 10;
        edges[i].encap = digit(&v, ENCAP_N);
        edges[i].ofport = 60 + i;
        peers[i].location = nethv_location(1, 1 + i * 10, 0);
        peers[i].encap = digit(&v, ENCAP_N);
        peers[i].ofport = 70 + i;
    }
    fabric_clear_trees(&f);
    f.stamp = digit(&v, FABRIC_TREES);
    for (size_t i = f.stamp; i < MIN(f.stamp + 2, FABRIC_TREES); i++) {
        f.trees[i].number = digit(&v, 3) * FABRIC_TREES + i;
        f.trees[i].edge[11] = digit(&v, 2);
        f.trees[i].edge[21] = digit(&v, 2);
    }
    compiler_set_fabric(compiler, &f);
}

static char *
rules_text(struct compiler *compiler)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    compiler_run(compiler);
    rule_set_format(compiler_rules(compiler), &s);
    return ds_steal_cstr(&s);
}

static void
check_host(struct model *model, const struct host_twin *twin, uint32_t seed,
           unsigned int step, const char *changes)
{
    struct compiler *anew = compiler_create(model, twin->location);
    char *is = rules_text(twin->compiler), *should;

    set_fabric(anew, twin->fabric);
    for (unsigned int n = 0; n < N_PORTS; n++) {
        struct uuid port = port_uuid(n);

        compiler_set_endpoint(anew, &port, twin->ofports[n]);
    }
    should = rules_text(anew);
    if (strcmp(is, should)) {
        size_t i = 0;

        while (is[i] == should[i]) {
            i++;
        }
        while (i && is[i - 1] != '\n') {
            i--;
        }
        cr_assert_fail("seed %"PRIu32", step %u%s, host %08"PRIx32":\n"
                       "incremental  %.400s\nfrom scratch %.400s", seed, step,
                       changes, twin->location, is + i, should + i);
    }
    free(is);
    free(should);
    compiler_destroy(anew);
}

/* Each appends to 's' what it does. */

static void
change_host(struct host_twin *twin, struct ds *s)
{
    if (random_range(3)) {
        unsigned int n = random_range(N_PORTS);
        struct uuid port = port_uuid(n);

        twin->ofports[n] = random_range(3) ? 100 + random_range(20) : 0;
        compiler_set_endpoint(twin->compiler, &port, twin->ofports[n]);
        ds_put_format(s, "; %08"PRIx32" has port %u at %"PRIu32,
                      twin->location, n, twin->ofports[n]);
    } else {
        twin->fabric = random_uint32();
        set_fabric(twin->compiler, twin->fabric);
        ds_put_format(s, "; %08"PRIx32" has fabric %"PRIu32, twin->location,
                      twin->fabric);
    }
}

static void
change_model(struct model *model, struct ds *s)
{
    enum model_kind kind = random_range(MODEL_N_KINDS);
    unsigned int n = random_range(made_n_rows[kind]);
    uint64_t v = random_range(5) ? random_uint64() : 0;

    if (random_range(3)) {
        made_row_set(model, kind, n, v);
        ds_put_format(s, "; %s %u%s", model_kind_name(kind), n,
                      v ? "" : " removed");
    } else {
        made_state_set(model, kind, n, v);
        ds_put_format(s, "; state of %s %u is %#"PRIx64,
                      model_kind_name(kind), n, v);
    }
}

static unsigned int
env_number(const char *name, unsigned int otherwise)
{
    const char *s = getenv(name);

    return s ? strtoul(s, NULL, 0) : otherwise;
}

static void
run(uint32_t seed, unsigned int n_steps)
{
    struct model *model = model_create();
    struct host_twin twins[N_HOSTS];
    struct ds changes = DS_EMPTY_INITIALIZER;

    random_set_seed(seed);
    memset(twins, 0, sizeof twins);
    for (unsigned int i = 0; i < N_HOSTS; i++) {
        twins[i].location = nethv_location(1, 1 + i, 0);
        twins[i].compiler = compiler_create(model, twins[i].location);
        set_fabric(twins[i].compiler, twins[i].fabric);
    }
    for (unsigned int step = 0; step < n_steps; step++) {
        ds_clear(&changes);
        for (unsigned int n = random_range(4); n; n--) {
            change_model(model, &changes);
        }
        if (!random_range(4)) {
            change_host(&twins[random_range(N_HOSTS)], &changes);
        }
        for (unsigned int i = 0; i < N_HOSTS; i++) {
            check_host(model, &twins[i], seed, step, ds_cstr(&changes));
        }
    }
    ds_destroy(&changes);
    for (unsigned int i = 0; i < N_HOSTS; i++) {
        compiler_destroy(twins[i].compiler);
    }
    model_destroy(model);
}

Test(compile, any_rows_in_any_order)
{
    uint32_t first = env_number("NETHV_COMPILE_SEED", 1);

    for (uint32_t seed = first; seed < first + 10; seed++) {
        run(seed, env_number("NETHV_COMPILE_STEPS", 400));
    }
}
