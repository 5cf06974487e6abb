/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "token.h"

#include <string.h>

#include "notation.h"
#include "openvswitch/json.h"
#include "openvswitch/shash.h"
#include "packets.h"
#include "util.h"

static const char base64url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static char *
encode(const char *prefix, const char *in, size_t n)
{
    char *out = xmalloc(strlen(prefix) + n * 4 / 3 + 4);
    char *p = out + strlen(strcpy(out, prefix));
    uint32_t bits = 0;
    int n_bits = 0;

    for (size_t i = 0; i < n; i++) {
        bits = bits << 8 | (uint8_t) in[i];
        for (n_bits += 8; n_bits >= 6; n_bits -= 6) {
            *p++ = base64url[bits >> (n_bits - 6) & 63];
        }
    }
    if (n_bits) {
        *p++ = base64url[bits << (6 - n_bits) & 63];
    }
    *p = '\0';
    return out;
}

/* Returns the 'n' characters at 'in' decoded, as a string, or NULL if they are
 * not base64url or hold a null byte. */
static char *
decode(const char *in, size_t n)
{
    char *out = xmalloc(n + 1);
    size_t length = 0;
    uint32_t bits = 0;
    int n_bits = 0;

    for (size_t i = 0; i < n; i++) {
        const char *digit = in[i] ? strchr(base64url, in[i]) : NULL;
        if (!digit) {
            free(out);
            return NULL;
        }
        bits = bits << 6 | (digit - base64url);
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            out[length] = bits >> n_bits;
            if (!out[length++]) {
                free(out);
                return NULL;
            }
        }
    }
    out[length] = '\0';
    return out;
}

void
token_init(struct token *token)
{
    memset(token, 0, sizeof *token);
    svec_init(&token->remotes);
}

void
token_destroy(struct token *token)
{
    svec_destroy(&token->remotes);
    free(token->ca);
    free(token->id);
    free(token->cloud);
    if (token->secret) {
        explicit_bzero(token->secret, strlen(token->secret));
        free(token->secret);
    }
    token_init(token);
}

char *
token_format(const struct token *token)
{
    struct json *remotes = json_array_create_empty();
    const char *remote;
    size_t i;
    SVEC_FOR_EACH (i, remote, &token->remotes) {
        json_array_add(remotes, json_string_create(remote));
    }

    struct json *json = json_object_create();
    json_object_put(json, "r", remotes);
    json_object_put_string(json, "ca", token->ca);
    json_object_put_string(json, "id", token->id);
    json_object_put_string(json, "s", token->secret);
    json_object_put_string(json, "c", token->cloud);
    json_object_put(json, "g", json_boolean_create(token->gateway));
    json_object_put(json, "x", json_integer_create(token->expires));

    char *text = json_to_string(json, JSSF_SORT);
    char *line = encode(TOKEN_PREFIX, text, strlen(text));
    explicit_bzero(text, strlen(text));
    free(text);
    json_destroy(json);
    return line;
}

static bool
is_hex(const char *s, size_t n)
{
    return strlen(s) == n && strspn(s, "0123456789abcdef") == n;
}

static bool
is_address(const char *host, bool ipv6)
{
    struct in6_addr address6;
    ovs_be32 address;
    return ipv6 ? ipv6_parse(host, &address6) : ip_parse(host, &address);
}

/* Returns whether 'remote' is an address and a port; no names, since a token
 * must not depend on anyone's DNS. */
static bool
is_remote(const char *remote)
{
    char host[INET6_ADDRSTRLEN];
    bool ipv6 = remote[0] == '[';
    const char *end = strchr(remote, ipv6 ? ']' : ':');
    size_t n = end ? end - (remote + ipv6) : 0;
    unsigned int port;

    if (!n || n >= sizeof host || (ipv6 && end[1] != ':')) {
        return false;
    }
    ovs_strlcpy(host, remote + ipv6, n + 1);
    const char *digits = end + ipv6 + 1;
    return is_address(host, ipv6)
           && strspn(digits, "0123456789") == strlen(digits)
           && strlen(digits) <= 5
           && str_to_uint(digits, 10, &port) && port && port <= 65535;
}

