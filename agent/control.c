/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/control.h"

#include "ovs/channel.h"
#include "agent/claims.h"
#include "agent/gateway-link.h"
#include "agent/hello.h"
#include "agent/private.h"
#include "agent/probe.h"
#include "agent/report.h"
#include "compile/compile.h"
#include "model.h"
#include "nethv/wire.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "ovs/db.h"
#include "ovs/ofswitch.h"
#include "ovs/vswitch.h"
#include "rule.h"
#include "unixctl.h"
#include "util.h"
#include "versions.h"

static void
reply_json(struct unixctl_conn *conn, struct json *json)
{
    char *text = json_to_string(json, JSSF_PRETTY | JSSF_SORT);
    unixctl_command_reply(conn, text);
    free(text);
    json_destroy(json);
}

static bool
require_self(const struct agent *agent, struct unixctl_conn *conn)
{
    if (!agent->self) {
        unixctl_command_reply_error(conn, agent->problem
            ? agent->problem : "the local Open vSwitch database has not been "
              "read yet: is ovsdb-server running?");
        return false;
    }
    return true;
}

static struct json *
switch_to_json(const struct agent *agent)
{
    struct json *json = json_object_create();
    struct ofswitch_stats stats;

    ofswitch_get_stats(agent->sw, &stats);
    json_object_put_string(json, "state", stats.state);
    json_object_put(json, "current",
                    json_boolean_create(ofswitch_is_current(agent->sw)));
    json_object_put(json, "flow_mods", json_integer_create(stats.n_flow_mods));
    json_object_put(json, "adopted", json_integer_create(stats.n_adopted));
    json_object_put(json, "refused", json_integer_create(stats.n_refused));
    json_object_put(json, "connects", json_integer_create(stats.n_connects));
    if (stats.last_error) {
        json_object_put_string(json, "last_error", stats.last_error);
    }
    return json;
}

static void
cmd_status(struct unixctl_conn *conn, int argc OVS_UNUSED,
           const char *argv[] OVS_UNUSED, void *agent_)
{
    const struct agent *agent = agent_;
    struct json *json = json_object_create();
    char location[NETHV_LOCATION_STRLEN];

    if (!require_self(agent, conn)) {
        json_destroy(json);
        return;
    }
    const struct vswitch_config *config = vswitch_config(agent->vs);
    json_object_put_string(json, "version", versions.package);
    json_object_put_string(json, "host", config->host);
    json_object_put_string(json, "cloud", config->cloud);
    json_object_put_string(json, "location",
                           nethv_location_format(agent->self, location,
                                                 sizeof location));
    json_object_put_string(json, "remote", config->remote);
    json_object_put(json, "connected",
                    json_boolean_create(db_is_connected(agent->db)));
    json_object_put(json, "complete",
                    json_boolean_create(db_is_complete(agent->db)));
    json_object_put(json, "ready", json_boolean_create(agent->ready));
    json_object_put(json, "gateway", json_boolean_create(agent->is_gateway));
    json_object_put(json, "handover", json_boolean_create(
                        gateway_link_handover(agent->link) != NULL));
    json_object_put(json, "mtu", json_integer_create(agent->mtu));
    json_object_put(json, "switch", switch_to_json(agent));
    json_object_put(json, "claims", claims_to_json(agent->claims));
    json_object_put(json, "drops", report_drops_to_json(agent->report));
    reply_json(conn, json);
}

static void
put_gateway(const struct agent *agent, struct json *json)
{
    const struct host *self = model_host_at(agent->model, agent->self);
    const struct host *gateway = self ? cloud_gateway(self->cloud) : NULL;

    if (gateway) {
        json_object_put_string(json, "gateway", gateway->row.name);
    }
}

static void
cmd_hello_show(struct unixctl_conn *conn, int argc OVS_UNUSED,
               const char *argv[] OVS_UNUSED, void *agent_)
{
    const struct agent *agent = agent_;

    if (require_self(agent, conn)) {
        struct json *json = json_object_create();
        json_object_put(json, "peers", hello_to_json(agent->hello,
                                                     agent->model));
        json_object_put(json, "frames", channel_to_json(agent->channel));
        put_gateway(agent, json);
        reply_json(conn, json);
    }
}

static void
cmd_hello_probe(struct unixctl_conn *conn, int argc OVS_UNUSED,
                const char *argv[] OVS_UNUSED, void *agent_)
{
    const struct agent *agent = agent_;

    if (require_self(agent, conn)) {
        probe_begin(agent->probe, agent->model, agent->db, conn);
    }
}

static void
cmd_port_show(struct unixctl_conn *conn, int argc OVS_UNUSED,
              const char *argv[], void *agent_)
{
    const struct agent *agent = agent_;

    if (require_self(agent, conn)) {
        reply_json(conn, claims_show(agent->claims, agent->vs, argv[1],
                                     agent->mtu));
    }
}

static void
cmd_rules(struct unixctl_conn *conn, int argc OVS_UNUSED,
          const char *argv[] OVS_UNUSED, void *agent_)
{
    const struct agent *agent = agent_;
    struct ds text = DS_EMPTY_INITIALIZER;

    if (require_self(agent, conn)) {
        rule_set_format(compiler_rules(agent->compiler), &text);
        unixctl_command_reply(conn, ds_cstr(&text));
        ds_destroy(&text);
    }
}

/* Compiles everything from scratch and says how many rules that changed: none,
 * unless incremental compilation has gone wrong. */
static void
cmd_recompute(struct unixctl_conn *conn, int argc OVS_UNUSED,
              const char *argv[] OVS_UNUSED, void *agent_)
{
    struct agent *agent = agent_;
    struct hmap changes = HMAP_INITIALIZER(&changes);

    if (!require_self(agent, conn)) {
        return;
    }
    compiler_mark_all(agent->compiler);
    compiler_run(agent->compiler);
    rule_set_take_changes(compiler_rules(agent->compiler), &changes);
    char *reply = xasprintf("%"PRIuSIZE" rules differ", hmap_count(&changes));
    if (!hmap_is_empty(&changes)) {
        ofswitch_update(agent->sw, &changes, ++agent->stamp);
    }
    rule_changes_destroy(&changes);
    unixctl_command_reply(conn, reply);
    free(reply);
}

void
control_register(struct agent *agent)
{
    unixctl_command_register("status", "", 0, 0, cmd_status, agent);
    unixctl_command_register("port/show", "PORT", 1, 1, cmd_port_show, agent);
    unixctl_command_register("rules", "", 0, 0, cmd_rules, agent);
    unixctl_command_register("recompute", "", 0, 0, cmd_recompute, agent);
    unixctl_command_register("hello/show", "", 0, 0, cmd_hello_show, agent);
    unixctl_command_register("hello/probe", "", 0, 0, cmd_hello_probe, agent);
}
