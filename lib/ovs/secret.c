/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovs/pki.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#include "util.h"

void
pki_expect_digests_only(void)
{
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG
                        | OPENSSL_INIT_NO_ADD_ALL_CIPHERS
                        | OPENSSL_INIT_NO_ADD_ALL_DIGESTS, NULL);
}

void
pki_digest(const char *string, char digest[PKI_DIGEST_LEN + 1])
{
    unsigned char sha256[EVP_MAX_MD_SIZE];
    unsigned int n;

    ovs_assert(EVP_Digest(string, strlen(string), sha256, &n, EVP_sha256(),
                          NULL));
    for (size_t i = 0; i < PKI_DIGEST_LEN / 2; i++) {
        sprintf(digest + 2 * i, "%02x", sha256[i]);
    }
}

char *
pki_random(char *hex, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char *bytes = xmalloc(n);
    int ok = RAND_priv_bytes(bytes, n);

    for (size_t i = 0; ok == 1 && i < n; i++) {
        hex[i] = digits[bytes[i] & 15];
    }
    OPENSSL_cleanse(bytes, n);
    free(bytes);
    if (ok != 1) {
        return xstrdup("the system gives no random numbers");
    }
    hex[n] = '\0';
    return NULL;
}

bool
pki_equal(const char *a, const char *b)
{
    size_t n = strlen(a);
    return n == strlen(b) && !CRYPTO_memcmp(a, b, n);
}

void
pki_wipe(char *string)
{
    if (string) {
        OPENSSL_cleanse(string, strlen(string));
        free(string);
    }
}
