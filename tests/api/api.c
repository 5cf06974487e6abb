/* SPDX-License-Identifier: Apache-2.0 */

/* libnethv from outside: this file sees the installed headers only, and is
 * linked once with libnethv.so and once with libnethv.a.  The other file of the
 * program, other-ovs.c, uses a copy of Open vSwitch's library of its own. */

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nethv/client.h"
#include "nethv/document.h"
#include "nethv/model.h"
#include "nethv/nethv.h"
#include "nethv/rules.h"
#include "nethv/trace.h"
#include "nethv/tree.h"
#include "tests/api/other-ovs.h"

#define WEB_MAC UINT64_C(0x020000000001)
#define DB_MAC UINT64_C(0x020000000002)

static struct nethv_document *
read_document(const char *name)
{
    char path[4096], text[16384];
    struct nethv_document *document;

    snprintf(path, sizeof path, "%s/%s", EXAMPLES_DIR, name);
    FILE *file = fopen(path, "r");
    cr_assert(file, "%s", path);
    size_t n = fread(text, 1, sizeof text, file);
    fclose(file);
    char *fault = nethv_document_parse(text, n, &document);
    cr_assert_null(fault, "%s: %s", name, fault);
    return document;
}

static void
load(struct nethv_model *model, const char *name)
{
    struct nethv_document *document = read_document(name);
    char *fault = nethv_model_load(model, document);
    cr_assert_null(fault, "%s", fault);
    nethv_document_destroy(document);
}

static void
settle(struct nethv_model *model)
{
    char *fault = nethv_model_settle(model);
    cr_assert_null(fault, "%s", fault);
}

static struct nethv_model *
example_model(void)
{
    struct nethv_model *model = nethv_model_create();
    load(model, "inventory.json");
    load(model, "shop.json");
    settle(model);
    return model;
}

static const struct nethv_row *
find(const struct nethv_model *model, enum nethv_kind kind, const char *name)
{
    const struct nethv_row *row = nethv_model_find(model, kind, name);
    cr_assert(row, "%s", name);
    return row;
}

/* Documents. */

Test(api_document, faults_are_sentences)
{
    struct nethv_document *document = NULL;
    const char *text = "{\"nethv\": 1, \"tenant\": \"acme\", \"colour\": 1}";
    char *fault = nethv_document_parse(text, strlen(text), &document);
    cr_assert(fault && strstr(fault, "colour"), "%s", fault);
    cr_assert_null(document);
    free(fault);
}

Test(api_document, says_whose_it_is)
{
    struct nethv_document *shop = read_document("shop.json");
    struct nethv_document *inventory = read_document("inventory.json");
    cr_assert_str_eq(nethv_document_tenant(shop), "acme");
    cr_assert_null(nethv_document_tenant(inventory));
    nethv_document_destroy(shop);
    nethv_document_destroy(inventory);
    nethv_document_destroy(NULL);
}

Test(api_document, an_export_makes_the_same_model)
{
    struct nethv_model *a = example_model();
    struct nethv_model *b = nethv_model_create();
    char *texts[2] = {
        nethv_document_export_inventory(a),
        nethv_document_export_tenant(a, "acme"),
    };
    for (int i = 0; i < 2; i++) {
        struct nethv_document *document;
        char *fault = nethv_document_parse(texts[i], strlen(texts[i]),
                                           &document);
        cr_assert_null(fault, "%s", fault);
        fault = nethv_model_load(b, document);
        cr_assert_null(fault, "%s", fault);
        nethv_document_destroy(document);
        free(texts[i]);
    }
    settle(b);
    char *again[2] = { nethv_document_export_inventory(a),
                       nethv_document_export_inventory(b) };
    cr_assert_str_eq(again[0], again[1]);
    cr_assert_null(nethv_document_export_tenant(a, "nobody"));
    free(again[0]);
    free(again[1]);
    nethv_model_destroy(a);
    nethv_model_destroy(b);
}

/* The model. */

