/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_GATEWAY_LINK_H
#define AGENT_GATEWAY_LINK_H 1

/* The local socket between the agent and the gateway process of this host.
 * Only root can connect.  JSON-RPC:
 *
 *   from the gateway   request "handover" [handover]: edges and trees
 *                      (handover.h).  Answered when the switch forwards by it.
 *                      notification "frame" [cloud, hex]: a control frame to
 *                      send by the tunnel to 'cloud'.
 *                      notification "home" [epoch, location]: where the
 *                      database is (db-home.h).
 *                      notification "train" [cloud, fillers, hex, ...]: to
 *                      measure the path (gauge.h).
 *   from the agent     notification "state" [handover]: what was handed over
 *                      last (null: nothing); first of all.
 *                      notification "ends" [{"2": true}]: to which clouds there
 *                      are tunnels, and which of them work.
 *                      notification "gateway" [location]: which gateway of
 *                      the own cloud this host uses.
 *                      notification "serves" [true]: whether most hosts of the
 *                      cloud use this one; not before it is known.
 *                      notification "arrival" [usec]: when the next frame
 *                      has come, by CLOCK_MONOTONIC.
 *                      notification "frame" [cloud, hex]: one that has come.
 *                      notification "home": what another gateway says of it.
 *
 * What was handed over stays when the gateway process goes.  A copy is in a
 * file for the next agent, which so needs no gateway process to go on from the
 * rules that this one leaves in the switch.  It does not outlive the machine,
 * as they do not. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db_home;
struct handover;
struct handover_train;
struct gateway_link;

#define GATEWAY_LINK_SOCKET "/run/nethv/agent.sock"
#define GATEWAY_LINK_COPY "/run/nethv/handover.json"

/* What the gateway process wants to be done, from within gateway_link_run(). */
struct gateway_link_callbacks {
    /* To send 'data' by the tunnel to 'cloud'. */
    void (*send)(void *aux, uint8_t cloud, const void *data, size_t n);
    /* To send a train. */
    void (*train)(void *aux, const struct handover_train *);
};

/* '*callbacks' is borrowed. */
struct gateway_link *gateway_link_create(const struct gateway_link_callbacks *,
                                         void *aux);
void gateway_link_destroy(struct gateway_link *);

void gateway_link_run(struct gateway_link *);
void gateway_link_wait(struct gateway_link *);

/* Returns what was handed over last, NULL if nothing yet. */
const struct handover *gateway_link_handover(const struct gateway_link *);

/* Says that the rules of what was handed over last are in the state 'stamp' of
 * the switch, and that it has confirmed those up to 'confirmed'.  Answers what
 * can be answered, and writes the copy. */
void gateway_link_confirm(struct gateway_link *, uint64_t stamp,
                          uint64_t confirmed);

/* Tells the gateway process to which clouds there are tunnels and which of them
 * work: 'ends[cloud]' is NONE, DOWN or UP. */
enum gateway_link_end { GATEWAY_LINK_NONE, GATEWAY_LINK_DOWN, GATEWAY_LINK_UP };
#define GATEWAY_LINK_CLOUDS 255
void gateway_link_tell_ends(struct gateway_link *,
                            const uint8_t ends[GATEWAY_LINK_CLOUDS]);

/* Tells the gateway process that this host uses the gateway at 'location'. */
void gateway_link_tell_gateway(struct gateway_link *, uint32_t location);

/* Tells the gateway process whether most hosts of the cloud use this one. */
void gateway_link_tell_serves(struct gateway_link *, bool serves);

/* Tells the gateway process where the database is, unless it is known better;
 * and returns what is known. */
void gateway_link_tell_home(struct gateway_link *, const struct db_home *);
const struct db_home *gateway_link_home(const struct gateway_link *);

/* Passes on a control frame that has come by the tunnel from 'cloud' now. */
void gateway_link_tell_frame(struct gateway_link *, uint8_t cloud,
                             const void *data, size_t n);

#endif /* agent/gateway-link.h */
