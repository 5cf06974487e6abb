/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "document-private.h"

#include <math.h>
#include <stdlib.h>

#include "nethv/wire.h"
#include "notation.h"
#include "util.h"

/* An id that a host of the inventory has. */
struct host_id {
    struct hmap_node node;          /* By location. */
    const char *name;
};

char *
document_top_name(const struct json_cursor *cursor, const struct model *model,
                  enum model_kind kind, const char **namep, struct uuid *uuid)
{
    const char *name;
    char *fault = document_name(cursor, &name);
    if (fault) {
        return fault;
    } else if (model_find_name(model, kind, name)) {
        char *taken = xasprintf("another %s", model_kind_name(kind));
        fault = document_name_taken(cursor, taken);
        free(taken);
        return fault;
    }
    *namep = name;
    *uuid = model_uuid_from_name(kind, name);
    return NULL;
}

char *
document_id(const struct json_cursor *cursor, int64_t max,
            struct json_cursor *member, int64_t *id)
{
    if (!json_cursor_member(cursor, "id", member)) {
        OVS_NOT_REACHED();
    }
    return json_cursor_integer(member, 1, max, id);
}

static char *
parse_encap(const struct json_cursor *cursor, void *encaps_)
{
    unsigned int *encaps = encaps_;
    const char *names[ENCAP_N];
    for (size_t i = 0; i < ENCAP_N; i++) {
        names[i] = encap_name(i);
    }
    unsigned int encap;
    char *fault = json_cursor_choice(cursor, names, ENCAP_N, &encap);
    if (fault) {
        return fault;
    } else if (*encaps & (1u << encap)) {
        return json_cursor_fault(cursor, "\"%s\" is in the list twice: keep "
                                 "one", names[encap]);
    }
    *encaps |= 1u << encap;
    return NULL;
}

char *
document_encaps(const struct json_cursor *cursor, unsigned int *encaps)
{
    struct json_cursor list;
    unsigned int set = 0;
    if (!json_cursor_member(cursor, "encaps", &list)) {
        return NULL;
    }
    char *fault = json_cursor_each(cursor, "encaps", parse_encap, &set);
    if (!fault && !set) {
        return json_cursor_fault(&list, "is empty: name one encapsulation at "
                                 "least, or leave it out");
    } else if (!fault) {
        *encaps = set;
    }
    return fault;
}

/* Stores in '*ip' the member 'key' of 'cursor', if it is there. */
static char *
parse_ip(const struct json_cursor *cursor, const char *key,
         struct in6_addr *ip)
{
    struct json_cursor member;
    if (!json_cursor_member(cursor, key, &member)) {
        return NULL;
    }
    return document_fault(
        &member, notation_host_ip_parse(json_string_value(member.value), ip));
}

/* Links. */

/* Stores in '*row' the row of 'kind' that the string member 'key' names. */
static char *
parse_reference(const struct json_cursor *cursor, const char *key,
                const struct model *model, enum model_kind kind,
                const struct model_row **rowp)
{
    struct json_cursor member;
    if (!json_cursor_member(cursor, key, &member)) {
        OVS_NOT_REACHED();
    }
    const char *name = json_string_value(member.value);
    char *fault = document_fault(&member, notation_name_check(name));
    if (fault) {
        return fault;
    }
    const struct model_row *row = model_find_name(model, kind, name);
    if (!row) {
        const char *noun = model_kind_name(kind);
        return json_cursor_fault(&member, "there is no %s \"%s\": name one of "
                                 "\"%ss\"", noun, name, noun);
    }
    *rowp = row;
    return NULL;
}

/* Stores in '*number' the member 'key' of 'cursor', NAN if it is not there. */
static char *
parse_amount(const struct json_cursor *cursor, const char *key, double *number)
{
    struct json_cursor member;
    if (!json_cursor_member(cursor, key, &member)) {
        *number = NAN;
        return NULL;
    }
    *number = json_number_value(member.value);
    return (*number >= 0 ? NULL
            : json_cursor_fault(&member, "is %g, must be 0 or more", *number));
}

