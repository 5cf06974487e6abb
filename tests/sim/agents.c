/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Many agents in one process, without any Open vSwitch: the production code
 * from the database to a host's rules and back, with a switch that confirms at
 * once.
 *
 * Usage: agents REMOTE                 agents, as standard input says
 *        agents REMOTE --controller    the global controller instead
 *
 * Standard input has a line for each host, which the database has already:
 *
 *     NAME CLOUD-ID HOST-ID IFACE-ID...
 *
 * Runs until it is killed. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/claims.h"
#include "agent/followers.h"
#include "agent/report.h"
#include "compile/compile.h"
#include "fatal-signal.h"
#include "gateway/global.h"
#include "model.h"
#include "nethv/wire.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs/db.h"
#include "ovs/vswitch.h"
#include "packets.h"
#include "rule.h"
#include "svec.h"
#include "util.h"

#define ENDPOINT_OFPORT 100

struct agent {
    struct vswitch_config config;
    struct shash ifaces;            /* struct vswitch_iface. */
    struct model *model;
    struct db *db;
    struct compiler *compiler;
    struct claims *claims;
    struct followers *followers;
    struct report *report;
    uint64_t stamp;

    /* As of the last run. */
    bool complete;
    unsigned int seqno;
    uint64_t n_transactions;
    bool unwritten;
};

static void
add_interface(struct agent *agent, const char *iface_id)
{
    struct vswitch_iface *iface = xzalloc(sizeof *iface);
    size_t n = shash_count(&agent->ifaces);

    iface->name = xasprintf("eth%"PRIuSIZE, n);
    iface->iface_id = xstrdup(iface_id);
    iface->ofport = ENDPOINT_OFPORT + n;
    shash_add(&agent->ifaces, iface->name, iface);
}

/* What a host of mode direct has, all of which is there from the start. */
static void
set_fabric(struct agent *agent)
{
    struct fabric fabric;

    memset(&fabric, 0, sizeof fabric);
    fabric_clear_trees(&fabric);
    fabric.mode = CLOUD_DIRECT;
    fabric.encaps = ENCAP_ALL;
    fabric.gateway = nethv_location(agent->config.cloud_id, 1, 0);
    for (enum encap encap = 0; encap < ENCAP_N; encap++) {
        fabric.tunnel_ofports[encap] = 1 + encap;
    }
    compiler_set_fabric(agent->compiler, &fabric);
}

static void
agent_init(struct agent *agent, const char *remote, char *line)
{
    char *save_ptr = NULL;
    char *word = strtok_r(line, " \n", &save_ptr);
    struct vswitch_config *config = &agent->config;

    memset(agent, 0, sizeof *agent);
    shash_init(&agent->ifaces);
    config->host = xstrdup(word);
    config->cloud_id = atoi(strtok_r(NULL, " \n", &save_ptr));
    config->host_id = atoi(strtok_r(NULL, " \n", &save_ptr));
    in6_addr_set_mapped_ipv4(&config->encap_ip,
                             htonl(0x0a000000 | config->host_id));
    while ((word = strtok_r(NULL, " \n", &save_ptr))) {
        add_interface(agent, word);
    }

    uint32_t self = nethv_location(config->cloud_id, config->host_id, 0);
    agent->model = model_create();
    agent->db = db_create(agent->model, DB_HOST);
    db_set_self(agent->db, config->host);
    db_set_remotes(agent->db, remote, false);
    agent->compiler = compiler_create(agent->model, self);
    agent->claims = claims_create(agent->model, agent->db, self);
    agent->followers = followers_create(agent->model, self);
    followers_set_tunnels(agent->followers, true);  /* There are none. */
    agent->report = report_create();
    set_fabric(agent);
}

/* Returns whether there is anything to do besides db_run(). */
static bool
is_idle(struct agent *agent)
{
    struct db_results results;
    bool complete = db_is_complete(agent->db);
    unsigned int seqno = db_seqno(agent->db);

    db_get_results(agent->db, &results);
    uint64_t n_transactions = results.n_committed + results.n_failed;
    bool idle = complete && agent->complete && seqno == agent->seqno
                && n_transactions == agent->n_transactions
                && !agent->unwritten && !report_is_due(agent->report);
    agent->complete = complete;
    agent->seqno = seqno;
    agent->n_transactions = n_transactions;
    return idle;
}

static void
run_compiler(struct agent *agent)
{
    struct hmap changes = HMAP_INITIALIZER(&changes);

    compiler_run(agent->compiler);
    rule_set_take_changes(compiler_rules(agent->compiler), &changes);
    agent->stamp += !hmap_is_empty(&changes);
    rule_changes_destroy(&changes);
}

static void
write_database(struct agent *agent)
{
    static const struct vswitch_counters no_traffic;
    static const struct svec no_problems = SVEC_EMPTY_INITIALIZER;
    struct ovsdb_idl_txn *txn;

    agent->unwritten = true;
    if (!db_self(agent->db) || !db_is_complete(agent->db)) {
        return;
    }
    txn = db_txn(agent->db);
    if (txn) {
        claims_write(agent->claims, agent->db, agent->followers,
                     report_is_due(agent->report), txn);
        followers_write(agent->followers, agent->db, txn);
        report_write(agent->report, agent->db, agent->model, &agent->config,
                     &no_traffic, &no_problems, txn);
        agent->unwritten = false;
    }
}

/* The same steps as agent_run(). */
static void
agent_run(struct agent *agent)
{
    db_run(agent->db);
    if (!is_idle(agent)) {
        followers_mark(agent->followers);
        claims_update(agent->claims, &agent->ifaces, agent->db,
                      agent->followers, agent->compiler);
        followers_sweep(agent->followers, agent->db);
        run_compiler(agent);
        followers_update(agent->followers, agent->db, agent->claims,
                         agent->stamp, agent->stamp);
        write_database(agent);
    }
    db_commit(agent->db);
}

static void
run_agents(const char *remote)
{
    struct agent *agents = NULL;
    size_t n = 0, allocated = 0, size = 0;
    char *line = NULL;

    while (getline(&line, &size, stdin) > 0) {
        if (n >= allocated) {
            agents = x2nrealloc(agents, &allocated, sizeof *agents);
        }
        agent_init(&agents[n++], remote, line);
    }
    free(line);
    for (size_t i = 0; i < n; i++) {
        /* A hash map may point into itself. */
        shash_moved(&agents[i].ifaces);
    }
    for (;;) {
        for (size_t i = 0; i < n; i++) {
            agent_run(&agents[i]);
        }
        for (size_t i = 0; i < n; i++) {
            db_wait(agents[i].db);
            report_wait(agents[i].report);
        }
        poll_block();
    }
}

static void
run_controller(const char *remote)
{
    struct global *global = global_create("controller");

    for (;;) {
        global_run(global, remote, NULL);
        global_wait(global);
        poll_block();
    }
}

int
main(int argc, char *argv[])
{
    set_program_name(argv[0]);
    fatal_ignore_sigpipe();
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_WARN);
    if (argc == 2) {
        run_agents(argv[1]);
    } else if (argc == 3 && !strcmp(argv[2], "--controller")) {
        run_controller(argv[1]);
    }
    ovs_fatal(0, "usage: %s REMOTE [--controller]", argv[0]);
}
