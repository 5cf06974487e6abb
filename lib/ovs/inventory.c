/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovs/inventory.h"

#include <string.h>

#include "nethv-idl.h"
#include "nethv/wire.h"
#include "openvswitch/dynamic-string.h"
#include "smap.h"
#include "svec.h"
#include "util.h"

const struct nethvrec_cloud *
inventory_cloud(struct ovsdb_idl *idl, const char *name)
{
    const struct nethvrec_cloud *cloud;
    NETHVREC_CLOUD_FOR_EACH (cloud, idl) {
        if (!strcmp(cloud->name, name)) {
            return cloud;
        }
    }
    return NULL;
}

const struct nethvrec_host *
inventory_host(struct ovsdb_idl *idl, const char *name)
{
    const struct nethvrec_host *host;
    NETHVREC_HOST_FOR_EACH (host, idl) {
        if (!strcmp(host->name, name)) {
            return host;
        }
    }
    return NULL;
}

const struct nethvrec_host_state *
inventory_state(struct ovsdb_idl *idl, const struct nethvrec_host *host)
{
    const struct nethvrec_host_state *state;
    NETHVREC_HOST_STATE_FOR_EACH (state, idl) {
        if (uuid_equals(&state->host, &host->header_.uuid)) {
            return state;
        }
    }
    return NULL;
}

const char *
inventory_option(struct ovsdb_idl *idl, const char *key)
{
    const struct nethvrec_global *global = nethvrec_global_first(idl);
    return global ? smap_get(&global->options, key) : NULL;
}

const char *
inventory_encap_ip(struct ovsdb_idl *idl, const struct nethvrec_host *host)
{
    const struct nethvrec_host_state *state = inventory_state(idl, host);
    return (state && state->encap_ip[0]
            ? state->encap_ip
            : smap_get(&host->external_ids, INVENTORY_ENCAP_IP));
}

/* Returns "PREFIXip:port", with brackets for IPv6. */
char *
inventory_remote(const char *prefix, const char *ip, int port)
{
    return strchr(ip, ':') ? xasprintf("%s[%s]:%d", prefix, ip, port)
                           : xasprintf("%s%s:%d", prefix, ip, port);
}

/* Adds the remote of 'host' as seen from 'cloud', if it has an address there:
 * the private one within its own cloud, else the public one. */
static void
add_remote(struct ovsdb_idl *idl, const struct nethvrec_host *host,
           const struct nethvrec_cloud *cloud, const char *prefix, int port,
           struct svec *remotes)
{
    const char *ip = (host->cloud == cloud
                      ? inventory_encap_ip(idl, host) : host->public_ip);
    if (ip) {
        svec_add_nocopy(remotes, inventory_remote(prefix, ip, port));
    }
}

char *
inventory_relays(struct ovsdb_idl *idl, const struct nethvrec_cloud *cloud)
{
    struct svec remotes = SVEC_EMPTY_INITIALIZER;
    const struct nethvrec_host *host;

    NETHVREC_HOST_FOR_EACH (host, idl) {
        if (host->gateway && host->cloud == cloud) {
            add_remote(idl, host, cloud, "ssl:", INVENTORY_RELAY_PORT,
                       &remotes);
        }
    }
    svec_sort(&remotes);
    char *joined = svec_join(&remotes, ",", "");
    svec_destroy(&remotes);
    return joined;
}

char *
inventory_database(struct ovsdb_idl *idl, const struct nethvrec_cloud *cloud)
{
    struct svec remotes = SVEC_EMPTY_INITIALIZER;
    const char *name = inventory_option(idl, INVENTORY_DATABASE_HOST);
    const struct nethvrec_host *host = name ? inventory_host(idl, name) : NULL;

    if (host) {
        add_remote(idl, host, cloud, "ssl:", INVENTORY_DB_PORT, &remotes);
    }
    char *joined = svec_join(&remotes, ",", "");
    svec_destroy(&remotes);
    return joined;
}

