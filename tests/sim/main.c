/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "sim.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "openvswitch/vlog.h"
#include "util.h"

/* Runs schedules, in several processes at a time, and says how many of which
 * kind there were and what failed.  Seeds are consecutive numbers: the same
 * command runs the same schedules. */

static const char usage[] = "\
usage: simulate [OPTION]...\n\
Runs schedules of many clouds on a virtual clock.\n\
  --seed=N      the first seed (default 1)\n\
  --count=N     so many schedules (default 1000; with --seed alone: 1)\n\
  --jobs=N      in so many processes (default: as there are processors)\n\
  --kind=KIND   all of that kind\n\
  --bug=BUG     with a bug put in on purpose, until it is found\n\
  --frame=N     with one schedule: say what becomes of that frame\n\
  --list        list kinds and bugs, and end\n";

/* As many failures are enough. */
#define FAILURES_MAX 20

struct plan {
    uint64_t first, n;
    int jobs;
    struct sim_options options;
};

/* What the processes share. */
struct tally {
    atomic_uint_fast64_t taken; /* Schedules begun, */
    atomic_uint_fast64_t kinds[N_KINDS];        /* done, by kind, */
    atomic_uint_fast64_t failed;                /* failed. */
};

OVS_NO_RETURN static void
refuse(const char *format, const char *what)
{
    fprintf(stderr, format, what);
    fputs(usage, stderr);
    exit(2);
}

static uint64_t
parse_number(const char *text)
{
    char *end;
    unsigned long long int n = strtoull(text, &end, 0);

    if (end == text || *end) {
        refuse("simulate: \"%s\" is not a number\n", text);
    }
    return n;
}

/* Returns which of the 'n' names that 'name_of' has is 'name'. */
static int
parse_name(const char *name, int n, const char *(*name_of)(int))
{
    for (int i = 0; i < n; i++) {
        if (!strcmp(name, name_of(i))) {
            return i;
        }
    }
    refuse("simulate: there is no \"%s\"; see --list\n", name);
}

static const char *
name_of_kind(int kind)
{
    return schedule_kind_name(kind);
}

static const char *
name_of_bug(int bug)
{
    return schedule_bug_name(bug);
}

static void
list(void)
{
    for (int i = 0; i < N_KINDS; i++) {
        printf("kind %s\n", name_of_kind(i));
    }
    for (int i = BUG_NONE + 1; i < N_BUGS; i++) {
        printf("bug %s\n", name_of_bug(i));
    }
    exit(0);
}

static void
parse_option(struct plan *plan, int c)
{
    if (c == 's') {
        plan->first = parse_number(optarg);
        plan->n = plan->n ? plan->n : 1;
    } else if (c == 'n') {
        plan->n = parse_number(optarg);
    } else if (c == 'j') {
        plan->jobs = parse_number(optarg);
    } else if (c == 'k') {
        plan->options.kind = parse_name(optarg, N_KINDS, name_of_kind);
    } else if (c == 'b') {
        plan->options.bug = parse_name(optarg, N_BUGS, name_of_bug);
    } else if (c == 'f') {
        plan->options.watched = parse_number(optarg);
    } else if (c == 'l') {
        list();
    } else if (c == 'h') {
        fputs(usage, stdout);
        exit(0);
    } else {
        refuse("%s", "");
    }
}

static struct plan
parse_options(int argc, char *argv[])
{
    static const struct option options[] = {
        { "seed", required_argument, NULL, 's' },
        { "count", required_argument, NULL, 'n' },
        { "jobs", required_argument, NULL, 'j' },
        { "kind", required_argument, NULL, 'k' },
        { "bug", required_argument, NULL, 'b' },
        { "frame", required_argument, NULL, 'f' },
        { "list", no_argument, NULL, 'l' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    struct plan plan = {
        .first = 1, .jobs = sysconf(_SC_NPROCESSORS_ONLN),
        .options = { .kind = -1 },
    };
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        parse_option(&plan, c);
    }
    if (optind < argc) {
        refuse("simulate: \"%s\" is not an option\n", argv[optind]);
    }
    plan.n = plan.n ? plan.n : 1000;
    plan.options.verbose = plan.n == 1;
    plan.jobs = MAX(1, MIN(plan.jobs, 64));
    return plan;
}

static bool
is_enough(const struct plan *plan, struct tally *tally)
{
    return tally->failed >= (plan->options.bug ? 1 : FAILURES_MAX);
}

/* Runs schedules until there are no more. */
static void
work(const struct plan *plan, struct tally *tally)
{
    struct sim_options options = plan->options;
    uint64_t i;

    while (!is_enough(plan, tally)
           && (i = atomic_fetch_add(&tally->taken, 1)) < plan->n) {
        enum sim_kind kind;

        options.seed = plan->first + i;
        char *failure = schedule_run(&options, &kind);
        atomic_fetch_add(&tally->kinds[kind], 1);
        if (failure) {
            atomic_fetch_add(&tally->failed, 1);
            printf("seed %"PRIu64": %s\n", options.seed, failure);
            free(failure);
        }
        fflush(stdout);
    }
}

static void
work_in_process(const struct plan *plan, struct tally *tally)
{
    pid_t pid = fork();

    if (pid < 0) {
        ovs_fatal(errno, "fork");
    } else if (!pid) {
        work(plan, tally);
        _exit(0);
    }
}

/* Returns whether all processes have come to their end by themselves. */
static bool
wait_for_all(void)
{
    bool ok = true;
    int status;

    while (wait(&status) > 0) {
        if (status) {
            printf("a process ended with status %d\n", status);
            ok = false;
        }
    }
    return ok;
}

static double
seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

static void
report(const struct plan *plan, const struct tally *tally, double took)
{
    const char *comma = "";
    uint64_t n = 0;

    for (int i = 0; i < N_KINDS; i++) {
        n += tally->kinds[i];
    }
    if (plan->options.bug) {
        printf("bug %s: ", name_of_bug(plan->options.bug));
    }
    printf("%"PRIu64" schedules (", n);
    for (int i = 0; i < N_KINDS; i++) {
        if (tally->kinds[i]) {
            printf("%s%"PRIuFAST64" %s", comma, tally->kinds[i],
                   name_of_kind(i));
            comma = ", ";
        }
    }
    printf("): %"PRIuFAST64" failed, %.1f s\n", tally->failed, took);
}

int
main(int argc, char *argv[])
{
    struct plan plan = parse_options(argc, argv);
    struct tally *tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    double began = seconds();
    bool ok = true;

    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    if (tally == MAP_FAILED) {
        ovs_fatal(errno, "mmap");
    }
    if (plan.jobs == 1 || plan.n == 1) {
        work(&plan, tally);
    } else {
        for (int i = 0; i < plan.jobs; i++) {
            work_in_process(&plan, tally);
        }
        ok = wait_for_all();
    }
    report(&plan, tally, seconds() - began);
    return !ok || tally->failed;
}
