/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_TEXT_FILE_H
#define OVS_TEXT_FILE_H 1

/* Small files of text, read and written as a whole: keys, certificates, and what
 * a process leaves for the one after it.
 *
 * Functions return NULL, or a malloc'd sentence that says what is wrong.
 * Thread-safe. */

#include <sys/types.h>

/* Reads the whole file 'path', at most 64 kB of text. */
char *text_file_read(const char *path, char **contents);

/* Makes 'path' hold 'contents' with 'mode', at once and durably: a reader, or a
 * machine that loses power, sees the old file or the new one. */
char *text_file_write(const char *path, const char *contents, mode_t mode);

/* Leaves 'contents' in 'path' for the process after this one, with mode 0644: a
 * reader sees the old file or the new one.  A machine that loses power may lose
 * both. */
char *text_file_leave(const char *path, const char *contents);

#endif /* ovs/text-file.h */
