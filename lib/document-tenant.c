/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "document-private.h"

#include <stdlib.h>

#include "model.h"
#include "notation.h"
#include "pipeline.h"
#include "topology.h"
#include "util.h"
#include "uuid.h"

char *
document_path(const struct json_cursor *cursor, const struct model *model,
              enum model_kind kind, const char *parent, char **path,
              struct uuid *uuid)
{
    const char *name;
    char *fault = document_name(cursor, &name);
    if (fault) {
        return fault;
    }
    char *p = xasprintf("%s/%s", parent, name);
    if (model_find_name(model, kind, p)) {
        char *taken = xasprintf("another %s in %s", model_kind_name(kind),
                                parent);
        fault = document_name_taken(cursor, taken);
        free(taken);
        free(p);
        return fault;
    }
    *uuid = model_uuid_from_name(kind, p);
    *path = p;
    return NULL;
}

/* Switches and links. */

static char *
parse_mode(const struct json_cursor *cursor, enum switch_mode *mode)
{
    static const char *const names[] = { "learning", "openflow" };
    struct json_cursor member;
    unsigned int choice = SWITCH_LEARNING;
    char *fault = NULL;
    if (json_cursor_member(cursor, "mode", &member)) {
        fault = json_cursor_choice(&member, names, ARRAY_SIZE(names), &choice);
    }
    *mode = choice;
    return fault;
}

static char *
parse_switch(const struct json_cursor *cursor, void *network_)
{
    static const struct json_field fields[] = {
        { "name", JSON_A_STRING, true },
        { "mode", JSON_A_STRING, false },
        { "dhcp", JSON_AN_OBJECT, false },
        { "ra", JSON_AN_OBJECT, false },
        { "ports", JSON_A_LIST, false },
    };
    struct network_parser *network = network_;
    struct switch_parser vswitch = { .network = network };
    struct switch_spec spec = { .network = network->uuid };
    struct addressing *dhcp = NULL, *ra = NULL;
    char *path = NULL;
    char *fault = json_cursor_check_object(cursor, "a switch", fields,
                                           ARRAY_SIZE(fields));
    if (!fault) {
        fault = document_path(cursor, network->model, MODEL_SWITCH,
                              network->path, &path, &vswitch.uuid);
    }
    if (!fault) {
        fault = parse_mode(cursor, &spec.mode);
    }
    if (!fault) {
        fault = document_parse_addressing(cursor, "dhcp", ADDRESSING_DHCP,
                                          &dhcp);
    }
    if (!fault) {
        fault = document_parse_addressing(cursor, "ra", ADDRESSING_RA, &ra);
    }
    if (!fault && spec.mode != SWITCH_LEARNING && (dhcp || ra)) {
        fault = json_cursor_fault(cursor, "is in mode \"openflow\", whose "
                                  "controller answers: remove \"dhcp\" and "
                                  "\"ra\"");
    }
    if (!fault) {
        spec.name = vswitch.path = path;
        spec.dhcp = dhcp;
        spec.ra = ra;
        model_put_switch(network->model, &vswitch.uuid, &spec);
        fault = json_cursor_each(cursor, "ports", document_parse_port,
                                 &vswitch);
    }
    addressing_destroy(dhcp);
    addressing_destroy(ra);
    free(path);
    return fault;
}

/* Stores in '*uuid' the switch that the member 'key' of 'cursor' names. */
static char *
parse_end(const struct json_cursor *cursor, const char *key,
          const struct network_parser *network, struct uuid *uuid)
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
    char *path = xasprintf("%s/%s", network->path, name);
    const struct model_row *row = model_find_name(network->model, MODEL_SWITCH,
                                                  path);
    free(path);
    if (!row) {
        return json_cursor_fault(&member, "%s has no switch \"%s\": name one "
                                 "of its \"switches\"", network->path, name);
    }
    *uuid = row->uuid;
    return NULL;
}

static char *
parse_ends(const struct json_cursor *cursor,
           const struct network_parser *network, struct link_spec *spec)
{
    char *fault = parse_end(cursor, "a", network, &spec->a);
    if (!fault) {
        fault = parse_end(cursor, "b", network, &spec->b);
    }
    if (!fault && uuid_equals(&spec->a, &spec->b)) {
        return json_cursor_fault(cursor, "links a switch to itself: \"a\" and "
                                 "\"b\" must be two switches");
    }
    return fault;
}

