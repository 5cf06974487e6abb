/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_H
#define AGENT_H 1

/* The agent of a host, as one object.
 *
 *     Open_vSwitch database        NetHV database         gateway process
 *     (vswitch.h: interfaces,      (db.h: the model)      (handover.h: edges
 *      ofports, configuration)            |                and trees)
 *              |                          |                     |
 *              +--> claims.h: which port is where <--+          |
 *              |    physical.h: the physical side <-------------+
 *              v                          v
 *              compiler: rules of this host (lib/compile)
 *                                 |
 *                     ofswitch.h: integration bridge
 *                                 |
 *              followers.h, report.h: what the others need to know
 *
 * Everything in it is driven by agent_run() and agent_wait(). */

struct agent;

/* Returns an agent of this host; it reads its configuration from the local
 * Open_vSwitch database. */
struct agent *agent_create(void);

/* Ends the agent.  The switch forwards on with the rules that it has. */
void agent_destroy(struct agent *);

void agent_run(struct agent *);
void agent_wait(struct agent *);

#endif /* agent/agent.h */