static char *
parse_cloud_ends(const struct json_cursor *cursor,
                 struct inventory_parser *inventory,
                 struct cloud_link_spec *spec, struct uuid *uuid)
{
    const struct model_row *a, *b;
    char *fault = parse_reference(cursor, "a", inventory->model, MODEL_CLOUD,
                                  &a);
    if (!fault) {
        fault = parse_reference(cursor, "b", inventory->model, MODEL_CLOUD,
                                &b);
    }
    if (fault) {
        return fault;
    } else if (a == b) {
        return json_cursor_fault(cursor, "links a cloud to itself: \"a\" and "
                                 "\"b\" must be two clouds");
    }
    bool swap = strcmp(a->name, b->name) > 0;
    spec->a = swap ? b->uuid : a->uuid;
    spec->b = swap ? a->uuid : b->uuid;
    char *name = xasprintf("%s/%s", swap ? b->name : a->name,
                           swap ? a->name : b->name);
    *uuid = model_uuid_from_name(MODEL_CLOUD_LINK, name);
    if (model_find(inventory->model, MODEL_CLOUD_LINK, uuid)) {
        fault = json_cursor_fault(cursor, "links %s and %s, as another link "
                                  "does: keep one", a->name, b->name);
    }
    free(name);
    return fault;
}

static char *
parse_cloud_link(const struct json_cursor *cursor, void *inventory_)
{
    static const struct json_field fields[] = {
        { "a", JSON_A_STRING, true },
        { "b", JSON_A_STRING, true },
        { "cost", JSON_A_NUMBER, false },
        { "rtt", JSON_A_NUMBER, false },
    };
    struct inventory_parser *inventory = inventory_;
    struct cloud_link_spec spec;
    struct uuid uuid;
    char *fault = json_cursor_check_object(cursor, "a link", fields,
                                           ARRAY_SIZE(fields));
    if (!fault) {
        fault = parse_cloud_ends(cursor, inventory, &spec, &uuid);
    }
    if (!fault) {
        fault = parse_amount(cursor, "cost", &spec.cost);
    }
    if (!fault) {
        fault = parse_amount(cursor, "rtt", &spec.rtt);
    }
    if (!fault) {
        model_put_cloud_link(inventory->model, &uuid, &spec);
    }
    return fault;
}

/* Hosts and bindings. */

/* Notes that the host 'name' in 'cloud' has the id that stands at 'cursor'. */
static char *
use_host_id(const struct json_cursor *cursor,
            struct inventory_parser *inventory, const struct cloud *cloud,
            const char *name, int64_t id)
{
    uint32_t location = nethv_location(cloud->id, id, 0);
    struct host_id *other;
    HMAP_FOR_EACH_WITH_HASH (other, node, location, &inventory->hosts) {
        return json_cursor_fault(cursor, "is %"PRId64", which the host %s has "
                                 "in this cloud: choose another", id,
                                 other->name);
    }
    other = xmalloc(sizeof *other);
    other->name = name;
    hmap_insert(&inventory->hosts, &other->node, location);
    return NULL;
}

static char *
parse_host_place(const struct json_cursor *cursor,
                 struct inventory_parser *inventory, struct host_spec *spec)
{
    const struct model_row *row;
    struct json_cursor member;
    int64_t id;
    char *fault = parse_reference(cursor, "cloud", inventory->model,
                                  MODEL_CLOUD, &row);
    if (!fault) {
        fault = document_id(cursor, NETHV_HOST_MAX, &member, &id);
    }
    if (!fault) {
        spec->cloud = row->uuid;
        spec->id = id;
        fault = use_host_id(&member, inventory,
                            CONTAINER_OF(row, struct cloud, row), spec->name,
                            id);
    }
    return fault;
}

static char *
parse_host_addresses(const struct json_cursor *cursor, struct host_spec *spec,
                     struct host_state *state)
{
    struct json_cursor member;
    spec->gateway = json_cursor_boolean(cursor, "gateway", false);
    char *fault = parse_ip(cursor, "encap_ip", &state->encap_ip);
    if (!fault) {
        fault = parse_ip(cursor, "public_ip", &spec->public_ip);
    }
    if (!fault) {
        fault = document_encaps(cursor, &state->encaps);
    }
    if (!fault && !spec->gateway
        && json_cursor_member(cursor, "public_ip", &member)) {
        return json_cursor_fault(&member, "is of use to a gateway only: write "
                                 "\"gateway\": true, or leave it out");
    }
    return fault;
}

