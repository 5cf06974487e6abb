/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULE_H
#define RULE_H 1

/* OpenFlow rules as values, sets of them, and the difference of two sets.
 *
 * A rule's identity is its table, priority and match; its cookie and actions
 * are its contents.  A rule set holds each identity once, remembers which
 * owner asked for it, and records what has changed since the record was last
 * taken, so that the cost of an update is that of the change.
 *
 * If several owners ask for one identity, the owner with the lowest id has it,
 * and the next one takes over when it lets go.  What is in a set thus depends
 * only on what its owners ask for, not on the order in which they asked.
 *
 * Pure.  Not thread-safe. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "openvswitch/match.h"
#include "openvswitch/uuid.h"

struct ds;
struct ofpact;
struct ofpbuf;
struct rule_owner;

struct rule {
    struct hmap_node node;          /* In rule_set->rules, if it counts. */
    struct ovs_list owner_node;     /* In rule_owner->rules, or loose. */
    struct rule_owner *owner;       /* NULL if none or loose. */
    struct rule *next;              /* Same identity, next owner's. */
    bool stale;                     /* Within rule_set_replace() only. */
    uint8_t table;
    uint16_t priority;
    uint64_t cookie;
    struct minimatch match;
    struct ofpact *ofpacts;
    size_t ofpacts_len;             /* Bytes. */
};

/* Returns a new rule; copies its arguments. */
struct rule *rule_create(uint8_t table, uint16_t priority, uint64_t cookie,
                         const struct match *, const struct ofpact *,
                         size_t ofpacts_len);
struct rule *rule_clone(const struct rule *);
void rule_destroy(struct rule *);

/* Return whether two rules have the same table, priority and match, or the
 * same cookie and actions.  Actions are the same if they read the same: some
 * of their bytes tell only whether they came from a text or from a message. */
bool rule_same_identity(const struct rule *, const struct rule *);
bool rule_same_contents(const struct rule *, const struct rule *);

/* Returns a hash of the rule's identity. */
uint32_t rule_hash(const struct rule *);

/* Appends 'rule' to 's' as "ovs-ofctl add-flow" reads it, without newline. */
void rule_format(const struct rule *, struct ds *s);

/* Returns the OpenFlow 1.5 flow_mod that adds (or with 'delete', strictly
 * deletes) 'rule', with xid 0, in a buffer that the caller frees. */
struct ofpbuf *rule_encode(const struct rule *, bool delete);

/* Who asked for rules: a row of the model, in one role. */
struct rule_owner_id {
    struct uuid uuid;
    uint32_t role;
};

struct rule_set {
    struct hmap rules;              /* struct rule by 'node'. */
    struct hmap owners;             /* struct rule_owner by 'node'. */
    struct hmap changes;            /* struct rule_change by identity. */
};

/* What happened to one identity since the record was taken.  'old' NULL: it is
 * new; 'new' NULL: it is gone.  Both are owned by the change. */
struct rule_change {
    struct hmap_node node;
    struct rule *old;
    struct rule *new;
};

void rule_set_init(struct rule_set *);
void rule_set_destroy(struct rule_set *);

/* Makes the loose rules on the list 'rules' (by 'owner_node') all that 'owner'
 * asks for, in place of what it asked for before; takes them over.  Of two
 * rules on the list with one identity the first counts.  The cost is that of
 * the list and of what it replaces. */
void rule_set_replace(struct rule_set *, const struct rule_owner_id *owner,
                      struct ovs_list *rules);

/* Adds or replaces, or removes, a single rule without an owner: for a set that
 * mirrors a switch.  rule_set_put() takes 'rule' over.  Such a rule goes before
 * those of owners. */
void rule_set_put(struct rule_set *, struct rule *rule);
void rule_set_remove(struct rule_set *, const struct rule *like);

/* Returns the rule in the set that has the identity of 'like', or NULL. */
const struct rule *rule_set_find(const struct rule_set *,
                                 const struct rule *like);

/* Moves the record of changes to 'changes' (an initialised hmap of struct
 * rule_change, empty), leaving it empty.  A rule that changed and changed back
 * is not in it. */
void rule_set_take_changes(struct rule_set *, struct hmap *changes);

/* Frees 'changes' and all in it. */
void rule_changes_destroy(struct hmap *changes);

/* Adds to 'changes' (initialised, empty) what turns 'from' into 'to'. */
void rule_set_diff(const struct rule_set *from, const struct rule_set *to,
                   struct hmap *changes);

/* Appends all rules to 's', a line each, sorted by table, falling priority and
 * text: two equal sets give equal text. */
void rule_set_format(const struct rule_set *, struct ds *s);

#endif /* rule.h */
