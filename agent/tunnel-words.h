/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_TUNNEL_WORDS_H
#define AGENT_TUNNEL_WORDS_H 1

/* What is said of tunnels that do not work: which rule of a firewall is
 * missing. */

#include <stdbool.h>

struct db;
struct host;
struct uuid;

/* Return "IP protocol 47 (GRE) from 10.0.0.11 to 10.0.0.10", with "and back" if
 * both ways count: what firewalls must let in for the tunnel from 'a' to 'b'.
 * The caller frees it. */
char *tunnel_words_open(const struct host *a, const struct host *b);
char *tunnel_words_open_one_way(const struct host *a, const struct host *b);

/* Returns whether the global controller says that 'host' is alive: it can write
 * to the database by TCP. */
bool tunnel_words_alive(struct db *, const struct uuid *host);

#endif /* agent/tunnel-words.h */
