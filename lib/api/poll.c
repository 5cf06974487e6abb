/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>

#include "api/private.h"
#include "api/stand-in.h"
#include "openvswitch/poll-loop.h"
#include "ovs-rcu.h"
#include "ovs-thread.h"
#include "timeval.h"
#include "util.h"

/* Where the waits of this thread are collected, NULL if they are not: then it
 * is the library's own thread, which has a poll loop. */
static __thread struct api_waits *collecting;

void
api_waits_collect(struct api_waits *waits)
{
    collecting = waits;
    if (waits) {
        waits->n = 0;
        waits->deadline = LLONG_MAX;
    }
}

void
__wrap_poll_fd_wait_at(int fd, short int events, const char *where)
{
    struct api_waits *w = collecting;
    if (!w) {
        __real_poll_fd_wait_at(fd, events, where);
        return;
    }
    for (size_t i = 0; i < w->n; i++) {
        if (w->fds[i].fd == fd) {
            w->fds[i].events |= events;
            return;
        }
    }
    ovs_assert(w->n < API_WAITS_MAX);
    w->fds[w->n].fd = fd;
    w->fds[w->n++].events = events;
}

void
__wrap_poll_timer_wait_until_at(long long int msec, const char *where)
{
    if (collecting) {
        collecting->deadline = MIN(collecting->deadline, msec);
    } else {
        __real_poll_timer_wait_until_at(msec, where);
    }
}

void
__wrap_poll_timer_wait_at(long long int msec, const char *where)
{
    if (collecting) {
        long long int until = msec > 0 ? time_msec() + msec : LLONG_MIN;
        collecting->deadline = MIN(collecting->deadline, until);
    } else {
        __real_poll_timer_wait_at(msec, where);
    }
}

void
__wrap_poll_immediate_wake_at(const char *where)
{
    if (collecting) {
        collecting->deadline = LLONG_MIN;
    } else {
        __real_poll_immediate_wake_at(where);
    }
}

/* Open vSwitch would handle SIGTERM, SIGINT, SIGHUP and SIGALRM, and run what
 * is hooked here before it dies of them.  Nothing that the library uses needs
 * it. */
void
__wrap_fatal_signal_add_hook(void (*hook)(void *) OVS_UNUSED,
                             void (*cancel)(void *) OVS_UNUSED,
                             void *aux OVS_UNUSED, bool run_at_exit OVS_UNUSED)
{
}

void
__wrap_fatal_signal_run(void)
{
}

void
__wrap_fatal_signal_wait(void)
{
}

/* RCU. */

static void *
nothing(void *aux)
{
    return aux;
}

/* Open vSwitch counts only threads that it has made itself: so make one.  The
 * first quiescing then makes the thread that frees.  It inherits the mask. */
static void
start_rcu(void)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    xpthread_join(ovs_thread_create("nethv", nothing, NULL), NULL);
    ovsrcu_quiesce_start();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void
api_start_rcu(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_rcu);
}

void
api_leave(void)
{
    ovsrcu_quiesce_start();
}
