/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "addressing.h"

#include <stdlib.h>
#include <string.h>

#include "notation.h"
#include "packets.h"
#include "smap.h"
#include "svec.h"
#include "util.h"

/* Link-local, so that no tenant's subnet has it. */
#define SERVER_IP 0xa9fe4343            /* 169.254.67.67 */

#define SECONDS_MIN 60
#define LEASE_MAX UINT32_C(0x7fffffff)
#define LIFETIME_MAX UINT16_MAX         /* RFC 8319. */

#define SEPARATOR ", "              /* In lists of maps. */
#define VIA " via "

static char *
check_family(const struct addressing *a, const char *value,
             const struct in6_addr *ip)
{
    bool ipv4 = IN6_IS_ADDR_V4MAPPED(ip);
    return (ipv4 == (a->kind == ADDRESSING_DHCP) ? NULL
            : xasprintf("\"%s\" is of the wrong family: %s", value,
                        ipv4 ? "write an IPv6 address"
                        : "write an IPv4 address"));
}

static char *
parse_ip(const struct addressing *a, const char *value, struct in6_addr *ip)
{
    char *fault = notation_host_ip_parse(value, ip);
    return fault ? fault : check_family(a, value, ip);
}

static void
get_ip(const struct in6_addr *ip, struct svec *values)
{
    if (ipv6_addr_is_set(ip)) {
        svec_add_nocopy(values, notation_host_ip_format(ip));
    }
}

static char *
parse_seconds(const char *value, uint32_t max, uint32_t *seconds)
{
    unsigned int n;

    if (!str_to_uint(value, 10, &n) || n < SECONDS_MIN || n > max) {
        return xasprintf("must be a number of seconds from %d to %"PRIu32,
                         SECONDS_MIN, max);
    }
    *seconds = n;
    return NULL;
}

/* Options. */

static char *
add_router(struct addressing *a, const char *value)
{
    struct in6_addr ip;
    char *fault = parse_ip(a, value, &ip);
    if (!fault && a->kind == ADDRESSING_RA && !in6_is_lla(&ip)) {
        fault = xasprintf("\"%s\" is not link-local: hosts know an IPv6 "
                          "router by its address in fe80::/64", value);
    }
    if (!fault) {
        a->router = ip;
    }
    return fault;
}

static void
get_router(const struct addressing *a, struct svec *values)
{
    get_ip(&a->router, values);
}

static char *
parse_route(const struct addressing *a, const char *to, const char *via,
            struct addressing_route *route)
{
    char *fault = notation_network_parse(to, &route->to, &route->plen);
    if (!fault) {
        fault = check_family(a, to, &route->to);
    }
    return fault || !via ? fault : parse_ip(a, via, &route->via);
}

static char *
add_route(struct addressing *a, const char *value)
{
    struct addressing_route route = { .plen = 0 };
    const char *via = strstr(value, VIA);

    if (a->n_routes >= ADDRESSING_ROUTES_MAX) {
        return xasprintf("is one more than the %d routes that can be told",
                         ADDRESSING_ROUTES_MAX);
    } else if (!via != (a->kind == ADDRESSING_RA)) {
        return xstrdup(via ? "goes by the switch's router: write the network "
                             "alone, such as fd01::/64"
                           : "names no router: write a route such as "
                             "10.1.0.0/16 via 10.0.0.254");
    }
    char *to = xmemdup0(value, via ? via - value : strlen(value));
    char *fault = parse_route(a, to, via ? via + strlen(VIA) : NULL, &route);
    if (!fault) {
        a->routes[a->n_routes++] = route;
    }
    free(to);
    return fault;
}

static void
get_routes(const struct addressing *a, struct svec *values)
{
    for (size_t i = 0; i < a->n_routes; i++) {
        const struct addressing_route *route = &a->routes[i];
        char *to = notation_ip_format(&route->to, route->plen);

        if (a->kind == ADDRESSING_DHCP) {
            char *via = notation_host_ip_format(&route->via);
            svec_add_nocopy(values, xasprintf("%s"VIA"%s", to, via));
            free(via);
            free(to);
        } else {
            svec_add_nocopy(values, to);
        }
    }
}

