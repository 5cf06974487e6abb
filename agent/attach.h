/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_ATTACH_H
#define AGENT_ATTACH_H 1

/* "nethv-agent attach" and "nethv-agent detach": an interface for a virtual
 * port, made, plugged into the integration bridge and given its addresses.
 *
 * Both are commands: they run beside the agent, ask it over its control socket
 * what the port is like ("port/show PORT"), and block.  If attach fails, it
 * undoes all it did.
 *
 * "port/show PORT" answers with a JSON object:
 *
 *     {"macs": ["02:00:00:00:00:01"], "ips": ["10.0.0.1/24"], "mtu": 1400,
 *      "status": "bound"}
 *
 * 'status' is that of the host's claim: "unclaimed" (no interface has the port
 * yet), "unknown", "bound", "conflict" or "refused"; a "reason" may explain
 * it.  The other members are there if the port is known. */

/* Run the command in 'argv' ('argv[0]' is the verb) and return the program's
 * exit status. */
int attach_main(int argc, char *argv[]);
int detach_main(int argc, char *argv[]);

#endif /* agent/attach.h */
