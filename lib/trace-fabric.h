/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRACE_FABRIC_H
#define TRACE_FABRIC_H 1

/* Trace hosts joined by tunnels, for trace_run().
 *
 * Hosts stand in sites (clouds).  A private address is reached from the same
 * site only, a public one from everywhere; a frame that goes to a public
 * address seems to come from the sender's public address, as with 1:1 NAT, so
 * a host without one reaches none.
 *
 * A port is an endpoint or a tunnel.  A tunnel's remote address is fixed, or 0:
 * then the rules set tun_dst, and the port takes what no port with a fixed
 * remote takes, as in Open vSwitch.  GRE carries 32 bits of tun_id, VXLAN 24,
 * Geneve 24 and the options.
 *
 * Pure.  Not thread-safe. */

#include "model.h"
#include "trace.h"

struct trace_fabric;

struct trace_fabric *trace_fabric_create(void);
void trace_fabric_destroy(struct trace_fabric *);

/* Adds 'host', which the fabric does not own, at 'private' address in 'site',
 * with 'public' address if it is not 0. */
void trace_fabric_add_host(struct trace_fabric *, struct trace_host *host,
                           uint32_t site, ovs_be32 private, ovs_be32 public);

/* Adds 'port' of 'host', or replaces what it was. */
void trace_fabric_add_endpoint(struct trace_fabric *, struct trace_host *host,
                               ofp_port_t port);
void trace_fabric_add_tunnel(struct trace_fabric *, struct trace_host *host,
                             ofp_port_t port, enum encap, ovs_be32 remote);

/* Stores in '*port' the tunnel port by which 'host' takes what comes from
 * 'src' by 'encap'.  Returns false if there is none. */
bool trace_fabric_receiver(const struct trace_fabric *,
                           const struct trace_host *host, enum encap,
                           ovs_be32 src, ofp_port_t *port);

/* A trace_next; 'aux' is the fabric. */
enum trace_way trace_fabric_next(void *aux, const struct trace_output *,
                                 struct trace_input *, char **why);

#endif /* trace-fabric.h */
