/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Any text as the certificate request of a host that joins.  What is signed
 * must say what the authority says, not what the request does. */

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fuzz.h"
#include "ovs/pki.h"

#define NOW 1800000000

/* Makes the authority, once. */
static void
get_authority(const char **key, const char **certificate)
{
    static char *ca_key, *ca_certificate;

    if (!ca_key) {
        char *error = pki_make_key(&ca_key);
        fuzz_require(!error, "no key", error);
        error = pki_make_ca(ca_key, "fuzz", NOW, &ca_certificate);
        fuzz_require(!error, "no authority", error);
    }
    *key = ca_key;
    *certificate = ca_certificate;
}

static void
check_certificate(const char *certificate)
{
    struct pki_info info;
    char *error = pki_describe(certificate, &info);

    fuzz_require(!error, "what was signed is no certificate", error);
    fuzz_require(!strcmp(info.name, "vm1") && !info.gateway,
                 "another subject", info.name);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct pki_subject subject = { .name = "vm1" };
    const char *ca_key, *ca_certificate;
    char *request = fuzz_string(data, size);
    char *certificate;

    get_authority(&ca_key, &ca_certificate);
    char *error = pki_sign(ca_key, ca_certificate, request, &subject, NOW,
                           &certificate);
    if (error) {
        fuzz_check_sentence(error);
        free(error);
    } else {
        check_certificate(certificate);
        free(certificate);
    }
    free(request);
    return 0;
}
