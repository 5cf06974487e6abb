/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_HTTPS_H
#define AGENT_HTTPS_H 1

/* One HTTPS request to an enrolment service.
 *
 * The server is trusted if its certificate chain holds the certificate with a
 * known fingerprint and that one signed its own certificate, which must be a
 * gateway's and valid now.  The system's authorities count for nothing.
 *
 * All functions block, each step at most HTTPS_TIMEOUT_S, and return NULL or an
 * error sentence that the caller frees. */

#include <stdbool.h>

#define HTTPS_TIMEOUT_S 30
#define HTTPS_CONNECT_TIMEOUT_S 5
#define HTTPS_ANSWER_MAX 65536

struct https;

/* Connects to 'remote' (IP:port) and makes sure that it is the deployment whose
 * CA has 'fingerprint'.  Sets '*reached', also on failure, if a TCP connection
 * came about. */
char *https_connect(const char *remote, const char *fingerprint,
                    bool *reached, struct https **);
void https_close(struct https *);

/* Returns the address of this machine's end, malloc'd. */
char *https_local_ip(const struct https *);

/* Sends POST 'path' with 'body' and stores what comes back: the status code and
 * the body, which the caller frees.  Once for each connection. */
char *https_post(struct https *, const char *path, const char *body,
                 int *status, char **answer);

/* Returns the time that the server gave with its answer, in seconds since the
 * epoch, or 0. */
long long int https_server_time(const struct https *);

#endif /* agent/https.h */
