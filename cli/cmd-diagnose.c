/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "cli/cmd-diagnose.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/problems.h"
#include "model.h"
#include "nethv-idl.h"
#include "openvswitch/vlog.h"
#include "ovs/command.h"
#include "ovs/hostconf.h"
#include "ovs/mirror.h"
#include "ovs/pki.h"
#include "ovs/reader.h"
#include "ovsdb-idl.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"

#define TIMEOUT_MSEC 5000
#define UNIX_PREFIX "unix:"

/* Returns a sentence on why the database at 'remote' may not answer. */
static char *
explain_silence(const char *remote)
{
    const char *path = (!strncmp(remote, UNIX_PREFIX,
                                 strlen(UNIX_PREFIX))
                        ? remote + strlen(UNIX_PREFIX) : NULL);
    if (!path) {
        return xstrdup("is it running, do firewalls let this machine through, "
                       "and is this machine's certificate good?  "
                       "\"nethv-agent diagnose\" finds out");
    }
    return access(path, F_OK)
        ? xasprintf("%s is not there: the database does not run on this "
                    "machine; start it with \"systemctl start nethv-database\" "
                    "or \"nethv-ctl start-database\", or name another with "
                    "--db", path)
        : xasprintf("%s is there but nobody answers: the database has "
                    "crashed; its log is /var/log/nethv/nethv-db.log", path);
}

/* A gateway or host whose certificate is not valid can speak to nobody. */
static void
collect_certificates(struct ovsdb_idl *idl, struct svec *problems)
{
    const struct nethvrec_enrollment *e;

    NETHVREC_ENROLLMENT_FOR_EACH (e, idl) {
        if (e->host && e->certificate) {
            char *what = xasprintf("the certificate of host %s",
                                   e->host->name);
            char *error = pki_check(what, e->certificate, NULL, NULL,
                                    time_wall());
            if (error) {
                svec_add_nocopy(problems, error);
            }
            free(what);
        }
    }
}

static void
collect_tokens(struct ovsdb_idl *idl, struct svec *problems)
{
    const struct nethvrec_token *token;

    NETHVREC_TOKEN_FOR_EACH (token, idl) {
        if (!token->used && token->expires <= time_wall()) {
            svec_add_nocopy(problems, xasprintf(
                "a token for cloud %s expired unused %lld s ago: a machine "
                "that still has it needs a new one (\"nethvctl host-token "
                "%s%s\")", token->cloud->name,
                (long long int) (time_wall() - token->expires),
                token->cloud->name, token->gateway ? " --gateway" : ""));
        }
    }
}

static void
collect_firewalls(struct ovsdb_idl *idl, struct svec *problems)
{
    const struct nethvrec_tunnel *tunnel;

    NETHVREC_TUNNEL_FOR_EACH (tunnel, idl) {
        const struct nethvrec_host *a
            = nethvrec_host_get_for_uuid(idl, &tunnel->a);
        const struct nethvrec_host *b
            = nethvrec_host_get_for_uuid(idl, &tunnel->b);
        if (a && b && (!tunnel->a_up || !tunnel->b_up)) {
            enum encap encap = ENCAP_GRE;
            encap_from_name(tunnel->encap, &encap);
            svec_add_nocopy(problems, xasprintf(
                "%s does not pass between %s and %s: the firewall of cloud %s "
                "must let in %s from %s, that of cloud %s from %s (\"nethvctl "
                "firewall\" lists what)", tunnel->encap, a->name, b->name,
                a->cloud->name, encap_carrier(encap),
                b->public_ip ? b->public_ip : b->name, b->cloud->name,
                a->public_ip ? a->public_ip : a->name));
        }
    }
}

static bool
print_problems(struct ovsdb_idl *idl)
{
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    struct model *model = model_create();
    struct mirror *mirror = mirror_create(idl, model, true);
    const char *problem;
    size_t i;

    mirror_sync(mirror);
    problems_collect(idl, model, &problems);
    collect_firewalls(idl, &problems);
    collect_certificates(idl, &problems);
    collect_tokens(idl, &problems);
    SVEC_FOR_EACH (i, problem, &problems) {
        printf("WRONG  %s\n", problem);
    }
    if (!problems.n) {
        printf("ok     the database shows no problem\n");
    }
    bool wrong = problems.n > 0;
    mirror_destroy(mirror);
    model_destroy(model);
    svec_destroy(&problems);
    return wrong;
}

static bool
diagnose_deployment(const char *remote)
{
    struct ovsdb_idl *idl;
    char *error = reader_open(remote, TIMEOUT_MSEC, &idl);
    if (error) {
        char *why = explain_silence(remote);
        printf("WRONG  %s: %s\n", error, why);
        free(why);
        free(error);
        return true;
    }
    bool wrong = print_problems(idl);
    ovsdb_idl_destroy(idl);
    return wrong;
}

/* Runs "nethv-agent diagnose", if this machine has joined. */
static bool
diagnose_machine(void)
{
    char *const argv[] = {
        CONST_CAST(char *, "nethv-agent"), CONST_CAST(char *, "diagnose"),
        NULL,
    };
    char *cloud = NULL;
    int status = 0;
    pid_t pid;

    char *error = geteuid() ? NULL : hostconf_get("nethv-cloud", &cloud);
    bool joined = cloud || error;
    free(cloud);
    free(error);
    if (!joined || !command_exists("nethv-agent")) {
        return false;
    }
    printf("\nThis machine:\n");
    fflush(stdout);
    if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ)) {
        return false;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        continue;
    }
    return status != 0;
}

static int
run_diagnose(int argc, char *argv[])
{
    if (argc != 1) {
        fprintf(stderr, "nethvctl: diagnose: it takes no argument \"%s\"\n",
                argv[1]);
        return CLI_FAILED;
    }
    vlog_set_levels(NULL, VLF_CONSOLE, VLL_OFF);
    bool wrong = diagnose_deployment(getenv("NETHV_DB"));
    wrong |= diagnose_machine();
    return wrong ? CLI_FAILED : CLI_OK;
}

const struct local_verb cmd_diagnose = {
    "diagnose", run_diagnose,
    "  diagnose                           name what is wrong, here and in the\n"
    "                                     whole deployment\n",
};
