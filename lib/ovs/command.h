/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_COMMAND_H
#define OVS_COMMAND_H 1

/* Programs run to their end, and steps that can be taken back. */

#include <stdbool.h>

/* Runs 'argv', which ends with NULL and whose first element is looked up in
 * PATH, without a shell.  Returns NULL if it succeeds and stores what it
 * printed in '*output', unless 'output' is NULL, without the last line's end;
 * the caller frees it.  Else returns an error, which the caller frees, with
 * what it complained of. */
char *command_run(const char *const argv[], char **output);
#define COMMAND(...) ((const char *const[]) { __VA_ARGS__, NULL })

/* Returns whether there is a program 'name' in PATH. */
bool command_exists(const char *name);

/* What has been done so far, so that it can be undone: from the last step to
 * the first. */
struct undo_step;
struct undo {
    struct undo_step *steps;
};
#define UNDO_INITIALIZER { NULL }

/* Adds "call 'function' with 'argument' (copied, may be NULL)". */
void undo_add(struct undo *, void (*function)(const char *argument),
              const char *argument);

/* Undoes everything, or forgets how. */
void undo_all(struct undo *);
void undo_forget(struct undo *);

/* For undo_add(): removes a file, or a directory if it is empty. */
void undo_unlink(const char *path);
void undo_rmdir(const char *path);

#endif /* ovs/command.h */
