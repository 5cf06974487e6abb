/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cli/options.h"

#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/verbs.h"
#include "command-line.h"
#include "nethv-idl.h"
#include "openvswitch/vlog.h"
#include "ovs/inventory.h"
#include "ovs/pki.h"
#include "stream-ssl.h"
#include "stream.h"
#include "util.h"
#include "versions.h"

VLOG_DEFINE_THIS_MODULE(nethvctl);

enum {
    OPT_DB = UCHAR_MAX + 1,
    OPT_WAIT,
    OPT_ONELINE,
    OPT_NO_SYSLOG,
    OPT_DRY_RUN,
    OPT_PEER_CA_CERT,
    OPT_BOOTSTRAP_CA_CERT,
    OPT_RETRY,
    OPT_LEADER_ONLY,
    OPT_NO_LEADER_ONLY,
    OPT_COMMANDS,
    OPT_OPTIONS,
    OPT_VERB,
    VLOG_OPTION_ENUMS,
    TABLE_OPTION_ENUMS,
    SSL_OPTION_ENUMS,
};

static const struct option global_options[] = {
    {"db", required_argument, NULL, OPT_DB},
    {"wait", required_argument, NULL, OPT_WAIT},
    {"timeout", required_argument, NULL, 't'},
    {"dry-run", no_argument, NULL, OPT_DRY_RUN},
    {"oneline", no_argument, NULL, OPT_ONELINE},
    {"retry", no_argument, NULL, OPT_RETRY},
    {"leader-only", no_argument, NULL, OPT_LEADER_ONLY},
    {"no-leader-only", no_argument, NULL, OPT_NO_LEADER_ONLY},
    {"no-syslog", no_argument, NULL, OPT_NO_SYSLOG},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {"commands", no_argument, NULL, OPT_COMMANDS},
    {"options", no_argument, NULL, OPT_OPTIONS},
    VLOG_LONG_OPTIONS,
    TABLE_LONG_OPTIONS,
    STREAM_SSL_LONG_OPTIONS,
    {"peer-ca-cert", required_argument, NULL, OPT_PEER_CA_CERT},
    {"bootstrap-ca-cert", required_argument, NULL, OPT_BOOTSTRAP_CA_CERT},
    {NULL, 0, NULL, 0},
};

/* The global options and those of all verbs, as getopt_long() wants them. */
struct option_table {
    struct option *longs;
    char *shorts;
};

static struct option_table
option_table_create(const char *prefix)
{
    size_t n = ARRAY_SIZE(global_options) - 1;
    size_t allocated = ARRAY_SIZE(global_options);
    struct option_table t;

    char *shorts = ovs_cmdl_long_options_to_short_options(global_options);
    t.shorts = xasprintf("%s%s", prefix, shorts);
    free(shorts);
    t.longs = xmemdup(global_options, sizeof global_options);
    ctl_add_cmd_options(&t.longs, &n, &allocated, OPT_VERB);
    return t;
}

static void
option_table_destroy(struct option_table *t)
{
    for (size_t i = ARRAY_SIZE(global_options) - 1; t->longs[i].name; i++) {
        free(CONST_CAST(char *, t->longs[i].name));
    }
    free(t->longs);
    free(t->shorts);
}

int
options_find_verb(int argc, char *argv[])
{
    struct option_table t = option_table_create("+");

    opterr = 0;
    optind = 0;
    while (getopt_long(argc, argv, t.shorts, t.longs, NULL) != -1) {
        continue;
    }
    opterr = 1;
    option_table_destroy(&t);
    return optind;
}

static void
print_help(void)
{
    printf("%s: the network hypervisor's command\n"
           "usage: %s [OPTION]... VERB [ARGUMENT]... [-- VERB ...]...\n\n",
           program_name, program_name);
    verbs_print_help();
    table_usage();
    vlog_usage();
    printf("\
\nOptions:\n\
  --db=REMOTE[,REMOTE]...     the NetHV database (default: $NETHV_DB, else\n\
                              %s)\n\
  --wait=none|hosts           return at once, or when the live hosts that\n\
                              have a part in the change have taken it up\n\
  -t, --timeout=SECS          give up after SECS seconds\n\
  --dry-run                   do everything but write\n\
  --oneline                   print each verb's output on one line\n\
  --retry                     wait for the database if it is not there\n\
  --no-leader-only            take a follower of a cluster for good enough\n\
  --no-syslog                 log nothing to syslog\n\
  --commands, --options       list verbs or options for programs\n\
  -h, --help                  print this\n\
  -V, --version               print versions\n", INVENTORY_DB_SOCKET);
    stream_usage("database", true, true, true);
    exit(CLI_OK);
}

static void
print_version(void)
{
    printf("nethvctl %s\nNetHV schema %s\n", versions.package,
           nethvrec_get_db_version());
    exit(CLI_OK);
}

