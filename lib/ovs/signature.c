/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovs/signature.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

#define HALF (SIGNATURE_LEN / 2)
#define POINT_LEN (SIGNATURE_PUBLIC_LEN / 2)    /* Compressed. */
#define FULL_POINT_LEN 65
#define DER_MAX 72                  /* SEQUENCE of two INTEGERs. */

/* The context carries key and digest, found once: a copy of it is what each
 * operation begins with. */
struct signature_key {
    EVP_MD_CTX *start;
};

static struct signature_key *
key_create(EVP_PKEY *key, int (*init)(EVP_MD_CTX *, EVP_PKEY_CTX **,
                                      const EVP_MD *, ENGINE *, EVP_PKEY *))
{
    struct signature_key *s = NULL;
    EVP_MD_CTX *start = EVP_MD_CTX_new();

    if (key && EVP_PKEY_is_a(key, "EC")
        && init(start, NULL, EVP_sha256(), NULL, key) == 1) {
        s = xmalloc(sizeof *s);
        s->start = start;
    } else {
        EVP_MD_CTX_free(start);
    }
    EVP_PKEY_free(key);
    ERR_clear_error();
    return s;
}

struct signature_key *
signature_key_private(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL,
                                            CONST_CAST(char *, ""));
    BIO_free(bio);
    return key_create(key, EVP_DigestSignInit);
}

/* Returns the key with the compressed point 'point', or NULL. */
static EVP_PKEY *
key_from_point(const uint8_t point[POINT_LEN])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
                                         CONST_CAST(char *, "P-256"), 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
                                          CONST_CAST(uint8_t *, point),
                                          POINT_LEN),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *key = NULL;

    if (EVP_PKEY_fromdata_init(ctx) != 1
        || EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        key = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    return key;
}

struct signature_key *
signature_key_public(const char *hex)
{
    uint8_t point[POINT_LEN];

    if (strlen(hex) != SIGNATURE_PUBLIC_LEN) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof point; i++) {
        bool ok;
        point[i] = hexits_value(hex + 2 * i, 2, &ok);
        if (!ok) {
            return NULL;
        }
    }
    return key_create(key_from_point(point), EVP_DigestVerifyInit);
}

void
signature_key_destroy(struct signature_key *key)
{
    if (key) {
        EVP_MD_CTX_free(key->start);
        free(key);
    }
}

/* Stores the point of 'key' uncompressed. */
static bool
get_point(EVP_PKEY *key, uint8_t point[FULL_POINT_LEN])
{
    char group[32];
    size_t n;

    return EVP_PKEY_is_a(key, "EC")
           && EVP_PKEY_get_group_name(key, group, sizeof group, &n)
           && OBJ_txt2nid(group) == NID_X9_62_prime256v1
           && EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY,
                                              point, FULL_POINT_LEN, &n)
           && n == FULL_POINT_LEN && point[0] == POINT_CONVERSION_UNCOMPRESSED;
}

bool
signature_public_of(const char *certificate,
                    char hex[SIGNATURE_PUBLIC_LEN + 1])
{
    BIO *bio = BIO_new_mem_buf(certificate, -1);
    X509 *x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    EVP_PKEY *key = x509 ? X509_get0_pubkey(x509) : NULL;
    uint8_t point[FULL_POINT_LEN];

    bool ok = key && get_point(key, point);
    if (ok) {
        /* Of y its last bit, in the first byte. */
        point[0] = (POINT_CONVERSION_COMPRESSED
                    | (point[FULL_POINT_LEN - 1] & 1));
        for (size_t i = 0; i < POINT_LEN; i++) {
            sprintf(hex + 2 * i, "%02x", point[i]);
        }
    }
    X509_free(x509);
    BIO_free(bio);
    ERR_clear_error();
    return ok;
}

/* libcrypto's signatures are in DER. */

static bool
from_der(const uint8_t *der, size_t der_len, uint8_t raw[SIGNATURE_LEN])
{
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, der_len);
    bool ok = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, HALF) == HALF
              && BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + HALF, HALF) == HALF;
    ECDSA_SIG_free(sig);
    return ok;
}

static size_t
to_der(const uint8_t raw[SIGNATURE_LEN], uint8_t der[DER_MAX])
{
    ECDSA_SIG *sig = ECDSA_SIG_new();

    ECDSA_SIG_set0(sig, BN_bin2bn(raw, HALF, NULL),
                   BN_bin2bn(raw + HALF, HALF, NULL));
    int n = i2d_ECDSA_SIG(sig, &der);
    ECDSA_SIG_free(sig);
    return n > 0 ? n : 0;
}

bool
signature_make(const struct signature_key *key, const void *data, size_t size,
               uint8_t signature[SIGNATURE_LEN])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t der[DER_MAX];
    size_t n = sizeof der;

    bool ok = EVP_MD_CTX_copy_ex(ctx, key->start) == 1
              && EVP_DigestSign(ctx, der, &n, data, size) == 1
              && from_der(der, n, signature);
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return ok;
}

bool
signature_is_good(const struct signature_key *key, const void *data,
                  size_t size, const uint8_t signature[SIGNATURE_LEN])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t der[DER_MAX];
    size_t n = to_der(signature, der);

    bool ok = EVP_MD_CTX_copy_ex(ctx, key->start) == 1
              && EVP_DigestVerify(ctx, der, n, data, size) == 1;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return ok;
}
