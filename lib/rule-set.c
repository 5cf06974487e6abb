/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "rule.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"
#include "uuid.h"

struct rule_owner {
    struct hmap_node node;          /* In rule_set->owners. */
    struct rule_owner_id id;
    struct ovs_list rules;          /* struct rule by 'owner_node'. */
};

void
rule_set_init(struct rule_set *set)
{
    hmap_init(&set->rules);
    hmap_init(&set->owners);
    hmap_init(&set->changes);
}

void
rule_set_destroy(struct rule_set *set)
{
    struct rule *rule, *next;
    struct rule_owner *owner;

    HMAP_FOR_EACH_POP (rule, node, &set->rules) {
        for (; rule; rule = next) {
            next = rule->next;
            rule_destroy(rule);
        }
    }
    hmap_destroy(&set->rules);
    HMAP_FOR_EACH_POP (owner, node, &set->owners) {
        free(owner);
    }
    hmap_destroy(&set->owners);
    rule_changes_destroy(&set->changes);
}

/* The record of changes. */

static struct rule_change *
change_find(const struct hmap *changes, const struct rule *like,
            uint32_t hash)
{
    struct rule_change *change;

    HMAP_FOR_EACH_WITH_HASH (change, node, hash, changes) {
        if (rule_same_identity(change->old ? change->old : change->new,
                               like)) {
            return change;
        }
    }
    return NULL;
}

static void
change_insert(struct hmap *changes, const struct rule *old,
              const struct rule *new, uint32_t hash)
{
    struct rule_change *change = xmalloc(sizeof *change);

    change->old = old ? rule_clone(old) : NULL;
    change->new = new ? rule_clone(new) : NULL;
    hmap_insert(changes, &change->node, hash);
}

static void
change_destroy(struct rule_change *change)
{
    rule_destroy(change->old);
    rule_destroy(change->new);
    free(change);
}

static bool
same_outcome(const struct rule *a, const struct rule *b)
{
    return a && b ? rule_same_contents(a, b) : a == b;
}

/* Records that in place of 'old' there is now 'new', either of which may be
 * NULL. */
static void
rule_set_record(struct rule_set *set, const struct rule *old,
                const struct rule *new)
{
    if (same_outcome(old, new)) {
        return;
    }

    const struct rule *like = old ? old : new;
    uint32_t hash = rule_hash(like);
    struct rule_change *change = change_find(&set->changes, like, hash);
    if (!change) {
        change_insert(&set->changes, old, new, hash);
    } else if (same_outcome(change->old, new)) {
        hmap_remove(&set->changes, &change->node);
        change_destroy(change);
    } else {
        rule_destroy(change->new);
        change->new = new ? rule_clone(new) : NULL;
    }
}

void
rule_set_take_changes(struct rule_set *set, struct hmap *changes)
{
    hmap_swap(&set->changes, changes);
}

void
rule_changes_destroy(struct hmap *changes)
{
    struct rule_change *change;

    HMAP_FOR_EACH_POP (change, node, changes) {
        change_destroy(change);
    }
    hmap_destroy(changes);
}

/* Chains: all rules of one identity, in the order of their owners.  The first
 * is in set->rules. */

static struct rule *
chain_find(const struct rule_set *set, const struct rule *like,
           uint32_t hash)
{
    struct rule *rule;

    HMAP_FOR_EACH_WITH_HASH (rule, node, hash, &set->rules) {
        if (rule_same_identity(rule, like)) {
            return rule;
        }
    }
    return NULL;
}

static int
compare_owners(const struct rule_owner *a, const struct rule_owner *b)
{
    if (!a || !b) {
        return !b - !a;
    }
    int by_uuid = uuid_compare_3way(&a->id.uuid, &b->id.uuid);
    return by_uuid ? by_uuid
           : a->id.role < b->id.role ? -1 : a->id.role > b->id.role;
}

/* Adds 'rule', whose owner has none in its chain, and records what follows. */
static void
chain_add(struct rule_set *set, struct rule *rule, uint32_t hash)
{
    struct rule *head = chain_find(set, rule, hash);

    if (!head || compare_owners(rule->owner, head->owner) < 0) {
        if (head) {
            hmap_remove(&set->rules, &head->node);
        }
        rule->next = head;
        hmap_insert(&set->rules, &rule->node, hash);
        rule_set_record(set, head, rule);
        return;
    }

    struct rule *prev = head;
    while (prev->next && compare_owners(prev->next->owner, rule->owner) < 0) {
        prev = prev->next;
    }
    rule->next = prev->next;
    prev->next = rule;
}

/* Removes 'rule' and records what follows. */
static void
chain_remove(struct rule_set *set, struct rule *rule)
{
    uint32_t hash = rule_hash(rule);
    struct rule *prev = chain_find(set, rule, hash);

    if (prev == rule) {
        hmap_remove(&set->rules, &rule->node);
        if (rule->next) {
            hmap_insert(&set->rules, &rule->next->node, hash);
        }
        rule_set_record(set, rule, rule->next);
        return;
    }
    while (prev->next != rule) {
        prev = prev->next;
    }
    prev->next = rule->next;
}

/* Moves the contents of 'from' to 'rule', and records what follows if 'rule'
 * is the first of its chain. */
