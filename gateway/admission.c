/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/admission.h"

#include <string.h>

#include "nethv-idl.h"
#include "openvswitch/json.h"
#include "ovs/inventory.h"
#include "ovs/pki.h"
#include "timeval.h"
#include "token.h"
#include "util.h"

enum { OK = 200, FORBIDDEN = 403, CONFLICT = 409 };

struct admission {
    char *token;                    /* Name of the row. */
    char digest[PKI_DIGEST_LEN + 1]; /* Of the secret. */
    char *request;
    char *name;
    char *encap_ip;
    bool asked;                     /* A row was put into a transaction. */
};

static const char *
string_member(const struct json *json, const char *name)
{
    const struct json *value = shash_find_data(json->object, name);
    return value && value->type == JSON_STRING ? value->string : NULL;
}

/* Wipes the value of the member 'name', which may be copied nowhere else. */
static void
wipe_member(const struct json *json, const char *name)
{
    struct json *value = shash_find_data(json->object, name);
    if (value && value->type == JSON_STRING) {
        explicit_bzero(value->string, strlen(value->string));
    }
}

static char *
parse_object(const struct json *json, struct admission **admissionp)
{
    const char *token = string_member(json, "token");
    const char *secret = string_member(json, "secret");
    const char *request = string_member(json, "request");
    const char *name = string_member(json, "name");
    const char *encap_ip = string_member(json, "encap-ip");

    if (!token || !secret || !request || !name || !encap_ip) {
        return xstrdup("a request has the strings \"token\", \"secret\", "
                       "\"request\", \"name\" and \"encap-ip\"");
    }
    if (strlen(request) > PKI_REQUEST_MAX || strlen(encap_ip) > 64) {
        return xstrdup("the certificate request or the address is too long");
    }
    char *error = token_check_name("host", name);
    if (error) {
        return error;
    }

    struct admission *a = xzalloc(sizeof *a);
    a->token = xstrdup(token);
    pki_digest(secret, a->digest);
    a->request = xstrdup(request);
    a->name = xstrdup(name);
    a->encap_ip = xstrdup(encap_ip);
    *admissionp = a;
    return NULL;
}

char *
admission_parse(const char *body, struct admission **admissionp)
{
    struct json *json = json_from_string(body);
    char *error;

    if (json->type == JSON_OBJECT) {
        error = parse_object(json, admissionp);
        wipe_member(json, "secret");
    } else {
        error = xstrdup("a request is a JSON object");
    }
    json_destroy(json);
    return error;
}

void
admission_destroy(struct admission *a)
{
    if (a) {
        free(a->token);
        free(a->request);
        free(a->name);
        free(a->encap_ip);
        free(a);
    }
}

char *
admission_format_error(const char *sentence)
{
    struct json *json = json_object_create();
    json_object_put_string(json, "error", sentence);
    char *text = json_to_string(json, JSSF_SORT);
    json_destroy(json);
    return text;
}

static bool
refuse(struct admission_result *result, unsigned int status,
       const char *sentence)
{
    result->status = status;
    result->json = admission_format_error(sentence);
    return true;
}

static const struct nethvrec_token *
find_token(const struct admission *a, struct ovsdb_idl *idl)
{
    const struct nethvrec_token *token;
    NETHVREC_TOKEN_FOR_EACH (token, idl) {
        if (!strcmp(token->name, a->token)) {
            return pki_equal(token->digest, a->digest) ? token : NULL;
        }
    }
    return NULL;
}

static const struct nethvrec_enrollment *
find_enrollment(const struct nethvrec_token *token, struct ovsdb_idl *idl)
{
    const struct nethvrec_enrollment *e;
    NETHVREC_ENROLLMENT_FOR_EACH (e, idl) {
        if (e->token == token) {
            return e;
        }
    }
    return NULL;
}

static bool
is_same(const struct admission *a, const struct nethvrec_enrollment *e)
{
    return (!strcmp(a->request, e->request) && !strcmp(a->name, e->name)
            && !strcmp(a->encap_ip, e->encap_ip));
}

/* Puts what 'host' needs to know of where it can connect to.  A gateway's agent
 * uses the relay beside it, others those of all gateways of the cloud. */
