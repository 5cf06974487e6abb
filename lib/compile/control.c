/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "compile/internal.h"
#include "control-frame.h"
#include "nethv/wire.h"
#include "packets.h"

/* Control frames: those of nethv itself, with tag 0. */

void
compiler_control_actions(uint32_t to, struct ofpbuf *actions)
{
    struct emit e = { .rules = NULL };

    ofpbuf_init(&e.actions, 64);
    act_load(&e, FIELD_KEY, to);
    act_resubmit(&e, STAGE_REACH);
    ofpbuf_put(actions, e.actions.data, e.actions.size);
    ofpbuf_uninit(&e.actions);
}

/* Tag 0 is nethv's own.  Where a tunnel has no room for a key, control frames
 * come whole and the agent takes them out. */
void
emit_control(const struct compiler *c, struct emit *e)
{
    static const uint16_t types[] = { CONTROL_ETH_TYPE, ETH_TYPE_NSH };

    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        emit_begin(e, STAGE_LANDED, 300);
        match_field(e, FIELD_TAG, 0);
        match_field_masked(e, FIELD_KEY, c->self, NETHV_LOCATION_MASK);
        match_set_dl_type(&e->match, htons(types[i]));
        act_text(e, "meter:%u,controller(userdata=%02x,max_len=%u)",
                 CONTROL_METER, COMPILE_PUNT_CONTROL,
                 CONTROL_FRAME_MAX + CONTROL_WHOLE_LEN);
        emit_end(e);

        /* In mode tree one host reaches another through the gateway. */
        if (compiler_is_gateway(c) && c->fabric.mode == CLOUD_TREE) {
            emit_begin(e, STAGE_LANDED, 290);
            match_field(e, FIELD_TAG, 0);
            match_field(e, FIELD_WAN, 0);
            match_field_masked(e, FIELD_KEY, nethv_location(c->cloud, 0, 0),
                               NETHV_CLOUD_MASK);
            match_set_dl_type(&e->match, htons(types[i]));
            act_resubmit(e, STAGE_REACH);
            emit_end(e);
        }
    }
    emit_begin(e, STAGE_LANDED, 280);
    match_field(e, FIELD_TAG, 0);
    act_drop(e, DROP_CONTROL);
    emit_end(e);

    /* From nobody that is known. */
    emit_begin(e, STAGE_ACCEPT, 10);
    match_field(e, FIELD_TAG, 0);
    act_drop(e, DROP_CONTROL);
    emit_end(e);
}
