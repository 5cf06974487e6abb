/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "plan.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "document.h"
#include "export.h"
#include "openvswitch/dynamic-string.h"
#include "random.h"
#include "util.h"
#include "uuid.h"

/* 'quoted' has ' for ". */
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

/* Checks what the plan from document 'have' (NULL for an empty model) to 'want'
 * says; 'expected' has ' for ". */
static void
check_plan(const char *have, const char *want, const char *expected)
{
    struct document *from = parse(have ? have : "{'nethv':1,'clouds':[]}");
    struct document *to = parse(want);
    struct plan *plan = NULL;
    char *fault = plan_create(from->model, to, &plan);
    char *text = fault ? fault : plan_format(plan);
    for (char *p = text; *p; p++) {
        *p = *p == '"' ? '\'' : *p;
    }
    cr_expect_str_eq(text, expected, "%s\n  => %s\n  not %s", want, text,
                     expected);
    free(text);
    plan_destroy(plan);
    document_destroy(from);
    document_destroy(to);
}

#define NETWORK(SWITCHES, LINKS)                                             \
    "{'nethv':1,'tenant':'t','networks':[{'name':'n','switches':[" SWITCHES  \
    "],'links':[" LINKS "]}]}"
#define PORT(NAME, FIELDS) "{'name':'" NAME "'" FIELDS "}"
#define S1(PORTS) "{'name':'s1','ports':[" PORTS "]}"
#define S2 "{'name':'s2'}"
#define L1 "{'name':'l1','a':'s1','b':'s2'}"

