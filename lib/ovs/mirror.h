/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_MIRROR_H
#define OVS_MIRROR_H 1

/* From rows of the NetHV database to a model.
 *
 * A mirror remembers which rows of an IDL it has put into a model, so that it
 * can take out again what is no longer there, whatever the IDL still knows of
 * it.  Rows that make no sense (anyone may write them with generic commands)
 * are left out with a warning.
 *
 * Not thread-safe. */

#include <stdbool.h>

struct model;
struct ovsdb_idl;

struct mirror;

/* Returns a mirror of 'idl' in 'model'; both must live longer.  Only with
 * 'state' it puts in what the system writes, too. */
struct mirror *mirror_create(struct ovsdb_idl *idl, struct model *model,
                             bool state);
void mirror_destroy(struct mirror *);

/* Asks 'idl' for the columns that a mirror of it reads: those of what users
 * write, and with 'state' also those of what the system writes. */
void mirror_add_columns(struct ovsdb_idl *idl, bool state);

/* Compares all rows of the IDL with the model and changes what differs. */
void mirror_sync(struct mirror *);

/* The same for the rows that the IDL has tracked as changed. */
void mirror_sync_tracked(struct mirror *);

#endif /* ovs/mirror.h */
