/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADDRESSING_H
#define ADDRESSING_H 1

/* What a virtual switch tells the endpoints at its ports besides their
 * addresses, which are the ports': by DHCP (IPv4) or in router advertisements
 * (IPv6).
 *
 * An addressing is of one kind and has options, each with a key and one value
 * or a list of them.  A value is written the same way in documents and in the
 * database, such as "10.1.0.0/16 via 10.0.0.254" for a route; the database
 * has a list as one text, joined by ", ".  Errors are malloc'd clauses as in
 * notation.h.  Pure. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct smap;
struct svec;

enum addressing_kind { ADDRESSING_DHCP, ADDRESSING_RA };

/* No more than fit into one message. */
#define ADDRESSING_ROUTES_MAX 20
#define ADDRESSING_DNS_MAX 5
#define ADDRESSING_DHCP_SIZE_MAX 272    /* Of 312 (RFC 2131): 40 are for what
                                         * the client wants back. */

/* Seconds. */
#define ADDRESSING_LEASE_DEFAULT 86400
#define ADDRESSING_LIFETIME_DEFAULT 9000

struct addressing_route {
    struct in6_addr to;
    uint8_t plen;
    struct in6_addr via;            /* DHCP only. */
};

/* Addresses are unspecified if not given; IPv4 is held IPv4-mapped. */
struct addressing {
    enum addressing_kind kind;
    struct in6_addr router;         /* RA: its link-local address. */
    struct in6_addr server;         /* DHCP only. */
    uint32_t seconds;               /* Lease, or lifetime of what is told. */
    struct addressing_route routes[ADDRESSING_ROUTES_MAX];
    size_t n_routes;
    struct in6_addr dns[ADDRESSING_DNS_MAX];
    size_t n_dns;
    char *domain;                   /* NULL if not given. */
};

/* The options of a kind. */
struct addressing_key {
    const char *name;
    bool list;
    bool number;                    /* In documents an integer. */
    char *(*add)(struct addressing *, const char *value);
    void (*get)(const struct addressing *, struct svec *values);
};

/* Returns the keys of 'kind', '*n' of them. */
const struct addressing_key *addressing_keys(enum addressing_kind, size_t *n);

struct addressing *addressing_create(enum addressing_kind);
struct addressing *addressing_clone(const struct addressing *); /* NULL too. */
void addressing_destroy(struct addressing *);
bool addressing_equals(const struct addressing *, const struct addressing *);

/* Returns what is wrong with the options taken together, or NULL. */
char *addressing_check(const struct addressing *);

/* Convert from and to a map of the database, which is empty if there is no
 * addressing: NULL. */
char *addressing_from_map(enum addressing_kind, const struct smap *,
                          struct addressing **);
void addressing_to_map(const struct addressing *, struct smap *);

/* Returns the address that a DHCP server answers from: the one that is given,
 * else the router's, else one of nethv's own. */
struct in6_addr addressing_server(const struct addressing *);

#endif /* addressing.h */