static uint32_t
location_of(const struct nethvrec_host *host)
{
    return (host && host->cloud
            ? nethv_location(host->cloud->id, host->id, 0) : 0);
}

uint32_t
inventory_database_location(struct ovsdb_idl *idl)
{
    const char *name = inventory_option(idl, INVENTORY_DATABASE_HOST);

    return location_of(name ? inventory_host(idl, name) : NULL);
}

static const struct nethvrec_host *
host_at(struct ovsdb_idl *idl, uint32_t location)
{
    const struct nethvrec_host *host;

    NETHVREC_HOST_FOR_EACH (host, idl) {
        if (location_of(host) == location) {
            return host;
        }
    }
    return NULL;
}

char *
inventory_database_at(struct ovsdb_idl *idl, uint32_t location,
                      uint32_t self_location)
{
    const struct nethvrec_host *host = host_at(idl, location);
    const struct nethvrec_host *self = host_at(idl, self_location);
    struct svec remotes = SVEC_EMPTY_INITIALIZER;

    if (location == self_location) {
        return xstrdup(INVENTORY_DB_SOCKET);
    }
    if (host && self) {
        add_remote(idl, host, self->cloud, "ssl:", INVENTORY_DB_PORT,
                   &remotes);
    }
    char *remote = remotes.n ? xstrdup(remotes.names[0]) : NULL;
    svec_destroy(&remotes);
    return remote;
}

void
inventory_enrol_remotes(struct ovsdb_idl *idl,
                        const struct nethvrec_cloud *cloud, bool gateway,
                        struct svec *remotes)
{
    const struct nethvrec_host *host;

    NETHVREC_HOST_FOR_EACH (host, idl) {
        if (host->gateway && host->cloud == cloud) {
            add_remote(idl, host, cloud, "", INVENTORY_ENROL_PORT, remotes);
        }
    }
    const char *name = inventory_option(idl, INVENTORY_DATABASE_HOST);
    host = gateway && name ? inventory_host(idl, name) : NULL;
    if (host && host->cloud != cloud) {
        add_remote(idl, host, cloud, "", INVENTORY_ENROL_PORT, remotes);
    }
}

const char *
inventory_free_public_ip(struct ovsdb_idl *idl,
                         const struct nethvrec_cloud *cloud)
{
    for (size_t i = 0; i < cloud->n_public_ips; i++) {
        const struct nethvrec_host *host;
        bool taken = false;
        NETHVREC_HOST_FOR_EACH (host, idl) {
            taken |= (host->public_ip
                      && !strcmp(host->public_ip, cloud->public_ips[i]));
        }
        if (!taken) {
            return cloud->public_ips[i];
        }
    }
    return NULL;
}

static bool
host_id_taken(struct ovsdb_idl *idl, const struct nethvrec_cloud *cloud,
              int64_t id)
{
    const struct nethvrec_host *host;
    NETHVREC_HOST_FOR_EACH (host, idl) {
        if (host->cloud == cloud && host->id == id) {
            return true;
        }
    }
    return false;
}

uint16_t
inventory_take_host_id(struct ovsdb_idl *idl,
                       const struct nethvrec_cloud *cloud)
{
    const struct nethvrec_global *global = nethvrec_global_first(idl);
    char *key = xasprintf("host-last-%"PRId64, cloud->id);
    unsigned int last = smap_get_uint(&global->options, key, 0);
    unsigned int taken = 0;

    for (unsigned int n = 1; n <= NETHV_HOST_MAX && !taken; n++) {
        unsigned int id = (last + n - 1) % NETHV_HOST_MAX + 1;
        if (!host_id_taken(idl, cloud, id)) {
            taken = id;
        }
    }
    if (taken) {
        char *value = xasprintf("%u", taken);
        nethvrec_global_verify_options(global);
        nethvrec_global_update_options_setkey(global, key, value);
        free(value);
    }
    free(key);
    return taken;
}
