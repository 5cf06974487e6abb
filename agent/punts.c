/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/punts.h"

#include "compile/compile.h"
#include "dp-packet.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/token-bucket.h"
#include "ovs/ofswitch.h"
#include "pipeline.h"
#include "timeval.h"
#include "too-big.h"
#include "util.h"

/* ICMP errors: so many a second, in bursts of so many (RFC 4443, 2.4 f). */
#define ANSWERS_PER_S 200
#define ANSWERS_BURST 100

struct punts {
    struct token_bucket answers;
    uint64_t too_big;               /* Not answered. */
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

/* Returns whether 'packet' could be answered. */
static bool
answer_too_big(struct ofswitch *sw, unsigned int mtu,
               const struct ofswitch_packet *packet)
{
    uint32_t ofport = packet->metadata->regs[pipeline_fields[FIELD_IN].reg];
    struct dp_packet answer;

    dp_packet_init(&answer, 1500);
    bool answered = too_big_answer(packet->data, packet->size, mtu, &answer);
    if (answered) {
        struct ofpbuf actions;
        ofpbuf_init(&actions, 64);
        ofpact_put_OUTPUT(&actions)->port = u16_to_ofp(ofport);
        ofswitch_packet_out(sw, dp_packet_data(&answer),
                            dp_packet_size(&answer), OFPP_CONTROLLER,
                            actions.data, actions.size);
        ofpbuf_uninit(&actions);
    }
    dp_packet_uninit(&answer);
    return answered;
}

void
punts_receive(struct punts *punts, struct ofswitch *sw, unsigned int mtu,
              const struct ofswitch_packet *packet)
{
    if (packet->userdata_len >= 1
        && packet->userdata[0] == COMPILE_PUNT_TOO_BIG
        && !(token_bucket_withdraw(&punts->answers, 1000)
             && answer_too_big(sw, mtu, packet))) {
        punts->too_big++;
    }
}

uint64_t
punts_too_big(const struct punts *punts)
{
    return punts->too_big;
}
