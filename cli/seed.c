/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "cli/seed.h"

#include "cli/clouds.h"
#include "ovs/reader.h"
#include "nethv-idl.h"
#include "ovs/inventory.h"
#include "ovs/pki.h"
#include "ovs/signature.h"
#include "ovsdb-idl.h"
#include "smap.h"
#include "timeval.h"
#include "util.h"

#define TIMEOUT_MSEC 10000

static void
insert_global(struct ovsdb_idl_txn *txn, const struct seed *seed)
{
    const struct nethvrec_global *global = nethvrec_global_insert(txn);
    struct smap options = SMAP_INITIALIZER(&options);

    smap_add(&options, INVENTORY_DATABASE_HOST, seed->host);
    smap_add(&options, INVENTORY_CA, seed->ca_fingerprint);
    smap_add(&options, "host-last-" SEED_CLOUD_ID, SEED_HOST_ID);
    nethvrec_global_set_options(global, &options);
    smap_destroy(&options);
}

static const struct nethvrec_host *
insert_host(struct ovsdb_idl_txn *txn, const struct seed *seed,
            const struct nethvrec_cloud *cloud)
{
    const struct nethvrec_host *host = nethvrec_host_insert(txn);
    const struct smap ids = SMAP_CONST1(&ids, INVENTORY_ENCAP_IP,
                                        seed->encap_ip);
    char public_key[SIGNATURE_PUBLIC_LEN + 1];

    nethvrec_host_set_name(host, seed->host);
    nethvrec_host_set_cloud(host, cloud);
    nethvrec_host_set_id(host, 1);
    nethvrec_host_set_gateway(host, true);
    nethvrec_host_set_public_ip(host, cloud->public_ips[0]);
    nethvrec_host_set_external_ids(host, &ids);
    if (signature_public_of(seed->certificate, public_key)) {
        nethvrec_host_set_public_key(host, public_key);
    }
    return host;
}

/* The rows that joining would have left: by them the certificate is renewed. */
static void
insert_enrollment(struct ovsdb_idl_txn *txn, const struct seed *seed,
                  const struct nethvrec_cloud *cloud,
                  const struct nethvrec_host *host)
{
    const struct nethvrec_token *token = nethvrec_token_insert(txn);
    nethvrec_token_set_name(token, "init");
    nethvrec_token_set_cloud(token, cloud);
    nethvrec_token_set_gateway(token, true);
    nethvrec_token_set_expires(token, time_wall());
    nethvrec_token_set_used(token, true);

    const struct nethvrec_enrollment *e = nethvrec_enrollment_insert(txn);
    nethvrec_enrollment_set_token(e, token);
    nethvrec_enrollment_set_name(e, seed->host);
    nethvrec_enrollment_set_request(e, seed->request);
    nethvrec_enrollment_set_encap_ip(e, seed->encap_ip);
    nethvrec_enrollment_set_certificate(e, seed->certificate);
    nethvrec_enrollment_set_host(e, host);
}

static char *
insert_all(struct ovsdb_idl *idl, const struct seed *seed)
{
    const struct cloud_wish wish = {
        .name = seed->cloud, .provider = seed->provider,
        .jurisdiction = seed->jurisdiction, .mode = seed->mode,
        .public_ips = seed->public_ip, .mtu = seed->mtu, .id = 1,
    };
    const struct nethvrec_cloud *cloud;
    struct ovsdb_idl_txn *txn = ovsdb_idl_txn_create(idl);

    insert_global(txn, seed);
    char *error = clouds_add(idl, txn, &wish, &cloud);
    if (!error) {
        insert_enrollment(txn, seed, cloud, insert_host(txn, seed, cloud));
        if (ovsdb_idl_txn_commit_block(txn) != TXN_SUCCESS) {
            error = xasprintf("the database refuses its first rows: %s",
                              ovsdb_idl_txn_get_error(txn));
        }
    }
    ovsdb_idl_txn_destroy(txn);
    return error;
}

char *
seed_database(const struct seed *seed)
{
    struct ovsdb_idl *idl;
    char *error = reader_open(seed->remote, TIMEOUT_MSEC, &idl);
    if (error) {
        return error;
    }
    error = (nethvrec_global_first(idl)
             ? xasprintf("the database at %s is not empty", seed->remote)
             : insert_all(idl, seed));
    ovsdb_idl_destroy(idl);
    return error;
}
