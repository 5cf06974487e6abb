/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "api/sigpipe.h"

#include <pthread.h>
#include <time.h>

static sigset_t
only_sigpipe(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    return set;
}

static bool
is_pending(void)
{
    sigset_t set;
    sigpending(&set);
    return sigismember(&set, SIGPIPE);
}

void
sigpipe_hold(struct sigpipe *sigpipe)
{
    sigset_t set = only_sigpipe();
    sigpipe->pending = is_pending();
    pthread_sigmask(SIG_BLOCK, &set, &sigpipe->mask);
}

void
sigpipe_release(const struct sigpipe *sigpipe)
{
    if (!sigpipe->pending && is_pending()) {
        const struct timespec now = { 0, 0 };
        sigset_t set = only_sigpipe();
        sigtimedwait(&set, NULL, &now);
    }
    pthread_sigmask(SIG_SETMASK, &sigpipe->mask, NULL);
}
