/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/join.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/ticket.h"
#include "openvswitch/vlog.h"
#include "ovs/command.h"
#include "ovs/hostconf.h"
#include "ovs/pki.h"
#include "ovs/text-file.h"
#include "ovs/uplink.h"
#include "socket-util.h"
#include "timeval.h"
#include "token.h"
#include "util.h"

struct join {
    char *text;                     /* The token as given. */
    struct token token;
    char *name;
    const char *encap_ip;
    const char *datapath;
    const char *uplink;
    struct ticket ticket;
    bool spent;                     /* The token is used up. */
    struct undo undo;
};

enum { OPT_NAME = 1, OPT_ENCAP_IP, OPT_DATAPATH, OPT_UPLINK };

static const struct option options[] = {
    { "name", required_argument, NULL, OPT_NAME },
    { "encap-ip", required_argument, NULL, OPT_ENCAP_IP },
    { "datapath", required_argument, NULL, OPT_DATAPATH },
    { "uplink", required_argument, NULL, OPT_UPLINK },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

static const char usage[] =
    "usage: nethv-agent join TOKEN|- [--name=NAME] [--encap-ip=IP] "
    "[--datapath=system|netdev] [--uplink=NIC]; with \"-\" the token is "
    "read from the standard input, where no other user can see it";

static char *
read_token(void)
{
    char line[TOKEN_TEXT_MAX + 64] = "";
    if (!fgets(line, sizeof line, stdin)) {
        line[0] = '\0';
    }
    char *text = xstrdup(line);
    explicit_bzero(line, sizeof line);
    return text;
}

static void
take_option(struct join *join, int option, const char *value)
{
    switch (option) {
    case OPT_NAME:
        free(join->name);
        join->name = xstrdup(value);
        break;
    case OPT_ENCAP_IP: join->encap_ip = value; break;
    case OPT_DATAPATH: join->datapath = value; break;
    case OPT_UPLINK: join->uplink = value; break;
    case 'h':
        puts(usage);
        exit(EXIT_SUCCESS);
    }
}

/* Takes the token out of 'argv', so that "ps" shows it no longer. */
static char *
parse(struct join *join, int argc, char *argv[])
{
    int option;

    optind = 0;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == '?') {
            return xstrdup(usage);
        }
        take_option(join, option, optarg);
    }
    if (optind != argc - 1) {
        return xstrdup(usage);
    }
    if (!strcmp(argv[optind], "-")) {
        join->text = read_token();
    } else {
        join->text = xstrdup(argv[optind]);
        memset(argv[optind], '*', strlen(argv[optind]));
    }
    return token_parse(join->text, &join->token);
}

static char *
complete(struct join *join)
{
    if (join->encap_ip && !hostconf_is_ip(join->encap_ip)) {
        return xasprintf("--encap-ip is an IPv4 or IPv6 address, not \"%s\"",
                         join->encap_ip);
    }
    if (!join->name) {
        char name[256];
        gethostname(name, sizeof name);
        name[sizeof name - 1] = '\0';
        join->name = xstrdup(name);
    }
    char *error = token_check_name("host", join->name);
    return error ? error : token_check(&join->token, time_wall());
}

/* All that could fail later for reasons that are known now. */
static char *
check_machine(struct join *join)
{
    char *error = hostconf_check_free();
    if (!error && !access(PKI_HOST_KEY, F_OK)) {
        error = xasprintf("%s is there: this machine has joined already, or "
                          "did not leave wholly; \"nethv-agent leave\" comes "
                          "first", PKI_HOST_KEY);
    }
    if (!error && mkdir(PKI_DIR, 0755) && errno != EEXIST) {
        error = xasprintf("%s: cannot be made: %s", PKI_DIR,
                          ovs_strerror(errno));
    }
    if (!error && access(PKI_DIR, W_OK)) {
        error = xasprintf("%s: cannot be written: %s", PKI_DIR,
                          ovs_strerror(errno));
    }
    undo_add(&join->undo, undo_rmdir, PKI_DIR);
    return error ? error : hostconf_choose_datapath(join->datapath,
                                                    join->uplink,
                                                    &join->datapath);
}

