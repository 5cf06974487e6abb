/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovs/ofports.h"

#include <stdlib.h>

#include "flow.h"
#include "hash.h"
#include "openvswitch/ofp-msgs.h"
#include "openvswitch/ofp-port.h"
#include "openvswitch/ofp-util.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(ofports);

/* A port that is live: others are not kept. */
struct ofport {
    struct hmap_node node;          /* In ofports->ports. */
    uint32_t number;
};

void
ofports_init(struct ofports *ports)
{
    hmap_init(&ports->ports);
    ports->complete = false;
}

void
ofports_clear(struct ofports *ports)
{
    struct ofport *port;

    HMAP_FOR_EACH_POP (port, node, &ports->ports) {
        free(port);
    }
    ports->complete = false;
}

void
ofports_destroy(struct ofports *ports)
{
    ofports_clear(ports);
    hmap_destroy(&ports->ports);
}

static struct ofport *
find(const struct ofports *ports, uint32_t number)
{
    struct ofport *port;

    HMAP_FOR_EACH_WITH_HASH (port, node, hash_int(number, 0), &ports->ports) {
        if (port->number == number) {
            return port;
        }
    }
    return NULL;
}

static void
set_live(struct ofports *ports, uint32_t number, bool live)
{
    struct ofport *port = find(ports, number);

    if (port && !live) {
        hmap_remove(&ports->ports, &port->node);
        free(port);
    } else if (!port && live) {
        port = xmalloc(sizeof *port);
        port->number = number;
        hmap_insert(&ports->ports, &port->node, hash_int(number, 0));
    }
}

static void
take(struct ofports *ports, const struct ofputil_phy_port *pp)
{
    set_live(ports, ofp_to_u16(pp->port_no),
             (pp->state & OFPUTIL_PS_LIVE) != 0);
}

struct ofpbuf *
ofports_request(void)
{
    return ofputil_encode_port_desc_stats_request(OFP15_VERSION, OFPP_ANY);
}

void
ofports_add_reply(struct ofports *ports, const struct ofp_header *oh)
{
    struct ofpbuf b = ofpbuf_const_initializer(oh, ntohs(oh->length));
    struct ofputil_phy_port pp;

    ofpraw_pull_assert(&b);
    while (!ofputil_pull_phy_port(oh->version, &b, &pp)) {
        take(ports, &pp);
    }
    ports->complete = !ofpmp_more(oh);
}

void
ofports_add_status(struct ofports *ports, const struct ofp_header *oh)
{
    struct ofputil_port_status ps;

    if (ofputil_decode_port_status(oh, &ps)) {
        return;
    }
    VLOG_DBG("port %s (%"PRIu32") is %s", ps.desc.name,
             ofp_to_u16(ps.desc.port_no),
             ps.reason == OFPPR_DELETE ? "gone"
             : ps.desc.state & OFPUTIL_PS_LIVE ? "live" : "not live");
    if (ps.reason == OFPPR_DELETE) {
        set_live(ports, ofp_to_u16(ps.desc.port_no), false);
    } else {
        take(ports, &ps.desc);
    }
}

bool
ofports_is_live(const struct ofports *ports, uint32_t ofport)
{
    return find(ports, ofport) != NULL;
}
