/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Follows a NetHV database for tests/system/test_db.py.
 *
 * Usage: db-client REMOTE all | REMOTE host HOST
 *
 * Reads commands from standard input, a line each, and answers each with lines
 * that end with an empty one:
 *
 *     follow UUID | unfollow UUID | claim ID | unclaim ID
 *     dump            rows of the model, once everything asked for has come
 *     status          connected, complete
 *     follower UUID N writes a Follower row of the own host
 *     results         what became of the transactions
 *     lock NAME       asks for a lock; done when it is held */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fatal-signal.h"
#include "model.h"
#include "nethv-idl.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs/db.h"
#include "svec.h"
#include "util.h"

struct client {
    struct model *model;
    struct db *db;
    int fd;                     /* Standard input: poll loops abhor 0. */
    struct ds input;
    char *command;              /* Being carried out, or NULL. */
    uint64_t committed;         /* When it began. */
    bool written;
};

static struct model_row *
find(const struct client *c, enum model_kind kind, const char *uuid_s)
{
    struct uuid uuid;
    return uuid_from_string(&uuid, uuid_s) ? model_find(c->model, kind, &uuid)
           : NULL;
}

static void
add_row(struct svec *lines, const struct model_row *row)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    ds_put_format(&s, "%s %s", model_kind_name(row->kind),
                  row->name ? row->name : "-");
    if (row->kind == MODEL_PORT) {
        const struct vport *port = CONTAINER_OF(row, struct vport, row);
        ds_put_format(&s, " macs=%"PRIuSIZE" bound=%d", port->n_macs,
                      port->binding != NULL);
    } else if (row->kind == MODEL_NETWORK) {
        const struct network *n = CONTAINER_OF(row, struct network, row);
        ds_put_format(&s, " number=%"PRIu32" intent=%"PRIu64, n->number,
                      n->intent);
    }
    svec_add_nocopy(lines, ds_steal_cstr(&s));
}

static void
dump(const struct client *c)
{
    struct svec lines = SVEC_EMPTY_INITIALIZER;
    const struct model_row *row;
    const char *line;
    size_t i;

    for (i = 0; i < MODEL_N_KINDS; i++) {
        MODEL_FOR_EACH (row, i, c->model) {
            add_row(&lines, row);
        }
    }
    svec_sort(&lines);
    SVEC_FOR_EACH (i, line, &lines) {
        puts(line);
    }
    svec_destroy(&lines);
}

/* Writes a Follower row; done when that is in the database. */
static bool
write_follower(struct client *c, char *arg)
{
    struct db_results results;
    struct ovsdb_idl_txn *txn;
    const struct nethvrec_host *self = db_self(c->db);
    char *save_ptr = NULL;
    char *network = strtok_r(arg, " ", &save_ptr);
    char *intent = strtok_r(NULL, " ", &save_ptr);
    struct uuid uuid;

    db_get_results(c->db, &results);
    if (c->written) {
        return results.n_committed > c->committed || results.n_failed;
    }
    txn = self ? db_txn(c->db) : NULL;
    if (txn && uuid_from_string(&uuid, network)) {
        const struct nethvrec_follower *f = nethvrec_follower_insert(txn);
        nethvrec_follower_set_host(f, self);
        nethvrec_follower_set_network(f, uuid);
        nethvrec_follower_set_location(f, 1 << 24 | self->id << 12);
        nethvrec_follower_set_intent(f, atoi(intent));
        c->written = true;
    }
    return false;
}

static bool
change_conditions(struct client *c, const char *verb, const char *arg)
{
    struct uuid uuid;

    if (!strcmp(verb, "claim")) {
        db_claim(c->db, arg);
    } else if (!strcmp(verb, "unclaim")) {
        db_unclaim(c->db, arg);
    } else if (!strcmp(verb, "follow") && uuid_from_string(&uuid, arg)) {
        db_follow_network(c->db, &uuid);
    } else if (!strcmp(verb, "unfollow") && uuid_from_string(&uuid, arg)) {
        db_unfollow_network(c->db, &uuid);
    } else {
        ovs_fatal(0, "%s %s: unknown command", verb, arg);
    }
    return true;
}

