/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovs/text-file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "socket-util.h"
#include "util.h"

#define FILE_MAX 65536

static char *
file_error(const char *what, const char *path, int error)
{
    return xasprintf("%s: cannot be %s: %s", path, what, ovs_strerror(error));
}

char *
text_file_read(const char *path, char **contents)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return file_error("read", path, errno);
    }

    char *buffer = xmalloc(FILE_MAX + 1);
    size_t n;
    int error = read_fully(fd, buffer, FILE_MAX + 1, &n);
    close(fd);
    if (error && error != EOF) {
        free(buffer);
        return file_error("read", path, error);
    }
    if (n > FILE_MAX || memchr(buffer, '\0', n)) {
        free(buffer);
        return xasprintf("%s: is to be text of at most %d bytes", path,
                         FILE_MAX);
    }
    buffer[n] = '\0';
    *contents = buffer;
    return NULL;
}

/* Makes the renaming of 'path' last. */
static void
sync_directory(const char *path)
{
    char *copy = xstrdup(path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(copy);
}

static int
fill_file(int fd, const char *contents, mode_t mode, bool last)
{
    size_t n = strlen(contents);
    size_t written;
    int error = fchmod(fd, mode) ? errno : 0;

    if (!error && n) {
        error = write_fully(fd, contents, n, &written);
    }
    if (!error && last && fsync(fd)) {
        error = errno;
    }
    return error;
}

/* 'last' says whether it must outlast the machine. */
static char *
replace_file(const char *path, const char *contents, mode_t mode, bool last)
{
    char *temporary = xasprintf("%s.XXXXXX", path);
    int fd = mkostemp(temporary, O_CLOEXEC);
    int error = fd < 0 ? errno : fill_file(fd, contents, mode, last);

    if (fd >= 0) {
        close(fd);
        if (!error && rename(temporary, path)) {
            error = errno;
        }
        if (error) {
            unlink(temporary);
        } else if (last) {
            sync_directory(path);
        }
    }
    free(temporary);
    return error ? file_error("written", path, error) : NULL;
}

char *
text_file_write(const char *path, const char *contents, mode_t mode)
{
    return replace_file(path, contents, mode, true);
}

char *
text_file_leave(const char *path, const char *contents)
{
    return replace_file(path, contents, 0644, false);
}
