/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "notation.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "json-cursor.h"
#include "openvswitch/dynamic-string.h"
#include "packets.h"
#include "util.h"

/* Returns 's' in quotes, then 'clause'. */
static char *
wrong(const char *s, const char *clause)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    json_quote(&ds, s, strlen(s));
    ds_put_format(&ds, " %s", clause);
    return ds_steal_cstr(&ds);
}

/* Names. */

static bool
is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9');
}

bool
notation_name_valid(const char *name, size_t length)
{
    if (length < 1 || length > NOTATION_NAME_MAX
        || !is_alphanumeric(name[0])) {
        return false;
    }
    for (size_t i = 1; i < length; i++) {
        char c = name[i];
        if (!is_alphanumeric(c) && c != '.' && c != '_' && c != '-') {
            return false;
        }
    }
    return true;
}

char *
notation_name_check(const char *name)
{
    return (notation_name_valid(name, strlen(name)) ? NULL
            : wrong(name, "is no name: a name is 1 to 64 letters, digits, "
                    "'.', '_' and '-', the first a letter or digit"));
}

char *
notation_path_check(const char *path, unsigned int n_names)
{
    static const char *const parts[] = {
        "", "TENANT", "TENANT/NETWORK", "TENANT/NETWORK/SWITCH",
        "TENANT/NETWORK/SWITCH/PORT",
    };
    unsigned int n = 0;
    const char *p = path;
    for (;;) {
        size_t length = strcspn(p, "/");
        n++;
        if (n > n_names || !notation_name_valid(p, length)) {
            break;
        }
        p += length;
        if (!*p) {
            if (n == n_names) {
                return NULL;
            }
            break;
        }
        p++;
    }
    char *clause = xasprintf("is no path of the form %s", parts[n_names]);
    char *fault = wrong(path, clause);
    free(clause);
    return fault;
}

/* MAC addresses. */

static bool
scan_mac(const char *s, struct eth_addr *mac)
{
    if (strlen(s) != ETH_ADDR_STRLEN) {
        return false;
    }
    for (int i = 0; i < ETH_ADDR_LEN; i++, s += 3) {
        bool ok;
        uintmax_t byte = hexits_value(s, 2, &ok);
        if (!ok || s[2] != (i + 1 < ETH_ADDR_LEN ? ':' : '\0')) {
            return false;
        }
        mac->ea[i] = byte;
    }
    return true;
}

char *
notation_mac_parse(const char *s, struct eth_addr *macp)
{
    struct eth_addr mac;
    if (!scan_mac(s, &mac)) {
        return wrong(s, "is no MAC address: write six bytes in hexadecimal, "
                     "such as 02:00:00:00:00:01");
    } else if (eth_addr_is_multicast(mac)) {
        return wrong(s, "is a multicast address, which no port can have: make "
                     "its first byte even");
    } else if (eth_addr_is_zero(mac)) {
        return wrong(s, "is the zero address, which no port can have: give it "
                     "one such as 02:00:00:00:00:01");
    }
    *macp = mac;
    return NULL;
}

char *
notation_mac_format(struct eth_addr mac)
{
    return xasprintf(ETH_ADDR_FMT, ETH_ADDR_ARGS(mac));
}

/* IP addresses. */

/* Reads a prefix length, digits without leading zeros, up to 'max'. */
static bool
scan_plen(const char *s, unsigned int max, uint8_t *plen)
{
    unsigned int n = 0;
    for (const char *p = s; *p; p++) {
        if (*p < '0' || *p > '9' || p - s >= 3) {
            return false;
        }
        n = n * 10 + (*p - '0');
    }
    *plen = n;
    return s[0] >= '1' && s[0] <= '9' && n <= max;
}

/* Splits 's' at its slash into the text of an address, '*address' with room for
 * INET6_ADDRSTRLEN bytes, and the text of a prefix length, or NULL. */
static bool
split_prefix(const char *s, char *address, const char **plen)
{
    size_t length = strcspn(s, "/");
    if (length >= INET6_ADDRSTRLEN) {
        return false;
    }
    memcpy(address, s, length);
    address[length] = '\0';
    *plen = s[length] ? s + length + 1 : NULL;
    return true;
}

