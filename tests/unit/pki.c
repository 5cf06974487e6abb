/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovs/pki.h"
#include "ovs/text-file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW 1700000000LL

struct authority {
    char *key;
    char *certificate;
};

static struct authority
make_authority(void)
{
    struct authority ca;
    cr_assert_null(pki_make_key(&ca.key));
    cr_assert_null(pki_make_ca(ca.key, "nethv CA", NOW, &ca.certificate));
    return ca;
}

static void
free_authority(struct authority *ca)
{
    pki_wipe(ca->key);
    free(ca->certificate);
}

/* Returns a certificate by 'ca', made at 'now', and its key in '*key'. */
static char *
make_host(const struct authority *ca, bool gateway, long long int now,
          char **key)
{
    char *request, *certificate;
    struct pki_subject subject = { .name = "vm1", .gateway = gateway };
    cr_assert_null(pki_make_key(key));
    cr_assert_null(pki_make_request(*key, "asked-for", &request));
    cr_assert_null(pki_sign(ca->key, ca->certificate, request, &subject, now,
                            &certificate));
    free(request);
    return certificate;
}

static void
assert_says(char *error, const char *part)
{
    cr_assert(error && strstr(error, part), "%s", error ? error : "no error");
    free(error);
}

Test(pki, host_certificate_says_what_the_authority_says)
{
    struct authority ca = make_authority();
    struct pki_info info;
    char *key;
    char *host = make_host(&ca, true, NOW, &key);
    cr_assert_null(pki_describe(host, &info));
    cr_assert_str_eq(info.name, "vm1");
    cr_assert(info.gateway);
    cr_assert_eq(info.not_before, NOW - PKI_BACKDATE);
    cr_assert_eq(info.not_after, NOW + PKI_HOST_VALIDITY);
    cr_assert_null(pki_check("it", host, key, ca.certificate, NOW));
    cr_assert_null(pki_check("it", host, key, ca.certificate,
                             NOW - PKI_BACKDATE));
    free(host);
    pki_wipe(key);
    free_authority(&ca);
}

Test(pki, what_is_wrong_is_named)
{
    struct authority ca = make_authority();
    struct authority other = make_authority();
    char *key, *other_key;
    char *host = make_host(&ca, false, NOW, &key);
    char *foreign = make_host(&other, false, NOW, &other_key);

    assert_says(pki_check("it", host, key, other.certificate, NOW), "foreign");
    assert_says(pki_check("it", foreign, NULL, ca.certificate, NOW), "foreign");
    assert_says(pki_check("it", host, other_key, ca.certificate, NOW),
                "does not belong to the private key");
    assert_says(pki_check("it", host, key, ca.certificate, NOW - 7200),
                "is not valid before 2023-11-14 21:13:20 UTC");
    assert_says(pki_check("it", host, key, ca.certificate,
                          NOW + PKI_HOST_VALIDITY + 1), "expired on 2024-11");
    assert_says(pki_check("it", "x", NULL, NULL, NOW), "not a certificate");

    free(host);
    free(foreign);
    pki_wipe(key);
    pki_wipe(other_key);
    free_authority(&ca);
    free_authority(&other);
}

Test(pki, no_host_outlives_its_authority)
{
    struct authority ca = make_authority();
    struct pki_info info;
    char *key;
    char *host = make_host(&ca, false, NOW + PKI_CA_VALIDITY - 86400, &key);
    cr_assert_null(pki_describe(host, &info));
    cr_assert_eq(info.not_after, NOW + PKI_CA_VALIDITY);
    free(host);
    pki_wipe(key);
    free_authority(&ca);
}

Test(pki, renewal_overlaps)
{
    struct authority ca = make_authority();
    char *key;
    char *host = make_host(&ca, false, NOW, &key);
    cr_assert_not(pki_wants_renewal(host, NOW + 200 * 86400));
    cr_assert(pki_wants_renewal(host, NOW + 250 * 86400));
    cr_assert_null(pki_check("it", host, key, ca.certificate,
                             NOW + 250 * 86400));
    free(host);
    pki_wipe(key);
    free_authority(&ca);
}

static void
assert_not_signed(const struct authority *ca, const char *request)
{
    struct pki_subject subject = { .name = "vm1" };
    char *certificate = (char *) "untouched";
    char *error = pki_sign(ca->key, ca->certificate, request, &subject, NOW,
                           &certificate);
    cr_assert_not_null(error);
    cr_assert_str_eq(certificate, "untouched");
    free(error);
}

/* An RSA request, made by openssl(1). */
static const char rsa_request[] =
#include "pki-rsa-request.inc"
    ;

Test(pki, bad_requests_are_not_signed)
{
    struct authority ca = make_authority();
    char *key, *request;
    assert_not_signed(&ca, "");
    assert_not_signed(&ca, "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n"
                           "-----END CERTIFICATE REQUEST-----\n");
    assert_not_signed(&ca, ca.certificate);
    assert_not_signed(&ca, rsa_request);

    cr_assert_null(pki_make_key(&key));
    cr_assert_null(pki_make_request(key, "vm1", &request));
    for (size_t i = 40; i < strlen(request) - 40; i += 7) {
        char *changed = strdup(request);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        if (strcmp(changed, request)) {
            assert_not_signed(&ca, changed);
        }
        free(changed);
    }
    char *padded = calloc(1, PKI_REQUEST_MAX * 2);
    memset(padded, '\n', PKI_REQUEST_MAX);
    strcat(padded, request);
    assert_not_signed(&ca, padded);
    free(padded);
    free(request);
    pki_wipe(key);
    free_authority(&ca);
}

Test(pki, digests)
{
    char digest[PKI_DIGEST_LEN + 1], one[33], two[33];
    pki_digest("abc", digest);
    cr_assert_str_eq(digest, "ba7816bf8f01cfea414140de5dae2223"
                             "b00361a396177a9cb410ff61f20015ad");
    cr_assert_null(pki_random(one, 32));
    cr_assert_null(pki_random(two, 32));
    cr_assert_eq(strspn(one, "0123456789abcdef"), 32);
    cr_assert_str_neq(one, two);
    cr_assert(pki_equal("abc", "abc"));
    cr_assert_not(pki_equal("abc", "abd"));
    cr_assert_not(pki_equal("abc", "ab"));
}

Test(pki, files)
{
    char dir[] = "/tmp/nethv-pki.XXXXXX", path[64], *contents;
    struct stat s;
    cr_assert_not_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/key", dir);
    cr_assert_null(text_file_write(path, "one", 0600));
    cr_assert_null(text_file_write(path, "two", 0600));
    cr_assert_null(text_file_read(path, &contents));
    cr_assert_str_eq(contents, "two");
    free(contents);
    cr_assert_eq(stat(path, &s), 0);
    cr_assert_eq(s.st_mode & 0777, 0600);
    cr_assert_eq(unlink(path), 0);
    assert_says(text_file_read(path, &contents), "cannot be read: No such file");
    cr_assert_eq(rmdir(dir), 0, "temporary files are left");
    assert_says(text_file_write(path, "x", 0600), "cannot be written");
}
