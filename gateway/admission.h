/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADMISSION_H
#define ADMISSION_H 1

/* One host's wish to be let in: what it asked for, and how the database
 * answers.  The protocol is in enrol.h; this is its part without sockets.
 *
 * An admission holds no secret, only its digest. */

#include <stdbool.h>

struct ovsdb_idl;
struct ovsdb_idl_txn;
struct admission;

/* Parses the body of a request into '*admissionp'.  Returns NULL, or an error
 * that the caller frees and that holds no part of 'body'. */
char *admission_parse(const char *body, struct admission **admissionp);
void admission_destroy(struct admission *);

/* An answer. */
struct admission_result {
    unsigned int status;            /* Of HTTP. */
    char *json;                     /* Malloc'd. */
};

/* Who lets in. */
struct admission_server {
    struct ovsdb_idl *idl;
    const char *ca;                 /* The CA's certificate. */
    const char *gateway;            /* As in struct enrol_config. */
};

/* Compares 'admission' with what the database holds.  If that answers it,
 * stores the answer in '*result' and returns true.  Else asks by 'txn', unless
 * NULL, for what is missing, and returns false: to be called again when the
 * database has changed. */
bool admission_run(struct admission *, const struct admission_server *,
                   struct ovsdb_idl_txn *txn, struct admission_result *result);

/* Returns 'sentence' in the form of an answer, malloc'd. */
char *admission_format_error(const char *sentence);

#endif /* admission.h */
