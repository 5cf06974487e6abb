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

/* cmd-bandwidth.c: another. */
void pre_bandwidth(struct ctl_context *);
void bandwidth(struct ctl_context *);

/* Returns the candidate link between two clouds, NULL if there is none. */
struct nethvrec_cloud;
struct nethvrec_cloud_link;
const struct nethvrec_cloud_link *
bandwidth_link(const struct ovsdb_idl *, const struct nethvrec_cloud *,
               const struct nethvrec_cloud *);

/* Returns the bandwidth of 'link' from 'cloud', NULL if it is not known. */
const double *bandwidth_from(const struct nethvrec_cloud_link *link,
                             const struct nethvrec_cloud *cloud);

#endif /* cmd.h */
