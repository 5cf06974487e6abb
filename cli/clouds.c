/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "cli/clouds.h"

#include <string.h>

#include "model.h"
#include "nethv-idl.h"
#include "nethv/wire.h"
#include "notation.h"
#include "ovs/hostconf.h"
#include "ovs/inventory.h"
#include "provider.h"
#include "smap.h"
#include "svec.h"
#include "token.h"
#include "util.h"

#define CLOUD_LAST "cloud-last"     /* In Global.options. */

static const struct nethvrec_cloud *
find_id(struct ovsdb_idl *idl, int64_t id)
{
    const struct nethvrec_cloud *cloud;
    NETHVREC_CLOUD_FOR_EACH (cloud, idl) {
        if (cloud->id == id) {
            return cloud;
        }
    }
    return NULL;
}

/* Returns the cloud that has the public address 'ip', or NULL. */
static const struct nethvrec_cloud *
find_public_ip(struct ovsdb_idl *idl, const char *ip)
{
    const struct nethvrec_cloud *cloud;
    NETHVREC_CLOUD_FOR_EACH (cloud, idl) {
        for (size_t i = 0; i < cloud->n_public_ips; i++) {
            if (!strcmp(cloud->public_ips[i], ip)) {
                return cloud;
            }
        }
    }
    return NULL;
}

static char *
check_words(const struct cloud_wish *wish)
{
    static const char *const modes[] = { "direct", "tree", "mesh" };
    bool known_mode = !wish->mode;

    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        known_mode |= wish->mode && !strcmp(wish->mode, modes[i]);
    }
    if (!known_mode) {
        return xasprintf("the mode of a cloud is direct, tree or mesh, not "
                         "\"%s\"", wish->mode);
    }
    if (wish->provider && !provider_find(wish->provider)) {
        return xasprintf("the provider of a cloud is aws, azure, gcp, private "
                         "or other, not \"%s\"", wish->provider);
    }
    if (wish->mtu && (wish->mtu < 1280 || wish->mtu > 65535)) {
        return xasprintf("the MTU of a cloud is from 1280 to 65535 bytes, not "
                         "%d", wish->mtu);
    }
    if (wish->id < 0 || wish->id > (int) NETHV_CLOUD_MAX) {
        return xasprintf("the id of a cloud is from 1 to %u, not %d",
                         NETHV_CLOUD_MAX, wish->id);
    }
    return token_check_name("cloud", wish->name);
}

/* Reads the addresses in 'list', parted by commas, into 'ips', sorted and each
 * in the one form that the database has of it. */
static char *
parse_public_ips(const char *list, struct svec *ips)
{
    char *copy = xstrdup(list), *rest = copy, *fault = NULL;

    for (char *s; !fault && (s = strsep(&rest, ",")); ) {
        struct in6_addr ip;

        if (!hostconf_is_ip(s)) {
            fault = xasprintf("a public address is an IPv4 or IPv6 address, "
                              "not \"%s\"", s);
        } else {
            fault = notation_host_ip_parse(s, &ip);
        }
        if (!fault) {
            svec_add_nocopy(ips, notation_host_ip_format(&ip));
        }
    }
    free(copy);
    svec_sort_unique(ips);
    return fault;
}

static char *
check_public_ips(struct ovsdb_idl *idl, const struct svec *ips)
{
    const char *ip;
    size_t i;

    SVEC_FOR_EACH (i, ip, ips) {
        const struct nethvrec_cloud *other = find_public_ip(idl, ip);
        if (other) {
            return xasprintf("%s is a public address of cloud \"%s\" already",
                             ip, other->name);
        }
    }
    return NULL;
}

static char *
check_free(struct ovsdb_idl *idl, const struct cloud_wish *wish)
{
    if (inventory_cloud(idl, wish->name)) {
        return xasprintf("there is a cloud called \"%s\" already", wish->name);
    }
    const struct nethvrec_cloud *other = (wish->id ? find_id(idl, wish->id)
                                          : NULL);
    return other ? xasprintf("cloud \"%s\" has the id %d already",
                             other->name, wish->id)
                 : NULL;
}

