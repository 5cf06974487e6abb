/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovs/uplink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ovs/netif.h"
#include "ovs/vswitch.h"
#include "packets.h"
#include "socket-util.h"
#include "timeval.h"
#include "util.h"

/* How long Open vSwitch may take to make the bridge. */
#define SETTLE_MS 15000

/* An uplink that is being moved. */
struct uplink {
    struct vswitch_db *db;
    const char *nic;
    struct netns *ns;
    struct netif_info info;         /* Of the NIC, before. */
    struct netif_layer3 *layer3;    /* Of the NIC, before. */
    bool offload;                   /* Of the NIC, before. */
};

/* Says whether the NIC's packets are the kernel's, or Open vSwitch's. */
static char *
set_ownership(struct uplink *u, bool own)
{
    char *error = netif_offload_set(u->ns, u->nic, own && u->offload);
    return error ? error : netif_own(u->ns, u->nic, own);
}

/* Gives the NIC what it had.  Needs neither the bridge nor Open vSwitch.
 *
 * When Open vSwitch then lets go of the NIC it writes back the flags that it
 * remembers, "no ARP" perhaps among them: after that set_ownership() must be
 * called once more. */
static char *
restore_layer3(struct uplink *u)
{
    if (netif_exists(u->ns, UPLINK_BRIDGE)) {
        free(netif_layer3_take(u->ns, UPLINK_BRIDGE, u->layer3));
    }
    char *error = set_ownership(u, true);
    char *give_error = netif_layer3_give(u->ns, u->nic, u->layer3);
    if (error) {
        free(give_error);
        return error;
    }
    return give_error;
}

static char *
move_layer3(struct uplink *u)
{
    struct netif_setup up = { .up = true };
    char *error = set_ownership(u, false);

    error = error ? error : netif_configure(u->ns, UPLINK_BRIDGE, &up);
    error = error ? error : netif_layer3_take(u->ns, u->nic, u->layer3);
    return (error ? error
            : netif_layer3_give(u->ns, UPLINK_BRIDGE, u->layer3));
}

static char *
make_bridge(struct uplink *u)
{
    char *mac = xasprintf(ETH_ADDR_FMT, ETH_ADDR_ARGS(u->info.mac));

    vswitch_add_bridge(u->db, UPLINK_BRIDGE, "netdev", mac);
    vswitch_add_port(u->db, &(struct vswitch_port) {
        .bridge = UPLINK_BRIDGE,
        .name = u->nic,
        .type = "",
    });
    free(mac);
    return vswitch_settle(u->db, SETTLE_MS);
}

/* The watcher: a process of its own that puts everything back unless it is
 * told in time to keep it, whatever becomes of the one that made the move.  It
 * uses netlink itself and leaves the database to ovs-vsctl. */
enum { WATCHER_KEPT, WATCHER_RESTORED, WATCHER_FAILED };

struct watcher {
    pid_t pid;
    int fd;                         /* Written: 'k' to keep. */
};

static void
remove_bridge_by_command(void)
{
    pid_t pid = fork();

    if (!pid) {
        execlp("ovs-vsctl", "ovs-vsctl", "--timeout=15", "--if-exists",
               "del-br", UPLINK_BRIDGE, NULL);
        _exit(127);
    }
    if (pid > 0) {
        waitpid(pid, NULL, 0);
    }
}

/* Lets go of what the parent has: the terminal, signals meant for it. */
static void
watcher_detach(void)
{
    static const int ignored[] = { SIGHUP, SIGINT, SIGTERM, SIGPIPE };

    setsid();
    for (size_t i = 0; i < ARRAY_SIZE(ignored); i++) {
        signal(ignored[i], SIG_IGN);
    }
}

static void OVS_NO_RETURN
watcher_main(struct uplink *u, int fd, long long int timeout_ms)
{
    struct pollfd pfd = { .fd = fd, .events = POLLIN };
    char word = 0;
    int n;

    watcher_detach();
    do {
        n = poll(&pfd, 1, MIN(timeout_ms, INT_MAX));
    } while (n < 0 && errno == EINTR);
    if (n > 0 && read(fd, &word, 1) == 1 && word == 'k') {
        _exit(WATCHER_KEPT);
    }

    /* Sockets of its own: the parent may be using the others. */
    char *error = netns_open(NULL, &u->ns);
    error = error ? error : restore_layer3(u);
    remove_bridge_by_command();
    error = error ? error : set_ownership(u, true);
    _exit(error ? WATCHER_FAILED : WATCHER_RESTORED);
}

static char *
watcher_start(struct uplink *u, long long int timeout_ms, struct watcher *w)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC)) {
        return xasprintf("cannot make a pipe: %s", ovs_strerror(errno));
    }
    w->pid = fork();
    if (!w->pid) {
        close(fds[1]);
        watcher_main(u, fds[0], timeout_ms);
    }
    close(fds[0]);
    w->fd = fds[1];
    if (w->pid < 0) {
        close(w->fd);
        return xasprintf("cannot start a process that watches over the move: "
                         "%s", ovs_strerror(errno));
    }
    return NULL;
}

/* Tells the watcher to keep what was done or to put it back, and returns how
 * it ended. */
static int
watcher_end(struct watcher *w, bool keep)
{
    int status = 0;

    if (keep) {
        ignore(write(w->fd, "k", 1));
    }
    close(w->fd);
    while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR) {
        continue;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : WATCHER_FAILED;
}

