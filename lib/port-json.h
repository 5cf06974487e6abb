/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORT_JSON_H
#define PORT_JSON_H 1

/* The addresses of a virtual port as JSON of libopenvswitch, for what programs
 * show.  (In documents it is jansson's: row-json.h.)  Pure. */

struct json;
struct vport;

/* Return arrays of strings, which the caller owns: the MACs, and the IPs with
 * the lengths of their prefixes. */
struct json *port_macs_to_json(const struct vport *);
struct json *port_ips_to_json(const struct vport *);

#endif /* port-json.h */
