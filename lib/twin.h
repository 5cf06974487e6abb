/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TWIN_H
#define TWIN_H 1

/* A twin of the deployment: every host of a model with the rules that its agent
 * would give it, joined by the tunnels that would join them, to run frames
 * through (trace.h).
 *
 * OpenFlow ports are the twin's own, since no rule's meaning depends on their
 * numbers.  Hosts are compiled when a frame first comes to them.  Underlay
 * addresses must be IPv4.
 *
 * The model must not change while the twin lives.  Pure. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/types.h"

struct model;
struct trace;
struct tree;
struct vport;

struct twin;

/* Returns a twin of 'model' whose clouds are joined by 'tree', with number
 * 'number'; 'tree' is borrowed for the call. */
struct twin *twin_create(struct model *, const struct tree *, uint32_t number);
void twin_destroy(struct twin *);

/* Lets the 'size' bytes at 'frame' in by the endpoint of 'port', which must be
 * bound, and returns the trace, which the caller destroys.  With 'steps', it
 * has all of them.  Returns NULL if the port's host is not in the twin. */
struct trace *twin_run(struct twin *, const struct vport *port,
                       const void *frame, size_t size, bool steps);

/* Returns the port whose endpoint is OpenFlow port 'ofport' of the host called
 * 'host' in the twin, or NULL. */
const struct vport *twin_port_at(const struct twin *, const char *host,
                                 ofp_port_t ofport);

#endif /* twin.h */
