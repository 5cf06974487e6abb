/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "cli/cmd-init.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/seed.h"
#include "ovs/command.h"
#include "ovs/hostconf.h"
#include "ovs/inventory.h"
#include "ovs/pki.h"
#include "ovs/text-file.h"
#include "ovs/uplink.h"
#include "socket-util.h"
#include "timeval.h"
#include "token.h"
#include "util.h"


static const char schema[] =
#include "cli/schema.inc"
    ;

/* What the user asked for. */
struct init {
    struct seed seed;               /* All that goes into the database. */
    const char *datapath;
    const char *uplink;
    char *host;                     /* Owned. */
    char *encap_ip;                 /* Owned. */
    char *ca_key, *ca, *key, *request, *certificate;  /* PEM, owned. */
    struct undo undo;
};

enum {
    OPT_CLOUD = 1, OPT_PUBLIC_IP, OPT_PROVIDER, OPT_ENCAP_IP, OPT_NAME,
    OPT_DATAPATH, OPT_UPLINK, OPT_MTU, OPT_JURISDICTION, OPT_MODE,
};

static const struct option options[] = {
    { "cloud", required_argument, NULL, OPT_CLOUD },
    { "public-ip", required_argument, NULL, OPT_PUBLIC_IP },
    { "provider", required_argument, NULL, OPT_PROVIDER },
    { "encap-ip", required_argument, NULL, OPT_ENCAP_IP },
    { "name", required_argument, NULL, OPT_NAME },
    { "datapath", required_argument, NULL, OPT_DATAPATH },
    { "uplink", required_argument, NULL, OPT_UPLINK },
    { "mtu", required_argument, NULL, OPT_MTU },
    { "jurisdiction", required_argument, NULL, OPT_JURISDICTION },
    { "mode", required_argument, NULL, OPT_MODE },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

static const char usage[] =
    "usage: nethvctl init --cloud=NAME --public-ip=IP "
    "[--provider=P] [--encap-ip=IP] [--name=NAME] "
    "[--datapath=system|netdev] [--uplink=NIC] [--mtu=N] "
    "[--jurisdiction=J] [--mode=direct|tree|mesh]";

static char *
take_option(struct init *init, int option, const char *value)
{
    switch (option) {
    case OPT_CLOUD: init->seed.cloud = value; break;
    case OPT_PUBLIC_IP: init->seed.public_ip = value; break;
    case OPT_PROVIDER: init->seed.provider = value; break;
    case OPT_ENCAP_IP: init->encap_ip = xstrdup(value); break;
    case OPT_NAME: init->host = xstrdup(value); break;
    case OPT_DATAPATH: init->datapath = value; break;
    case OPT_UPLINK: init->uplink = value; break;
    case OPT_JURISDICTION: init->seed.jurisdiction = value; break;
    case OPT_MODE: init->seed.mode = value; break;
    case OPT_MTU:
        if (!str_to_int(value, 10, &init->seed.mtu) || init->seed.mtu <= 0) {
            return xasprintf("--mtu is a number of bytes, not \"%s\"", value);
        }
        break;
    case 'h':
        puts(usage);
        exit(EXIT_SUCCESS);
    default:
        return xstrdup(usage);
    }
    return NULL;
}

static char *
parse(struct init *init, int argc, char *argv[])
{
    int option;

    optind = 0;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        char *error = take_option(init, option, optarg);
        if (error) {
            return error;
        }
    }
    if (optind < argc) {
        return xasprintf("init takes no argument \"%s\"", argv[optind]);
    }
    if (!init->seed.cloud || !init->seed.public_ip) {
        return xstrdup("init needs --cloud=NAME, which the first cloud is to "
                       "be called, and --public-ip=IP, at which other clouds "
                       "reach this gateway");
    }
    return NULL;
}

