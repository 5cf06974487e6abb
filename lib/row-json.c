/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "row-json.h"

#include <math.h>
#include <stdlib.h>

#include "addressing.h"
#include "notation.h"
#include "packets.h"
#include "provider.h"
#include "svec.h"
#include "util.h"

#define ROW(ROW, STRUCT) CONTAINER_OF(ROW, const struct STRUCT, row)

/* Values. */

/* Returns the string 's', which is freed. */
static json_t *
string_steal(char *s)
{
    json_t *value = json_value_string(s);
    free(s);
    return value;
}

/* Returns 'list', which is destroyed, as a sorted list of strings. */
static json_t *
set_steal(struct svec *list)
{
    json_t *value = json_value_array();
    svec_sort(list);
    for (size_t i = 0; i < list->n; i++) {
        json_array_append_new(value, json_value_string(list->names[i]));
    }
    svec_destroy(list);
    return value;
}

static json_t *
text_or_null(const char *s)
{
    return s && *s ? json_value_string(s) : json_null();
}

static json_t *
name_or_null(const struct model_row *row)
{
    return text_or_null(row_name(row));
}

static json_t *
number_or_null(double d)
{
    if (isnan(d)) {
        return json_null();
    }
    return (d == floor(d) && fabs(d) < 0x1p53
            ? json_value_integer(d) : json_value_real(d));
}

static json_t *
ip_or_null(const struct in6_addr *ip)
{
    return (ipv6_addr_is_set(ip)
            ? string_steal(notation_host_ip_format(ip)) : json_null());
}

static json_t *
encaps_list(unsigned int encaps)
{
    json_t *list = json_value_array();
    for (size_t i = 0; i < ENCAP_N; i++) {
        if (encaps & (1u << i)) {
            json_array_append_new(list, json_value_string(encap_name(i)));
        }
    }
    return list;
}

/* Fields. */

static json_t *
switch_mode(const struct model_row *row)
{
    return json_value_string(ROW(row, vswitch)->mode == SWITCH_OPENFLOW
                             ? "openflow" : "learning");
}

static json_t *
addressing_option(const struct addressing *addressing,
                  const struct addressing_key *key)
{
    struct svec values = SVEC_EMPTY_INITIALIZER;
    json_t *option = NULL;

    key->get(addressing, &values);
    if (key->list && values.n) {
        option = json_value_array();
        for (size_t i = 0; i < values.n; i++) {
            json_array_append_new(option, json_value_string(values.names[i]));
        }
    } else if (values.n) {
        option = (key->number ? json_value_integer(atoll(values.names[0]))
                  : json_value_string(values.names[0]));
    }
    svec_destroy(&values);
    return option;
}

static json_t *
addressing_or_null(const struct addressing *addressing)
{
    if (!addressing) {
        return json_null();
    }
    json_t *object = json_value_object();
    size_t n;
    const struct addressing_key *keys = addressing_keys(addressing->kind, &n);
    for (size_t i = 0; i < n; i++) {
        json_t *option = addressing_option(addressing, &keys[i]);
        if (option) {
            json_object_set_new(object, keys[i].name, option);
        }
    }
    return object;
}

static json_t *
switch_dhcp(const struct model_row *row)
{
    return addressing_or_null(ROW(row, vswitch)->dhcp);
}

static json_t *
switch_ra(const struct model_row *row)
{
    return addressing_or_null(ROW(row, vswitch)->ra);
}

static json_t *
port_macs(const struct model_row *row)
{
    const struct vport *port = ROW(row, vport);
    struct svec list = SVEC_EMPTY_INITIALIZER;
    for (size_t i = 0; i < port->n_macs; i++) {
        svec_add_nocopy(&list, notation_mac_format(port->macs[i].address));
    }
    return set_steal(&list);
}

