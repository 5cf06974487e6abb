/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "document-private.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "notation.h"
#include "packets.h"
#include "util.h"

/* Behind a network in a port's "ips". */
#define EUI64 " eui-64"

/* A MAC address of the network that is being parsed. */
struct mac_use {
    struct hmap_node node;          /* In network_parser->macs by address. */
    struct eth_addr address;
    const struct vport *port;       /* The first that has it. */
};

/* The addresses of the port that is being parsed. */
struct ip_prefix {
    struct in6_addr address;
    uint8_t plen;
};

struct port_parser {
    struct eth_addr macs[DOCUMENT_ADDRESSES_MAX];
    size_t n_macs;
    struct ip_prefix ips[DOCUMENT_ADDRESSES_MAX];
    size_t n_ips;
};

static char *
limit_addresses(const struct json_cursor *cursor, size_t n)
{
    return (n < DOCUMENT_ADDRESSES_MAX ? NULL
            : json_cursor_fault(cursor, "is one more than the %d that a port "
                                "may have", DOCUMENT_ADDRESSES_MAX));
}

static char *
parse_mac(const struct json_cursor *cursor, void *port_)
{
    struct port_parser *port = port_;
    char *fault = json_cursor_check_type(cursor, JSON_A_STRING);
    if (!fault) {
        fault = limit_addresses(cursor, port->n_macs);
    }
    struct eth_addr mac;
    if (!fault) {
        fault = document_fault(
            cursor, notation_mac_parse(json_string_value(cursor->value), &mac));
    }
    if (fault) {
        return fault;
    }
    for (size_t i = 0; i < port->n_macs; i++) {
        if (eth_addr_equals(port->macs[i], mac)) {
            return json_cursor_fault(cursor, ETH_ADDR_FMT" is in the list "
                                     "twice: keep one", ETH_ADDR_ARGS(mac));
        }
    }
    port->macs[port->n_macs++] = mac;
    return NULL;
}

static char *
parse_macs(const struct json_cursor *cursor, struct port_parser *port)
{
    struct json_cursor mac;
    if (json_cursor_member(cursor, "mac", &mac)
        && json_is_string(mac.value)) {
        return parse_mac(&mac, port);
    }
    return json_cursor_each(cursor, "mac", parse_mac, port);
}

/* What SLAAC makes of the port's MAC address in the network 'text' (RFC 4291,
 * appendix A). */
static char *
make_eui64(const char *text, const struct port_parser *port,
           struct ip_prefix *ip)
{
    struct in6_addr network;
    char *fault = notation_network_parse(text, &network, &ip->plen);

    if (!fault && (ip->plen != 64 || IN6_IS_ADDR_V4MAPPED(&network))) {
        fault = xstrdup("eui-64 needs an IPv6 network of 64 bits, such as "
                        "fd00::/64");
    } else if (!fault && port->n_macs != 1) {
        fault = xstrdup("eui-64 needs a port with one \"mac\"");
    } else if (!fault) {
        in6_generate_eui64(port->macs[0], &network, &ip->address);
    }
    return fault;
}

static char *
parse_prefix(const char *text, const struct port_parser *port,
             struct ip_prefix *ip)
{
    size_t length = strlen(text);
    size_t suffix = strlen(EUI64);

    if (length <= suffix || strcmp(text + length - suffix, EUI64)) {
        return notation_ip_parse(text, &ip->address, &ip->plen);
    }
    char *network = xmemdup0(text, length - suffix);
    char *fault = make_eui64(network, port, ip);
    free(network);
    return fault;
}

static char *
parse_ip(const struct json_cursor *cursor, void *port_)
{
    struct port_parser *port = port_;
    char *fault = json_cursor_check_type(cursor, JSON_A_STRING);
    if (!fault) {
        fault = limit_addresses(cursor, port->n_ips);
    }
    struct ip_prefix ip;
    if (!fault) {
        fault = document_fault(
            cursor, parse_prefix(json_string_value(cursor->value), port, &ip));
    }
    if (fault) {
        return fault;
    }
    for (size_t i = 0; i < port->n_ips; i++) {
        if (ipv6_addr_equals(&port->ips[i].address, &ip.address)) {
            return json_cursor_fault(cursor, "%s is in the list twice: keep "
                                     "one", json_string_value(cursor->value));
        }
    }
    port->ips[port->n_ips++] = ip;
    return NULL;
}

static int
compare_macs(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct eth_addr));
}

static int
compare_ips(const void *a_, const void *b_)
{
    const struct ip_prefix *a = a_;
    const struct ip_prefix *b = b_;
    return memcmp(&a->address, &b->address, sizeof a->address);
}

/* Puts the port that 'port' and 'spec' describe; addresses are sets, so that
 * their order in the text does not count. */
