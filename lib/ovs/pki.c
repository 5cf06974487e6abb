/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovs/pki.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "util.h"

/* Returns a sentence that 'what' failed and why libcrypto says so. */
static char *
crypto_error(const char *what)
{
    unsigned long int error = ERR_peek_last_error();
    const char *reason = error ? ERR_reason_error_string(error) : NULL;
    ERR_clear_error();
    return xasprintf("%s failed: %s", what,
                     reason ? reason : "no reason given");
}

/* Reading and writing PEM. */

static BIO *
open_string(const char *s)
{
    return BIO_new_mem_buf(s, -1);
}

/* Returns what was written to 'bio' as a string; frees 'bio'. */
static char *
steal_string(BIO *bio)
{
    char *data;
    long int n = BIO_get_mem_data(bio, &data);
    char *s = xmemdup0(data, n);
    BIO_free(bio);
    return s;
}

static EVP_PKEY *
key_from_pem(const char *pem)
{
    BIO *bio = open_string(pem);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL,
                                            CONST_CAST(char *, ""));
    BIO_free(bio);
    return key;
}

static X509 *
certificate_from_pem(const char *pem)
{
    BIO *bio = open_string(pem);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return certificate;
}

static X509_REQ *
request_from_pem(const char *pem)
{
    BIO *bio = open_string(pem);
    X509_REQ *request = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return request;
}

static char *
certificate_to_pem(X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, certificate);
    return steal_string(bio);
}

/* Keys and requests. */

char *
pki_make_key(char **keyp)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    if (!key) {
        return crypto_error("making a key");
    }
    BIO *bio = BIO_new(BIO_s_secmem());
    PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    EVP_PKEY_free(key);
    *keyp = steal_string(bio);
    return NULL;
}

static bool
add_name(X509_NAME *name, const char *field, const char *value)
{
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                      (const uint8_t *) value, -1, -1, 0);
}

static bool
fill_request(X509_REQ *request, EVP_PKEY *key, const char *name)
{
    return X509_REQ_set_version(request, 0)
           && add_name(X509_REQ_get_subject_name(request), "CN", name)
           && X509_REQ_set_pubkey(request, key)
           && X509_REQ_sign(request, key, EVP_sha256());
}

char *
pki_make_request(const char *key_pem, const char *name, char **requestp)
{
    EVP_PKEY *key = key_from_pem(key_pem);
    X509_REQ *request = X509_REQ_new();
    char *error = NULL;

    if (!key || !fill_request(request, key, name)) {
        error = crypto_error("making a certificate request");
    } else {
        BIO *bio = BIO_new(BIO_s_mem());
        PEM_write_bio_X509_REQ(bio, request);
        *requestp = steal_string(bio);
    }
    X509_REQ_free(request);
    EVP_PKEY_free(key);
    return error;
}

/* Certificates. */

/* What makes up a certificate, whoever signs it. */
struct draft {
    EVP_PKEY *key;                  /* Certified. */
    X509_NAME *subject;
    X509 *issuer;                   /* NULL: signed by itself. */
    EVP_PKEY *issuer_key;
    long long int now;
    long long int validity;
    const char *const (*extensions)[2];     /* Name, value; ends with NULL. */
};

static const char *const ca_extensions[][2] = {
    { "basicConstraints", "critical,CA:TRUE,pathlen:0" },
    { "keyUsage", "critical,keyCertSign,cRLSign" },
    { "subjectKeyIdentifier", "hash" },
    { NULL, NULL },
};

static const char *const host_extensions[][2] = {
    { "basicConstraints", "critical,CA:FALSE" },
    { "keyUsage", "critical,digitalSignature" },
    { "extendedKeyUsage", "serverAuth,clientAuth" },
    { "subjectKeyIdentifier", "hash" },
    { "authorityKeyIdentifier", "keyid" },
    { NULL, NULL },
};

static bool
add_extensions(X509 *certificate, const struct draft *draft)
{
    X509V3_CTX ctx;

    X509V3_set_ctx(&ctx, draft->issuer ? draft->issuer : certificate,
                   certificate, NULL, NULL, 0);
    for (const char *const (*e)[2] = draft->extensions; (*e)[0]; e++) {
        X509_EXTENSION *extension = X509V3_EXT_conf(NULL, &ctx, (*e)[0],
                                                    (*e)[1]);
        bool ok = extension && X509_add_ext(certificate, extension, -1);
        X509_EXTENSION_free(extension);
        if (!ok) {
            return false;
        }
    }
    return true;
}

static bool
set_serial(X509 *certificate)
{
    unsigned char bytes[16];
    if (RAND_bytes(bytes, sizeof bytes) != 1) {
        return false;
    }
    bytes[0] = (bytes[0] & 0x7f) | 0x40;    /* Positive, all 16 bytes used. */

    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool ok = BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return ok;
}

