/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/home.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db-home.h"
#include "gateway/healer.h"
#include "jsonrpc.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/vlog.h"
#include "ovs/db.h"
#include "ovs/inventory.h"
#include "ovs/program.h"
#include "ovs/vswitch.h"
#include "packets.h"
#include "unixctl.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(home);

#define DB_CONTROL PROGRAM_RUNDIR "/nethv-db.ctl"
#define RELAY_CONTROL PROGRAM_RUNDIR "/nethv-relay.ctl"

struct home {
    unsigned int db_seqno;          /* When the database was asked. */
    char *turned;                   /* Turned to, but not configured yet. */
    char *current;                  /* As configured, NULL until that is seen, */
    uint32_t epoch;                 /* and what was known when it became so. */
};

struct home *
home_create(void)
{
    return xzalloc(sizeof(struct home));
}

void
home_destroy(struct home *home)
{
    if (home) {
        free(home->turned);
        free(home->current);
        free(home);
    }
}

/* Has the daemon whose control socket is at 'path' do 'command', with 'arg'
 * unless that is NULL. */
static void
control(const char *path, const char *command, const char *arg)
{
    struct jsonrpc *client;
    char *argv[] = { CONST_CAST(char *, arg) }, *result = NULL, *error = NULL;

    if (unixctl_client_create(path, &client)) {
        return;                     /* It does not run. */
    }
    int code = unixctl_client_transact(client, command, arg ? 1 : 0, argv,
                                       &result, &error);
    if (code || error) {
        VLOG_WARN("%s: \"%s\" failed: %s", path, command,
                  error ? error : ovs_strerror(code));
    }
    free(result);
    free(error);
    jsonrpc_close(client);
}

/* Has the relay follow the database at 'remote', and serve at 'hosts'. */
static void
turn_relay(const char *remote, const char *hosts)
{
    char *source = xasprintf("relay:NetHV:%s", remote);

    control(RELAY_CONTROL, "ovsdb-server/add-db", source);
    control(RELAY_CONTROL, "ovsdb-server/add-remote", hosts);
    free(source);
}

/* What is written to the old database from now on would be lost. */
static void
retire_database(const char *hosts)
{
    VLOG_WARN("the database has moved: this host's is kept as %s.old",
              INVENTORY_DB_FILE);
    control(DB_CONTROL, "ovsdb-server/remove-remote", hosts);
    control(DB_CONTROL, "exit", NULL);
    if (rename(INVENTORY_DB_FILE, INVENTORY_DB_FILE ".old")
        && errno != ENOENT) {
        VLOG_WARN("%s: cannot be renamed: %s", INVENTORY_DB_FILE,
                  ovs_strerror(errno));
    }
}

/* Where the cloud's hosts are served: by the server of the database if that is
 * here, else by the relay.  nethv-ctl starts them accordingly. */
static char *
hosts_remote(const struct in6_addr *encap_ip)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    ds_put_format(&s, "pssl:%d:", INVENTORY_RELAY_PORT);
    if (IN6_IS_ADDR_V4MAPPED(encap_ip)) {
        ipv6_format_mapped(encap_ip, &s);
    } else {
        ipv6_format_addr_bracket(encap_ip, &s, true);
    }
    return ds_steal_cstr(&s);
}

/* A server answers before it gives a port up, but gives it up before it answers
 * again: so each is asked something else before the other takes the port. */
static void
turn_daemons(const struct in6_addr *encap_ip, bool was_here,
             const char *remote)
{
    bool is_here = !strcmp(remote, INVENTORY_DB_SOCKET);
    char *hosts = hosts_remote(encap_ip);

    if (was_here) {
        retire_database(hosts);
    } else {
        if (is_here) {
            control(RELAY_CONTROL, "ovsdb-server/remove-remote", hosts);
        }
        control(RELAY_CONTROL, "ovsdb-server/remove-db", "NetHV");
    }
    if (is_here) {
        control(DB_CONTROL, "ovsdb-server/add-remote", hosts);
    } else {
        turn_relay(remote, hosts);
    }
    free(hosts);
}

static void
turn(struct home *home, struct vswitch_db *vs, bool was_here,
     const char *remote)
{
    VLOG_INFO("the database is at %s now", remote);
    vswitch_set_external_id(vs, "nethv-database", remote);
    turn_daemons(&vswitch_config(vs)->encap_ip, was_here, remote);
    free(home->turned);
    home->turned = xstrdup(remote);
}

/* Follows the configuration: who changes it knows of all moves until then. */
static void
set_current(struct home *home, const char *current, uint32_t epoch)
{
    if (nullable_string_is_equal(home->current, current)) {
        return;
    }
    home->epoch = home->current ? epoch : 0;
    free(home->current);
    home->current = xstrdup(current);
    free(home->turned);
    home->turned = NULL;
}

/* Takes from the database where that is, if it has ever moved. */
static void
ask_database(struct home *home, struct db *db, struct healer *healer)
{
    const char *epoch = inventory_option(db_idl(db), INVENTORY_DATABASE_EPOCH);
    struct db_home where = { 0, 0 };

    if (!db_is_complete(db) || db_seqno(db) == home->db_seqno) {
        return;
    }
    home->db_seqno = db_seqno(db);
    if (epoch && str_to_uint(epoch, 10, &where.epoch) && where.epoch > 0) {
        where.location = inventory_database_location(db_idl(db));
    }
    if (where.location) {
        healer_say_home(healer, &where);
    }
}

void
home_run(struct home *home, struct db *db, struct vswitch_db *vs,
         uint32_t self, struct healer *healer)
{
    const char *current = vswitch_config(vs)->database;
    const struct db_home *where = healer_home(healer);

    ask_database(home, db, healer);
    if (!vswitch_is_connected(vs) || !current) {
        return;
    }
    set_current(home, current, where->epoch);
    if (where->epoch <= home->epoch) {
        return;
    }
    char *remote = inventory_database_at(db_idl(db), where->location, self);
    if (remote && strcmp(remote, current)
        && !nullable_string_is_equal(remote, home->turned)) {
        turn(home, vs, !strcmp(current, INVENTORY_DB_SOCKET), remote);
    }
    free(remote);
}