Test(api_model, a_name_twice_is_refused)
{
    struct nethv_model *model = example_model();
    struct nethv_document *document = read_document("inventory.json");
    char *fault = nethv_model_load(model, document);
    cr_assert(fault && strstr(fault, "two documents"), "%s", fault);
    free(fault);
    nethv_document_destroy(document);
    nethv_model_destroy(model);
}

Test(api_model, rows_are_found_and_iterated_over)
{
    struct nethv_model *model = example_model();
    const struct nethv_row *port = find(model, NETHV_KIND_PORT,
                                        "acme/shop/s1/web");
    const struct nethv_row *link = find(model, NETHV_KIND_LINK,
                                        "acme/shop/l1");
    const struct nethv_row *vswitch = nethv_row_parent(port);
    char uuid[NETHV_UUID_STRLEN];

    cr_assert_eq(nethv_row_kind(port), NETHV_KIND_PORT);
    cr_assert_str_eq(nethv_kind_name(NETHV_KIND_PORT), "port");
    cr_assert_str_eq(nethv_row_name(vswitch), "acme/shop/s1");
    cr_assert_str_eq(nethv_row_name(nethv_row_parent(vswitch)), "acme/shop");
    cr_assert_eq(nethv_row_end(link, 0), vswitch);
    cr_assert_null(nethv_row_end(port, 0));
    cr_assert_eq(strlen(nethv_row_uuid(port, uuid)), 36);
    cr_assert_eq(nethv_port_n_macs(port), 1);
    cr_assert_eq(nethv_port_mac(port, 0), WEB_MAC);
    cr_assert_neq(nethv_switch_group(vswitch), 0);
    cr_assert_null(nethv_model_find(model, NETHV_KIND_PORT, "acme/shop/s1"));

    char *json = nethv_row_to_json(port);
    cr_assert(strstr(json, "02:00:00:00:00:01"), "%s", json);
    free(json);

    size_t n = 0;
    for (const struct nethv_row *row = nethv_model_first(model,
                                                         NETHV_KIND_HOST);
         row; row = nethv_model_next(model, row)) {
        cr_assert_eq(nethv_model_host_at(model, nethv_host_location(row)),
                     row);
        n++;
    }
    cr_assert_eq(n, 4);
    cr_assert_eq(nethv_cloud_id(nethv_model_cloud(model, 2)), 2);
    cr_assert_null(nethv_model_cloud(model, 9));
    cr_assert_null(nethv_model_cloud(model, 300));
    nethv_model_destroy(model);
}

Test(api_model, places_lead_to_ports_and_back)
{
    struct nethv_model *model = example_model();
    const struct nethv_row *port = find(model, NETHV_KIND_PORT,
                                        "acme/shop/s1/web");
    const uint64_t macs[] = { 0, WEB_MAC };

    for (int i = 0; i < 2; i++) {
        struct nethv_place place;
        uint64_t mac = 1;
        cr_assert(nethv_model_place(model, port, macs[i], &place));
        cr_assert_eq(place.cloud, 1);
        cr_assert_eq(place.host, 2);
        cr_assert_eq(place.location,
                     nethv_location(1, 2, place.number));
        cr_assert_eq(nethv_model_port_at(model, place.tag, place.location,
                                         &mac), port);
        cr_assert_eq(mac, macs[i]);
        cr_assert_null(nethv_model_port_at(model, place.tag + 1,
                                           place.location, NULL));
    }
    struct nethv_place none = { .location = 7 };
    cr_assert_not(nethv_model_place(model, port, DB_MAC, &none));
    cr_assert_eq(none.location, 7);
    nethv_model_destroy(model);
}

/* What a watcher was told, in brief. */
struct told {
    unsigned int rows[3];           /* By enum nethv_change. */
    unsigned int came, moved, went; /* Places. */
    char last[64];
};

static void
on_row(void *told_, enum nethv_change change, enum nethv_kind kind,
       const char *name, const struct nethv_row *row)
{
    struct told *told = told_;
    told->rows[change]++;
    cr_assert_eq(!row, change == NETHV_GONE);
    cr_assert(!row || nethv_row_kind(row) == kind);
    cr_assert(name || kind == NETHV_KIND_CLOUD_LINK);
}

