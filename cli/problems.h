/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBLEMS_H
#define PROBLEMS_H 1

/* What is not as it should be, as far as the database tells. */

struct model;
struct ovsdb_idl;
struct svec;

/* For prerequisites: asks for what problems_collect() reads beside the tables
 * of a model. */
void problems_add_columns(struct ovsdb_idl *);

/* Appends a sentence for each problem to 'problems'. */
void problems_collect(const struct ovsdb_idl *, const struct model *,
                      struct svec *problems);

#endif /* problems.h */
