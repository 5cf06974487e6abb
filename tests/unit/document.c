/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "document.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "export.h"
#include "model.h"
#include "nethv/wire.h"
#include "openvswitch/dynamic-string.h"
#include "packets.h"
#include "util.h"

/* Golden faults: tests/golden/document.txt says what its lines mean. */

/* Returns 's' with "\n" made ends of lines. */
static char *
unescape(const char *s)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    for (; *s; s++) {
        if (s[0] == '\\' && s[1] == 'n') {
            ds_put_char(&ds, '\n');
            s++;
        } else {
            ds_put_char(&ds, *s);
        }
    }
    return ds_steal_cstr(&ds);
}

static void
check_golden(const char *frame, const char *input, const char *expected,
             unsigned int line)
{
    const char *hole = strchr(frame, '%');
    char *whole = xasprintf("%.*s%s%s", (int) (hole - frame), frame, input,
                            hole + 1);
    char *text = unescape(whole);
    struct document *document = NULL;
    char *fault = document_parse(text, strlen(text), &document);

    cr_expect_str_eq(fault ? fault : "ok", expected,
                     "line %u: %s\n  => %s\n  not %s", line, text,
                     fault ? fault : "ok", expected);
    cr_expect_eq(!fault, document != NULL);
    document_destroy(document);
    free(fault);
    free(text);
    free(whole);
}

static void
check_golden_line(char *line, char **frame, unsigned int number)
{
    line[strcspn(line, "\n")] = '\0';
    if (!line[0] || line[0] == '#') {
        return;
    } else if (!strncmp(line, "in ", 3)) {
        free(*frame);
        *frame = xstrdup(line + 3);
        return;
    }
    char *arrow = strstr(line, " => ");
    arrow = arrow ? arrow : strstr(line, " ~> ");
    cr_assert_not_null(arrow, "line %u has no arrow", number);
    *arrow = '\0';
    check_golden(*frame, line, arrow + 4, number);
}

Test(document, golden)
{
    FILE *file = fopen(TESTS_DIR "/golden/document.txt", "r");
    cr_assert_not_null(file, "%s", ovs_strerror(errno));

    char *line = NULL;
    char *frame = xstrdup("%");
    size_t size = 0;
    unsigned int n = 0;
    while (getline(&line, &size, file) >= 0) {
        check_golden_line(line, &frame, ++n);
    }
    cr_assert_gt(n, 100);
    free(frame);
    free(line);
    fclose(file);
}

/* Contents. */

/* Parses 'quoted', which has ' for ", and which is good. */
static struct document *
parse(const char *quoted)
{
    char *text = xstrdup(quoted);
    for (char *p = text; *p; p++) {
        *p = *p == '\'' ? '"' : *p;
    }
    struct document *document = NULL;
    char *fault = document_parse(text, strlen(text), &document);
    cr_assert_null(fault, "%s: %s", text, fault);
    free(text);
    return document;
}

#define SHOP                                                                \
    "{'nethv': 1, 'tenant': 'acme', 'networks': [{'name': 'shop',"          \
    "'switches': [{'name': 's1', 'mode': 'openflow', 'ports': ["            \
    "  {'name': 'web', 'mac': ['02:00:00:00:00:02', '02:00:00:00:00:01'],"  \
    "   'ips': ['fd00::1/64', '10.0.0.1/24'], 'security': true},"           \
    "  {'name': 'any', 'sharing': true}]},"                                 \
    "  {'name': 's2', 'ports': [], 'dhcp': {'router': '10.0.0.254',"        \
    "   'routes': ['10.2.0.0/16 via 10.0.0.9', '10.1.0.0/16 via 10.0.0.8']," \
    "   'dns': ['10.0.0.54', '10.0.0.53'], 'domain': 'shop.example'},"      \
    "   'ra': {'router': 'fe80::1', 'routes': ['fd01::/64'],"               \
    "          'lifetime': 600}}],"                                         \
    "'links': [{'name': 'l1', 'a': 's1', 'b': 's2',"                        \
    "           'bandwidth': '100M'}]},"                                    \
    "{'name': 'empty'}]}"

