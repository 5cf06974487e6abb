/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEED_H
#define SEED_H 1

/* The first rows of a deployment's database: Global, the first cloud, and the
 * host that holds database and certificate authority, as if it had joined. */

struct seed {
    const char *remote;             /* Of the new, empty database. */
    const char *cloud;
    const char *provider;
    const char *jurisdiction;
    const char *mode;
    const char *public_ip;
    int mtu;                        /* 0: what the provider has. */
    const char *host;
    const char *encap_ip;
    const char *request;            /* The host's, and what became of it. */
    const char *certificate;
    const char *ca_fingerprint;
};

/* The ids that the first cloud and host get. */
#define SEED_CLOUD_ID "1"
#define SEED_HOST_ID "1"

/* Puts in the rows.  Blocks.  Returns NULL, or an error that the caller
 * frees. */
char *seed_database(const struct seed *);

#endif /* seed.h */
