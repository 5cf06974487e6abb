/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_H
#define GATEWAY_H 1

/* The gateway process of a cloud, as one object.
 *
 *                  NetHV database (db.h, all of it)
 *        +---------------+----------------+------------------+
 *        v               v                v                  v
 *   global.h        edges.h           enrol.h            sign.h
 *   while it        this cloud's      lets hosts in      if it holds
 *   holds the       edges and trees                      the CA's key
 *   lock                 |
 *                        v
 *                  handover to the agent of this host (handover.h)
 *
 * tunnels.h writes back what has become of the edges' tunnels.
 *
 * Everything in it is driven by gateway_run() and gateway_wait(). */

struct gateway;

/* Returns a gateway of this host's cloud; it reads its configuration from the
 * local Open_vSwitch database. */
struct gateway *gateway_create(void);
void gateway_destroy(struct gateway *);

void gateway_run(struct gateway *);
void gateway_wait(struct gateway *);

#endif /* gateway/gateway.h */