#define SITES                                                               \
    "{'nethv': 1, 'clouds': ["                                              \
    "  {'name': 'aws1', 'id': 7, 'provider': 'aws', 'jurisdiction': 'EU',"  \
    "   'mtu': 9001, 'mode': 'mesh', 'public_ips': ['198.51.100.1']},"      \
    "  {'name': 'az1', 'id': 2, 'provider': 'azure'}],"                     \
    "'links': [{'a': 'az1', 'b': 'aws1', 'cost': 12.7, 'rtt': 3}],"         \
    "'hosts': [{'name': 'h1', 'cloud': 'az1', 'id': 9, 'gateway': true,"    \
    "           'encap_ip': '10.0.0.1', 'public_ip': '198.51.100.2'},"      \
    "          {'name': 'h2', 'cloud': 'aws1', 'id': 1,"                    \
    "           'encaps': ['vxlan']}],"                                     \
    "'bindings': [{'port': 'acme/shop/s1/web', 'host': 'h1'},"              \
    "             {'port': 'acme/shop/s1/any', 'host': 'h1'}]}"

#define FIND(MODEL, KIND, STRUCT, NAME)                                     \
    CONTAINER_OF(model_find_name(MODEL, KIND, NAME), struct STRUCT, row)

Test(document, tenant)
{
    struct document *d = parse(SHOP);
    cr_assert_eq(d->kind, DOCUMENT_TENANT);
    cr_assert_str_eq(d->tenant, "acme");
    cr_assert_not(d->offline);
    cr_assert_eq(d->networks.n, 2);
    cr_assert_str_eq(d->networks.names[0], "acme/empty");
    cr_assert_str_eq(d->networks.names[1], "acme/shop");

    const struct vport *web = FIND(d->model, MODEL_PORT, vport,
                                   "acme/shop/s1/web");
    cr_assert_eq(web->n_macs, 2);
    cr_assert_eq(web->macs[0].address.ea[5], 1);
    cr_assert_eq(web->macs[1].address.ea[5], 2);
    cr_assert_eq(web->n_ips, 2);
    cr_assert(web->security && !web->sharing);
    cr_assert_eq(web->vswitch->mode, SWITCH_OPENFLOW);
    cr_assert_eq(web->network->tenant->row.present, true);

    const struct vlink *l1 = FIND(d->model, MODEL_LINK, vlink,
                                  "acme/shop/l1");
    cr_assert_str_eq(l1->ends[0].vswitch->row.name, "acme/shop/s1");
    cr_assert_str_eq(l1->ends[1].vswitch->row.name, "acme/shop/s2");
    cr_assert_eq(l1->bandwidth, 100000000);
    document_destroy(d);
}

Test(document, inventory)
{
    struct document *d = parse(SITES);
    cr_assert_eq(d->kind, DOCUMENT_INVENTORY);
    cr_assert_null(d->tenant);
    cr_assert(d->offline);
    cr_assert_str_eq(smap_get(&d->bindings, "acme/shop/s1/web"), "h1");

    const struct cloud *az1 = FIND(d->model, MODEL_CLOUD, cloud, "az1");
    cr_assert_eq(az1->id, 2);
    cr_assert_eq(az1->mtu, 1500);
    cr_assert_eq(az1->encaps, ENCAP_ALL & ~(1u << ENCAP_GRE));
    cr_assert_eq(az1->mode, CLOUD_DIRECT);

    const struct host *h1 = FIND(d->model, MODEL_HOST, host, "h1");
    cr_assert_eq(h1->cloud, az1);
    cr_assert(h1->gateway);
    cr_assert_eq(h1->encaps, ENCAP_ALL);
    cr_assert_eq(in6_addr_get_mapped_ipv4(&h1->public_ip),
                 htonl(0xc6336402));

    const struct model_row *row = model_first(d->model, MODEL_CLOUD_LINK);
    const struct cloud_link *link = CONTAINER_OF(row, struct cloud_link, row);
    cr_assert_eq(link->ends[1].cloud, az1);
    cr_assert_float_eq(link->cost, 12.7, 0);
    cr_assert_float_eq(link->rtt, 3, 0);
    document_destroy(d);
}

