/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovs/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"
#include "socket-util.h"
#include "util.h"

#define OUTPUT_MAX (1 << 20)

static void
exec_child(const char *const argv[], FILE *out, FILE *err)
{
    dup2(fileno(out), STDOUT_FILENO);
    dup2(fileno(err), STDERR_FILENO);
    execvp(argv[0], (char *const *) argv);
    fprintf(stderr, "cannot be run: %s\n", ovs_strerror(errno));
    fflush(stderr);
    _exit(127);
}

/* Returns what is in 'file', without white space at its end. */
static char *
read_all(FILE *file)
{
    char *text = xzalloc(OUTPUT_MAX + 1);
    rewind(file);
    size_t n = fread(text, 1, OUTPUT_MAX, file);
    while (n && strchr("\n\r ", text[n - 1])) {
        n--;
    }
    text[n] = '\0';
    return xrealloc(text, n + 1);
}

static char *
describe_failure(const char *name, int status, FILE *err)
{
    char *complaint = read_all(err);
    char *outcome = process_status_msg(status);
    char *error = complaint[0] ? xasprintf("%s: %s", name, complaint)
                               : xasprintf("%s: %s", name, outcome);
    free(outcome);
    free(complaint);
    return error;
}

char *
command_run(const char *const argv[], char **output)
{
    FILE *out = tmpfile();
    FILE *err = tmpfile();
    char *error = NULL;
    int status = 0;

    if (!out || !err) {
        ovs_fatal(errno, "no temporary file can be made");
    }
    pid_t pid = fork();
    if (!pid) {
        exec_child(argv, out, err);
    } else if (pid < 0) {
        error = xasprintf("%s: cannot be run: %s", argv[0],
                          ovs_strerror(errno));
    } else {
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
            continue;
        }
        if (status) {
            error = describe_failure(argv[0], status, err);
        } else if (output) {
            *output = read_all(out);
        }
    }
    fclose(out);
    fclose(err);
    return error;
}

bool
command_exists(const char *name)
{
    char *path = process_search_path(name);
    free(path);
    return path != NULL;
}

struct undo_step {
    struct undo_step *next;
    void (*function)(const char *);
    char *argument;
};

void
undo_add(struct undo *undo, void (*function)(const char *),
         const char *argument)
{
    struct undo_step *step = xmalloc(sizeof *step);
    step->next = undo->steps;
    step->function = function;
    step->argument = nullable_xstrdup(argument);
    undo->steps = step;
}

static void
pop_all(struct undo *undo, bool call)
{
    while (undo->steps) {
        struct undo_step *step = undo->steps;
        undo->steps = step->next;
        if (call) {
            step->function(step->argument);
        }
        free(step->argument);
        free(step);
    }
}

void
undo_all(struct undo *undo)
{
    pop_all(undo, true);
}

void
undo_forget(struct undo *undo)
{
    pop_all(undo, false);
}

void
undo_unlink(const char *path)
{
    unlink(path);
}

void
undo_rmdir(const char *path)
{
    rmdir(path);
}