static json_t *
port_ips(const struct model_row *row)
{
    const struct vport *port = ROW(row, vport);
    struct svec list = SVEC_EMPTY_INITIALIZER;
    for (size_t i = 0; i < port->n_ips; i++) {
        svec_add_nocopy(&list, notation_ip_format(&port->ips[i].address,
                                                  port->ips[i].plen));
    }
    return set_steal(&list);
}

static json_t *
port_security(const struct model_row *row)
{
    return json_boolean(ROW(row, vport)->security);
}

static json_t *
port_sharing(const struct model_row *row)
{
    return json_boolean(ROW(row, vport)->sharing);
}

static json_t *
link_a(const struct model_row *row)
{
    return name_or_null(&ROW(row, vlink)->ends[0].vswitch->row);
}

static json_t *
link_b(const struct model_row *row)
{
    return name_or_null(&ROW(row, vlink)->ends[1].vswitch->row);
}

static json_t *
link_bandwidth(const struct model_row *row)
{
    uint64_t bps = ROW(row, vlink)->bandwidth;
    return bps ? string_steal(notation_bandwidth_format(bps)) : json_null();
}

static json_t *
cloud_id(const struct model_row *row)
{
    return json_value_integer(ROW(row, cloud)->id);
}

static json_t *
cloud_provider(const struct model_row *row)
{
    const char *name = ROW(row, cloud)->provider;
    return json_value_string(name && provider_find(name)
                             ? name : PROVIDER_OTHER->name);
}

static json_t *
cloud_jurisdiction(const struct model_row *row)
{
    return text_or_null(ROW(row, cloud)->jurisdiction);
}

static json_t *
cloud_mtu(const struct model_row *row)
{
    return json_value_integer(ROW(row, cloud)->mtu);
}

static json_t *
cloud_encaps(const struct model_row *row)
{
    return encaps_list(ROW(row, cloud)->encaps);
}

static json_t *
cloud_mode(const struct model_row *row)
{
    static const char *const names[] = { "direct", "tree", "mesh" };
    return json_value_string(names[ROW(row, cloud)->mode]);
}

static json_t *
cloud_public_ips(const struct model_row *row)
{
    const struct cloud *cloud = ROW(row, cloud);
    struct svec list = SVEC_EMPTY_INITIALIZER;
    for (size_t i = 0; i < cloud->n_public_ips; i++) {
        svec_add_nocopy(&list,
                        notation_host_ip_format(&cloud->public_ips[i]));
    }
    return set_steal(&list);
}

static json_t *
cloud_link_cost(const struct model_row *row)
{
    return number_or_null(ROW(row, cloud_link)->cost);
}

static json_t *
cloud_link_rtt(const struct model_row *row)
{
    return number_or_null(ROW(row, cloud_link)->rtt);
}

static json_t *
host_cloud(const struct model_row *row)
{
    return name_or_null(&ROW(row, host)->cloud->row);
}

static json_t *
host_id(const struct model_row *row)
{
    return json_value_integer(ROW(row, host)->id);
}

static json_t *
host_gateway(const struct model_row *row)
{
    return json_boolean(ROW(row, host)->gateway);
}

static json_t *
host_encap_ip(const struct model_row *row)
{
    return ip_or_null(&ROW(row, host)->encap_ip);
}

static json_t *
host_public_ip(const struct model_row *row)
{
    return ip_or_null(&ROW(row, host)->public_ip);
}

static json_t *
host_encaps(const struct model_row *row)
{
    return encaps_list(ROW(row, host)->encaps);
}

static const struct row_field switch_fields[] = {
    { "mode", false, false, switch_mode },
    { "dhcp", false, false, switch_dhcp },
    { "ra", false, false, switch_ra },
};

static const struct row_field port_fields[] = {
    { "mac", false, false, port_macs },
    { "ips", false, false, port_ips },
    { "security", false, false, port_security },
    { "sharing", false, false, port_sharing },
};