Test(document, size_is_limited)
{
    size_t size = DOCUMENT_SIZE_MAX + 1;
    char *text = xmalloc(size);
    memset(text, ' ', size);
    struct document *document;
    char *fault = document_parse(text, size, &document);
    cr_assert_str_eq(fault, "the document has 16777217 bytes, and may have "
                     "16777216: split it by networks");
    free(fault);
    free(text);
}

Test(document, null_bytes_are_refused)
{
    static const char text[] = "{\n\"nethv\": 1\0}";
    struct document *document;
    char *fault = document_parse(text, sizeof text - 1, &document);
    cr_assert_str_eq(fault, "line 2, column 11: this is not JSON: a null byte "
                     "is in no text");
    free(fault);
}

/* A chain, or a ring, of 'n' switches. */
static char *
chain(unsigned int n, bool ring)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    ds_put_cstr(&ds, "{\"nethv\":1,\"tenant\":\"a\",\"networks\":[{"
                "\"name\":\"n\",\"switches\":[");
    for (unsigned int i = 0; i < n; i++) {
        ds_put_format(&ds, "%s{\"name\":\"s%u\"}", i ? "," : "", i);
    }
    ds_put_cstr(&ds, "],\"links\":[");
    for (unsigned int i = 0; i + 1 < n + ring; i++) {
        ds_put_format(&ds, "%s{\"name\":\"l%u\",\"a\":\"s%u\",\"b\":\"s%u\"}",
                      i ? "," : "", i, i, (i + 1) % n);
    }
    ds_put_cstr(&ds, "]}]}");
    return ds_steal_cstr(&ds);
}

static void
check_chain(unsigned int n, bool ring, const char *expected)
{
    char *text = chain(n, ring);
    struct document *document = NULL;
    char *fault = document_parse(text, strlen(text), &document);
    cr_expect_str_eq(fault ? fault : "ok", expected);
    document_destroy(document);
    free(fault);
    free(text);
}

Test(document, width_is_limited)
{
    check_chain(48, false, "ok");
    check_chain(48, true, "ok");
    check_chain(49, false, "line 1, column 37: networks[0]: has a path of 49 "
                "switches, and a frame can enter 48: add links that shorten "
                "it");
}

/* The examples of the manual page, between .EX and .EE. */
Test(document, examples_of_the_manual)
{
    FILE *file = fopen(TESTS_DIR "/../man/nethv-document.5", "r");
    cr_assert_not_null(file, "%s", ovs_strerror(errno));

    struct ds example = DS_EMPTY_INITIALIZER;
    struct ds line = DS_EMPTY_INITIALIZER;
    unsigned int n = 0;
    while (!ds_get_line(&line, file)) {
        if (!strcmp(ds_cstr(&line), ".EX")) {
            ds_clear(&example);
        } else if (strcmp(ds_cstr(&line), ".EE")) {
            ds_put_format(&example, "%s\n", ds_cstr(&line));
        } else if (ds_cstr(&example)[0] == '{') {
            document_destroy(parse(ds_cstr(&example)));
            n++;
        }
    }
    cr_assert_eq(n, 2);
    ds_destroy(&line);
    ds_destroy(&example);
    fclose(file);
}

/* Exports. */

static char *
export(const struct document *d, const struct model *model)
{
    return (d->kind == DOCUMENT_TENANT
            ? export_tenant(model, d->tenant, NULL)
            : export_inventory(model, d->offline));
}

static void
check_round_trip(const char *input)
{
    struct document *first = parse(input);
    struct model *model = model_create();
    cr_assert_null(document_put(first, model));
    char *text = export(first, model);

    struct document *second = NULL;
    char *fault = document_parse(text, strlen(text), &second);
    cr_assert_null(fault, "%s%s", text, fault);
    char *again = export(second, second->model);
    cr_assert_str_eq(again, text);

    free(text);
    free(again);
    document_destroy(first);
    document_destroy(second);
    model_destroy(model);
}