/* No certificate outlives the one of its issuer. */
static bool
set_validity(X509 *certificate, const struct draft *draft)
{
    time_t start = draft->now - PKI_BACKDATE;
    time_t end = draft->now + draft->validity;

    if (!ASN1_TIME_set(X509_getm_notBefore(certificate), start)
        || !ASN1_TIME_set(X509_getm_notAfter(certificate), end)) {
        return false;
    }
    if (draft->issuer) {
        const ASN1_TIME *last = X509_get0_notAfter(draft->issuer);
        if (ASN1_TIME_compare(X509_get0_notAfter(certificate), last) > 0) {
            return X509_set1_notAfter(certificate, last);
        }
    }
    return true;
}

static bool
finish_certificate(X509 *certificate, const struct draft *draft)
{
    X509_NAME *issuer = (draft->issuer
                         ? X509_get_subject_name(draft->issuer)
                         : draft->subject);
    return X509_set_version(certificate, 2)
           && set_serial(certificate)
           && set_validity(certificate, draft)
           && X509_set_subject_name(certificate, draft->subject)
           && X509_set_issuer_name(certificate, issuer)
           && X509_set_pubkey(certificate, draft->key)
           && add_extensions(certificate, draft)
           && X509_sign(certificate, draft->issuer_key, EVP_sha256());
}

static char *
make_certificate(const struct draft *draft, char **pem)
{
    X509 *certificate = X509_new();
    char *error = NULL;
    if (finish_certificate(certificate, draft)) {
        *pem = certificate_to_pem(certificate);
    } else {
        error = crypto_error("making a certificate");
    }
    X509_free(certificate);
    return error;
}

static X509_NAME *
make_name(const char *common_name, const char *unit)
{
    X509_NAME *name = X509_NAME_new();
    if (!add_name(name, "O", "nethv") || (unit && !add_name(name, "OU", unit))
        || !add_name(name, "CN", common_name)) {
        X509_NAME_free(name);
        return NULL;
    }
    return name;
}

char *
pki_make_ca(const char *key_pem, const char *name, long long int now,
            char **certificate)
{
    EVP_PKEY *key = key_from_pem(key_pem);
    X509_NAME *subject = make_name(name, NULL);
    char *error;

    if (key && subject) {
        struct draft draft = {
            .key = key, .subject = subject, .issuer_key = key, .now = now,
            .validity = PKI_CA_VALIDITY, .extensions = ca_extensions,
        };
        error = make_certificate(&draft, certificate);
    } else {
        error = crypto_error("making a certificate authority");
    }
    X509_NAME_free(subject);
    EVP_PKEY_free(key);
    return error;
}

static bool
is_p256(EVP_PKEY *key)
{
    char group[32];
    size_t n;
    return EVP_PKEY_is_a(key, "EC")
           && EVP_PKEY_get_group_name(key, group, sizeof group, &n)
           && OBJ_txt2nid(group) == NID_X9_62_prime256v1;
}

/* Returns NULL if 'request' is one that an authority may sign. */
static char *
check_request(X509_REQ *request)
{
    EVP_PKEY *key = request ? X509_REQ_get0_pubkey(request) : NULL;
    ERR_clear_error();
    if (!key) {
        return xstrdup("the certificate request is malformed: it is to be "
                       "PKCS #10 in PEM");
    }
    if (!is_p256(key)) {
        return xstrdup("the key of the certificate request is to be EC P-256");
    }
    if (X509_REQ_verify(request, key) != 1) {
        ERR_clear_error();
        return xstrdup("the certificate request is not signed by its own key");
    }
    return NULL;
}

static char *
sign_checked(X509_REQ *request, EVP_PKEY *ca_key, X509 *ca,
             const struct pki_subject *subject, long long int now, char **pem)
{
    X509_NAME *name = make_name(subject->name,
                                subject->gateway ? "gateway" : "host");
    if (!name) {
        return crypto_error("naming a certificate");
    }
    struct draft draft = {
        .key = X509_REQ_get0_pubkey(request), .subject = name, .issuer = ca,
        .issuer_key = ca_key, .now = now, .validity = PKI_HOST_VALIDITY,
        .extensions = host_extensions,
    };
    char *error = make_certificate(&draft, pem);
    X509_NAME_free(name);
    return error;
}

char *
pki_sign(const char *ca_key_pem, const char *ca_pem, const char *request_pem,
         const struct pki_subject *subject, long long int now,
         char **certificate)
{
    X509_REQ *request = (strlen(request_pem) <= PKI_REQUEST_MAX
                         ? request_from_pem(request_pem) : NULL);
    char *error = check_request(request);
    if (!error) {
        EVP_PKEY *ca_key = key_from_pem(ca_key_pem);
        X509 *ca = certificate_from_pem(ca_pem);
        if (ca_key && ca) {
            error = sign_checked(request, ca_key, ca, subject, now,
                                 certificate);
        } else {
            error = crypto_error("reading the certificate authority");
        }
        X509_free(ca);
        EVP_PKEY_free(ca_key);
    }
    X509_REQ_free(request);
    return error;
}