static char *
add_dns(struct addressing *a, const char *value)
{
    if (a->n_dns >= ADDRESSING_DNS_MAX) {
        return xasprintf("is one more than the %d servers that can be told",
                         ADDRESSING_DNS_MAX);
    }
    struct in6_addr ip;
    char *fault = parse_ip(a, value, &ip);
    if (!fault) {
        a->dns[a->n_dns++] = ip;
    }
    return fault;
}

static void
get_dns(const struct addressing *a, struct svec *values)
{
    for (size_t i = 0; i < a->n_dns; i++) {
        get_ip(&a->dns[i], values);
    }
}

static char *
add_domain(struct addressing *a, const char *value)
{
    char *fault = notation_domain_check(value);
    if (!fault) {
        free(a->domain);
        a->domain = xstrdup(value);
    }
    return fault;
}

static void
get_domain(const struct addressing *a, struct svec *values)
{
    if (a->domain) {
        svec_add(values, a->domain);
    }
}

static char *
add_lease(struct addressing *a, const char *value)
{
    return parse_seconds(value, LEASE_MAX, &a->seconds);
}

static char *
add_lifetime(struct addressing *a, const char *value)
{
    return parse_seconds(value, LIFETIME_MAX, &a->seconds);
}

static void
get_seconds(const struct addressing *a, struct svec *values)
{
    svec_add_nocopy(values, xasprintf("%"PRIu32, a->seconds));
}

static char *
add_server(struct addressing *a, const char *value)
{
    return parse_ip(a, value, &a->server);
}

static void
get_server(const struct addressing *a, struct svec *values)
{
    get_ip(&a->server, values);
}

static const struct addressing_key dhcp_keys[] = {
    { "router", false, false, add_router, get_router },
    { "routes", true, false, add_route, get_routes },
    { "dns", true, false, add_dns, get_dns },
    { "domain", false, false, add_domain, get_domain },
    { "lease", false, true, add_lease, get_seconds },
    { "server", false, false, add_server, get_server },
};

static const struct addressing_key ra_keys[] = {
    { "router", false, false, add_router, get_router },
    { "routes", true, false, add_route, get_routes },
    { "dns", true, false, add_dns, get_dns },
    { "domain", false, false, add_domain, get_domain },
    { "lifetime", false, true, add_lifetime, get_seconds },
};

const struct addressing_key *
addressing_keys(enum addressing_kind kind, size_t *n)
{
    *n = (kind == ADDRESSING_DHCP ? ARRAY_SIZE(dhcp_keys)
          : ARRAY_SIZE(ra_keys));
    return kind == ADDRESSING_DHCP ? dhcp_keys : ra_keys;
}

/* As a whole. */

struct addressing *
addressing_create(enum addressing_kind kind)
{
    struct addressing *a = xzalloc(sizeof *a);
    a->kind = kind;
    a->seconds = (kind == ADDRESSING_DHCP ? ADDRESSING_LEASE_DEFAULT
                  : ADDRESSING_LIFETIME_DEFAULT);
    return a;
}

struct addressing *
addressing_clone(const struct addressing *a)
{
    if (!a) {
        return NULL;
    }
    struct addressing *clone = xmemdup(a, sizeof *a);
    clone->domain = nullable_xstrdup(a->domain);
    return clone;
}

void
addressing_destroy(struct addressing *a)
{
    if (a) {
        free(a->domain);
        free(a);
    }
}

bool
addressing_equals(const struct addressing *a, const struct addressing *b)
{
    if (!a || !b) {
        return a == b;
    }
    struct smap a_map = SMAP_INITIALIZER(&a_map);
    struct smap b_map = SMAP_INITIALIZER(&b_map);
    addressing_to_map(a, &a_map);
    addressing_to_map(b, &b_map);
    bool equal = a->kind == b->kind && smap_equal(&a_map, &b_map);
    smap_destroy(&a_map);
    smap_destroy(&b_map);
    return equal;
}

