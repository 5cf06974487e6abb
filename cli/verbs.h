/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERBS_H
#define VERBS_H 1

/* The table of all verbs. */

struct local_verb;

/* Hands the verbs of the database to db-ctl-base. */
void verbs_register(void);

/* Returns the local verb called 'name', or NULL. */
const struct local_verb *verbs_find_local(const char *name);

/* Prints all verbs with their arguments and what they do. */
void verbs_print_help(void);

/* Prints all verbs a line each, in the form that the shell completion reads:
 * "[--option] ,verb,ARGUMENTS". */
void verbs_print_commands(void);

#endif /* verbs.h */
