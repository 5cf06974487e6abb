/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SESSION_H
#define SESSION_H 1

/* One command line, carried out: connects to the database, runs all of its
 * verbs in one transaction, and again from the start whenever somebody else's
 * transaction came in between, prints what they say, and waits for hosts. */

#include <stddef.h>

struct cli_options;
struct ctl_command;

/* Runs the 'n' 'commands'; 'line' is the command line as a person would type
 * it, for the database's log.  Returns the exit code, or ends the process with
 * a sentence if something is wrong. */
int session_run(const struct cli_options *, struct ctl_command *commands,
                size_t n, const char *line);

#endif /* session.h */
