/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_H
#define SIM_H 1

/* A simulation of many clouds in one process, on a virtual clock, with the
 * production code of lib/repair, lib/linkstate, lib/slots, lib/spread and
 * lib/tree, and of gateway/partners.
 *
 * What is simulated around it: the paths between clouds (delay, jitter, loss,
 * cuts of one or both directions), the detection of failures that BFD would do,
 * on each gateway host a switch that forwards by what it was given last, the
 * agent that gives it that, the gateway process that crashes and restarts by
 * itself; the database and the global controller.  Frames are sent all the
 * time and forwarded by the switches' slots; each cloud counts what it gets.
 *
 * A schedule is made from a seed alone: the same seed makes the same one.
 * Times are in microseconds, those given to the production code in
 * milliseconds. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "repair.h"

#define SIM_MAX 72              /* Gateways. */
#define SEC 1000000LL
#define MSEC 1000LL
#define NEVER INT64_MAX

/* Bugs put in on purpose, to see that they are found.  They are there from when
 * all clouds have come to one tree for the first time. */
enum sim_bug {
    BUG_NONE,
    BUG_STALE_ROUTE,            /* A switch keeps entries it should replace. */
    BUG_TWO_GATEWAYS,           /* A cloud has two that both are active. */
    BUG_NO_REST,                /* Slots are used again at once. */
    BUG_REUSED_NUMBER,          /* Two plans get one number. */
    BUG_DEAF,                   /* One gateway takes no link state in: views
                                 * differ for ever. */
    N_BUGS
};

enum sim_kind {
    KIND_CHAOS,                 /* Everything at once. */
    KIND_PLANNED,               /* Planned changes and nothing else. */
    KIND_CUT,                   /* One edge fails. */
    KIND_TWO_CUTS,              /* Two edges fail at about the same time. */
    KIND_HOST,                  /* One gateway host dies. */
    KIND_PROCESS,               /* Gateway processes die and come back. */
    KIND_PARTS,                 /* Partition into parts, then joined again. */
    KIND_STANDBY,               /* Clouds have two gateways: chaos, by which
                                 * hosts turn from one to the other. */
    KIND_LARGE,                 /* Chaos among many clouds. */
    N_KINDS
};

struct sim;

struct event {
    int64_t at;
    uint64_t order;             /* Of those at one time: as they were made. */
    void (*run)(struct sim *, const struct event *);
    int node, other;
    uint64_t number;
    void *data;                 /* Owned by the event. */
    size_t size;
};

/* What a switch forwards by. */
struct installed {
    struct repair_slot slots[REPAIR_SLOTS];
    unsigned int stamp;
    bool tunnels[NETHV_CLOUD_FLOOD];
    uint8_t to[NETHV_CLOUD_FLOOD];      /* Nodes that they lead to. */
    unsigned int serial;        /* As the node's 'handed'. */
};

/* A gateway host. */
struct node {
    uint8_t cloud;
    uint8_t host;               /* 1, or 2: the cloud's second gateway. */
    bool host_up;
    bool agent_dead;            /* Then nothing is installed, or told. */
    int boots;                  /* Of the agent. */
    struct installed now;       /* What the switch has. */
    struct installed given;     /* What it was given last. */
    uint32_t plan;              /* With the plan that this follows from, */
    struct repair_edge *edges;
    size_t n_edges;
    int64_t given_until;        /* The agent is busy until then. */
    bool connected;             /* To the database. */
    bool reading;               /* A change of it is on its way here. */

    struct repair *repair;      /* NULL: the process is dead. */
    unsigned int incarnation;
    unsigned int seqno;         /* Of the outcome handed over. */
    int64_t wake;               /* Of the event that wakes it. */
    long long int used[NETHV_CLOUD_FLOOD];  /* When tunnels had a use, */
    bool wanted[NETHV_CLOUD_FLOOD];     /* so that these are to stay. */
    uint32_t prepared;          /* As written to the database, */
    int64_t written;            /* which takes until then. */

    /* In KIND_STANDBY: */
    struct model *model;        /* Of clouds and their gateways, */
    struct partners *partners;  /* of which it has chosen these. */
    uint8_t ends[NETHV_CLOUD_FLOOD];    /* enum repair_end, as told. */
    unsigned int handed, confirmed;     /* How often. */
    int64_t serves;             /* As written to the database. */
    bool saying;                /* An event will look at that. */
};

/* A cloud of KIND_STANDBY. */
struct sim_cloud {
    int second;                 /* Its second gateway, -1: it has none. */
    bool second_active;
    bool second_deaf;           /* That one does not hear the first one. */
    bool hosts_deaf;            /* Its hosts do not. */
    int uses;                   /* The gateway that hosts use, */
    int64_t hold;               /* and take frames from, from then on. */
    int64_t claims;             /* The last number of one that serves. */
};

/* One direction between two nodes. */
struct path {
    int64_t delay;
    int64_t jitter;
    double loss;
    bool cut;
    bool up;                    /* BFD at its beginning says so. */
    bool checking;              /* An event will look at that. */
    int64_t told_down;          /* Since when the process is told that it does
                                 * not work, NEVER: it does. */
    bool probing;               /* An event will tell of reachability. */
};

struct frame {
    int64_t sent;
    uint8_t source;             /* A cloud. */
    uint8_t to;                 /* A cloud; 0: flood. */
    uint8_t slot;
    uint64_t got[(SIM_MAX + 63) / 64];  /* Clouds by id. */
    uint64_t came[(SIM_MAX + 63) / 64]; /* Nodes. */
};

/* The edges that a plan's number stands for. */
struct known_plan {
    uint32_t number;
    uint32_t hash;
};

