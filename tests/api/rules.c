/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "nethv/rules.h"
#include "nethv/trace.h"
#include "tests/api/deployment.h"

Test(api_rules, a_frame_goes_from_cloud_to_cloud)
{
    struct deployment d;
    deploy(&d);
    cr_assert_eq(send_frame(&d), 1);

    /* Rules may change under the fabric. */
    nethv_rules_set_endpoint(d.rules[2], example_find(d.model, NETHV_KIND_PORT,
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

    nethv_rules_set_endpoint(rules, example_find(d.model, NETHV_KIND_PORT,
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

Test(api_rules, meters_limit_links)
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
