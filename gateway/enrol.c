/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/enrol.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/admission.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs/pki.h"
#include "ovs/text-file.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(enrol);

#define BODY_MAX 16384
#define CONNECTIONS_MAX 64u
#define CONNECTIONS_PER_IP_MAX 8u
#define IDLE_SECONDS 15u
#define ANSWER_MSEC 20000           /* Wait for the database and the CA. */
#define RELOAD_MSEC 5000            /* Between looks at the certificate. */
#define PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* One HTTP request, from its first line until its answer is sent. */
struct request {
    struct ovs_list node;           /* In enrol->waiting while suspended. */
    struct MHD_Connection *connection;
    struct ds body;
    bool too_long;
    struct admission *admission;    /* What it asks for, once it is whole. */
    long long int deadline;         /* Of the admission, msec. */
    unsigned int status;            /* 0 while there is no answer. */
    char *answer;                   /* JSON. */
};

struct enrol {
    struct ovsdb_idl *idl;
    uint16_t port;
    char *key_file, *certificate_file, *ca_file;
    char *ca;                       /* Contents of ca_file. */
    char *gateway;                  /* Name of this host, or NULL. */
    struct MHD_Daemon *daemon;
    struct ovs_list waiting;
    struct timespec mtime;          /* Of certificate_file. */
    long long int next_reload;
};

/* Takes 'answer'. */
static void
set_answer(struct request *r, unsigned int status, char *answer)
{
    free(r->answer);
    r->status = status;
    r->answer = answer;
}

static void
set_error(struct request *r, unsigned int status, const char *sentence)
{
    set_answer(r, status, admission_format_error(sentence));
}

static enum MHD_Result
send_answer(struct request *r)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(r->answer), r->answer, MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                            "application/json");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    enum MHD_Result result = MHD_queue_response(r->connection, r->status,
                                                response);
    MHD_destroy_response(response);
    return result;
}

static struct request *
request_create(struct MHD_Connection *connection, const char *url,
               const char *method)
{
    struct request *r = xzalloc(sizeof *r);
    ovs_list_init(&r->node);
    r->connection = connection;
    ds_init(&r->body);
    if (strcmp(url, "/v1/enrol")) {
        set_error(r, MHD_HTTP_NOT_FOUND, "there is only /v1/enrol here");
    } else if (strcmp(method, MHD_HTTP_METHOD_POST)) {
        set_error(r, MHD_HTTP_METHOD_NOT_ALLOWED,
                  "/v1/enrol takes POST only");
    }
    return r;
}

static void
wipe_body(struct request *r)
{
    explicit_bzero(r->body.string ? r->body.string : (char *) "",
                   r->body.string ? r->body.allocated : 0);
    ds_destroy(&r->body);
}

static void
request_destroy(struct request *r)
{
    ovs_list_remove(&r->node);
    wipe_body(r);
    admission_destroy(r->admission);
    free(r->answer);
    free(r);
}

/* The request is whole: either it has an answer, or it waits for one. */
static void
request_finish(struct enrol *enrol, struct request *r)
{
    if (r->too_long) {
        set_error(r, MHD_HTTP_CONTENT_TOO_LARGE,
                  "a request has at most 16384 bytes");
    }
    if (!r->status) {
        char *error = admission_parse(ds_cstr(&r->body), &r->admission);
        if (error) {
            set_error(r, MHD_HTTP_BAD_REQUEST, error);
            free(error);
        }
    }
    wipe_body(r);
    ds_init(&r->body);
    if (!r->status) {
        r->deadline = time_msec() + ANSWER_MSEC;
        ovs_list_push_back(&enrol->waiting, &r->node);
        MHD_suspend_connection(r->connection);
        poll_immediate_wake();
    }
}

/* Called by libmicrohttpd when a request begins, for each piece of its body,
 * at its end, and once more after it was suspended. */
