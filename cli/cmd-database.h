/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_DATABASE_H
#define CMD_DATABASE_H 1

/* The verb "database-move", which stands alone on its command line: makes this
 * gateway the one that has the database. */

extern const struct local_verb cmd_database_move;

#endif /* cli/cmd-database.h */
