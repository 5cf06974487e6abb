/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/diagnose.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/diagnosis.h"
#include "openvswitch/vlog.h"
#include "ovs/hostconf.h"
#include "ovs/pki.h"
#include "ovsdb-idl.h"
#include "stream-ssl.h"
#include "util.h"

void
diagnosis_ok(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("ok     ", stdout);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
}

void
diagnosis_wrong(struct diagnosis *d, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("WRONG  ", stdout);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
    d->n_wrong++;
}

void
diagnosis_tell(struct diagnosis *d, const char *what, char *error)
{
    if (error) {
        diagnosis_wrong(d, "%s: %s", what, error);
        free(error);
    } else {
        diagnosis_ok("%s", what);
    }
}

static char *
read_configuration(struct diagnosis *d)
{
    const struct { const char *key; char **value; } keys[] = {
        { "nethv-host", &d->host }, { "nethv-cloud", &d->cloud },
        { "nethv-remote", &d->remote }, { "nethv-database", &d->database },
        { "nethv-public-ip", &d->public_ip },
        { "nethv-encap-ip", &d->encap_ip },
        { "nethv-datapath", &d->datapath },
    };
    char *error = NULL;
    for (size_t i = 0; !error && i < ARRAY_SIZE(keys); i++) {
        error = hostconf_get(keys[i].key, keys[i].value);
    }
    return error;
}

/* In the order in which one thing needs the other. */
static void (*const checks[])(struct diagnosis *) = {
    diagnose_switch, diagnose_datapath, diagnose_files, diagnose_enrolment,
    diagnose_relay, diagnose_database, diagnose_agent, diagnose_mtu,
    diagnose_cloud, diagnose_edges,
};

static void
diagnose(struct diagnosis *d)
{
    char *error = read_configuration(d);
    if (error) {
        diagnosis_wrong(d, "Open vSwitch's database does not answer: is the "
                        "package openvswitch-switch installed and its "
                        "ovsdb-server running?  (%s)", error);
        free(error);
        return;
    }
    if (!d->cloud || !d->host || !d->remote || !d->encap_ip) {
        diagnosis_wrong(d, "this machine has not joined: \"nethv-agent join "
                        "TOKEN\" does that");
        return;
    }
    diagnosis_ok("host %s of cloud %s, address %s", d->host, d->cloud,
                 d->encap_ip);
    stream_ssl_set_key_and_cert(PKI_HOST_KEY, PKI_HOST_CERT);
    stream_ssl_set_ca_cert_file(PKI_CA_CERT, false);
    for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
        checks[i](d);
    }
}

int
diagnose_main(int argc, char *argv[])
{
    struct diagnosis d = { .n_wrong = 0 };

    if (argc != 1) {
        bool help = argc == 2 && !strcmp(argv[1], "--help");
        fprintf(help ? stdout : stderr, "usage: nethv-agent diagnose\n");
        return help ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    vlog_set_levels(NULL, VLF_CONSOLE, VLL_OFF);
    diagnose(&d);
    ovsdb_idl_destroy(d.idl);
    free(d.host);
    free(d.cloud);
    free(d.remote);
    free(d.database);
    free(d.public_ip);
    free(d.encap_ip);
    free(d.datapath);
    free(d.ca);
    return d.n_wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
