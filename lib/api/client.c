/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "nethv/client.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "api/private.h"
#include "api/sigpipe.h"
#include "api/tls.h"
#include "ovs/db.h"
#include "sset.h"
#include "timeval.h"
#include "util.h"

struct nethv_client {
    struct model *model;
    struct db *db;
    bool has_host;
    struct sset followed;           /* iface-ids, of a client with a host. */
    unsigned int seqno;             /* Of 'db' when it ran last. */

    int epoll;                      /* Holds 'timer' and 'waits.fds'. */
    int timer;                      /* Readable once the deadline has come. */
    struct api_waits waits;
};

/* Events. */

static void
epoll_set(int epoll, int fd, short int events)
{
    struct epoll_event event = {
        .events = (events & POLLIN ? EPOLLIN : 0)
                  | (events & POLLOUT ? EPOLLOUT : 0),
        .data.fd = fd,
    };
    /* A descriptor that was closed has left by itself, and its number may be
     * another's now: so ask the kernel, not our list. */
    if (epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) && errno == ENOENT) {
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

static bool
waits_for(const struct api_waits *waits, int fd)
{
    for (size_t i = 0; i < waits->n; i++) {
        if (waits->fds[i].fd == fd) {
            return true;
        }
    }
    return false;
}

static void
arm(struct nethv_client *client, const struct api_waits *old)
{
    const struct api_waits *waits = &client->waits;
    long long int deadline = MAX(waits->deadline, 1);
    struct itimerspec when = { { 0, 0 }, { 0, 0 } };

    for (size_t i = 0; i < old->n; i++) {
        if (!waits_for(waits, old->fds[i].fd)) {
            epoll_ctl(client->epoll, EPOLL_CTL_DEL, old->fds[i].fd, NULL);
        }
    }
    for (size_t i = 0; i < waits->n; i++) {
        epoll_set(client->epoll, waits->fds[i].fd, waits->fds[i].events);
    }
    if (deadline != LLONG_MAX) {
        when.it_value.tv_sec = deadline / 1000;
        when.it_value.tv_nsec = deadline % 1000 * 1000000;
    }
    timerfd_settime(client->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static char *
open_descriptors(struct nethv_client *client)
{
    client->epoll = epoll_create1(EPOLL_CLOEXEC);
    client->timer = timerfd_create(CLOCK_MONOTONIC,
                                   TFD_CLOEXEC | TFD_NONBLOCK);
    if (client->epoll < 0 || client->timer < 0) {
        return xasprintf("a client of the database needs two more file "
                         "descriptors: %s", ovs_strerror(errno));
    }
    epoll_set(client->epoll, client->timer, POLLIN);
    return NULL;
}

/* Has the program call nethv_client_run() at once. */
static void
wake(struct nethv_client *client)
{
    client->waits.deadline = LLONG_MIN;
    arm(client, &client->waits);
}

/* Following. */

/* Follows the networks of the ports that are needed, as they become known. */
static void
follow_networks(struct nethv_client *client)
{
    const char *iface_id;

    SSET_FOR_EACH (iface_id, &client->followed) {
        const struct vport *port = db_find_port(client->model, iface_id);
        if (port) {
            db_follow_network(client->db, &port->network->row.uuid);
        }
    }
}

static bool
network_is_needed(const struct nethv_client *client,
                  const struct network *network)
{
    const char *iface_id;

    SSET_FOR_EACH (iface_id, &client->followed) {
        const struct vport *port = db_find_port(client->model, iface_id);
        if (port && port->network == network) {
            return true;
        }
    }
    return false;
}

void
nethv_client_follow(struct nethv_client *client, const char *iface_id)
{
    if (client->has_host && sset_add(&client->followed, iface_id)) {
        db_claim(client->db, iface_id);
        wake(client);
    }
}

void
nethv_client_unfollow(struct nethv_client *client, const char *iface_id)
{
    if (!sset_find_and_delete(&client->followed, iface_id)) {
        return;
    }
    const struct vport *port = db_find_port(client->model, iface_id);
    if (port && !network_is_needed(client, port->network)) {
        db_unfollow_network(client->db, &port->network->row.uuid);
    }
    db_unclaim(client->db, iface_id);
    wake(client);
}

/* The client. */

char *
nethv_client_create(struct nethv_model *model,
                    const struct nethv_client_options *options,
                    struct nethv_client **clientp)
{
    char *fault = tls_set(options);
    if (fault) {
        return fault;
    }
    struct nethv_client *client = xzalloc(sizeof *client);
    client->model = model->model;
    client->has_host = options->host != NULL;
    sset_init(&client->followed);
    fault = open_descriptors(client);
    if (fault) {
        nethv_client_destroy(client);
        return fault;
    }
    client->db = db_create(model->model, options->host ? DB_HOST : DB_ALL);
    if (options->host) {
        db_set_self(client->db, options->host);
    }
    db_set_remotes(client->db, options->remotes, options->leader_only);
    wake(client);
    *clientp = client;
    return NULL;
}

void
nethv_client_destroy(struct nethv_client *client)
{
    if (!client) {
        return;
    }
    db_destroy(client->db);
    sset_destroy(&client->followed);
    if (client->timer >= 0) {
        close(client->timer);
    }
    if (client->epoll >= 0) {
        close(client->epoll);
    }
    free(client);
}

bool
nethv_client_run(struct nethv_client *client)
{
    struct api_waits old = client->waits;
    struct sigpipe guard;

    tls_hold();
    sigpipe_hold(&guard);
    api_waits_collect(&client->waits);
    db_run(client->db);
    follow_networks(client);
    db_wait(client->db);
    api_waits_collect(NULL);
    sigpipe_release(&guard);
    tls_release();
    arm(client, &old);

    unsigned int before = client->seqno;
    client->seqno = db_seqno(client->db);
    return client->seqno != before;
}

int
nethv_client_fd(const struct nethv_client *client)
{
    return client->epoll;
}

int64_t
nethv_client_deadline(const struct nethv_client *client)
{
    long long int deadline = client->waits.deadline;
    return deadline == LLONG_MAX ? INT64_MAX : MAX(deadline, 0);
}

int
nethv_client_timeout(const struct nethv_client *client)
{
    int64_t deadline = nethv_client_deadline(client);
    int64_t rest = deadline - time_msec();
    return (deadline == INT64_MAX ? -1
            : rest <= 0 ? 0
            : MIN(rest, INT_MAX));
}

bool
nethv_client_is_connected(const struct nethv_client *client)
{
    return db_is_connected(client->db);
}

bool
nethv_client_is_complete(const struct nethv_client *client)
{
    return db_is_complete(client->db);
}
