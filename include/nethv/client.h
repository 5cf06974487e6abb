/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETHV_CLIENT_H
#define NETHV_CLIENT_H 1

/* A model that follows a NetHV database: the only part with input and output.
 *
 * A client has no thread of its own and never blocks.  The program's event loop
 * waits until nethv_client_fd() is readable, or nethv_client_deadline() has
 * come, and calls nethv_client_run(), which receives, changes the model and
 * calls its watchers, all in the caller's thread:
 *
 *     struct pollfd p = { nethv_client_fd(client), POLLIN, 0 };
 *     for (;;) {
 *         nethv_client_run(client);
 *         poll(&p, 1, nethv_client_timeout(client));
 *     }
 *
 * The descriptor also becomes readable when the deadline has come, so a loop
 * that knows only descriptors needs nothing else.
 *
 * The connection is made anew whenever it ends.  Meanwhile the model keeps what
 * it had; afterwards it is compared and only what differs is changed.
 *
 * A client only reads. */

#include <stdbool.h>

#include "nethv/nethv.h"

#ifdef __cplusplus
extern "C" {
#endif

struct nethv_client;
struct nethv_model;

/* What to follow, and where.  'remotes' are as in ovsdb(7), one or more:
 * "unix:/run/nethv/nethv-db.sock", "ssl:192.0.2.1:6645,ssl:192.0.2.2:6645".
 *
 * For "ssl:" the three names of PEM files are needed.  They are the process's:
 * the first client with such files sets them, later ones must name the same or
 * none.  They are read again when they change; a new key is to be there before
 * its certificate.
 *
 * With 'host' NULL everything is followed.  Otherwise only what the host of
 * that name needs: all clouds, the hosts of its own, and the networks named by
 * nethv_client_follow(). */
struct nethv_client_options {
    const char *remotes;
    const char *private_key;
    const char *certificate;
    const char *ca_certificate;
    bool leader_only;               /* Of a cluster only the leader. */
    const char *host;
};

/* Makes '*clientp' follow a database into 'model', which must live longer and
 * get nothing from documents.  Copies '*options'.  Returns NULL, or a sentence
 * that the caller frees, '*clientp' untouched, if the options cannot be. */
char *nethv_client_create(struct nethv_model *model,
                          const struct nethv_client_options *options,
                          struct nethv_client **clientp) NETHV_MUST_CHECK;

/* Ends the connection.  The model keeps its rows. */
void nethv_client_destroy(struct nethv_client *);

/* Does what there is to do now.  Returns whether anything has come that
 * concerns the model. */
bool nethv_client_run(struct nethv_client *client);

/* Returns the descriptor to wait for, the same for the client's life; owned by
 * the client. */
int nethv_client_fd(const struct nethv_client *client);

/* Returns the latest time at which to call nethv_client_run() even if the
 * descriptor is not readable: milliseconds of CLOCK_MONOTONIC, INT64_MAX for
 * none.  nethv_client_timeout() returns the same from now on, as poll() and
 * epoll_wait() have it: -1 for none. */
int64_t nethv_client_deadline(const struct nethv_client *client);
int nethv_client_timeout(const struct nethv_client *client);

/* Returns whether there is a connection now, or whether the model has all that
 * was asked for.  The latter stays true when the connection is lost. */
bool nethv_client_is_connected(const struct nethv_client *client);
bool nethv_client_is_complete(const struct nethv_client *client);

/* For a client with a 'host': starts or ends the need for the port 'iface_id',
 * a path ("acme/shop/s1/web") or a UUID as text, and for its network, which is
 * kept for some minutes after the last need.  Others have everything; for them
 * this does nothing. */
void nethv_client_follow(struct nethv_client *client, const char *iface_id);
void nethv_client_unfollow(struct nethv_client *client, const char *iface_id);

#ifdef __cplusplus
}
#endif

#endif /* nethv/client.h */
