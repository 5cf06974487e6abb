/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_OFMIRROR_H
#define OVS_OFMIRROR_H 1

/* What a switch holds, as it was read, and what must be sent to make that
 * equal to what is wanted.
 *
 * Actions and matches have more than one form in memory for one form on the
 * wire.  So actions are compared as they are encoded, and a wanted match that
 * is not found is encoded, decoded and sought once more: the switch's have
 * been decoded.
 *
 * Messages are lists of struct ofpbuf by 'list_node'. */

#include <stddef.h>
#include <stdint.h>

#include "openvswitch/hmap.h"
#include "openvswitch/list.h"

struct compiled_meter;
struct ofp_header;
struct rule;
struct rule_set;

/* Rules read from a switch. */
struct ofmirror {
    struct hmap rules;              /* struct rule by 'node'. */
};

void ofmirror_init(struct ofmirror *);
void ofmirror_destroy(struct ofmirror *);
void ofmirror_clear(struct ofmirror *);

/* Adds the rules in the flow statistics reply 'oh', except those of tables
 * that are not compared.  Returns 0 or a positive errno. */
int ofmirror_add_reply(struct ofmirror *, const struct ofp_header *oh);

/* Returns the rule with the identity of 'like', which stays the mirror's, or
 * NULL. */
struct rule *ofmirror_find(const struct ofmirror *, const struct rule *like);

/* Appends to 'adds' and 'dels' the flow_mods that turn what was read into
 * 'wanted'.  Returns how many rules of 'wanted' were there already.  The
 * mirror is used up: it must be cleared before it is filled again. */
size_t ofmirror_compare(struct ofmirror *, const struct rule_set *wanted,
                        struct ovs_list *adds, struct ovs_list *dels);

/* Meters, an array that grows. */
struct ofmeters {
    struct compiled_meter *meters;
    size_t n;
};

/* Makes 'm' a copy of the 'n' 'meters', ordered by id. */
void ofmeters_set(struct ofmeters *m, const struct compiled_meter *meters,
                  size_t n);

/* Adds the meters of the meter configuration reply 'oh'.  One that is not as
 * ours are counts as one with no limit, so that it differs. */
void ofmeters_add_reply(struct ofmeters *, const struct ofp_header *oh);

/* Appends to 'adds' and 'dels' the meter_mods that turn 'have' into 'want'. */
void ofmeters_compare(const struct ofmeters *have, const struct ofmeters *want,
                      struct ovs_list *adds, struct ovs_list *dels);

/* Moves the messages of 'list' to 'out' as atomic bundles of at most
 * OFBUNDLE_MAX messages, numbered from '*id' on, which is raised. */
#define OFBUNDLE_MAX 10000
void ofbundle_wrap(struct ovs_list *list, uint32_t *id, struct ovs_list *out);

#endif /* ovs/ofmirror.h */
