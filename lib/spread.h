/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPREAD_H
#define SPREAD_H 1

/* Spreading link state: hop by hop, from each gateway to its neighbours over
 * all tunnels that work, until all have the same.
 *
 * A message has the number of the plan in force, where the database is, and the
 * digest of all link state that its sender has, and any number of ends.  The
 * receiver merges them and passes what was news on to its neighbours at once.
 * A message with ends is answered with the own digest, which is the
 * acknowledgement.  While a neighbour's last digest is not the own one, ends
 * are sent to it again: after 40 ms, 80, and so on up to each second; first
 * those that are new since both agreed, from the third time on all.  A digest
 * goes out each second in any case.
 *
 * Whoever is new marks its messages as *learning*: it is told all at once.  It
 * has learned when it has what a neighbour has that is not learning itself, or
 * when SPREAD_LEARN_MSEC have passed.
 *
 * A message, integers in network byte order:
 *
 *     version 8 | flags 8 | ends 16 | plan 32 | digest 64
 *     epoch 32 | home 32 | ends...
 *     an end:  at 8 | to 8 | counter 32 | weight 32
 *
 * What is behind the ends is left alone: a newer sender may have more to say.
 * What could not be read so would be another kind of control frame, or be sent
 * only in a newer version of these.
 *
 * Pure. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db_home;
struct linkstate;
struct linkstate_end;
struct repair_message;
struct spread;

#define SPREAD_VERSION 1
#define SPREAD_LEARN_MSEC 2000

/* Plans have no greater number. */
#define SPREAD_PLAN_MAX UINT32_C(0x7fffffff)

/* Returns what spreads 'linkstate', which must live longer, from the gateway of
 * cloud 'self'. */
struct spread *spread_create(struct linkstate *linkstate, uint8_t self,
                             long long int now);
void spread_destroy(struct spread *);

/* Says whether the tunnel to cloud 'peer' works. */
void spread_set_live(struct spread *, uint8_t peer, bool live,
                     long long int now);

/* Merges an end of the own cloud.  Returns whether it was news. */
bool spread_say(struct spread *, const struct linkstate_end *end);

/* Says that the plan with 'number' is in force. */
void spread_say_plan(struct spread *, uint32_t number);

/* Returns the greatest number of a plan that was ever said to be in force. */
uint32_t spread_plan(const struct spread *);

/* Says where the database is, or returns where it was last said to be: what has
 * the greater epoch is later. */
void spread_say_home(struct spread *, const struct db_home *);
struct db_home spread_home(const struct spread *);

/* Takes a message.  Returns NULL, or a malloc'd sentence and leaves all alone
 * if it is malformed.  Sets '*news' if it said anything new. */
char *spread_receive(struct spread *, uint8_t from, const void *data, size_t n,
                     bool *news);

bool spread_is_learning(struct spread *, long long int now);

/* Does what is due at 'now'. */
void spread_run(struct spread *, long long int now);
long long int spread_deadline(const struct spread *);

/* As repair_pop(). */
bool spread_pop(struct spread *, struct repair_message *message);

#endif /* spread.h */
