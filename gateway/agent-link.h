/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_AGENT_LINK_H
#define GATEWAY_AGENT_LINK_H 1

/* The connection to the agent of the own host, by its local socket: hands over
 * edges and trees (handover.h), anew whenever the agent is back. */

#include <stdbool.h>

struct agent_link;
struct json;

struct agent_link *agent_link_create(void);
void agent_link_destroy(struct agent_link *);

/* Makes 'handover', which is taken over, what the agent is told. */
void agent_link_set(struct agent_link *, struct json *handover);

void agent_link_run(struct agent_link *);
void agent_link_wait(struct agent_link *);

bool agent_link_is_connected(const struct agent_link *);

#endif /* gateway/agent-link.h */
