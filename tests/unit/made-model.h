/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_MADE_MODEL_H
#define UNIT_MADE_MODEL_H 1

/* Rows of a model made from numbers, and models read back as text, for tests
 * that put and remove at random.
 *
 * Row 'n' of a kind has the UUID whose last part is 'n'.  Its contents are
 * made from a number, a property from each hexadecimal digit but the first; the
 * same number makes the same contents.  Names, ids of clouds and hosts, and
 * numbers of bindings are unique as they are in the database. */

#include <stdint.h>

#include "model.h"

#define MADE_ROWS_MAX 8

/* How many rows of each kind make a lively model. */
extern const unsigned int made_n_rows[MODEL_N_KINDS];

/* Puts row 'n' of 'kind' with contents made from 'v', or with 0 removes it. */
void made_row_set(struct model *, enum model_kind kind, unsigned int n,
                  uint64_t v);

/* Gives row 'n' of 'kind' state made from 'v', with 0 takes it away.  Does
 * nothing for kinds without state. */
void made_state_set(struct model *, enum model_kind kind, unsigned int n,
                    uint64_t v);

/* Return the addresses that ports are made with, for 'n' less than 8. */
struct eth_addr made_mac(unsigned int n);
struct in6_addr made_ip(unsigned int n);

/* Returns the 'n' of a row. */
unsigned int made_number(const struct model_row *);

/* Return what was put in 'row' and given to it, or in all present rows, as text
 * that the caller frees. */
char *made_row_text(const struct model_row *row);
char *made_model_text(const struct model *);

#endif /* unit/made-model.h */
