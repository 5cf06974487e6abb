/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_SIGNATURE_H
#define OVS_SIGNATURE_H 1

/* Signatures of control frames: ECDSA P-256 with SHA-256 (FIPS 186-4), r and s
 * of 32 bytes each behind one another, made with the private key of a host's
 * certificate.
 *
 * The public key as the database has it (Host.public_key) is the compressed
 * point (SEC 1, section 2.3.3) in hexadecimal digits.
 *
 * Draws random numbers; not pure.  Different keys may be used by different
 * threads. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGNATURE_LEN 64
#define SIGNATURE_PUBLIC_LEN 66     /* Hex digits. */

struct signature_key;

/* Returns the private key in 'pem' or the public key 'hex', ready for use, or
 * NULL if it is none. */
struct signature_key *signature_key_private(const char *pem);
struct signature_key *signature_key_public(const char *hex);
void signature_key_destroy(struct signature_key *);

/* Stores the public key that 'certificate' (PEM) certifies in 'hex'.  Returns
 * false if it is no certificate or its key not EC P-256. */
bool signature_public_of(const char *certificate,
                         char hex[SIGNATURE_PUBLIC_LEN + 1]);

/* Signs the 'size' bytes at 'data' with the private 'key'.  Returns false if
 * libcrypto cannot. */
bool signature_make(const struct signature_key *key, const void *data,
                    size_t size, uint8_t signature[SIGNATURE_LEN]);

/* Returns whether 'signature' is that of the 'size' bytes at 'data' by whom
 * 'key', a public one, belongs to. */
bool signature_is_good(const struct signature_key *key, const void *data,
                       size_t size, const uint8_t signature[SIGNATURE_LEN]);

#endif /* ovs/signature.h */
