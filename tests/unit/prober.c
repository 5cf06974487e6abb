/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "gateway/prober.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <sys/socket.h>
#include <unistd.h>

#include "model.h"
#include "nethv-idl.h"
#include "nethv/wire.h"
#include "openvswitch/poll-loop.h"
#include "ovs/db.h"
#include "ovs/inventory.h"
#include "ovs/mirror.h"
#include "timeval.h"
#include "util.h"

/* Where the other cloud's gateway is: nobody else listens there. */
#define ADDRESS "127.66.45.1"

/* A database of two clouds with a gateway each, never sent to any server, and
 * the model of it. */
struct scene {
    struct model *model;
    struct db *db;
    struct ovsdb_idl_txn *txn;
    const struct nethvrec_cloud_link *link;
    int listener;
};

static const struct nethvrec_cloud *
add_cloud(struct scene *s, const char *name, int id, const char *public_ip)
{
    const struct nethvrec_cloud *cloud = nethvrec_cloud_insert(s->txn);
    const struct nethvrec_host *host = nethvrec_host_insert(s->txn);

    nethvrec_cloud_set_name(cloud, name);
    nethvrec_cloud_set_id(cloud, id);
    nethvrec_host_set_name(host, name);
    nethvrec_host_set_cloud(host, cloud);
    nethvrec_host_set_id(host, 1);
    nethvrec_host_set_gateway(host, true);
    nethvrec_host_set_public_ip(host, public_ip);
    return cloud;
}

/* A server that takes connections, so that probes last until they are looked
 * at. */
static int
listen_there(void)
{
    struct sockaddr_in sin = {
        .sin_family = AF_INET,
        .sin_port = htons(INVENTORY_DB_PORT),
        .sin_addr.s_addr = inet_addr(ADDRESS),
    };
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    cr_assert_eq(bind(fd, (struct sockaddr *) &sin, sizeof sin), 0);
    cr_assert_eq(listen(fd, 5), 0);
    return fd;
}

static void
scene_init(struct scene *s)
{
    s->model = model_create();
    s->db = db_create(s->model, DB_ALL);
    s->txn = ovsdb_idl_txn_create(db_idl(s->db));
    nethvrec_global_insert(s->txn);
    const struct nethvrec_cloud *a = add_cloud(s, "a", 1, "127.66.45.2");
    const struct nethvrec_cloud *b = add_cloud(s, "b", 2, ADDRESS);
    s->link = nethvrec_cloud_link_insert(s->txn);
    nethvrec_cloud_link_set_a(s->link, a);
    nethvrec_cloud_link_set_b(s->link, b);

    struct mirror *mirror = mirror_create(db_idl(s->db), s->model, true);
    mirror_sync(mirror);
    mirror_destroy(mirror);
    s->listener = listen_there();
}

static void
scene_uninit(struct scene *s)
{
    close(s->listener);
    ovsdb_idl_txn_abort(s->txn);
    ovsdb_idl_txn_destroy(s->txn);
    db_destroy(s->db);
    model_destroy(s->model);
}

/* Returns how long the prober lets the process sleep, 2 s at the most. */
static long long int
sleep_msec(struct prober *prober)
{
    long long int start = time_msec();

    prober_wait(prober);
    poll_timer_wait(2000);
    poll_block();
    return time_msec() - start;
}

/* A link may go while a probe of it is under way. */
Test(prober, sleeps_without_its_link)
{
    struct prober *prober = prober_create();
    struct scene s;

    scene_init(&s);
    prober_run(prober, s.db, s.model, nethv_location(1, 1, 0), NULL);
    cr_assert_lt(sleep_msec(prober), 1000, "no probe is under way");
    nethvrec_cloud_link_delete(s.link);
    prober_run(prober, s.db, s.model, nethv_location(1, 1, 0), NULL);
    cr_assert_geq(sleep_msec(prober), 1000);
    prober_destroy(prober);
    scene_uninit(&s);
}
