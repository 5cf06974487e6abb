/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/adverts.h"

#include "addressing.h"
#include "compile/compile.h"
#include "dp-packet.h"
#include "hash.h"
#include "model.h"
#include "openvswitch/hmap.h"
#include "openvswitch/poll-loop.h"
#include "ovs/ofswitch.h"
#include "packets.h"
#include "port-answer.h"
#include "timeval.h"
#include "util.h"
#include "uuid.h"

/* RFC 4861, section 6.2.1: MaxRtrAdvInterval. */
#define INTERVAL_MSEC (600 * 1000)

/* What an endpoint was told last. */
struct advert {
    struct hmap_node node;          /* In adverts->adverts by 'port'. */
    struct uuid port;
    uint32_t ofport;
    uint32_t digest;                /* Of the advertisement. */
    struct in6_addr router;         /* Unspecified if none. */
    long long int due;              /* Again, msec. */
    bool seen;
};

struct adverts {
    struct hmap adverts;
    uint64_t version;               /* When looked at last. */
    unsigned int mtu;
    long long int due;              /* The first of all, msec. */
};

/* A look at all endpoints. */
struct round {
    struct adverts *adverts;
    struct ofswitch *sw;
};

struct adverts *
adverts_create(void)
{
    struct adverts *adverts = xzalloc(sizeof *adverts);

    hmap_init(&adverts->adverts);
    return adverts;
}

void
adverts_destroy(struct adverts *adverts)
{
    struct advert *advert;

    if (adverts) {
        HMAP_FOR_EACH_POP (advert, node, &adverts->adverts) {
            free(advert);
        }
        hmap_destroy(&adverts->adverts);
        free(adverts);
    }
}

static struct advert *
find_advert(struct adverts *adverts, const struct uuid *port)
{
    struct advert *advert;

    HMAP_FOR_EACH_WITH_HASH (advert, node, uuid_hash(port),
                             &adverts->adverts) {
        if (uuid_equals(&advert->port, port)) {
            return advert;
        }
    }
    advert = xzalloc(sizeof *advert);
    advert->port = *port;
    hmap_insert(&adverts->adverts, &advert->node, uuid_hash(port));
    return advert;
}

static void
withdraw(struct advert *advert, struct ofswitch *sw)
{
    if (ipv6_addr_is_set(&advert->router)) {
        struct dp_packet packet;
        dp_packet_init(&packet, 0);
        port_advert_withdraw(&advert->router, &packet);
        ofswitch_output(sw, &packet, advert->ofport);
        dp_packet_uninit(&packet);
    }
}

static void
tell(struct advert *advert, const struct vport *port, uint32_t ofport,
     const struct dp_packet *packet, const struct round *round)
{
    const struct addressing *ra = port->vswitch->ra;
    uint32_t digest = hash_bytes(dp_packet_data(packet),
                                 dp_packet_size(packet), ofport);

    advert->seen = true;
    if (digest == advert->digest && time_msec() < advert->due) {
        return;
    }
    if (!ipv6_addr_equals(&advert->router, &ra->router)) {
        withdraw(advert, round->sw);
    }
    if (!ofswitch_output(round->sw, packet, ofport)) {
        advert->ofport = ofport;
        advert->digest = digest;
        advert->router = ra->router;
        advert->due = time_msec() + MIN(INTERVAL_MSEC,
                                        ra->seconds * 1000LL / 3);
    }
}

static void
visit(void *round_, const struct vport *port, uint32_t ofport)
{
    const struct round *round = round_;
    struct dp_packet packet;

    if (port_has_advert(port)) {
        dp_packet_init(&packet, 0);
        port_advert(port, round->adverts->mtu, &packet);
        tell(find_advert(round->adverts, &port->row.uuid), port, ofport,
             &packet, round);
        dp_packet_uninit(&packet);
    }
}

/* Forgets who was not seen, and finds out when to look again. */
static void
sweep(struct adverts *adverts, struct ofswitch *sw)
{
    struct advert *advert;

    adverts->due = LLONG_MAX;
    HMAP_FOR_EACH_SAFE (advert, node, &adverts->adverts) {
        if (advert->seen) {
            advert->seen = false;
            adverts->due = MIN(adverts->due, advert->due);
        } else {
            withdraw(advert, sw);
            hmap_remove(&adverts->adverts, &advert->node);
            free(advert);
        }
    }
}

void
adverts_run(struct adverts *adverts, const struct compiler *compiler,
            struct ofswitch *sw, unsigned int mtu, uint64_t version)
{
    if (!ofswitch_is_current(sw)
        || (version == adverts->version && mtu == adverts->mtu
            && time_msec() < adverts->due)) {
        return;
    }
    adverts->version = version;
    adverts->mtu = mtu;

    struct round round = { adverts, sw };
    compiler_each_endpoint(compiler, visit, &round);
    sweep(adverts, sw);
}

void
adverts_wait(const struct adverts *adverts, const struct ofswitch *sw)
{
    if (ofswitch_is_current(sw) && !hmap_is_empty(&adverts->adverts)) {
        poll_timer_wait_until(adverts->due);
    }
}
