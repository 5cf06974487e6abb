/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPAIR_H
#define REPAIR_H 1

/* Repair: how the gateways of all clouds keep one tree among themselves, with
 * neither database nor global controller.
 *
 * Each gateway process has one of these.  It is told of plans, of its own
 * tunnels, of messages from other gateways and of the time; it says which trees
 * its host forwards by, with which number own frames are stamped, which tunnels
 * there should be, and what to send to whom.
 *
 * Plans.  A plan is what the global controller has published: a number, the
 * edges of the tree, and those standing by.  The greatest plan in force that
 * any gateway has heard of is in force; a gateway that does not have its edges
 * goes by the plan it has.  The plan to come is *prepared*: installed, but not
 * stamped.  When all gateways have it prepared the controller puts it in force,
 * and no frame is lost by the change.
 *
 * Views.  A gateway's view is the plan in force and the link state
 * (linkstate.h), which the gateways flood over all live tunnels.  Number and
 * tree are functions of the view alone, so gateways with equal views agree.
 * The tree has the plan's tree edges that are up, then of the plan's standby
 * edges the lightest that join parts, then likewise of other edges between
 * clouds of the plan.  If one edge of the plan's tree has failed, or several
 * of one cloud, it goes around one cloud, as far as there is a way around: the
 * word of one neighbour is enough to pass by a cloud that has died
 * (repair-failures.c).  The number is twice the plan's number, and up to three
 * more by what has failed and by how many edges the tree has that are in no
 * plan: what comes and goes without a meaning for the tree leaves the number
 * alone.
 *
 * Slots.  The key of a frame carries its number modulo 4, so there are four
 * slots, each empty or with one tree.  A slot's tree may be replaced by a
 * different one only after the slot has been empty for REPAIR_REST_MSEC, more
 * than a frame can be under way.  That alone makes sure that no frame arrives
 * at a cloud twice and none goes in a circle, whatever views the gateways have
 * and however they differ (doc/architecture.md has the proof); it must survive
 * a restart of the process, therefore repair_adopt().
 *
 * Opening.  If edges that are up do not join all clouds, a gateway asks for a
 * tunnel that no plan has: along its lightest candidate to a cloud that it is
 * not joined with, then after a while without success along the next one.
 *
 * Besides, gateways tell each other in which host the database is, so that all
 * turn to it when it has moved.
 *
 * Pure: the time is in milliseconds of any clock that does not go back.  Not
 * thread-safe. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db-home.h"
#include "nethv/wire.h"
#include "tree.h"

#define REPAIR_SLOTS 4

/* How long a slot stays empty before another tree may be in it. */
#define REPAIR_REST_MSEC 1000

/* No message is longer. */
#define REPAIR_MESSAGE_MAX 1024

enum repair_role {
    REPAIR_TREE,
    REPAIR_STANDBY,
};

/* An edge of a plan.  All gateways must be given the same weights: those that
 * the controller has written. */
struct repair_edge {
    struct tree_edge edge;
    enum repair_role role;
};

struct repair_plan {
    uint32_t number;            /* 0: there is no such plan. */
    const struct repair_edge *edges;
    size_t n;
};

/* What the host knows of its tunnel to another cloud's gateway. */
enum repair_end {
    REPAIR_END_ABSENT,          /* There is no tunnel. */
    REPAIR_END_DOWN,            /* It does not work. */
    REPAIR_END_UP,              /* It works (BFD says so). */
};

/* One tree: by which neighbouring cloud each cloud is reached; 0 for none and
 * for the own cloud. */
struct repair_slot {
    bool present;
    uint8_t via[NETHV_CLOUD_FLOOD];
};

/* What a gateway should do: hand slots and stamp over together, as one change
 * of the switch.  'tunnels[cloud]' says to which clouds there should be
 * tunnels: those of the plans and those opened besides. */