Test(document, exports_parse_to_the_same)
{
    check_round_trip(SHOP);
    check_round_trip(SITES);
    check_round_trip("{'nethv': 1, 'tenant': 'none'}");
    check_round_trip("{'nethv': 1, 'clouds': []}");
    check_round_trip("{'nethv': 1, 'clouds': [{'name': 'b', 'id': 1},"
                     "{'name': 'a', 'id': 3}, {'name': 'c', 'id': 2}],"
                     "'links': [{'a': 'c', 'b': 'b', 'cost': 0.1},"
                     "{'a': 'c', 'b': 'a'}, {'a': 'b', 'b': 'a'}]}");
}

Test(document, export_text)
{
    struct document *d = parse(SHOP);
    struct svec only = SVEC_EMPTY_INITIALIZER;
    svec_add(&only, "acme/empty");
    char *text = export_tenant(d->model, "acme", &only);
    cr_assert_str_eq(text,
                     "{\n  \"nethv\": 1,\n  \"tenant\": \"acme\",\n"
                     "  \"networks\": [\n    {\n      \"name\": \"empty\",\n"
                     "      \"switches\": [],\n      \"links\": []\n"
                     "    }\n  ]\n}\n");
    cr_assert_null(export_tenant(d->model, "other", NULL));
    free(text);
    svec_destroy(&only);
    document_destroy(d);
}

/* Several documents together. */

Test(document, put_refuses_what_is_there)
{
    static const char *const documents[][2] = {
        { "{'nethv': 1, 'tenant': 'acme', 'networks': [{'name': 'shop'}]}",
          "two documents have a network called acme/shop: rename one" },
        { "{'nethv': 1, 'clouds': [{'name': 'x', 'id': 7}]}",
          "two documents have a cloud with id 7, aws1 and x: give one another "
          "id" },
        { "{'nethv': 1, 'clouds': [{'name': 'az1', 'id': 1}]}",
          "two documents have a cloud called az1: rename one" },
    };
    struct document *shop = parse(SHOP);
    struct document *sites = parse(SITES);
    struct model *model = model_create();
    cr_assert_null(document_put(shop, model));
    cr_assert_null(document_put(sites, model));
    for (size_t i = 0; i < ARRAY_SIZE(documents); i++) {
        struct document *d = parse(documents[i][0]);
        char *fault = document_put(d, model);
        cr_expect_str_eq(fault, documents[i][1]);
        free(fault);
        document_destroy(d);
    }
    struct document *more = parse("{'nethv': 1, 'tenant': 'acme', 'networks':"
                                  "[{'name': 'more'}]}");
    cr_assert_null(document_put(more, model));
    document_destroy(more);
    document_destroy(shop);
    document_destroy(sites);
    model_destroy(model);
}

Test(document, settle_gives_what_a_system_would)
{
    struct document *shop = parse(SHOP);
    struct document *sites = parse(SITES);
    struct model *model = model_create();
    cr_assert_null(document_put(sites, model));
    cr_assert_null(document_put(shop, model));
    cr_assert_null(document_settle(model, &sites->bindings));

    const struct vport *any = FIND(model, MODEL_PORT, vport,
                                   "acme/shop/s1/any");
    const struct vport *web = FIND(model, MODEL_PORT, vport,
                                   "acme/shop/s1/web");
    cr_assert_eq(web->network->tag, nethv_tag_nth(0));
    cr_assert_neq(web->vswitch->group, 0);
    cr_assert_eq(any->binding->location, nethv_location(2, 9, 1));
    cr_assert_eq(web->binding->location, nethv_location(2, 9, 2));
    cr_assert_eq(web->macs[0].location, nethv_location(2, 9, 3));
    cr_assert_eq(web->macs[1].location, nethv_location(2, 9, 4));
    cr_assert(binding_usable(web->binding));

    char *text = export_inventory(model, true);
    cr_assert(strstr(text, "\"port\": \"acme/shop/s1/web\""));
    free(text);
    model_destroy(model);
    document_destroy(shop);
    document_destroy(sites);
}

Test(document, settle_names_what_is_missing)
{
    struct document *sites = parse(SITES);
    struct model *model = model_create();
    cr_assert_null(document_put(sites, model));
    char *fault = document_settle(model, &sites->bindings);
    cr_assert_str_eq(fault, "port acme/shop/s1/any is to be bound to host h1, "
                     "but no document has that port");
    free(fault);
    model_destroy(model);
    document_destroy(sites);
}
