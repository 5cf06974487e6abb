/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "ovs/ofmsg.h"

#include "byte-order.h"
#include "openvswitch/match.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-match.h"
#include "openvswitch/ofp-msgs.h"
#include "openvswitch/ofp-packet.h"
#include "openvswitch/ofp-switch.h"
#include "openvswitch/ofpbuf.h"
#include "util.h"

struct ofpbuf *
ofmsg_want_packets(void)
{
    struct ofputil_switch_config config = {
        .frag = OFPUTIL_FRAG_NORMAL,
        .invalid_ttl_to_controller = -1,
        .miss_send_len = UINT16_MAX,
    };

    return ofputil_encode_set_config(&config, OFP15_VERSION);
}

static const struct ofputil_tlv_map geneve_option = {
    .option_class = OFSWITCH_GENEVE_CLASS,
    .option_type = OFSWITCH_GENEVE_TYPE,
    .option_len = OFSWITCH_GENEVE_LEN,
    .index = 0,
};

struct ofpbuf *
ofmsg_map_option(void)
{
    struct ofputil_tlv_table_mod mod = { .command = NXTTMC_ADD };
    struct ofputil_tlv_map map = geneve_option;

    ovs_list_init(&mod.mappings);
    ovs_list_push_back(&mod.mappings, &map.list_node);
    return ofputil_encode_tlv_table_mod(OFP15_VERSION, &mod);
}

static bool
is_geneve_option(const struct ofputil_tlv_map *map)
{
    return (map->option_class == geneve_option.option_class
            && map->option_type == geneve_option.option_type
            && map->option_len == geneve_option.option_len
            && map->index == geneve_option.index);
}

bool
ofmsg_maps_option(const struct ofp_header *oh)
{
    struct ofputil_tlv_table_reply reply;
    const struct ofputil_tlv_map *map;
    bool found = false;

    if (!ofputil_decode_tlv_table_reply(oh, &reply)) {
        LIST_FOR_EACH (map, list_node, &reply.mappings) {
            found |= is_geneve_option(map);
        }
        ofputil_uninit_tlv_table(&reply.mappings);
    }
    return found;
}

struct ofpbuf *
ofmsg_flow_stats_request(uint8_t table)
{
    struct ofputil_flow_stats_request fsr = {
        .out_port = OFPP_ANY,
        .out_group = OFPG_ANY,
        .table_id = table,
    };

    match_init_catchall(&fsr.match);
    return ofputil_encode_flow_stats_request(&fsr, OFPUTIL_P_OF15_OXM);
}

void
ofmsg_packet(const struct ofp_header *oh,
             void (*cb)(void *aux, const struct ofswitch_packet *), void *aux)
{
    struct ofputil_packet_in pin;
    size_t total_len;
    uint32_t buffer_id;

    if (!cb || ofputil_decode_packet_in(oh, true, NULL, NULL, &pin, &total_len,
                                        &buffer_id, NULL)) {
        return;
    }

    struct ofswitch_packet packet = {
        .data = pin.packet,
        .size = pin.packet_len,
        .userdata = pin.userdata,
        .userdata_len = pin.userdata_len,
        .reason = pin.reason,
        .table = pin.table_id,
        .cookie = ntohll(pin.cookie),
        .in_port = pin.flow_metadata.flow.in_port.ofp_port,
        .metadata = &pin.flow_metadata.flow,
    };
    cb(aux, &packet);
}

void
ofmsg_counts(const struct ofp_header *oh,
             void (*cb)(void *aux, const struct ofswitch_counts *), void *aux)
{
    struct ofpbuf msg = ofpbuf_const_initializer(oh, ntohs(oh->length));
    uint64_t stub[1024 / 8];
    struct ofpbuf ofpacts = OFPBUF_STUB_INITIALIZER(stub);
    struct ofputil_flow_stats fs;

    while (!ofputil_decode_flow_stats_reply(&fs, &msg, false, &ofpacts)) {
        struct ofswitch_counts counts = {
            .table = fs.table_id,
            .priority = fs.priority,
            .cookie = ntohll(fs.cookie),
            .n_packets = fs.packet_count,
            .n_bytes = fs.byte_count,
        };
        cb(aux, &counts);
    }
    ofpbuf_uninit(&ofpacts);
}

struct ofpbuf *
ofmsg_packet_out(const void *data, size_t size, ofp_port_t in_port,
                 const struct ofpact *ofpacts, size_t ofpacts_len)
{
    struct ofputil_packet_out po = {
        .packet = data,
        .packet_len = size,
        .buffer_id = UINT32_MAX,
        .ofpacts = CONST_CAST(struct ofpact *, ofpacts),
        .ofpacts_len = ofpacts_len,
    };

    match_init_catchall(&po.flow_metadata);
    match_set_in_port(&po.flow_metadata, in_port);
    return ofputil_encode_packet_out(&po, OFPUTIL_P_OF15_OXM);
}

bool
ofmsg_is_bundle_control(const struct ofpbuf *msg)
{
    enum ofpraw raw;

    return (msg->size >= sizeof(struct ofp_header)
            && !ofpraw_decode_partial(&raw, msg->data, msg->size)
            && raw == OFPRAW_OFPT14_BUNDLE_CONTROL);
}
