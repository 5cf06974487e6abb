/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/sign.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "nethv-idl.h"
#include "nethv/wire.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs/inventory.h"
#include "ovs/pki.h"
#include "ovs/signature.h"
#include "ovs/text-file.h"
#include "smap.h"
#include "timeval.h"
#include "token.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(sign);

#define CARE_INTERVAL_MSEC (60 * 60 * 1000)
#define TOKEN_KEEP_SECONDS (7 * 86400)

struct sign {
    struct ovsdb_idl *idl;
    char *key;
    char *certificate;
    long long int next_care;        /* When to look at ages again, msec. */
};

char *
sign_create(const char *key_file, const char *ca_file, struct ovsdb_idl *idl,
            struct sign **signp)
{
    char *key, *certificate;

    if (access(key_file, F_OK) && errno == ENOENT) {
        *signp = NULL;
        return NULL;
    }
    char *error = text_file_read(key_file, &key);
    if (error) {
        return error;
    }
    error = text_file_read(ca_file, &certificate);
    if (!error) {
        error = pki_check(ca_file, certificate, key, certificate, time_wall());
        if (error) {
            free(certificate);
        }
    }
    if (error) {
        pki_wipe(key);
        return error;
    }

    *signp = xmalloc(sizeof **signp);
    **signp = (struct sign) {
        .idl = idl, .key = key, .certificate = certificate,
    };
    return NULL;
}

void
sign_destroy(struct sign *sign)
{
    if (sign) {
        pki_wipe(sign->key);
        free(sign->certificate);
        free(sign);
    }
}

/* Joining. */

static char *
check_token(const struct nethvrec_token *token)
{
    if (token->used) {
        return xstrdup("the token has been used already: one token is good "
                       "for one host");
    }
    if (token->expires <= time_wall()) {
        return xasprintf("the token expired: make a new one with \"nethvctl "
                         "host-token %s\"", token->cloud->name);
    }
    return NULL;
}

static char *
check_names(struct sign *sign, const struct nethvrec_enrollment *e)
{
    uint8_t address[sizeof(struct in6_addr)];
    char *error = token_check_name("host", e->name);
    if (error) {
        return error;
    }
    if (inventory_host(sign->idl, e->name)) {
        return xasprintf("there is a host called \"%s\" already: choose "
                         "another name with --name, or remove that host with "
                         "\"nethvctl host-remove %s\"", e->name, e->name);
    }
    if (inet_pton(AF_INET, e->encap_ip, address) != 1
        && inet_pton(AF_INET6, e->encap_ip, address) != 1) {
        return xstrdup("the address of the host is not an IP address");
    }
    return NULL;
}

/* What a new host gets besides its certificate. */
struct place {
    uint16_t id;
    const char *public_ip;          /* Gateways only. */
};

static char *
find_place(struct sign *sign, const struct nethvrec_token *token,
           struct place *place)
{
    const struct nethvrec_cloud *cloud = token->cloud;

    place->public_ip = NULL;
    if (token->gateway) {
        place->public_ip = inventory_free_public_ip(sign->idl, cloud);
        if (!place->public_ip) {
            return xasprintf("cloud \"%s\" has no public address left for one "
                             "more gateway: add one with \"nethvctl add cloud "
                             "%s public_ips ADDRESS\"",
                             cloud->name, cloud->name);
        }
    }
    place->id = inventory_take_host_id(sign->idl, cloud);
    return place->id ? NULL
                     : xasprintf("cloud \"%s\" has %u hosts, which is all that "
                                 "it can have", cloud->name, NETHV_HOST_MAX);
}

static const struct nethvrec_host *
insert_host(struct ovsdb_idl_txn *txn, const struct nethvrec_enrollment *e,
            const struct place *place)
{
    const struct nethvrec_host *host = nethvrec_host_insert(txn);
    struct smap ids = SMAP_INITIALIZER(&ids);

    nethvrec_host_set_name(host, e->name);
    nethvrec_host_set_cloud(host, e->token->cloud);
    nethvrec_host_set_id(host, place->id);
    nethvrec_host_set_gateway(host, e->token->gateway);
    if (place->public_ip) {
        nethvrec_host_set_public_ip(host, place->public_ip);
    }
    smap_add(&ids, INVENTORY_ENCAP_IP, e->encap_ip);
    nethvrec_host_set_external_ids(host, &ids);
    smap_destroy(&ids);
    return host;
}

