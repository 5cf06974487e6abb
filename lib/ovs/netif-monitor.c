/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <netlink/netlink.h>
#include <poll.h>
#include <stdlib.h>

#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs/netif.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(netif_monitor);

struct netif_monitor {
    struct nl_sock *sock;           /* NULL if it could not be opened. */
    bool changed;
};

static int
note_change(struct nl_msg *msg OVS_UNUSED, void *monitor_)
{
    struct netif_monitor *monitor = monitor_;

    monitor->changed = true;
    return NL_OK;
}

static int
monitor_open(struct nl_sock *sock)
{
    int error = nl_connect(sock, NETLINK_ROUTE);

    error = error ? error : nl_socket_set_nonblocking(sock);
    return error ? error : nl_socket_add_memberships(sock, RTNLGRP_LINK,
                                                     RTNLGRP_IPV4_IFADDR,
                                                     RTNLGRP_IPV6_IFADDR, 0);
}

struct netif_monitor *
netif_monitor_create(void)
{
    struct netif_monitor *monitor = xzalloc(sizeof *monitor);

    monitor->changed = true;
    monitor->sock = nl_socket_alloc();
    nl_socket_disable_seq_check(monitor->sock);
    nl_socket_modify_cb(monitor->sock, NL_CB_VALID, NL_CB_CUSTOM, note_change,
                        monitor);
    int error = monitor_open(monitor->sock);
    if (error) {
        VLOG_WARN("changes of interfaces go unnoticed: %s",
                  nl_geterror(error));
        nl_socket_free(monitor->sock);
        monitor->sock = NULL;
    }
    return monitor;
}

void
netif_monitor_destroy(struct netif_monitor *monitor)
{
    if (monitor) {
        nl_socket_free(monitor->sock);
        free(monitor);
    }
}

bool
netif_monitor_run(struct netif_monitor *monitor)
{
    int error = 0;

    while (monitor->sock && !error) {
        error = nl_recvmsgs_default(monitor->sock);
        if (error == -NLE_NOMEM) {
            /* Some were lost. */
            monitor->changed = true;
            error = 0;
        }
    }

    bool changed = monitor->changed;
    monitor->changed = false;
    return changed;
}

void
netif_monitor_wait(struct netif_monitor *monitor)
{
    if (monitor->sock) {
        poll_fd_wait(nl_socket_get_fd(monitor->sock), POLLIN);
    }
}