/* Bytes that DHCP's options take, without those of the client: those that are
 * always there, then what is given. */
static size_t
dhcp_size(const struct addressing *a)
{
    bool router = ipv6_addr_is_set(&a->router);
    size_t size = 42 + (router ? 6 : 0);

    if (a->n_routes) {
        size += 2 + (router ? 5 : 0);
        for (size_t i = 0; i < a->n_routes; i++) {
            size += 5 + DIV_ROUND_UP(a->routes[i].plen, 8);
        }
    }
    size += a->n_dns ? 2 + 4 * a->n_dns : 0;
    size += a->domain ? 2 + strlen(a->domain) : 0;
    return size;
}

char *
addressing_check(const struct addressing *a)
{
    if (a->kind == ADDRESSING_DHCP
        && dhcp_size(a) > ADDRESSING_DHCP_SIZE_MAX) {
        return xasprintf("takes %"PRIuSIZE" bytes, and every client's "
                         "messages have room for %d: give fewer routes or a "
                         "shorter domain", dhcp_size(a),
                         ADDRESSING_DHCP_SIZE_MAX);
    }
    if (a->kind == ADDRESSING_RA && a->n_routes
        && !ipv6_addr_is_set(&a->router)) {
        return xstrdup("has \"routes\" but no \"router\" that they lead to: "
                       "give its link-local address");
    }
    return NULL;
}

/* Maps. */

static char *
add_list(struct addressing *a, const struct addressing_key *key,
         const char *text)
{
    char *copy = xstrdup(text), *save = NULL, *fault = NULL;

    for (char *s = strtok_r(copy, ",", &save); s && !fault;
         s = strtok_r(NULL, ",", &save)) {
        fault = key->add(a, s + strspn(s, " "));
    }
    free(copy);
    return fault;
}

static const struct addressing_key *
find_key(enum addressing_kind kind, const char *name)
{
    size_t n;
    const struct addressing_key *keys = addressing_keys(kind, &n);
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(keys[i].name, name)) {
            return &keys[i];
        }
    }
    return NULL;
}

char *
addressing_from_map(enum addressing_kind kind, const struct smap *map,
                    struct addressing **ap)
{
    struct addressing *a = smap_is_empty(map) ? NULL
                           : addressing_create(kind);
    const struct smap_node *node;
    char *fault = NULL;

    SMAP_FOR_EACH (node, map) {
        const struct addressing_key *key = find_key(kind, node->key);
        char *clause = (!key ? xstrdup("is no option")
                        : key->list ? add_list(a, key, node->value)
                        : key->add(a, node->value));
        if (clause) {
            fault = xasprintf("\"%s\": %s", node->key, clause);
            free(clause);
            break;
        }
    }
    if (a && !fault) {
        fault = addressing_check(a);
    }
    if (fault) {
        addressing_destroy(a);
    } else {
        *ap = a;
    }
    return fault;
}

void
addressing_to_map(const struct addressing *a, struct smap *map)
{
    size_t n = 0;
    const struct addressing_key *keys = a ? addressing_keys(a->kind, &n)
                                        : NULL;
    for (size_t i = 0; i < n; i++) {
        struct svec values = SVEC_EMPTY_INITIALIZER;
        keys[i].get(a, &values);
        if (values.n) {
            smap_add_nocopy(map, xstrdup(keys[i].name),
                            svec_join(&values, SEPARATOR, ""));
        }
        svec_destroy(&values);
    }
}

struct in6_addr
addressing_server(const struct addressing *a)
{
    return (ipv6_addr_is_set(&a->server) ? a->server
            : ipv6_addr_is_set(&a->router) ? a->router
            : in6_addr_mapped_ipv4(htonl(SERVER_IP)));
}