static char *
parse_bandwidth(const struct json_cursor *cursor, uint64_t *bps)
{
    struct json_cursor member;
    if (!json_cursor_member(cursor, "bandwidth", &member)) {
        return NULL;
    } else if (json_is_string(member.value)) {
        return document_fault(
            &member,
            notation_bandwidth_parse(json_string_value(member.value), bps));
    }
    int64_t number;
    char *fault = json_cursor_integer(&member, 0, INT64_MAX, &number);
    if (!fault) {
        fault = document_fault(&member, notation_bandwidth_check(number));
    }
    if (!fault) {
        *bps = number;
    }
    return fault;
}

static char *
parse_link(const struct json_cursor *cursor, void *network_)
{
    static const struct json_field fields[] = {
        { "name", JSON_A_STRING, true },
        { "a", JSON_A_STRING, true },
        { "b", JSON_A_STRING, true },
        { "bandwidth", JSON_A_STRING | JSON_AN_INTEGER, false },
    };
    struct network_parser *network = network_;
    struct link_spec spec = { .network = network->uuid };
    struct uuid uuid;
    char *path = NULL;
    char *fault = json_cursor_check_object(cursor, "a link", fields,
                                           ARRAY_SIZE(fields));
    if (!fault) {
        fault = document_path(cursor, network->model, MODEL_LINK,
                              network->path, &path, &uuid);
    }
    if (!fault) {
        fault = parse_ends(cursor, network, &spec);
    }
    if (!fault) {
        fault = parse_bandwidth(cursor, &spec.bandwidth);
    }
    if (!fault) {
        spec.name = path;
        model_put_link(network->model, &uuid, &spec);
    }
    free(path);
    return fault;
}

/* Networks. */

static char *
parse_network_members(const struct json_cursor *cursor,
                      struct network_parser *network)
{
    hmap_init(&network->macs);
    char *fault = json_cursor_each(cursor, "switches", parse_switch, network);
    if (!fault) {
        fault = json_cursor_each(cursor, "links", parse_link, network);
    }
    document_forget_macs(network);
    return fault;
}

/* Checks that frames come through the network's virtual topology. */
static char *
check_width(const struct json_cursor *cursor,
            const struct network_parser *parser)
{
    const struct model_row *row = model_find(parser->model, MODEL_NETWORK,
                                             &parser->uuid);
    unsigned int longest
        = topology_longest(CONTAINER_OF(row, struct network, row));
    if (longest <= PIPELINE_HOPS_MAX) {
        return NULL;
    }
    return json_cursor_fault(cursor, "has a path of %u switches, and a frame "
                             "can enter %d: add links that shorten it",
                             longest, PIPELINE_HOPS_MAX);
}

static char *
parse_network(const struct json_cursor *cursor, void *document_)
{
    static const struct json_field fields[] = {
        { "name", JSON_A_STRING, true },
        { "switches", JSON_A_LIST, false },
        { "links", JSON_A_LIST, false },
    };
    struct document *document = document_;
    struct network_parser network = {
        .document = document,
        .model = document->model,
    };
    char *path = NULL;
    char *fault = json_cursor_check_object(cursor, "a network", fields,
                                           ARRAY_SIZE(fields));
    if (!fault) {
        fault = document_path(cursor, network.model, MODEL_NETWORK,
                              document->tenant, &path, &network.uuid);
    }
    if (!fault) {
        struct network_spec spec = {
            .name = path,
            .tenant = model_uuid_from_name(MODEL_TENANT, document->tenant),
        };
        model_put_network(network.model, &network.uuid, &spec);
        svec_add(&document->networks, path);
        network.path = path;
        fault = parse_network_members(cursor, &network);
    }
    if (!fault) {
        fault = check_width(cursor, &network);
    }
    free(path);
    return fault;
}

char *
document_parse_tenant(const struct json_cursor *root,
                      struct document *document)
{
    static const struct json_field fields[] = {
        { "nethv", JSON_AN_INTEGER, true },
        { "tenant", JSON_A_STRING, true },
        { "networks", JSON_A_LIST, false },
    };
    char *fault = json_cursor_check_object(root, "a tenant's document", fields,
                                           ARRAY_SIZE(fields));
    if (fault) {
        return fault;
    }
    struct json_cursor tenant;
    if (!json_cursor_member(root, "tenant", &tenant)) {
        OVS_NOT_REACHED();
    }
    const char *name = json_string_value(tenant.value);
    fault = document_fault(&tenant, notation_name_check(name));
    if (fault) {
        return fault;
    }
    struct uuid uuid = model_uuid_from_name(MODEL_TENANT, name);
    model_put_tenant(document->model, &uuid, name);
    document->tenant = xstrdup(name);
    return json_cursor_each(root, "networks", parse_network, document);
}
