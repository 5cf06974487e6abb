/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_AGENT_LINK_H
#define GATEWAY_AGENT_LINK_H 1

/* The connection to the agent of the own host, by its local socket
 * (agent/gateway-link.h has the protocol): hands over edges and trees, anew
 * whenever the agent is back, and passes control frames on. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nethv/wire.h"

struct agent_link;
struct db_home;
struct handover;
struct handover_train;
struct json;

/* What the agent says, from within agent_link_run(). */
struct agent_link_callbacks {
    /* It is there (again), and this is what was handed over to it last, NULL if
     * nothing.  To be taken over. */
    void (*state)(void *aux, struct handover *);
    /* To which clouds there are tunnels, and which of them work: an enum
     * repair_end of each. */
    void (*ends)(void *aux, const uint8_t ends[NETHV_CLOUD_FLOOD]);
    /* The host uses the gateway at 'location'. */
    void (*gateway)(void *aux, uint32_t location);
    /* Whether most hosts of the cloud use the gateway of this host. */
    void (*serves)(void *aux, bool serves);
    /* Where another gateway of the cloud says that the database is. */
    void (*home)(void *aux, const struct db_home *home);
    /* A control frame has come by the tunnel from 'cloud', at 'usec' (of
     * time_usec()). */
    void (*frame)(void *aux, uint8_t cloud, const void *data, size_t n,
                  long long int usec);
};

/* Returns a link, which is opened from the first agent_link_run() on;
 * '*callbacks' is borrowed. */
struct agent_link *agent_link_create(const struct agent_link_callbacks *,
                                     void *aux);
void agent_link_destroy(struct agent_link *);

/* Makes 'handover', which is taken over, what the agent is told; 'serial' names
 * it, and grows. */
void agent_link_set(struct agent_link *, struct json *handover,
                    unsigned int serial);

/* Returns the serial of the last handover that the agent's switch forwards by,
 * 0 if there was none. */
unsigned int agent_link_installed(const struct agent_link *);

/* Lets the agent send a control frame by the tunnel to 'cloud'.  It may be
 * lost. */
void agent_link_send_frame(struct agent_link *, uint8_t cloud,
                           const void *data, size_t n);

/* Has the agent tell the cloud's other gateways where the database is. */
void agent_link_tell_home(struct agent_link *, const struct db_home *);

/* Lets it send a train.  It, or parts of it, may be lost. */
void agent_link_send_train(struct agent_link *, const struct handover_train *);

void agent_link_run(struct agent_link *);
void agent_link_wait(struct agent_link *);

bool agent_link_is_connected(const struct agent_link *);

#endif /* gateway/agent-link.h */
