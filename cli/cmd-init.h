/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_INIT_H
#define CMD_INIT_H 1

/* "nethvctl init": a deployment comes into being on its first gateway.
 *
 * Makes the certificate authority, this machine's key and certificate and the
 * database with its first rows, writes this host's configuration and starts
 * database, relay, gateway and agent.  If a step fails those before it are
 * undone.  Refuses on a machine that has joined, or that holds a deployment's
 * database or authority. */

struct local_verb;

extern const struct local_verb cmd_init;

#endif /* cmd-init.h */
