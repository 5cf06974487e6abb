/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* How the cost of rules and of changes grows with the system, without any Open
 * vSwitch or database.
 *
 * Usage: scale [--clouds=N] [--hosts=N] [--networks=N] [--endpoints=N]
 *              [--places=N] [--switches=N] [--additions=N]
 *
 * Builds the model of a system (system.h), and three parties of it with the
 * production code: the global controller's model, which holds all; the agent of
 * a gateway with the networks whose floods it relays, that of the cloud through
 * which most ways lead; the agent of a host in that cloud, with its networks.
 * Then one endpoint after the other is added to a network of that host, as the
 * database would bring it: port, binding, sequence, the followers'
 * confirmations; and removed again, outside of what is measured.  Prints what
 * it all costs, as JSON; times are the processor's. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compile/internal.h"
#include "gateway/relays.h"
#include "openvswitch/json.h"
#include "rule.h"
#include "party.h"
#include "system.h"
#include "util.h"
#include "uuid.h"


struct scale {
    struct system system;
    struct model *all;
    struct relays *relays;          /* Of 'gateway', in 'all'. */
    struct party gateway;
    struct party host;
};

static int64_t
cpu_nsec(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static void
put_all(struct scale *sc)
{
    for (size_t i = 0; i < sc->system.spec.n_clouds; i++) {
        system_put_cloud(&sc->system, sc->all, i);
    }
    for (size_t i = 0; i < sc->system.spec.n_hosts; i++) {
        system_put_host(&sc->system, sc->all, i);
    }
    for (size_t i = 0; i < sc->system.spec.n_networks; i++) {
        system_put_whole_network(&sc->system, sc->all, i);
    }
}

/* Returns the number of pairs of other clouds between which the way leads
 * through 'cloud', twice. */
static size_t
pairs_through(const struct scale *sc, size_t cloud)
{
    size_t n_clouds = sc->system.spec.n_clouds, sides[NETHV_CLOUD_MAX + 1];
    uint8_t via[NETHV_CLOUD_MAX + 1];
    size_t n = (n_clouds - 1) * (n_clouds - 1);

    memset(sides, 0, sizeof sides);
    tree_next_hops(&sc->system.tree, system_cloud_id(cloud), via);
    for (size_t i = 0; i < n_clouds; i++) {
        if (i != cloud) {
            sides[via[system_cloud_id(i)]]++;
        }
    }
    for (size_t i = 0; i <= NETHV_CLOUD_MAX; i++) {
        n -= sides[i] * sides[i];
    }
    return n;
}

static size_t
busiest_cloud(const struct scale *sc)
{
    size_t busiest = 0;

    for (size_t i = 1; i < sc->system.spec.n_clouds; i++) {
        if (pairs_through(sc, i) > pairs_through(sc, busiest)) {
            busiest = i;
        }
    }
    return busiest;
}

static void
start_gateway(struct scale *sc)
{
    size_t cloud = busiest_cloud(sc), n;
    uint8_t via[NETHV_CLOUD_FLOOD] = { 0 };
    struct uuid *relayed;

    tree_next_hops(&sc->system.tree, system_cloud_id(cloud), via);
    relays_set_tree(sc->relays, system_cloud_id(cloud), via);
    relays_run(sc->relays);
    relayed = relays_networks(sc->relays, &n);
    for (size_t i = 0; i < n; i++) {
        party_add_network(&sc->gateway, relayed[i].parts[2]);
    }
    free(relayed);
    party_start(&sc->system, &sc->gateway, cloud, true);
}

/* Chooses the host of that cloud that has most networks. */
static void
start_host(struct scale *sc)
{
    size_t n_clouds = sc->system.spec.n_clouds, best = 0, most = 0;

    for (size_t host = sc->gateway.host + n_clouds;
         host < sc->system.spec.n_hosts; host += n_clouds) {
        size_t n = 0;

        for (size_t i = 0; i < sc->gateway.n_networks; i++) {
            n += system_is_on(&sc->system, sc->gateway.networks[i], host);
        }
        if (n >= most) {
            most = n;
            best = host;
        }
    }
    for (size_t i = 0; i < sc->gateway.n_networks; i++) {
        if (system_is_on(&sc->system, sc->gateway.networks[i], best)) {
            party_add_network(&sc->host, sc->gateway.networks[i]);
        }
    }
    party_start(&sc->system, &sc->host, best, false);
}

/* Additions. */

/* What one addition costs a party. */
struct cost {
    int64_t nsec;
    size_t owners;                  /* Computed. */
    size_t rules;                   /* Changed. */
};

struct addition {
    size_t network;
    size_t i;
    struct system_endpoint at;
};

static bool
is_elsewhere(const struct scale *sc, const struct addition *a)
{
    return !system_is_on(&sc->system, a->network, a->at.host);
}

/* The steps in which the database brings it. */
enum { STEP_PORT, STEP_BINDING, STEP_SEQUENCE, STEP_FOLLOWERS, N_STEPS };

static void
put_step(const struct scale *sc, struct model *model, const struct addition *a,
         int step)
{
    const struct system *s = &sc->system;

    switch (step) {
    case STEP_PORT:
        system_put_port(s, model, a->network, a->i);
        break;
    case STEP_BINDING:
        system_put_binding(s, model, a->network, a->i, &a->at, 0);
        if (is_elsewhere(sc, a)) {
            system_put_follower(s, model, a->network, a->at.host, 1);
        }
        break;
    case STEP_SEQUENCE:
        system_put_binding(s, model, a->network, a->i, &a->at, 2);
        system_put_network(s, model, a->network, 2);
        break;
    default:
        for (size_t i = 0; i < s->spec.n_endpoints; i++) {
            system_put_follower(s, model, a->network,
                                system_endpoint(s, a->network, i)->host, 2);
        }
        system_put_follower(s, model, a->network, a->at.host, 2);
        break;
    }
}

static void
take_back(const struct scale *sc, struct model *model,
          const struct addition *a)
{
    const struct system *s = &sc->system;
    struct uuid port = system_port_uuid(a->network, a->i);

    model_remove(model, MODEL_BINDING, &port);
    model_remove(model, MODEL_PORT, &port);
    system_put_network(s, model, a->network, 1);
    if (is_elsewhere(sc, a)) {
        struct uuid follower = system_follower_uuid(a->network, a->at.host);

        model_remove(model, MODEL_FOLLOWER, &follower);
    }
    for (size_t i = 0; i < s->spec.n_endpoints; i++) {
        system_put_follower(s, model, a->network,
                            system_endpoint(s, a->network, i)->host, 1);
    }
}

static void
add_to_all(struct scale *sc, const struct addition *a, struct cost *cost)
{
    int64_t start = cpu_nsec();

    for (int step = 0; step < N_STEPS; step++) {
        put_step(sc, sc->all, a, step);
        relays_run(sc->relays);
    }
    *cost = (struct cost) { .nsec = cpu_nsec() - start };
    take_back(sc, sc->all, a);
    relays_run(sc->relays);
}

static size_t
take_changes(struct compiler *compiler)
{
    struct hmap changes = HMAP_INITIALIZER(&changes);
    size_t n;

    rule_set_take_changes(compiler_rules(compiler), &changes);
    n = hmap_count(&changes);
    rule_changes_destroy(&changes);
    return n;
}

static void
add_to_party(struct scale *sc, struct party *party, const struct addition *a,
             struct cost *cost)
{
    struct uuid port = system_port_uuid(a->network, a->i);
    bool here = a->at.host == party->host;
    int64_t start = cpu_nsec();

    *cost = (struct cost) { .nsec = 0 };
    for (int step = 0; step < N_STEPS; step++) {
        put_step(sc, party->model, a, step);
        if (here && step == STEP_PORT) {
            compiler_set_endpoint(party->compiler, &port, PARTY_OFPORT - 1);
        }
        cost->owners += compiler_run(party->compiler);
        cost->rules += take_changes(party->compiler);
    }
    cost->nsec = cpu_nsec() - start;
    if (here) {
        compiler_set_endpoint(party->compiler, &port, 0);
    }
    take_back(sc, party->model, a);
    compiler_run(party->compiler);
    take_changes(party->compiler);
}

/* Where an endpoint is added: on the host itself, or on one of another of the
 * network's clouds that has none of it yet, if there is such a one. */
enum { ADD_HERE, ADD_ELSEWHERE, N_ADDITIONS };

static const char *const addition_names[N_ADDITIONS] = {
    [ADD_HERE] = "here", [ADD_ELSEWHERE] = "elsewhere",
};

static struct addition
draw_addition(struct scale *sc, int where, size_t n)
{
    struct system *s = &sc->system;
    struct addition a = {
        .network = sc->host.networks[n % sc->host.n_networks],
        .i = s->spec.n_endpoints,
        .at = { .host = sc->host.host, .number = 900 },
    };
    const size_t *clouds = &s->clouds[a.network * s->spec.n_places];
    size_t here = system_cloud_of(s, sc->host.host);

    for (int i = 0; i < 100 && where == ADD_ELSEWHERE
                    && (system_cloud_of(s, a.at.host) == here
                        || !is_elsewhere(sc, &a)); i++) {
        a.at.host = system_draw_host(s, clouds[system_draw(s,
                                                  s->spec.n_places)]);
    }
    return a;
}

/* Results. */

static int
compare_sizes(const void *a_, const void *b_)
{
    const int64_t *a = a_, *b = b_;

    return *a < *b ? -1 : *a > *b;
}

static int64_t
median(int64_t *values, size_t n)
{
    qsort(values, n, sizeof *values, compare_sizes);
    return values[n / 2];
}

static void
put_number(struct json *json, const char *name, int64_t value)
{
    json_object_put(json, name, json_integer_create(value));
}

static struct json *
costs_to_json(const struct cost *costs, size_t n)
{
    struct json *json = json_object_create();
    int64_t *values = xcalloc(n, sizeof *values);
    size_t owners = 0, rules = 0;

    for (size_t i = 0; i < n; i++) {
        values[i] = costs[i].nsec;
        owners += costs[i].owners;
        rules += costs[i].rules;
    }
    put_number(json, "nsec", median(values, n));
    json_object_put(json, "owners", json_real_create((double) owners / n));
    json_object_put(json, "rules", json_real_create((double) rules / n));
    free(values);
    return json;
}

static struct json *
additions_to_json(struct scale *sc, int where, size_t n)
{
    struct cost *all = xcalloc(n, sizeof *all);
    struct cost *gateway = xcalloc(n, sizeof *gateway);
    struct cost *host = xcalloc(n, sizeof *host);
    struct json *json = json_object_create();

    for (size_t i = 0; i < n; i++) {
        struct addition a = draw_addition(sc, where, i);

        add_to_all(sc, &a, &all[i]);
        add_to_party(sc, &sc->gateway, &a, &gateway[i]);
        add_to_party(sc, &sc->host, &a, &host[i]);
    }
    json_object_put(json, "all", costs_to_json(all, n));
    json_object_put(json, "gateway", costs_to_json(gateway, n));
    json_object_put(json, "host", costs_to_json(host, n));
    free(all);
    free(gateway);
    free(host);
    return json;
}

/* Rules by who asked for them, as the first bytes of their cookies say: what is
 * there without any network is for transit. */
static struct json *
rules_to_json(const struct party *party)
{
    struct json *json = json_object_create();
    size_t transit = 0, flood = 0, own = 0;
    const struct rule *rule;

    HMAP_FOR_EACH (rule, node, &compiler_rules(party->compiler)->rules) {
        enum compile_role role = (rule->cookie >> 56) - 1;

        if (role < ROLE_SWITCH) {
            transit++;
        } else if (role == ROLE_FLOOD || role == ROLE_PRUNE) {
            flood++;
        } else {
            own++;
        }
    }
    put_number(json, "transit", transit);
    put_number(json, "flood", flood);
    put_number(json, "own", own);
    return json;
}

/* Compiles all rules of 'party', and says what that costs. */
static struct json *
party_to_json(const struct scale *sc, struct party *party)
{
    struct json *json = json_object_create();
    int64_t start = cpu_nsec();

    compiler_run(party->compiler);
    put_number(json, "nsec", cpu_nsec() - start);
    take_changes(party->compiler);
    put_number(json, "bytes", party_memory_used() - party->memory);
    put_number(json, "networks", party->n_networks);
    put_number(json, "switches",
               party->n_networks * sc->system.spec.n_switches);
    put_number(json, "endpoints",
               party->n_networks * sc->system.spec.n_endpoints);
    json_object_put(json, "rules", rules_to_json(party));
    return json;
}

static struct json *
model_to_json(struct scale *sc)
{
    const struct system_spec *spec = &sc->system.spec;
    struct json *json = json_object_create();
    size_t before = party_memory_used();
    int64_t start = cpu_nsec();

    put_all(sc);
    put_number(json, "nsec", cpu_nsec() - start);
    put_number(json, "bytes_per_endpoint",
               (party_memory_used() - before)
               / (spec->n_networks * spec->n_endpoints));
    put_number(json, "clouds", spec->n_clouds);
    put_number(json, "hosts", spec->n_hosts);
    put_number(json, "networks", spec->n_networks);
    put_number(json, "endpoints", spec->n_networks * spec->n_endpoints);
    return json;
}

static void
run(const struct system_spec *spec, size_t n_additions)
{
    struct json *json = json_object_create();
    struct json *additions = json_object_create();
    struct scale sc = { .all = model_create() };

    system_init(&sc.system, spec);
    sc.relays = relays_create(sc.all);
    json_object_put(json, "model", model_to_json(&sc));
    start_gateway(&sc);
    json_object_put(json, "gateway", party_to_json(&sc, &sc.gateway));
    start_host(&sc);
    json_object_put(json, "host", party_to_json(&sc, &sc.host));
    for (int where = 0; where < N_ADDITIONS; where++) {
        json_object_put(additions, addition_names[where],
                        additions_to_json(&sc, where, n_additions));
    }
    json_object_put(json, "additions", additions);

    char *text = json_to_string(json, JSSF_PRETTY | JSSF_SORT);
    puts(text);
    free(text);
    json_destroy(json);
    party_destroy(&sc.gateway);
    party_destroy(&sc.host);
    relays_destroy(sc.relays);
    model_destroy(sc.all);
    system_destroy(&sc.system);
}

int
main(int argc, char *argv[])
{
    struct system_spec spec = {
        .n_clouds = 200, .n_hosts = 1000, .n_networks = 10000,
        .n_endpoints = 10, .n_places = 3, .n_switches = 2,
    };
    size_t n_additions = 1000;
    const struct {
        const char *name;
        size_t *value;
    } options[] = {
        { "clouds", &spec.n_clouds }, { "hosts", &spec.n_hosts },
        { "networks", &spec.n_networks }, { "endpoints", &spec.n_endpoints },
        { "places", &spec.n_places }, { "switches", &spec.n_switches },
        { "additions", &n_additions },
    };

    set_program_name(argv[0]);
    for (int i = 1; i < argc; i++) {
        for (size_t j = 0; j < ARRAY_SIZE(options); j++) {
            size_t n = strlen(options[j].name);

            if (!strncmp(argv[i], "--", 2)
                && !strncmp(argv[i] + 2, options[j].name, n)
                && argv[i][2 + n] == '=') {
                *options[j].value = strtoul(argv[i] + 3 + n, NULL, 10);
            }
        }
    }
    run(&spec, n_additions);
    return 0;
}
