/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/punts.h"

#include "compile/compile.h"
#include "dp-packet.h"
#include "model.h"
#include "nethv/wire.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/token-bucket.h"
#include "ovs/ofswitch.h"
#include "port-answer.h"
#include "timeval.h"
#include "too-big.h"
#include "util.h"
#include "whole.h"

/* ICMP errors: so many a second, in bursts of so many (RFC 4443, 2.4 f). */
#define ANSWERS_PER_S 200
#define ANSWERS_BURST 100

struct punts {
    struct token_bucket answers;
    uint64_t too_big;               /* Not answered. */
    uint64_t bad_requests;
};

struct punts *
punts_create(void)
{
    struct punts *punts = xzalloc(sizeof *punts);

    /* A token is a millisecond's worth, hence the factor. */
    token_bucket_init(&punts->answers, ANSWERS_PER_S, ANSWERS_BURST * 1000);
    return punts;
}

void
punts_destroy(struct punts *punts)
{
    free(punts);
}

static uint32_t
get_field(const struct ofswitch_packet *packet, enum pipeline_field_id id)
{
    const struct pipeline_field *f = &pipeline_fields[id];
    uint32_t value = packet->metadata->regs[f->reg] >> f->ofs;
    return f->n_bits == 32 ? value : value & ((UINT32_C(1) << f->n_bits) - 1);
}

/* Returns whether 'packet' could be answered. */
static bool
answer_too_big(struct ofswitch *sw, unsigned int mtu,
               const struct ofswitch_packet *packet)
{
    struct dp_packet answer;

    dp_packet_init(&answer, 1500);
    bool answered = too_big_answer(packet->data, packet->size, mtu, &answer);
    if (answered) {
        ofswitch_output(sw, &answer, get_field(packet, FIELD_IN));
    }
    dp_packet_uninit(&answer);
    return answered;
}

/* Where 'packet' comes from: one that is on its way already says so itself. */
static uint32_t
source_of(const struct ofswitch_packet *packet, uint8_t table,
          uint8_t version)
{
    const struct eth_header *eth = packet->data;

    return (table == STAGE_ENCAP && packet->size >= sizeof *eth
            ? eth_addr_to_uint64(eth->eth_src)
            : nethv_wire_mark(get_field(packet, FIELD_SOURCE), version));
}

static void
send_whole(struct ofswitch *sw, const struct ofswitch_packet *packet,
           uint8_t table, uint8_t version)
{
    struct whole headers = { .version = version,
                             .tag = get_field(packet, FIELD_TAG),
                             .source = source_of(packet, table, version),
                             .key = get_field(packet, FIELD_KEY) };
    struct dp_packet whole;
    struct ofpbuf actions;

    dp_packet_init(&whole, WHOLE_HEADER_LEN + packet->size);
    whole_put(&whole, &headers, packet->data, packet->size);
    ofpbuf_init(&actions, 256);
    compiler_resume_actions(packet->metadata, table, &actions);
    ofswitch_packet_out(sw, dp_packet_data(&whole), dp_packet_size(&whole),
                        OFPP_CONTROLLER, actions.data, actions.size);
    ofpbuf_uninit(&actions);
    dp_packet_uninit(&whole);
}

typedef enum port_answer answer_func(const struct vport *, const void *frame,
                                     size_t size, unsigned int mtu,
                                     struct dp_packet *answer);

/* Answers the request of an endpoint by 'func'.  One that has just gone gets no
 * answer. */
static void
answer_port(struct punts *punts, struct ofswitch *sw,
            const struct model *model, unsigned int mtu,
            const struct ofswitch_packet *packet, answer_func *func)
{
    struct eth_addr mac;
    const struct vport *port = model_port_at(model,
                                             get_field(packet, FIELD_TAG),
                                             get_field(packet, FIELD_SOURCE),
                                             &mac);
    struct dp_packet answer;

    if (!port) {
        return;
    }
    dp_packet_init(&answer, 0);
    switch (func(port, packet->data, packet->size, mtu, &answer)) {
    case PORT_ANSWERED:
        ofswitch_output(sw, &answer, get_field(packet, FIELD_IN));
        break;
    case PORT_ANSWER_BAD:
        punts->bad_requests++;
        break;
    case PORT_ANSWER_NONE:
    default:
        break;
    }
    dp_packet_uninit(&answer);
}

void
punts_receive(struct punts *punts, struct ofswitch *sw,
              const struct model *model, unsigned int mtu,
              const struct ofswitch_packet *packet)
{
    switch (packet->userdata_len ? packet->userdata[0] : 0) {
    case COMPILE_PUNT_TOO_BIG:
        if (!(token_bucket_withdraw(&punts->answers, 1000)
              && answer_too_big(sw, mtu, packet))) {
            punts->too_big++;
        }
        break;
    case COMPILE_PUNT_DHCP:
        answer_port(punts, sw, model, mtu, packet, port_answer_dhcp);
        break;
    case COMPILE_PUNT_SOLICIT:
        answer_port(punts, sw, model, mtu, packet, port_answer_solicit);
        break;
    case COMPILE_PUNT_WHOLE:
        if (packet->userdata_len > 2) {
            send_whole(sw, packet, packet->userdata[1], packet->userdata[2]);
        }
        break;
    default:
        break;
    }
}

uint64_t
punts_dropped(const struct punts *punts, enum drop_reason reason)
{
    return (reason == DROP_TOO_BIG ? punts->too_big
            : reason == DROP_BAD_REQUEST ? punts->bad_requests
            : UINT64_MAX);
}
