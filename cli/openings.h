/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPENINGS_H
#define OPENINGS_H 1

/* What the firewalls of a cloud must let in for nethv to work, and no more.
 * What they let out follows from the lists of the others.
 *
 * Between clouds any two gateways may come to have a tunnel, since the tree of
 * clouds changes with what is measured; so the openings are for all of them. */

#include <stdbool.h>
#include <stddef.h>

#include "svec.h"

struct nethvrec_cloud;
struct ovsdb_idl;

enum opening_to {
    OPENING_GATEWAYS,               /* All gateways of the cloud. */
    OPENING_DATABASE,               /* The gateway that has the database. */
    OPENING_HOSTS                   /* All machines that have joined or will. */
};

struct opening {
    enum opening_to to;
    struct svec to_ips;             /* Private addresses known so far. */
    bool inside;                    /* From machines of the cloud itself. */
    struct svec from;               /* Addresses known so far. */
    int protocol;                   /* IPPROTO_*. */
    int port;                       /* 0: the protocol has none. */
    const char *why;
};

struct openings {
    struct opening *all;
    size_t n, allocated;
};
#define OPENINGS_INITIALIZER { NULL, 0, 0 }

/* Adds to '*openings' what 'cloud' needs.  'prefix' is what the operator says
 * of where the cloud's machines are ("10.1.0.0/16"), or NULL: then only those
 * that have joined are known. */
void openings_find(struct ovsdb_idl *, const struct nethvrec_cloud *cloud,
                   const char *prefix, struct openings *openings);
void openings_destroy(struct openings *);

/* Returns "tcp", "udp" or "gre". */
const char *openings_protocol_name(int protocol);

#endif /* openings.h */
