/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "nethv/client.h"
#include "nethv/nethv.h"
#include "nethv/rules.h"
#include "tests/api/deployment.h"
#include "tests/api/other-ovs.h"

/* Clients, without a database: what can be wrong before there is one. */

Test(api_client, options_are_checked)
{
    static const struct nethv_client_options bad[] = {
        { .remotes = NULL },
        { .remotes = "ssl:192.0.2.1:6645" },
        { .remotes = "ssl:192.0.2.1:6645", .private_key = "/nonexistent",
          .certificate = "/nonexistent", .ca_certificate = "/nonexistent" },
    };
    static const char *const words[] = { "remotes", "private_key",
                                         "/nonexistent" };
    struct nethv_model *model = nethv_model_create();
    struct nethv_client *client = NULL;
    for (int i = 0; i < 3; i++) {
        char *fault = nethv_client_create(model, &bad[i], &client);
        cr_assert(fault && strstr(fault, words[i]), "%s", fault);
        cr_assert_null(client);
        free(fault);
    }
    nethv_model_destroy(model);
}

Test(api_client, tries_again_at_its_deadline)
{
    struct nethv_client_options options = {
        .remotes = "unix:/nonexistent/nethv-db.sock",
    };
    struct nethv_model *model = nethv_model_create();
    struct nethv_client *client;

    cr_assert_null(nethv_client_create(model, &options, &client));
    int fd = nethv_client_fd(client);
    cr_assert(fd >= 0);
    cr_assert_eq(nethv_client_timeout(client), 0);
    for (int i = 0; i < 10; i++) {
        nethv_client_run(client);
    }
    cr_assert(nethv_client_timeout(client) > 0);
    cr_assert(nethv_client_deadline(client) < INT64_MAX);
    cr_assert_not(nethv_client_is_connected(client));
    cr_assert_not(nethv_client_is_complete(client));
    cr_assert_eq(nethv_client_fd(client), fd);
    nethv_client_destroy(client);
    nethv_client_destroy(NULL);
    nethv_model_destroy(model);
}

/* The process. */

Test(api_process, messages_come_once_init_has_asked)
{
    cr_assert_eq(nethv_init(NETHV_LOG_INFO, NULL, NULL), 0);
    cr_assert_eq(nethv_init(NETHV_LOG_INFO, NULL, NULL), EALREADY);
    cr_assert_str_eq(nethv_version(), NETHV_VERSION);
}

static void
count_message(void *n, enum nethv_log_level level, const char *module,
              const char *message)
{
    cr_assert(level <= NETHV_LOG_DEBUG);
    cr_assert(module && message);
    __atomic_add_fetch((int *) n, 1, __ATOMIC_RELAXED);
}

Test(api_process, a_callback_gets_messages)
{
    int n = 0;
    cr_assert_eq(nethv_init(NETHV_LOG_DEBUG, count_message, &n), 0);
    struct nethv_client_options options = {
        .remotes = "unix:/nonexistent/nethv-db.sock",
    };
    struct nethv_model *model = nethv_model_create();
    struct nethv_client *client;
    cr_assert_null(nethv_client_create(model, &options, &client));
    for (int i = 0; i < 10; i++) {
        nethv_client_run(client);
    }
    cr_assert(n > 0);
    nethv_client_destroy(client);
    nethv_model_destroy(model);
}

Test(api_process, signals_stay_the_programs)
{
    static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGALRM, SIGPIPE };
    struct sigaction before[5], now;
    for (int i = 0; i < 5; i++) {
        sigaction(signals[i], NULL, &before[i]);
    }
    struct deployment d;
    deploy(&d);
    send_frame(&d);
    undeploy(&d);
    for (int i = 0; i < 5; i++) {
        sigaction(signals[i], NULL, &now);
        cr_assert_eq(now.sa_handler, before[i].sa_handler);
    }
}

static void *
use_a_context(void *rounds)
{
    for (int i = 0; i < *(int *) rounds; i++) {
        struct deployment d;
        deploy(&d);
        cr_assert_eq(send_frame(&d), 1);
        char *text = nethv_rules_text(d.rules[0]);
        cr_assert(strlen(text) > 0);
        free(text);
        undeploy(&d);
    }
    return NULL;
}

Test(api_process, contexts_live_in_threads_of_their_own)
{
    pthread_t threads[2];
    int rounds = 20;
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, use_a_context, &rounds),
                     0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
}

Test(api_process, another_open_vswitch_lives_beside)
{
    struct deployment d;
    int rounds = 1;
    other_ovs_use();
    use_a_context(&rounds);
    deploy(&d);
    other_ovs_use();
    cr_assert_eq(send_frame(&d), 1);
    other_ovs_use();
    undeploy(&d);
}
