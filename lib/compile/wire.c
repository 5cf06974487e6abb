/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "compile/internal.h"
#include "nethv/wire.h"
#include "openvswitch/nsh.h"
#include "packets.h"
#include "versions.h"

/* Between the tenant's frame and the frame on the wire: at the source host a
 * known source MAC becomes its wire address, and every other frame travels
 * whole, inside an NSH and an outer Ethernet header whose source is the wire
 * address of the port itself.  At the destination host the reverse. */

/* The NSH header's only option: class 0x1000, type 10, and these 4 bytes:
 * version of the wire format, the rest zero.  Open vSwitch cannot match on it:
 * it is for those who read captures. */
#define WHOLE_OPTION "tlv(0x1000,10,0x%02x000000)"

uint8_t
compiler_wire_version(const struct compiler *c)
{
    return version_to_write(&versions.wire, c->fabric.wire);
}

/* Only inside a clone of the same list of actions: Open vSwitch (3.1) does not
 * take the headers back for what follows a clone that has them pushed in a
 * table further on.  And it pushes headers late, with the next action that
 * needs them: if none comes before the clone ends, because the frame is
 * dropped, the next frame out of the bridge gets them, or the switch aborts.
 * The empty clone, which the datapath never sees, makes it push them now. */
void
act_make_whole(struct emit *e, uint8_t version)
{
    act_text(e, "encap(nsh(md_type=2,"WHOLE_OPTION")),encap(ethernet),"
             "move:%s->NXM_OF_ETH_SRC[32..47],"
             "move:%s->NXM_OF_ETH_SRC[0..31],"
             "move:%s->NXM_OF_ETH_DST[32..47],"
             "move:%s->NXM_OF_ETH_DST[0..31],"
             "clone(decap())",
             version, FIELD_TEXT(TAG), FIELD_TEXT(SOURCE), FIELD_TEXT(TAG),
             FIELD_TEXT(KEY));
}

void
act_punt(struct emit *e, uint32_t meter, enum compile_punt punt,
         unsigned int max_len)
{
    act_text(e, "meter:%u,controller(userdata=%02x,max_len=%u)", meter, punt,
             max_len);
}

/* The kernel's datapath drops a frame if an Ethernet header is to be put before
 * its VLAN tag (6.1: skb_eth_push() says EPROTO). */
void
act_punt_tagged(struct emit *e, enum stage stage, uint8_t version)
{
    match_set_dl_tci_masked(&e->match, htons(VLAN_CFI), htons(VLAN_CFI));
    act_text(e, "meter:%u,controller(userdata=%02x.%02x.%02x,max_len=65535)",
             WHOLE_METER, COMPILE_PUNT_WHOLE, stage, version);
    emit_end(e);
}

/* Larger than the MTU: the agent tells an IP sender so, in the destination's
 * name, and counts the others.  A rule's own counter would not do: Open vSwitch
 * translates both outcomes of check_pkt_larger and credits the rules of
 * both. */
static void
emit_too_big(struct emit *e)
{
    emit_begin(e, STAGE_WIRE, 900);
    match_field(e, FIELD_BIG, 1);
    act_punt(e, PUNT_METER, COMPILE_PUNT_TOO_BIG, 1024);
    emit_end(e);
}

static void
end_whole(struct emit *e, uint8_t version)
{
    size_t clone = act_clone_begin(e);
    const struct pipeline_field *source = &pipeline_fields[FIELD_SOURCE];

    if (nethv_wire_mark(0, version)) {
        act_text(e, "load:%"PRIu64"->NXM_NX_REG%d[0..1]",
                 nethv_wire_mark(0, version), source->reg);
    }
    act_make_whole(e, version);
    act_resubmit(e, STAGE_REACH);
    act_clone_end(e, clone);
    emit_end(e);
}

static void
emit_whole(struct emit *e, uint8_t version)
{
    emit_begin(e, STAGE_WIRE, 0);
    end_whole(e, version);

    /* A tenant's own NSH frame must not be taken for a whole one. */
    emit_begin(e, STAGE_WIRE, 200);
    match_set_dl_type(&e->match, htons(ETH_TYPE_NSH));
    end_whole(e, version);
}

void
emit_wire_tagged(const struct compiler *c, struct emit *e)
{
    uint8_t version = compiler_wire_version(c);

    emit_begin(e, STAGE_WIRE, 10);
    act_punt_tagged(e, STAGE_REACH, version);

    emit_begin(e, STAGE_WIRE, 210);
    match_set_dl_type(&e->match, htons(ETH_TYPE_NSH));
    act_punt_tagged(e, STAGE_REACH, version);
}

/* The location in the wire source is what RESTORE goes by; the lowest bits are
 * the version's. */
void
act_restore(struct emit *e)
{
    act_text(e, "move:NXM_OF_ETH_SRC[2..31]->NXM_NX_REG%d[2..31]",
             pipeline_fields[FIELD_SOURCE].reg);
    act_resubmit(e, STAGE_RESTORE);
}

