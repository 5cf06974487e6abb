/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Any text as a handover.  What is accepted must come back the same from its
 * JSON. */

#include <stdlib.h>

#include "check.h"
#include "fuzz.h"
#include "handover.h"
#include "openvswitch/json.h"

static void
check_round_trip(const struct handover *handover)
{
    struct json *json = handover_to_json(handover);
    struct handover *again = malloc(sizeof *again);
    char *error = handover_from_json(json, again);

    fuzz_require(!error, "JSON of a handover is refused", error);
    fuzz_require(handover_equal(handover, again), "handover differs", "");
    handover_uninit(again);
    free(again);
    json_destroy(json);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);
    struct json *json = json_from_string(text);
    struct handover *handover = malloc(sizeof *handover);
    char *error = handover_from_json(json, handover);

    if (error) {
        fuzz_check_sentence(error);
        free(error);
    } else {
        check_round_trip(handover);
        handover_uninit(handover);
    }
    free(handover);
    json_destroy(json);
    free(text);
    return 0;
}
