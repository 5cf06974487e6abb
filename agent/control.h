/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_CONTROL_H
#define AGENT_CONTROL_H 1

/* The agent's unixctl commands: status, port/show, rules, recompute. */

struct agent;

void control_register(struct agent *);

#endif /* agent/control.h */
