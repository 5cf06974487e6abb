/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Gives a fuzzer every file of the directories that are its arguments, or
 * without arguments of its corpus. */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "util.h"

static void
replay_file(const char *name)
{
    FILE *file = fopen(name, "rb");
    if (!file) {
        ovs_fatal(errno, "%s", name);
    }
    size_t allocated = 1024, n = 0;
    uint8_t *data = xmalloc(allocated);
    for (size_t got; (got = fread(data + n, 1, allocated - n, file)); ) {
        n += got;
        if (n == allocated) {
            data = x2nrealloc(data, &allocated, 1);
        }
    }
    fclose(file);

    /* Of the exact size, so that a sanitizer sees what is read beyond. */
    uint8_t *exact = xmemdup(data, n ? n : 1);
    free(data);
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
}

static size_t
replay_directory(const char *name)
{
    struct dirent **entries;
    size_t n_files = 0;
    int n = scandir(name, &entries, NULL, alphasort);
    if (n < 0) {
        ovs_fatal(errno, "%s", name);
    }
    for (int i = 0; i < n; i++) {
        if (entries[i]->d_name[0] != '.') {
            char *path = xasprintf("%s/%s", name, entries[i]->d_name);
            replay_file(path);
            free(path);
            n_files++;
        }
        free(entries[i]);
    }
    free(entries);
    return n_files;
}

int
main(int argc, char *argv[])
{
    size_t n = 0;
    for (int i = 1; i < argc; i++) {
        n += replay_directory(argv[i]);
    }
    if (argc == 1) {
        n += replay_directory(FUZZ_CORPUS);
    }
    printf("%"PRIuSIZE" files\n", n);
    return !n;
}
