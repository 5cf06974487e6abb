/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "api/tls.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nethv/client.h"
#include "stream-ssl.h"
#include "util.h"

enum { KEY, CERTIFICATE, CA, N_FILES };

struct tls_file {
    char *name;                     /* NULL while none is set. */
    struct timespec mtime;          /* When it was read. */
};

/* Held for reading while connections may be opened. */
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static struct tls_file files[N_FILES];

static struct timespec
mtime_of(const char *name)
{
    struct stat s;
    return stat(name, &s) ? (struct timespec) { 0, 0 } : s.st_mtim;
}

static bool
has_changed(const struct tls_file *file)
{
    struct timespec mtime = mtime_of(file->name);
    return mtime.tv_sec != file->mtime.tv_sec
           || mtime.tv_nsec != file->mtime.tv_nsec;
}

/* Returns whether there is something to read again.  Key and certificate must
 * fit together: a new key waits for its certificate. */
static bool
any_has_changed(void)
{
    return files[0].name
           && (has_changed(&files[CERTIFICATE]) || has_changed(&files[CA]));
}

static void
read_files(void)
{
    if (has_changed(&files[CERTIFICATE])) {
        if (has_changed(&files[KEY])) {
            stream_ssl_set_key_and_cert(files[KEY].name,
                                        files[CERTIFICATE].name);
        } else {
            stream_ssl_set_certificate_file(files[CERTIFICATE].name);
        }
    }
    stream_ssl_set_ca_cert_file(files[CA].name, false);
    files[CERTIFICATE].mtime = mtime_of(files[CERTIFICATE].name);
    files[CA].mtime = mtime_of(files[CA].name);
    if (!files[KEY].mtime.tv_sec || has_changed(&files[KEY])) {
        files[KEY].mtime = mtime_of(files[KEY].name);
    }
}

static char *
set_names(const char *const names[N_FILES])
{
    for (size_t i = 0; i < N_FILES; i++) {
        if (files[i].name && strcmp(files[i].name, names[i])) {
            return xasprintf("%s: this process uses %s already, and has one "
                             "set of TLS files only", names[i], files[i].name);
        }
    }
    if (!files[0].name) {
        for (size_t i = 0; i < N_FILES; i++) {
            files[i].name = xstrdup(names[i]);
        }
        read_files();
    }
    return NULL;
}

static char *
check_names(const struct nethv_client_options *options,
            const char *const names[N_FILES])
{
    static const char *const what[N_FILES] = {
        [KEY] = "private_key",
        [CERTIFICATE] = "certificate",
        [CA] = "ca_certificate",
    };

    for (size_t i = 0; i < N_FILES; i++) {
        if (!names[i]) {
            return xasprintf("%s: needs the file \"%s\"",
                             options->remotes, what[i]);
        }
        if (access(names[i], R_OK)) {
            return xasprintf("%s: cannot be read: %s", names[i],
                             ovs_strerror(errno));
        }
    }
    return NULL;
}

char *
tls_set(const struct nethv_client_options *options)
{
    const char *const names[N_FILES] = {
        [KEY] = options->private_key,
        [CERTIFICATE] = options->certificate,
        [CA] = options->ca_certificate,
    };

    if (!options->remotes || !options->remotes[0]) {
        return xstrdup("a client of the database needs \"remotes\", such as "
                       "unix:/run/nethv/nethv-db.sock");
    }
    if (!names[KEY] && !names[CERTIFICATE] && !names[CA]
        && !strstr(options->remotes, "ssl:")) {
        return NULL;
    }
    char *fault = check_names(options, names);
    if (!fault) {
        pthread_rwlock_wrlock(&lock);
        fault = set_names(names);
        pthread_rwlock_unlock(&lock);
    }
    return fault;
}

void
tls_hold(void)
{
    pthread_rwlock_rdlock(&lock);
    if (any_has_changed()) {
        pthread_rwlock_unlock(&lock);
        pthread_rwlock_wrlock(&lock);
        if (any_has_changed()) {
            read_files();
        }
        pthread_rwlock_unlock(&lock);
        pthread_rwlock_rdlock(&lock);
    }
}

void
tls_release(void)
{
    pthread_rwlock_unlock(&lock);
}
