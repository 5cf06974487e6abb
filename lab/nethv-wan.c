/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* The Internet between the lab's clouds: see nethv-wan(8). */

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "command-line.h"
#include "daemon.h"
#include "lab/wan/link.h"
#include "nethv/version.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "unixctl.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(nethv_wan);

struct wan {
    struct ovs_list links;
    int epoll;
    int timer;
    bool exiting;
};

static int64_t
now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Watches 'fd'; data.ptr of its events is 'link' with 'end' in the low bit. */
static void
wan_watch(struct wan *wan, int fd, struct link *link, int end)
{
    struct epoll_event event = { .events = EPOLLIN };

    event.data.u64 = (uintptr_t) link | end;
    if (epoll_ctl(wan->epoll, EPOLL_CTL_ADD, fd, &event)) {
        ovs_fatal(errno, "cannot watch a socket");
    }
}

static void
wan_add(struct wan *wan, const char *spec)
{
    struct link *link;
    char *error = link_open(spec, &link);

    if (error) {
        ovs_fatal(0, "%s", error);
    }
    ovs_list_push_back(&wan->links, &link->node);
    for (int i = 0; i < 2; i++) {
        wan_watch(wan, link->ends[i].fd, link, i);
    }
}

static void
wan_init(struct wan *wan)
{
    ovs_list_init(&wan->links);
    wan->exiting = false;
    wan->epoll = epoll_create1(EPOLL_CLOEXEC);
    wan->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (wan->epoll < 0 || wan->timer < 0) {
        ovs_fatal(errno, "cannot make a timer");
    }
    wan_watch(wan, wan->timer, NULL, 0);
}

static void
wan_destroy(struct wan *wan)
{
    struct link *link;

    LIST_FOR_EACH_POP (link, node, &wan->links) {
        link_close(link);
    }
    close(wan->timer);
    close(wan->epoll);
}

/* Lets the timer expire at 'when', or never if it is INT64_MAX. */
static void
wan_set_timer(struct wan *wan, int64_t when)
{
    struct itimerspec spec = { .it_value = { 0, 0 } };

    if (when != INT64_MAX) {
        spec.it_value.tv_sec = when / 1000000000;
        spec.it_value.tv_nsec = when % 1000000000;
    }
    timerfd_settime(wan->timer, TFD_TIMER_ABSTIME, &spec, NULL);
}

static void
wan_run(struct wan *wan)
{
    struct epoll_event events[64];
    int n = epoll_wait(wan->epoll, events, ARRAY_SIZE(events), 0);
    int64_t next = INT64_MAX;
    struct link *link;

    for (int i = 0; i < n; i++) {
        uintptr_t id = events[i].data.u64;

        if (id) {
            link_receive((struct link *) (id & ~(uintptr_t) 1), id & 1,
                         now_ns());
        }
    }
    LIST_FOR_EACH (link, node, &wan->links) {
        next = MIN(next, link_send(link, now_ns()));
    }
    wan_set_timer(wan, next);
}

static void
wan_show(struct unixctl_conn *conn, int argc OVS_UNUSED,
         const char *argv[] OVS_UNUSED, void *wan_)
{
    struct wan *wan = wan_;
    struct ds ds = DS_EMPTY_INITIALIZER;
    const char *separator = "[";
    struct link *link;

    LIST_FOR_EACH (link, node, &wan->links) {
        ds_put_cstr(&ds, separator);
        link_format(link, &ds);
        separator = ",\n ";
    }
    ds_put_cstr(&ds, ovs_list_is_empty(&wan->links) ? "[]" : "]");
    unixctl_command_reply(conn, ds_cstr(&ds));
    ds_destroy(&ds);
}

static struct way *
wan_find(struct wan *wan, const char *from, const char *to)
{
    struct link *link;

    LIST_FOR_EACH (link, node, &wan->links) {
        for (int i = 0; i < 2; i++) {
            if (!strcmp(link->ends[i].name, from)
                && !strcmp(link->ends[!i].name, to)) {
                return &link->ends[i].way;
            }
        }
    }
    return NULL;
}

