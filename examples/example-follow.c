/* SPDX-License-Identifier: Apache-2.0 */

/* Follows a NetHV database in an epoll loop of its own and prints what changes,
 * until it gets SIGINT or SIGTERM.
 *
 *     example-follow unix:/run/nethv/nethv-db.sock
 *     example-follow ssl:192.0.2.1:6645 KEY.pem CERTIFICATE.pem CA.pem */

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <nethv/client.h>
#include <nethv/model.h>
#include <nethv/nethv.h>

static void
on_log(void *aux, enum nethv_log_level level, const char *module,
       const char *message)
{
    (void) aux;
    (void) level;
    fprintf(stderr, "%s: %s\n", module, message);
}

static void
on_row(void *aux, enum nethv_change change, enum nethv_kind kind,
       const char *name, const struct nethv_row *row)
{
    static const char *const words[] = { "appeared", "changed", "gone" };
    (void) aux;
    (void) row;
    printf("%s %s %s\n", nethv_kind_name(kind), name ? name : "-",
           words[change]);
}

static void
put_place(const struct nethv_place *place)
{
    if (place) {
        printf("%u/%u/%u", (unsigned int) place->cloud,
               (unsigned int) place->host, (unsigned int) place->number);
    } else {
        printf("nowhere");
    }
}

static void
on_place(void *aux, const char *port, uint64_t mac,
         const struct nethv_place *before, const struct nethv_place *now)
{
    (void) aux;
    printf("place of %s", port);
    if (mac) {
        printf(" %012llx", (unsigned long long) mac);
    }
    printf(": ");
    put_place(before);
    printf(" -> ");
    put_place(now);
    printf("\n");
}

/* Returns a descriptor that is readable once the program shall end. */
static int
ending_fd(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static void
add(int epoll, int fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void
follow(struct nethv_client *client)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int ending = ending_fd();
    bool complete = false;
    struct epoll_event event;

    add(epoll, ending);
    add(epoll, nethv_client_fd(client));
    do {
        nethv_client_run(client);
        if (nethv_client_is_complete(client) && !complete) {
            complete = true;
            printf("complete\n");
        }
        fflush(stdout);
    } while (epoll_wait(epoll, &event, 1, -1) < 0 || event.data.fd != ending);
    close(ending);
    close(epoll);
}

int
main(int argc, char *argv[])
{
    if (argc != 2 && argc != 5) {
        fprintf(stderr, "usage: %s REMOTE [KEY CERTIFICATE CA]\n", argv[0]);
        return EXIT_FAILURE;
    }
    nethv_init(NETHV_LOG_WARNING, on_log, NULL);

    const struct nethv_watcher watcher = { .row = on_row, .place = on_place };
    const struct nethv_client_options options = {
        .remotes = argv[1],
        .private_key = argc == 5 ? argv[2] : NULL,
        .certificate = argc == 5 ? argv[3] : NULL,
        .ca_certificate = argc == 5 ? argv[4] : NULL,
    };
    struct nethv_model *model = nethv_model_create();
    struct nethv_watch *watch = nethv_model_watch(model, &watcher, NULL);
    struct nethv_client *client;

    char *fault = nethv_client_create(model, &options, &client);
    if (fault) {
        fprintf(stderr, "%s: %s\n", argv[0], fault);
        free(fault);
        return EXIT_FAILURE;
    }
    follow(client);
    nethv_client_destroy(client);
    nethv_watch_destroy(watch);
    nethv_model_destroy(model);
    return EXIT_SUCCESS;
}
