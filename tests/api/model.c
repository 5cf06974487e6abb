/* SPDX-License-Identifier: Apache-2.0 */

/* libnethv from outside: these files see the installed headers only, and are
 * linked once with libnethv.so and once with libnethv.a.  Only other-ovs.c uses
 * a copy of Open vSwitch's library, of its own. */

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nethv/document.h"
#include "nethv/model.h"
#include "nethv/tree.h"
#include "tests/api/deployment.h"

#define WEB_MAC UINT64_C(0x020000000001)
#define DB_MAC UINT64_C(0x020000000002)

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
    struct nethv_document *shop = example_document("shop.json");
    struct nethv_document *inventory = example_document("inventory.json");
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
    example_settle(b);
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
    struct nethv_document *document = example_document("inventory.json");
    char *fault = nethv_model_load(model, document);
    cr_assert(fault && strstr(fault, "two documents"), "%s", fault);
    free(fault);
    nethv_document_destroy(document);
    nethv_model_destroy(model);
}

Test(api_model, rows_are_found_and_iterated_over)
{
    struct nethv_model *model = example_model();
    const struct nethv_row *port = example_find(model, NETHV_KIND_PORT,
                                                "acme/shop/s1/web");
    const struct nethv_row *link = example_find(model, NETHV_KIND_LINK,
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
    const struct nethv_row *port = example_find(model, NETHV_KIND_PORT,
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
    example_load(model, "inventory.json");
    struct nethv_watch *watch = nethv_model_watch(model, &watcher, &told);

    example_load(model, "shop.json");
    /* Tenant, network, two switches, two ports, link. */
    cr_assert_eq(told.rows[NETHV_APPEARED], 7);
    cr_assert_eq(told.came, 0);
    example_settle(model);
    cr_assert_eq(told.came, 4);
    cr_assert_eq(told.rows[NETHV_APPEARED], 7);
    cr_assert(told.rows[NETHV_CHANGED] > 0);
    example_settle(model);
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
    example_settle(model);
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
