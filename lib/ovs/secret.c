/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovs/pki.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "socket-util.h"
#include "util.h"

#define FILE_MAX 65536

void
pki_expect_digests_only(void)
{
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG
                        | OPENSSL_INIT_NO_ADD_ALL_CIPHERS
                        | OPENSSL_INIT_NO_ADD_ALL_DIGESTS, NULL);
}

void
pki_digest(const char *string, char digest[PKI_DIGEST_LEN + 1])
{
    unsigned char sha256[EVP_MAX_MD_SIZE];
    unsigned int n;

    ovs_assert(EVP_Digest(string, strlen(string), sha256, &n, EVP_sha256(),
                          NULL));
    for (size_t i = 0; i < PKI_DIGEST_LEN / 2; i++) {
        sprintf(digest + 2 * i, "%02x", sha256[i]);
    }
}

char *
pki_random(char *hex, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char *bytes = xmalloc(n);
    int ok = RAND_priv_bytes(bytes, n);

    for (size_t i = 0; ok == 1 && i < n; i++) {
        hex[i] = digits[bytes[i] & 15];
    }
    OPENSSL_cleanse(bytes, n);
    free(bytes);
    if (ok != 1) {
        return xstrdup("the system gives no random numbers");
    }
    hex[n] = '\0';
    return NULL;
}

bool
pki_equal(const char *a, const char *b)
{
    size_t n = strlen(a);
    return n == strlen(b) && !CRYPTO_memcmp(a, b, n);
}

void
pki_wipe(char *string)
{
    if (string) {
        OPENSSL_cleanse(string, strlen(string));
        free(string);
    }
}

static char *
file_error(const char *what, const char *path, int error)
{
    return xasprintf("%s: cannot be %s: %s", path, what, ovs_strerror(error));
}

char *
pki_read_file(const char *path, char **contents)
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
        pki_wipe(buffer);
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
fill_file(int fd, const char *contents, mode_t mode)
{
    size_t n = strlen(contents);
    size_t written;
    int error = fchmod(fd, mode) ? errno : 0;

    if (!error && n) {
        error = write_fully(fd, contents, n, &written);
    }
    if (!error && fsync(fd)) {
        error = errno;
    }
    return error;
}

char *
pki_write_file(const char *path, const char *contents, mode_t mode)
{
    char *temporary = xasprintf("%s.XXXXXX", path);
    int fd = mkostemp(temporary, O_CLOEXEC);
    int error = fd < 0 ? errno : fill_file(fd, contents, mode);

    if (fd >= 0) {
        close(fd);
        if (!error && rename(temporary, path)) {
            error = errno;
        }
        if (error) {
            unlink(temporary);
        } else {
            sync_directory(path);
        }
    }
    free(temporary);
    return error ? file_error("written", path, error) : NULL;
}