static void
parse_timeout(const char *arg, unsigned int *timeout)
{
    if (!str_to_uint(arg, 10, timeout) || !*timeout
        || *timeout > INT_MAX / 1000) {
        ctl_fatal("--timeout=%s: give a number of seconds from 1 to %d",
                  arg, INT_MAX / 1000);
    }
}

static void
parse_wait(const char *arg, enum cli_wait *wait)
{
    if (!strcmp(arg, "none")) {
        *wait = CLI_WAIT_NONE;
    } else if (!strcmp(arg, "hosts")) {
        *wait = CLI_WAIT_HOSTS;
    } else {
        ctl_fatal("--wait=%s: give \"none\" or \"hosts\"", arg);
    }
}

static void
add_verb_option(struct shash *verb_options, const char *name, const char *arg)
{
    char *key = xasprintf("--%s", name);
    if (shash_find(verb_options, key)) {
        ctl_fatal("option \"%s\" is given twice", key);
    }
    shash_add_nocopy(verb_options, key, nullable_xstrdup(arg));
}

/* Handles the options that print something and end the process. */
static void
handle_printing_option(int c)
{
    switch (c) {
    case 'h':
        print_help();
        break;
    case 'V':
        print_version();
        break;
    case OPT_COMMANDS:
        verbs_print_commands();
        break;
    case OPT_OPTIONS:
        ctl_print_options(global_options);
        break;
    }
}

static void
handle_option(int c, struct cli_options *o)
{
    switch (c) {
    case OPT_DB:
        o->db = optarg;
        break;
    case OPT_WAIT:
        parse_wait(optarg, &o->wait);
        break;
    case 't':
        parse_timeout(optarg, &o->timeout);
        break;
    case OPT_DRY_RUN:
        o->dry_run = true;
        break;
    case OPT_ONELINE:
        o->oneline = true;
        break;
    case OPT_RETRY:
        o->retry = true;
        break;
    case OPT_LEADER_ONLY:
    case OPT_NO_LEADER_ONLY:
        o->leader_only = c == OPT_LEADER_ONLY;
        break;
    case OPT_NO_SYSLOG:
        vlog_set_levels(NULL, VLF_SYSLOG, VLL_WARN);
        break;
    case OPT_PEER_CA_CERT:
        stream_ssl_set_peer_ca_cert_file(optarg);
        break;
    case OPT_BOOTSTRAP_CA_CERT:
        stream_ssl_set_ca_cert_file(optarg, true);
        break;
    VLOG_OPTION_HANDLERS
    TABLE_OPTION_HANDLERS(&o->table_style)
    STREAM_SSL_OPTION_HANDLERS
    case '?':
        exit(CLI_FAILED);
    default:
        handle_printing_option(c);
    }
}

static void
parse(int argc, char *argv[], struct cli_options *o,
      struct shash *verb_options)
{
    struct option_table t = option_table_create("");
    int idx, c;

    optind = 0;
    while ((c = getopt_long(argc, argv, t.shorts, t.longs, &idx)) != -1) {
        if (c == OPT_VERB) {
            add_verb_option(verb_options, t.longs[idx].name, optarg);
        } else {
            o->format_given |= c == 'f' || c == OPT_BARE;
            handle_option(c, o);
        }
    }
    option_table_destroy(&t);
}

/* A host of nethv's has its key where a join or init has put it. */
static void
use_own_key(const char *db)
{
    if (strstr(db, "ssl:") && !stream_ssl_is_configured()
        && !access(PKI_HOST_KEY, R_OK)) {
        stream_ssl_set_key_and_cert(PKI_HOST_KEY, PKI_HOST_CERT);
        stream_ssl_set_ca_cert_file(PKI_CA_CERT, false);
    }
}

static void
set_defaults(struct cli_options *o)
{
    if (!o->db) {
        const char *env = getenv("NETHV_DB");
        o->db = env && env[0] ? env : INVENTORY_DB_SOCKET;
    }
    use_own_key(o->db);
}

/* Returns the index of the "--" that ends the first verb, 'argc' if none. */
static int
first_separator(int argc, char *argv[])
{
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--")) {
            return i;
        }
    }
    return argc;
}

void
options_parse(int argc, char *argv[], struct cli_options *o,
              struct ctl_command **commands, size_t *n)
{
    struct shash verb_options = SHASH_INITIALIZER(&verb_options);

    parse(first_separator(argc, argv), argv, o, &verb_options);
    set_defaults(o);
    char *error = ctl_parse_commands(argc - optind, argv + optind,
                                     &verb_options, commands, n);
    if (error) {
        ctl_fatal("%s", error);
    }
    shash_destroy_free_data(&verb_options);
}

void
options_parse_global(int argc, char *argv[], struct cli_options *o)
{
    struct shash verb_options = SHASH_INITIALIZER(&verb_options);

    parse(argc, argv, o, &verb_options);
    if (!shash_is_empty(&verb_options)) {
        ctl_fatal("option \"%s\" belongs to another verb",
                  shash_first(&verb_options)->name);
    }
    set_defaults(o);
    shash_destroy_free_data(&verb_options);
}