/* Looking at certificates. */

static void
to_hex(const unsigned char *bytes, size_t n, char *hex)
{
    for (size_t i = 0; i < n; i++) {
        sprintf(hex + 2 * i, "%02x", bytes[i]);
    }
}

char *
pki_fingerprint(const char *pem, char digest[PKI_DIGEST_LEN + 1])
{
    unsigned char sha256[EVP_MAX_MD_SIZE];
    unsigned int n;
    X509 *certificate = certificate_from_pem(pem);
    char *error = NULL;

    if (certificate && X509_digest(certificate, EVP_sha256(), sha256, &n)) {
        to_hex(sha256, n, digest);
    } else {
        error = crypto_error("reading a certificate");
    }
    X509_free(certificate);
    return error;
}

static long long int
seconds(const ASN1_TIME *t)
{
    struct tm tm;
    return ASN1_TIME_to_tm(t, &tm) ? timegm(&tm) : 0;
}

static void
describe(X509 *certificate, struct pki_info *info)
{
    X509_NAME *subject = X509_get_subject_name(certificate);
    char unit[16] = "";

    memset(info, 0, sizeof *info);
    X509_NAME_get_text_by_NID(subject, NID_commonName, info->name,
                              sizeof info->name);
    X509_NAME_get_text_by_NID(subject, NID_organizationalUnitName, unit,
                              sizeof unit);
    info->gateway = !strcmp(unit, "gateway");
    info->not_before = seconds(X509_get0_notBefore(certificate));
    info->not_after = seconds(X509_get0_notAfter(certificate));
}

char *
pki_describe(const char *pem, struct pki_info *info)
{
    X509 *certificate = certificate_from_pem(pem);
    if (!certificate) {
        return crypto_error("reading a certificate");
    }
    describe(certificate, info);
    X509_free(certificate);
    return NULL;
}

/* Returns 't' as a date and time, to be freed. */
static char *
format_time(long long int t)
{
    time_t time = t;
    struct tm tm;
    char s[32];
    gmtime_r(&time, &tm);
    strftime(s, sizeof s, "%Y-%m-%d %H:%M:%S UTC", &tm);
    return xstrdup(s);
}

static char *
check_time(const char *what, X509 *certificate, long long int now)
{
    struct pki_info info;
    describe(certificate, &info);
    bool early = now < info.not_before;
    if (!early && now <= info.not_after) {
        return NULL;
    }

    char *bound = format_time(early ? info.not_before : info.not_after);
    char *clock = format_time(now);
    char *error = early
        ? xasprintf("%s is not valid before %s, and this machine's clock says "
                    "%s: correct the clock", what, bound, clock)
        : xasprintf("%s expired on %s, and this machine's clock says %s: "
                    "correct the clock, or leave and join with a new token",
                    what, bound, clock);
    free(bound);
    free(clock);
    return error;
}

static bool
signed_by(X509 *certificate, const char *ca_pem)
{
    X509 *ca = certificate_from_pem(ca_pem);
    EVP_PKEY *key = ca ? X509_get0_pubkey(ca) : NULL;
    bool ok = (key && X509_check_issued(ca, certificate) == X509_V_OK
               && X509_verify(certificate, key) == 1);
    X509_free(ca);
    ERR_clear_error();
    return ok;
}

static bool
belongs_to(X509 *certificate, const char *key_pem)
{
    EVP_PKEY *key = key_from_pem(key_pem);
    bool ok = key && X509_check_private_key(certificate, key) == 1;
    EVP_PKEY_free(key);
    ERR_clear_error();
    return ok;
}

char *
pki_check(const char *what, const char *pem, const char *key,
          const char *ca_pem, long long int now)
{
    X509 *certificate = certificate_from_pem(pem);
    char *error = NULL;

    ERR_clear_error();
    if (!certificate) {
        return xasprintf("%s is not a certificate in PEM", what);
    }
    if (ca_pem && !signed_by(certificate, ca_pem)) {
        error = xasprintf("%s was not signed by this deployment's certificate "
                          "authority: it is foreign", what);
    } else if (key && !belongs_to(certificate, key)) {
        error = xasprintf("%s does not belong to the private key beside it",
                          what);
    } else {
        error = check_time(what, certificate, now);
    }
    X509_free(certificate);
    return error;
}

bool
pki_is_pair(const char *pem, const char *key)
{
    X509 *certificate = certificate_from_pem(pem);
    bool pair = certificate && belongs_to(certificate, key);
    X509_free(certificate);
    ERR_clear_error();
    return pair;
}

bool
pki_wants_renewal(const char *pem, long long int now)
{
    struct pki_info info;
    char *error = pki_describe(pem, &info);
    if (error) {
        free(error);
        return false;
    }
    return now > info.not_after - (info.not_after - info.not_before) / 3;
}
