/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_RENEW_H
#define AGENT_RENEW_H 1

/* Takes over the host's certificate when the authority has made it anew.
 *
 * The authority writes it into the host's row of Enrollment (gateway/sign.h).
 * It is for the same key; what does not fit this host's key and authority, or
 * ends before the present one, is not taken. */

struct db;
struct renew;

struct renew *renew_create(void);
void renew_destroy(struct renew *);

/* Looks whether 'db' holds another certificate than last time, and writes it
 * to its file if so; tries again later what could not be taken. */
void renew_run(struct renew *, struct db *);
void renew_wait(const struct renew *);

#endif /* agent/renew.h */
