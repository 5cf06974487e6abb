/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JOIN_H
#define JOIN_H 1

/* How a host joins a deployment, and leaves it.
 *
 *     nethv-agent join TOKEN|- [--name=NAME] [--encap-ip=IP]
 *                      [--datapath=system|netdev] [--uplink=NIC]
 *     nethv-agent leave
 *
 * Joining makes a key here, has it certified by the enrolment service that the
 * token names (trusted by the fingerprint in the token, by nothing else), and
 * writes the files under /etc/nethv and the host's row in Open_vSwitch.  What
 * can be checked is checked before the token is spent; if a step fails those
 * before it are undone.  Leaving undoes all of it, and needs nothing but this
 * machine.
 *
 * Both run before the daemon is set up, print what they do, and return the exit
 * status of the process. */

int join_main(int argc, char *argv[]);
int leave_main(int argc, char *argv[]);

#endif /* join.h */
