/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOKEN_H
#define TOKEN_H 1

/* Tokens: what an operator carries to a machine that shall join.
 *
 * A token is one line of text, "nethv1." and the base64url form of a JSON
 * object.  It says where the enrolment service listens, by which fingerprint
 * its certificate authority is known, and holds a secret that is good for one
 * host, once, until it expires.  Whoever has the text can join, so it is
 * neither logged nor shown again; the database holds only a digest of the
 * secret.
 *
 * Parsing takes any bytes: what it accepts is complete and within the limits
 * given here.
 *
 * Pure: the time comes from the caller.  No global state. */

#include <stdbool.h>
#include "svec.h"

#define TOKEN_PREFIX "nethv1."
#define TOKEN_TEXT_MAX 4096         /* Bytes of text, with the prefix. */
#define TOKEN_REMOTES_MAX 16
#define TOKEN_ID_LEN 16             /* Hex digits: names the Token row. */
#define TOKEN_HEX_LEN 64            /* Hex digits of a secret or SHA-256. */

struct token {
    struct svec remotes;            /* IP:port or [IPv6]:port, in the order in
                                     * which to try them. */
    char *ca;                       /* SHA-256 of the CA's certificate. */
    char *id;
    char *secret;
    char *cloud;                    /* Name of the cloud. */
    bool gateway;                   /* The host becomes a gateway. */
    long long int expires;          /* Seconds since the epoch. */
};

void token_init(struct token *);

/* Frees what 'token' holds and wipes the secret. */
void token_destroy(struct token *);

/* Returns the text of 'token', which the caller frees.  Its members must be
 * such as token_parse() accepts. */
char *token_format(const struct token *);

/* Parses 'text' (surrounding white space is ignored) into '*token', which the
 * caller then destroys.  Returns NULL, or an error that the caller frees and
 * that holds no part of 'text'; then '*token' is untouched. */
char *token_parse(const char *text, struct token *);

/* Returns NULL if 'token' may still be used at 'now' (seconds since the epoch),
 * else an error that the caller frees. */
char *token_check(const struct token *, long long int now);

/* Returns NULL if 'name' can name a cloud or a host: 1 to 64 letters, digits,
 * '-', '_' or '.', the first a letter or digit.  Else returns an error, which
 * the caller frees, that calls it a 'kind' ("host"). */
char *token_check_name(const char *kind, const char *name);

#endif /* token.h */
