/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETHV_NETHV_H
#define NETHV_NETHV_H 1

/* libnethv: the network hypervisor's decisions, for other controllers.
 *
 * The library knows what nethv knows and decides what nethv decides; what to do
 * with the answers is the program's own affair.  Its parts:
 *
 *   wire.h      addresses on the wire: tags, locations, keys
 *   document.h  documents in JSON: parsed and written
 *   model.h     what tenants ask for and what the system knows; the mapping
 *               between virtual ports and (cloud, host, number, tag)
 *   tree.h      the tree of clouds
 *   rules.h     the rules of one host's switch, as text and as OpenFlow
 *   trace.h     what those rules do to a frame
 *   client.h    a model that follows a NetHV database
 *
 * All but client.h is free of input and output, of clocks and of environment
 * variables.
 *
 * Threads: objects that were made from each other (a model, its rules, a client
 * of it) form a context.  A context is used by one thread at a time; different
 * contexts may be used by different threads at the same time.  A child made by
 * fork() must not use the library unless it executes a program.
 *
 * Ownership: nethv_x_create() is undone by nethv_x_destroy(), which takes NULL.
 * What a context's object points to lives as long as its comment says.  Texts
 * that "the caller frees" are freed by free().
 *
 * Errors: functions that can fail return NULL, or a sentence in memory that the
 * caller frees: what is wrong, where, and what would be right.  Where no memory
 * is left the process is aborted.
 *
 * The process: the library installs no signal handlers, never blocks, writes
 * nothing to the terminal and is not unloaded by dlclose().  It has Open
 * vSwitch's library inside, hidden: a program may link another copy of it. */

#include <stddef.h>
#include <stdint.h>

#include "nethv/version.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define NETHV_MUST_CHECK __attribute__((warn_unused_result))
#else
#define NETHV_MUST_CHECK
#endif

enum nethv_log_level {
    NETHV_LOG_ERROR,
    NETHV_LOG_WARNING,
    NETHV_LOG_INFO,
    NETHV_LOG_DEBUG
};

/* Is given one message, without newline, of the module named 'module'.  May be
 * called in any thread that uses the library, in several at the same time, and
 * in the library's own; must not call the library. */
typedef void nethv_log_cb(void *aux, enum nethv_log_level level,
                          const char *module, const char *message);

/* Has messages of 'level' and more urgent ones given to 'log', or with NULL
 * none at all, which is how it is without this call.  It is the library's only
 * state that belongs to the whole process, beside client.h's TLS files.
 *
 * To be called at most once, before anything else is used.  Returns 0, or
 * EALREADY (as <errno.h> has it) and changes nothing if it is not the first. */
int nethv_init(enum nethv_log_level level, nethv_log_cb *log, void *aux);

/* Returns the version of the library that the program runs with; NETHV_VERSION
 * is that of the headers it was compiled with. */
const char *nethv_version(void);

#ifdef __cplusplus
}
#endif

#endif /* nethv/nethv.h */
