/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "compile/internal.h"
#include "flow.h"
#include "nethv/wire.h"
#include "openvswitch/ofp-actions.h"
#include "packets.h"

/* What never changes: guards, drop counters, the count of hops. */

static void
emit_guard(struct emit *e)
{
    static const struct eth_addr reserved
        = ETH_ADDR_C(01,80,c2,00,00,00);
    static const struct eth_addr reserved_mask
        = ETH_ADDR_C(ff,ff,ff,ff,ff,f0);

    emit_begin(e, STAGE_GUARD, 100);
    match_set_dl_dst_masked(&e->match, reserved, reserved_mask);
    act_drop(e, DROP_RESERVED);
    emit_end(e);

    emit_begin(e, STAGE_GUARD, 0);
    act_resubmit(e, STAGE_SWITCH);
    emit_end(e);
}

static void
emit_hops(struct emit *e)
{
    for (uint32_t hops = 0; hops < PIPELINE_HOPS_MAX; hops++) {
        emit_begin(e, STAGE_HOPS, 10);
        match_field(e, FIELD_HOPS, hops);
        act_load(e, FIELD_HOPS, hops + 1);
        act_resubmit(e, STAGE_SWITCH);
        emit_end(e);
    }
    emit_begin(e, STAGE_HOPS, 0);
    act_drop(e, DROP_HOP_LIMIT);
    emit_end(e);
}

static void
emit_drop_counters(struct emit *e)
{
    uint64_t owner = e->cookie;

    for (uint32_t reason = 0; reason < DROP_N_REASONS; reason++) {
        e->cookie = owner | (reason + 1);
        emit_begin(e, STAGE_DROP, 10);
        match_field(e, FIELD_REASON, reason);
        emit_end(e);
    }
    e->cookie = owner;
}

/* A rule at the lowest priority of 'stage'. */
static void
emit_miss(struct emit *e, enum stage stage, enum stage next)
{
    emit_begin(e, stage, 0);
    act_resubmit(e, next);
    emit_end(e);
}

static void
emit_miss_drop(struct emit *e, enum stage stage, enum drop_reason reason)
{
    emit_begin(e, stage, 0);
    act_drop(e, reason);
    emit_end(e);
}

void
emit_base(const struct compiler *c, struct emit *e,
          const struct model_row *row OVS_UNUSED)
{
    emit_guard(e);
    emit_hops(e);
    emit_drop_counters(e);
    emit_forward_base(e);
    emit_wire_base(c, e);

    emit_miss_drop(e, STAGE_CLASSIFY, DROP_NO_PORT);
    emit_miss(e, STAGE_SECURITY, STAGE_GUARD);
    emit_miss(e, STAGE_ANSWER, STAGE_FORWARD);
    emit_miss_drop(e, STAGE_SWITCH, DROP_NO_PATH);
    emit_miss_drop(e, STAGE_PATH, DROP_NO_PATH);
    emit_miss_drop(e, STAGE_REACH, DROP_NO_PATH);
    emit_miss_drop(e, STAGE_HOP, DROP_NO_PATH);
    emit_miss_drop(e, STAGE_TREE, DROP_NO_PATH);
    emit_miss_drop(e, STAGE_ACCEPT, DROP_FORGED_SOURCE);
    emit_miss_drop(e, STAGE_RESTORE, DROP_UNKNOWN_SOURCE);
    emit_miss_drop(e, STAGE_ARRIVED, DROP_FOREIGN);
}

/* The endpoint of a port of this host. */

/* Frames of the endpoint get the registers of their port. */
static void
emit_classify(struct emit *e, const struct vport *port, uint32_t ofport)
{
    emit_begin(e, STAGE_CLASSIFY, 100);
    match_set_in_port(&e->match, u16_to_ofp(ofport));
    act_load(e, FIELD_IN, ofport);
    act_load(e, FIELD_SWITCH, port->vswitch->group);
    act_load(e, FIELD_SOURCE, port->binding->location);
    act_load(e, FIELD_TAG, port->network->tag);
    act_text(e, "load:0->NXM_OF_IN_PORT[]");
    act_resubmit(e, port->security ? STAGE_SECURITY : STAGE_GUARD);
    emit_end(e);
}

/* Known sources need not be learned. */
static void
emit_known_source(struct emit *e, const struct vport *port)
{
    for (size_t i = 0; i < port->n_macs; i++) {
        if (network_port_by_mac(port->network, port->macs[i].address)
            != port) {
            continue;
        }
        emit_begin(e, STAGE_LEARN, 100);
        match_field(e, FIELD_SOURCE, port->binding->location);
        match_field(e, FIELD_TAG, port->network->tag);
        match_set_dl_src(&e->match, port->macs[i].address);
        act_resubmit(e, STAGE_ANSWER);
        emit_end(e);
    }
}

static void
emit_deliver(struct emit *e, const struct vport *port, uint32_t ofport)
{
    uint32_t tag = port->network->tag;
    uint32_t location = port->binding->location;

    /* A flood does not come back to who sent it. */
    emit_begin(e, STAGE_DELIVER, 200);
    match_field(e, FIELD_TAG, tag);
    match_field_masked(e, FIELD_KEY, location, NETHV_LOCATION_MASK);
    match_field(e, FIELD_IN, ofport);
    match_field(e, FIELD_REMOTE, 0);
    emit_end(e);

    emit_begin(e, STAGE_DELIVER, 100);
    match_field(e, FIELD_TAG, tag);
    match_field_masked(e, FIELD_KEY, location, NETHV_LOCATION_MASK);
    act_output(e, ofport);
    emit_end(e);
}

/* Unicast from a tunnel for this port. */
static void
emit_arrived(struct emit *e, const struct vport *port)
{
    emit_begin(e, STAGE_ARRIVED, 100);
    match_field(e, FIELD_TAG, port->network->tag);
    match_field_masked(e, FIELD_KEY, port->binding->location,
                       NETHV_LOCATION_MASK);
    act_resubmit(e, STAGE_DELIVER);
    emit_end(e);

    if (port->vswitch->mode != SWITCH_LEARNING) {
        return;
    }
    static const struct eth_addr group = ETH_ADDR_C(01,00,00,00,00,00);
    emit_begin(e, STAGE_ARRIVED, 110);
    match_field(e, FIELD_TAG, port->network->tag);
    match_field_masked(e, FIELD_KEY, port->binding->location,
                       NETHV_LOCATION_MASK);
    match_field(e, FIELD_WHOLE, 1);
    match_set_dl_src_masked(&e->match, eth_addr_zero, group);
    act_load(e, FIELD_DOMAIN, topology_domain(port->vswitch));
    act_learn(e);
    act_resubmit(e, STAGE_DELIVER);
    emit_end(e);
}

void
emit_endpoint(const struct compiler *c, struct emit *e,
              const struct model_row *row)
{
    const struct vport *port = CONTAINER_OF(row, struct vport, row);
    uint32_t ofport = compiler_ofport(c, port);

    if (!ofport || !vport_ready(port)) {
        return;
    }
    emit_classify(e, port, ofport);
    if (port->security) {
        emit_security(e, port);
    }
    emit_known_source(e, port);
    emit_own_questions(e, port);
    emit_addressing(e, port, ofport);
    emit_deliver(e, port, ofport);
    emit_arrived(e, port);
    emit_wire(c, e, port);
}
