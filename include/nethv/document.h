/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETHV_DOCUMENT_H
#define NETHV_DOCUMENT_H 1

/* Documents: what people write, in JSON.
 *
 * A tenant's document names networks of one tenant and says all that is in
 * each of them.  An inventory names clouds and the candidate links between
 * them, and for use without a database hosts and bindings of ports to hosts.
 * nethv-document(5) describes both.
 *
 * A document that parses is sound in itself.  It goes into a model by
 * nethv_model_load(), and a model is written as documents again by the exports
 * below.  Hostile text is safe: size and depth are limited. */

#include "nethv/nethv.h"

#ifdef __cplusplus
extern "C" {
#endif

struct nethv_document;
struct nethv_model;

/* Parses the 'length' bytes at 'text'.  Returns NULL and the document in
 * '*documentp', which the caller destroys.  Otherwise returns a sentence that
 * the caller frees, with line, column and JSON path of the first fault, and
 * leaves '*documentp' alone. */
char *nethv_document_parse(const char *text, size_t length,
                           struct nethv_document **documentp)
    NETHV_MUST_CHECK;
void nethv_document_destroy(struct nethv_document *);

/* Returns the name of the tenant whose networks 'document' has, or NULL if it
 * is an inventory.  Owned by the document. */
const char *nethv_document_tenant(const struct nethv_document *document);

/* Returns a document of all networks of 'tenant' in 'model', which the caller
 * frees, or NULL if 'model' has no such tenant.  The same model gives the same
 * text. */
char *nethv_document_export_tenant(const struct nethv_model *model,
                                   const char *tenant);

/* Returns an inventory of 'model', with hosts and bindings, which the caller
 * frees. */
char *nethv_document_export_inventory(const struct nethv_model *model);

#ifdef __cplusplus
}
#endif

#endif /* nethv/document.h */
