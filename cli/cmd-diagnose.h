/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_DIAGNOSE_H
#define CMD_DIAGNOSE_H 1

/* "nethvctl diagnose": what is wrong in the whole deployment, by what the
 * database shows, and then on this machine, by "nethv-agent diagnose". */

struct local_verb;

extern const struct local_verb cmd_diagnose;

#endif /* cmd-diagnose.h */
