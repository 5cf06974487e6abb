/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/claims.h"

#include <string.h>

#include "agent/claims-private.h"
#include "openvswitch/json.h"
#include "ovs/db.h"
#include "ovs/vswitch.h"
#include "port-json.h"

/* As the endpoint sees it: what it sent is 'tx'. */
static struct json *
json_counters(const struct vswitch_counters *counters)
{
    struct json *json = json_object_create();

    json_object_put(json, "tx_packets",
                    json_integer_create(counters->rx_packets));
    json_object_put(json, "tx_bytes", json_integer_create(counters->rx_bytes));
    json_object_put(json, "rx_packets",
                    json_integer_create(counters->tx_packets));
    json_object_put(json, "rx_bytes", json_integer_create(counters->tx_bytes));
    json_object_put(json, "rx_dropped",
                    json_integer_create(counters->tx_dropped));
    return json;
}

void
claims_count(const struct claims *claims, const struct vswitch_db *vs,
             struct vswitch_counters *sum)
{
    const struct claim *claim;

    memset(sum, 0, sizeof *sum);
    HMAP_FOR_EACH (claim, node, &claims->claims) {
        struct vswitch_counters counters;
        if (claim->status != CLAIM_BOUND) {
            continue;
        }
        vswitch_get_counters(vs, claim->ifname, &counters);
        sum->rx_packets += counters.rx_packets;
        sum->rx_bytes += counters.rx_bytes;
        sum->tx_packets += counters.tx_packets;
        sum->tx_bytes += counters.tx_bytes;
        sum->tx_dropped += counters.tx_dropped;
    }
}

struct json *
claims_show(const struct claims *claims, const struct vswitch_db *vs,
            const char *iface_id, unsigned int mtu)
{
    struct json *reply = json_object_create();
    const struct claim *claim = claim_by_iface_id(claims, iface_id);
    const struct vport *port = db_find_port(claims->model, iface_id);

    if (port) {
        json_object_put(reply, "macs", port_macs_to_json(port));
        json_object_put(reply, "ips", port_ips_to_json(port));
        json_object_put(reply, "mtu", json_integer_create(mtu));
    }
    json_object_put_string(reply, "status",
                           claim ? claim_status_names[claim->status]
                                 : "unclaimed");
    if (claim && claim->reason && claim->reason[0]) {
        json_object_put_string(reply, "reason", claim->reason);
    }
    if (claim) {
        struct vswitch_counters counters;
        vswitch_get_counters(vs, claim->ifname, &counters);
        json_object_put_string(reply, "interface", claim->ifname);
        json_object_put(reply, "counters", json_counters(&counters));
    }
    return reply;
}

struct json *
claims_to_json(const struct claims *claims)
{
    struct json *array = json_array_create_empty();
    const struct claim *claim;

    HMAP_FOR_EACH (claim, node, &claims->claims) {
        struct json *item = json_object_create();
        json_object_put_string(item, "interface", claim->ifname);
        json_object_put_string(item, "iface_id", claim->iface_id);
        json_object_put_string(item, "status",
                               claim_status_names[claim->status]);
        json_object_put_string(item, "reason",
                               claim->reason ? claim->reason : "");
        json_array_add(array, item);
    }
    return array;
}
