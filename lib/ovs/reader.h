/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_READER_H
#define OVS_READER_H 1

/* The database, read at once: for commands that look at it and end. */

struct ovsdb_idl;

/* Connects to 'remote' and waits at most 'timeout_ms' until all of the database
 * has been read.  Returns NULL and stores it in '*idlp', for the caller to
 * destroy, or returns an error that the caller frees. */
char *reader_open(const char *remote, long long int timeout_ms,
                  struct ovsdb_idl **idlp);

#endif /* ovs/reader.h */