/* Fills in what the user left out. */
static char *
complete(struct init *init)
{
    if (!hostconf_is_ip(init->seed.public_ip)) {
        return xasprintf("--public-ip is an IPv4 or IPv6 address, not \"%s\"",
                         init->seed.public_ip);
    }
    if (!init->host) {
        char name[256];
        gethostname(name, sizeof name);
        name[sizeof name - 1] = '\0';
        init->host = xstrdup(name);
    }
    if (!init->encap_ip) {
        char *error = hostconf_local_address(init->seed.public_ip,
                                             &init->encap_ip);
        if (error) {
            return error;
        }
    } else if (!hostconf_is_ip(init->encap_ip)) {
        return xasprintf("--encap-ip is an IPv4 or IPv6 address, not \"%s\"",
                         init->encap_ip);
    }
    init->seed.host = init->host;
    init->seed.encap_ip = init->encap_ip;
    char *error = token_check_name("host", init->host);
    return error ? error : token_check_name("cloud", init->seed.cloud);
}

static char *
check_machine(struct init *init)
{
    static const char *const remains[] = {
        INVENTORY_DB_FILE, PKI_CA_KEY, PKI_HOST_KEY,
    };

    char *error = hostconf_check_free();
    for (size_t i = 0; !error && i < ARRAY_SIZE(remains); i++) {
        if (!access(remains[i], F_OK)) {
            error = xasprintf("%s is there: this machine holds a deployment "
                              "already, or what is left of one; \"nethv-agent "
                              "leave --destroy\" removes it", remains[i]);
        }
    }
    return error ? error : hostconf_choose_datapath(init->datapath,
                                                    init->uplink,
                                                    &init->datapath);
}

/* Makes 'path' and all that leads to it, and remembers to remove what was not
 * there. */
static char *
make_directory(struct init *init, const char *path, mode_t mode)
{
    if (!mkdir(path, mode)) {
        undo_add(&init->undo, undo_rmdir, path);
    } else if (errno != EEXIST) {
        return xasprintf("%s: cannot be made: %s", path, ovs_strerror(errno));
    }
    return NULL;
}

static char *
write_file(struct init *init, const char *path, const char *contents,
           mode_t mode)
{
    char *error = text_file_write(path, contents, mode);
    if (!error) {
        undo_add(&init->undo, undo_unlink, path);
    }
    return error;
}

static char *
make_certificates(struct init *init)
{
    struct pki_subject subject = { init->host, true };
    char *name = xasprintf("nethv CA of %s", init->host);
    name[MIN(strlen(name), 64)] = '\0';

    char *error = pki_make_key(&init->ca_key);
    if (!error) {
        error = pki_make_ca(init->ca_key, name, time_wall(), &init->ca);
    }
    if (!error) {
        error = pki_make_key(&init->key);
    }
    if (!error) {
        error = pki_make_request(init->key, init->host, &init->request);
    }
    if (!error) {
        error = pki_sign(init->ca_key, init->ca, init->request, &subject,
                         time_wall(), &init->certificate);
    }
    free(name);
    return error;
}

static char *
write_certificates(struct init *init)
{
    static const struct { const char *path; mode_t mode; } directories[] = {
        { PKI_DIR, 0755 }, { INVENTORY_DB_DIR, 0755 }, { PKI_CA_DIR, 0700 },
    };
    const struct { const char *path, *contents; mode_t mode; } files[] = {
        { PKI_CA_KEY, init->ca_key, 0600 },
        { PKI_CA_CERT, init->ca, 0644 },
        { PKI_HOST_KEY, init->key, 0600 },
        { PKI_HOST_CERT, init->certificate, 0644 },
    };
    char *error = NULL;

    for (size_t i = 0; !error && i < ARRAY_SIZE(directories); i++) {
        error = make_directory(init, directories[i].path, directories[i].mode);
    }
    for (size_t i = 0; !error && i < ARRAY_SIZE(files); i++) {
        error = write_file(init, files[i].path, files[i].contents,
                           files[i].mode);
    }
    return error;
}