static char *
parse_host(const struct json_cursor *cursor, void *inventory_)
{
    static const struct json_field fields[] = {
        { "name", JSON_A_STRING, true },
        { "cloud", JSON_A_STRING, true },
        { "id", JSON_AN_INTEGER, true },
        { "gateway", JSON_A_BOOLEAN, false },
        { "encap_ip", JSON_A_STRING, false },
        { "public_ip", JSON_A_STRING, false },
        { "encaps", JSON_A_LIST, false },
    };
    struct inventory_parser *inventory = inventory_;
    struct host_spec spec = { .public_ip = in6addr_any };
    struct host_state state = { .encaps = ENCAP_ALL };
    struct uuid uuid;
    char *fault = json_cursor_check_object(cursor, "a host", fields,
                                           ARRAY_SIZE(fields));
    if (!fault) {
        fault = document_top_name(cursor, inventory->model, MODEL_HOST,
                                  &spec.name, &uuid);
    }
    if (!fault) {
        fault = parse_host_place(cursor, inventory, &spec);
    }
    if (!fault) {
        fault = parse_host_addresses(cursor, &spec, &state);
    }
    if (!fault) {
        model_put_host(inventory->model, &uuid, &spec);
        model_set_host_state(inventory->model, &uuid, &state);
    }
    return fault;
}

static char *
parse_binding(const struct json_cursor *cursor, void *inventory_)
{
    static const struct json_field fields[] = {
        { "port", JSON_A_STRING, true },
        { "host", JSON_A_STRING, true },
    };
    struct inventory_parser *inventory = inventory_;
    struct smap *bindings = &inventory->document->bindings;
    const struct model_row *host;
    struct json_cursor port;
    char *fault = json_cursor_check_object(cursor, "a binding", fields,
                                           ARRAY_SIZE(fields));
    if (!fault) {
        fault = parse_reference(cursor, "host", inventory->model, MODEL_HOST,
                                &host);
    }
    if (fault || !json_cursor_member(cursor, "port", &port)) {
        return fault;
    }
    const char *path = json_string_value(port.value);
    fault = document_fault(&port, notation_path_check(path, 4));
    if (!fault && smap_get(bindings, path)) {
        fault = json_cursor_fault(&port, "%s is bound already, to %s: a port "
                                  "is on one host", path,
                                  smap_get(bindings, path));
    }
    if (!fault) {
        smap_add(bindings, path, host->name);
    }
    return fault;
}

static char *
parse_lists(const struct json_cursor *root, struct inventory_parser *inventory)
{
    static const struct list {
        const char *key;
        json_cursor_visit *visit;
    } lists[] = {
        { "clouds", document_parse_cloud },
        { "links", parse_cloud_link },
        { "hosts", parse_host },
        { "bindings", parse_binding },
    };
    char *fault = NULL;
    for (size_t i = 0; !fault && i < ARRAY_SIZE(lists); i++) {
        fault = json_cursor_each(root, lists[i].key, lists[i].visit,
                                 inventory);
    }
    return fault;
}

char *
document_parse_inventory(const struct json_cursor *root,
                         struct document *document)
{
    static const struct json_field fields[] = {
        { "nethv", JSON_AN_INTEGER, true },
        { "clouds", JSON_A_LIST, false },
        { "links", JSON_A_LIST, false },
        { "hosts", JSON_A_LIST, false },
        { "bindings", JSON_A_LIST, false },
    };
    char *fault = json_cursor_check_object(root, "an inventory", fields,
                                           ARRAY_SIZE(fields));
    if (fault) {
        return fault;
    }

    struct inventory_parser inventory = {
        .document = document,
        .model = document->model,
        .public_ips = SMAP_INITIALIZER(&inventory.public_ips),
        .hosts = HMAP_INITIALIZER(&inventory.hosts),
    };
    fault = parse_lists(root, &inventory);
    document->offline = (model_first(document->model, MODEL_HOST)
                         || !smap_is_empty(&document->bindings));
    struct host_id *id;
    HMAP_FOR_EACH_POP (id, node, &inventory.hosts) {
        free(id);
    }
    hmap_destroy(&inventory.hosts);
    smap_destroy(&inventory.public_ips);
    return fault;
}
