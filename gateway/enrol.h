/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENROL_H
#define ENROL_H 1

/* The enrolment service: where hosts that have a token come in.
 *
 * Listens for HTTPS on port 6647.  The one thing it serves is
 *
 *     POST /v1/enrol {"token", "secret", "request", "name", "encap-ip"}
 *     200 {"certificate", "ca", "name", "cloud", "cloud-id", "host-id",
 *          "gateway", "encap-ip", "public-ip", "remotes", "database"}
 *     4xx, 5xx {"error": SENTENCE}
 *
 * 'request' is a certificate request in PEM, 'remotes' the relays of the
 * host's cloud in the syntax of external_ids:nethv-remote, 'database' and
 * 'public-ip' are there for gateways only.  The caller has no certificate yet:
 * the token's secret authenticates it, and is compared in constant time with
 * the digest in the database.
 *
 * A good request becomes a row in Enrollment; the holder of the CA's key (see
 * sign.h), on this gateway or another, answers it there, and this service
 * answers the host.  What there is to do follows each time from the database,
 * so nothing is lost when a transaction fails or the process restarts: a host
 * that asks again with the same request gets the same certificate, one that
 * comes with another request after the token has been used is refused.
 *
 * Limits: 16 kB a request, 64 connections, 8 of them from one address, 30 s
 * each.  Nothing that was sent is logged.
 *
 * Not thread-safe; needs the caller's poll loop. */

#include <stdint.h>
#include "compiler.h"

struct ovsdb_idl;
struct ovsdb_idl_txn;
struct enrol;

struct enrol_config {
    uint16_t port;              /* In host byte order. */
    const char *key;            /* Files: the server's key, certificate, CA. */
    const char *certificate;
    const char *ca;
    const char *gateway;        /* Name of this host, or NULL to let in hosts of
                                 * any cloud, not only of this host's. */
};

/* Starts to listen as 'config' (borrowed for the call) says.  'idl' must
 * monitor Global, Cloud, Host, Host_State, Token and Enrollment, and outlive
 * the service.  Returns NULL and stores the service in '*enrolp', or returns an
 * error that the caller frees. */
char *enrol_create(const struct enrol_config *config, struct ovsdb_idl *idl,
                   struct enrol **enrolp) OVS_WARN_UNUSED_RESULT;
void enrol_destroy(struct enrol *);

/* Serves what has arrived.  Adds to 'txn', which is NULL while no transaction
 * can be opened. */
void enrol_run(struct enrol *, struct ovsdb_idl_txn *txn);

/* Makes the poll loop wake when enrol_run() has something to do. */
void enrol_wait(struct enrol *);

#endif /* enrol.h */