static void
wan_set(struct unixctl_conn *conn, int argc, const char *argv[], void *wan_)
{
    struct way *way = wan_find(wan_, argv[1], argv[2]);
    struct shape shape;
    char *error = NULL;

    if (!way) {
        error = xasprintf("no link from %s to %s", argv[1], argv[2]);
    } else {
        shape = way->shape;
        for (int i = 3; i < argc && !error; i++) {
            error = shape_parse(&shape, argv[i]);
        }
    }
    if (error) {
        unixctl_command_reply_error(conn, error);
        free(error);
    } else {
        way->shape = shape;
        unixctl_command_reply(conn, NULL);
    }
}

static void
wan_exit(struct unixctl_conn *conn, int argc OVS_UNUSED,
         const char *argv[] OVS_UNUSED, void *wan_)
{
    struct wan *wan = wan_;

    wan->exiting = true;
    unixctl_command_reply(conn, NULL);
}

OVS_NO_RETURN static void
usage(void)
{
    printf("%s: the Internet between the lab's clouds\n"
           "usage: %s [OPTIONS] NAME:INTERFACE,NAME:INTERFACE[,KEY=VALUE…]…\n"
           "\nSettings of a link, for both directions:\n"
           "  delay=TIME  rate=BITS  loss=SHARE  queue=TIME  cut=yes|no\n",
           program_name, program_name);
    daemon_usage();
    vlog_usage();
    printf("\nOther options:\n"
           "  --unixctl=SOCKET        listen for commands on SOCKET\n"
           "  -h, --help              display this help message\n"
           "  -V, --version           display version information\n");
    exit(EXIT_SUCCESS);
}

static char *
parse_options(int argc, char *argv[])
{
    enum {
        OPT_UNIXCTL = UCHAR_MAX + 1,
        VLOG_OPTION_ENUMS,
        DAEMON_OPTION_ENUMS
    };
    static const struct option long_options[] = {
        {"unixctl", required_argument, NULL, OPT_UNIXCTL},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        DAEMON_LONG_OPTIONS,
        VLOG_LONG_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    char *short_options = ovs_cmdl_long_options_to_short_options(long_options);
    char *unixctl_path = NULL;
    int c;

    while ((c = getopt_long(argc, argv, short_options, long_options, NULL))
           != -1) {
        switch (c) {
        case OPT_UNIXCTL:
            unixctl_path = optarg;
            break;
        case 'h':
            usage();
        case 'V':
            ovs_print_version(0, 0);
            exit(EXIT_SUCCESS);
        VLOG_OPTION_HANDLERS
        DAEMON_OPTION_HANDLERS
        case '?':
            exit(EXIT_FAILURE);
        default:
            abort();
        }
    }
    free(short_options);
    return unixctl_path;
}

int
main(int argc, char *argv[])
{
    struct unixctl_server *unixctl;
    struct wan wan;
    char *path;

    ovs_cmdl_proctitle_init(argc, argv);
    ovs_set_program_name(argv[0], NETHV_VERSION);
    path = parse_options(argc, argv);
    wan_init(&wan);
    for (int i = optind; i < argc; i++) {
        wan_add(&wan, argv[i]);
    }
    daemonize_start(false);
    if (unixctl_server_create(path, &unixctl)) {
        exit(EXIT_FAILURE);
    }
    unixctl_command_register("link/show", "", 0, 0, wan_show, &wan);
    unixctl_command_register("link/set", "FROM TO KEY=VALUE...", 3, INT_MAX,
                             wan_set, &wan);
    unixctl_command_register("exit", "", 0, 0, wan_exit, &wan);
    daemonize_complete();

    while (!wan.exiting) {
        wan_run(&wan);
        unixctl_server_run(unixctl);
        unixctl_server_wait(unixctl);
        poll_fd_wait(wan.epoll, POLLIN);
        if (wan.exiting) {
            poll_immediate_wake();
        }
        poll_block();
    }
    unixctl_server_destroy(unixctl);
    wan_destroy(&wan);
    return 0;
}