static enum MHD_Result
handle_request(void *enrol_, struct MHD_Connection *connection,
               const char *url, const char *method, const char *version,
               const char *data, size_t *size, void **request_)
{
    struct enrol *enrol = enrol_;
    struct request *r = *request_;

    if (!r) {
        *request_ = request_create(connection, url, method);
    } else if (*size) {
        r->too_long |= *size > BODY_MAX - r->body.length;
        if (!r->too_long && !r->status) {
            ds_put_buffer(&r->body, data, *size);
        }
        *size = 0;
    } else {
        if (!r->status && !r->admission) {
            request_finish(enrol, r);
        }
        return r->status ? send_answer(r) : MHD_YES;
    }
    return MHD_YES;
}

static void
complete_request(void *enrol_, struct MHD_Connection *connection,
                 void **request_, enum MHD_RequestTerminationCode code)
{
    if (*request_) {
        request_destroy(*request_);
        *request_ = NULL;
    }
}

static void
log_message(void *enrol_, const char *format, va_list args)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 5);
    if (!VLOG_DROP_DBG(&rl)) {
        char *message = xvasprintf(format, args);
        VLOG_DBG("%s", message);
        free(message);
    }
}

static struct MHD_Daemon *
start_daemon(struct enrol *enrol, unsigned int flags, const char *key,
             const char *chain)
{
    flags |= (MHD_USE_EPOLL | MHD_USE_TLS | MHD_ALLOW_SUSPEND_RESUME
              | MHD_USE_ERROR_LOG);
    return MHD_start_daemon(
        flags, enrol->port, NULL, NULL, handle_request, enrol,
        MHD_OPTION_EXTERNAL_LOGGER, log_message, enrol,
        MHD_OPTION_HTTPS_MEM_KEY, key,
        MHD_OPTION_HTTPS_MEM_CERT, chain,
        MHD_OPTION_HTTPS_PRIORITIES, PRIORITIES,
        MHD_OPTION_NOTIFY_COMPLETED, complete_request, enrol,
        MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, CONNECTIONS_PER_IP_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS,
        MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u,
        MHD_OPTION_END);
}

/* Starts to listen with the key and certificate that the files hold now; the
 * CA's certificate is sent too, since a joining host knows it by its
 * fingerprint only. */
static char *
listen_with_files(struct enrol *enrol)
{
    char *key, *certificate, *ca;
    struct stat s;

    char *error = text_file_read(enrol->key_file, &key);
    if (error) {
        return error;
    }
    error = text_file_read(enrol->certificate_file, &certificate);
    if (!error) {
        error = text_file_read(enrol->ca_file, &ca);
        if (!error) {
            char *chain = xasprintf("%s%s", certificate, ca);
            enrol->daemon = start_daemon(enrol, MHD_USE_DUAL_STACK, key, chain);
            if (!enrol->daemon) {
                enrol->daemon = start_daemon(enrol, 0, key, chain);
            }
            free(chain);
            free(enrol->ca);
            enrol->ca = ca;
        }
        free(certificate);
    }
    pki_wipe(key);
    if (!error && !enrol->daemon) {
        error = xasprintf("enrolment cannot listen on TCP port %d: is another "
                          "process there, and do %s and %s belong together?",
                          enrol->port, enrol->key_file,
                          enrol->certificate_file);
    }
    if (!error && !stat(enrol->certificate_file, &s)) {
        enrol->mtime = s.st_mtim;
    }
    return error;
}

char *
enrol_create(const struct enrol_config *config, struct ovsdb_idl *idl,
             struct enrol **enrolp)
{
    struct enrol *enrol = xzalloc(sizeof *enrol);
    enrol->idl = idl;
    enrol->port = config->port;
    enrol->key_file = xstrdup(config->key);
    enrol->certificate_file = xstrdup(config->certificate);
    enrol->ca_file = xstrdup(config->ca);
    enrol->gateway = nullable_xstrdup(config->gateway);
    ovs_list_init(&enrol->waiting);

