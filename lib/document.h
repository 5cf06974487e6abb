/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DOCUMENT_H
#define DOCUMENT_H 1

/* Documents: what people write and nethvctl applies, in JSON.
 *
 * There are two kinds, told apart by their keys.  A tenant's document names
 * networks of one tenant and says all that is in each of them.  An inventory
 * names clouds and the candidate links between them; for use without a
 * database it may name hosts and bindings of ports to hosts as well.
 * nethv-document(5) describes both, nethv.schema.json does so for programs.
 *
 * A document that parses is sound in itself: names are unique, references
 * resolve, addresses are possible, no virtual topology is wider than frames
 * can travel.  Its rows stand in a model of its own, their UUIDs made by
 * model_uuid_from_name().  Whether it fits what is already there is the
 * question of plan.h.
 *
 * The first fault ends parsing, with one sentence: line, column, JSON path,
 * what is wrong, what would be right.  Hostile text is safe: its size and
 * depth are limited, and time and memory grow with its size only.
 *
 * Pure: no input or output.  Several documents may be used by several
 * threads. */

#include <stdbool.h>
#include <stddef.h>

#include "smap.h"
#include "svec.h"

struct model;

#define DOCUMENT_VERSION 1                      /* The key "nethv". */
#define DOCUMENT_SIZE_MAX (16 * 1024 * 1024)    /* Bytes. */
#define DOCUMENT_DEPTH_MAX 16                   /* Objects and arrays. */
#define DOCUMENT_ADDRESSES_MAX 64               /* MACs, or IPs, of a port. */

enum document_kind { DOCUMENT_TENANT, DOCUMENT_INVENTORY };

struct document {
    enum document_kind kind;
    char *tenant;                   /* Its name; NULL in an inventory. */
    struct svec networks;           /* Paths of those it names, sorted. */
    bool offline;                   /* Has hosts or bindings. */
    struct model *model;            /* All rows but bindings. */
    struct smap bindings;           /* From port's path to host's name. */
};

/* Parses the 'length' bytes at 'text'.  Returns NULL and a document in
 * '*documentp', which the caller destroys, or a malloc'd sentence that says
 * what is wrong, '*documentp' untouched. */
char *document_parse(const char *text, size_t length,
                     struct document **documentp);
void document_destroy(struct document *);

/* Puts the rows of 'document' into 'model', beside what is there.  Returns
 * NULL or a malloc'd sentence, 'model' unchanged, if 'model' has another row
 * of one of the names. */
char *document_put(const struct document *document, struct model *model);

/* Gives what a running system would allocate to the rows of 'model', in the
 * order of their names: tags, network numbers, flood groups.  Binds ports to
 * hosts as 'bindings' say (a document's, or several documents' together) and
 * confirms all of it on behalf of the hosts.  For models that come from
 * documents only.  Returns NULL or a malloc'd sentence if a binding names what
 * is not there or numbers do not suffice; 'model' may then be half settled. */
char *document_settle(struct model *model, const struct smap *bindings);

#endif /* document.h */
