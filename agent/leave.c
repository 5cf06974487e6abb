/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/join.h"

#include <dirent.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "openvswitch/vlog.h"
#include "ovs/command.h"
#include "ovs/hostconf.h"
#include "ovs/inventory.h"
#include "ovs/pki.h"
#include "ovs/program.h"
#include "ovs/uplink.h"
#include "util.h"

/* Tells of a step that failed; leaving goes on. */
static void
complain(char *error, int *status)
{
    if (error) {
        fprintf(stderr, "nethv-agent: leave: %s\n", error);
        free(error);
        *status = EXIT_FAILURE;
    }
}

/* Removes the files (not directories) in 'directory', and itself if it is then
 * empty. */
static void
clear_directory(const char *directory)
{
    DIR *dir = opendir(directory);
    if (!dir) {
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(dir))) {
        char *path = xasprintf("%s/%s", directory, entry->d_name);
        if (entry->d_type != DT_DIR) {
            unlink(path);
        }
        free(path);
    }
    closedir(dir);
    rmdir(directory);
}

static char *
delete_bridges(void)
{
    return command_run(COMMAND("ovs-vsctl", "--timeout=10", "--no-wait",
                               "--if-exists", "del-br", "br-int"), NULL);
}

static void
stop_services(bool destroy, int *status)
{
    static const char *const services[] = { "agent", "gateway", "relay" };

    for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
        complain(hostconf_stop(services[i]), status);
    }
    if (destroy) {
        complain(hostconf_stop("database"), status);
    }
}

/* Puts the NIC back where it was before joining. */
static char *
take_back_uplink(void)
{
    char *nic;
    char *error = hostconf_get("nethv-uplink", &nic);

    if (!error && nic) {
        error = uplink_take_back(nic);
        free(nic);
    }
    return error;
}

static void
remove_everything(bool destroy, int *status)
{
    static const char *const files[] = {
        PKI_HOST_KEY, PKI_HOST_CERT, PKI_CA_CERT,
    };

    stop_services(destroy, status);
    complain(delete_bridges(), status);
    complain(take_back_uplink(), status);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        unlink(files[i]);
    }
    rmdir(PKI_DIR);
    clear_directory(PROGRAM_RUNDIR);
    if (destroy) {
        clear_directory(PKI_CA_DIR);
        clear_directory(INVENTORY_DB_DIR);
    }
    complain(hostconf_clear(), status);
}

static char *
parse(int argc, char *argv[], bool *destroy)
{
    static const struct option options[] = {
        { "destroy", no_argument, NULL, 'd' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    static const char usage[] = "usage: nethv-agent leave [--destroy]";
    int option;

    *destroy = false;
    optind = 0;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'h') {
            puts(usage);
            exit(EXIT_SUCCESS);
        }
        *destroy |= option == 'd';
        if (option == '?') {
            optind = argc + 1;
            break;
        }
    }
    return optind == argc ? NULL : xstrdup(usage);
}

static char *
check(bool destroy, const char *host)
{
    if (geteuid()) {
        return xstrdup("this needs root: it changes /etc/nethv and Open "
                       "vSwitch's database");
    }
    bool holds = !access(PKI_CA_KEY, F_OK);
    if (!host && access(PKI_HOST_KEY, F_OK) && !holds) {
        return xstrdup("this machine has not joined");
    }
    return holds && !destroy
        ? xstrdup("this machine holds the deployment's database and "
                  "certificate authority, without which no other host can "
                  "live for long: \"nethv-agent leave --destroy\" removes "
                  "them too")
        : NULL;
}

int
leave_main(int argc, char *argv[])
{
    int status = EXIT_SUCCESS;
    char *host = NULL;
    bool destroy;

    vlog_set_levels(NULL, VLF_CONSOLE, VLL_ERR);
    char *error = parse(argc, argv, &destroy);
    if (!error) {
        complain(hostconf_get("nethv-host", &host), &status);
        error = check(destroy, host);
    }
    if (error) {
        complain(error, &status);
    } else {
        remove_everything(destroy, &status);
        printf("this machine has left; \"nethvctl host-remove %s\" makes the "
               "deployment forget it\n", host ? host : "NAME");
    }
    free(host);
    return status;
}