/* The database. */
struct database {
    bool up;
    struct repair_edge *edges[2];       /* Current plan, next plan. */
    size_t n[2];
    uint32_t number[2];
    uint32_t last;              /* Number of the last plan made. */
    int64_t since;              /* When it was made. */
};

struct sim {
    uint64_t seed;
    uint64_t random;
    enum sim_kind kind;
    enum sim_bug wanted_bug;
    enum sim_bug bug;           /* BUG_NONE until it is put in. */
    int bug_node;
    char *failure;              /* What went wrong, NULL: nothing yet. */
    bool verbose;
    uint64_t watched;           /* A frame that is logged, from 1 on. */

    int64_t now;
    uint64_t n_events;
    struct event *heap;
    size_t n_heap, allocated_heap;

    int n_clouds, n_nodes;
    struct node nodes[SIM_MAX];
    struct path paths[SIM_MAX][SIM_MAX];
    uint8_t peer[SIM_MAX][SIM_MAX + 1]; /* [node][cloud]: that one's node, but
                                         * see net_peer(). */
    struct sim_cloud clouds[SIM_MAX + 1];
    double weights[SIM_MAX][SIM_MAX];
    struct known_plan *plans;   /* Those that gateways have gone by. */
    size_t n_plans, allocated_plans;
    int64_t install;            /* Agents take at most that long. */
    int64_t detect;             /* BFD takes that long, and a half more. */
    struct database db;

    struct frame *frames;
    size_t n_frames, allocated_frames;
    int64_t pace;               /* Mean time between a node's frames. */
    bool sending;
    uint64_t n_hops;
};

/* random.c */
uint64_t sim_random(struct sim *);
int64_t sim_range(struct sim *, int64_t n);
bool sim_chance(struct sim *, double);
int64_t sim_between(struct sim *, int64_t low, int64_t high);

/* clock.c */
void sim_at(struct sim *, int64_t at, struct event);
void sim_run_until(struct sim *, int64_t);
void sim_clear_events(struct sim *);

void sim_log(struct sim *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
#define sim_watch(SIM, ID, ...)                 \
    do {                                        \
        if ((SIM)->watched == (ID) + 1) {       \
            sim_log(SIM, "frame " __VA_ARGS__); \
        }                                       \
    } while (0)
void sim_fail(struct sim *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* net.c: paths and the detection of failures. */
void net_create(struct sim *);
int net_peer(const struct sim *, int node, uint8_t cloud);
bool net_has_tunnel(const struct sim *, int from, int to);
int64_t net_arrival(struct sim *, int from, int to);
void net_check(struct sim *, int a, int b);
void net_check_node(struct sim *, int node);
void net_probe(struct sim *, int node, int peer);
void net_cut(struct sim *, int from, int to, bool cut);

/* node.c: switch, agent and gateway process. */
void node_start_host(struct sim *, int node);
void node_stop_host(struct sim *, int node);
void node_start_process(struct sim *, int node);
void node_stop_process(struct sim *, int node);
void node_stop_agent(struct sim *, int node);
void node_start_agent(struct sim *, int node);
void node_stand_by(struct sim *, int node);
void node_tell(struct sim *, int node, int peer);
void node_write(struct sim *, int node);
void node_poll(struct sim *, int node);

/* frames.c */
void frames_start(struct sim *);
size_t frames_send(struct sim *, int source, uint8_t to);
bool frames_forward(const struct node *, const struct frame *, uint8_t from,
                    bool next[NETHV_CLOUD_FLOOD]);
bool frame_got(const struct frame *, uint8_t cloud);

/* control.c: database and global controller. */
void db_start(struct sim *);
void db_read(struct sim *, int node);
void db_stop(struct sim *, bool stop);
void db_written(struct sim *);
void control_plan(struct sim *);
void control_run(struct sim *);
void control_drift(struct sim *);
void control_destroy(struct sim *);

/* faults.c: chance chooses where.  faults_mend() makes all well again. */
int any_node(struct sim *);
void faults_any(struct sim *);
void fault_database(struct sim *);
void fault_connection(struct sim *);
void fault_drift(struct sim *);
void faults_mend(struct sim *);

/* standby.c */
void standby_create(struct sim *);
const char *standby_settled(const struct sim *);
void standby_destroy(struct sim *);
int standby_uses(const struct sim *, uint8_t cloud);
bool standby_takes(const struct sim *, int node);
void standby_forget(struct sim *, int node);
bool standby_is_active(const struct sim *, int node);
void standby_check(struct sim *, uint8_t cloud);
void standby_read(struct sim *, int node);
void standby_tunnels(struct sim *, int node, const bool *wanted,
                     bool *tunnels, uint8_t *to);
int64_t standby_run(struct sim *, int node);
void standby_fault(struct sim *);
void standby_mend(struct sim *);

/* check.c */
void check_plan(struct sim *, const struct repair_plan *);
bool check_converged(struct sim *, char **why);
void check_converges(struct sim *, int64_t bound);
void check_all_pairs(struct sim *);
void check_none_lost(struct sim *, int64_t from, int64_t to,
                     const bool *exempt);

/* schedule.c: runs the schedule of 'seed' and sets '*kind' to what it was.
 * Returns NULL, or a malloc'd sentence that says what went wrong. */
struct sim_options {
    uint64_t seed;
    int kind;                   /* -1: by the seed. */
    enum sim_bug bug;
    bool verbose;
    uint64_t watched;
};
char *schedule_run(const struct sim_options *, enum sim_kind *kind);
const char *schedule_kind_name(enum sim_kind);
const char *schedule_bug_name(enum sim_bug);

#endif /* sim.h */
