/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/diagnosis.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/https.h"
#include "ovs/inventory.h"
#include "ovs/pki.h"
#include "ovs/reader.h"
#include "ovsdb-idl.h"
#include "socket-util.h"
#include "timeval.h"
#include "util.h"

#define CONNECT_MSEC 3000
#define READ_MSEC 5000
#define CLOCK_TOLERANCE 60          /* Seconds. */

/* Returns 0 if 'target' (IP:port) accepts TCP connections, else why not. */
static int
try_tcp(const char *target)
{
    int fd;
    int error = inet_open_active(SOCK_STREAM, target, -1, NULL, &fd, 0);
    if (error && error != EAGAIN) {
        return error;
    }
    struct pollfd pfd = { .fd = fd, .events = POLLOUT };
    error = poll(&pfd, 1, CONNECT_MSEC) > 0 ? check_connection_completion(fd)
                                            : ETIMEDOUT;
    close(fd);
    return error;
}

/* Tells whether 'target' can be reached, where 'service' listens. */
static bool
diagnose_tcp(struct diagnosis *d, const char *target, const char *service)
{
    int error = try_tcp(target);
    if (error == ECONNREFUSED) {
        diagnosis_wrong(d, "%s is reached, but %s does not listen there, or a "
                        "firewall rejects this host", target, service);
    } else if (error) {
        const char *port = strrchr(target, ':') + 1;
        diagnosis_wrong(d, "%s (%s) is not reached: %s; a firewall must let "
                        "in TCP port %s from this host (\"nethvctl firewall\" "
                        "lists what)", target, service, ovs_strerror(error),
                        port);
    }
    return !error;
}

/* Returns whether 'remote' is more than an address, which may be IPv6 in
 * brackets. */
static bool
has_port(const char *remote)
{
    const char *end = strchr(remote, ']');

    return strchr(end ? end : remote, ':') != NULL;
}

/* Returns the next of the comma-separated remotes in '*rest' that is "ssl:" and
 * has a port, without "ssl:"; NULL at the end. */
static const char *
next_ssl(char **rest)
{
    const char *remote;
    while ((remote = strsep(rest, ","))) {
        if (!strncmp(remote, "ssl:", 4) && has_port(remote + 4)) {
            return remote + 4;
        }
    }
    return NULL;
}

static void
diagnose_clock(struct diagnosis *d, const struct https *https)
{
    long long int theirs = https_server_time(https);
    long long int ahead = time_wall() - theirs;

    if (theirs && (ahead > CLOCK_TOLERANCE || ahead < -CLOCK_TOLERANCE)) {
        diagnosis_wrong(d, "the clock of this machine is %lld s %s the "
                        "gateway's: set it by NTP", llabs(ahead),
                        ahead > 0 ? "ahead of" : "behind");
    } else {
        diagnosis_ok("clock");
    }
}

/* Does what joining would do, as far as it can without a token. */
static void
diagnose_https(struct diagnosis *d, const char *target)
{
    char fingerprint[PKI_DIGEST_LEN + 1];
    struct https *https;
    char *answer;
    bool reached;
    int status;

    char *error = pki_fingerprint(d->ca, fingerprint);
    error = error ? error : https_connect(target, fingerprint, &reached,
                                          &https);
    if (error) {
        diagnosis_tell(d, "enrolment", error);
        return;
    }
    error = https_post(https, "/v1/enrol", "{}", &status, &answer);
    diagnosis_tell(d, "enrolment", error);
    if (!error) {
        diagnose_clock(d, https);
        free(answer);
    }
    https_close(https);
}

/* Tells of the enrolment services beside 'remotes_'. */
static void
diagnose_services(struct diagnosis *d, const char *remotes_)
{
    char *remotes = xstrdup(remotes_);
    char *rest = remotes;
    for (const char *remote; (remote = next_ssl(&rest)); ) {
        const char *colon = strrchr(remote, ':');
        char *target = xasprintf("%.*s:%d", (int) (colon - remote), remote,
                                 INVENTORY_ENROL_PORT);
        if (diagnose_tcp(d, target, "enrolment") && d->ca) {
            diagnose_https(d, target);
        }
        free(target);
    }
    free(remotes);
}

void
diagnose_enrolment(struct diagnosis *d)
{
    diagnose_services(d, d->remote);
    if (d->database) {
        diagnose_services(d, d->database);
    }
}

/* Names what can be no remote of nethv's, all of which have their own ports. */
static void
diagnose_forms(struct diagnosis *d, const char *remotes_)
{
    char *remotes = xstrdup(remotes_);
    char *rest = remotes;
    for (const char *remote; (remote = strsep(&rest, ",")); ) {
        if (!strncmp(remote, "ssl:", 4) && !has_port(remote + 4)) {
            diagnosis_wrong(d, "external_ids of the Open_vSwitch table name "
                            "the remote \"%s\", which has no port: relays "
                            "listen at %d, the database at %d", remote,
                            INVENTORY_RELAY_PORT, INVENTORY_DB_PORT);
        }
    }
    free(remotes);
}

/* Tells whether each of 'remotes' can be connected to; returns whether one
 * can. */
static bool
diagnose_ports(struct diagnosis *d, const char *remotes_, const char *service)
{
    char *remotes = xstrdup(remotes_);
    char *rest = remotes;
    bool any = false;

    diagnose_forms(d, remotes_);
    for (const char *remote; (remote = next_ssl(&rest)); ) {
        any |= diagnose_tcp(d, remote, service);
    }
    free(remotes);
    return any;
}

void
diagnose_relay(struct diagnosis *d)
{
    if (!diagnose_ports(d, d->remote, "the database or its relay")) {
        return;
    }
    char *error = reader_open(d->remote, READ_MSEC, &d->idl);
    if (error) {
        diagnosis_wrong(d, "%s: either this host's certificate is refused, "
                        "or the relay there does not reach the database",
                        error);
        free(error);
    } else {
        diagnosis_ok("relay");
    }
}

void
diagnose_database(struct diagnosis *d)
{
    struct ovsdb_idl *idl;

    if (!d->database || (strncmp(d->database, "unix:", 5)
                         && !diagnose_ports(d, d->database, "the database"))) {
        return;
    }
    char *error = reader_open(d->database, READ_MSEC, &idl);
    diagnosis_tell(d, "database", error);
    if (!error) {
        ovsdb_idl_destroy(idl);
    }
}
