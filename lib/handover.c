/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "handover.h"

#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "ovsdb-parser.h"
#include "ovsdb-error.h"
#include "packets.h"
#include "util.h"
#include "uuid.h"

#define SENTENCE_MAX 500

void
handover_uninit(struct handover *handover)
{
    free(handover->networks);
    memset(handover, 0, sizeof *handover);
}

bool
handover_same_ways(const struct handover *a, const struct handover *b)
{
    return a->n_edges == b->n_edges
           && !memcmp(a->edges, b->edges, a->n_edges * sizeof *a->edges)
           && !memcmp(a->trees, b->trees, sizeof a->trees)
           && a->stamp == b->stamp;
}

bool
handover_equal(const struct handover *a, const struct handover *b)
{
    return handover_same_ways(a, b) && a->no_networks == b->no_networks
           && a->n_networks == b->n_networks
           && (!a->n_networks
               || !memcmp(a->networks, b->networks,
                          a->n_networks * sizeof *a->networks));
}

void
handover_keep_networks(struct handover *handover, struct handover *from)
{
    if (handover->no_networks) {
        handover->networks = from->networks;
        handover->n_networks = from->n_networks;
        handover->no_networks = from->no_networks;
        from->networks = NULL;
        from->n_networks = 0;
    }
}

static struct json *
edge_to_json(const struct handover_edge *edge)
{
    struct json *json = json_object_create();
    struct ds ip = DS_EMPTY_INITIALIZER;

    ipv6_format_mapped(&edge->remote_ip, &ip);
    json_object_put(json, "cloud", json_integer_create(edge->cloud));
    json_object_put_string(json, "encap", encap_name(edge->encap));
    json_object_put(json, "remote_ip",
                    json_string_create_nocopy(ds_steal_cstr(&ip)));
    return json;
}

static struct json *
tree_to_json(const struct handover_tree *tree)
{
    struct json *json = json_object_create();
    struct json *via = json_object_create();

    for (int cloud = 1; cloud <= NETHV_CLOUD_MAX; cloud++) {
        if (tree->via[cloud]) {
            json_object_put_nocopy(via, xasprintf("%d", cloud),
                                   json_integer_create(tree->via[cloud]));
        }
    }
    json_object_put(json, "number", json_integer_create(tree->number));
    json_object_put(json, "via", via);
    return json;
}

static struct json *
networks_to_json(const struct handover *handover)
{
    struct json *networks = json_array_create_empty();

    for (size_t i = 0; i < handover->n_networks; i++) {
        json_array_add(networks, json_string_create_nocopy(
            xasprintf(UUID_FMT, UUID_ARGS(&handover->networks[i]))));
    }
    return networks;
}

struct json *
handover_to_json(const struct handover *handover)
{
    struct json *json = json_object_create();
    struct json *edges = json_array_create_empty();
    struct json *trees = json_array_create_empty();

    for (size_t i = 0; i < handover->n_edges; i++) {
        json_array_add(edges, edge_to_json(&handover->edges[i]));
    }
    for (size_t i = 0; i < ARRAY_SIZE(handover->trees); i++) {
        if (handover->trees[i].number) {
            json_array_add(trees, tree_to_json(&handover->trees[i]));
        }
    }
    json_object_put(json, "edges", edges);
    json_object_put(json, "trees", trees);
    json_object_put(json, "stamp", json_integer_create(handover->stamp));
    if (!handover->no_networks) {
        json_object_put(json, "networks", networks_to_json(handover));
    }
    return json;
}

/* Reading. */

/* A member that is not known here is left alone: the other program may be of a
 * newer version. */
static char *
parser_done(struct ovsdb_parser *parser)
{
    struct ovsdb_error *error = ovsdb_parser_destroy(parser);
    return error ? ovsdb_error_to_string_free(error) : NULL;
}

static bool
is_cloud(int64_t id)
{
    return id >= 1 && id <= NETHV_CLOUD_MAX;
}

static char *
edge_from_json(const struct json *json, struct handover_edge *edge)
{
    struct ovsdb_parser parser;
    ovsdb_parser_init(&parser, json, "edge");
    const struct json *cloud = ovsdb_parser_member(&parser, "cloud",
                                                   OP_INTEGER);
    const struct json *encap = ovsdb_parser_member(&parser, "encap",
                                                   OP_STRING);
    const struct json *ip = ovsdb_parser_member(&parser, "remote_ip",
                                                OP_STRING);
    char *error = parser_done(&parser);
    if (error) {
        return error;
    }
    if (!is_cloud(json_integer(cloud))) {
        return xasprintf("edge to cloud %lld: a cloud's id is 1 to %u",
                         (long long int) json_integer(cloud),
                         NETHV_CLOUD_MAX);
    }
    edge->cloud = json_integer(cloud);
    if (!encap_from_name(json_string(encap), &edge->encap)) {
        return xasprintf("encapsulation \"%s\" is not gre, geneve or vxlan",
                         json_string(encap));
    }
    ovs_be32 ipv4;
    if (ip_parse(json_string(ip), &ipv4)) {
        in6_addr_set_mapped_ipv4(&edge->remote_ip, ipv4);
    } else if (!ipv6_parse(json_string(ip), &edge->remote_ip)) {
        return xasprintf("remote_ip \"%s\" is not an IP address",
                         json_string(ip));
    }
    return NULL;
}