/* Returns what is wrong with 'ip' as an IPv4 address of an interface in a
 * subnet of 'plen' bits, or NULL. */
static const char *
ipv4_fault(ovs_be32 ip, uint8_t plen)
{
    uint32_t a = ntohl(ip);
    uint32_t host = plen >= 31 ? 1 : a & (UINT32_MAX >> plen);
    uint32_t host_max = plen >= 31 ? 2 : UINT32_MAX >> plen;

    if (!a) {
        return "is no address: 0.0.0.0 means none";
    } else if (a >> 28 == 0xe) {
        return "is a multicast address, which no port can have";
    } else if (a == UINT32_MAX) {
        return "is the broadcast address, which no port can have";
    } else if (!host) {
        return "is a network, not an address in it: set some of the bits "
               "after the prefix";
    } else if (host == host_max) {
        return "is the broadcast address of its network: take another in it";
    }
    return NULL;
}

static const char *
ipv6_fault(const struct in6_addr *ip)
{
    if (IN6_IS_ADDR_UNSPECIFIED(ip)) {
        return "is no address: :: means none";
    } else if (IN6_IS_ADDR_MULTICAST(ip)) {
        return "is a multicast address, which no port can have";
    } else if (IN6_IS_ADDR_V4MAPPED(ip)) {
        return "is an IPv4 address in IPv6's clothes: write it as IPv4";
    }
    return NULL;
}

char *
notation_ip_parse(const char *s, struct in6_addr *ipp, uint8_t *plenp)
{
    static const char form[] =
        "is no IP address: write one such as 10.0.0.1/24 or fd00::1/64";
    char address[INET6_ADDRSTRLEN];
    const char *prefix;
    struct in6_addr ip;
    ovs_be32 ip4;

    if (!split_prefix(s, address, &prefix)) {
        return wrong(s, form);
    }
    bool is_ipv4 = inet_pton(AF_INET, address, &ip4) == 1;
    if (!is_ipv4 && inet_pton(AF_INET6, address, &ip) != 1) {
        return wrong(s, form);
    }
    uint8_t plen = is_ipv4 ? 32 : 128;
    if (prefix && !scan_plen(prefix, plen, &plen)) {
        return wrong(s, is_ipv4
                     ? "has no good prefix length: for IPv4 it is 1 to 32"
                     : "has no good prefix length: for IPv6 it is 1 to 128");
    }
    const char *clause = is_ipv4 ? ipv4_fault(ip4, plen) : ipv6_fault(&ip);
    if (clause) {
        return wrong(s, clause);
    }
    *ipp = is_ipv4 ? in6_addr_mapped_ipv4(ip4) : ip;
    *plenp = plen;
    return NULL;
}

char *
notation_ip_format(const struct in6_addr *ip, uint8_t plen)
{
    char *address = notation_host_ip_format(ip);
    char *s = xasprintf("%s/%u", address, plen);
    free(address);
    return s;
}

static bool
is_loopback(const struct in6_addr *ip)
{
    ovs_be32 ip4 = in6_addr_get_mapped_ipv4(ip);
    return ip4 ? ntohl(ip4) >> 24 == 127 : IN6_IS_ADDR_LOOPBACK(ip);
}

char *
notation_host_ip_parse(const char *s, struct in6_addr *ipp)
{
    struct in6_addr ip;
    uint8_t plen;

    if (strchr(s, '/')) {
        return wrong(s, "must be an address alone, without prefix length");
    }
    char *fault = notation_ip_parse(s, &ip, &plen);
    if (fault) {
        return fault;
    } else if (is_loopback(&ip)) {
        return wrong(s, "is a loopback address, which no other machine "
                     "reaches");
    }
    *ipp = ip;
    return NULL;
}

char *
notation_host_ip_format(const struct in6_addr *ip)
{
    char s[INET6_ADDRSTRLEN];
    return xstrdup(ipv6_string_mapped(s, ip));
}

