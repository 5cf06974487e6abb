/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/ticket.h"

#include <string.h>

#include "agent/https.h"
#include "nethv/wire.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "ovs/hostconf.h"
#include "ovs/pki.h"
#include "timeval.h"
#include "token.h"
#include "util.h"

#define PATIENCE_MSEC 10000
#define RETRY_MSEC 500

/* What to ask for. */
struct wish {
    const struct token *token;
    const char *name;
    const char *encap_ip;           /* Or NULL. */
    char *key;
    char *request;
    bool reached;                   /* Some gateway could be connected to. */
};

/* Returns the body of the request. */
static char *
format_body(const struct wish *wish, const char *encap_ip)
{
    struct json *json = json_object_create();
    json_object_put_string(json, "token", wish->token->id);
    json_object_put_string(json, "secret", wish->token->secret);
    json_object_put_string(json, "request", wish->request);
    json_object_put_string(json, "name", wish->name);
    json_object_put_string(json, "encap-ip", encap_ip);
    char *body = json_to_string(json, JSSF_SORT);
    json_destroy(json);
    return body;
}

static char *
ask(struct wish *wish, const char *remote, int *status, char **answer)
{
    struct https *https;
    char *error = https_connect(remote, wish->token->ca, &wish->reached,
                                &https);
    if (error) {
        return error;
    }
    char *own = https_local_ip(https);
    char *body = format_body(wish, wish->encap_ip ? wish->encap_ip : own);
    error = https_post(https, "/v1/enrol", body, status, answer);
    pki_wipe(body);
    free(own);
    https_close(https);
    return error;
}

/* Asks one remote after the other until one gives an answer that will not be
 * another elsewhere. */
static char *
ask_each(struct wish *wish, int *status, char **answer)
{
    struct ds errors = DS_EMPTY_INITIALIZER;
    const char *remote;
    size_t i;

    SVEC_FOR_EACH (i, remote, &wish->token->remotes) {
        char *error = ask(wish, remote, status, answer);
        if (!error && *status < 500) {
            ds_destroy(&errors);
            return NULL;
        }
        ds_put_format(&errors, "%s%s", errors.length ? "\n" : "",
                      error ? error : *answer);
        if (!error) {
            free(*answer);
        }
        free(error);
    }
    return ds_steal_cstr(&errors);
}

/* The same, again for a while: a gateway may just be starting. */
static char *
ask_all(struct wish *wish, int *status, char **answer)
{
    long long int deadline = time_msec() + PATIENCE_MSEC;
    char *error;

    while ((error = ask_each(wish, status, answer))
           && !wish->reached && time_msec() < deadline) {
        free(error);
        xnanosleep(RETRY_MSEC * 1000000ULL);
    }
    return error;
}

/* Reading the answer. */

static const char *
string_member(const struct json *json, const char *name)
{
    const struct json *value = shash_find_data(json->object, name);
    return value && value->type == JSON_STRING ? value->string : NULL;
}

/* Returns the integer member 'name' if it is from 1 to 'max', else 0. */
static int
id_member(const struct json *json, const char *name, int max)
{
    const struct json *value = shash_find_data(json->object, name);
    return (value && value->type == JSON_INTEGER && value->integer >= 1
            && value->integer <= max ? value->integer : 0);
}

static bool
is_named(const char *name)
{
    char *error = name ? token_check_name("host", name) : xstrdup("");
    free(error);
    return !error;
}

/* Remotes are written into a database as they are: let through what can be
 * one. */
static bool
is_remotes(const char *s)
{
    return s && s[0] && strlen(s) < 2048
           && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEF0123456789.:,[]")
              == strlen(s);
}

static bool
take_members(const struct json *json, struct ticket *t)
{
    const char *certificate = string_member(json, "certificate");
    const char *ca = string_member(json, "ca");
    const char *name = string_member(json, "name");
    const char *cloud = string_member(json, "cloud");
    const char *encap_ip = string_member(json, "encap-ip");
    const char *remotes = string_member(json, "remotes");
    const char *database = string_member(json, "database");
    const char *public_ip = string_member(json, "public-ip");
    const struct json *gateway = shash_find_data(json->object, "gateway");

    t->gateway = gateway && gateway->type == JSON_TRUE;
    t->cloud_id = id_member(json, "cloud-id", NETHV_CLOUD_MAX);
    t->host_id = id_member(json, "host-id", NETHV_HOST_MAX);
    if (!certificate || !ca || !is_named(name) || !is_named(cloud)
        || !encap_ip || !hostconf_is_ip(encap_ip) || !is_remotes(remotes)
        || !t->cloud_id || !t->host_id
        || (t->gateway && (!is_remotes(database) || !public_ip
                           || !hostconf_is_ip(public_ip)))) {
        return false;
    }
    t->certificate = xstrdup(certificate);
    t->ca = xstrdup(ca);
    t->name = xstrdup(name);
    t->cloud = xstrdup(cloud);
    t->encap_ip = xstrdup(encap_ip);
    t->remotes = xstrdup(remotes);
    t->database = t->gateway ? xstrdup(database) : NULL;
    t->public_ip = t->gateway ? xstrdup(public_ip) : NULL;
    return true;
}

static char *
check_ticket(const struct wish *wish, const struct ticket *t)
{
    char digest[PKI_DIGEST_LEN + 1];
    char *error = pki_fingerprint(t->ca, digest);
    if (!error && !pki_equal(digest, wish->token->ca)) {
        error = xstrdup("the certificate authority in the answer is not the "
                        "one that the token names");
    }
    return error ? error : pki_check("the certificate in the answer",
                                     t->certificate, wish->key, t->ca,
                                     time_wall());
}

static char *
parse_answer(const struct wish *wish, int status, const char *answer,
             struct ticket *ticket)
{
    struct json *json = json_from_string(answer);
    const char *sentence = (json->type == JSON_OBJECT
                            ? string_member(json, "error") : NULL);
    struct ticket t = { NULL };
    char *error = NULL;

    if (status != 200) {
        error = xasprintf("the gateway refuses: %s",
                          sentence ? sentence : "it does not say why");
    } else if (json->type != JSON_OBJECT || !take_members(json, &t)) {
        error = xstrdup("the gateway's answer is incomplete: is its nethv of "
                        "the same version?");
    } else {
        error = check_ticket(wish, &t);
    }
    json_destroy(json);
    if (error) {
        ticket_destroy(&t);
    } else {
        *ticket = t;
    }
    return error;
}

char *
ticket_get(const struct token *token, const char *name, const char *encap_ip,
           struct ticket *ticket)
{
    struct wish wish = { .token = token, .name = name, .encap_ip = encap_ip };
    char *answer = NULL;
    int status = 0;

    char *error = pki_make_key(&wish.key);
    if (!error) {
        error = pki_make_request(wish.key, name, &wish.request);
    }
    if (!error) {
        error = ask_all(&wish, &status, &answer);
    }
    if (!error) {
        error = parse_answer(&wish, status, answer, ticket);
        free(answer);
    }
    free(wish.request);
    if (error) {
        pki_wipe(wish.key);
    } else {
        ticket->key = wish.key;
    }
    return error;
}

void
ticket_destroy(struct ticket *t)
{
    pki_wipe(t->key);
    free(t->certificate);
    free(t->ca);
    free(t->name);
    free(t->cloud);
    free(t->encap_ip);
    free(t->remotes);
    free(t->database);
    free(t->public_ip);
    memset(t, 0, sizeof *t);
}
