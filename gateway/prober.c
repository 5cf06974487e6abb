/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/prober.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/nethv-idl.h"
#include "model.h"
#include "nethv/wire.h"
#include "openvswitch/poll-loop.h"
#include "ovs/db.h"
#include "ovs/inventory.h"
#include "packets.h"
#include "probes.h"
#include "smap.h"
#include "socket-util.h"
#include "timeval.h"
#include "util.h"
#include "uuid.h"

#define INTERVAL_MSEC 5000

/* Linux sends the first packet of a connection again after a second. */
#define TIMEOUT_MSEC 900

/* Less of a difference is not worth a write. */
#define RTT_LEAST 0.5
#define LOSS_LEAST 0.1

/* The path to one cloud. */
struct path {
    struct probes probes;
    struct in6_addr address;    /* Of its gateway. */
    int fd;                     /* Of the probe under way, -1 if none is. */
    long long int sent;         /* Milliseconds, as time_msec(); */
    long long int sent_usec;    /* and as time_usec(). */
    bool apart;                 /* No tunnels lead there, */
    bool asked;                 /* it is to be probed at once. */
};

struct prober {
    bool on;
    long long int next;         /* When the next probes are due. */
    struct path paths[NETHV_CLOUD_FLOOD];
};

struct prober *
prober_create(void)
{
    struct prober *prober = xzalloc(sizeof *prober);

    for (size_t i = 0; i < ARRAY_SIZE(prober->paths); i++) {
        probes_init(&prober->paths[i].probes);
        prober->paths[i].fd = -1;
    }
    return prober;
}

/* Ends the probe under way: with a reset, nobody waits for more. */
static void
end_probe(struct path *path)
{
    static const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

    if (path->fd >= 0) {
        setsockopt(path->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(path->fd);
        path->fd = -1;
    }
}

static void
end_probes(struct prober *prober)
{
    for (size_t i = 0; i < ARRAY_SIZE(prober->paths); i++) {
        end_probe(&prober->paths[i]);
    }
}

void
prober_destroy(struct prober *prober)
{
    if (prober) {
        end_probes(prober);
        free(prober);
    }
}

void
prober_set_connected(struct prober *prober, const bool connected[])
{
    for (size_t i = 0; i < ARRAY_SIZE(prober->paths); i++) {
        struct path *path = &prober->paths[i];

        path->asked |= !connected[i] && !path->apart;
        path->apart = !connected[i];
    }
}

bool
prober_finds(const struct prober *prober, uint8_t cloud)
{
    return !prober->on || probes_find(&prober->paths[cloud].probes);
}

/* Begins a probe.  One that cannot be sent is one without an answer. */
static void
begin_probe(struct path *path, const struct in6_addr *address,
            long long int now)
{
    struct sockaddr_storage to = { .ss_family = AF_UNSPEC };

    if (!ipv6_addr_equals(&path->address, address)) {
        probes_init(&path->probes);
        path->address = *address;
    }
    if (IN6_IS_ADDR_V4MAPPED(address)) {
        struct sockaddr_in *sin = ALIGNED_CAST(struct sockaddr_in *, &to);
        sin->sin_family = AF_INET;
        sin->sin_port = htons(INVENTORY_DB_PORT);
        sin->sin_addr.s_addr = in6_addr_get_mapped_ipv4(address);
    } else {
        struct sockaddr_in6 *sin6 = ALIGNED_CAST(struct sockaddr_in6 *, &to);
        sin6->sin6_family = AF_INET6;
        sin6->sin6_port = htons(INVENTORY_DB_PORT);
        sin6->sin6_addr = *address;
    }
    path->fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                      0);
    path->sent = now;
    path->sent_usec = time_usec();
    if (path->fd < 0
        || (connect(path->fd, (struct sockaddr *) &to, ss_length(&to))
            && errno != EINPROGRESS)) {
        probes_add(&path->probes, NAN);
        end_probe(path);
    }
}

/* Returns the round-trip time of the probe under way, which has come to an end:
 * of a connection as the kernel has measured it, of a refusal as it is seen
 * here; NAN if it came from nobody. */
static double
answer_time(const struct path *path)
{
    struct tcp_info info;
    socklen_t length = sizeof info, error_length = sizeof(int);
    int error = 0;

    getsockopt(path->fd, SOL_SOCKET, SO_ERROR, &error, &error_length);
    if (error) {
        return (error == ECONNREFUSED
                ? (time_usec() - path->sent_usec) / 1000.0 : NAN);
    }
    return (!getsockopt(path->fd, IPPROTO_TCP, TCP_INFO, &info, &length)
            ? info.tcpi_rtt / 1000.0 : NAN);
}

