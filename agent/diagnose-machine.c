/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/diagnosis.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/control.h"
#include "openvswitch/json.h"
#include "ovs/command.h"
#include "ovs/pki.h"
#include "ovs/text-file.h"
#include "timeval.h"
#include "util.h"

void
diagnose_switch(struct diagnosis *d)
{
    char *error = command_run(COMMAND("ovs-appctl", "--timeout=3", "-t",
                                      "ovs-vswitchd", "version"), NULL);
    if (error) {
        diagnosis_wrong(d, "ovs-vswitchd does not run (%s): start "
                        "openvswitch-switch", error);
        free(error);
    } else {
        diagnosis_ok("ovs-vswitchd runs");
    }
}

/* Returns whether the kernel has 'module' or can load it. */
static bool
module_exists(const char *module)
{
    char *path = xasprintf("/sys/module/%s", module);
    bool exists = !access(path, F_OK);
    free(path);
    if (!exists) {
        char *error = command_run(COMMAND("modprobe", "-n", "-q", module),
                                  NULL);
        exists = !error;
        free(error);
    }
    return exists;
}

static void
diagnose_modules(struct diagnosis *d)
{
    static const char *const modules[] = {
        "openvswitch", "vport_gre", "vport_geneve", "vport_vxlan",
    };
    for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
        if (!module_exists(modules[i])) {
            diagnosis_wrong(d, "the kernel has no module %s: install a kernel "
                            "that has it, or leave and join with --datapath "
                            "netdev --uplink NIC", modules[i]);
        }
    }
}

/* Open vSwitch says of each interface that does not work why. */
static void
diagnose_interfaces(struct diagnosis *d)
{
    char *output;
    char *error = command_run(COMMAND("ovs-vsctl", "--timeout=5", "--no-wait",
                                      "--bare", "--no-headings",
                                      "--columns=name,error", "find",
                                      "Interface", "error!=[]"), &output);
    if (error) {
        free(error);
        return;
    }
    char *rest = output;
    for (char *name; (name = strsep(&rest, "\n")); ) {
        char *reason = strsep(&rest, "\n");
        if (name[0] && reason) {
            diagnosis_wrong(d, "interface %s: %s", name, reason);
            strsep(&rest, "\n");
        }
    }
    free(output);
}

void
diagnose_datapath(struct diagnosis *d)
{
    unsigned int before = d->n_wrong;

    if (!d->datapath || !strcmp(d->datapath, "system")) {
        diagnose_modules(d);
    }
    diagnose_interfaces(d);
    if (d->n_wrong == before) {
        diagnosis_ok("datapath %s", d->datapath ? d->datapath : "system");
    }
}

void
diagnose_files(struct diagnosis *d)
{
    char *key = NULL, *certificate = NULL;

    char *error = text_file_read(PKI_CA_CERT, &d->ca);
    if (!error) {
        error = pki_check(PKI_CA_CERT, d->ca, NULL, d->ca, time_wall());
    }
    if (!error) {
        error = text_file_read(PKI_HOST_KEY, &key);
    }
    if (!error) {
        error = text_file_read(PKI_HOST_CERT, &certificate);
    }
    if (!error) {
        error = pki_check(PKI_HOST_CERT, certificate, key, d->ca, time_wall());
    }
    diagnosis_tell(d, "certificate", error);
    pki_wipe(key);
    free(certificate);
}

static bool
is_true(const struct json *json, const char *name)
{
    const struct json *value = shash_find_data(json->object, name);
    return value && value->type == JSON_TRUE;
}

/* Tells what the agent says of itself. */
static void
diagnose_status(struct diagnosis *d, const struct json *status)
{
    if (!is_true(status, "connected")) {
        diagnosis_wrong(d, "the agent has no connection to %s", d->remote);
    } else if (!is_true(status, "complete")) {
        diagnosis_wrong(d, "the agent has not got all it needs from the "
                        "database: does the relay reach the database?");
    } else if (is_true(status, "gateway") && !is_true(status, "handover")) {
        diagnosis_wrong(d, "the agent waits for this host's gateway process: "
                        "does nethv-gateway run?");
    } else if (!is_true(status, "ready")) {
        diagnosis_wrong(d, "the agent is not ready: its log is "
                        "/var/log/nethv/nethv-agent.log");
    } else {
        diagnosis_ok("agent");
    }
}

void
diagnose_agent(struct diagnosis *d)
{
    char *output;
    char *error = command_run(COMMAND("ovs-appctl", "--timeout=3", "-t",
                                      AGENT_CTL, "status"), &output);
    if (error) {
        diagnosis_wrong(d, "nethv-agent does not run (%s): start its unit, or "
                        "\"nethv-ctl start-agent\"", error);
        free(error);
        return;
    }
    struct json *status = json_from_string(output);
    if (status->type == JSON_OBJECT) {
        diagnose_status(d, status);
    } else {
        diagnosis_wrong(d, "nethv-agent says: %s", output);
    }
    json_destroy(status);
    free(output);
}
