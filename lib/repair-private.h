/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPAIR_PRIVATE_H
#define REPAIR_PRIVATE_H 1

/* The parts of repair: what repair.c, repair-view.c, repair-failures.c,
 * repair-ends.c and repair-open.c share. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "repair.h"
#include "slots.h"
#include "tree.h"

struct linkstate;
struct spread;

/* The own tunnel to another cloud. */
struct repair_tunnel {
    bool told;                  /* repair_set_end() was called. */
    enum repair_end state;
    long long int since;        /* When it came to 'state'. */
    unsigned int flaps;         /* How often it has failed soon. */

    /* Opening. */
    bool unreachable;           /* Probes say so. */
    bool opened;
    bool closing;               /* The host has not taken it away yet. */
    unsigned int tries;         /* In vain, since clouds are apart. */
    long long int tried;        /* Since when this try goes on. */
    long long int wanted;       /* When it last had a use. */
};

/* A plan of one's own: 'edges' is owned. */
struct repair_held {
    uint32_t number;
    struct repair_edge *edges;
    size_t n;
    long long int since;        /* When it was first given. */
};

/* A tree and its number. */
struct repair_way {
    uint64_t number;            /* 0: there is none. */
    struct tree tree;
};

/* The view that the current outcome follows from. */
struct repair_view {
    uint32_t plan;              /* Number of the plan gone by. */
    struct repair_way way;
    struct repair_way other;    /* By which some may go for a while. */
    long long int since;        /* When 'way' got its number. */
    struct repair_way next;     /* Of the plan to come. */
    bool next_whole;            /* 'next' is that plan's tree. */
    bool next_still;            /* No tunnel of it is still to come up. */
    uint8_t part[NETHV_CLOUD_FLOOD];    /* Clouds in one part have the same. */
};

/* What has failed of a plan. */
struct repair_failures {
    unsigned int n;             /* Edges, */
    unsigned int of[NETHV_CLOUD_FLOOD];     /* of each cloud. */
    unsigned int tree;          /* Of them, those of the plan's tree, */
    unsigned int lost[NETHV_CLOUD_FLOOD];   /* of each cloud, */
    bool silent[NETHV_CLOUD_FLOOD];     /* and who has not told of one. */
    unsigned int sure;          /* Standby edges of which both ends tell. */

    /* If one cloud or one edge accounts for all: the cloud that is to be passed
     * by, else 0; of an edge also the one at the other end, and whether either
     * will do. */
    uint8_t around;
    uint8_t other;
    bool open;
};

struct repair {
    uint8_t self;
    long long int created;
    struct linkstate *linkstate;
    struct spread *spread;
    struct slots slots;
    struct repair_tunnel tunnels[NETHV_CLOUD_FLOOD];

    struct repair_held held;    /* Gone by. */
    struct repair_held current, next;   /* As the database says. */
    struct tree_edge *candidates;
    size_t n_candidates;

    uint64_t agreed;            /* Number that all have prepared, else 0. */
    bool changed;               /* 'view' is to be computed anew. */
    struct repair_view view;
    long long int apart;        /* Since when there is something to be opened;
                                 * LLONG_MAX: nothing is. */
    unsigned int tries;         /* In vain, since then. */
    long long int deadline;
    struct repair_outcome outcome;
};

/* Makes 'deadline' not later than 'when'. */
void repair_due(struct repair *, long long int when);

/* Sets the own end towards 'peer' to 'counter'. */
void repair_say(struct repair *, uint8_t peer, uint32_t counter);

/* repair-ends.c: says what own tunnels do, after their hold times. */
void repair_run_ends(struct repair *, long long int now);

/* repair-failures.c */
bool repair_has_failed(uint32_t level);
void repair_find_failures(const struct repair *, const struct repair_held *,
                          struct repair_failures *);
unsigned int repair_count_failures(const struct repair_failures *);

/* repair-view.c */
void repair_compute_view(struct repair *);
bool repair_is_broken(const struct repair *, const struct slot *stamped);
bool repair_plan_has(const struct repair_held *, uint8_t a, uint8_t b);

/* repair-open.c */
void repair_run_open(struct repair *, long long int now);

#endif /* repair-private.h */
