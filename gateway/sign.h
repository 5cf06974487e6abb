/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGN_H
#define SIGN_H 1

/* The certificate authority: answers rows of Enrollment.
 *
 * Runs in the gateway process on the host that holds the CA's key.  For each
 * row that is not answered yet it checks the token once more (there, not used,
 * not expired), the name and the request, and in one transaction adds the Host
 * with the next free id of its cloud and the public key with which it will sign
 * control frames, writes the certificate and marks the token as used.  A row
 * that cannot be granted gets 'error'.
 *
 * It also makes the certificates of hosts anew, for the same key, when a third
 * of their time is left (agents take them from Enrollment), and removes tokens
 * that expired a week ago unused.
 *
 * Not thread-safe. */

#include "compiler.h"

struct ovsdb_idl;
struct ovsdb_idl_txn;
struct sign;

/* Reads the CA's key and certificate from 'key_file' and 'ca_file'.  'idl' is
 * as for enrol_create().  Returns NULL and stores the authority in '*signp', or
 * NULL there if 'key_file' does not exist: this host is not the authority.
 * Else returns an error that the caller frees. */
char *sign_create(const char *key_file, const char *ca_file,
                  struct ovsdb_idl *idl, struct sign **signp)
    OVS_WARN_UNUSED_RESULT;
void sign_destroy(struct sign *);

/* Answers what there is, by 'txn', which is NULL while no transaction can be
 * opened.  'sign' may be NULL. */
void sign_run(struct sign *, struct ovsdb_idl_txn *txn);

/* Makes the poll loop wake when a certificate is due; changes of the database
 * wake it anyway.  'sign' may be NULL. */
void sign_wait(struct sign *);

#endif /* sign.h */
