/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_REMOTES_H
#define AGENT_REMOTES_H 1

/* At which relays the agent looks for the database: those that the host is
 * configured with, but not those of gateways that hellos find down, unless all
 * are.
 *
 * So a host that turns to another gateway turns to its relay as well, rather
 * than to wait until the connection to the old one is found dead, which takes
 * up to ten seconds. */

#include <stdint.h>

struct hello;
struct model;
struct remotes;

struct remotes *remotes_create(void);
void remotes_destroy(struct remotes *);

/* Returns those of 'configured', remotes with commas between, that the host at
 * 'self' should try; valid until the next call. */
const char *remotes_usable(struct remotes *, const char *configured,
                           const struct model *, uint32_t self,
                           const struct hello *);

#endif /* agent/remotes.h */
