/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "document.h"

#include <stdlib.h>

#include "document-private.h"
#include "json-scan.h"
#include "model.h"
#include "notation.h"
#include "util.h"

BUILD_ASSERT_DECL(DOCUMENT_DEPTH_MAX == JSON_SCAN_DEPTH_MAX);

char *
document_fault(const struct json_cursor *cursor, char *clause)
{
    if (!clause) {
        return NULL;
    }
    char *fault = json_cursor_fault(cursor, "%s", clause);
    free(clause);
    return fault;
}

char *
document_name(const struct json_cursor *cursor, const char **namep)
{
    struct json_cursor member;
    if (!json_cursor_member(cursor, "name", &member)) {
        OVS_NOT_REACHED();
    }
    const char *name = json_string_value(member.value);
    char *fault = document_fault(&member, notation_name_check(name));
    if (!fault) {
        *namep = name;
    }
    return fault;
}

char *
document_name_taken(const struct json_cursor *cursor, const char *taken)
{
    struct json_cursor member;
    if (!json_cursor_member(cursor, "name", &member)) {
        OVS_NOT_REACHED();
    }
    return json_cursor_fault(&member, "\"%s\" is the name of %s already: "
                             "choose another",
                             json_string_value(member.value), taken);
}

/* Finds out which kind of document stands at 'root'. */
static char *
find_kind(const struct json_cursor *root, enum document_kind *kind)
{
    static const char *const inventory[] = {
        "clouds", "links", "hosts", "bindings",
    };
    struct json_cursor member;
    if (json_cursor_member(root, "tenant", &member)) {
        *kind = DOCUMENT_TENANT;
        return NULL;
    }
    for (size_t i = 0; i < ARRAY_SIZE(inventory); i++) {
        if (json_cursor_member(root, inventory[i], &member)) {
            *kind = DOCUMENT_INVENTORY;
            return NULL;
        }
    }
    return json_cursor_fault(root, "is of no known kind: a tenant's has the "
                             "key \"tenant\", an inventory \"clouds\"");
}

static char *
check_version(const struct json_cursor *root)
{
    struct json_cursor version;
    int64_t number;
    if (!json_cursor_member(root, "nethv", &version)) {
        return json_cursor_fault(root, "lacks the key \"nethv\", the version "
                                 "of its format: write \"nethv\": %d",
                                 DOCUMENT_VERSION);
    }
    return json_cursor_integer(&version, DOCUMENT_VERSION, DOCUMENT_VERSION,
                               &number);
}

static char *
parse_root(const struct json_cursor *root, struct document *document)
{
    char *fault = json_cursor_check_type(root, JSON_AN_OBJECT);
    if (!fault) {
        fault = check_version(root);
    }
    if (!fault) {
        fault = find_kind(root, &document->kind);
    }
    if (fault) {
        return fault;
    }
    return (document->kind == DOCUMENT_TENANT
            ? document_parse_tenant(root, document)
            : document_parse_inventory(root, document));
}

static struct document *
document_create(void)
{
    struct document *document = xzalloc(sizeof *document);
    svec_init(&document->networks);
    document->model = model_create();
    smap_init(&document->bindings);
    return document;
}

char *
document_parse(const char *text, size_t length, struct document **documentp)
{
    if (length > DOCUMENT_SIZE_MAX) {
        return xasprintf("the document has %"PRIuSIZE" bytes, and may have "
                         "%d: split it by networks", length,
                         DOCUMENT_SIZE_MAX);
    }

    struct json_source source = { .text = text, .length = length };
    json_t *value;
    char *fault = json_source_parse(&source, &value);
    if (fault) {
        return fault;
    }

    struct document *document = document_create();
    struct json_cursor root;
    json_cursor_root(&root, &source, value);
    fault = parse_root(&root, document);
    json_decref(value);
    if (fault) {
        document_destroy(document);
        return fault;
    }
    svec_sort(&document->networks);
    *documentp = document;
    return NULL;
}

void
document_destroy(struct document *document)
{
    if (document) {
        free(document->tenant);
        svec_destroy(&document->networks);
        model_destroy(document->model);
        smap_destroy(&document->bindings);
        free(document);
    }
}
