/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/diagnosis.h"

#include <stdlib.h>
#include <string.h>

#include "agent/control.h"
#include "model.h"
#include "openvswitch/json.h"
#include "ovs/command.h"
#include "util.h"

/* Inside the cloud: the agent asks each host through the tunnel (probe.h). */

#define HOSTS_NAMED 8               /* Of many that do not answer. */

static const char *
object_string(const struct json *json, const char *name)
{
    const struct json *value = shash_find_data(json->object, name);
    return value && value->type == JSON_STRING ? json_string(value) : "?";
}

/* Tells of 'host', the 'n_silent'th that does not answer. */
static void
diagnose_silence(struct diagnosis *d, const struct json *host, size_t n_silent)
{
    if (n_silent <= HOSTS_NAMED) {
        diagnosis_wrong(d, "host %s can be reached by TCP, for the database "
                        "says that it is alive, but not through the tunnel: "
                        "firewalls must let in %s",
                        object_string(host, "host"),
                        object_string(host, "open"));
    }
}

static void
diagnose_answers(struct diagnosis *d, const struct json *hosts)
{
    size_t n_silent = 0;

    for (size_t i = 0; i < hosts->array.n; i++) {
        const struct json *host = hosts->array.elems[i];
        const struct json *answered = shash_find_data(host->object,
                                                      "answered");
        if (answered && answered->type == JSON_FALSE) {
            diagnose_silence(d, host, ++n_silent);
        }
    }
    if (n_silent > HOSTS_NAMED) {
        diagnosis_wrong(d, "and %"PRIuSIZE" more hosts likewise",
                        n_silent - HOSTS_NAMED);
    } else if (!n_silent) {
        diagnosis_ok("tunnels to %"PRIuSIZE" hosts of cloud %s",
                     hosts->array.n, d->cloud);
    }
}

void
diagnose_cloud(struct diagnosis *d)
{
    char *output;
    char *error = command_run(COMMAND("ovs-appctl", "--timeout=10", "-t",
                                      AGENT_CTL, "hello/probe"),
                              &output);
    if (error) {
        free(error);                /* diagnose_agent() has said so. */
        return;
    }
    struct json *json = json_from_string(output);
    const struct json *hosts = (json->type == JSON_OBJECT
                                ? shash_find_data(json->object, "hosts")
                                : NULL);
    if (hosts && hosts->type == JSON_ARRAY) {
        diagnose_answers(d, hosts);
    }
    json_destroy(json);
    free(output);
}

/* Between gateways of different clouds. */

/* Returns the value of 'key' in 'json', a map as OVSDB writes it, or NULL. */
static const struct json *
map_get(const struct json *json, const char *key)
{
    if (json->type != JSON_ARRAY || json->array.n != 2) {
        return NULL;
    }
    const struct json *pairs = json->array.elems[1];
    for (size_t i = 0; pairs->type == JSON_ARRAY && i < pairs->array.n; i++) {
        const struct json *pair = pairs->array.elems[i];
        if (pair->type == JSON_ARRAY && pair->array.n == 2
            && pair->array.elems[0]->type == JSON_STRING
            && !strcmp(pair->array.elems[0]->string, key)) {
            return pair->array.elems[1];
        }
    }
    return NULL;
}

static const char *
map_string(const struct json *json, const char *key)
{
    const struct json *value = map_get(json, key);
    return value && value->type == JSON_STRING ? value->string : "";
}

/* The columns of what ovs-vsctl is asked for, in its order. */
enum { NAME, TYPE, OPTIONS, BFD_STATUS, N_COLUMNS };

/* BFD says whether packets arrive. */
static void
diagnose_edge(struct diagnosis *d, struct json *const *columns)
{
    const char *peer = map_string(columns[OPTIONS], "remote_ip");
    const char *state = map_string(columns[BFD_STATUS], "state");
    enum encap encap;

    if (!state[0] || !encap_from_name(json_string(columns[TYPE]), &encap)) {
        return;
    }
    if (strcmp(state, "up")) {
        diagnosis_wrong(d, "nothing comes through the tunnel to gateway %s: "
                        "the firewalls of both clouds must let in %s from "
                        "each other's gateways", peer, encap_carrier(encap));
    } else {
        diagnosis_ok("tunnel to gateway %s", peer);
    }
}

void
diagnose_edges(struct diagnosis *d)
{
    char *output;
    char *error = command_run(
        COMMAND("ovs-vsctl", "--timeout=5", "--no-wait", "--format=json",
                "--columns=name,type,options,bfd_status", "list",
                "Interface"), &output);
    if (error) {
        diagnosis_tell(d, "tunnels", error);
        return;
    }
    struct json *json = json_from_string(output);
    const struct json *data = (json->type == JSON_OBJECT
                               ? shash_find_data(json->object, "data") : NULL);
    for (size_t i = 0; data && i < data->array.n; i++) {
        const struct json *row = data->array.elems[i];
        if (row->array.n == N_COLUMNS
            && !strncmp(json_string(row->array.elems[NAME]), "nethv-", 6)) {
            diagnose_edge(d, row->array.elems);
        }
    }
    json_destroy(json);
    free(output);
}
