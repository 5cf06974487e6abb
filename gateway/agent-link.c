/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/agent-link.h"

#include <string.h>

#include "db-home.h"
#include "handover.h"
#include "jsonrpc.h"
#include "openvswitch/json.h"
#include "openvswitch/list.h"
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "ovs/program.h"
#include "repair.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(agent_link);

/* So often the agent is looked for while it is not there. */
#define RETRY_MSEC 100

#define MESSAGES_PER_RUN 100

/* A handover that has not been answered. */
struct outstanding {
    struct ovs_list node;           /* In agent_link->outstanding. */
    struct json *id;
    unsigned int serial;
};

struct agent_link {
    const struct agent_link_callbacks *callbacks;
    void *aux;
    struct jsonrpc_session *session;
    unsigned int seqno;             /* Of the session. */
    struct json *handover;          /* NULL until the first. */
    unsigned int serial;            /* Of 'handover'. */
    bool sent;                      /* In this session. */
    bool greeted;                   /* The agent has told its state. */
    struct ovs_list outstanding;    /* struct outstanding, oldest first. */
    unsigned int installed;
    struct db_home home;            /* Told. */
    long long int arrival;          /* Of the next frame, 0: not told. */
};

struct agent_link *
agent_link_create(const struct agent_link_callbacks *callbacks, void *aux)
{
    struct agent_link *link = xzalloc(sizeof *link);

    link->callbacks = callbacks;
    link->aux = aux;
    ovs_list_init(&link->outstanding);
    link->session = jsonrpc_session_open("unix:" PROGRAM_RUNDIR "/agent.sock",
                                         true);
    return link;
}

static void
forget(struct outstanding *one)
{
    ovs_list_remove(&one->node);
    json_destroy(one->id);
    free(one);
}

static void
forget_outstanding(struct agent_link *link)
{
    struct outstanding *one;

    LIST_FOR_EACH_SAFE (one, node, &link->outstanding) {
        forget(one);
    }
}

void
agent_link_destroy(struct agent_link *link)
{
    if (link) {
        forget_outstanding(link);
        jsonrpc_session_close(link->session);
        json_destroy(link->handover);
        free(link);
    }
}

static void
send_handover(struct agent_link *link)
{
    struct outstanding *one = xmalloc(sizeof *one);
    struct json *params = json_array_create_1(json_clone(link->handover));
    struct jsonrpc_msg *msg = jsonrpc_create_request("handover", params,
                                                     &one->id);

    one->id = json_clone(one->id);
    one->serial = link->serial;
    ovs_list_push_back(&link->outstanding, &one->node);
    link->sent = !jsonrpc_session_send(link->session, msg);
}

void
agent_link_set(struct agent_link *link, struct json *handover,
               unsigned int serial)
{
    json_destroy(link->handover);
    link->handover = handover;
    link->serial = serial;
    link->sent = false;
    if (link->greeted) {
        send_handover(link);
    }
}

unsigned int
agent_link_installed(const struct agent_link *link)
{
    return link->installed;
}

static bool
takes_frames(const struct agent_link *link)
{
    return (link->greeted && jsonrpc_session_get_backlog(link->session)
                             < HANDOVER_BACKLOG_MAX);
}

void
agent_link_send_frame(struct agent_link *link, uint8_t cloud,
                      const void *data, size_t n)
{
    if (takes_frames(link)) {
        jsonrpc_session_send(link->session, jsonrpc_create_notify(
                                 "frame",
                                 handover_frame_to_json(cloud, data, n)));
    }
}

static void
send_home(struct agent_link *link)
{
    jsonrpc_session_send(link->session, jsonrpc_create_notify(
                             "home", handover_home_to_json(&link->home)));
}

void
agent_link_tell_home(struct agent_link *link, const struct db_home *home)
{
    if (db_home_learn(&link->home, home) && link->greeted) {
        send_home(link);
    }
}

void
agent_link_send_train(struct agent_link *link,
                      const struct handover_train *train)
{
    if (takes_frames(link)) {
        jsonrpc_session_send(link->session, jsonrpc_create_notify(
                                 "train", handover_train_to_json(train)));
    }
}

/* Receiving. */

static void
receive_answer(struct agent_link *link, const struct jsonrpc_msg *msg)
{
    struct outstanding *one;

    LIST_FOR_EACH (one, node, &link->outstanding) {
        if (json_equal(one->id, msg->id)) {
            if (msg->type == JSONRPC_REPLY) {
                link->installed = one->serial;
            } else {
                char *text = json_to_string(msg->error, 0);
                VLOG_WARN("the agent refused the handover: %s", text);
                free(text);
            }
            forget(one);
            return;
        }
    }
}

