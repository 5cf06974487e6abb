/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/gateway-link.h"

#include <errno.h>
#include <unistd.h>

#include "handover.h"
#include "jsonrpc.h"
#include "nethv/wire.h"
#include "openvswitch/json.h"
#include "openvswitch/list.h"
#include "openvswitch/vlog.h"
#include "ovs/text-file.h"
#include "stream.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(gateway_link);

/* A handover that has not been answered: the switch has it when it has
 * confirmed the rules of 'stamp', UINT64_MAX until it is known which those
 * are. */
struct request {
    struct ovs_list node;           /* In session->requests, oldest first. */
    struct json *id;
    uint64_t stamp;
};

struct session {
    struct ovs_list node;
    struct jsonrpc *rpc;
    struct ovs_list requests;       /* struct request. */
};

struct gateway_link {
    struct pstream *listener;       /* NULL if listening failed. */
    const struct gateway_link_callbacks *callbacks;
    void *aux;
    struct ovs_list sessions;
    struct handover *handover;      /* NULL until there is one. */
    bool unsaved;                   /* The copy is not that. */
    uint8_t ends[GATEWAY_LINK_CLOUDS];
    bool told;                      /* 'ends' were. */
    uint32_t gateway;               /* Location told, 0: none yet. */
    bool knows_serves;              /* Told: */
    bool serves;                    /* most hosts use this gateway. */
    struct db_home home;            /* Told by either side. */
};

BUILD_ASSERT_DECL(GATEWAY_LINK_CLOUDS == NETHV_CLOUD_FLOOD);

/* Reads what was handed over to the agent before this one. */
static struct handover *
read_copy(void)
{
    if (access(GATEWAY_LINK_COPY, R_OK)) {
        return NULL;
    }
    struct json *json = json_from_file(GATEWAY_LINK_COPY);
    struct handover *handover = xmalloc(sizeof *handover);
    char *error = (json->type == JSON_STRING ? xstrdup(json_string(json))
                   : handover_from_json(json, handover));
    if (error) {
        VLOG_WARN("%s: %s", GATEWAY_LINK_COPY, error);
        free(error);
        free(handover);
        handover = NULL;
    }
    json_destroy(json);
    return handover;
}

static void
write_copy(const struct handover *handover)
{
    struct json *json = handover_to_json(handover);
    char *text = json_to_string(json, JSSF_SORT);
    char *error = text_file_leave(GATEWAY_LINK_COPY, text);

    if (error) {
        VLOG_WARN("%s", error);
    }
    free(error);
    free(text);
    json_destroy(json);
}

struct gateway_link *
gateway_link_create(const struct gateway_link_callbacks *callbacks, void *aux)
{
    struct gateway_link *link = xzalloc(sizeof *link);

    link->callbacks = callbacks;
    link->aux = aux;
    ovs_list_init(&link->sessions);
    int error = pstream_open("punix:" GATEWAY_LINK_SOCKET, &link->listener, 0);
    if (error) {
        VLOG_ERR("%s: cannot listen for the gateway process (%s)",
                 GATEWAY_LINK_SOCKET, ovs_strerror(error));
        link->listener = NULL;
    }
    link->handover = read_copy();
    return link;
}

static void
session_close(struct session *session)
{
    struct request *request;

    LIST_FOR_EACH_POP (request, node, &session->requests) {
        json_destroy(request->id);
        free(request);
    }
    ovs_list_remove(&session->node);
    jsonrpc_close(session->rpc);
    free(session);
}

static void
forget(struct gateway_link *link)
{
    if (link->handover) {
        handover_uninit(link->handover);
        free(link->handover);
    }
}

void
gateway_link_destroy(struct gateway_link *link)
{
    struct session *session;

    if (!link) {
        return;
    }
    LIST_FOR_EACH_SAFE (session, node, &link->sessions) {
        session_close(session);
    }
    pstream_close(link->listener);
    forget(link);
    free(link);
}

