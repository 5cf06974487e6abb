/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_ADVERTS_H
#define AGENT_ADVERTS_H 1

/* Router advertisements that nobody has asked for.
 *
 * Each endpoint whose switch has "ra" gets one when it appears, when what it
 * says changes (the document, the MTU), and from time to time, so that nothing
 * that it says runs out.  A router that is no longer named is taken back. */

#include <stdint.h>

struct adverts;
struct compiler;
struct ofswitch;

struct adverts *adverts_create(void);
void adverts_destroy(struct adverts *);

/* Sends what is due.  'version' changes whenever the model may have; 'mtu' is
 * the endpoints'. */
void adverts_run(struct adverts *, const struct compiler *, struct ofswitch *,
                 unsigned int mtu, uint64_t version);
void adverts_wait(const struct adverts *, const struct ofswitch *);

#endif /* agent/adverts.h */
