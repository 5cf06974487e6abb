/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Any text as the body of an enrolment request. */

#include <stdlib.h>

#include "check.h"
#include "fuzz.h"
#include "gateway/admission.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *body = fuzz_string(data, size);
    struct admission *admission = NULL;
    char *error = admission_parse(body, &admission);

    if (error) {
        fuzz_require(!admission, "fault and admission", error);
        fuzz_check_sentence(error);
        free(admission_format_error(error));
        free(error);
    }
    admission_destroy(admission);
    free(body);
    return 0;
}
