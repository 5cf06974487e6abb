/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPORT_H
#define EXPORT_H 1

/* From a model back to documents: the same model gives the same text, and
 * applying the text to that model changes nothing.  Pure. */

#include <stdbool.h>

struct model;
struct svec;

/* Return documents as pretty JSON with a final newline, which the caller
 * frees.
 *
 * export_tenant() writes the networks of 'tenant' whose paths are in
 * 'networks', or all if 'networks' is NULL.  Returns NULL if 'model' has no
 * such tenant.
 *
 * export_inventory() writes clouds and links with operators' costs; with
 * 'offline' also measured round-trip times, hosts and bindings. */
char *export_tenant(const struct model *model, const char *tenant,
                    const struct svec *networks);
char *export_inventory(const struct model *model, bool offline);

#endif /* export.h */
