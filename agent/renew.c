/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/renew.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "nethv-idl.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs/db.h"
#include "ovs/pki.h"
#include "ovs/text-file.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(renew);

/* One that could not be taken may be later: the disk was full, the clock was
 * wrong. */
#define RETRY_MSEC 10000

struct renew {
    unsigned int seqno;             /* Of the db, when looked at last. */
    char *certificate;              /* In the database, when looked at last. */
    long long int retry_at;         /* Tried again then, msec. */
};

/* What this host has. */
struct files {
    char *key;
    char *certificate;
    char *ca;
};

struct renew *
renew_create(void)
{
    struct renew *renew = xzalloc(sizeof *renew);

    renew->retry_at = LLONG_MAX;
    return renew;
}

void
renew_destroy(struct renew *renew)
{
    if (renew) {
        free(renew->certificate);
        free(renew);
    }
}

static const char *
find_certificate(struct db *db)
{
    const struct nethvrec_host *self = db_self(db);
    const struct nethvrec_enrollment *e;

    NETHVREC_ENROLLMENT_FOR_EACH (e, db_idl(db)) {
        if (self && e->host == self) {
            return e->certificate;
        }
    }
    return NULL;
}

static void
files_destroy(struct files *files)
{
    pki_wipe(files->key);
    free(files->certificate);
    free(files->ca);
}

static char *
files_read(struct files *files)
{
    memset(files, 0, sizeof *files);
    char *error = text_file_read(PKI_HOST_KEY, &files->key);
    if (!error) {
        error = text_file_read(PKI_HOST_CERT, &files->certificate);
    }
    return error ? error : text_file_read(PKI_CA_CERT, &files->ca);
}

static bool
is_newer(const char *candidate, const char *present)
{
    struct pki_info a, b;
    char *error = pki_describe(candidate, &a);
    char *present_error = pki_describe(present, &b);
    bool newer = !error && (present_error || a.not_after > b.not_after);

    free(error);
    free(present_error);
    return newer;
}

/* Open vSwitch's daemons read key and certificate again only when both files
 * have changed, and look at the key first: so the certificate goes first. */
static char *
install(const char *certificate, const struct files *files)
{
    char *error = pki_check("the new certificate", certificate, files->key,
                            files->ca, time_wall());
    if (!error) {
        error = text_file_write(PKI_HOST_CERT, certificate, 0644);
    }
    return error ? error : text_file_write(PKI_HOST_KEY, files->key, 0600);
}

/* Whether the last install() got no further than the certificate. */
static bool
is_half_done(void)
{
    struct stat key, certificate;
    return (!stat(PKI_HOST_KEY, &key) && !stat(PKI_HOST_CERT, &certificate)
            && (key.st_mtim.tv_sec < certificate.st_mtim.tv_sec
                || (key.st_mtim.tv_sec == certificate.st_mtim.tv_sec
                    && key.st_mtim.tv_nsec < certificate.st_mtim.tv_nsec)));
}

/* Returns whether there is nothing left to do with 'certificate'. */
static bool
consider(const char *certificate)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 1);
    struct files files;
    char *error = files_read(&files);

    if (!error && is_newer(certificate, files.certificate)) {
        error = install(certificate, &files);
        if (!error) {
            VLOG_INFO("this host has a new certificate");
        }
    } else if (!error && !strcmp(certificate, files.certificate)
               && is_half_done()) {
        error = text_file_write(PKI_HOST_KEY, files.key, 0600);
    }
    files_destroy(&files);
    if (error) {
        VLOG_WARN_RL(&rl, "the new certificate is not taken: %s", error);
        free(error);
        return false;
    }
    return true;
}

void
renew_run(struct renew *renew, struct db *db)
{
    bool again = time_msec() >= renew->retry_at;

    if (renew->seqno == db_seqno(db) && !again) {
        return;
    }
    renew->seqno = db_seqno(db);
    const char *certificate = find_certificate(db);
    if (!certificate) {
        renew->retry_at = LLONG_MAX;
    } else if (again || !renew->certificate
               || strcmp(certificate, renew->certificate)) {
        renew->retry_at = (consider(certificate) ? LLONG_MAX
                           : time_msec() + RETRY_MSEC);
        free(renew->certificate);
        renew->certificate = xstrdup(certificate);
    }
}

void
renew_wait(const struct renew *renew)
{
    poll_timer_wait_until(renew->retry_at);
}
