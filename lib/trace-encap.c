/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "trace-walk.h"

#include "packets.h"
#include "util.h"

/* The properties of encap(nsh(...)). */
struct nsh_properties {
    uint8_t md_type;
    struct ofpbuf *tlvs;        /* As the header has them, or NULL. */
};

static void
nsh_add_tlv(struct nsh_properties *nsh,
            const struct ofpact_ed_prop_nsh_tlv *prop)
{
    struct nsh_md2_tlv *tlv;

    if (!nsh->tlvs) {
        nsh->tlvs = ofpbuf_new(NSH_CTX_HDRS_MAX_LEN);
    }
    tlv = ofpbuf_put_uninit(nsh->tlvs, sizeof *tlv);
    tlv->md_class = prop->tlv_class;
    tlv->type = prop->tlv_type;
    tlv->length = prop->tlv_len;
    ofpbuf_put(nsh->tlvs, prop->data, prop->tlv_len);
    ofpbuf_put_zeros(nsh->tlvs, PAD_SIZE(prop->tlv_len, 4));
}

static void
nsh_properties_parse(struct nsh_properties *nsh,
                     const struct ofpact_encap *encap)
{
    const uint8_t *p = (const uint8_t *) encap->props;

    nsh->md_type = NSH_M_TYPE1;
    nsh->tlvs = NULL;
    for (size_t i = 0; i < encap->n_props; i++) {
        const struct ofpact_ed_prop *prop = ALIGNED_CAST(
            const struct ofpact_ed_prop *, p);

        if (prop->prop_class != OFPPPC_NSH) {
            /* No other class exists. */
        } else if (prop->type == OFPPPT_PROP_NSH_MDTYPE) {
            nsh->md_type = ALIGNED_CAST(
                const struct ofpact_ed_prop_nsh_md_type *, p)->md_type;
        } else if (prop->type == OFPPPT_PROP_NSH_TLV) {
            nsh_add_tlv(nsh, ALIGNED_CAST(
                            const struct ofpact_ed_prop_nsh_tlv *, p));
        }
        p += ROUND_UP(prop->len, 8);
    }
    if (nsh->md_type != NSH_M_TYPE2
        || (nsh->tlvs && nsh->tlvs->size > NSH_CTX_HDRS_MAX_LEN)) {
        ofpbuf_delete(nsh->tlvs);
        nsh->tlvs = NULL;
    }
}

/* Returns the NSH next protocol of a frame of 'packet_type', 0 if it cannot be
 * put into NSH. */
static uint8_t
nsh_protocol(ovs_be32 packet_type)
{
    switch (ntohl(packet_type)) {
    case PT_ETH: return NSH_P_ETHERNET;
    case PT_IPV4: return NSH_P_IPV4;
    case PT_IPV6: return NSH_P_IPV6;
    case PT_NSH: return NSH_P_NSH;
    default: return 0;
    }
}

static void
encap_nsh(struct walk *w, const struct ofpact_encap *encap)
{
    struct flow *flow = &w->flow;
    uint8_t np = nsh_protocol(flow->packet_type);
    struct nsh_properties nsh;

    if (!np) {
        walk_fail(w, "encap(nsh) of packet type %#"PRIx32" is not possible",
                  ntohl(flow->packet_type));
        return;
    }
    nsh_properties_parse(&nsh, encap);
    memset(&flow->dl_dst, 0, sizeof *flow - offsetof(struct flow, dl_dst));
    flow->packet_type = htonl(PT_NSH);
    flow->dl_type = htons(ETH_TYPE_NSH);
    flow->nsh.ttl = 63;
    flow->nsh.np = np;
    flow->nsh.path_hdr = htonl(255);
    flow->nsh.mdtype = nsh.md_type & NSH_MDTYPE_MASK;
    w->pending_encap = true;
    w->encap_data = nsh.tlvs;
}

static void
encap_ethernet(struct walk *w)
{
    struct flow *flow = &w->flow;

    if (pt_ns(flow->packet_type) != OFPHTN_ETHERTYPE) {
        walk_fail(w, "encap(ethernet) of a frame that has an Ethernet header "
                  "is not possible");
        return;
    }
    flow->dl_type = pt_ns_type_be(flow->packet_type);
    flow->packet_type = htonl(PT_ETH);
    flow->dl_src = flow->dl_dst = eth_addr_zero;
    w->pending_encap = true;
}

bool
walk_encap(struct walk *w, const struct ofpact_encap *encap)
{
    if (!walk_commit(w)) {
        return false;
    }
    w->n_headers++;
    switch (ntohl(encap->new_pkt_type)) {
    case PT_ETH:
        encap_ethernet(w);
        break;
    case PT_NSH:
        encap_nsh(w, encap);
        break;
    default:
        walk_fail(w, "encap to packet type %#"PRIx32" cannot be traced",
                  ntohl(encap->new_pkt_type));
    }
    return true;
}

static void
decap_ethernet(struct walk *w)
{
    struct flow *flow = &w->flow;

    if (flow->vlans[0].tci & htons(VLAN_CFI)) {
        walk_fail(w, "decap() of an Ethernet header with a VLAN tag is not "
                  "possible");
        return;
    }
    flow->packet_type = PACKET_TYPE_BE(OFPHTN_ETHERTYPE,
                                       ntohs(flow->dl_type));
    flow->dl_src = flow->dl_dst = eth_addr_zero;
}

static void
decap_nsh(struct walk *w)
{
    switch (w->flow.nsh.np) {
    case NSH_P_ETHERNET:
        w->flow.packet_type = htonl(PT_ETH);
        break;
    case NSH_P_IPV4:
        w->flow.packet_type = htonl(PT_IPV4);
        break;
    case NSH_P_IPV6:
        w->flow.packet_type = htonl(PT_IPV6);
        break;
    case NSH_P_NSH:
        w->flow.packet_type = htonl(PT_NSH);
        break;
    default:
        walk_fail(w, "decap() of NSH with next protocol %d is not possible",
                  w->flow.nsh.np);
        return;
    }
    w->pending_decap = true;
    if (w->action_set.size) {
        walk_fail(w, "decap() of NSH while there is an action set can make "
                  "Open vSwitch abort (see trace.h)");
    } else if (walk_commit(w)) {
        walk_thaw(w);
    }
}

bool
walk_decap(struct walk *w)
{
    if (!walk_commit(w)) {
        return false;
    }
    w->n_headers++;
    switch (ntohl(w->flow.packet_type)) {
    case PT_ETH:
        decap_ethernet(w);
        break;
    case PT_NSH:
        decap_nsh(w);
        break;
    default:
        walk_fail(w, "decap() of packet type %#"PRIx32" is not possible",
                  ntohl(w->flow.packet_type));
    }
    return true;
}
