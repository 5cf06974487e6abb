/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPTIONS_H
#define OPTIONS_H 1

/* nethvctl's command line.
 *
 * Options may stand before or after the verb.  Several verbs are separated by
 * "--", and from the second on their options come first.  A local verb gets
 * what follows it unparsed. */

#include <stddef.h>

struct cli_options;
struct ctl_command;

/* Returns the index in 'argv' of the verb, or 'argc' if there is none.  Changes
 * nothing and complains of nothing. */
int options_find_verb(int argc, char *argv[]);

/* Parses 'argv', of 'argc' elements: the global options into '*options', all
 * else into the array '*commands' of '*n', which the caller frees.  Carries out
 * --help, --version and the like.  Ends the process with a sentence if
 * something is wrong. */
void options_parse(int argc, char *argv[], struct cli_options *options,
                   struct ctl_command **commands, size_t *n);

/* Parses only global options, for a local verb: 'argv' ends before it. */
void options_parse_global(int argc, char *argv[], struct cli_options *options);

#endif /* options.h */
