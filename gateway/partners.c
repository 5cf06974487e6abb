/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/partners.h"

#include <limits.h>
#include <string.h>

#include "gateway/serving.h"
#include "handover.h"
#include "model.h"
#include "nethv/wire.h"
#include "openvswitch/vlog.h"
#include "packets.h"
#include "repair.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(partners);

enum partner_state {
    PARTNER_OPEN,               /* The tunnel leads there. */
    PARTNER_CLOSING,            /* It is to be taken away. */
    PARTNER_RESTING,            /* The switch is without it. */
};

struct partner {
    uint32_t location;          /* 0: not chosen yet. */
    enum partner_state state;
    long long int since;        /* Of resting. */
    long long int down;         /* Since when it does not work; LLONG_MAX: it
                                 * does, or is not there. */
    bool worked;                /* The tunnel has, to that gateway. */
    unsigned int tries;         /* In vain. */
    uint32_t said;              /* Which serves, by what was said last. */
};

struct partners {
    uint8_t self;                           /* The own cloud. */
    struct partner partners[NETHV_CLOUD_FLOOD];
    uint32_t serving[NETHV_CLOUD_FLOOD];    /* By the database. */
    long long int deadline;
};

struct partners *
partners_create(void)
{
    struct partners *partners = xzalloc(sizeof *partners);

    partners->deadline = LLONG_MAX;
    return partners;
}

void
partners_destroy(struct partners *partners)
{
    free(partners);
}

static bool
is_gateway(const struct host *host)
{
    return host->row.present && host->gateway;
}

/* Returns the gateway of 'cloud' that comes after 'id', else the first one:
 * NULL if there is none. */
static const struct host *
next_gateway(const struct cloud *cloud, uint32_t id)
{
    const struct host *first = NULL, *next = NULL, *host;

    LIST_FOR_EACH (host, cloud_node, &cloud->hosts) {
        if (!is_gateway(host)) {
            continue;
        }
        if (!first || host->id < first->id) {
            first = host;
        }
        if (host->id > id && (!next || host->id < next->id)) {
            next = host;
        }
    }
    return next ? next : first;
}

static const struct handover_edge *
find_edge(const struct handover *handover, uint8_t cloud)
{
    for (size_t i = 0; handover && i < handover->n_edges; i++) {
        if (handover->edges[i].cloud == cloud) {
            return &handover->edges[i];
        }
    }
    return NULL;
}

/* Chooses the gateway that the tunnel leads to already, else the first one.  It
 * is not known what was before: the tunnel rests, unless there is no other
 * gateway that it can have led to. */
static void
choose(struct partner *partner, const struct cloud *cloud,
       const struct handover_edge *edge, long long int now)
{
    const struct host *first = next_gateway(cloud, 0), *host;

    *partner = (struct partner) {
        .location = host_location(first), .state = PARTNER_RESTING,
        .since = now, .down = LLONG_MAX,
    };
    if (next_gateway(cloud, first->id) == first) {
        partner->state = PARTNER_OPEN;
    } else if (edge) {
        partner->state = PARTNER_CLOSING;
    }
    LIST_FOR_EACH (host, cloud_node, &cloud->hosts) {
        if (edge && is_gateway(host)
            && ipv6_addr_equals(&host->public_ip, &edge->remote_ip)) {
            partner->location = host_location(host);
            partner->state = PARTNER_OPEN;
        }
    }
}

static void
turn(struct partner *partner, const struct cloud *cloud,
     const struct host *next)
{
    VLOG_INFO("the tunnel to cloud %s is led to gateway %s",
              cloud->row.name, next->row.name);
    partner->location = host_location(next);
    partner->state = PARTNER_CLOSING;
    partner->down = LLONG_MAX;
    partner->tries += !partner->worked;
    partner->worked = false;
}

/* Turns to the gateway that is said to serve 'cloud', each time that is news: if
 * the tunnel then does not work, the next one is tried as ever. */
static void
follow(struct partner *partner, const struct model *model,
       const struct cloud *cloud, uint32_t serving)
{
    const struct host *host = model_host_at(model, serving);

    if (!host || !is_gateway(host) || serving == partner->said) {
        return;
    }
    partner->said = serving;
    if (serving != partner->location) {
        turn(partner, cloud, host);
        partner->tries = 0;
    }
}