static char *
make_database(struct init *init)
{
    char path[] = INVENTORY_DB_DIR "/schema.XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0) {
        return xasprintf("%s: cannot be written: %s", path,
                         ovs_strerror(errno));
    }
    close(fd);
    char *error = text_file_write(path, schema, 0600);
    if (!error) {
        undo_add(&init->undo, undo_unlink,
                 INVENTORY_DB_DIR "/.nethv.db.~lock~");
        undo_add(&init->undo, undo_unlink, INVENTORY_DB_FILE);
        error = command_run(COMMAND("ovsdb-tool", "create",
                                    INVENTORY_DB_FILE, path),
                            NULL);
    }
    unlink(path);
    return error;
}

static char *
start(struct init *init, const char *service)
{
    printf("starting %s\n", service);
    char *error = hostconf_start(service);
    if (!error) {
        undo_add(&init->undo, hostconf_undo_start, service);
    }
    return error;
}

static char *
fill_database(struct init *init)
{
    char fingerprint[PKI_DIGEST_LEN + 1];
    char *error = pki_fingerprint(init->ca, fingerprint);
    if (!error) {
        init->seed.remote = INVENTORY_DB_SOCKET;
        init->seed.request = init->request;
        init->seed.certificate = init->certificate;
        init->seed.ca_fingerprint = fingerprint;
        error = seed_database(&init->seed);
    }
    return error;
}

static void
undo_configuration(const char *unused)
{
    free(hostconf_clear());
}

static char *
configure_host(struct init *init)
{
    char *remote = inventory_remote("ssl:", init->encap_ip,
                                    INVENTORY_RELAY_PORT);
    struct hostconf conf = {
        .host = init->host, .host_id = SEED_HOST_ID,
        .cloud = init->seed.cloud, .cloud_id = SEED_CLOUD_ID,
        .remote = remote, .database = INVENTORY_DB_SOCKET,
        .public_ip = init->seed.public_ip, .encap_ip = init->encap_ip,
        .datapath = init->datapath, .uplink = init->uplink,
    };
    undo_add(&init->undo, undo_configuration, NULL);
    char *error = hostconf_write(&conf);
    free(remote);
    return error;
}

static void
undo_uplink(const char *nic)
{
    free(uplink_take_back(nic));
}

/* Here nothing of the deployment is elsewhere yet: the router must answer. */
static char *
move_uplink(struct init *init)
{
    if (!init->uplink) {
        return NULL;
    }
    undo_add(&init->undo, undo_uplink, init->uplink);
    return uplink_move(init->uplink, NULL, NULL);
}

static char *
start_rest(struct init *init)
{
    char *error = start(init, "relay");
    if (!error) {
        error = start(init, "gateway");
    }
    return error ? error : start(init, "agent");
}

static char *
start_database(struct init *init)
{
    return start(init, "database");
}

/* Each step leaves in 'undo' how it is taken back. */
static char *(*const steps[])(struct init *) = {
    complete, check_machine, make_certificates, write_certificates,
    make_database, start_database, fill_database, configure_host, move_uplink,
    start_rest,
};

static void
init_destroy(struct init *init)
{
    free(init->host);
    free(init->encap_ip);
    pki_wipe(init->ca_key);
    pki_wipe(init->key);
    free(init->ca);
    free(init->request);
    free(init->certificate);
}

static int
run_init(int argc, char *argv[])
{
    struct init init = { .undo = UNDO_INITIALIZER };

    char *error = parse(&init, argc, argv);
    for (size_t i = 0; !error && i < ARRAY_SIZE(steps); i++) {
        error = steps[i](&init);
    }
    if (error) {
        fprintf(stderr, "nethvctl: init: %s\n", error);
        free(error);
        undo_all(&init.undo);
        init_destroy(&init);
        return CLI_FAILED;
    }
    undo_forget(&init.undo);
    printf("cloud %s has its gateway %s (public %s, inside %s)\n"
           "next: nethvctl cloud-add NAME --provider=P --public-ip=IP, or\n"
           "      nethvctl host-token %s\n",
           init.seed.cloud, init.host, init.seed.public_ip, init.encap_ip,
           init.seed.cloud);
    init_destroy(&init);
    return CLI_OK;
}

const struct local_verb cmd_init = {
    "init", run_init,
    "  init --cloud=NAME --public-ip=IP   make a deployment; this machine is\n"
    "                                     its first gateway\n",
};