static void
on_place(void *told_, const char *port, uint64_t mac,
         const struct nethv_place *before, const struct nethv_place *now)
{
    struct told *told = told_;
    cr_assert(before || now);
    cr_assert(mac == 0 || mac == WEB_MAC || mac == DB_MAC);
    told->came += !before;
    told->went += !now;
    told->moved += before && now;
    snprintf(told->last, sizeof told->last, "%s", port);
}

static const struct nethv_watcher watcher = {
    .row = on_row, .place = on_place,
};

Test(api_model, watchers_are_told_of_rows_and_places)
{
    struct nethv_model *model = nethv_model_create();
    struct told told = { .came = 0 };
    load(model, "inventory.json");
    struct nethv_watch *watch = nethv_model_watch(model, &watcher, &told);

    load(model, "shop.json");
    /* Tenant, network, two switches, two ports, link. */
    cr_assert_eq(told.rows[NETHV_APPEARED], 7);
    cr_assert_eq(told.came, 0);
    settle(model);
    cr_assert_eq(told.came, 4);
    cr_assert_eq(told.rows[NETHV_APPEARED], 7);
    cr_assert(told.rows[NETHV_CHANGED] > 0);
    settle(model);
    cr_assert_eq(told.came, 4);
    cr_assert_eq(told.moved + told.went, 0);
    nethv_watch_destroy(watch);
    nethv_watch_destroy(NULL);
    nethv_model_destroy(model);
}

Test(api_model, places_move_with_the_tag)
{
    struct nethv_model *model = example_model();
    struct told told = { .came = 0 };
    struct nethv_watch *watch = nethv_model_watch(model, &watcher, &told);
    const char *text = "{\"nethv\": 1, \"tenant\": \"aaa\", \"networks\": "
                       "[{\"name\": \"n\"}]}";
    struct nethv_document *document;

    /* Tags are given in the order of names. */
    cr_assert_null(nethv_document_parse(text, strlen(text), &document));
    cr_assert_null(nethv_model_load(model, document));
    nethv_document_destroy(document);
    settle(model);
    cr_assert_eq(told.moved, 4);
    cr_assert_eq(told.came + told.went, 0);
    nethv_watch_destroy(watch);
    nethv_model_destroy(model);
}

/* The tree. */

Test(api_tree, takes_the_lightest_edges)
{
    struct nethv_model *model = example_model();
    struct nethv_tree *tree = nethv_tree_create(model);
    struct nethv_tree_edge edge;

    nethv_model_destroy(model);
    cr_assert_eq(nethv_tree_n_edges(tree), 2);
    cr_assert(nethv_tree_edge(tree, 0, &edge));
    cr_assert(edge.a == 1 && edge.b == 2 && edge.weight == 18.5);
    cr_assert(nethv_tree_edge(tree, 1, &edge));
    cr_assert(edge.a == 2 && edge.b == 3 && edge.weight == 5);
    cr_assert_not(nethv_tree_edge(tree, 2, &edge));
    cr_assert_eq(nethv_tree_next(tree, 1, 3), 2);
    cr_assert_eq(nethv_tree_next(tree, 2, 3), 3);
    cr_assert_eq(nethv_tree_next(tree, 2, 2), 0);
    cr_assert_eq(nethv_tree_next(tree, 0, 2), 0);
    cr_assert_eq(nethv_tree_next(tree, 1, 999), 0);
    nethv_tree_destroy(tree);
}

/* Rules and traces. */

enum { ENDPOINT = 10, FLOW_TUNNEL = 20, EDGE_TUNNEL = 30 };

/* The two hosts of the example that have endpoints, and the gateway between. */
struct deployment {
    struct nethv_model *model;
    struct nethv_tree *tree;
    struct nethv_rules *rules[3];
    struct nethv_trace_fabric *fabric;
    struct nethv_trace_host *hosts[3];
};