static void
print_results(const struct client *c)
{
    struct db_results results;

    db_get_results(c->db, &results);
    printf("committed=%"PRIu64" failed=%"PRIu64" error=%s\n",
           results.n_committed, results.n_failed,
           results.last_error ? results.last_error : "");
}

/* Carries out c->command.  Returns whether it is done. */
static bool
carry_out(struct client *c)
{
    char *verb = c->command;
    size_t n = strcspn(verb, " ");
    char *arg = verb[n] ? xstrdup(&verb[n + 1]) : xstrdup("");
    char *name = xmemdup0(verb, n);
    bool done = true;

    if (!strcmp(name, "dump")) {
        done = db_is_complete(c->db) && db_is_connected(c->db);
        if (done) {
            dump(c);
        }
    } else if (!strcmp(name, "status")) {
        printf("connected=%d complete=%d self=%d\n", db_is_connected(c->db),
               db_is_complete(c->db), db_self(c->db) != NULL);
    } else if (!strcmp(name, "has")) {
        struct uuid uuid;
        done = uuid_from_string(&uuid, arg)
               && db_has_network(c->db, &uuid)
               && find(c, MODEL_NETWORK, arg);
    } else if (!strcmp(name, "results")) {
        print_results(c);
    } else if (!strcmp(name, "lock")) {
        db_set_lock(c->db, arg);
        done = db_has_lock(c->db);
    } else if (!strcmp(name, "follower")) {
        done = write_follower(c, arg);
    } else {
        done = change_conditions(c, name, arg);
    }
    free(name);
    free(arg);
    return done;
}

/* Takes the next line of the input into c->command.  Returns false if there is
 * none yet; ends the process if there will be none. */
static bool
next_command(struct client *c)
{
    char chunk[512];
    ssize_t n = read(c->fd, chunk, sizeof chunk);

    if (n > 0) {
        ds_put_buffer(&c->input, chunk, n);
    } else if (!n) {
        exit(0);
    }
    char *end = c->input.length ? strchr(ds_cstr(&c->input), '\n') : NULL;
    if (!end) {
        return false;
    }
    size_t length = end - c->input.string;
    c->command = xmemdup0(c->input.string, length);
    memmove(c->input.string, end + 1, c->input.length - length - 1);
    ds_truncate(&c->input, c->input.length - length - 1);
    return true;
}

static void
run(struct client *c)
{
    struct db_results results;

    if (!c->command && next_command(c)) {
        db_get_results(c->db, &results);
        c->committed = results.n_committed;
        c->written = false;
    }
    if (c->command && carry_out(c)) {
        free(c->command);
        c->command = NULL;
        putchar('\n');
        fflush(stdout);
        poll_immediate_wake();
    }
}

int
main(int argc, char *argv[])
{
    struct client c = { .model = model_create() };

    set_program_name(argv[0]);
    fatal_ignore_sigpipe();
    vlog_set_levels(NULL, VLF_CONSOLE, VLL_WARN);
    ovs_assert(argc >= 3);
    c.db = db_create(c.model, argc == 3 ? DB_ALL : DB_HOST);
    ds_init(&c.input);
    if (argc > 3) {
        db_set_self(c.db, argv[3]);
    }
    db_set_remotes(c.db, argv[1], false);
    c.fd = dup(STDIN_FILENO);
    fcntl(c.fd, F_SETFL, O_NONBLOCK);
    for (;;) {
        db_run(c.db);
        run(&c);
        db_commit(c.db);
        db_wait(c.db);
        if (!c.command) {
            poll_fd_wait(c.fd, POLLIN);
        }
        poll_block();
    }
}