/* The header is looked at before it is taken out: from a frame that has none
 * Open vSwitch would learn, for some seconds, that the others of that source
 * have none either.  No frame that is rewritten has this Ethernet type. */
static void
emit_unwrap(struct emit *e)
{
    emit_begin(e, STAGE_RESTORE, 200);
    match_field(e, FIELD_WHOLE, 0);
    match_set_dl_type(&e->match, htons(ETH_TYPE_NSH));
    e->match.flow.nsh.mdtype = NSH_M_TYPE2;
    e->match.wc.masks.nsh.mdtype = UINT8_MAX;
    e->match.flow.nsh.np = NSH_P_ETHERNET;
    e->match.wc.masks.nsh.np = UINT8_MAX;
    act_load(e, FIELD_WHOLE, 1);
    act_text(e, "decap(),decap()");
    act_resubmit(e, STAGE_RESTORE);
    emit_end(e);

    emit_begin(e, STAGE_RESTORE, 190);
    match_field(e, FIELD_WHOLE, 0);
    match_set_dl_type(&e->match, htons(ETH_TYPE_NSH));
    act_drop(e, DROP_BROKEN);
    emit_end(e);
}

/* Frames in a version of the wire format that this build does not read.  The
 * inner frame of a whole one is not looked at. */
static void
emit_unread(struct emit *e)
{
    for (uint8_t mark = 0; mark <= NETHV_VERSION_MASK; mark++) {
        bool read = false;

        for (unsigned int v = versions.wire.oldest;
             v <= versions.wire.newest; v++) {
            read |= nethv_wire_mark(0, v) == mark;
        }
        if (!read) {
            emit_begin(e, STAGE_RESTORE, 400);
            match_field(e, FIELD_WHOLE, 0);
            match_eth_src(e, mark, NETHV_VERSION_MASK);
            act_drop(e, DROP_VERSION);
            emit_end(e);
        }
    }
}

void
emit_wire_base(const struct compiler *c, struct emit *e)
{
    emit_begin(e, STAGE_DELIVER, 10);
    match_field(e, FIELD_REMOTE, 0);
    act_resubmit(e, STAGE_SIZE);
    emit_end(e);

    emit_begin(e, STAGE_DELIVER, 0);
    act_drop(e, DROP_FOREIGN);
    emit_end(e);

    emit_too_big(e);
    emit_whole(e, compiler_wire_version(c));
    emit_unwrap(e);
    emit_unread(e);
}

/* The known sources of an endpoint of this host, once their numbers may be
 * used. */
void
emit_wire(const struct compiler *c, struct emit *e, const struct vport *port)
{
    uint8_t version = compiler_wire_version(c);

    if (!binding_usable(port->binding)) {
        return;
    }
    for (size_t i = 0; i < port->n_macs; i++) {
        if (!port->macs[i].location) {
            continue;
        }
        emit_begin(e, STAGE_WIRE, 100);
        match_field(e, FIELD_TAG, port->network->tag);
        match_field(e, FIELD_SOURCE, port->binding->location);
        match_set_dl_src(&e->match, port->macs[i].address);
        act_text(e, "set_field:"ETH_ADDR_FMT"->eth_src",
                 ETH_ADDR_ARGS(mac_from_integer(nethv_wire_mark(
                     nethv_wire_address(port->network->tag,
                                        port->macs[i].location), version))));
        act_resubmit(e, STAGE_REACH);
        emit_end(e);
    }
}

/* A rewritten frame gets its MAC back, also one that was made whole on its way
 * (by a gateway, for a tunnel without a key). */
static void
emit_restore_mac(struct emit *e, const struct vport *port,
                 const struct port_mac *mac)
{
    emit_begin(e, STAGE_RESTORE, 100);
    match_field(e, FIELD_TAG, port->network->tag);
    match_field(e, FIELD_SOURCE, mac->location);
    act_set(e, MFF_ETH_SRC, &mac->address);
    act_load(e, FIELD_SOURCE, port->binding->location);
    act_load(e, FIELD_WHOLE, 0);
    act_resubmit(e, STAGE_ARRIVED);
    emit_end(e);
}

void
emit_source(const struct compiler *c, struct emit *e,
            const struct model_row *row)
{
    const struct vport *port = CONTAINER_OF(row, struct vport, row);

    if (!vport_bound(port) || !vport_ready(port)
        || !compiler_is_home(c, port->network)
        || (port->binding->location & NETHV_HOST_MASK) == c->self) {
        return;
    }
    emit_begin(e, STAGE_RESTORE, 100);
    match_field(e, FIELD_TAG, port->network->tag);
    match_field(e, FIELD_SOURCE, port->binding->location);
    match_field(e, FIELD_WHOLE, 1);
    act_resubmit(e, STAGE_ARRIVED);
    emit_end(e);

    for (size_t i = 0; i < port->n_macs; i++) {
        if (port->macs[i].location) {
            emit_restore_mac(e, port, &port->macs[i]);
        }
    }
}
