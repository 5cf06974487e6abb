/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_PARTNERS_H
#define GATEWAY_PARTNERS_H 1

/* Partners: which gateway of each other cloud the tunnel from here leads to.
 *
 * A cloud may have several gateways, of which one at a time serves it: hosts of
 * the cloud turn to the next one by themselves (agent/standby.h), and that one
 * then opens tunnels.  The database says which one serves (serving.h), and the
 * tunnel is led there when that is news.  Without it, here it is seen only that
 * the tunnel does not work: after PARTNERS_PATIENCE_MSEC the tunnel is led to
 * the cloud's next gateway, and after PARTNERS_FIRST_MSEC to another one if it
 * has not come up there, longer each time for the end with the greater id: both
 * ends meet, also if both have several gateways to try.
 *
 * No frame comes twice by that: the gateways of one cloud forward by entries of
 * their own, so for the proof (doc/architecture.md) each is a node of its own,
 * and the tunnel is an entry that must rest before it leads to another node.
 * So it is taken away first, and led elsewhere only when the switch has been
 * without it for PARTNERS_REST_MSEC.
 *
 * In the model the partner is the one gateway of its cloud that is not
 * unreachable: cloud_gateway() returns it.
 *
 * Times are in milliseconds of any clock that does not go back. */

#include <stdbool.h>
#include <stdint.h>

#include "nethv/wire.h"

struct handover;
struct model;

#define PARTNERS_PATIENCE_MSEC 4000
#define PARTNERS_FIRST_MSEC 15000
#define PARTNERS_DOUBLINGS_MAX 2
#define PARTNERS_REST_MSEC 1000

struct partners;

struct partners *partners_create(void);
void partners_destroy(struct partners *);

/* Says which gateway serves each cloud; 0 where that is not known. */
void partners_hear(struct partners *,
                   const uint32_t serving[NETHV_CLOUD_FLOOD]);

/* Chooses partners of cloud 'self' and marks them in 'model'.  'ends[cloud]',
 * an enum repair_end, says how the tunnel to 'cloud' is; 'handover' (NULL:
 * none) what the agent was told last, and 'installed' whether the switch is
 * so. */
void partners_run(struct partners *, struct model *model, uint8_t self,
                  const uint8_t *ends, const struct handover *handover,
                  bool installed, long long int now);

/* Returns whether there must be no tunnel to 'cloud' now. */
bool partners_rests(const struct partners *, uint8_t cloud);

/* Returns when partners_run() is to be called next at the latest. */
long long int partners_deadline(const struct partners *);

#endif /* gateway/partners.h */
