/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovs/hostconf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "openvswitch/dynamic-string.h"
#include "ovs/command.h"
#include "socket-util.h"
#include "svec.h"
#include "util.h"

/* Every key, and where a struct hostconf has its value. */
static const struct {
    const char *key;
    size_t offset;
} keys[] = {
    { "nethv-host", offsetof(struct hostconf, host) },
    { "nethv-host-id", offsetof(struct hostconf, host_id) },
    { "nethv-cloud", offsetof(struct hostconf, cloud) },
    { "nethv-cloud-id", offsetof(struct hostconf, cloud_id) },
    { "nethv-remote", offsetof(struct hostconf, remote) },
    { "nethv-database", offsetof(struct hostconf, database) },
    { "nethv-public-ip", offsetof(struct hostconf, public_ip) },
    { "nethv-encap-ip", offsetof(struct hostconf, encap_ip) },
    { "nethv-datapath", offsetof(struct hostconf, datapath) },
    { "nethv-uplink", offsetof(struct hostconf, uplink) },
};

/* Runs ovs-vsctl with 'args', which it empties. */
static char *
run_vsctl(struct svec *args, char **output)
{
    struct svec argv = SVEC_EMPTY_INITIALIZER;
    svec_add(&argv, "ovs-vsctl");
    svec_add(&argv, "--timeout=10");
    svec_add(&argv, "--no-wait");
    svec_append(&argv, args);
    svec_terminate(&argv);
    char *error = command_run((const char *const *) argv.names, output);
    svec_destroy(&argv);
    svec_destroy(args);
    return error;
}

char *
hostconf_write(const struct hostconf *conf)
{
    struct svec args = SVEC_EMPTY_INITIALIZER;

    svec_add(&args, "set");
    svec_add(&args, "Open_vSwitch");
    svec_add(&args, ".");
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        const char *value = *(const char *const *)
            ((const char *) conf + keys[i].offset);
        if (value) {
            svec_add_nocopy(&args, xasprintf("external_ids:%s=\"%s\"",
                                             keys[i].key, value));
        }
    }
    return run_vsctl(&args, NULL);
}

/* What apply_vlan_limit() of vswitch-want.c has set. */
static char *
restore_vlan_limit(void)
{
    struct svec args = SVEC_EMPTY_INITIALIZER;
    char *before;
    char *error = hostconf_get("nethv-vlan-limit", &before);

    if (error || !before) {
        return error;
    }
    free(before);
    svec_parse_words(&args, "remove Open_vSwitch . other_config vlan-limit=2 "
                     "-- remove Open_vSwitch . external_ids nethv-vlan-limit");
    return run_vsctl(&args, NULL);
}

char *
hostconf_clear(void)
{
    struct svec args = SVEC_EMPTY_INITIALIZER;
    char *error = restore_vlan_limit();

    if (error) {
        return error;
    }
    svec_add(&args, "remove");
    svec_add(&args, "Open_vSwitch");
    svec_add(&args, ".");
    svec_add(&args, "external_ids");
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        svec_add(&args, keys[i].key);
    }
    return run_vsctl(&args, NULL);
}

char *
hostconf_get(const char *key, char **value)
{
    struct svec args = SVEC_EMPTY_INITIALIZER;
    char *output;

    svec_add(&args, "--if-exists");
    svec_add(&args, "get");
    svec_add(&args, "Open_vSwitch");
    svec_add(&args, ".");
    svec_add_nocopy(&args, xasprintf("external_ids:%s", key));
    char *error = run_vsctl(&args, &output);
    if (error) {
        return error;
    }
    size_t n = strlen(output);
    if (n >= 2 && output[0] == '"' && output[n - 1] == '"') {
        memmove(output, output + 1, n - 2);
        output[n - 2] = '\0';
    }
    if (!output[0]) {
        free(output);
        output = NULL;
    }
    *value = output;
    return NULL;
}

char *
hostconf_check_free(void)
{
    char *cloud, *host;

    if (geteuid()) {
        return xstrdup("this needs root: it writes /etc/nethv and Open "
                       "vSwitch's database");
    }
    char *error = hostconf_get("nethv-cloud", &cloud);
    if (error) {
        char *sentence = xasprintf("Open vSwitch's database does not answer: "
                                   "is the package openvswitch-switch "
                                   "installed and running?  (%s)", error);
        free(error);
        return sentence;
    }
    if (!cloud) {
        return NULL;
    }
    error = hostconf_get("nethv-host", &host);
    if (!error) {
        error = xasprintf("this machine has joined cloud \"%s\" as \"%s\" "
                          "already: \"nethv-agent leave\" comes first", cloud,
                          host ? host : "?");
        free(host);
    }
    free(cloud);
    return error;
}

