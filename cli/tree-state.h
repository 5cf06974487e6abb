/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TREE_STATE_H
#define TREE_STATE_H 1

/* What gateways make of the tree, and what plans there were: the rest of
 * "nethvctl tree-show". */

#include <stdint.h>

struct ctl_context;
struct ds;
struct json;
struct ovsdb_idl;

/* For the verb's prerequisites. */
void tree_state_pre(struct ctl_context *);

/* Writes it as text, or puts it into 'json'; 'number' is that of the plan in
 * force. */
void tree_state_put(struct ds *, const struct ovsdb_idl *, int64_t number);
void tree_state_put_json(struct json *, const struct ovsdb_idl *,
                         int64_t number);

#endif /* tree-state.h */
