/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "document-private.h"

#include <stdlib.h>

#include "nethv/wire.h"
#include "notation.h"
#include "packets.h"
#include "provider.h"
#include "util.h"

#define TEXT_MAX 64

/* Stores in '*text' the member 'key' of 'cursor', "" if it is not there. */
static char *
parse_text(const struct json_cursor *cursor, const char *key,
           const char **text)
{
    struct json_cursor member;
    *text = "";
    if (!json_cursor_member(cursor, key, &member)) {
        return NULL;
    }
    const char *s = json_string_value(member.value);
    size_t n_chars = 0;
    for (const unsigned char *p = (const unsigned char *) s; *p; p++) {
        if (*p < 0x20 || *p == 0x7f) {
            return json_cursor_fault(&member, "has a control character: leave "
                                     "it out");
        }
        n_chars += (*p & 0xc0) != 0x80;
    }
    if (n_chars > TEXT_MAX) {
        return json_cursor_fault(&member, "has %"PRIuSIZE" characters, may "
                                 "have %d", n_chars, TEXT_MAX);
    }
    *text = s;
    return NULL;
}

struct ip_list {
    struct in6_addr *ips;
    size_t n;
    size_t allocated;
};

static char *
parse_public_ip(const struct json_cursor *cursor, void *list_)
{
    struct ip_list *list = list_;
    struct in6_addr ip;
    char *fault = json_cursor_check_type(cursor, JSON_A_STRING);
    if (!fault) {
        fault = document_fault(
            cursor, notation_host_ip_parse(json_string_value(cursor->value),
                                           &ip));
    }
    if (!fault && list->n >= DOCUMENT_ADDRESSES_MAX) {
        fault = json_cursor_fault(cursor, "is one more than the %d that a "
                                  "cloud may have", DOCUMENT_ADDRESSES_MAX);
    }
    for (size_t i = 0; !fault && i < list->n; i++) {
        if (ipv6_addr_equals(&list->ips[i], &ip)) {
            fault = json_cursor_fault(cursor, "%s is in the list twice: keep "
                                      "one", json_string_value(cursor->value));
        }
    }
    if (!fault) {
        if (list->n >= list->allocated) {
            list->ips = x2nrealloc(list->ips, &list->allocated,
                                   sizeof *list->ips);
        }
        list->ips[list->n++] = ip;
    }
    return fault;
}

/* Notes that the cloud 'name' at 'cursor' has the addresses in 'list'. */
static char *
use_public_ips(const struct json_cursor *cursor, struct smap *used,
               const char *name, const struct ip_list *list)
{
    struct json_cursor ips;
    char *fault = NULL;
    if (!json_cursor_member(cursor, "public_ips", &ips)) {
        return NULL;
    }
    for (size_t i = 0; !fault && i < list->n; i++) {
        char *ip = notation_host_ip_format(&list->ips[i]);
        const char *other = smap_get(used, ip);
        if (other) {
            struct json_cursor element = ips;
            element.up = &ips;
            element.key = NULL;
            element.index = i;
            fault = json_cursor_fault(&element, "%s is an address of cloud %s "
                                      "already: choose another", ip, other);
        } else {
            smap_add(used, ip, name);
        }
        free(ip);
    }
    return fault;
}

static int
compare_ips(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct in6_addr));
}

/* Stores in '*provider' what is known of the member "provider" of 'cursor'. */
static char *
parse_provider(const struct json_cursor *cursor,
               const struct provider **provider)
{
    const char *names[PROVIDER_N];
    for (size_t i = 0; i < PROVIDER_N; i++) {
        names[i] = providers[i].name;
    }
    unsigned int choice;
    char *fault = NULL;
    struct json_cursor member;
    *provider = PROVIDER_OTHER;
    if (json_cursor_member(cursor, "provider", &member)) {
        fault = json_cursor_choice(&member, names, PROVIDER_N, &choice);
        *provider = fault ? PROVIDER_OTHER : &providers[choice];
    }
    return fault;
}

/* Parses what a cloud may have, with what its provider is known for as
 * default. */
static char *
parse_cloud_options(const struct json_cursor *cursor, struct cloud_spec *spec)
{
    static const char *const modes[] = { "direct", "tree", "mesh" };
    struct json_cursor member;
    unsigned int mode = CLOUD_DIRECT;
    const struct provider *provider;

    char *fault = parse_provider(cursor, &provider);
    if (!fault) {
        fault = parse_text(cursor, "jurisdiction", &spec->jurisdiction);
    }
    int64_t mtu = provider->mtu;
    spec->provider = provider->name;
    spec->encaps = provider->encaps;
    if (!fault && json_cursor_member(cursor, "mtu", &member)) {
        fault = json_cursor_integer(&member, 1280, 65535, &mtu);
    }
    if (!fault) {
        fault = document_encaps(cursor, &spec->encaps);
    }
    if (!fault && json_cursor_member(cursor, "mode", &member)) {
        fault = json_cursor_choice(&member, modes, ARRAY_SIZE(modes), &mode);
    }
    spec->mtu = mtu;
    spec->mode = mode;
    return fault;
}

static char *
parse_cloud_id(const struct json_cursor *cursor,
               struct inventory_parser *inventory, struct cloud_spec *spec)
{
    struct json_cursor member;
    int64_t id;
    char *fault = document_id(cursor, NETHV_CLOUD_MAX, &member, &id);
    if (fault) {
        return fault;
    } else if (inventory->clouds[id]) {
        return json_cursor_fault(&member, "is %"PRId64", which another cloud "
                                 "has: choose another", id);
    }
    inventory->clouds[id] = true;
    spec->id = id;
    return NULL;
}

char *
document_parse_cloud(const struct json_cursor *cursor, void *inventory_)
{
    static const struct json_field fields[] = {
        { "name", JSON_A_STRING, true },
        { "id", JSON_AN_INTEGER, true },
        { "provider", JSON_A_STRING, false },
        { "jurisdiction", JSON_A_STRING, false },
        { "mtu", JSON_AN_INTEGER, false },
        { "encaps", JSON_A_LIST, false },
        { "mode", JSON_A_STRING, false },
        { "public_ips", JSON_A_LIST, false },
    };
    struct inventory_parser *inventory = inventory_;
    struct cloud_spec spec = { .name = NULL };
    struct ip_list ips = { .ips = NULL };
    struct uuid uuid;
    char *fault = json_cursor_check_object(cursor, "a cloud", fields,
                                           ARRAY_SIZE(fields));
    if (!fault) {
        fault = document_top_name(cursor, inventory->model, MODEL_CLOUD,
                                  &spec.name, &uuid);
    }
    if (!fault) {
        fault = parse_cloud_id(cursor, inventory, &spec);
    }
    if (!fault) {
        fault = parse_cloud_options(cursor, &spec);
    }
    if (!fault) {
        fault = json_cursor_each(cursor, "public_ips", parse_public_ip, &ips);
    }
    if (!fault) {
        fault = use_public_ips(cursor, &inventory->public_ips, spec.name,
                               &ips);
    }
    if (!fault) {
        if (ips.n) {
            qsort(ips.ips, ips.n, sizeof *ips.ips, compare_ips);
        }
        spec.public_ips = ips.ips;
        spec.n_public_ips = ips.n;
        model_put_cloud(inventory->model, &uuid, &spec);
    }
    free(ips.ips);
    return fault;
}
