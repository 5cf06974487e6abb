/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_PROGRAM_H
#define OVS_PROGRAM_H 1

/* What every daemon of nethv does the same way: options of logging and
 * daemonizing, the control socket under /run/nethv with its "exit" command,
 * TLS with the host's own key and certificate. */

#include <stdbool.h>

#define PROGRAM_RUNDIR "/run/nethv"
#define PROGRAM_LOGDIR "/var/log/nethv"

struct program;

/* Parses the options in 'argv' ('usage' prints them and exits), sets up TLS,
 * detaches if asked to, opens the control socket.  Exits with a sentence on
 * error. */
struct program *program_start(int argc, char *argv[], void (*usage)(void));

/* Says that start-up is done: a detached daemon's parent exits now. */
void program_started(struct program *);

void program_run(struct program *);
void program_wait(struct program *);

/* Returns whether "exit" was asked for. */
bool program_exiting(const struct program *);

void program_end(struct program *);

#endif /* ovs/program.h */
