/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DOCUMENT_PRIVATE_H
#define DOCUMENT_PRIVATE_H 1

/* What the parsers of the two kinds of documents share. */

#include <netinet/in.h>

#include "addressing.h"
#include "document.h"
#include "json-cursor.h"
#include "model.h"
#include "nethv/wire.h"

/* Parse the object at the root into 'document', whose kind is set.  Return
 * NULL or a sentence; 'document' is then good for document_destroy() only. */
char *document_parse_tenant(const struct json_cursor *root,
                            struct document *document);
char *document_parse_inventory(const struct json_cursor *root,
                               struct document *document);

/* Places the malloc'd 'clause' about a value at 'cursor' and frees it.  Returns
 * NULL if 'clause' is NULL. */
char *document_fault(const struct json_cursor *cursor, char *clause);

/* Stores in '*name' the string member "name" of the object at 'cursor', checked
 * to be a name. */
char *document_name(const struct json_cursor *cursor, const char **name);

/* Says that the name of the thing at 'cursor' is 'taken' ("another switch"). */
char *document_name_taken(const struct json_cursor *cursor, const char *taken);

/* Stores in '*path', which the caller frees, and '*uuid' what the thing of
 * 'kind' at 'cursor' is called inside 'parent'. */
char *document_path(const struct json_cursor *cursor,
                    const struct model *model, enum model_kind kind,
                    const char *parent, char **path, struct uuid *uuid);

/* The network and switch that are being parsed. */
struct network_parser {
    struct document *document;
    struct model *model;            /* The document's. */
    const char *path;
    struct uuid uuid;
    struct hmap macs;               /* struct mac_use; see document-port.c. */
};

struct switch_parser {
    struct network_parser *network;
    const char *path;
    struct uuid uuid;
};

/* Parses the port at 'cursor', of the struct switch_parser 'vswitch'. */
char *document_parse_port(const struct json_cursor *cursor, void *vswitch);

/* Parses the member 'key' of the switch at 'cursor', an addressing of 'kind',
 * into '*addressing', which the caller destroys; NULL if it is not there. */
char *document_parse_addressing(const struct json_cursor *cursor,
                                const char *key, enum addressing_kind kind,
                                struct addressing **addressing);

/* Frees the notes on MAC addresses that parsing ports has left. */
void document_forget_macs(struct network_parser *);

/* The inventory that is being parsed. */
struct inventory_parser {
    struct document *document;
    struct model *model;            /* The document's. */
    bool clouds[NETHV_CLOUD_MAX + 1]; /* Ids that are taken. */
    struct smap public_ips;         /* From address to cloud that has it. */
    struct hmap hosts;              /* Ids that are taken, by location. */
};

/* Stores in '*name' the name of the thing of 'kind' at 'cursor', which is part
 * of no other, and its UUID in '*uuid'. */
char *document_top_name(const struct json_cursor *cursor,
                        const struct model *model, enum model_kind kind,
                        const char **name, struct uuid *uuid);

/* Stores in '*id' the member "id" of 'cursor', at most 'max', and in '*member'
 * where it is. */
char *document_id(const struct json_cursor *cursor, int64_t max,
                  struct json_cursor *member, int64_t *id);

/* Stores in '*encaps' the member "encaps" of 'cursor', if it is there. */
char *document_encaps(const struct json_cursor *cursor, unsigned int *encaps);

/* Parses the cloud at 'cursor', of the struct inventory_parser 'inventory'. */
char *document_parse_cloud(const struct json_cursor *cursor, void *inventory);

#endif /* document-private.h */
