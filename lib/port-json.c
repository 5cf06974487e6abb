/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "port-json.h"

#include "model.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "packets.h"
#include "util.h"

struct json *
port_macs_to_json(const struct vport *port)
{
    struct json *macs = json_array_create_empty();

    for (size_t i = 0; i < port->n_macs; i++) {
        json_array_add(macs, json_string_create_nocopy(xasprintf(
            ETH_ADDR_FMT, ETH_ADDR_ARGS(port->macs[i].address))));
    }
    return macs;
}

struct json *
port_ips_to_json(const struct vport *port)
{
    struct json *ips = json_array_create_empty();

    for (size_t i = 0; i < port->n_ips; i++) {
        struct ds s = DS_EMPTY_INITIALIZER;
        ipv6_format_mapped(&port->ips[i].address, &s);
        ds_put_format(&s, "/%u", port->ips[i].plen);
        json_array_add(ips, json_string_create_nocopy(ds_steal_cstr(&s)));
    }
    return ips;
}
