/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/standby.h"

#include <inttypes.h>
#include <stdlib.h>

#include "agent/hello.h"
#include "hellos.h"
#include "model.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs/text-file.h"
#include "packets.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(standby);

struct standby {
    uint32_t self;
    uint32_t remembered;            /* Location from STANDBY_FILE, or 0. */
    uint32_t gateway;               /* Location of that in use, 0 if none. */
    long long int hold_until;       /* time_msec(), 0 if nothing is held. */
};

static uint32_t
read_file(void)
{
    char *text = NULL;
    uint32_t location = 0;

    free(text_file_read(STANDBY_FILE, &text));
    if (text && !ovs_scan(text, "%"SCNx32, &location)) {
        location = 0;
    }
    free(text);
    return location;
}

static void
write_file(uint32_t location)
{
    char *text = xasprintf("%08"PRIx32"\n", location);
    char *error = text_file_leave(STANDBY_FILE, text);

    if (error) {
        VLOG_WARN("%s", error);
    }
    free(error);
    free(text);
}

struct standby *
standby_create(uint32_t self)
{
    struct standby *s = xzalloc(sizeof *s);

    s->self = self;
    s->remembered = read_file();
    return s;
}

void
standby_destroy(struct standby *s)
{
    free(s);
}

/* Returns whether hellos have not told anything of 'host' yet, and the agent
 * before used another, of which they do not tell that it is unusable. */
static bool
is_put_off(const struct standby *s, const struct model *model,
           const struct host *host, const struct hello *hello)
{
    const struct hello_peer *peer = hello_find(hello, host_location(host));
    const struct hello_peer *used = hello_find(hello, s->remembered);
    const struct host *before = model_host_at(model, s->remembered);

    return (!peer || peer->state == HELLO_UNTRIED)
           && before && before != host && before->cloud == host->cloud
           && before->gateway && (!used || hello_is_usable(used));
}

static bool
is_unreachable(const struct standby *s, const struct model *model,
               const struct host *self, const struct host *host,
               const struct hello *hello)
{
    const struct hello_peer *peer = hello_find(hello, host_location(host));

    return !hosts_have_tunnel(self, host)
           || (peer && peer->is_gateway && !hello_is_usable(peer))
           || is_put_off(s, model, host, hello);
}

static void
mark_gateways(const struct standby *s, struct model *model,
              const struct host *self, const struct hello *hello)
{
    const struct host *host;

    LIST_FOR_EACH (host, cloud_node, &self->cloud->hosts) {
        if (host->row.present && host->gateway && host != self) {
            model_set_unreachable(model, &host->row.uuid,
                                  is_unreachable(s, model, self, host,
                                                 hello));
        }
    }
}

static void
turn(struct standby *s, const struct host *gateway)
{
    if (s->gateway) {
        VLOG_INFO("this host turns to gateway %s", gateway->row.name);
        s->hold_until = time_msec() + STANDBY_HOLD_MSEC;
    }
    s->gateway = host_location(gateway);
    s->remembered = s->gateway;
    write_file(s->gateway);
}

void
standby_run(struct standby *s, struct model *model, const struct hello *hello)
{
    const struct host *self = model_host_at(model, s->self);

    /* Without its own address it has no tunnel yet that could be judged. */
    if (!self || ipv6_is_zero(&self->encap_ip)) {
        return;
    }
    mark_gateways(s, model, self, hello);
    const struct host *gateway = cloud_gateway(self->cloud);
    if (gateway && host_location(gateway) != s->gateway) {
        turn(s, gateway);
    } else if (time_msec() >= s->hold_until) {
        s->hold_until = 0;
    }
}

void
standby_wait(const struct standby *s)
{
    if (s->hold_until) {
        poll_timer_wait_until(s->hold_until);
    }
}

uint32_t
standby_gateway(const struct standby *s)
{
    return s->gateway;
}

bool
standby_holds(const struct standby *s)
{
    return s->hold_until != 0;
}
