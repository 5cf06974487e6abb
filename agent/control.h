/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_CONTROL_H
#define AGENT_CONTROL_H 1

/* The agent's unixctl commands; nethv-agent(8) lists them. */

#include "ovs/program.h"

/* The control socket, for those of this host who ask. */
#define AGENT_CTL PROGRAM_RUNDIR "/nethv-agent.ctl"

struct agent;

void control_register(struct agent *);

#endif /* agent/control.h */
