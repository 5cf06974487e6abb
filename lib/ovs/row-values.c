/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovs/row-values.h"

#include <stdlib.h>
#include <string.h>

#include "nethv-idl.h"
#include "nethv/wire.h"
#include "notation.h"
#include "packets.h"
#include "util.h"

char *
row_check_path(const char *name, int depth)
{
    const char *p = name;

    for (int i = 0; i < depth; i++) {
        size_t n = strcspn(p, "/");
        bool last = i == depth - 1;
        if (!notation_name_valid(p, n) || (p[n] == '\0') != last) {
            return xasprintf("\"%s\" is not a path of %d names", name, depth);
        }
        p += n + !last;
    }
    return NULL;
}

char *
row_check_under(const char *name, const char *parent)
{
    size_t n = strlen(parent);

    if (strncmp(name, parent, n) || name[n] != '/') {
        return xasprintf("\"%s\" is not named as part of \"%s\", which it "
                         "refers to", name, parent);
    }
    return NULL;
}

char *
row_parse_address(const char *s, struct in6_addr *address)
{
    ovs_be32 ip;

    if (ip_parse(s, &ip)) {
        in6_addr_set_mapped_ipv4(address, ip);
        return NULL;
    } else if (ipv6_parse(s, address)) {
        return NULL;
    }
    return xasprintf("\"%s\" is not an IP address", s);
}

char *
row_parse_cidr(const char *s, struct in6_addr *address, uint8_t *plen)
{
    unsigned int bits;
    ovs_be32 ip;
    char *error;

    if (strchr(s, ':')) {
        error = ipv6_parse_cidr(s, address, &bits);
    } else {
        error = ip_parse_cidr(s, &ip, &bits);
        if (!error) {
            in6_addr_set_mapped_ipv4(address, ip);
        }
    }
    if (error) {
        free(error);
        return xasprintf("\"%s\" is not ADDRESS/LENGTH", s);
    }
    *plen = bits;
    return NULL;
}

char *
row_parse_mac(const char *s, struct eth_addr *mac)
{
    if (!eth_addr_from_string(s, mac) || eth_addr_is_multicast(*mac)
        || eth_addr_is_zero(*mac)) {
        return xasprintf("\"%s\" is not the MAC address of a port", s);
    }
    return NULL;
}

char *
row_check_location(int64_t location, const struct nethvrec_host *host,
                   uint32_t number_max)
{
    struct nethv_location l;

    if (location < 0 || location > UINT32_MAX
        || (location & NETHV_TREE_MASK)
        || !nethv_location_parse(location, &l)
        || l.cloud > NETHV_CLOUD_MAX || l.number > number_max) {
        return xasprintf("%"PRId64" is not a location", location);
    }
    if (host && host->cloud
        && (host->id != l.host || host->cloud->id != l.cloud)) {
        return xasprintf("%"PRId64" is not a location on host \"%s\"",
                         location, host->name);
    }
    return NULL;
}