/* Returns the gateway to try after the one that does not work: that which is said
 * to serve, or if it is that one, the next. */
static const struct host *
other_gateway(const struct partner *partner, const struct cloud *cloud)
{
    const struct host *host;

    LIST_FOR_EACH (host, cloud_node, &cloud->hosts) {
        if (is_gateway(host) && host_location(host) == partner->said
            && partner->said != partner->location) {
            return host;
        }
    }
    return next_gateway(cloud, nethv_location_host(partner->location));
}

/* Returns how long the tunnel may not work.  If both ends have several gateways
 * to try, they must not go on at the same pace, or they may never meet. */
static long long int
patience_with(const struct partners *partners, const struct partner *partner,
              const struct cloud *cloud)
{
    unsigned int doublings = (partners->self < cloud->id ? 0
                              : MIN(partner->tries, PARTNERS_DOUBLINGS_MAX));

    return (partner->worked ? PARTNERS_PATIENCE_MSEC
            : PARTNERS_FIRST_MSEC << doublings);
}

/* Turns to another gateway if the tunnel has not worked for long. */
static void
judge(struct partners *partners, struct partner *partner,
      const struct cloud *cloud, enum repair_end end, long long int now)
{
    const struct host *next = other_gateway(partner, cloud);
    long long int patience = patience_with(partners, partner, cloud);

    if (end == REPAIR_END_UP) {
        partner->worked = true;
        partner->tries = 0;
    }
    if (end != REPAIR_END_DOWN || host_location(next) == partner->location) {
        partner->down = LLONG_MAX;
    } else if (partner->down == LLONG_MAX) {
        partner->down = now;
    }
    if (partner->down == LLONG_MAX) {
        return;
    }
    if (now - partner->down >= patience) {
        turn(partner, cloud, next);
    } else {
        partners->deadline = MIN(partners->deadline,
                                 partner->down + patience);
    }
}

static void
rest(struct partners *partners, struct partner *partner, bool gone,
     long long int now)
{
    if (partner->state == PARTNER_CLOSING && gone) {
        partner->state = PARTNER_RESTING;
        partner->since = now;
    }
    if (partner->state == PARTNER_RESTING) {
        long long int end = partner->since + PARTNERS_REST_MSEC;
        if (now >= end) {
            partner->state = PARTNER_OPEN;
        } else {
            partners->deadline = MIN(partners->deadline, end);
        }
    }
}

static bool
is_there(const struct model *model, const struct partner *partner)
{
    const struct host *host = model_host_at(model, partner->location);

    return host && is_gateway(host);
}

static void
run_partner(struct partners *partners, struct model *model,
            const struct cloud *cloud, enum repair_end end,
            const struct handover_edge *edge, bool installed,
            long long int now)
{
    struct partner *partner = &partners->partners[cloud->id];
    const struct host *first = next_gateway(cloud, 0);

    if (!first) {
        return;
    }
    if (!partner->location) {
        choose(partner, cloud, edge, now);
    } else if (!is_there(model, partner)) {
        turn(partner, cloud, first);
    }
    follow(partner, model, cloud, partners->serving[cloud->id]);
    if (partner->state == PARTNER_OPEN) {
        judge(partners, partner, cloud, end, now);
    }
    rest(partners, partner, !edge && installed, now);
    serving_mark(model, cloud->id, partner->location);
}

void
partners_hear(struct partners *partners,
              const uint32_t serving[NETHV_CLOUD_FLOOD])
{
    memcpy(partners->serving, serving, sizeof partners->serving);
}

void
partners_run(struct partners *partners, struct model *model, uint8_t self,
             const uint8_t *ends, const struct handover *handover,
             bool installed, long long int now)
{
    partners->deadline = LLONG_MAX;
    partners->self = self;
    for (int id = 1; id <= NETHV_CLOUD_MAX; id++) {
        const struct cloud *cloud = model_cloud_by_id(model, id);

        if (id != self && cloud) {
            run_partner(partners, model, cloud, ends[id],
                        find_edge(handover, id), installed, now);
        }
    }
}

bool
partners_rests(const struct partners *partners, uint8_t cloud)
{
    return partners->partners[cloud].state != PARTNER_OPEN;
}

long long int
partners_deadline(const struct partners *partners)
{
    return partners->deadline;
}
