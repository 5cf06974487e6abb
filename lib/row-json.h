/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROW_JSON_H
#define ROW_JSON_H 1

/* Rows of a model as JSON, field by field as in documents.
 *
 * One table for each kind names its fields; exports, plans and their texts all
 * follow from it.  Each field has a canonical value: lists that are sets are
 * sorted, and null stands for what is not given.  Pure. */

#include <stdbool.h>
#include <stddef.h>

#include "json-value.h"
#include "model.h"

struct row_field {
    const char *name;
    bool immutable;                 /* Cannot change once the row is there. */
    bool measured;                  /* Where the system is, it measures it. */
    json_t *(*get)(const struct model_row *);
};

/* Returns the fields of 'kind', '*n' of them; none for kinds that stand in no
 * document.  Names, and what a path says, are not among them. */
const struct row_field *row_fields(enum model_kind kind, size_t *n);

/* Returns what 'row' is called as a whole, which the caller frees: its path, or
 * for a cloud link "a/b", sorted. */
char *row_path(const struct model_row *row);

/* Returns the last part of the name of 'row'; NULL if it is not present. */
const char *row_name(const struct model_row *row);

/* Returns whether all rows that 'row' needs are present. */
bool row_is_whole(const struct model_row *row);

/* Returns 'value' as JSON text in one line, which the caller frees; consumes
 * it.  Equal values give equal text. */
char *row_value_text(json_t *value);

/* Numbers are written with this many significant digits. */
#define ROW_JSON_DIGITS 15

#endif /* row-json.h */
