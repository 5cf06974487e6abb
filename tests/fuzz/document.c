/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Any bytes as a document.  A fault must be one printable line; what parses
 * must come back the same from its export, and want no change of itself. */

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "document.h"
#include "export.h"
#include "fuzz.h"
#include "model.h"
#include "plan.h"
#include "util.h"

static char *
export(const struct document *d)
{
    return (d->kind == DOCUMENT_TENANT
            ? export_tenant(d->model, d->tenant, NULL)
            : export_inventory(d->model, d->offline));
}

static void
check_round_trip(const struct document *document)
{
    struct document *again;
    char *text = export(document);
    char *fault = document_parse(text, strlen(text), &again);
    fuzz_require(!fault, "export does not parse", fault);

    char *text_again = export(again);
    fuzz_require(!strcmp(text, text_again), "export differs", text_again);
    free(text_again);
    free(text);
    document_destroy(again);
}

static void
check_plan(const struct document *document)
{
    struct plan *plan;
    char *fault = plan_create(document->model, document, &plan);
    if (fault) {
        fuzz_require(document->offline, "no plan", fault);
        free(fault);
        return;
    }
    char *text = plan_format(plan);
    fuzz_require(!plan->n, "plan is not empty", text);
    free(text);
    plan_destroy(plan);
}

static void
check_settling(const struct document *document)
{
    struct model *model = model_create();
    char *fault = document_put(document, model);
    fuzz_require(!fault, "cannot be put", fault);
    fault = document_settle(model, &document->bindings);
    if (fault) {
        fuzz_check_sentence(fault);
        free(fault);
    }
    model_destroy(model);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct document *document = NULL;
    char *fault = document_parse((const char *) data, size, &document);
    if (fault) {
        fuzz_require(!document, "fault and document", fault);
        fuzz_check_sentence(fault);
        free(fault);
        return 0;
    }
    check_round_trip(document);
    check_plan(document);
    check_settling(document);
    document_destroy(document);
    return 0;
}