static void
put_remotes(struct json *json, struct ovsdb_idl *idl,
            const struct nethvrec_host *host, const char *encap_ip)
{
    if (!host->gateway) {
        json_object_put(json, "remotes",
                        json_string_create_nocopy(
                            inventory_relays(idl, host->cloud)));
        return;
    }
    json_object_put(json, "remotes",
                    json_string_create_nocopy(
                        inventory_remote("ssl:", encap_ip,
                                         INVENTORY_RELAY_PORT)));
    json_object_put(json, "database",
                    json_string_create_nocopy(
                        inventory_database(idl, host->cloud)));
    json_object_put_string(json, "public-ip",
                           host->public_ip ? host->public_ip : "");
}

static bool
let_in(const struct nethvrec_enrollment *e, struct ovsdb_idl *idl,
       const char *ca, struct admission_result *result)
{
    const struct nethvrec_host *host = e->host;
    struct json *json = json_object_create();

    json_object_put_string(json, "certificate", e->certificate);
    json_object_put_string(json, "ca", ca);
    json_object_put_string(json, "name", host->name);
    json_object_put_string(json, "cloud", host->cloud->name);
    json_object_put(json, "cloud-id", json_integer_create(host->cloud->id));
    json_object_put(json, "host-id", json_integer_create(host->id));
    json_object_put(json, "gateway", json_boolean_create(host->gateway));
    json_object_put_string(json, "encap-ip", e->encap_ip);
    put_remotes(json, idl, host, e->encap_ip);

    result->status = OK;
    result->json = json_to_string(json, JSSF_SORT);
    json_destroy(json);
    return true;
}

static void
ask(struct admission *a, const struct nethvrec_token *token,
    struct ovsdb_idl_txn *txn)
{
    const struct nethvrec_enrollment *e = nethvrec_enrollment_insert(txn);
    nethvrec_enrollment_set_token(e, token);
    nethvrec_enrollment_set_name(e, a->name);
    nethvrec_enrollment_set_request(e, a->request);
    nethvrec_enrollment_set_encap_ip(e, a->encap_ip);
    a->asked = true;
}

/* 'e' is the token's row and not by 'a'. */
static bool
replace(struct admission *a, const struct nethvrec_token *token,
        const struct nethvrec_enrollment *e, struct ovsdb_idl_txn *txn,
        struct admission_result *result)
{
    if (a->asked) {
        return refuse(result, CONFLICT, "another machine is joining with this "
                                        "token just now");
    }
    nethvrec_enrollment_verify_certificate(e);
    nethvrec_enrollment_delete(e);
    ask(a, token, txn);
    return false;
}

/* Returns whether 'token' is for a host of another cloud than the server's:
 * clouds often use the same private addresses, and so a machine in the wrong
 * one finds a gateway all the same. */
static bool
is_astray(const struct nethvrec_token *token,
          const struct admission_server *server)
{
    const struct nethvrec_host *gateway
        = server->gateway ? inventory_host(server->idl, server->gateway) : NULL;
    return gateway && !token->gateway && token->cloud != gateway->cloud;
}

bool
admission_run(struct admission *a, const struct admission_server *server,
              struct ovsdb_idl_txn *txn, struct admission_result *result)
{
    struct ovsdb_idl *idl = server->idl;

    if (!txn) {
        /* What the database holds may be about to change by our own doing. */
        return false;
    }
    const struct nethvrec_token *token = find_token(a, idl);
    if (!token) {
        return refuse(result, FORBIDDEN,
                      "the token is not known here: it has been removed, or is "
                      "of another deployment");
    }
    const struct nethvrec_enrollment *e = find_enrollment(token, idl);
    bool same = e && is_same(a, e);
    if (same && e->certificate && e->host) {
        return let_in(e, idl, server->ca, result);
    }
    if (token->used || (e && e->certificate)) {
        return refuse(result, FORBIDDEN,
                      "the token has been used already: one token is good for "
                      "one host; make another with \"nethvctl host-token\"");
    }
    if (token->expires <= time_wall()) {
        return refuse(result, FORBIDDEN,
                      "the token has expired: make another with \"nethvctl "
                      "host-token\"");
    }
    if (is_astray(token, server)) {
        return refuse(result, FORBIDDEN,
                      "the token is for another cloud than the one that this "
                      "gateway is in");
    }
    if (same) {
        return e->error ? refuse(result, CONFLICT, e->error) : false;
    }
    if (e) {
        return replace(a, token, e, txn, result);
    }
    ask(a, token, txn);
    return false;
}
