/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLOTS_H
#define SLOTS_H 1

/* The four trees that a gateway forwards by, and which of them own frames are
 * stamped with.
 *
 * A frame's key carries the number of its tree modulo 4: its *slot*.  For each
 * slot a gateway has the neighbour by which each cloud is reached.  By the same
 * entry it accepts frames *from* that cloud, from that neighbour only.  A frame
 * arrives at a cloud twice only if an entry of some gateway leads to one
 * neighbour and, while the frame is still under way, to another one.  So an
 * entry that is to change is first emptied, and rests: only when the switch has
 * been without it for SLOTS_REST_MSEC, longer than any frame is under way, it
 * gets its new value.  Putting back the old value needs no rest.  (In
 * doc/architecture.md, with the proof.)
 *
 * Rests begin when the switch has an outcome, which slots_installed() says.
 *
 * The stamp follows the goal: at once if the tree that is stamped is broken, or
 * the goal was prepared everywhere; else when the goal's tree has been in the
 * switch for SLOTS_STAMP_MSEC, so that every other gateway has it too and no
 * frame is lost.
 *
 * Pure. */

#include <stdbool.h>
#include <stdint.h>

#include "nethv/wire.h"
#include "tree.h"

#define SLOTS_N 4

#define SLOTS_REST_MSEC 1000
#define SLOTS_STAMP_MSEC 1000

/* A slot that has no use any more is emptied after that; one that was left
 * because its tree was broken, later: others may not have left it as soon. */
#define SLOTS_KEEP_MSEC 1000
#define SLOTS_KEEP_LEFT_MSEC (SLOTS_KEEP_MSEC + SLOTS_STAMP_MSEC)

/* So long after a broken tree was left, others may have come to another one
 * than that which is stamped now: then what follows cannot wait either. */
#define SLOTS_HASTE_MSEC 1000

/* Gateways do the same at times that differ by no more, unless they cannot
 * reach each other. */
#define SLOTS_SKEW_MSEC 500

/* A goal that keeps changing is followed after that, ready or not. */
#define SLOTS_PATIENCE_MSEC 5000

struct slot_entry {
    uint8_t via;                /* 0: empty. */
    uint8_t last;               /* If empty: what it was. */
    bool resting;
    unsigned int seqno;         /* The outcome that emptied it. */
    long long int since;        /* When the switch had that. */
};

struct slot {
    struct slot_entry entries[NETHV_CLOUD_FLOOD];
    uint8_t want[NETHV_CLOUD_FLOOD];
    uint64_t number;            /* Of the tree that is wanted, */
    struct tree tree;           /* and itself. */
    bool complete;              /* All entries are as wanted, */
    unsigned int seqno;         /* in this outcome, */
    long long int installed;    /* which the switch has since then. */
    long long int used;         /* When it last had a use; */
    long long int keep;         /* it is emptied so long after that. */
    long long int ready;        /* When all gateways can have 'tree'. */
};

struct slots {
    struct slot slots[SLOTS_N];
    long long int rest;         /* SLOTS_REST_MSEC. */
    unsigned int current;       /* The goal's slot, as of the last run. */
    unsigned int stamp;
    bool stamped;               /* 'stamp' was ever set. */
    long long int unstamped;    /* Since when the goal is another one. */
    long long int hurried;      /* When a broken tree was left last. */
    long long int deadline;
};

/* What the slots should come to. */
struct slots_goal {
    uint64_t number;
    const struct tree *tree;
    bool urgent;                /* The stamped tree is broken. */
    bool agreed;                /* All gateways have 'tree', as prepared. */

    /* Trees to be there as well, as far as their slots are not needed: one to
     * come, and one that others may stamp.  'tree' NULL: none. */
    struct slots_tree {
        uint64_t number;
        const struct tree *tree;
    } others[2];
};

/* Four empty slots, resting from 'now' on. */
void slots_init(struct slots *, long long int now);

/* Sets what the switch has: slot 'i' leads to 'via[cloud]'. */
void slots_adopt(struct slots *, unsigned int i,
                 const uint8_t via[NETHV_CLOUD_FLOOD], long long int now);
void slots_adopt_stamp(struct slots *, unsigned int stamp);

/* Moves towards 'goal' at the gateway of cloud 'self'.  The result is to be in
 * the outcome 'seqno'.  Returns whether anything changed. */
bool slots_run(struct slots *, uint8_t self, const struct slots_goal *goal,
               unsigned int seqno, long long int now);

/* Says that at 'now' the switch has the outcome 'seqno'. */
void slots_installed(struct slots *, unsigned int seqno, long long int now);

/* Returns whether the switch has the whole tree of the goal with 'number'. */
bool slots_has(const struct slots *, uint64_t number);

/* Returns whether slot 'i' leads anywhere. */
bool slots_present(const struct slots *, unsigned int i);

#endif /* slots.h */