/* Returns the next free id, not the lowest, so that one rests after its cloud
 * has gone; 0 if there is none. */
static int
next_id(struct ovsdb_idl *idl)
{
    const struct nethvrec_global *global = nethvrec_global_first(idl);
    unsigned int last = smap_get_uint(&global->options, CLOUD_LAST, 0);

    for (unsigned int n = 0; n < NETHV_CLOUD_MAX; n++) {
        unsigned int id = (last + n) % NETHV_CLOUD_MAX + 1;
        if (!find_id(idl, id)) {
            return id;
        }
    }
    return 0;
}

static void
remember_id(struct ovsdb_idl *idl, int id)
{
    const struct nethvrec_global *global = nethvrec_global_first(idl);
    struct smap options;

    smap_clone(&options, &global->options);
    smap_remove(&options, CLOUD_LAST);
    smap_add_format(&options, CLOUD_LAST, "%d", id);
    nethvrec_global_verify_options(global);
    nethvrec_global_set_options(global, &options);
    smap_destroy(&options);
}

/* Any two clouds can be joined by an edge unless the operator removes the
 * candidate; which of them are, is decided by costs. */
static void
insert_links(struct ovsdb_idl *idl, struct ovsdb_idl_txn *txn,
             const struct nethvrec_cloud *cloud)
{
    const struct nethvrec_cloud *other;
    NETHVREC_CLOUD_FOR_EACH (other, idl) {
        if (other != cloud) {
            bool first = other->id < cloud->id;
            const struct nethvrec_cloud_link *link
                = nethvrec_cloud_link_insert(txn);
            nethvrec_cloud_link_set_a(link, first ? other : cloud);
            nethvrec_cloud_link_set_b(link, first ? cloud : other);
        }
    }
}

static const struct nethvrec_cloud *
insert_cloud(struct ovsdb_idl_txn *txn, const struct cloud_wish *wish, int id,
             const struct svec *ips)
{
    const struct provider *p = (wish->provider
                                ? provider_find(wish->provider)
                                : PROVIDER_OTHER);
    const char *encaps[ENCAP_N];
    size_t n_encaps = encaps_to_names(p->encaps, encaps);
    const struct nethvrec_cloud *cloud = nethvrec_cloud_insert(txn);

    nethvrec_cloud_set_name(cloud, wish->name);
    nethvrec_cloud_set_id(cloud, id);
    nethvrec_cloud_set_provider(cloud, p->name);
    nethvrec_cloud_set_jurisdiction(cloud, (wish->jurisdiction
                                            ? wish->jurisdiction : ""));
    nethvrec_cloud_set_mtu(cloud, wish->mtu ? wish->mtu : p->mtu);
    nethvrec_cloud_set_mode(cloud, wish->mode ? wish->mode : "direct");
    nethvrec_cloud_set_encaps(cloud, encaps, n_encaps);
    nethvrec_cloud_set_public_ips(cloud, (const char **) ips->names, ips->n);
    return cloud;
}

char *
clouds_add(struct ovsdb_idl *idl, struct ovsdb_idl_txn *txn,
           const struct cloud_wish *wish, const struct nethvrec_cloud **cloudp)
{
    struct svec ips = SVEC_EMPTY_INITIALIZER;

    char *error = check_words(wish);
    if (!error) {
        error = parse_public_ips(wish->public_ips, &ips);
    }
    if (!error) {
        error = check_public_ips(idl, &ips);
    }
    if (!error) {
        error = check_free(idl, wish);
    }
    int id = error ? 0 : wish->id ? wish->id : next_id(idl);
    if (!error && !id) {
        error = xasprintf("there are %u clouds, which is all that there can "
                          "be", NETHV_CLOUD_MAX);
    }
    if (!error) {
        const struct nethvrec_cloud *cloud = insert_cloud(txn, wish, id, &ips);
        insert_links(idl, txn, cloud);
        remember_id(idl, id);
        if (cloudp) {
            *cloudp = cloud;
        }
    }
    svec_destroy(&ips);
    return error;
}
