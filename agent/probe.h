/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_PROBE_H
#define AGENT_PROBE_H 1

/* On demand ("hello/probe" of the agent's control socket): which hosts of the
 * cloud answer through the tunnel?  Each host that is alive and has a tunnel
 * for this one is asked up to PROBE_ATTEMPTS times; the answer comes when all
 * have answered or the last attempt has failed.  Of a larger cloud PROBE_MAX
 * hosts are asked.
 *
 * Not thread-safe. */

#include <stdint.h>

struct channel;
struct control_frame;
struct db;
struct model;
struct ofswitch;
struct unixctl_conn;

#define PROBE_ATTEMPTS 4
#define PROBE_INTERVAL_MSEC 500
#define PROBE_MAX 512

struct probe;

/* Returns the probes of the host at 'self', which go through 'channel'. */
struct probe *probe_create(uint32_t self, struct channel *);

/* Whoever waits for an answer is told that there is none. */
void probe_destroy(struct probe *);

/* Begins to ask, or waits with those who have asked before; answers 'conn' by
 * a JSON object: "hosts" is a list of those asked, each with "host", "open"
 * (what firewalls must let in) and "answered"; "left-out" is the number of
 * those that were not. */
void probe_begin(struct probe *, const struct model *, struct db *,
                 struct unixctl_conn *conn);

void probe_run(struct probe *, const struct model *, struct ofswitch *);
void probe_wait(const struct probe *);

/* Takes 'frame', if it is an answer to a probe. */
void probe_receive(struct probe *, const struct control_frame *frame);

#endif /* agent/probe.h */