    char *error = listen_with_files(enrol);
    if (error) {
        enrol_destroy(enrol);
        return error;
    }
    enrol->next_reload = time_msec() + RELOAD_MSEC;
    *enrolp = enrol;
    return NULL;
}

/* Gives a request that waits the answer it has, in the next enrol_run(): the
 * daemon's descriptor does not become ready for this. */
static void
resume(struct request *r)
{
    ovs_list_remove(&r->node);
    ovs_list_init(&r->node);
    MHD_resume_connection(r->connection);
    poll_immediate_wake();
}

static void
stop_listening(struct enrol *enrol)
{
    struct request *r;

    LIST_FOR_EACH_SAFE (r, node, &enrol->waiting) {
        set_error(r, MHD_HTTP_SERVICE_UNAVAILABLE,
                  "the gateway is being stopped: try again");
        resume(r);
    }
    if (enrol->daemon) {
        MHD_run(enrol->daemon);
        MHD_stop_daemon(enrol->daemon);
        enrol->daemon = NULL;
    }
}

void
enrol_destroy(struct enrol *enrol)
{
    if (enrol) {
        stop_listening(enrol);
        free(enrol->key_file);
        free(enrol->certificate_file);
        free(enrol->ca_file);
        free(enrol->ca);
        free(enrol->gateway);
        free(enrol);
    }
}

/* Listens anew if the certificate has changed, while nobody waits. */
static void
reload(struct enrol *enrol)
{
    struct stat s;

    if (time_msec() < enrol->next_reload
        || !ovs_list_is_empty(&enrol->waiting)) {
        return;
    }
    enrol->next_reload = time_msec() + RELOAD_MSEC;
    if (stat(enrol->certificate_file, &s)
        || (enrol->daemon && s.st_mtim.tv_sec == enrol->mtime.tv_sec
            && s.st_mtim.tv_nsec == enrol->mtime.tv_nsec)) {
        return;
    }
    stop_listening(enrol);
    char *error = listen_with_files(enrol);
    if (error) {
        VLOG_WARN("%s", error);
        free(error);
    }
}

static void
run_request(struct enrol *enrol, struct request *r, struct ovsdb_idl_txn *txn)
{
    struct admission_result result;
    struct admission_server server = { enrol->idl, enrol->ca, enrol->gateway };

    if (admission_run(r->admission, &server, txn, &result)) {
        set_answer(r, result.status, result.json);
        resume(r);
    } else if (time_msec() >= r->deadline) {
        set_error(r, MHD_HTTP_SERVICE_UNAVAILABLE,
                  "no answer from the gateway that holds the key of the "
                  "certificate authority: is nethv-gateway running there, and "
                  "can it reach the database?");
        resume(r);
    }
}

void
enrol_run(struct enrol *enrol, struct ovsdb_idl_txn *txn)
{
    struct request *r;

    reload(enrol);
    if (!enrol->daemon) {
        return;
    }
    MHD_run(enrol->daemon);
    LIST_FOR_EACH_SAFE (r, node, &enrol->waiting) {
        run_request(enrol, r, txn);
    }
}

void
enrol_wait(struct enrol *enrol)
{
    const union MHD_DaemonInfo *info;
    const struct request *r;
    MHD_UNSIGNED_LONG_LONG timeout;

    poll_timer_wait_until(enrol->next_reload);
    if (!enrol->daemon) {
        return;
    }
    info = MHD_get_daemon_info(enrol->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    poll_fd_wait(info->epoll_fd, POLLIN);
    if (MHD_get_timeout(enrol->daemon, &timeout) == MHD_YES) {
        poll_timer_wait(MIN(timeout, 60000));
    }
    LIST_FOR_EACH (r, node, &enrol->waiting) {
        poll_timer_wait_until(r->deadline);
    }
}