/* Takes a "handover".  Returns NULL, or a malloc'd sentence. */
static char *
take_handover(struct gateway_link *link, const struct json *json)
{
    struct handover *handover = xmalloc(sizeof *handover);
    char *error = handover_from_json(json, handover);

    if (error) {
        VLOG_WARN("handover refused: %s", error);
        free(handover);
        return error;
    }
    if (link->handover) {
        handover_keep_networks(handover, link->handover);
    }
    forget(link);
    link->handover = handover;
    link->unsaved = true;
    VLOG_DBG("handover: %"PRIuSIZE" edges, tree %u", handover->n_edges,
             handover->trees[handover->stamp].number);
    return NULL;
}

static void
take_request(struct gateway_link *link, struct session *session,
             struct jsonrpc_msg *msg)
{
    char *error;

    if (strcmp(msg->method, "handover") || msg->params->type != JSON_ARRAY
        || msg->params->array.n != 1) {
        error = xstrdup("only \"handover\" with one parameter is understood "
                        "here");
    } else {
        error = take_handover(link, msg->params->array.elems[0]);
    }
    if (error) {
        jsonrpc_send(session->rpc, jsonrpc_create_error(
                         json_string_create_nocopy(error), msg->id));
        return;
    }
    struct request *request = xmalloc(sizeof *request);
    request->id = json_clone(msg->id);
    request->stamp = UINT64_MAX;
    ovs_list_push_back(&session->requests, &request->node);
}

static void
take_frame(struct gateway_link *link, const struct json *params)
{
    uint8_t data[HANDOVER_FRAME_MAX];
    uint8_t cloud;
    size_t n;

    if (handover_frame_from_json(params, &cloud, data, &n)) {
        link->callbacks->send(link->aux, cloud, data, n);
    }
}

static void
take_train(struct gateway_link *link, const struct json *params)
{
    struct handover_train train;

    if (handover_train_from_json(params, &train)) {
        link->callbacks->train(link->aux, &train);
    }
}

static void
take_home(struct gateway_link *link, const struct json *params)
{
    struct db_home home;

    if (handover_home_from_json(params, &home)) {
        db_home_learn(&link->home, &home);
    }
}

static void
take_notice(struct gateway_link *link, const struct jsonrpc_msg *msg)
{
    if (!strcmp(msg->method, "frame")) {
        take_frame(link, msg->params);
    } else if (!strcmp(msg->method, "train")) {
        take_train(link, msg->params);
    } else if (!strcmp(msg->method, "home")) {
        take_home(link, msg->params);
    }
}

static int
session_run(struct gateway_link *link, struct session *session)
{
    jsonrpc_run(session->rpc);
    for (int i = 0; i < 64; i++) {
        struct jsonrpc_msg *msg;
        int error = jsonrpc_recv(session->rpc, &msg);
        if (error) {
            return error == EAGAIN ? jsonrpc_get_status(session->rpc) : error;
        }
        if (msg->type == JSONRPC_REQUEST) {
            take_request(link, session, msg);
        } else if (msg->type == JSONRPC_NOTIFY) {
            take_notice(link, msg);
        }
        jsonrpc_msg_destroy(msg);
    }
    return 0;
}

static void
notify(struct session *session, const char *method, struct json *param)
{
    jsonrpc_send(session->rpc, jsonrpc_create_notify(
                     method, json_array_create_1(param)));
}

static void
tell_ends(const struct gateway_link *link, struct session *session)
{
    struct json *json = json_object_create();

    for (int cloud = 1; cloud < GATEWAY_LINK_CLOUDS; cloud++) {
        if (link->ends[cloud] != GATEWAY_LINK_NONE) {
            json_object_put_nocopy(
                json, xasprintf("%d", cloud),
                json_boolean_create(link->ends[cloud] == GATEWAY_LINK_UP));
        }
    }
    notify(session, "ends", json);
}

static void
tell_gateway(const struct gateway_link *link, struct session *session)
{
    notify(session, "gateway", json_integer_create(link->gateway));
}

static void
tell_serves(const struct gateway_link *link, struct session *session)
{
    notify(session, "serves", json_boolean_create(link->serves));
}

static void
tell_home(const struct gateway_link *link, struct session *session)
{
    jsonrpc_send(session->rpc, jsonrpc_create_notify(
                     "home", handover_home_to_json(&link->home)));
}

