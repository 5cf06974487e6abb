/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdlib.h>

#include "api/private.h"
#include "compile/compile.h"
#include "nethv/rules.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/ofpbuf.h"
#include "rule.h"
#include "util.h"

/* Made when they are first asked for. */
struct line {
    const struct rule *rule;        /* In 'changes'. */
    bool deletes;
    char *text;
    struct ofpbuf *message;
};

struct nethv_update {
    struct hmap changes;            /* struct rule_change. */
    struct line *lines;
    size_t n;
};

/* Adds the changes that delete, or those that do not. */
static void
add_lines(struct nethv_update *update, bool deletes)
{
    const struct rule_change *change;

    HMAP_FOR_EACH (change, node, &update->changes) {
        if (!change->new == deletes) {
            update->lines[update->n++] = (struct line) {
                .rule = deletes ? change->old : change->new,
                .deletes = deletes,
            };
        }
    }
}

struct nethv_update *
nethv_rules_take(struct nethv_rules *rules)
{
    struct nethv_update *update = xzalloc(sizeof *update);

    hmap_init(&update->changes);
    rule_set_take_changes(compiler_rules(rules->compiler), &update->changes);
    update->lines = xcalloc(hmap_count(&update->changes) + 1,
                            sizeof *update->lines);
    add_lines(update, false);
    add_lines(update, true);
    return update;
}

void
nethv_update_destroy(struct nethv_update *update)
{
    if (!update) {
        return;
    }
    for (size_t i = 0; i < update->n; i++) {
        free(update->lines[i].text);
        ofpbuf_delete(update->lines[i].message);
    }
    free(update->lines);
    rule_changes_destroy(&update->changes);
    free(update);
}

size_t
nethv_update_count(const struct nethv_update *update)
{
    return update->n;
}

bool
nethv_update_deletes(const struct nethv_update *update, size_t i)
{
    ovs_assert(i < update->n);
    return update->lines[i].deletes;
}

/* Returns 'rule' as ovs-ofctl wants it in a deletion: table, priority,
 * match. */
static char *
deletion_text(const struct rule *rule)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    ds_put_format(&s, "delete_strict table=%"PRIu8",priority=%"PRIu16",",
                  rule->table, rule->priority);
    minimatch_format(&rule->match, NULL, NULL, &s, OFP_DEFAULT_PRIORITY);
    ds_chomp(&s, ',');
    return ds_steal_cstr(&s);
}

static char *
addition_text(const struct rule *rule)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    ds_put_cstr(&s, "add ");
    rule_format(rule, &s);
    return ds_steal_cstr(&s);
}


const char *
nethv_update_text(const struct nethv_update *update, size_t i)
{
    ovs_assert(i < update->n);
    struct line *line = &update->lines[i];
    if (!line->text) {
        line->text = (line->deletes ? deletion_text(line->rule)
                      : addition_text(line->rule));
    }
    return line->text;
}

const void *
nethv_update_message(const struct nethv_update *update, size_t i, size_t *size)
{
    ovs_assert(i < update->n);
    struct line *line = &update->lines[i];
    if (!line->message) {
        line->message = rule_encode(line->rule, line->deletes);
    }
    *size = line->message->size;
    return line->message->data;
}