static const struct site {
    const char *name, *address, *public_address, *port;
    uint32_t location;
    unsigned int peer;
    const char *remote;
} sites[3] = {
    { "vm-aws1", "10.1.0.2", NULL, "acme/shop/s1/web", 0x01002000, 0, NULL },
    { "gw-aws1", "10.1.0.1", "198.51.100.1", NULL, 0x01001000, 2,
      "198.51.100.2" },
    { "gw-az1", "10.2.0.1", "198.51.100.2", "acme/shop/s2/db", 0x02001000, 1,
      "198.51.100.1" },
};

static struct nethv_rules *
make_rules(struct deployment *d, const struct site *site)
{
    struct nethv_rules *rules = nethv_rules_create(d->model, site->location);
    struct nethv_edge edge = { site->peer, NETHV_GENEVE, EDGE_TUNNEL };
    struct nethv_fabric fabric = {
        .tunnel_ofports = { FLOW_TUNNEL },
        .edges = &edge,
        .n_edges = site->peer != 0,
        .tree = d->tree,
        .tree_number = 1,
    };
    nethv_rules_set_fabric(rules, &fabric);
    if (site->port) {
        nethv_rules_set_endpoint(rules, find(d->model, NETHV_KIND_PORT,
                                             site->port), ENDPOINT);
    }
    cr_assert(nethv_rules_run(rules) > 0);
    return rules;
}

static void
add_to_fabric(struct deployment *d, int i)
{
    const struct site *site = &sites[i];
    struct nethv_trace_host_spec spec = {
        site->name, d->rules[i], site->location >> 24, site->address,
        site->public_address,
    };
    cr_assert_null(nethv_trace_add_host(d->fabric, &spec, &d->hosts[i]));
    nethv_trace_add_endpoint(d->hosts[i], ENDPOINT);
    cr_assert_null(nethv_trace_add_tunnel(d->hosts[i], FLOW_TUNNEL, NETHV_GRE,
                                          NULL));
    if (site->peer) {
        cr_assert_null(nethv_trace_add_tunnel(d->hosts[i], EDGE_TUNNEL,
                                              NETHV_GENEVE, site->remote));
    }
}

static void
deploy(struct deployment *d)
{
    d->model = example_model();
    d->tree = nethv_tree_create(d->model);
    d->fabric = nethv_trace_fabric_create();
    for (int i = 0; i < 3; i++) {
        d->rules[i] = make_rules(d, &sites[i]);
        add_to_fabric(d, i);
    }
}

static void
undeploy(struct deployment *d)
{
    nethv_trace_fabric_destroy(d->fabric);
    for (int i = 0; i < 3; i++) {
        nethv_rules_destroy(d->rules[i]);
    }
    nethv_tree_destroy(d->tree);
    nethv_model_destroy(d->model);
}

static const uint8_t frame[60] = {
    0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1, 0x88, 0xb5, 'h', 'i',
};

/* Returns how many copies of the frame arrive at the database's port. */
static size_t
send_frame(struct deployment *d)
{
    struct nethv_delivery delivery;
    struct nethv_trace *trace = nethv_trace_run(d->hosts[0], ENDPOINT, frame,
                                                sizeof frame);
    size_t n = nethv_trace_n_deliveries(trace);

    for (size_t i = 0; nethv_trace_delivery(trace, i, &delivery); i++) {
        cr_assert_str_eq(delivery.host, "gw-az1");
        cr_assert_eq(delivery.ofport, ENDPOINT);
        cr_assert_eq(delivery.size, sizeof frame);
        cr_assert_arr_eq(delivery.frame, frame, sizeof frame);
    }
    nethv_trace_destroy(trace);
    return n;
}

