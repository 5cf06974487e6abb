/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/gateway-link.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "handover.h"
#include "jsonrpc.h"
#include "openvswitch/json.h"
#include "openvswitch/list.h"
#include "openvswitch/vlog.h"
#include "stream.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(gateway_link);

struct session {
    struct ovs_list node;
    struct jsonrpc *rpc;
};

struct gateway_link {
    struct pstream *listener;       /* NULL if listening failed. */
    struct ovs_list sessions;
    struct handover *handover;      /* NULL until there is one. */
    unsigned int seqno;
};

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
write_copy(const struct json *json)
{
    static const char new[] = GATEWAY_LINK_COPY ".new";
    char *text = json_to_string(json, JSSF_SORT);
    FILE *file = fopen(new, "w");
    bool ok = file && fputs(text, file) >= 0;

    if (file) {
        ok = !fclose(file) && ok;
    }
    if (!ok || rename(new, GATEWAY_LINK_COPY)) {
        VLOG_WARN("%s: %s", GATEWAY_LINK_COPY, ovs_strerror(errno));
    }
    free(text);
}

struct gateway_link *
gateway_link_create(void)
{
    struct gateway_link *link = xzalloc(sizeof *link);

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

/* Takes a "handover" and returns the answer to it. */
static struct jsonrpc_msg *
answer(struct gateway_link *link, const struct jsonrpc_msg *request)
{
    if (strcmp(request->method, "handover")
        || request->params->type != JSON_ARRAY
        || request->params->array.n != 1) {
        return jsonrpc_create_error(
            json_string_create("only \"handover\" with one parameter is "
                               "understood here"), request->id);
    }

    struct handover *handover = xmalloc(sizeof *handover);
    char *error = handover_from_json(request->params->array.elems[0],
                                     handover);
    if (error) {
        VLOG_WARN("handover refused: %s", error);
        free(handover);
        return jsonrpc_create_error(json_string_create_nocopy(error),
                                    request->id);
    }
    forget(link);
    link->handover = handover;
    link->seqno++;
    write_copy(request->params->array.elems[0]);
    VLOG_INFO("handover: %"PRIuSIZE" edges, tree %u", handover->n_edges,
              handover->trees[handover->stamp].number);
    return jsonrpc_create_reply(json_object_create(), request->id);
}

static int
session_run(struct gateway_link *link, struct session *session)
{
    jsonrpc_run(session->rpc);
    for (int i = 0; i < 16; i++) {
        struct jsonrpc_msg *msg;
        int error = jsonrpc_recv(session->rpc, &msg);
        if (error) {
            return error == EAGAIN ? jsonrpc_get_status(session->rpc) : error;
        }
        if (msg->type == JSONRPC_REQUEST) {
            jsonrpc_send(session->rpc, answer(link, msg));
        }
        jsonrpc_msg_destroy(msg);
    }
    return 0;
}

void
gateway_link_run(struct gateway_link *link)
{
    struct stream *stream;
    struct session *session;

    if (link->listener && !pstream_accept(link->listener, &stream)) {
        session = xmalloc(sizeof *session);
        session->rpc = jsonrpc_open(stream);
        ovs_list_push_back(&link->sessions, &session->node);
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

unsigned int
gateway_link_seqno(const struct gateway_link *link)
{
    return link->seqno;
}