static void
put_port(struct model *model, const struct uuid *uuid,
         struct port_parser *port, struct port_spec *spec)
{
    struct in6_addr addresses[DOCUMENT_ADDRESSES_MAX];
    uint8_t plens[DOCUMENT_ADDRESSES_MAX];

    qsort(port->macs, port->n_macs, sizeof *port->macs, compare_macs);
    qsort(port->ips, port->n_ips, sizeof *port->ips, compare_ips);
    for (size_t i = 0; i < port->n_ips; i++) {
        addresses[i] = port->ips[i].address;
        plens[i] = port->ips[i].plen;
    }
    spec->macs = port->macs;
    spec->n_macs = port->n_macs;
    spec->ips = addresses;
    spec->plens = plens;
    spec->n_ips = port->n_ips;
    model_put_port(model, uuid, spec);
}

static struct mac_use *
find_mac(const struct network_parser *network, struct eth_addr mac)
{
    struct mac_use *use;
    HMAP_FOR_EACH_WITH_HASH (use, node, hash_mac(mac, 0, 0),
                             &network->macs) {
        if (eth_addr_equals(use->address, mac)) {
            return use;
        }
    }
    return NULL;
}

/* Notes that 'port', whose text is at 'cursor', has 'mac'. */
static char *
use_mac(struct network_parser *network, const struct json_cursor *cursor,
        const struct vport *port, struct eth_addr mac)
{
    struct mac_use *use = find_mac(network, mac);
    if (!use) {
        use = xmalloc(sizeof *use);
        use->address = mac;
        use->port = port;
        hmap_insert(&network->macs, &use->node, hash_mac(mac, 0, 0));
    } else if (!use->port->sharing || !port->sharing) {
        struct json_cursor member;
        return json_cursor_fault(
            json_cursor_member(cursor, "mac", &member) ? &member : cursor,
            ETH_ADDR_FMT" is the address of %s already: choose another, or "
            "write \"sharing\": true at all ports that have it",
            ETH_ADDR_ARGS(mac), use->port->row.name);
    }
    return NULL;
}

static char *
use_macs(struct network_parser *network, const struct json_cursor *cursor,
         const struct uuid *uuid)
{
    struct model_row *row = model_find(network->model, MODEL_PORT, uuid);
    const struct vport *port = CONTAINER_OF(row, struct vport, row);
    char *fault = NULL;
    for (size_t i = 0; !fault && i < port->n_macs; i++) {
        fault = use_mac(network, cursor, port, port->macs[i].address);
    }
    return fault;
}

static char *
check_security(const struct json_cursor *cursor, const struct port_spec *spec,
               const struct port_parser *port)
{
    struct json_cursor security;
    if (spec->security && !port->n_macs
        && json_cursor_member(cursor, "security", &security)) {
        return json_cursor_fault(&security, "is true, but without \"mac\" the "
                                 "port could send nothing: give it an address");
    }
    return NULL;
}

char *
document_parse_port(const struct json_cursor *cursor, void *vswitch_)
{
    static const struct json_field fields[] = {
        { "name", JSON_A_STRING, true },
        { "mac", JSON_A_STRING | JSON_A_LIST, false },
        { "ips", JSON_A_LIST, false },
        { "security", JSON_A_BOOLEAN, false },
        { "sharing", JSON_A_BOOLEAN, false },
    };
    struct switch_parser *vswitch = vswitch_;
    struct network_parser *network = vswitch->network;
    struct port_parser port = { .n_macs = 0 };
    struct uuid uuid;
    char *path = NULL;
    char *fault = json_cursor_check_object(cursor, "a port", fields,
                                           ARRAY_SIZE(fields));
    if (!fault) {
        fault = document_path(cursor, network->model, MODEL_PORT,
                              vswitch->path, &path, &uuid);
    }
    if (!fault) {
        fault = parse_macs(cursor, &port);
    }
    if (!fault) {
        fault = json_cursor_each(cursor, "ips", parse_ip, &port);
    }
    if (!fault) {
        struct port_spec spec = {
            .name = path,
            .network = network->uuid,
            .vswitch = vswitch->uuid,
            .security = json_cursor_boolean(cursor, "security", false),
            .sharing = json_cursor_boolean(cursor, "sharing", false),
        };
        fault = check_security(cursor, &spec, &port);
        put_port(network->model, &uuid, &port, &spec);
    }
    if (!fault) {
        fault = use_macs(network, cursor, &uuid);
    }
    free(path);
    return fault;
}

void
document_forget_macs(struct network_parser *network)
{
    struct mac_use *use;
    HMAP_FOR_EACH_POP (use, node, &network->macs) {
        free(use);
    }
    hmap_destroy(&network->macs);
}
