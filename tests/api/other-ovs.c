/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "tests/api/other-ovs.h"

#include <stdlib.h>

#include "classifier.h"
#include "openvswitch/json.h"
#include "openvswitch/match.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs-rcu.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(other_ovs);

static void
use_json(void)
{
    struct json *json = json_from_string("{\"a\":[1,null]}");
    ovs_assert(json->type == JSON_OBJECT);
    char *text = json_to_string(json, 0);
    ovs_assert(!strcmp(text, "{\"a\":[1,null]}"));
    free(text);
    json_destroy(json);
}

static void
use_classifier(void)
{
    struct classifier cls;
    struct cls_rule rule;
    struct match match = MATCH_CATCHALL_INITIALIZER;
    struct flow flow = { .regs = { 0 } };

    classifier_init(&cls, NULL);
    match_set_reg(&match, 0, 5);
    cls_rule_init(&rule, &match, 1);
    classifier_insert(&cls, &rule, OVS_VERSION_MIN, NULL, 0);
    ovs_assert(!classifier_lookup(&cls, OVS_VERSION_MIN, &flow, NULL));
    flow.regs[0] = 5;
    ovs_assert(classifier_lookup(&cls, OVS_VERSION_MIN, &flow, NULL) == &rule);
    classifier_remove_assert(&cls, &rule);
    cls_rule_destroy(&rule);
    classifier_destroy(&cls);
}

void
other_ovs_use(void)
{
    /* Its poll loop is the usual one. */
    poll_immediate_wake();
    poll_block();
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    VLOG_WARN("nobody sees this");
    use_json();
    use_classifier();
    ovsrcu_quiesce();
}
