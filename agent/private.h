/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_PRIVATE_H
#define AGENT_PRIVATE_H 1

/* The agent's insides, for agent.c and its control commands. */

#include <stdbool.h>
#include <stdint.h>

/* What had been seen when the database was written last. */
struct agent_seen {
    uint64_t db;
    uint64_t vs;
    uint64_t confirmed;
    uint64_t stamp;
    uint64_t transactions;
    uint64_t hello;
};

struct agent {
    struct vswitch_db *vs;
    struct gateway_link *link;
    struct report *report;
    struct punts *punts;
    struct adverts *adverts;
    struct renew *renew;
    struct remotes *remotes;
    char *problem;                  /* What is wrong with the configuration. */

    /* From here on NULL until the host knows who it is. */
    uint32_t self;                  /* Its location, 0 until then. */
    bool is_gateway;
    struct model *model;
    struct db *db;
    struct compiler *compiler;
    struct claims *claims;
    struct followers *followers;
    struct ofswitch *sw;
    struct channel *channel;
    struct hello *hello;
    struct probe *probe;
    struct standby *standby;

    bool ready;                     /* The rules have been complete once. */
    uint64_t stamp;                 /* Of the last update of the switch; grows,
                                     * whoever the host is. */
    bool held;                      /* See hold_rules(). */
    long long int hold_until;       /* At the latest, 0 for no reason to. */
    unsigned int mtu;               /* Endpoints'. */
    struct agent_seen seen;
    bool unwritten;                 /* Something is to be written. */
};

#endif /* agent/private.h */