static void
session_open(struct gateway_link *link, struct stream *stream)
{
    struct session *session = xmalloc(sizeof *session);

    session->rpc = jsonrpc_open(stream);
    ovs_list_init(&session->requests);
    ovs_list_push_back(&link->sessions, &session->node);
    notify(session, "state", link->handover ? handover_to_json(link->handover)
                                            : json_null_create());
    if (link->told) {
        tell_ends(link, session);
    }
    if (link->gateway) {
        tell_gateway(link, session);
    }
    if (link->knows_serves) {
        tell_serves(link, session);
    }
    if (link->home.epoch) {
        tell_home(link, session);
    }
}

void
gateway_link_run(struct gateway_link *link)
{
    struct stream *stream;
    struct session *session;

    if (link->listener && !pstream_accept(link->listener, &stream)) {
        session_open(link, stream);
    }
    LIST_FOR_EACH_SAFE (session, node, &link->sessions) {
        if (session_run(link, session)) {
            session_close(session);
        }
    }
}

void
gateway_link_wait(struct gateway_link *link)
{
    struct session *session;

    if (link->listener) {
        pstream_wait(link->listener);
    }
    LIST_FOR_EACH (session, node, &link->sessions) {
        jsonrpc_wait(session->rpc);
        jsonrpc_recv_wait(session->rpc);
    }
}

const struct handover *
gateway_link_handover(const struct gateway_link *link)
{
    return link->handover;
}

static void
confirm(struct session *session, uint64_t stamp, uint64_t confirmed)
{
    struct request *request, *next;

    LIST_FOR_EACH_SAFE (request, next, node, &session->requests) {
        if (request->stamp == UINT64_MAX) {
            request->stamp = stamp;
        }
        if (request->stamp > confirmed) {
            continue;
        }
        jsonrpc_send(session->rpc, jsonrpc_create_reply(json_object_create(),
                                                        request->id));
        ovs_list_remove(&request->node);
        json_destroy(request->id);
        free(request);
    }
}

void
gateway_link_confirm(struct gateway_link *link, uint64_t stamp,
                     uint64_t confirmed)
{
    struct session *session;

    LIST_FOR_EACH (session, node, &link->sessions) {
        confirm(session, stamp, confirmed);
    }
    if (link->unsaved) {
        write_copy(link->handover);
        link->unsaved = false;
    }
}

void
gateway_link_tell_ends(struct gateway_link *link,
                       const uint8_t ends[GATEWAY_LINK_CLOUDS])
{
    struct session *session;

    if (link->told && !memcmp(ends, link->ends, sizeof link->ends)) {
        return;
    }
    memcpy(link->ends, ends, sizeof link->ends);
    link->told = true;
    LIST_FOR_EACH (session, node, &link->sessions) {
        tell_ends(link, session);
    }
}

void
gateway_link_tell_gateway(struct gateway_link *link, uint32_t location)
{
    struct session *session;

    if (location == link->gateway) {
        return;
    }
    link->gateway = location;
    LIST_FOR_EACH (session, node, &link->sessions) {
        tell_gateway(link, session);
    }
}

void
gateway_link_tell_serves(struct gateway_link *link, bool serves)
{
    struct session *session;

    if (link->knows_serves && serves == link->serves) {
        return;
    }
    link->knows_serves = true;
    link->serves = serves;
    LIST_FOR_EACH (session, node, &link->sessions) {
        tell_serves(link, session);
    }
}

void
gateway_link_tell_home(struct gateway_link *link, const struct db_home *home)
{
    struct session *session;

    if (db_home_learn(&link->home, home)) {
        LIST_FOR_EACH (session, node, &link->sessions) {
            tell_home(link, session);
        }
    }
}

const struct db_home *
gateway_link_home(const struct gateway_link *link)
{
    return &link->home;
}

void
gateway_link_tell_frame(struct gateway_link *link, uint8_t cloud,
                        const void *data, size_t n)
{
    long long int usec = time_usec();
    struct session *session;

    LIST_FOR_EACH (session, node, &link->sessions) {
        if (jsonrpc_get_backlog(session->rpc) < HANDOVER_BACKLOG_MAX) {
            notify(session, "arrival", json_integer_create(usec));
            jsonrpc_send(session->rpc, jsonrpc_create_notify(
                             "frame", handover_frame_to_json(cloud, data,
                                                             n)));
        }
    }
}
