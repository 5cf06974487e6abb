/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_HELLO_H
#define AGENT_HELLO_H 1

/* The agent's hellos: says hello to the gateways of its cloud every second,
 * answers those of others and their probes, and tells what does not come
 * through a tunnel.
 *
 * Not thread-safe. */

#include <stdbool.h>
#include <stdint.h>

struct channel;
struct control_frame;
struct db;
struct db_home;
struct hello_peer;
struct json;
struct model;
struct ofswitch;
struct svec;

struct hello;

/* Returns the hellos of the host at 'self', which go through 'channel'. */
struct hello *hello_create(uint32_t self, struct channel *);
void hello_destroy(struct hello *);

/* Says hello when it is due. */
void hello_run(struct hello *, const struct model *, struct ofswitch *);
void hello_wait(const struct hello *);

/* Takes 'frame' and answers it; 'forwards' says whether this host is a gateway
 * that can forward to other clouds. */
void hello_receive(struct hello *, struct ofswitch *,
                   const struct control_frame *frame, bool forwards);

/* Stores whether most hosts of the cloud use this one as their gateway in
 * '*serves', and returns true; false while that is not known. */
bool hello_serves(const struct hello *, bool *serves);

/* Says where the database is, for the cloud's gateways, unless it is known
 * better; and returns what is known. */
void hello_say_home(struct hello *, const struct db_home *);
const struct db_home *hello_home(const struct hello *);

/* Returns what is known of the host at 'location', or NULL. */
const struct hello_peer *hello_find(const struct hello *, uint32_t location);

/* Returns a number that rises when what hello_problems() says may change. */
uint64_t hello_seqno(const struct hello *);

/* Appends a sentence to 'problems' for each host whose tunnel does not work
 * although the host is alive. */
void hello_problems(const struct hello *, const struct model *, struct db *,
                    struct svec *problems);

/* Returns what is known of each with whom hellos are exchanged. */
struct json *hello_to_json(const struct hello *, const struct model *);

#endif /* agent/hello.h */