Test(api_rules, a_frame_goes_from_cloud_to_cloud)
{
    struct deployment d;
    deploy(&d);
    cr_assert_eq(send_frame(&d), 1);

    /* Rules may change under the fabric. */
    nethv_rules_set_endpoint(d.rules[2], find(d.model, NETHV_KIND_PORT,
                                              "acme/shop/s2/db"), 0);
    cr_assert(nethv_rules_run(d.rules[2]) > 0);
    cr_assert_eq(send_frame(&d), 0);
    nethv_trace_forget(d.hosts[0]);
    undeploy(&d);
}

Test(api_rules, a_trace_tells_its_steps)
{
    struct deployment d;
    deploy(&d);
    struct nethv_trace *trace = nethv_trace_run(d.hosts[0], 99, frame,
                                                sizeof frame);
    char *text = nethv_trace_text(trace);
    char *json = nethv_trace_json(trace);
    cr_assert(strstr(text, "vm-aws1"), "%s", text);
    cr_assert_eq(json[0], '{');
    cr_assert_eq(nethv_trace_n_deliveries(trace), 0);
    cr_assert_not_null(nethv_trace_drop(trace, 0));
    cr_assert_null(nethv_trace_drop(trace, 1));
    free(text);
    free(json);
    nethv_trace_destroy(trace);

    struct nethv_trace_host_spec bad = { "x", d.rules[0], 1, "10.0.0", NULL };
    struct nethv_trace_host *host;
    char *fault = nethv_trace_add_host(d.fabric, &bad, &host);
    cr_assert(fault && strstr(fault, "10.0.0"), "%s", fault);
    free(fault);
    undeploy(&d);
}

static unsigned int
be16(const uint8_t *p)
{
    return p[0] << 8 | p[1];
}

Test(api_rules, the_difference_is_taken_once)
{
    struct deployment d;
    deploy(&d);
    struct nethv_rules *rules = d.rules[0];
    struct nethv_update *update = nethv_rules_take(rules);
    size_t n = nethv_update_count(update);

    cr_assert_eq(n, nethv_rules_count(rules));
    for (size_t i = 0; i < n; i++) {
        size_t size;
        const uint8_t *m = nethv_update_message(update, i, &size);
        cr_assert_not(nethv_update_deletes(update, i));
        cr_assert(!strncmp(nethv_update_text(update, i), "add ", 4));
        /* OpenFlow 1.5, a flow_mod, its length. */
        cr_assert(m[0] == 6 && m[1] == 14 && be16(m + 2) == size);
    }
    nethv_update_destroy(update);

    update = nethv_rules_take(rules);
    cr_assert_eq(nethv_update_count(update), 0);
    nethv_update_destroy(update);

    nethv_rules_set_endpoint(rules, find(d.model, NETHV_KIND_PORT,
                                         "acme/shop/s1/web"), 0);
    nethv_rules_run(rules);
    update = nethv_rules_take(rules);
    n = nethv_update_count(update);
    cr_assert(n > 0);
    const char *text = nethv_update_text(update, n - 1);
    cr_assert(nethv_update_deletes(update, n - 1));
    cr_assert(!strncmp(text, "delete_strict table=", 20), "%s", text);
    cr_assert_null(strstr(text, "actions"), "%s", text);
    nethv_update_destroy(update);
    nethv_update_destroy(NULL);
    undeploy(&d);
}

Test(api_rules, meters_are_those_of_links)
{
    struct deployment d;
    deploy(&d);
    struct nethv_meter *meters;
    size_t n;
    nethv_rules_meters(d.rules[0], &meters, &n);
    cr_assert(n > 0);
    cr_assert_eq(meters[0].kbps, 100000);
    free(meters);
    undeploy(&d);
}

/* Clients, without a database: what can be wrong before there is one. */

Test(api_client, options_are_checked)
{
    static const struct nethv_client_options bad[] = {
        { .remotes = NULL },
        { .remotes = "ssl:192.0.2.1:6645" },
        { .remotes = "ssl:192.0.2.1:6645", .private_key = "/nonexistent",
          .certificate = "/nonexistent", .ca_certificate = "/nonexistent" },
    };
    static const char *const words[] = { "remotes", "private_key",
                                         "/nonexistent" };
    struct nethv_model *model = nethv_model_create();
    struct nethv_client *client = NULL;
    for (int i = 0; i < 3; i++) {
        char *fault = nethv_client_create(model, &bad[i], &client);
        cr_assert(fault && strstr(fault, words[i]), "%s", fault);
        cr_assert_null(client);
        free(fault);
    }
    nethv_model_destroy(model);
}