Test(plan, tenant)
{
    static const struct {
        const char *have, *want, *plan;
    } goldens[] = {
        { NULL, NETWORK(S1(PORT("p", ",'mac':'02:00:00:00:00:01'")) "," S2, L1),
          "create tenant t\n"
          "create network t/n\n"
          "create switch t/n/s1: mode 'learning'\n"
          "create switch t/n/s2: mode 'learning'\n"
          "create port t/n/s1/p: mac ['02:00:00:00:00:01'], ips [], security false, sharing false\n"
          "create link t/n/l1: a 's1', b 's2'\n"
          "6 to create, 0 to change, 0 to delete\n" },
        { NETWORK(S1(PORT("p", ",'mac':'02:00:00:00:00:01'")) "," S2, L1),
          NETWORK(S1(PORT("p", ",'mac':'02:00:00:00:00:01'")) "," S2, L1),
          "nothing to change\n" },
        { NETWORK(S1(PORT("p", "") "," PORT("q", "")) "," S2, L1),
          NETWORK("", ""),
          "delete link t/n/l1\n"
          "delete port t/n/s1/p\n"
          "delete port t/n/s1/q\n"
          "delete switch t/n/s1\n"
          "delete switch t/n/s2\n"
          "0 to create, 0 to change, 5 to delete\n" },
        { NETWORK(S1(PORT("p", ",'ips':['10.0.0.1/24']")), ""),
          NETWORK(S1(PORT("p", ",'ips':['10.0.0.2/24','fd00::1'],'sharing':true")), ""),
          "change port t/n/s1/p: ips ['10.0.0.1/24'] -> ['10.0.0.2/24', 'fd00::1/128'], sharing false -> true\n"
          "0 to create, 1 to change, 0 to delete\n" },
        { NETWORK("{'name':'s1'}," S2, L1),
          NETWORK("{'name':'s1','mode':'openflow'},{'name':'s3'}", "{'name':'l1','a':'s1','b':'s3','bandwidth':'1G'}"),
          "create switch t/n/s3: mode 'learning'\n"
          "change switch t/n/s1: mode 'learning' -> 'openflow'\n"
          "change link t/n/l1: b 's2' -> 's3', bandwidth null -> '1G'\n"
          "delete switch t/n/s2\n"
          "1 to create, 2 to change, 1 to delete\n" },
        { "{'nethv':1,'tenant':'t','networks':[{'name':'m','switches':[{'name':'s'}]}]}",
          NETWORK("", ""),
          "create network t/n\n"
          "1 to create, 0 to change, 0 to delete\n" },
        { "{'nethv':1,'tenant':'u','networks':[{'name':'n','switches':[{'name':'s'}]}]}",
          "{'nethv':1,'tenant':'t'}",
          "create tenant t\n"
          "1 to create, 0 to change, 0 to delete\n" },
        { NETWORK(S1(PORT("p", ",'mac':['02:00:00:00:00:02','02:00:00:00:00:01']")), ""),
          NETWORK(S1(PORT("p", ",'mac':['02:00:00:00:00:01','02:00:00:00:00:02']")), ""),
          "nothing to change\n" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(goldens); i++) {
        check_plan(goldens[i].have, goldens[i].want, goldens[i].plan);
    }
}

#define CLOUDS(CLOUDS, LINKS) \
    "{'nethv':1,'clouds':[" CLOUDS "],'links':[" LINKS "]}"
#define C "{'name':'c','id':1}"
#define D "{'name':'d','id':2}"

Test(plan, inventory)
{
    static const struct {
        const char *have, *want, *plan;
    } goldens[] = {
        { NULL, CLOUDS(C "," D, "{'a':'d','b':'c','cost':3}"),
          "create cloud c: id 1, provider 'other', mtu 1500, encaps ['gre', 'geneve', 'vxlan'], mode 'direct', public_ips []\n"
          "create cloud d: id 2, provider 'other', mtu 1500, encaps ['gre', 'geneve', 'vxlan'], mode 'direct', public_ips []\n"
          "create cloud link c/d: cost 3\n"
          "3 to create, 0 to change, 0 to delete\n" },
        { CLOUDS(C "," D, "{'a':'d','b':'c','cost':3}"),
          CLOUDS(C, ""),
          "nothing to change\n" },
        { CLOUDS(C "," D, "{'a':'d','b':'c','cost':3}"),
          CLOUDS(D "," C, "{'a':'c','b':'d','cost':2.5}"),
          "change cloud link c/d: cost 3 -> 2.5\n"
          "0 to create, 1 to change, 0 to delete\n" },
        { CLOUDS(C "," D, "{'a':'d','b':'c','rtt':3}"),
          CLOUDS(D "," C, "{'a':'c','b':'d','rtt':4}"),
          "nothing to change\n" },
        { CLOUDS(C, ""),
          CLOUDS("{'name':'c','id':1,'provider':'gcp','public_ips':['198.51.100.1']}", ""),
          "change cloud c: provider 'other' -> 'gcp', mtu 1500 -> 1460, public_ips [] -> ['198.51.100.1']\n"
          "0 to create, 1 to change, 0 to delete\n" },
        { CLOUDS(C, ""), CLOUDS("{'name':'c','id':2}", ""),
          "the id of cloud c is 1 and cannot become 2: keep it, or choose another name" },
        { CLOUDS(C, ""), CLOUDS("{'name':'d','id':1}", ""),
          "cloud d cannot have the id 1, which is that of cloud c: choose another" },
        { NULL, "{'nethv':1,'clouds':[" C "],'hosts':[{'name':'h','cloud':'c','id':1}]}",
          "'hosts' and 'bindings' of an inventory are for use without a database, where hosts join with nethv-agent and bind their ports: leave them out" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(goldens); i++) {
        check_plan(goldens[i].have, goldens[i].want, goldens[i].plan);
    }
}

Test(plan, rows_are_found_by_name_not_uuid)
{
    struct document *want = parse(NETWORK(S1("") "," S2, L1));
    struct model *have = model_create();
    struct uuid t = { .parts = { 1 } }, n = { .parts = { 2 } };
    struct uuid s1 = { .parts = { 3 } }, s2 = { .parts = { 4 } };
    struct uuid l1 = { .parts = { 5 } };
    model_put_tenant(have, &t, "t");
    model_put_network(have, &n, &(struct network_spec) { "t/n", t });
    model_put_switch(have, &s1, &(struct switch_spec) { "t/n/s1", n });
    model_put_switch(have, &s2, &(struct switch_spec) { "t/n/s2", n });
    model_put_link(have, &l1, &(struct link_spec) {
        .name = "t/n/l1", .network = n, .a = s1, .b = s2 });

    struct plan *plan;
    cr_assert_null(plan_create(have, want, &plan));
    cr_assert_eq(plan->n, 0);
    plan_destroy(plan);
    model_destroy(have);
    document_destroy(want);
}

Test(plan, delete_network)
{
    struct document *have = parse(NETWORK(S1(PORT("p", "")) "," S2, L1));
    struct plan *plan = plan_delete_network(have->model, "t/n");
    char *text = plan_format(plan);
    cr_assert_str_eq(text,
                     "delete link t/n/l1\n"
                     "delete port t/n/s1/p\n"
                     "delete switch t/n/s1\n"
                     "delete switch t/n/s2\n"
                     "delete network t/n\n"
                     "0 to create, 0 to change, 5 to delete\n");
    free(text);
    plan_destroy(plan);

    plan = plan_delete_network(have->model, "t/m");
    cr_assert_eq(plan->n, 0);
    plan_destroy(plan);
    document_destroy(have);
}

Test(plan, json)
{
    struct document *have = parse(NETWORK(S1(PORT("p", "")), ""));
    struct document *want = parse(NETWORK(S1(PORT("p", ",'sharing':true")),
                                          ""));
    struct plan *plan;
    cr_assert_null(plan_create(have->model, want, &plan));
    char *text = plan_to_json(plan);
    cr_assert_str_eq(text,
                     "{\n  \"steps\": [\n    {\n      \"verb\": \"change\",\n"
                     "      \"kind\": \"port\",\n"
                     "      \"name\": \"t/n/s1/p\",\n"
                     "      \"fields\": [\n        {\n"
                     "          \"name\": \"sharing\",\n"
                     "          \"old\": false,\n          \"new\": true\n"
                     "        }\n      ]\n    }\n  ],\n"
                     "  \"create\": 0,\n  \"change\": 1,\n  \"delete\": 0\n}\n");
    free(text);
    plan_destroy(plan);
    document_destroy(have);
    document_destroy(want);
}

/* A plan carried out, step after step, leads from any document to any other,
 * and never refers to what is not there. */

/* Returns a random document of tenant t with some of networks n0 and n1. */
static struct document *
random_document(void)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    ds_put_cstr(&ds, "{'nethv':1,'tenant':'t','networks':[");
    for (int n = 0; n < 2; n++) {
        bool has[4];
        ds_put_format(&ds, "%s{'name':'n%d','switches':[", n ? "," : "", n);
        for (int s = 0; s < 4; s++) {
            has[s] = random_range(4);
            if (!has[s]) {
                continue;
            }
            ds_put_format(&ds, "{'name':'s%d','mode':'%s','ports':[", s,
                          random_range(2) ? "learning" : "openflow");
            for (int p = 0; p < 3; p++) {
                if (random_range(2)) {
                    ds_put_format(&ds, "{'name':'p%d','ips':['10.0.%d.%d'],"
                                  "'mac':'02:00:00:00:%02x:%02x'},", p, s,
                                  1 + random_range(3), s, p);
                }
            }
            ds_chomp(&ds, ',');
            ds_put_cstr(&ds, "]},");
        }
        ds_chomp(&ds, ',');
        ds_put_cstr(&ds, "],'links':[");
        for (int l = 0; l < 4; l++) {
            int a = random_range(4), b = random_range(4);
            if (a != b && has[a] && has[b]) {
                ds_put_format(&ds, "{'name':'l%d','a':'s%d','b':'s%d',"
                              "'bandwidth':%d},", l, a, b,
                              1000 * random_range(3));
            }
        }
        ds_chomp(&ds, ',');
        ds_put_cstr(&ds, "]}");
    }
    ds_put_cstr(&ds, "]}");
    struct document *document = parse(ds_cstr(&ds));
    ds_destroy(&ds);
    return document;
}

static void
put_row(struct model *model, const struct model_row *row)
{
    switch (row->kind) {
    case MODEL_TENANT:
        model_put_tenant(model, &row->uuid, row->name);
        break;
    case MODEL_NETWORK: {
        const struct network *r = CONTAINER_OF(row, struct network, row);
        cr_assert_not_null(model_find_name(model, MODEL_TENANT,
                                           r->tenant->row.name));
        model_put_network(model, &row->uuid, &(struct network_spec) {
            row->name, r->tenant->row.uuid });
        break;
    }
    case MODEL_SWITCH: {
        const struct vswitch *r = CONTAINER_OF(row, struct vswitch, row);
        cr_assert_not_null(model_find_name(model, MODEL_NETWORK,
                                           r->network->row.name));
        model_put_switch(model, &row->uuid, &(struct switch_spec) {
            row->name, r->network->row.uuid, r->mode });
        break;
    }
    case MODEL_PORT: {
        const struct vport *r = CONTAINER_OF(row, struct vport, row);
        cr_assert_not_null(model_find_name(model, MODEL_SWITCH,
                                           r->vswitch->row.name));
        model_put_port(model, &row->uuid, &(struct port_spec) {
            row->name, r->network->row.uuid, r->vswitch->row.uuid,
            r->n_macs ? &r->macs->address : NULL, r->n_macs,
            r->n_ips ? &r->ips->address : NULL,
            r->n_ips ? &r->ips->plen : NULL, r->n_ips,
            r->security, r->sharing });
        break;
    }
    case MODEL_LINK: {
        const struct vlink *r = CONTAINER_OF(row, struct vlink, row);
        for (int i = 0; i < 2; i++) {
            cr_assert_not_null(model_find_name(
                model, MODEL_SWITCH, r->ends[i].vswitch->row.name));
        }
        model_put_link(model, &row->uuid, &(struct link_spec) {
            row->name, r->network->row.uuid, r->ends[0].vswitch->row.uuid,
            r->ends[1].vswitch->row.uuid, r->bandwidth });
        break;
    }
    default:
        cr_assert_fail("kind %d", row->kind);
    }
}

/* Checks that nothing in 'model' refers to 'row', which is to go. */
static void
check_unused(const struct model_row *row)
{
    if (row->kind == MODEL_SWITCH) {
        const struct vswitch *r = CONTAINER_OF(row, struct vswitch, row);
        cr_assert(ovs_list_is_empty(&r->ports)
                  && ovs_list_is_empty(&r->ends), "%s", row->name);
    }
}

static void
carry_out(struct model *model, const struct document *want)
{
    struct plan *plan;
    cr_assert_null(plan_create(model, want, &plan));
    for (size_t i = 0; i < plan->n; i++) {
        const struct plan_step *step = &plan->steps[i];
        cr_assert_eq(!step->have, step->verb == PLAN_CREATE);
        cr_assert_eq(!step->want, step->verb == PLAN_DELETE);
        if (step->want) {
            put_row(model, step->want);
        } else {
            check_unused(step->have);
            model_remove(model, step->kind, &step->have->uuid);
        }
    }
    plan_destroy(plan);
}

Test(plan, carried_out_leads_to_the_document)
{
    struct model *model = model_create();
    random_set_seed(20240607);
    for (int i = 0; i < 300; i++) {
        struct document *want = random_document();
        carry_out(model, want);
        char *now = export_tenant(model, "t", NULL);
        char *wanted = export_tenant(want->model, "t", NULL);
        cr_assert_str_eq(now, wanted, "step %d", i);
        free(now);
        free(wanted);

        struct plan *plan;
        cr_assert_null(plan_create(model, want, &plan));
        cr_assert_eq(plan->n, 0, "step %d", i);
        plan_destroy(plan);
        document_destroy(want);
    }
    model_destroy(model);
}
