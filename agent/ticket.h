/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_TICKET_H
#define AGENT_TICKET_H 1

/* What a host brings home from the enrolment service: its certificate, and
 * where in the deployment it stands. */

#include <stdbool.h>

struct token;

struct ticket {
    char *key;                      /* Private key, made here. */
    char *certificate;
    char *ca;
    char *name;
    char *cloud;
    char *encap_ip;
    char *remotes;
    char *database;                 /* Gateways only, else NULL. */
    char *public_ip;                /* Gateways only, else NULL. */
    int cloud_id;
    int host_id;
    bool gateway;
};

/* Makes a key and trades 'token' for a certificate of the host 'name', at the
 * first of the token's remotes that answers.  'encap_ip' may be NULL: then it
 * is the address from which this machine reaches the service.  Fills '*ticket'
 * and returns NULL, or returns an error that the caller frees. */
char *ticket_get(const struct token *token, const char *name,
                 const char *encap_ip, struct ticket *ticket);
void ticket_destroy(struct ticket *);

#endif /* agent/ticket.h */
