/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_SIGPIPE_H
#define API_SIGPIPE_H 1

/* Keeps SIGPIPE from the program while the library writes to sockets, whatever
 * the program does with that signal. */

#include <signal.h>
#include <stdbool.h>

struct sigpipe {
    sigset_t mask;                  /* Of the thread, before. */
    bool pending;                   /* The signal was already. */
};

/* Block SIGPIPE in the calling thread; take away one that came meanwhile and
 * restore the mask. */
void sigpipe_hold(struct sigpipe *);
void sigpipe_release(const struct sigpipe *);

#endif /* api/sigpipe.h */
