/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "compile/internal.h"
#include "nethv/wire.h"
#include "packets.h"
#include "uuid.h"

/* Forwarding of switches in learning mode: known MACs first, then learned ones,
 * then flood.  Known unicast takes the shortest virtual path. */

/* Learned addresses are forgotten after this time without a frame from them,
 * and at most so many are kept for a host's bridge. */
#define LEARNED_TIMEOUT_S 300
#define LEARNED_MAX 65536

void
act_learn(struct emit *e)
{
    act_text(e, "learn(table=%d,hard_timeout=%d,priority=10,limit=%d,"
             "%s,NXM_OF_VLAN_TCI[0..11],"
             "NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],load:%s->%s)",
             STAGE_LEARNED, LEARNED_TIMEOUT_S, LEARNED_MAX,
             FIELD_TEXT(DOMAIN), FIELD_TEXT(SOURCE), FIELD_TEXT(KEY));
}

static void
emit_learn_base(struct emit *e)
{
    static const struct eth_addr group = ETH_ADDR_C(01,00,00,00,00,00);

    /* No address that may not be a source. */
    emit_begin(e, STAGE_LEARN, 200);
    match_set_dl_src_masked(&e->match, group, group);
    act_resubmit(e, STAGE_ANSWER);
    emit_end(e);

    /* In the next switches of a domain there is nothing new to learn. */
    emit_begin(e, STAGE_LEARN, 10);
    match_field(e, FIELD_FROM, 0);
    act_learn(e);
    act_resubmit(e, STAGE_ANSWER);
    emit_end(e);

    emit_begin(e, STAGE_LEARN, 0);
    act_resubmit(e, STAGE_FORWARD);
    emit_end(e);
}

void
emit_forward_base(struct emit *e)
{
    static const struct eth_addr group = ETH_ADDR_C(01,00,00,00,00,00);

    emit_learn_base(e);

    emit_begin(e, STAGE_FORWARD, 200);
    match_set_dl_dst_masked(&e->match, group, group);
    act_resubmit(e, STAGE_FLOOD);
    emit_end(e);

    emit_begin(e, STAGE_FORWARD, 0);
    act_resubmit(e, STAGE_LEARNED);
    act_resubmit(e, STAGE_UNKNOWN);
    emit_end(e);

    emit_begin(e, STAGE_UNKNOWN, 10);
    match_field(e, FIELD_KEY, 0);
    act_resubmit(e, STAGE_FLOOD);
    emit_end(e);

    emit_begin(e, STAGE_UNKNOWN, 0);
    act_resubmit(e, STAGE_DELIVER);
    emit_end(e);
}

void
act_to_port(struct emit *e, const struct vport *port)
{
    act_load(e, FIELD_KEY, port->binding->location);
    act_load(e, FIELD_TO, port->vswitch->group);
    act_resubmit(e, STAGE_PATH);
}

/* The port as a destination, on every host that has its network. */
void
emit_port(const struct compiler *c, struct emit *e,
          const struct model_row *row)
{
    const struct vport *port = CONTAINER_OF(row, struct vport, row);

    if (!vport_ready(port) || !compiler_is_home(c, port->network)
        || port->vswitch->mode != SWITCH_LEARNING) {
        return;
    }
    for (size_t i = 0; i < port->n_macs; i++) {
        struct eth_addr mac = port->macs[i].address;
        if (network_port_by_mac(port->network, mac) != port
            || port->sharing) {
            continue;
        }
        emit_begin(e, STAGE_FORWARD, 100);
        match_field(e, FIELD_DOMAIN, topology_domain(port->vswitch));
        match_set_dl_dst(&e->match, mac);
        if (vport_bound(port)) {
            act_to_port(e, port);
        } else {
            act_drop(e, DROP_UNBOUND);
        }
        emit_end(e);
    }
    if (vport_bound(port)) {
        emit_answer(e, port);
    }
}

