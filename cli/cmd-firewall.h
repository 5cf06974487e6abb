/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_FIREWALL_H
#define CMD_FIREWALL_H 1

/* "nethvctl firewall CLOUD": what the cloud's firewalls must let in, for people
 * and in the words of nftables and of the clouds' own tools. */

struct local_verb;

extern const struct local_verb cmd_firewall;

#endif /* cmd-firewall.h */
