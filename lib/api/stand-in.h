/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_STAND_IN_H
#define API_STAND_IN_H 1

/* Functions that stand in for some of Open vSwitch's inside libnethv: those
 * that would touch what belongs to the program (its terminal, its signals, its
 * event loop).
 *
 * libnethv is linked with --wrap for each of them (API_WRAPPED in
 * lib/automake.mk): calls of 'f' reach '__wrap_f' here, and '__real_f' is the
 * function itself. */

#include <stdarg.h>
#include <stdbool.h>

#include "openvswitch/vlog.h"

/* Logging: to the program's callback. */
void __wrap_vlog(const struct vlog_module *, enum vlog_level,
                 const char *format, ...) OVS_PRINTF_FORMAT(3, 4);
void __wrap_vlog_valist(const struct vlog_module *, enum vlog_level,
                        const char *format, va_list)
    OVS_PRINTF_FORMAT(3, 0);
void __wrap_vlog_rate_limit(const struct vlog_module *, enum vlog_level,
                            struct vlog_rate_limit *, const char *format, ...)
    OVS_PRINTF_FORMAT(4, 5);
bool __wrap_vlog_should_drop(const struct vlog_module *, enum vlog_level,
                             struct vlog_rate_limit *);
bool __real_vlog_should_drop(const struct vlog_module *, enum vlog_level,
                             struct vlog_rate_limit *);

/* Waiting: collected, see api_waits_collect(). */
void __wrap_poll_fd_wait_at(int fd, short int events, const char *where);
void __wrap_poll_timer_wait_at(long long int msec, const char *where);
void __wrap_poll_timer_wait_until_at(long long int msec, const char *where);
void __wrap_poll_immediate_wake_at(const char *where);
void __real_poll_fd_wait_at(int fd, short int events, const char *where);
void __real_poll_timer_wait_at(long long int msec, const char *where);
void __real_poll_timer_wait_until_at(long long int msec, const char *where);
void __real_poll_immediate_wake_at(const char *where);

/* Signals: none are handled. */
void __wrap_fatal_signal_add_hook(void (*hook)(void *), void (*cancel)(void *),
                                  void *aux, bool run_at_exit);
void __wrap_fatal_signal_run(void);
void __wrap_fatal_signal_wait(void);

#endif /* api/stand-in.h */
