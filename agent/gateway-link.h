/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_GATEWAY_LINK_H
#define AGENT_GATEWAY_LINK_H 1

/* The local socket by which the gateway process of this host hands over edges
 * and trees (handover.h).  Only root can connect.
 *
 * What was handed over stays when the gateway process goes.  A copy is in a
 * file for the next agent, which so needs no gateway process to go on from the
 * rules that this one leaves in the switch.  It does not outlive the machine,
 * as they do not. */

#include <stdbool.h>

struct handover;
struct gateway_link;

#define GATEWAY_LINK_SOCKET "/run/nethv/agent.sock"
#define GATEWAY_LINK_COPY "/run/nethv/handover.json"

struct gateway_link *gateway_link_create(void);
void gateway_link_destroy(struct gateway_link *);

void gateway_link_run(struct gateway_link *);
void gateway_link_wait(struct gateway_link *);

/* Returns what was handed over last, NULL if nothing yet; and a number that
 * changes with it. */
const struct handover *gateway_link_handover(const struct gateway_link *);
unsigned int gateway_link_seqno(const struct gateway_link *);

#endif /* agent/gateway-link.h */