static char *
via_from_json(const struct json *json, struct handover_tree *tree)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, json_object(json)) {
        const struct json *via = node->data;
        int cloud;
        if (!str_to_int(node->name, 10, &cloud) || !is_cloud(cloud)
            || via->type != JSON_INTEGER || !is_cloud(json_integer(via))) {
            return xasprintf("tree %u, member \"%s\": clouds are 1 to %u",
                             tree->number, node->name, NETHV_CLOUD_MAX);
        }
        tree->via[cloud] = json_integer(via);
    }
    return NULL;
}

/* Reads 'json' into the tree of its number's bits. */
static char *
tree_from_json(const struct json *json, struct handover *handover)
{
    struct ovsdb_parser parser;
    ovsdb_parser_init(&parser, json, "tree");
    const struct json *number = ovsdb_parser_member(&parser, "number",
                                                    OP_INTEGER);
    const struct json *via = ovsdb_parser_member(&parser, "via", OP_OBJECT);
    char *error = parser_done(&parser);
    if (error) {
        return error;
    }
    if (json_integer(number) < 1 || json_integer(number) > UINT32_MAX) {
        return xasprintf("tree number %lld is not 1 to %u",
                         (long long int) json_integer(number), UINT32_MAX);
    }
    struct handover_tree *tree
        = &handover->trees[json_integer(number) & NETHV_TREE_MASK];
    if (tree->number) {
        return xasprintf("trees %u and %lld have the same bits: one may be "
                         "held at a time", tree->number,
                         (long long int) json_integer(number));
    }
    tree->number = json_integer(number);
    return via_from_json(via, tree);
}

static char *
networks_from_json(const struct json *networks, struct handover *handover)
{
    if (!networks) {
        handover->no_networks = true;
        return NULL;
    }
    size_t n = networks->array.n;

    handover->networks = xmalloc(n * sizeof *handover->networks);
    for (size_t i = 0; i < n; i++) {
        const struct json *elem = networks->array.elems[i];
        if (elem->type != JSON_STRING
            || !uuid_from_string(&handover->networks[i], json_string(elem))) {
            return xasprintf("element %"PRIuSIZE" of \"networks\" is not a "
                             "UUID", i);
        }
    }
    handover->n_networks = n;
    return NULL;
}

static char *
arrays_from_json(const struct json *edges, const struct json *trees,
                 struct handover *handover)
{
    if (edges->array.n > ARRAY_SIZE(handover->edges)
        || trees->array.n > ARRAY_SIZE(handover->trees)) {
        return xasprintf("%"PRIuSIZE" edges and %"PRIuSIZE" trees: at most "
                         "%"PRIuSIZE" and %"PRIuSIZE" are possible",
                         edges->array.n, trees->array.n,
                         ARRAY_SIZE(handover->edges),
                         ARRAY_SIZE(handover->trees));
    }
    handover->n_edges = edges->array.n;
    for (size_t i = 0; i < edges->array.n; i++) {
        char *error = edge_from_json(edges->array.elems[i],
                                     &handover->edges[i]);
        if (error) {
            return error;
        }
    }
    for (size_t i = 0; i < trees->array.n; i++) {
        char *error = tree_from_json(trees->array.elems[i], handover);
        if (error) {
            return error;
        }
    }
    return NULL;
}

/* Reads 'json' (NULL: it is not said), the bits of the tree that is stamped;
 * 'trees' are right already. */
static char *
stamp_from_json(const struct json *json, const struct json *trees,
                struct handover *handover)
{
    if (!json) {
        if (trees->array.n) {
            handover->stamp = NETHV_TREE_MASK & json_integer(
                shash_find_data(json_object(trees->array.elems[0]),
                                "number"));
        }
        return NULL;
    }
    if (json_integer(json) < 0 || json_integer(json) >= HANDOVER_TREES) {
        return xasprintf("stamp %lld is not 0 to %u",
                         (long long int) json_integer(json),
                         HANDOVER_TREES - 1);
    }
    handover->stamp = json_integer(json);
    return NULL;
}

/* Makes 'sentence', which may quote what was sent, one printable line. */
static char *
tidy(char *sentence)
{
    if (strlen(sentence) > SENTENCE_MAX) {
        strcpy(sentence + SENTENCE_MAX - 3, "...");
    }
    for (char *p = sentence; *p; p++) {
        if (*p < 0x20 || *p >= 0x7f) {
            *p = '?';
        }
    }
    return sentence;
}

