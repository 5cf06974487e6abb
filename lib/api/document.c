/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "nethv/document.h"

#include <stdlib.h>

#include "api/private.h"
#include "document.h"
#include "export.h"
#include "util.h"

char *
nethv_document_parse(const char *text, size_t length,
                     struct nethv_document **documentp)
{
    struct document *document;
    char *fault = document_parse(text, length, &document);
    if (!fault) {
        *documentp = xmalloc(sizeof **documentp);
        (*documentp)->document = document;
    }
    return fault;
}

void
nethv_document_destroy(struct nethv_document *document)
{
    if (document) {
        document_destroy(document->document);
        free(document);
    }
}

const char *
nethv_document_tenant(const struct nethv_document *document)
{
    return document->document->tenant;
}

char *
nethv_document_export_tenant(const struct nethv_model *model,
                             const char *tenant)
{
    return export_tenant(model->model, tenant, NULL);
}

char *
nethv_document_export_inventory(const struct nethv_model *model)
{
    return export_inventory(model->model, true);
}