static char *
get_ticket(struct join *join)
{
    char *error = ticket_get(&join->token, join->name, join->encap_ip,
                             &join->ticket);
    if (!error) {
        join->spent = true;
        printf("certified as host %s of cloud %s\n", join->ticket.name,
               join->ticket.cloud);
    }
    return error;
}

static char *
write_files(struct join *join)
{
    const struct { const char *path, *contents; mode_t mode; } files[] = {
        { PKI_HOST_KEY, join->ticket.key, 0600 },
        { PKI_HOST_CERT, join->ticket.certificate, 0644 },
        { PKI_CA_CERT, join->ticket.ca, 0644 },
    };
    char *error = NULL;

    for (size_t i = 0; !error && i < ARRAY_SIZE(files); i++) {
        undo_add(&join->undo, undo_unlink, files[i].path);
        error = text_file_write(files[i].path, files[i].contents,
                               files[i].mode);
    }
    return error;
}

static void
undo_configuration(const char *unused)
{
    free(hostconf_clear());
}

static char *
configure_host(struct join *join)
{
    const struct ticket *t = &join->ticket;
    char *host_id = xasprintf("%d", t->host_id);
    char *cloud_id = xasprintf("%d", t->cloud_id);
    struct hostconf conf = {
        .host = t->name, .host_id = host_id,
        .cloud = t->cloud, .cloud_id = cloud_id,
        .remote = t->remotes, .database = t->database,
        .public_ip = t->public_ip, .encap_ip = t->encap_ip,
        .datapath = join->datapath, .uplink = join->uplink,
    };
    undo_add(&join->undo, undo_configuration, NULL);
    char *error = hostconf_write(&conf);
    free(host_id);
    free(cloud_id);
    return error;
}

/* Whether one of the token's addresses answers. */
static bool
is_connected(void *join_)
{
    const struct join *join = join_;

    for (size_t i = 0; i < join->token.remotes.n; i++) {
        if (uplink_check_tcp(join->token.remotes.names[i])) {
            return true;
        }
    }
    return false;
}

static void
undo_uplink(const char *nic)
{
    free(uplink_take_back(nic));
}

static char *
move_uplink(struct join *join)
{
    if (!join->uplink) {
        return NULL;
    }
    printf("moving %s into bridge %s\n", join->uplink, UPLINK_BRIDGE);
    undo_add(&join->undo, undo_uplink, join->uplink);
    return uplink_move(join->uplink, is_connected, join);
}

static char *
start_services(struct join *join)
{
    static const char *const services[] = { "relay", "gateway", "agent" };
    char *error = NULL;

    for (size_t i = join->ticket.gateway ? 0 : 2;
         !error && i < ARRAY_SIZE(services); i++) {
        printf("starting %s\n", services[i]);
        undo_add(&join->undo, hostconf_undo_start, services[i]);
        error = hostconf_start(services[i]);
    }
    return error;
}

/* Each step leaves in 'undo' how it is taken back. */
static char *(*const steps[])(struct join *) = {
    complete, check_machine, get_ticket, write_files, configure_host,
    move_uplink, start_services,
};

static void
fail(struct join *join, char *error)
{
    fprintf(stderr, "nethv-agent: join: %s\n", error);
    free(error);
    undo_all(&join->undo);
    if (join->spent) {
        fprintf(stderr, "nethv-agent: join: this machine is as it was, but "
                "the token is spent: \"nethvctl host-remove %s\" and a new "
                "token are needed\n", join->ticket.name);
    }
}

int
join_main(int argc, char *argv[])
{
    struct join join = { .undo = UNDO_INITIALIZER };
    token_init(&join.token);
    vlog_set_levels(NULL, VLF_CONSOLE, VLL_ERR);

    char *error = parse(&join, argc, argv);
    for (size_t i = 0; !error && i < ARRAY_SIZE(steps); i++) {
        error = steps[i](&join);
    }
    int status = error ? EXIT_FAILURE : EXIT_SUCCESS;
    if (error) {
        fail(&join, error);
    } else {
        undo_forget(&join.undo);
        printf("joined cloud %s as %s%s, id %d\n", join.ticket.cloud,
               join.ticket.gateway ? "gateway " : "", join.ticket.name,
               join.ticket.host_id);
    }
    ticket_destroy(&join.ticket);
    token_destroy(&join.token);
    pki_wipe(join.text);
    free(join.name);
    return status;
}
