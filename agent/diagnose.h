/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DIAGNOSE_H
#define AGENT_DIAGNOSE_H 1

/* "nethv-agent diagnose": why does this host not work?
 *
 * Looks at what the host has (Open vSwitch, kernel modules, files, clock,
 * agent) and tries what it needs (connections to relay, database and enrolment,
 * packets of full size, tunnels).  Prints a line for each thing that was looked
 * at, "ok" or "WRONG" with what would be right.  Changes nothing.  Blocks.
 *
 * Returns the exit status: 0 if nothing is wrong. */

int diagnose_main(int argc, char *argv[]);

#endif /* agent/diagnose.h */
