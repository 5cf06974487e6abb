/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_H
#define CMD_H 1

/* The groups of verbs, one for each file cli/cmd-*.c. */

#include "cli/cli.h"

extern const struct verb_group tenant_verbs;    /* cmd-tenant.c */
extern const struct verb_group document_verbs;  /* cmd-document.c */
extern const struct verb_group show_verbs;      /* cmd-show.c */
extern const struct verb_group status_verbs;    /* cmd-status.c */
extern const struct verb_group tree_verbs;      /* cmd-tree.c */
extern const struct verb_group trace_verbs;     /* cmd-trace.c */

/* cmd-tree-plan.c: a verb of tree_verbs. */
void pre_tree_plan(struct ctl_context *);
void tree_plan(struct ctl_context *);

#endif /* cmd.h */
