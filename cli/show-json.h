/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHOW_JSON_H
#define SHOW_JSON_H 1

/* "nethvctl show" for programs, and the order in which things are shown. */

#include <stddef.h>

struct json;
struct model_row;
struct network;
struct ovsdb_idl;
struct tenant;
struct vlink;
struct vport;
struct vswitch;

/* Returns 'row', a tenant, network, switch, port or link, with all that is in
 * it. */
struct json *show_json_row(const struct ovsdb_idl *, const struct model_row *);

/* Return the present ones sorted by name, '*n' of them.  The caller frees the
 * array. */
struct network **show_sorted_networks(const struct tenant *, size_t *n);
struct vswitch **show_sorted_switches(const struct network *, size_t *n);
struct vlink **show_sorted_links(const struct network *, size_t *n);
struct vport **show_sorted_ports(const struct vswitch *, size_t *n);

#endif /* show-json.h */
