/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_HEALER_H
#define GATEWAY_HEALER_H 1

/* Keeps this cloud in the tree: what repair (repair.h) decides, made real.
 *
 *     plans (database) ----------+
 *     ends of tunnels (agent) ---+--> repair --> edges, trees  --> agent
 *     link state (other clouds) -+           --> link state    --> agent,
 *                                                            by the tunnels
 *
 * Works without the database, from what was planned last.  Only the gateway
 * that its cloud's hosts use heals: others have no edges and no trees, and
 * wait.  All tell each other where the database is: the clouds' by link state,
 * those of one cloud by the agents' hellos.
 *
 * All times are time_msec(). */

#include <stdbool.h>
#include <stdint.h>

struct bandwidth;
struct checkpoint;
struct db;
struct db_home;
struct handover;
struct healer;
struct linkstate;
struct model;
struct peers;
struct relays;
struct repair_outcome;

/* 'bandwidth' (borrowed) gets the frames of other gateways that are not about
 * repair. */
struct healer *healer_create(struct bandwidth *bandwidth);
void healer_destroy(struct healer *);

/* Does what there is to do on the host at 'location'; 'relays' are its
 * cloud's.  What the next process is to know goes into 'checkpoint'. */
void healer_run(struct healer *, struct db *db, struct model *model,
                uint32_t location, struct relays *relays,
                struct checkpoint *checkpoint);
void healer_wait(struct healer *);

/* Tells whether the gateway of 'cloud' can be reached aside of any tunnel. */
void healer_set_reachable(struct healer *, uint8_t cloud, bool reachable);

/* Returns what repair has decided, NULL while there is none. */
const struct repair_outcome *healer_outcome(const struct healer *);

/* Returns whether another gateway serves the cloud, so that there is no
 * outcome. */
bool healer_stands_by(const struct healer *);

/* Returns whether it is known if hosts of the cloud use this gateway, and
 * whether most do. */
bool healer_knows_hosts(const struct healer *);
bool healer_serves(const struct healer *);

/* Says where the database is, unless it is known better; and returns what is
 * known by this and by what other gateways say. */
void healer_say_home(struct healer *, const struct db_home *);
const struct db_home *healer_home(const struct healer *);

/* Returns the link state that repair knows, NULL while there is none. */
const struct linkstate *healer_linkstate(const struct healer *);

/* Return what was handed over last (NULL: nothing yet), and whether the agent
 * is there. */
const struct handover *healer_handover(const struct healer *);
bool healer_has_agent(const struct healer *);

/* Return the way to gateways of other clouds, and whether there is a tunnel to
 * that of 'cloud' that works. */
struct peers *healer_peers(struct healer *);
bool healer_reaches(const struct healer *, uint8_t cloud);

#endif /* gateway/healer.h */
