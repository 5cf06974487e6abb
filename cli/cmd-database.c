/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "cli/cmd-database.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "ovs/command.h"
#include "ovs/hostconf.h"
#include "ovs/inventory.h"
#include "ovs/pki.h"
#include "timeval.h"
#include "util.h"

#define DB_NEW INVENTORY_DB_FILE ".new"

/* The start of a command that gives up after 'SECONDS'. */
#define CLIENT(SECONDS) "ovsdb-client", "--timeout=" SECONDS, \
    "--private-key=" PKI_HOST_KEY, "--certificate=" PKI_HOST_CERT, \
    "--ca-cert=" PKI_CA_CERT

struct move {
    const char *from;               /* A backup; NULL: the relay's copy. */
    char *host;                     /* This one.  Owned. */
    char *encap_ip;                 /* Owned. */
    char *database;                 /* Where it was.  Owned. */
    struct undo undo;
};

static const struct option options[] = {
    { "from", required_argument, NULL, 'f' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

static const char usage[] = "usage: nethvctl database-move [--from=FILE]";

static char *
parse(struct move *move, int argc, char *argv[])
{
    int option;

    optind = 0;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 'f':
            move->from = optarg;
            break;
        case 'h':
            puts(usage);
            exit(EXIT_SUCCESS);
        default:
            return xstrdup(usage);
        }
    }
    return (optind < argc
            ? xasprintf("database-move takes no argument \"%s\"", argv[optind])
            : NULL);
}

static char *
check_machine(struct move *move)
{
    char *error = hostconf_get("nethv-host", &move->host);
    error = error ? error : hostconf_get("nethv-encap-ip", &move->encap_ip);
    error = error ? error : hostconf_get("nethv-database", &move->database);
    if (error) {
        return error;
    }
    if (!move->host || !move->encap_ip || !move->database) {
        return xstrdup("this machine is not a gateway of a deployment: run it "
                       "on the gateway that is to have the database");
    }
    if (!strcmp(move->database, INVENTORY_DB_SOCKET)) {
        return xstrdup("this gateway has the database already");
    }
    if (!access(INVENTORY_DB_FILE, F_OK)) {
        return xasprintf("%s is there: it would be overwritten; move it away",
                         INVENTORY_DB_FILE);
    }
    if (move->from && access(move->from, R_OK)) {
        return xasprintf("%s: cannot be read", move->from);
    }
    return NULL;
}

/* What is written to the old database after it was copied would be lost. */
static char *
check_gone(struct move *move)
{
    char *error = command_run(COMMAND(CLIENT("2"), "get-schema-version",
                                      move->database, "NetHV"), NULL);
    if (error) {
        free(error);
        return NULL;
    }
    return xasprintf("the database at %s answers: stop it first, by "
                     "\"systemctl disable --now nethv-database\" there",
                     move->database);
}

/* Makes the file from the backup, or from what this gateway's relay has. */
static char *
copy(struct move *move)
{
    undo_add(&move->undo, undo_unlink, DB_NEW);
    if (move->from) {
        return command_run(COMMAND("cp", "--", move->from, DB_NEW), NULL);
    }
    char *relay = inventory_remote("ssl:", move->encap_ip,
                                   INVENTORY_RELAY_PORT);
    char *error = command_run(COMMAND("sh", "-c", "exec \"$@\" >" DB_NEW, "sh",
                                      CLIENT("5"), "backup", relay, "NetHV"),
                              NULL);
    free(relay);
    return error;
}

/* Checks the file, and puts it in place. */
static char *
install(struct move *move)
{
    char *name = NULL;
    char *error = command_run(COMMAND("ovsdb-tool", "db-name", DB_NEW), &name);

    if (!error && strcmp(name, "NetHV")) {
        error = xasprintf("%s: is a database \"%s\", not \"NetHV\"",
                          move->from ? move->from : "the relay", name);
    }
    free(name);
    if (!error) {
        undo_add(&move->undo, undo_unlink, "/var/lib/nethv/.nethv.db.~lock~");
        undo_add(&move->undo, undo_unlink, INVENTORY_DB_FILE);
        error = command_run(COMMAND("mv", "--", DB_NEW, INVENTORY_DB_FILE),
                            NULL);
    }
    return error;
}

static char *
start(struct move *move)
{
    char *error = hostconf_start("database");

    if (!error) {
        undo_add(&move->undo, hostconf_undo_start, "database");
    }
    return error;
}

/* Writes into the database where it is. */
static char *
sign(struct move *move)
{
    char *transaction = xasprintf(
        "[\"NetHV\",{\"op\":\"mutate\",\"table\":\"Global\",\"where\":[],"
        "\"mutations\":[[\"options\",\"delete\",[\"set\",[\""
        INVENTORY_DATABASE_HOST "\",\"" INVENTORY_DATABASE_EPOCH "\"]]],"
        "[\"options\",\"insert\",[\"map\",[[\"" INVENTORY_DATABASE_HOST
        "\",\"%s\"],[\"" INVENTORY_DATABASE_EPOCH "\",\"%lld\"]]]]]}]",
        move->host, (long long int) time_wall());
    char *output = NULL;
    char *error = command_run(COMMAND(CLIENT("5"), "transact",
                                      INVENTORY_DB_SOCKET,
                                      transaction), &output);

    if (!error && !strstr(output, "\"count\":1")) {
        error = xasprintf("the copy of the database is not of a deployment: "
                          "%s", output);
    }
    free(output);
    free(transaction);
    return error;
}

/* Turns this gateway to it; the others follow.  The relay, started anew, leaves
 * its port to the database's server. */
static char *
turn(struct move *move)
{
    struct hostconf conf = { .database = INVENTORY_DB_SOCKET };
    char *error = hostconf_write(&conf);

    if (!error) {
        undo_forget(&move->undo);   /* From here on it may be in use. */
        error = hostconf_stop("relay");
    }
    return error ? error : hostconf_start("relay");
}

static char *(*const steps[])(struct move *) = {
    check_machine, check_gone, copy, install, start, sign, turn,
};

static void
report(const struct move *move)
{
    printf("%s has the database now; the other gateways turn to it by "
           "themselves\n", move->host);
    if (access(PKI_CA_KEY, F_OK)) {
        printf("no machine can join until %s is there, from its backup, and "
               "nethv-gateway has been restarted\n", PKI_CA_KEY);
    }
}

static int
run_move(int argc, char *argv[])
{
    struct move move = { .undo = UNDO_INITIALIZER };
    int code = CLI_OK;

    char *error = parse(&move, argc, argv);
    for (size_t i = 0; !error && i < ARRAY_SIZE(steps); i++) {
        error = steps[i](&move);
    }
    if (error) {
        fprintf(stderr, "nethvctl: database-move: %s\n", error);
        free(error);
        undo_all(&move.undo);
        code = CLI_FAILED;
    } else {
        report(&move);
    }
    free(move.host);
    free(move.encap_ip);
    free(move.database);
    return code;
}

const struct local_verb cmd_database_move = {
    "database-move", run_move,
    "  database-move [--from=FILE]        this gateway gets the database\n",
};
