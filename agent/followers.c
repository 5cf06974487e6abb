/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/followers.h"

#include "agent/claims.h"
#include "lib/nethv-idl.h"
#include "model.h"
#include "openvswitch/hmap.h"
#include "openvswitch/uuid.h"
#include "ovs/db.h"
#include "util.h"

/* A state of a network: the two sequences. */
struct network_point {
    uint64_t intent;
    uint64_t sequence;
};

struct followed {
    struct hmap_node node;          /* In followers->networks by 'uuid'. */
    struct uuid uuid;
    bool needed;
    bool ready;                     /* 'done' is valid. */
    struct network_point done;      /* Confirmed by the switch. */
    uint64_t stamp;                 /* Of 'pending', 0 if none. */
    struct network_point pending;   /* Sent to the switch. */
    unsigned int n_unwritten;       /* Confirmations since 'done' was written. */
};

/* Each row that is written wakes all who follow the network, so what is about
 * to be overtaken is left out, but never more often than this in turn. */
#define MAX_UNWRITTEN 3

struct followers {
    struct model *model;
    uint32_t self;
    bool has_tunnels;               /* See followers_set_tunnels(). */
    struct hmap networks;
};

struct followers *
followers_create(struct model *model, uint32_t self)
{
    struct followers *followers = xmalloc(sizeof *followers);

    followers->model = model;
    followers->self = self;
    followers->has_tunnels = false;
    hmap_init(&followers->networks);
    return followers;
}

void
followers_destroy(struct followers *followers)
{
    struct followed *f;

    if (followers) {
        HMAP_FOR_EACH_POP (f, node, &followers->networks) {
            free(f);
        }
        hmap_destroy(&followers->networks);
        free(followers);
    }
}

static struct followed *
followed_find(const struct followers *followers, const struct uuid *uuid)
{
    struct followed *f;

    HMAP_FOR_EACH_WITH_HASH (f, node, uuid_hash(uuid), &followers->networks) {
        if (uuid_equals(&f->uuid, uuid)) {
            return f;
        }
    }
    return NULL;
}

void
followers_mark(struct followers *followers)
{
    struct followed *f;

    HMAP_FOR_EACH (f, node, &followers->networks) {
        f->needed = false;
    }
}

void
followers_need(struct followers *followers, struct db *db,
               const struct uuid *uuid)
{
    struct followed *f = followed_find(followers, uuid);

    if (!f) {
        f = xzalloc(sizeof *f);
        f->uuid = *uuid;
        hmap_insert(&followers->networks, &f->node, uuid_hash(uuid));
        db_follow_network(db, uuid);
    }
    f->needed = true;
}

void
followers_sweep(struct followers *followers, struct db *db)
{
    struct followed *f;

    HMAP_FOR_EACH_SAFE (f, node, &followers->networks) {
        if (!f->needed) {
            db_unfollow_network(db, &f->uuid);
            hmap_remove(&followers->networks, &f->node);
            free(f);
        }
    }
}

static bool
point_equal(const struct network_point *a, const struct network_point *b)
{
    return a->intent == b->intent && a->sequence == b->sequence;
}

static void
followed_confirm(struct followed *f, uint64_t confirmed)
{
    if (f->stamp && confirmed >= f->stamp) {
        f->done = f->pending;
        f->ready = true;
        f->stamp = 0;
        f->n_unwritten++;
    }
}

/* One state at a time is under way: while changes come faster than the switch
 * confirms, each confirmation still counts. */
static void
followed_update(struct followed *f, const struct network *network,
                bool settled, uint64_t stamp, uint64_t confirmed)
{
    followed_confirm(f, confirmed);
    struct network_point now = {
        /* Intent is done when the endpoints here are at their ports, and
         * there are ways to others. */
        .intent = (settled && network_is_equipped(network)
                   ? network->intent : f->done.intent),
        .sequence = network->sequence,
    };
    if (!f->stamp && (!f->ready || !point_equal(&f->done, &now))) {
        f->pending = now;
        f->stamp = stamp;
        /* A state that needs no other rules is there already, and nothing
         * else may ever wake us for it. */
        followed_confirm(f, confirmed);
    }
}