static bool
kernel_has_openvswitch(void)
{
    if (!access("/sys/module/openvswitch", F_OK)) {
        return true;
    }
    char *error = command_run(COMMAND("modprobe", "-n", "-q", "openvswitch"),
                              NULL);
    free(error);
    return !error;
}

static bool
bridge_exists(const char *name)
{
    struct svec args = SVEC_EMPTY_INITIALIZER;
    svec_add(&args, "br-exists");
    svec_add(&args, name);
    char *error = run_vsctl(&args, NULL);
    free(error);
    return !error;
}

char *
hostconf_choose_datapath(const char *wanted, const char *uplink,
                         const char **datapath)
{
    if (wanted && strcmp(wanted, "system") && strcmp(wanted, "netdev")) {
        return xasprintf("--datapath is \"system\" or \"netdev\", not \"%s\"",
                         wanted);
    }
    if (wanted && !strcmp(wanted, "netdev")) {
        if (!uplink && !bridge_exists("br-phy")) {
            return xstrdup("the userspace datapath reaches other hosts only "
                           "through a NIC in a bridge: name it with --uplink "
                           "NIC");
        }
        *datapath = "netdev";
        return NULL;
    }
    if (!kernel_has_openvswitch()) {
        return xstrdup("this kernel has no module openvswitch: install a "
                       "kernel that has it, or use the userspace datapath "
                       "with --datapath netdev --uplink NIC");
    }
    if (uplink) {
        return xstrdup("--uplink is for --datapath netdev only: with the "
                       "kernel datapath the NIC stays where it is");
    }
    *datapath = "system";
    return NULL;
}

bool
hostconf_is_ip(const char *ip)
{
    uint8_t address[sizeof(struct in6_addr)];
    return (inet_pton(AF_INET, ip, address) == 1
            || inet_pton(AF_INET6, ip, address) == 1);
}

char *
hostconf_local_address(const char *peer, char **ip)
{
    struct sockaddr_storage ss;
    socklen_t n = sizeof ss;
    char *target = xasprintf(strchr(peer, ':') ? "[%s]:9" : "%s:9", peer);
    bool parsed = inet_parse_active(target, 9, &ss, false, NULL);
    free(target);

    int fd = parsed ? socket(ss.ss_family, SOCK_DGRAM, 0) : -1;
    bool ok = (fd >= 0
               && !connect(fd, (struct sockaddr *) &ss, ss_length(&ss))
               && !getsockname(fd, (struct sockaddr *) &ss, &n));
    if (fd >= 0) {
        close(fd);
    }
    if (!ok) {
        return xasprintf("there is no route to %s, so this machine's address "
                         "is not known: give it with --encap-ip", peer);
    }
    struct ds s = DS_EMPTY_INITIALIZER;
    ss_format_address_nobracks(&ss, &s);
    *ip = ds_steal_cstr(&s);
    return NULL;
}

/* Services. */

/* Returns whether systemd knows 'unit': a host that is no gateway may have none
 * of a gateway's units. */
static bool
unit_exists(const char *unit)
{
    char *error = command_run(COMMAND("systemctl", "cat", unit), NULL);
    free(error);
    return !error;
}

static char *
run_systemctl(const char *verb, const char *service)
{
    char *unit = xasprintf("nethv-%s.service", service);
    char *error = NULL;
    if (!strcmp(verb, "enable") || unit_exists(unit)) {
        error = command_run(COMMAND("systemctl", verb, "--now", unit), NULL);
    }
    free(unit);
    return error;
}

static char *
run_nethv_ctl(const char *verb, const char *service)
{
    char *argument = xasprintf("%s-%s", verb, service);
    const char *program = (command_exists("nethv-ctl")
                           ? "nethv-ctl" : PKGLIBEXECDIR "/nethv-ctl");
    char *error = command_run(COMMAND(program, argument), NULL);
    free(argument);
    return error;
}

static bool
systemd_runs(void)
{
    return !access("/run/systemd/system", F_OK);
}

char *
hostconf_start(const char *service)
{
    return systemd_runs() ? run_systemctl("enable", service)
                          : run_nethv_ctl("start", service);
}

char *
hostconf_stop(const char *service)
{
    return systemd_runs() ? run_systemctl("disable", service)
                          : run_nethv_ctl("stop", service);
}

void
hostconf_undo_start(const char *service)
{
    free(hostconf_stop(service));
}