bool
uplink_check_tcp(void *host_port)
{
    int error, fd;

    error = inet_open_active(SOCK_STREAM, host_port, -1, NULL, &fd, 0);
    if (error != EAGAIN && error != EINPROGRESS) {
        if (!error) {
            close(fd);
        }
        return !error || error == ECONNREFUSED;
    }

    struct pollfd pfd = { .fd = fd, .events = POLLOUT };
    socklen_t len = sizeof error;
    bool answered = (poll(&pfd, 1, UPLINK_CHECK_MS) == 1
                     && !getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len)
                     && (!error || error == ECONNREFUSED));
    close(fd);
    return answered;
}

static char *
wait_for_check(const struct uplink *u, long long int timeout_ms,
               uplink_check *check, void *aux)
{
    long long int deadline = time_msec() + timeout_ms;

    for (;;) {
        long long int start = time_msec();
        if (check(aux)) {
            return NULL;
        }
        long long int now = time_msec();
        if (now >= deadline) {
            return xasprintf("with %s in bridge %s nothing was reachable "
                             "within %lld s", u->nic, UPLINK_BRIDGE,
                             timeout_ms / 1000);
        }
        if (now < start + UPLINK_CHECK_MS) {
            xnanosleep((start + UPLINK_CHECK_MS - now) * 1000 * 1000);
        }
    }
}

/* A check: whether the router of the uplink 'u_', in the bridge now, has
 * answered to ARP or ND. */
static bool
check_router(void *u_)
{
    struct uplink *u = u_;
    struct in6_addr router = netif_layer3_gateway(u->layer3);

    return (!ipv6_addr_is_set(&router)
            || netif_resolve(u->ns, UPLINK_BRIDGE, &router, UPLINK_CHECK_MS));
}

/* Moves, has the move checked and keeps it or puts everything back. */
static char *
move(struct uplink *u, long long int timeout_ms, uplink_check *check,
     void *aux)
{
    struct watcher watcher = { -1, -1 };
    char *error = watcher_start(u, timeout_ms + 2 * SETTLE_MS, &watcher);

    if (error) {
        return error;
    }
    error = make_bridge(u);
    error = error ? error : move_layer3(u);
    error = error ? error : wait_for_check(u, timeout_ms,
                                           check ? check : check_router,
                                           check ? aux : u);

    int end = watcher_end(&watcher, !error);
    if (!error && end != WATCHER_KEPT) {
        error = xasprintf("the move of %s took too long", u->nic);
    }
    if (error) {
        char *full = xasprintf("%s; %s", error, end == WATCHER_RESTORED
                               ? "everything has been put back"
                               : "not everything could be put back");
        free(error);
        error = full;
    }
    return error;
}

static char *
uplink_open(struct uplink *u, const char *from)
{
    char *error = netns_open(NULL, &u->ns);

    error = error ? error : netif_get(u->ns, u->nic, &u->info);
    error = error ? error : netif_layer3_read(u->ns, from, &u->layer3);
    u->offload = error || netif_offload_get(u->ns, u->nic);
    return error;
}

static void
uplink_close(struct uplink *u)
{
    netif_layer3_destroy(u->layer3);
    netns_close(u->ns);
}

/* Returns whether the NIC is in the bridge, or a sentence in '*error' if it is
 * in another one. */
static bool
is_moved(const struct uplink *u, char **error)
{
    const char *bridge = vswitch_port_bridge(u->db, u->nic);

    if (bridge && strcmp(bridge, UPLINK_BRIDGE)) {
        *error = xasprintf("%s is in bridge %s: it must be in none or in %s",
                           u->nic, bridge, UPLINK_BRIDGE);
    }
    return bridge && !*error;
}

char *
uplink_attach(struct vswitch_db *db, const char *nic, long long int timeout_ms,
              uplink_check *check, void *aux)
{
    struct uplink u = { .db = db, .nic = nic };
    char *error = vswitch_settle(db, SETTLE_MS);
    bool moved = !error && is_moved(&u, &error);

    error = error ? error : uplink_open(&u, nic);
    if (!error && netif_layer3_is_empty(u.layer3)) {
        error = (moved ? NULL
                 : xasprintf("%s has no IP address: name the interface that "
                             "has the host's address", nic));
    } else if (!error) {
        error = move(&u, timeout_ms, check, aux);
    }
    uplink_close(&u);
    return error;
}

char *
uplink_detach(struct vswitch_db *db, const char *nic)
{
    struct uplink u = { .db = db, .nic = nic };
    char *error = vswitch_settle(db, SETTLE_MS);
    bool moved = !error && is_moved(&u, &error);

    if (moved) {
        error = uplink_open(&u, UPLINK_BRIDGE);
        u.offload = true;
        error = error ? error : restore_layer3(&u);
        if (!error) {
            vswitch_del_bridge(db, UPLINK_BRIDGE);
            error = vswitch_settle(db, SETTLE_MS);
            free(error ? set_ownership(&u, true) : NULL);
            error = error ? error : set_ownership(&u, true);
        }
        uplink_close(&u);
    }
    return error;
}

char *
uplink_move(const char *nic, uplink_check *check, void *aux)
{
    struct vswitch_db *db = vswitch_create(VSWITCH_DATABASE);
    char *error = uplink_attach(db, nic, 30000, check, aux);

    vswitch_destroy(db);
    return error;
}

char *
uplink_take_back(const char *nic)
{
    struct vswitch_db *db = vswitch_create(VSWITCH_DATABASE);
    char *error = uplink_detach(db, nic);

    vswitch_destroy(db);
    return error;
}