char *
notation_network_parse(const char *s, struct in6_addr *ipp, uint8_t *plenp)
{
    char address[INET6_ADDRSTRLEN];
    const char *prefix;
    struct in6_addr ip;
    ovs_be32 ip4;
    uint8_t plen;

    if (!split_prefix(s, address, &prefix) || !prefix
        || !scan_plen(prefix, 128, &plen)) {
        return wrong(s, "is no network: write one such as 10.1.0.0/16 or "
                     "fd01::/64");
    }
    if (inet_pton(AF_INET, address, &ip4) == 1 && plen <= 32) {
        ip = in6_addr_mapped_ipv4(ip4 & be32_prefix_mask(plen));
        if (in6_addr_get_mapped_ipv4(&ip) != ip4) {
            return wrong(s, "is no network: clear the bits after the prefix");
        }
    } else if (inet_pton(AF_INET6, address, &ip) == 1) {
        struct in6_addr mask = ipv6_create_mask(plen);
        struct in6_addr net = ipv6_addr_bitand(&ip, &mask);
        if (!ipv6_addr_equals(&net, &ip)) {
            return wrong(s, "is no network: clear the bits after the prefix");
        }
    } else {
        return wrong(s, "is no network: write one such as 10.1.0.0/16 or "
                     "fd01::/64");
    }
    *ipp = ip;
    *plenp = plen;
    return NULL;
}

/* Domain names. */

static bool
domain_valid(const char *s)
{
    if (strlen(s) > NOTATION_DOMAIN_MAX) {
        return false;
    }
    for (;;) {
        size_t n = strcspn(s, ".");
        for (size_t i = 0; i < n; i++) {
            if (!is_alphanumeric(s[i]) && s[i] != '-' && s[i] != '_') {
                return false;
            }
        }
        if (n < 1 || n > 63) {
            return false;
        } else if (!s[n]) {
            return true;
        }
        s += n + 1;
    }
}

char *
notation_domain_check(const char *s)
{
    return (domain_valid(s) ? NULL
            : wrong(s, "is no domain name: write one such as shop.example, of "
                    "at most 100 characters"));
}

/* Bandwidths. */

static const struct unit {
    char letter;
    uint64_t factor;
} units[] = {
    { 'T', UINT64_C(1000000000000) },
    { 'G', 1000000000 },
    { 'M', 1000000 },
    { 'k', 1000 },
};

static bool
bandwidth_valid(uint64_t bps)
{
    return !bps || (bps >= NOTATION_BANDWIDTH_MIN
                    && bps <= NOTATION_BANDWIDTH_MAX);
}

char *
notation_bandwidth_check(uint64_t bps)
{
    return (bandwidth_valid(bps) ? NULL
            : xasprintf("%"PRIu64" bit/s is out of range: write 0 for no "
                        "limit, or 1k to 4T", bps));
}

char *
notation_bandwidth_parse(const char *s, uint64_t *bpsp)
{
    size_t digits = strspn(s, "0123456789");
    uint64_t factor = s[digits] ? 0 : 1;
    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        if (s[digits] == units[i].letter && !s[digits + 1]) {
            factor = units[i].factor;
        }
    }
    if (!digits || digits > 15 || !factor) {
        return wrong(s, "is no bandwidth: write bits per second as digits and "
                     "perhaps k, M, G or T, such as \"100M\"");
    }
    uint64_t n = strtoull(s, NULL, 10);
    if (n > NOTATION_BANDWIDTH_MAX / factor || !bandwidth_valid(n * factor)) {
        return wrong(s, "is out of range: write 0 for no limit, or 1k to 4T");
    }
    *bpsp = n * factor;
    return NULL;
}

char *
notation_bandwidth_format(uint64_t bps)
{
    for (size_t i = 0; bps && i < ARRAY_SIZE(units); i++) {
        if (!(bps % units[i].factor)) {
            return xasprintf("%"PRIu64"%c", bps / units[i].factor,
                             units[i].letter);
        }
    }
    return xasprintf("%"PRIu64, bps);
}