/* The next switch on the shortest path to 'to'. */
static void
emit_path(struct emit *e, const struct vswitch *from, const struct vswitch *to)
{
    const struct vswitch *next;
    const struct vlink *link;

    if (!topology_next(from, to, &next, &link)) {
        return;
    }
    emit_begin(e, STAGE_PATH, 100);
    match_field(e, FIELD_SWITCH, from->group);
    match_field(e, FIELD_TO, to->group);
    act_load(e, FIELD_NEXT, next->group);
    act_resubmit(e, STAGE_LINK);
    emit_end(e);
}

/* Entry to a switch, and its paths to all others of its domain. */
void
emit_switch(const struct compiler *c, struct emit *e,
            const struct model_row *row)
{
    const struct vswitch *sw = CONTAINER_OF(row, struct vswitch, row);
    const struct vswitch *other;

    if (!vswitch_ready(sw) || !compiler_is_home(c, sw->network)
        || sw->mode != SWITCH_LEARNING) {
        return;
    }

    /* A known destination has been found at the first switch. */
    emit_begin(e, STAGE_SWITCH, 100);
    match_field(e, FIELD_SWITCH, sw->group);
    match_field(e, FIELD_TO, 0);
    act_load(e, FIELD_DOMAIN, topology_domain(sw));
    act_resubmit(e, STAGE_LEARN);
    emit_end(e);

    emit_begin(e, STAGE_SWITCH, 90);
    match_field(e, FIELD_SWITCH, sw->group);
    act_resubmit(e, STAGE_PATH);
    emit_end(e);

    emit_begin(e, STAGE_PATH, 100);
    match_field(e, FIELD_SWITCH, sw->group);
    match_field(e, FIELD_TO, sw->group);
    act_resubmit(e, STAGE_DELIVER);
    emit_end(e);

    LIST_FOR_EACH (other, network_node, &sw->network->switches) {
        if (other != sw && vswitch_ready(other)
            && topology_domain(other) == topology_domain(sw)) {
            emit_path(e, sw, other);
        }
    }
}

/* Of parallel links the one with the lowest UUID carries everything. */
static bool
link_is_first(const struct vlink *link)
{
    const struct vswitch *a = link->ends[0].vswitch;
    const struct vswitch *b = link->ends[1].vswitch;
    const struct vlink_end *end;

    LIST_FOR_EACH (end, switch_node, &a->ends) {
        const struct vlink *other = end->link;
        const struct vswitch *peer = other->ends[0].vswitch == a
            ? other->ends[1].vswitch : other->ends[0].vswitch;
        if (peer == b && other->row.present
            && uuid_compare_3way(&other->row.uuid, &link->row.uuid) < 0) {
            return false;
        }
    }
    return true;
}

uint32_t
link_meter(const struct vlink *link, size_t from)
{
    return 1 + 2 * (link->row.uuid.parts[0] % LINK_METERS) + from;
}

static void
emit_link_direction(struct emit *e, const struct vlink *link, size_t end)
{
    const struct vswitch *from = link->ends[end].vswitch;
    const struct vswitch *to = link->ends[!end].vswitch;

    emit_begin(e, STAGE_LINK, 100);
    match_field(e, FIELD_SWITCH, from->group);
    match_field(e, FIELD_NEXT, to->group);
    if (link->bandwidth) {
        act_text(e, "meter:%u", link_meter(link, end));
    }
    act_load(e, FIELD_FROM, from->group);
    act_load(e, FIELD_SWITCH, to->group);
    act_load(e, FIELD_NEXT, 0);
    act_resubmit(e, STAGE_HOPS);
    emit_end(e);

    /* A flood does not go back over the link that it came by. */
    emit_begin(e, STAGE_LINK, 200);
    match_field(e, FIELD_SWITCH, from->group);
    match_field(e, FIELD_NEXT, to->group);
    match_field(e, FIELD_FROM, to->group);
    emit_end(e);
}

void
emit_link(const struct compiler *c, struct emit *e,
          const struct model_row *row)
{
    const struct vlink *link = CONTAINER_OF(row, struct vlink, row);
    const struct vswitch *a = link->ends[0].vswitch;
    const struct vswitch *b = link->ends[1].vswitch;

    if (a != b && vlink_ready(link) && compiler_is_home(c, link->network)
        && link_is_first(link)) {
        emit_link_direction(e, link, 0);
        emit_link_direction(e, link, 1);
    }
}
