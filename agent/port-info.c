/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "agent/port-info.h"

#include <stdlib.h>
#include <string.h>

#include "agent/control.h"
#include "jsonrpc.h"
#include "openvswitch/json.h"
#include "openvswitch/shash.h"
#include "packets.h"
#include "unixctl.h"
#include "util.h"

void
port_info_destroy(struct port_info *info)
{
    free(info->macs);
    free(info->ips);
    free(info->status);
    free(info->reason);
    *info = (struct port_info) PORT_INFO_INITIALIZER;
}

/* Returns member 'name' of 'object' if it has 'type', else NULL. */
static const struct json *
member(const struct json *object, const char *name, enum json_type type)
{
    const struct json *json = shash_find_data(json_object(object), name);
    return json && json->type == type ? json : NULL;
}

static char *
string_member(const struct json *object, const char *name)
{
    const struct json *json = member(object, name, JSON_STRING);
    return json ? xstrdup(json_string(json)) : NULL;
}

/* Adds the addresses in 'macs' and 'ips', arrays or NULL. */
static bool
read_addresses(const struct json *macs, const struct json *ips,
               struct port_info *info)
{
    const size_t n_macs = macs ? json_array(macs)->n : 0;
    const size_t n_ips = ips ? json_array(ips)->n : 0;

    info->macs = xcalloc(n_macs, sizeof *info->macs);
    info->ips = xcalloc(n_ips, sizeof *info->ips);
    for (size_t i = 0; i < n_macs; i++) {
        const struct json *mac = json_array(macs)->elems[i];

        if (mac->type != JSON_STRING
            || !eth_addr_from_string(json_string(mac),
                                     &info->macs[info->n_macs++])) {
            return false;
        }
    }
    for (size_t i = 0; i < n_ips; i++) {
        const struct json *ip = json_array(ips)->elems[i];

        if (ip->type != JSON_STRING
            || !netif_addr_parse(json_string(ip),
                                 &info->ips[info->n_ips++])) {
            return false;
        }
    }
    return true;
}

static bool
read_info(const struct json *json, struct port_info *info)
{
    if (json->type != JSON_OBJECT) {
        return false;
    }

    const struct json *mtu = member(json, "mtu", JSON_INTEGER);
    info->mtu = mtu ? json_integer(mtu) : 0;
    info->status = string_member(json, "status");
    info->reason = string_member(json, "reason");
    return info->status && read_addresses(member(json, "macs", JSON_ARRAY),
                                          member(json, "ips", JSON_ARRAY),
                                          info);
}

static char *
parse(const char *s, struct port_info *info)
{
    struct json *json = json_from_string(s);
    bool ok = read_info(json, info);

    json_destroy(json);
    if (!ok) {
        port_info_destroy(info);
        return xasprintf("nethv-agent's answer is not understood: %s", s);
    }
    return NULL;
}

char *
port_info_ask(const char *port, struct port_info *info)
{
    char *argv[] = { CONST_CAST(char *, port) };
    struct jsonrpc *client;
    char *result = NULL, *error = NULL;
    int retval = unixctl_client_create(AGENT_CTL, &client);

    if (!retval) {
        retval = unixctl_client_transact(client, "port/show", 1, argv,
                                         &result, &error);
        jsonrpc_close(client);
    }
    if (retval) {
        error = xasprintf("nethv-agent does not answer at %s (%s): is it "
                          "running?", AGENT_CTL, ovs_strerror(retval));
    } else if (!error) {
        error = parse(result, info);
    }
    free(result);
    return error;
}

bool
port_info_is_bound(const struct port_info *info)
{
    return !strcmp(info->status, "bound") && info->mtu;
}

bool
port_info_is_final(const struct port_info *info)
{
    return !strcmp(info->status, "refused");
}

char *
port_info_explain(const char *port, const struct port_info *info)
{
    static const struct {
        const char *status;
        const char *meaning;
    } meanings[] = {
        { "unclaimed", "nethv-agent has not noticed its interface yet" },
        { "unknown", "there is no such port in the NetHV database, or the "
                     "database is not reachable" },
        { "conflict", "another host has it" },
        { "refused", "it was refused" },
        { "bound", "its network has no tag or MTU yet: is there a global "
                   "controller?" },
    };
    const char *meaning = info->status;

    for (size_t i = 0; i < ARRAY_SIZE(meanings); i++) {
        if (!strcmp(info->status, meanings[i].status)) {
            meaning = meanings[i].meaning;
        }
    }
    return xasprintf("port %s is not bound: %s%s%s%s", port, meaning,
                     info->reason ? " (" : "",
                     info->reason ? info->reason : "",
                     info->reason ? ")" : "");
}