static void
chain_update(struct rule_set *set, struct rule *head, struct rule *rule,
             struct rule *from)
{
    if (rule == head) {
        rule_set_record(set, rule, from);
    }
    free(rule->ofpacts);
    rule->ofpacts = from->ofpacts;
    rule->ofpacts_len = from->ofpacts_len;
    rule->cookie = from->cookie;
    from->ofpacts = NULL;
    from->ofpacts_len = 0;
}

/* Owners. */

static struct rule_owner *
owner_find(const struct rule_set *set, const struct rule_owner_id *id)
{
    struct rule_owner *owner;

    HMAP_FOR_EACH_WITH_HASH (owner, node, uuid_hash(&id->uuid) ^ id->role,
                             &set->owners) {
        if (uuid_equals(&owner->id.uuid, &id->uuid)
            && owner->id.role == id->role) {
            return owner;
        }
    }
    return NULL;
}

static struct rule_owner *
owner_create(struct rule_set *set, const struct rule_owner_id *id)
{
    struct rule_owner *owner = xzalloc(sizeof *owner);

    owner->id = *id;
    ovs_list_init(&owner->rules);
    hmap_insert(&set->owners, &owner->node, uuid_hash(&id->uuid) ^ id->role);
    return owner;
}

/* Takes the loose 'rule' over as one that 'owner' (NULL for none) asks for. */
static void
owner_ask(struct rule_set *set, struct rule_owner *owner, struct rule *rule)
{
    uint32_t hash = rule_hash(rule);
    struct rule *head = chain_find(set, rule, hash);
    struct rule *own = head;

    while (own && own->owner != owner) {
        own = own->next;
    }
    if (own) {
        if (own->stale || !owner) {
            chain_update(set, head, own, rule);
            own->stale = false;
        }
        rule_destroy(rule);
        return;
    }
    rule->owner = owner;
    rule->stale = false;
    if (owner) {
        ovs_list_push_back(&owner->rules, &rule->owner_node);
    }
    chain_add(set, rule, hash);
}

void
rule_set_replace(struct rule_set *set, const struct rule_owner_id *id,
                 struct ovs_list *rules)
{
    struct rule_owner *owner = owner_find(set, id);
    struct rule *rule;

    if (!owner) {
        if (ovs_list_is_empty(rules)) {
            return;
        }
        owner = owner_create(set, id);
    }
    LIST_FOR_EACH (rule, owner_node, &owner->rules) {
        rule->stale = true;
    }
    LIST_FOR_EACH_POP (rule, owner_node, rules) {
        owner_ask(set, owner, rule);
    }
    LIST_FOR_EACH_SAFE (rule, owner_node, &owner->rules) {
        if (rule->stale) {
            ovs_list_remove(&rule->owner_node);
            chain_remove(set, rule);
            rule_destroy(rule);
        }
    }
    if (ovs_list_is_empty(&owner->rules)) {
        hmap_remove(&set->owners, &owner->node);
        free(owner);
    }
}

/* Rules without an owner. */

void
rule_set_put(struct rule_set *set, struct rule *rule)
{
    owner_ask(set, NULL, rule);
}

void
rule_set_remove(struct rule_set *set, const struct rule *like)
{
    struct rule *rule = chain_find(set, like, rule_hash(like));

    if (rule && !rule->owner) {
        chain_remove(set, rule);
        rule_destroy(rule);
    }
}

const struct rule *
rule_set_find(const struct rule_set *set, const struct rule *like)
{
    return chain_find(set, like, rule_hash(like));
}

/* Whole sets. */

void
rule_set_diff(const struct rule_set *from, const struct rule_set *to,
              struct hmap *changes)
{
    const struct rule *rule;

    HMAP_FOR_EACH (rule, node, &from->rules) {
        const struct rule *new = chain_find(to, rule, rule->node.hash);

        if (!new || !rule_same_contents(rule, new)) {
            change_insert(changes, rule, new, rule->node.hash);
        }
    }
    HMAP_FOR_EACH (rule, node, &to->rules) {
        if (!chain_find(from, rule, rule->node.hash)) {
            change_insert(changes, NULL, rule, rule->node.hash);
        }
    }
}

struct line {
    const struct rule *rule;
    struct ds text;
};

static int
compare_lines(const void *a_, const void *b_)
{
    const struct line *a = a_, *b = b_;

    if (a->rule->table != b->rule->table) {
        return a->rule->table < b->rule->table ? -1 : 1;
    }
    if (a->rule->priority != b->rule->priority) {
        return a->rule->priority > b->rule->priority ? -1 : 1;
    }
    return strcmp(ds_cstr_ro(&a->text), ds_cstr_ro(&b->text));
}

void
rule_set_format(const struct rule_set *set, struct ds *s)
{
    struct line *lines = xcalloc(hmap_count(&set->rules), sizeof *lines);
    const struct rule *rule;
    size_t n = 0;

    HMAP_FOR_EACH (rule, node, &set->rules) {
        lines[n].rule = rule;
        ds_init(&lines[n].text);
        rule_format(rule, &lines[n].text);
        n++;
    }
    qsort(lines, n, sizeof *lines, compare_lines);
    for (size_t i = 0; i < n; i++) {
        ds_put_format(s, "%s\n", ds_cstr(&lines[i].text));
        ds_destroy(&lines[i].text);
    }
    free(lines);
}
