/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "agent/attach.h"

#include <getopt.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/attachment.h"
#include "openvswitch/vlog.h"
#include "packets.h"
#include "util.h"

/* Set by a signal: what waits gives up, so that all is undone. */
static volatile sig_atomic_t interrupted;

static void
interrupt(int sig OVS_UNUSED)
{
    interrupted = 1;
}

enum {
    OPT_NETNS = 256,
    OPT_TAP,
    OPT_INTERNAL,
    OPT_IP,
    OPT_MAC,
    OPT_MTU,
    OPT_IFNAME,
    OPT_TIMEOUT,
};

static const struct option attach_options[] = {
    { "netns", required_argument, NULL, OPT_NETNS },
    { "tap", required_argument, NULL, OPT_TAP },
    { "internal", required_argument, NULL, OPT_INTERNAL },
    { "ip", no_argument, NULL, OPT_IP },
    { "mac", required_argument, NULL, OPT_MAC },
    { "mtu", required_argument, NULL, OPT_MTU },
    { "ifname", required_argument, NULL, OPT_IFNAME },
    { "timeout", required_argument, NULL, OPT_TIMEOUT },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

static void
attach_usage(void)
{
    printf("usage: %s attach PORT --netns NS | --tap NAME | --internal NAME "
           "[OPTIONS]\n"
           "Makes an interface for the virtual port PORT (a path such as\n"
           "acme/shop/s1/web, or a UUID) and connects it.\n"
           "  --netns NS       an interface in the network namespace NS\n"
           "  --tap NAME       a tap for a virtual machine\n"
           "  --internal NAME  an interface of this host\n"
           "  --ip             give it the port's IP addresses too\n"
           "  --mac MAC        instead of the port's first MAC address\n"
           "  --mtu N          instead of the MTU that fits all paths\n"
           "  --ifname NAME    its name in NS (default: eth0)\n"
           "  --timeout SECS   how long to wait for the port (default: 30)\n",
           program_name);
}

/* Makes the interface one of 'kind'. */
static char *
set_kind(struct attachment *a, enum attachment_kind kind, const char *name)
{
    if (a->kind != ATTACH_NONE) {
        return xstrdup("give one of --netns, --tap and --internal");
    }
    a->kind = kind;
    if (kind == ATTACH_VETH) {
        a->netns = name;
        return NULL;
    }
    a->ifname = name;
    return (strlen(name) > 0 && strlen(name) < IFNAMSIZ ? NULL
            : xasprintf("\"%s\" is no name for an interface: it has 1 to %d "
                        "characters", name, IFNAMSIZ - 1));
}

static char *
parse_number(const char *option, const char *s, unsigned int min,
             unsigned int max, unsigned int *value)
{
    unsigned int n;

    if (!str_to_uint(s, 10, &n) || n < min || n > max) {
        return xasprintf("--%s %s: give a number from %u to %u", option, s,
                         min, max);
    }
    *value = n;
    return NULL;
}

static char *
parse_option(struct attachment *a, int option, const char *arg)
{
    switch (option) {
    case OPT_NETNS:
        return set_kind(a, ATTACH_VETH, arg);
    case OPT_TAP:
        return set_kind(a, ATTACH_TAP, arg);
    case OPT_INTERNAL:
        return set_kind(a, ATTACH_INTERNAL, arg);
    case OPT_IP:
        a->want_ips = true;
        return NULL;
    case OPT_MAC:
        return (eth_addr_from_string(arg, &a->mac)
                && !eth_addr_is_multicast(a->mac)
                && !eth_addr_is_zero(a->mac) ? NULL
                : xasprintf("--mac %s: give a unicast MAC address such as "
                            "02:00:00:00:00:01", arg));
    case OPT_MTU:
        return parse_number("mtu", arg, 68, 65535, &a->mtu);
    case OPT_IFNAME:
        a->inner = arg;
        return (strlen(arg) > 0 && strlen(arg) < IFNAMSIZ ? NULL
                : xasprintf("--ifname %s: give 1 to %d characters", arg,
                            IFNAMSIZ - 1));
    case OPT_TIMEOUT:
        return parse_number("timeout", arg, 1, 86400, &a->timeout);
    default:
        return xstrdup("\"nethv-agent attach --help\" shows the options");
    }
}

/* Returns what is wrong with the options taken together, or NULL. */
static char *
check_options(const struct attachment *a)
{
    if (a->kind == ATTACH_NONE) {
        return xstrdup("give one of --netns, --tap and --internal");
    } else if (a->kind == ATTACH_TAP && a->want_ips) {
        return xstrdup("--ip cannot be used with --tap: the addresses are "
                       "those of the guest, who sets them itself");
    } else if (a->kind != ATTACH_VETH && strcmp(a->inner, "eth0")) {
        return xstrdup("--ifname is for --netns");
    }
    return NULL;
}

/* Parses 'argv' into '*a'.  Returns NULL or a sentence, and stores in '*help'
 * whether help was asked for. */
static char *
parse(int argc, char *argv[], const struct option *options,
      struct attachment *a, bool *help)
{
    char *error = NULL;
    int option;

    optind = 1;
    while (!error
           && (option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'h') {
            *help = true;
            return NULL;
        }
        error = parse_option(a, option, optarg);
    }
    if (!error && optind != argc - 1) {
        error = xasprintf("%s needs one argument: the port, such as "
                          "acme/shop/s1/web", argv[0]);
    } else if (!error) {
        a->port = argv[optind];
    }
    return error;
}

static int
finish(const char *verb, char *error)
{
    if (error) {
        fprintf(stderr, "%s %s: %s\n", program_name, verb, error);
        free(error);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

static void
start(struct attachment *a)
{
    vlog_set_levels(NULL, VLF_CONSOLE, VLL_OFF);
    signal(SIGINT, interrupt);
    signal(SIGTERM, interrupt);
    signal(SIGHUP, interrupt);
    a->inner = "eth0";
    a->timeout = 30;
    a->interrupted = &interrupted;
}

int
attach_main(int argc, char *argv[])
{
    struct attachment a = { .kind = ATTACH_NONE };
    bool help = false;

    start(&a);
    char *error = parse(argc, argv, attach_options, &a, &help);
    if (help) {
        attach_usage();
        return EXIT_SUCCESS;
    }
    error = error ? error : check_options(&a);
    error = error ? error : attachment_make(&a);
    if (!error) {
        printf("%s\n", a.summary);
    }
    attachment_destroy(&a);
    return finish("attach", error);
}

static const struct option detach_options[] = {
    { "timeout", required_argument, NULL, OPT_TIMEOUT },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

int
detach_main(int argc, char *argv[])
{
    struct attachment a = { .kind = ATTACH_NONE };
    bool help = false;

    start(&a);
    char *error = parse(argc, argv, detach_options, &a, &help);
    if (help) {
        printf("usage: %s detach PORT [--timeout SECS]\n"
               "Removes what attach made for the virtual port PORT.\n",
               program_name);
        return EXIT_SUCCESS;
    }
    error = error ? error : attachment_remove(&a);
    attachment_destroy(&a);
    return finish("detach", error);
}