static char *
parse(const struct json *json, struct handover *handover)
{
    struct ovsdb_parser parser;
    ovsdb_parser_init(&parser, json, "handover");
    const struct json *edges = ovsdb_parser_member(&parser, "edges", OP_ARRAY);
    const struct json *trees = ovsdb_parser_member(&parser, "trees", OP_ARRAY);
    const struct json *stamp = ovsdb_parser_member(&parser, "stamp",
                                                   OP_INTEGER | OP_OPTIONAL);
    const struct json *networks = ovsdb_parser_member(&parser, "networks",
                                                      OP_ARRAY | OP_OPTIONAL);
    char *error = parser_done(&parser);
    if (error) {
        return error;
    }

    struct handover *parsed = xzalloc(sizeof *parsed);
    error = arrays_from_json(edges, trees, parsed);
    if (!error) {
        error = stamp_from_json(stamp, trees, parsed);
    }
    if (!error) {
        error = networks_from_json(networks, parsed);
    }
    if (!error) {
        *handover = *parsed;
    } else {
        handover_uninit(parsed);
    }
    free(parsed);
    return error;
}

char *
handover_from_json(const struct json *json, struct handover *handover)
{
    char *error = parse(json, handover);
    return error ? tidy(error) : NULL;
}

/* Control frames. */

static struct json *
hex_to_json(const void *data_, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *data = data_;
    char *hex = xmalloc(2 * n + 1);

    for (size_t i = 0; i < n; i++) {
        hex[2 * i] = digits[data[i] >> 4];
        hex[2 * i + 1] = digits[data[i] & 15];
    }
    hex[2 * n] = '\0';
    return json_string_create_nocopy(hex);
}

/* Reads hexadecimal digits into the 'max' bytes at 'data'. */
static bool
hex_from_json(const struct json *json, uint8_t *data, size_t max, size_t *n)
{
    if (json->type != JSON_STRING) {
        return false;
    }
    const char *hex = json_string(json);
    size_t length = strlen(hex);
    if (length % 2 || length > 2 * max) {
        return false;
    }
    for (size_t i = 0; i < length / 2; i++) {
        bool ok;
        data[i] = hexits_value(&hex[2 * i], 2, &ok);
        if (!ok) {
            return false;
        }
    }
    *n = length / 2;
    return true;
}

/* Returns whether 'json' is an array of 'least' to 'most' elements, of which
 * the first is a cloud's id. */
static bool
is_for_cloud(const struct json *json, size_t least, size_t most)
{
    return (json->type == JSON_ARRAY && json->array.n >= least
            && json->array.n <= most
            && json->array.elems[0]->type == JSON_INTEGER
            && is_cloud(json_integer(json->array.elems[0])));
}

struct json *
handover_frame_to_json(uint8_t cloud, const void *data, size_t n)
{
    return json_array_create_2(json_integer_create(cloud),
                               hex_to_json(data, n));
}

bool
handover_frame_from_json(const struct json *json, uint8_t *cloud, void *data,
                         size_t *n)
{
    if (!is_for_cloud(json, 2, 2)
        || !hex_from_json(json->array.elems[1], data, HANDOVER_FRAME_MAX, n)) {
        return false;
    }
    *cloud = json_integer(json->array.elems[0]);
    return true;
}

struct json *
handover_train_to_json(const struct handover_train *train)
{
    struct json *json = json_array_create_2(
        json_integer_create(train->cloud),
        json_integer_create(train->n_fillers));

    for (size_t i = 0; i < train->n_marks; i++) {
        json_array_add(json, hex_to_json(train->marks[i].data,
                                         train->marks[i].n));
    }
    return json;
}

bool
handover_train_from_json(const struct json *json,
                         struct handover_train *train)
{
    if (!is_for_cloud(json, 3, 2 + HANDOVER_MARKS_MAX)
        || json->array.elems[1]->type != JSON_INTEGER) {
        return false;
    }
    long long int n_fillers = json_integer(json->array.elems[1]);
    if (n_fillers < 1 || n_fillers > HANDOVER_FILLERS_MAX) {
        return false;
    }
    train->cloud = json_integer(json->array.elems[0]);
    train->n_fillers = n_fillers;
    train->n_marks = json->array.n - 2;
    for (size_t i = 0; i < train->n_marks; i++) {
        if (!hex_from_json(json->array.elems[2 + i], train->marks[i].data,
                           sizeof train->marks[i].data, &train->marks[i].n)) {
            return false;
        }
    }
    return true;
}

struct json *
handover_home_to_json(const struct db_home *home)
{
    return json_array_create_2(json_integer_create(home->epoch),
                               json_integer_create(home->location));
}

static bool
is_u32(const struct json *json)
{
    return (json->type == JSON_INTEGER && json_integer(json) >= 0
            && json_integer(json) <= UINT32_MAX);
}

bool
handover_home_from_json(const struct json *json, struct db_home *home)
{
    if (json->type != JSON_ARRAY || json->array.n != 2
        || !is_u32(json->array.elems[0]) || !is_u32(json->array.elems[1])) {
        return false;
    }
    home->epoch = json_integer(json->array.elems[0]);
    home->location = json_integer(json->array.elems[1]);
    return true;
}