void
followers_set_tunnels(struct followers *followers, bool settled)
{
    followers->has_tunnels = settled;
}

void
followers_update(struct followers *followers, const struct db *db,
                 const struct claims *claims, uint64_t stamp,
                 uint64_t confirmed)
{
    struct followed *f;

    HMAP_FOR_EACH (f, node, &followers->networks) {
        const struct model_row *row = model_find(followers->model,
                                                 MODEL_NETWORK, &f->uuid);
        if (row && db_has_network(db, &f->uuid)) {
            followed_update(f, CONTAINER_OF(row, struct network, row),
                            followers->has_tunnels
                            && claims_settled(claims, &f->uuid), stamp,
                            confirmed);
        }
    }
}

static bool
may_bind(const struct followers *followers, const struct followed *f)
{
    const struct model_row *row = model_find(followers->model, MODEL_NETWORK,
                                             &f->uuid);
    const struct network *network
        = row ? CONTAINER_OF(row, struct network, row) : NULL;

    return network && network->tag
           && (f->ready || !network_confirmed(network));
}

bool
followers_may_bind(const struct followers *followers,
                   const struct uuid *network)
{
    const struct followed *f = followed_find(followers, network);
    return f && may_bind(followers, f);
}

/* Writes how far 'f' is to 'row', or to a new one if that is NULL. */
static void
write_follower(const struct followers *followers, struct followed *f,
               const struct nethvrec_follower *row,
               const struct nethvrec_host *self, struct ovsdb_idl_txn *txn)
{
    if (!row) {
        row = nethvrec_follower_insert(txn);
        nethvrec_follower_set_host(row, self);
        nethvrec_follower_set_network(row, f->uuid);
        nethvrec_follower_set_location(row, followers->self);
        nethvrec_follower_set_intent(row, f->done.intent);
        nethvrec_follower_set_sequence(row, f->done.sequence);
        return;
    }
    if (f->stamp && f->n_unwritten < MAX_UNWRITTEN) {
        return;
    }
    f->n_unwritten = 0;
    if (row->location != followers->self) {
        nethvrec_follower_set_location(row, followers->self);
    }
    if (row->intent != f->done.intent) {
        nethvrec_follower_set_intent(row, f->done.intent);
    }
    if (row->sequence != f->done.sequence) {
        nethvrec_follower_set_sequence(row, f->done.sequence);
    }
}

void
followers_write(const struct followers *followers, struct db *db,
                struct ovsdb_idl_txn *txn)
{
    const struct nethvrec_host *self = db_self(db);
    const struct nethvrec_follower *row, *next;
    struct hmap written = HMAP_INITIALIZER(&written);
    struct followed *f;

    struct written {
        struct hmap_node node;
        const struct nethvrec_follower *row;
    } *w;

    NETHVREC_FOLLOWER_FOR_EACH_SAFE (row, next, db_idl(db)) {
        if (row->host != self) {
            continue;
        }
        if (!followed_find(followers, &row->network)) {
            nethvrec_follower_delete(row);
            continue;
        }
        w = xmalloc(sizeof *w);
        w->row = row;
        hmap_insert(&written, &w->node, uuid_hash(&row->network));
    }
    HMAP_FOR_EACH (f, node, &followers->networks) {
        row = NULL;
        HMAP_FOR_EACH_WITH_HASH (w, node, uuid_hash(&f->uuid), &written) {
            if (uuid_equals(&w->row->network, &f->uuid)) {
                row = w->row;
            }
        }
        if (may_bind(followers, f)) {
            write_follower(followers, f, row, self, txn);
        }
    }
    HMAP_FOR_EACH_POP (w, node, &written) {
        free(w);
    }
    hmap_destroy(&written);
}
