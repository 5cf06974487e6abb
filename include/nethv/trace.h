/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETHV_TRACE_H
#define NETHV_TRACE_H 1

/* What compiled rules do to a frame, from host to host.
 *
 * A fabric holds hosts, each with its rules, endpoints and tunnels.  A trace
 * lets a frame in by an endpoint's port and follows all that comes of it, with
 * Open vSwitch's own classifier and actions: a delivered frame is what the
 * userspace datapath would have sent, byte for byte.  Rules that learn do so,
 * until the rules of that host change; their timeouts are not modelled, nor do
 * meters drop.
 *
 * The first fabric of a process starts a thread that frees memory; it receives
 * no signals.
 *
 * A fabric belongs to the context of its rules. */

#include <stdbool.h>

#include "nethv/nethv.h"
#include "nethv/rules.h"

#ifdef __cplusplus
extern "C" {
#endif

struct nethv_trace;
struct nethv_trace_fabric;
struct nethv_trace_host;

struct nethv_trace_fabric *nethv_trace_fabric_create(void);

/* Frees 'fabric' and the hosts in it. */
void nethv_trace_fabric_destroy(struct nethv_trace_fabric *fabric);

/* Adds a host called 'name' that has 'rules', which must live longer than
 * 'fabric'.  'site' is the id of its cloud; 'address' and 'public_address' are
 * IPv4 addresses as text.  Tunnels to 'address' come from the same site only;
 * 'public_address' is NULL if it has none.  Returns NULL and the host, which
 * the fabric owns, in '*hostp', or a sentence that the caller frees if an
 * address is none. */
struct nethv_trace_host_spec {
    const char *name;
    struct nethv_rules *rules;
    unsigned int site;
    const char *address;
    const char *public_address;
};
char *nethv_trace_add_host(struct nethv_trace_fabric *fabric,
                           const struct nethv_trace_host_spec *spec,
                           struct nethv_trace_host **hostp) NETHV_MUST_CHECK;

/* Say what OpenFlow port 'ofport' of 'host' is: an endpoint, or a tunnel, to
 * the IPv4 address 'remote' or with NULL to where rules say.  A tunnel returns
 * NULL, or a sentence that the caller frees if 'remote' is no address. */
void nethv_trace_add_endpoint(struct nethv_trace_host *host, uint32_t ofport);
char *nethv_trace_add_tunnel(struct nethv_trace_host *host, uint32_t ofport,
                             enum nethv_encap encap, const char *remote)
    NETHV_MUST_CHECK;

/* Forgets what the rules of 'host' have learned. */
void nethv_trace_forget(struct nethv_trace_host *host);

/* Lets the Ethernet frame of 'size' bytes at 'frame' in by 'ofport' of 'host'.
 * Returns the trace, which the caller destroys. */
struct nethv_trace *nethv_trace_run(struct nethv_trace_host *host,
                                    uint32_t ofport, const void *frame,
                                    size_t size);
void nethv_trace_destroy(struct nethv_trace *);

/* A frame that reached an endpoint.  Owned by the trace. */
struct nethv_delivery {
    const char *host;
    uint32_t ofport;
    const void *frame;
    size_t size;
};

/* Returns how many copies were delivered, or puts copy 'i' into '*delivery';
 * false if there are not so many. */
size_t nethv_trace_n_deliveries(const struct nethv_trace *trace);
bool nethv_trace_delivery(const struct nethv_trace *trace, size_t i,
                          struct nethv_delivery *delivery);

/* Returns why copy 'i' was dropped, as a sentence owned by 'trace', or NULL if
 * there are not so many. */
const char *nethv_trace_drop(const struct nethv_trace *trace, size_t i);

/* Return all steps and the outcome, for a person or as JSON in one line, which
 * the caller frees. */
char *nethv_trace_text(const struct nethv_trace *trace);
char *nethv_trace_json(const struct nethv_trace *trace);

#ifdef __cplusplus
}
#endif

#endif /* nethv/trace.h */