Test(api_client, tries_again_at_its_deadline)
{
    struct nethv_client_options options = {
        .remotes = "unix:/nonexistent/nethv-db.sock",
    };
    struct nethv_model *model = nethv_model_create();
    struct nethv_client *client;

    cr_assert_null(nethv_client_create(model, &options, &client));
    int fd = nethv_client_fd(client);
    cr_assert(fd >= 0);
    cr_assert_eq(nethv_client_timeout(client), 0);
    for (int i = 0; i < 10; i++) {
        nethv_client_run(client);
    }
    cr_assert(nethv_client_timeout(client) > 0);
    cr_assert(nethv_client_deadline(client) < INT64_MAX);
    cr_assert_not(nethv_client_is_connected(client));
    cr_assert_not(nethv_client_is_complete(client));
    cr_assert_eq(nethv_client_fd(client), fd);
    nethv_client_destroy(client);
    nethv_client_destroy(NULL);
    nethv_model_destroy(model);
}

/* The process. */

Test(api_process, messages_come_once_init_has_asked)
{
    cr_assert_eq(nethv_init(NETHV_LOG_INFO, NULL, NULL), 0);
    cr_assert_eq(nethv_init(NETHV_LOG_INFO, NULL, NULL), EALREADY);
    cr_assert_str_eq(nethv_version(), NETHV_VERSION);
}

static void
count_message(void *n, enum nethv_log_level level, const char *module,
              const char *message)
{
    cr_assert(level <= NETHV_LOG_DEBUG);
    cr_assert(module && message);
    __atomic_add_fetch((int *) n, 1, __ATOMIC_RELAXED);
}

Test(api_process, a_callback_gets_messages)
{
    int n = 0;
    cr_assert_eq(nethv_init(NETHV_LOG_DEBUG, count_message, &n), 0);
    struct nethv_client_options options = {
        .remotes = "unix:/nonexistent/nethv-db.sock",
    };
    struct nethv_model *model = nethv_model_create();
    struct nethv_client *client;
    cr_assert_null(nethv_client_create(model, &options, &client));
    for (int i = 0; i < 10; i++) {
        nethv_client_run(client);
    }
    cr_assert(n > 0);
    nethv_client_destroy(client);
    nethv_model_destroy(model);
}

Test(api_process, signals_stay_the_programs)
{
    static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGALRM, SIGPIPE };
    struct sigaction before[5], now;
    for (int i = 0; i < 5; i++) {
        sigaction(signals[i], NULL, &before[i]);
    }
    struct deployment d;
    deploy(&d);
    send_frame(&d);
    undeploy(&d);
    for (int i = 0; i < 5; i++) {
        sigaction(signals[i], NULL, &now);
        cr_assert_eq(now.sa_handler, before[i].sa_handler);
    }
}

static void *
use_a_context(void *rounds)
{
    for (int i = 0; i < *(int *) rounds; i++) {
        struct deployment d;
        deploy(&d);
        cr_assert_eq(send_frame(&d), 1);
        char *text = nethv_rules_text(d.rules[0]);
        cr_assert(strlen(text) > 0);
        free(text);
        undeploy(&d);
    }
    return NULL;
}

Test(api_process, contexts_live_in_threads_of_their_own)
{
    pthread_t threads[2];
    int rounds = 20;
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, use_a_context, &rounds),
                     0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
}

Test(api_process, another_open_vswitch_lives_beside)
{
    struct deployment d;
    int rounds = 1;
    other_ovs_use();
    use_a_context(&rounds);
    deploy(&d);
    other_ovs_use();
    cr_assert_eq(send_frame(&d), 1);
    other_ovs_use();
    undeploy(&d);
}
