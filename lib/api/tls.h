/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_TLS_H
#define API_TLS_H 1

/* The TLS files of the process.
 *
 * Open vSwitch has one set of them, without a lock: connections may be opened
 * by several threads at the same time as long as nobody changes the files. */

#include <stdbool.h>

struct nethv_client_options;

/* Sets the files that 'options' name, if any.  Returns NULL, or a malloc'd
 * sentence if files are missing or others were set before. */
char *tls_set(const struct nethv_client_options *options);

/* Begin and end a time in which connections may be opened.  tls_hold() reads
 * again files that have changed. */
void tls_hold(void);
void tls_release(void);

#endif /* api/tls.h */
