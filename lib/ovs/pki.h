/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PKI_H
#define PKI_H 1

/* Keys and certificates of a deployment.
 *
 * Each deployment has a certificate authority of its own; only its first
 * gateway holds the authority's key.  A host makes its key itself and never
 * shows it; the authority signs a certificate whose common name is the host's
 * name and whose organizational unit is "gateway" or "host".  Keys are EC
 * P-256.
 * The authority is valid for ten years, a host for one, each from an hour
 * before it was made, so that clocks may differ by that.  A host's certificate
 * is made anew when a third of its time is left, for the same key, so that old
 * and new are good side by side for four months.
 *
 * Everything travels as PEM text.  Functions that can fail return NULL, or an
 * error sentence that the caller frees; then outputs are untouched.  Times are
 * seconds since the epoch and come from the caller.
 *
 * Draws random numbers; not pure.  Thread-safe. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PKI_DIR "/etc/nethv"
#define PKI_CA_CERT PKI_DIR "/ca.pem"
#define PKI_HOST_CERT PKI_DIR "/host.pem"
#define PKI_HOST_KEY PKI_DIR "/host.key"
#define PKI_CA_DIR "/var/lib/nethv/ca"
#define PKI_CA_KEY PKI_CA_DIR "/ca.key"

#define PKI_DIGEST_LEN 64               /* Hex digits of a SHA-256. */
#define PKI_REQUEST_MAX 4096            /* Bytes of a request that is signed. */
#define PKI_CA_VALIDITY (3652LL * 86400)
#define PKI_HOST_VALIDITY (366LL * 86400)
#define PKI_BACKDATE 3600LL

/* Makes a new private key. */
char *pki_make_key(char **key);

/* Makes the certificate, signed by itself, of an authority with 'key' and
 * common name 'name', from 'now' on. */
char *pki_make_ca(const char *key, const char *name, long long int now,
                  char **certificate);

/* Makes a request for a certificate of 'key' for the host 'name'. */
char *pki_make_request(const char *key, const char *name, char **request);

/* What the authority certifies. */
struct pki_subject {
    const char *name;               /* Common name. */
    bool gateway;
};

/* Signs 'request' as the authority with 'ca_key' and 'ca_certificate'.  The
 * request proves possession of its key; of all else in it nothing is used, the
 * certificate says what 'subject' says.  Refuses keys that are not EC P-256. */
char *pki_sign(const char *ca_key, const char *ca_certificate,
               const char *request, const struct pki_subject *,
               long long int now, char **certificate);

/* Stores the SHA-256 of the first certificate in 'certificate' as hex digits
 * in 'digest'. */
char *pki_fingerprint(const char *certificate, char digest[PKI_DIGEST_LEN + 1]);

/* What a certificate says. */
struct pki_info {
    char name[65];                  /* Common name. */
    bool gateway;
    long long int not_before;
    long long int not_after;
};
char *pki_describe(const char *certificate, struct pki_info *);

/* Returns NULL if 'certificate', which messages call 'what', is valid at 'now',
 * belongs to 'key' (unless NULL) and was signed by 'ca_certificate' (unless
 * NULL).  Else returns a sentence that tells which of these does not hold. */
char *pki_check(const char *what, const char *certificate, const char *key,
                const char *ca_certificate, long long int now);

/* Returns whether 'certificate' was made for 'key'. */
bool pki_is_pair(const char *certificate, const char *key);

/* Returns whether it is time at 'now' to make 'certificate' anew. */
bool pki_wants_renewal(const char *certificate, long long int now);

/* Says, before anything else of OpenSSL is used, that this process will need
 * no TLS and no certificates, but at most digests and random numbers.  OpenSSL
 * then does not load the rest, which would take a command longer than all its
 * own work (2 ms). */
void pki_expect_digests_only(void);

/* Stores the SHA-256 of 'string' as hex digits in 'digest'. */
void pki_digest(const char *string, char digest[PKI_DIGEST_LEN + 1]);

/* Stores 'n' random hex digits and a null byte in 'hex'. */
char *pki_random(char *hex, size_t n);

/* Compares the strings in a time that tells nothing of their contents. */
bool pki_equal(const char *a, const char *b);

/* Overwrites 'string' and frees it; NULL is allowed. */
void pki_wipe(char *string);

#endif /* pki.h */