static void
receive_state(struct agent_link *link, const struct json *json)
{
    struct handover *handover = NULL;

    if (json->type != JSON_NULL) {
        handover = xmalloc(sizeof *handover);
        char *error = handover_from_json(json, handover);
        if (error) {
            VLOG_WARN("what the agent was told before is no handover: %s",
                      error);
            free(error);
            free(handover);
            handover = NULL;
        }
    }
    link->greeted = true;
    if (link->home.epoch) {
        send_home(link);
    }
    link->callbacks->state(link->aux, handover);
}

/* An agent of before does not tell when a frame has come. */
static void
receive_frame(struct agent_link *link, const struct json *params)
{
    long long int usec = link->arrival ? link->arrival : time_usec();
    uint8_t data[HANDOVER_FRAME_MAX], cloud;
    size_t n;

    link->arrival = 0;
    if (handover_frame_from_json(params, &cloud, data, &n)) {
        link->callbacks->frame(link->aux, cloud, data, n, usec);
    }
}

static void
receive_ends(struct agent_link *link, const struct json *json)
{
    uint8_t ends[NETHV_CLOUD_FLOOD] = { REPAIR_END_ABSENT };
    const struct shash_node *node;

    SHASH_FOR_EACH (node, json_object(json)) {
        const struct json *up = node->data;
        int cloud;
        if (str_to_int(node->name, 10, &cloud) && cloud > 0
            && cloud <= NETHV_CLOUD_MAX) {
            ends[cloud] = (up->type == JSON_TRUE ? REPAIR_END_UP
                           : REPAIR_END_DOWN);
        }
    }
    link->callbacks->ends(link->aux, ends);
}

static void
receive_home(struct agent_link *link, const struct json *json)
{
    struct db_home home;

    if (handover_home_from_json(json, &home)) {
        link->callbacks->home(link->aux, &home);
    }
}

static void
receive_notice(struct agent_link *link, const struct jsonrpc_msg *msg)
{
    const struct json *params = msg->params;

    if (!strcmp(msg->method, "frame")) {
        receive_frame(link, params);
    } else if (!strcmp(msg->method, "home")) {
        receive_home(link, params);
    } else if (params->type == JSON_ARRAY && params->array.n == 1) {
        if (!strcmp(msg->method, "state")) {
            receive_state(link, params->array.elems[0]);
        } else if (!strcmp(msg->method, "ends")
                   && params->array.elems[0]->type == JSON_OBJECT) {
            receive_ends(link, params->array.elems[0]);
        } else if (!strcmp(msg->method, "gateway")
                   && params->array.elems[0]->type == JSON_INTEGER) {
            link->callbacks->gateway(link->aux,
                                     json_integer(params->array.elems[0]));
        } else if (!strcmp(msg->method, "serves")) {
            link->callbacks->serves(
                link->aux, params->array.elems[0]->type == JSON_TRUE);
        } else if (!strcmp(msg->method, "arrival")
                   && params->array.elems[0]->type == JSON_INTEGER) {
            link->arrival = json_integer(params->array.elems[0]);
        }
    }
}

static void
receive(struct agent_link *link, const struct jsonrpc_msg *msg)
{
    if (msg->type == JSONRPC_REPLY || msg->type == JSONRPC_ERROR) {
        receive_answer(link, msg);
    } else if (msg->type == JSONRPC_NOTIFY) {
        receive_notice(link, msg);
    }
}

/* A session waits a second at least before it tries again, whatever it was told,
 * but a wait that goes on is shortened. */
static void
hurry(struct agent_link *link)
{
    if (!jsonrpc_session_is_connected(link->session)) {
        jsonrpc_session_set_max_backoff(link->session, RETRY_MSEC);
    }
}

void
agent_link_run(struct agent_link *link)
{
    jsonrpc_session_run(link->session);
    hurry(link);
    unsigned int seqno = jsonrpc_session_get_seqno(link->session);
    if (seqno != link->seqno) {
        link->seqno = seqno;
        link->sent = false;
        link->greeted = false;
        link->arrival = 0;
        forget_outstanding(link);
    }
    for (int i = 0; i < MESSAGES_PER_RUN; i++) {
        struct jsonrpc_msg *msg = jsonrpc_session_recv(link->session);
        if (!msg) {
            break;
        }
        receive(link, msg);
        jsonrpc_msg_destroy(msg);
    }
    if (link->handover && link->greeted && !link->sent) {
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