/* Takes in the answer to the probe under way, if it is there. */
static void
take_answer(struct path *path, long long int now)
{
    struct pollfd pfd = { .fd = path->fd, .events = POLLOUT };

    if (poll(&pfd, 1, 0) > 0) {
        probes_add(&path->probes, answer_time(path));
        end_probe(path);
    } else if (now - path->sent >= TIMEOUT_MSEC) {
        probes_add(&path->probes, NAN);
        end_probe(path);
    }
}

/* Also those of probes to clouds to which there is no link any more. */
static void
take_answers(struct prober *prober, long long int now)
{
    for (size_t i = 0; i < ARRAY_SIZE(prober->paths); i++) {
        if (prober->paths[i].fd >= 0) {
            take_answer(&prober->paths[i], now);
        }
    }
}

static bool
is_own(const struct nethvrec_cloud *row, const struct host *self)
{
    return uuid_equals(&row->header_.uuid, &self->cloud->row.uuid);
}

/* Returns the cloud at the other end of a link of the own cloud, NULL if it is
 * not one. */
static const struct cloud *
other_end(const struct model *model, const struct nethvrec_cloud_link *row,
          const struct host *self)
{
    if (!is_own(row->a, self) && !is_own(row->b, self)) {
        return NULL;
    }
    const struct nethvrec_cloud *end = is_own(row->a, self) ? row->b : row->a;
    const struct model_row *other = model_find(model, MODEL_CLOUD,
                                               &end->header_.uuid);
    return other ? CONTAINER_OF(other, struct cloud, row) : NULL;
}

static void
write_link(struct db *db, const struct nethvrec_cloud_link *row,
           const struct probes *probes)
{
    double rtt = round(probes_rtt(probes) * 1000) / 1000;
    double loss = probes_loss(probes);

    if (probes_differ(probes, row->n_rtt ? *row->rtt : NAN, rtt, RTT_LEAST)) {
        nethvrec_cloud_link_set_rtt(row, &rtt, 1);
    }
    if (ovsdb_idl_server_has_column(db_idl(db), &nethvrec_cloud_link_col_loss)
        && probes_differ(probes, row->n_loss ? *row->loss : NAN, loss,
                         LOSS_LEAST)) {
        nethvrec_cloud_link_set_loss(row, &loss, 1);
    }
}

static void
probe_path(struct prober *prober, const struct cloud *cloud, bool due,
         long long int now)
{
    const struct host *gateway = cloud_gateway(cloud);
    struct path *path = &prober->paths[cloud->id];

    if ((due || path->asked) && path->fd < 0 && gateway
        && !ipv6_is_zero(&gateway->public_ip)) {
        begin_probe(path, &gateway->public_ip, now);
        path->asked = false;
    }
}

static bool
is_on(struct db *db)
{
    const struct nethvrec_global *global = nethvrec_global_first(db_idl(db));

    return global && smap_get_bool(&global->options, "probe", true);
}

void
prober_run(struct prober *prober, struct db *db, const struct model *model,
           uint32_t location, struct ovsdb_idl_txn *txn)
{
    const struct host *self = model_host_at(model, location);
    const struct nethvrec_cloud_link *row;
    long long int now = time_msec();

    prober->on = self && cloud_gateway(self->cloud) == self && is_on(db);
    if (!prober->on) {
        end_probes(prober);
        return;
    }
    take_answers(prober, now);
    bool due = now >= prober->next;
    if (due) {
        prober->next = now + INTERVAL_MSEC;
    }
    NETHVREC_CLOUD_LINK_FOR_EACH (row, db_idl(db)) {
        const struct cloud *cloud = other_end(model, row, self);
        if (!cloud) {
            continue;
        }
        probe_path(prober, cloud, due, now);
        if (txn && is_own(row->a, self)) {
            write_link(db, row, &prober->paths[cloud->id].probes);
        }
    }
}

void
prober_wait(struct prober *prober)
{
    if (!prober->on) {
        return;
    }
    poll_timer_wait_until(prober->next);
    for (size_t i = 0; i < ARRAY_SIZE(prober->paths); i++) {
        if (prober->paths[i].fd >= 0) {
            poll_fd_wait(prober->paths[i].fd, POLLOUT);
            poll_timer_wait_until(prober->paths[i].sent + TIMEOUT_MSEC);
        }
    }
}