static const char *
string_member(const struct json *json, const char *name)
{
    const struct json *value = shash_find_data(json->object, name);
    return value && value->type == JSON_STRING ? value->string : NULL;
}

static bool
take_remotes(const struct json *json, struct svec *remotes)
{
    const struct json *array = shash_find_data(json->object, "r");

    if (!array || array->type != JSON_ARRAY
        || !array->array.n || array->array.n > TOKEN_REMOTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < array->array.n; i++) {
        const struct json *remote = array->array.elems[i];
        if (remote->type != JSON_STRING || !is_remote(remote->string)) {
            return false;
        }
        svec_add(remotes, remote->string);
    }
    return true;
}

/* Fills 'token' from 'json'.  Returns false if a member is missing, wrong or
 * one too many; then 'token' may be filled in part. */
static bool
take_members(const struct json *json, struct token *token)
{
    if (json->type != JSON_OBJECT || shash_count(json->object) != 7) {
        return false;
    }
    const char *ca = string_member(json, "ca");
    const char *id = string_member(json, "id");
    const char *secret = string_member(json, "s");
    const char *cloud = string_member(json, "c");
    const struct json *gateway = shash_find_data(json->object, "g");
    const struct json *expires = shash_find_data(json->object, "x");

    char *name_error = cloud ? token_check_name("cloud", cloud) : xstrdup("");
    bool named = !name_error;
    free(name_error);
    if (!ca || !is_hex(ca, TOKEN_HEX_LEN) || !id || !is_hex(id, TOKEN_ID_LEN)
        || !secret || !is_hex(secret, TOKEN_HEX_LEN) || !named
        || !gateway
        || (gateway->type != JSON_TRUE && gateway->type != JSON_FALSE)
        || !expires || expires->type != JSON_INTEGER || expires->integer < 0) {
        return false;
    }
    token->ca = xstrdup(ca);
    token->id = xstrdup(id);
    token->secret = xstrdup(secret);
    token->cloud = xstrdup(cloud);
    token->gateway = gateway->type == JSON_TRUE;
    token->expires = expires->integer;
    return take_remotes(json, &token->remotes);
}

static char *
parse_trimmed(const char *text, size_t n, struct token *tokenp)
{
    const size_t prefix = strlen(TOKEN_PREFIX);
    if (n > TOKEN_TEXT_MAX) {
        return xasprintf("a token has at most %d characters, not %"PRIuSIZE,
                         TOKEN_TEXT_MAX, n);
    }
    if (n < prefix || memcmp(text, TOKEN_PREFIX, prefix)) {
        return xstrdup("a token begins with \""TOKEN_PREFIX"\": copy the whole "
                       "line that \"nethvctl host-token\" printed");
    }

    struct token token;
    token_init(&token);
    char *plain = decode(text + prefix, n - prefix);
    struct json *json = plain ? json_from_string(plain) : NULL;
    bool ok = json && take_members(json, &token);
    json_destroy(json);
    if (plain) {
        explicit_bzero(plain, strlen(plain));
        free(plain);
    }
    if (!ok) {
        token_destroy(&token);
        return xstrdup("the token is damaged: copy the whole line that "
                       "\"nethvctl host-token\" printed, nothing before or "
                       "after it");
    }
    *tokenp = token;
    return NULL;
}

char *
token_parse(const char *text, struct token *token)
{
    text += strspn(text, " \t\r\n");
    size_t n = strlen(text);
    while (n && strchr(" \t\r\n", text[n - 1])) {
        n--;
    }
    return parse_trimmed(text, n, token);
}

char *
token_check(const struct token *token, long long int now)
{
    if (now < token->expires) {
        return NULL;
    }
    return xasprintf("the token expired %lld s ago (by this machine's clock): "
                     "make a new one with \"nethvctl host-token %s%s\"",
                     now - token->expires, token->cloud,
                     token->gateway ? " --gateway" : "");
}

char *
token_check_name(const char *kind, const char *name)
{
    return (notation_name_valid(name, strlen(name)) ? NULL
            : xasprintf("the name of a %s consists of 1 to %d letters, digits, "
                        "'-', '_' and '.', and begins with a letter or digit",
                        kind, NOTATION_NAME_MAX));
}