struct repair_outcome {
    bool ready;                 /* Until then nothing has been learned: slots
                                 * are those adopted. */
    unsigned int seqno;         /* Another one whenever anything below is. */
    struct repair_slot slots[REPAIR_SLOTS];
    unsigned int stamp;         /* The slot for own frames: present, if any. */
    uint64_t number;            /* Of the view. */
    uint32_t plan;              /* Number of the plan gone by. */
    uint32_t heard;             /* The greatest number heard to be in force. */
    struct db_home home;    /* Where the database was heard to be. */
    uint32_t prepared;          /* Number of the next plan, if it could be put
                                 * in force now; else 0. */
    uint32_t next;              /* The number that a new plan should have:
                                 * greater than all heard of, and with a slot
                                 * of its own as things are.  Edges may fail or
                                 * come back meanwhile, such that both plans
                                 * have one slot: a plan that is prepared
                                 * nowhere after some 15 s is to be written
                                 * again, under a new number. */
    bool tunnels[NETHV_CLOUD_FLOOD];
    bool opened[NETHV_CLOUD_FLOOD];     /* Those of them in no plan. */
    bool connected[NETHV_CLOUD_FLOOD];  /* Clouds that live edges join with
                                         * this one; itself too. */
};

/* A message to the gateway of cloud 'to', over the tunnel to it.  It may be
 * lost; it must not be changed, nor come from another than it says. */
struct repair_message {
    uint8_t to;
    size_t n;
    uint8_t data[REPAIR_MESSAGE_MAX];
};

struct repair;

/* Returns the repair of the gateway of cloud 'self'.  For the first two
 * seconds, or until a neighbour has told all, it says nothing of its own. */
struct repair *repair_create(uint8_t self, long long int now);
void repair_destroy(struct repair *);

/* Tells what the switch forwards by, from before this process began.  To be
 * called before the first repair_run(), if at all, and with it repair_set_end()
 * for the tunnels that there are, and repair_set_plans() with the plan that the
 * process before went by: a gateway needs no database to start again.  Without
 * it the switch is taken to forward nothing. */
void repair_adopt(struct repair *, const struct repair_slot slots[REPAIR_SLOTS],
                  unsigned int stamp, long long int now);

/* Tells the plan that the database says is in force, and the one to come
 * (number 0 or NULL: none).  One number must not be used for two plans.  Copies
 * them.  While the database cannot be reached, do not call: the last ones
 * stay. */
void repair_set_plans(struct repair *, const struct repair_plan *current,
                      const struct repair_plan *next, long long int now);

/* Tells where the database says that it is. */
void repair_set_home(struct repair *, const struct db_home *,
                     long long int now);

/* Tells all 'n' edges that there could be, for opening.  All gateways should be
 * given the same.  Copies them. */
void repair_set_candidates(struct repair *, const struct tree_edge *edges,
                           size_t n, long long int now);

/* Tells whether probes find the gateway of cloud 'peer', aside of any tunnel:
 * true unless told otherwise.  Tunnels are opened only to those found. */
void repair_set_reachable(struct repair *, uint8_t peer, bool reachable,
                          long long int now);

/* Tells the state of the own tunnel to cloud 'peer', as the host sees it: no
 * hold time, repair has its own. */
void repair_set_end(struct repair *, uint8_t peer, enum repair_end,
                    long long int now);

/* Takes a message of 'n' bytes that has come over the tunnel from cloud 'from'.
 * Returns NULL, or a malloc'd sentence and leaves the repair alone if it is
 * malformed. */
char *repair_receive(struct repair *, uint8_t from, const void *data, size_t n,
                     long long int now);

/* Tells that at 'now' the switch forwards by the outcome with 'seqno': rests
 * begin, and a plan is prepared, only then. */
void repair_installed(struct repair *, unsigned int seqno, long long int now);

/* Does what is due at 'now'. */
void repair_run(struct repair *, long long int now);

/* Returns when repair_run() is to be called next at the latest.  After any of
 * the calls above it is to be called at once. */
long long int repair_deadline(const struct repair *);

/* Puts the next message to send into '*message'; false if there is none.  To be
 * called after repair_run() until it returns false. */
bool repair_pop(struct repair *, struct repair_message *message);

/* Returns what to do as of the last repair_run(). */
const struct repair_outcome *repair_outcome(const struct repair *);

/* Returns the plan gone by, to be kept for the next process.  Belongs to the
 * repair. */
struct repair_plan repair_plan(const struct repair *);

/* Returns the link state, for showing it.  Belongs to the repair. */
const struct linkstate *repair_linkstate(const struct repair *);

#endif /* repair.h */
