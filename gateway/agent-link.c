/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/agent-link.h"

#include "jsonrpc.h"
#include "openvswitch/json.h"
#include "openvswitch/vlog.h"
#include "ovs/program.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(agent_link);

/* The agent may take no longer than that to be found again. */
#define RETRY_MSEC 100

struct agent_link {
    struct jsonrpc_session *session;
    struct json *handover;          /* NULL until the first. */
    unsigned int seqno;             /* Of the session, when it was sent. */
    bool sent;
};

struct agent_link *
agent_link_create(void)
{
    struct agent_link *link = xzalloc(sizeof *link);

    link->session = jsonrpc_session_open("unix:" PROGRAM_RUNDIR "/agent.sock",
                                         true);
    jsonrpc_session_set_max_backoff(link->session, RETRY_MSEC);
    return link;
}

void
agent_link_destroy(struct agent_link *link)
{
    if (link) {
        jsonrpc_session_close(link->session);
        json_destroy(link->handover);
        free(link);
    }
}

void
agent_link_set(struct agent_link *link, struct json *handover)
{
    json_destroy(link->handover);
    link->handover = handover;
    link->sent = false;
}

static void
send_handover(struct agent_link *link)
{
    unsigned int seqno = jsonrpc_session_get_seqno(link->session);

    if (link->sent && link->seqno == seqno) {
        return;
    }
    struct json *params = json_array_create_1(json_clone(link->handover));
    struct jsonrpc_msg *msg = jsonrpc_create_request("handover", params, NULL);
    link->sent = !jsonrpc_session_send(link->session, msg);
    link->seqno = seqno;
}

static void
receive(struct agent_link *link)
{
    struct jsonrpc_msg *msg = jsonrpc_session_recv(link->session);

    if (msg && msg->type == JSONRPC_ERROR) {
        char *text = json_to_string(msg->error, 0);
        VLOG_WARN("the agent refused the handover: %s", text);
        free(text);
    }
    jsonrpc_msg_destroy(msg);
}

void
agent_link_run(struct agent_link *link)
{
    jsonrpc_session_run(link->session);
    receive(link);
    if (link->handover && jsonrpc_session_is_connected(link->session)) {
        send_handover(link);
    }
}

void
agent_link_wait(struct agent_link *link)
{
    jsonrpc_session_wait(link->session);
    jsonrpc_session_recv_wait(link->session);
}

bool
agent_link_is_connected(const struct agent_link *link)
{
    return jsonrpc_session_is_connected(link->session);
}
