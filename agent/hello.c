/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/hello.h"

#include <stdlib.h>

#include "ovs/channel.h"
#include "agent/tunnel-words.h"
#include "hellos.h"
#include "model.h"
#include "nethv/wire.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "ovs/ofswitch.h"
#include "packets.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"

struct hello {
    uint32_t self;
    struct channel *channel;
    struct hellos *hellos;
};

struct hello *
hello_create(uint32_t self, struct channel *channel)
{
    struct hello *hello = xmalloc(sizeof *hello);

    *hello = (struct hello) {
        .self = self,
        .channel = channel,
        .hellos = hellos_create(self),
    };
    return hello;
}

void
hello_destroy(struct hello *hello)
{
    if (hello) {
        hellos_destroy(hello->hellos);
        free(hello);
    }
}

/* The gateways of the cloud that have a tunnel, without this host. */
static void
update_gateways(struct hello *hello, const struct model *model)
{
    const struct host *self = model_host_at(model, hello->self);
    const struct host *host;
    size_t n = 0;

    if (!self) {
        return;
    }
    uint32_t *gateways = xcalloc(ovs_list_size(&self->cloud->hosts),
                                 sizeof *gateways);
    LIST_FOR_EACH (host, cloud_node, &self->cloud->hosts) {
        if (host->gateway && hosts_have_tunnel(self, host)) {
            gateways[n++] = host_location(host);
        }
    }
    const struct host *used = cloud_gateway(self->cloud);
    hellos_set_gateways(hello->hellos, gateways, n,
                        used ? host_location(used) : 0);
    free(gateways);
}

void
hello_run(struct hello *hello, const struct model *model, struct ofswitch *sw)
{
    struct control_hello what;
    uint8_t body[CONTROL_HELLO_LEN];
    uint32_t to;

    if (time_msec() < hellos_deadline(hello->hellos)) {
        return;
    }
    update_gateways(hello, model);
    hellos_run(hello->hellos, time_msec());
    while (hellos_next(hello->hellos, time_msec(), &to, &what)) {
        control_hello_put(&what, body);
        hellos_sent(hello->hellos, to,
                    channel_send(hello->channel, sw, to, CONTROL_HELLO, body,
                                 sizeof body));
    }
}

void
hello_wait(const struct hello *hello)
{
    poll_timer_wait_until(hellos_deadline(hello->hellos));
}

void
hello_receive(struct hello *hello, struct ofswitch *sw,
              const struct control_frame *frame, bool forwards)
{
    hellos_received(hello->hellos, frame, time_msec());
    if (frame->kind == CONTROL_HELLO || frame->kind == CONTROL_PROBE) {
        const struct control_reply reply = {
            .counter = frame->counter,
            .flags = forwards ? CONTROL_REPLY_FORWARDS : 0,
            .home = hello->hellos->home,
        };
        uint8_t body[CONTROL_REPLY_LEN];

        control_reply_put(&reply, body);
        channel_send(hello->channel, sw, frame->from,
                     frame->kind == CONTROL_HELLO ? CONTROL_HELLO_REPLY
                                                  : CONTROL_PROBE_REPLY,
                     body, sizeof body);
    }
}

bool
hello_serves(const struct hello *hello, bool *serves)
{
    return hellos_serves(hello->hellos, serves);
}

void
hello_say_home(struct hello *hello, const struct db_home *home)
{
    hellos_say_home(hello->hellos, home);
}

const struct db_home *
hello_home(const struct hello *hello)
{
    return &hello->hellos->home;
}

const struct hello_peer *
hello_find(const struct hello *hello, uint32_t location)
{
    return hellos_find(hello->hellos, location);
}

uint64_t
hello_seqno(const struct hello *hello)
{
    return hello->hellos->seqno;
}

/* Says which way is blocked, if that is known. */
static void
peer_problem(const struct hello_peer *peer, const struct host *self,
             const struct host *host, struct svec *problems)
{
    if (peer->is_gateway && peer->state == HELLO_DOWN) {
        char *open = tunnel_words_open(self, host);
        svec_add_nocopy(problems, xasprintf(
            "gateway %s is alive but does not answer through the tunnel: "
            "firewalls must let in %s", host->row.name, open));
        free(open);
    } else if (hello_is_deaf(peer)) {
        char *open = tunnel_words_open_one_way(self, host);
        svec_add_nocopy(problems, xasprintf(
            "host %s reaches this host through the tunnel but does not hear "
            "it: firewalls must let in %s", host->row.name, open));
        free(open);
    }
}

void
hello_problems(const struct hello *hello, const struct model *model,
               struct db *db, struct svec *problems)
{
    const struct host *self = model_host_at(model, hello->self);
    const struct hello_peer *peer;

    HMAP_FOR_EACH (peer, node, &hello->hellos->peers) {
        const struct host *host = model_host_at(model, peer->location);
        if (self && host && tunnel_words_alive(db, &host->row.uuid)) {
            peer_problem(peer, self, host, problems);
        }
    }
    svec_sort(problems);
}

static const char *
state_name(const struct hello_peer *peer)
{
    return (!peer->is_gateway ? "host"
            : peer->state == HELLO_UP ? "up"
            : peer->state == HELLO_DOWN ? "down" : "untried");
}

static void
put_location(struct json *json, const char *name, uint32_t location)
{
    char text[NETHV_LOCATION_STRLEN];

    if (location) {
        json_object_put_string(json, name, nethv_location_format(
                                   location, text, sizeof text));
    }
}

static struct json *
peer_to_json(const struct hello_peer *peer, const struct model *model)
{
    const struct host *host = model_host_at(model, peer->location);
    struct json *json = json_object_create();

    put_location(json, "location", peer->location);
    if (host) {
        json_object_put_string(json, "host", host->row.name);
    }
    json_object_put_string(json, "state", state_name(peer));
    json_object_put(json, "missed", json_integer_create(peer->missed));
    json_object_put(json, "forwards", json_boolean_create(!peer->idle));
    json_object_put(json, "hears-us", json_boolean_create(!peer->deaf));
    put_location(json, "its-gateway", peer->gateway);
    return json;
}

struct json *
hello_to_json(const struct hello *hello, const struct model *model)
{
    struct json *json = json_array_create_empty();
    const struct hello_peer *peer;

    HMAP_FOR_EACH (peer, node, &hello->hellos->peers) {
        json_array_add(json, peer_to_json(peer, model));
    }
    return json;
}