/* Writes down with which key 'host' signs, if 'certificate' is not for the one
 * that is written there. */
static void
set_public_key(const struct nethvrec_host *host, const char *certificate)
{
    char key[SIGNATURE_PUBLIC_LEN + 1];

    if (signature_public_of(certificate, key)
        && strcmp(host->public_key, key)) {
        nethvrec_host_set_public_key(host, key);
    }
}

/* Grants 'e', or returns why not. */
static char *
grant(struct sign *sign, struct ovsdb_idl_txn *txn,
      const struct nethvrec_enrollment *e)
{
    struct pki_subject subject = { e->name, e->token->gateway };
    char *certificate = NULL;
    struct place place;

    char *error = check_token(e->token);
    if (!error) {
        error = check_names(sign, e);
    }
    if (!error) {
        error = pki_sign(sign->key, sign->certificate, e->request, &subject,
                         time_wall(), &certificate);
    }
    if (!error) {
        error = find_place(sign, e->token, &place);
    }
    if (!error) {
        nethvrec_token_verify_used(e->token);
        nethvrec_token_set_used(e->token, true);
        nethvrec_enrollment_set_certificate(e, certificate);
        const struct nethvrec_host *host = insert_host(txn, e, &place);
        nethvrec_enrollment_set_host(e, host);
        set_public_key(host, certificate);
        VLOG_INFO("host %s joins cloud %s with id %d%s", e->name,
                  e->token->cloud->name, place.id,
                  e->token->gateway ? " as a gateway" : "");
    }
    free(certificate);
    return error;
}

/* Answers the first row that waits.  One a transaction: two in one could not be
 * told apart if it failed. */
static bool
answer_one(struct sign *sign, struct ovsdb_idl_txn *txn)
{
    const struct nethvrec_enrollment *e;

    NETHVREC_ENROLLMENT_FOR_EACH (e, sign->idl) {
        if (e->certificate || e->error) {
            continue;
        }
        nethvrec_enrollment_verify_certificate(e);
        char *error = grant(sign, txn, e);
        if (error) {
            VLOG_WARN("a host is refused: %s", error);
            nethvrec_enrollment_set_error(e, error);
            free(error);
        }
        return true;
    }
    return false;
}

/* Renewal and removal, by age. */

static void
renew(struct sign *sign, const struct nethvrec_enrollment *e)
{
    struct pki_subject subject = { e->host->name, e->host->gateway };
    char *certificate;

    char *error = pki_sign(sign->key, sign->certificate, e->request, &subject,
                           time_wall(), &certificate);
    if (error) {
        VLOG_WARN("the certificate of host %s cannot be made anew: %s",
                  e->host->name, error);
        free(error);
    } else {
        VLOG_INFO("the certificate of host %s is made anew", e->host->name);
        nethvrec_enrollment_set_certificate(e, certificate);
        free(certificate);
    }
}

static bool
has_enrollment(struct sign *sign, const struct nethvrec_token *token)
{
    const struct nethvrec_enrollment *e;
    NETHVREC_ENROLLMENT_FOR_EACH (e, sign->idl) {
        if (e->token == token) {
            return true;
        }
    }
    return false;
}

static void
care(struct sign *sign)
{
    const struct nethvrec_enrollment *e;
    NETHVREC_ENROLLMENT_FOR_EACH (e, sign->idl) {
        if (e->host && e->certificate) {
            /* A deployment that is older than the column has none. */
            set_public_key(e->host, e->certificate);
            if (pki_wants_renewal(e->certificate, time_wall())) {
                renew(sign, e);
            }
        }
    }

    const struct nethvrec_token *token, *next;
    NETHVREC_TOKEN_FOR_EACH_SAFE (token, next, sign->idl) {
        if (token->expires + TOKEN_KEEP_SECONDS < time_wall()
            && !has_enrollment(sign, token)) {
            nethvrec_token_delete(token);
        }
    }
}

void
sign_run(struct sign *sign, struct ovsdb_idl_txn *txn)
{
    if (!sign || !txn || !nethvrec_global_first(sign->idl)) {
        return;
    }
    if (!answer_one(sign, txn) && time_msec() >= sign->next_care) {
        care(sign);
        sign->next_care = time_msec() + CARE_INTERVAL_MSEC;
    }
}

void
sign_wait(struct sign *sign)
{
    if (sign) {
        poll_timer_wait_until(sign->next_care);
    }
}
