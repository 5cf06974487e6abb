/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovs/ofstamps.h"

#include <stdlib.h>

#include "openvswitch/ofp-msgs.h"
#include "openvswitch/ofp-util.h"
#include "openvswitch/ofpbuf.h"
#include "util.h"

struct barrier {
    struct ovs_list node;           /* In ofstamps->barriers. */
    ovs_be32 xid;
    uint64_t stamp;
};

void
ofstamps_init(struct ofstamps *stamps)
{
    stamps->last = stamps->confirmed = 0;
    ovs_list_init(&stamps->barriers);
}

void
ofstamps_forget(struct ofstamps *stamps)
{
    struct barrier *b;

    LIST_FOR_EACH_POP (b, node, &stamps->barriers) {
        free(b);
    }
}

struct ofpbuf *
ofstamps_barrier(struct ofstamps *stamps)
{
    struct ofpbuf *msg = ofputil_encode_barrier_request(OFP15_VERSION);
    const struct ofp_header *oh = msg->data;
    struct barrier *b = xmalloc(sizeof *b);

    b->xid = oh->xid;
    b->stamp = stamps->last;
    ovs_list_push_back(&stamps->barriers, &b->node);
    return msg;
}

void
ofstamps_empty(struct ofstamps *stamps)
{
    if (ovs_list_is_empty(&stamps->barriers)) {
        stamps->confirmed = stamps->last;
    } else {
        struct barrier *b = CONTAINER_OF(ovs_list_back(&stamps->barriers),
                                         struct barrier, node);
        b->stamp = stamps->last;
    }
}

void
ofstamps_answer(struct ofstamps *stamps, ovs_be32 xid)
{
    struct barrier *b;

    LIST_FOR_EACH (b, node, &stamps->barriers) {
        if (b->xid == xid) {
            stamps->confirmed = b->stamp;
            ovs_list_remove(&b->node);
            free(b);
            return;
        }
    }
}

bool
ofstamps_pending(const struct ofstamps *stamps)
{
    return !ovs_list_is_empty(&stamps->barriers);
}