static const struct row_field link_fields[] = {
    { "a", false, false, link_a },
    { "b", false, false, link_b },
    { "bandwidth", false, false, link_bandwidth },
};

static const struct row_field cloud_fields[] = {
    { "id", true, false, cloud_id },
    { "provider", false, false, cloud_provider },
    { "jurisdiction", false, false, cloud_jurisdiction },
    { "mtu", false, false, cloud_mtu },
    { "encaps", false, false, cloud_encaps },
    { "mode", false, false, cloud_mode },
    { "public_ips", false, false, cloud_public_ips },
};

static const struct row_field cloud_link_fields[] = {
    { "cost", false, false, cloud_link_cost },
    { "rtt", false, true, cloud_link_rtt },
};

static const struct row_field host_fields[] = {
    { "cloud", true, false, host_cloud },
    { "id", true, false, host_id },
    { "gateway", false, false, host_gateway },
    { "encap_ip", false, true, host_encap_ip },
    { "public_ip", false, false, host_public_ip },
    { "encaps", false, true, host_encaps },
};

const struct row_field *
row_fields(enum model_kind kind, size_t *n)
{
    static const struct {
        const struct row_field *fields;
        size_t n;
    } kinds[MODEL_N_KINDS] = {
        [MODEL_SWITCH] = { switch_fields, ARRAY_SIZE(switch_fields) },
        [MODEL_PORT] = { port_fields, ARRAY_SIZE(port_fields) },
        [MODEL_LINK] = { link_fields, ARRAY_SIZE(link_fields) },
        [MODEL_CLOUD] = { cloud_fields, ARRAY_SIZE(cloud_fields) },
        [MODEL_CLOUD_LINK] = { cloud_link_fields,
                               ARRAY_SIZE(cloud_link_fields) },
        [MODEL_HOST] = { host_fields, ARRAY_SIZE(host_fields) },
    };
    *n = kinds[kind].n;
    return kinds[kind].fields;
}

/* Names. */

const char *
row_name(const struct model_row *row)
{
    if (!row->present || !row->name) {
        return NULL;
    }
    const char *slash = strrchr(row->name, '/');
    return slash ? slash + 1 : row->name;
}

static char *
cloud_link_path(const struct cloud_link *link)
{
    const char *a = row_name(&link->ends[0].cloud->row);
    const char *b = row_name(&link->ends[1].cloud->row);
    a = a ? a : "?";
    b = b ? b : "?";
    bool swap = strcmp(a, b) > 0;
    return xasprintf("%s/%s", swap ? b : a, swap ? a : b);
}

char *
row_path(const struct model_row *row)
{
    return (row->kind == MODEL_CLOUD_LINK
            ? cloud_link_path(ROW(row, cloud_link))
            : xstrdup(row->name ? row->name : "?"));
}

bool
row_is_whole(const struct model_row *row)
{
    if (!row->present) {
        return false;
    }
    switch (row->kind) {
    case MODEL_LINK: {
        const struct vlink *link = ROW(row, vlink);
        return (link->ends[0].vswitch->row.present
                && link->ends[1].vswitch->row.present);
    }
    case MODEL_CLOUD_LINK: {
        const struct cloud_link *link = ROW(row, cloud_link);
        return (link->ends[0].cloud->row.present
                && link->ends[1].cloud->row.present);
    }
    case MODEL_HOST:
        return ROW(row, host)->cloud->row.present;
    case MODEL_TENANT:
    case MODEL_NETWORK:
    case MODEL_SWITCH:
    case MODEL_PORT:
    case MODEL_BINDING:
    case MODEL_FOLLOWER:
    case MODEL_CLOUD:
    case MODEL_N_KINDS:
    default:
        return true;
    }
}

char *
row_value_text(json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY
                            | JSON_REAL_PRECISION(ROW_JSON_DIGITS));
    json_decref(value);
    char *copy = xstrdup(text);
    free(text);
    return copy;
}
