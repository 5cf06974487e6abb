/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "ovs/channel.h"

#include <stdlib.h>
#include <string.h>

#include "compile/compile.h"
#include "control-ledger.h"
#include "hash.h"
#include "model.h"
#include "openvswitch/hmap.h"
#include "openvswitch/json.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/vlog.h"
#include "ovs/ofswitch.h"
#include "ovs/pki.h"
#include "ovs/signature.h"
#include "ovs/text-file.h"
#include "timeval.h"
#include "util.h"
#include "versions.h"

VLOG_DEFINE_THIS_MODULE(channel);

BUILD_ASSERT_DECL(SIGNATURE_LEN == CONTROL_SIGNATURE_LEN);

#define KEY_RETRY_MSEC 5000

/* The public key of a host, ready for use. */
struct known_key {
    struct hmap_node node;          /* In channel->keys by 'location'. */
    uint32_t location;
    char *hex;
    struct signature_key *key;      /* NULL if 'hex' is none. */
    bool trusted;                   /* While the model does not know it. */
};

struct channel {
    uint32_t self;
    char *key_file;
    struct signature_key *key;      /* NULL until it could be read. */
    long long int key_retry;        /* time_msec() */
    uint64_t counter;               /* Of the last frame sent. */
    struct control_ledger *ledger;
    struct hmap keys;               /* struct known_key. */
    uint64_t counts[CONTROL_N_VERDICTS];
};

struct channel *
channel_create(uint32_t self, const char *key_file)
{
    struct channel *ch = xmalloc(sizeof *ch);

    *ch = (struct channel) {
        .self = self,
        .key_file = xstrdup(key_file),
        .counter = time_wall_usec(),
        .ledger = control_ledger_create(),
    };
    hmap_init(&ch->keys);
    return ch;
}

static void
known_key_destroy(struct known_key *known)
{
    signature_key_destroy(known->key);
    free(known->hex);
    free(known);
}

void
channel_destroy(struct channel *ch)
{
    struct known_key *known;

    if (!ch) {
        return;
    }
    HMAP_FOR_EACH_POP (known, node, &ch->keys) {
        known_key_destroy(known);
    }
    hmap_destroy(&ch->keys);
    control_ledger_destroy(ch->ledger);
    signature_key_destroy(ch->key);
    free(ch->key_file);
    free(ch);
}

/* Sending. */

static const struct signature_key *
own_key(struct channel *ch)
{
    char *pem;

    if (ch->key || time_msec() < ch->key_retry) {
        return ch->key;
    }
    char *error = text_file_read(ch->key_file, &pem);
    if (!error) {
        ch->key = signature_key_private(pem);
        error = ch->key ? NULL : xasprintf("%s holds no EC P-256 key",
                                           ch->key_file);
        pki_wipe(pem);
    }
    if (error) {
        VLOG_WARN("no control frame can be signed: %s", error);
        free(error);
        ch->key_retry = time_msec() + KEY_RETRY_MSEC;
    }
    return ch->key;
}

size_t
channel_write(struct channel *ch, uint32_t to, enum control_kind kind,
              const void *body, size_t len,
              uint8_t buffer[CONTROL_FRAME_MAX])
{
    const struct signature_key *key = own_key(ch);
    const struct control_frame frame = {
        .to = to,
        .from = ch->self,
        .version = control_ledger_version(ch->ledger, to, time_msec()),
        .newest = versions.control.newest,
        .kind = kind,
        .counter = ++ch->counter,
        .body = body,
        .body_len = len,
    };
    size_t n = control_frame_put(&frame, buffer);

    return (key && signature_make(key, buffer, n, buffer + n)
            ? n + SIGNATURE_LEN : 0);
}

uint64_t
channel_send(struct channel *ch, struct ofswitch *sw, uint32_t to,
             enum control_kind kind, const void *body, size_t len)
{
    uint8_t buffer[CONTROL_FRAME_MAX];
    size_t n = channel_write(ch, to, kind, body, len, buffer);

    if (!n) {
        return 0;
    }
    struct ofpbuf actions;
    ofpbuf_init(&actions, 64);
    compiler_control_actions(to, &actions);
    int error = ofswitch_packet_out(sw, buffer, n, OFPP_CONTROLLER,
                                    actions.data, actions.size);
    ofpbuf_uninit(&actions);
    return error ? 0 : ch->counter;
}

/* Receiving. */

static struct known_key *
find_key(struct channel *ch, uint32_t location)
{
    struct known_key *known;

    HMAP_FOR_EACH_WITH_HASH (known, node, hash_int(location, 0), &ch->keys) {
        if (known->location == location) {
            return known;
        }
    }
    return NULL;
}

static struct known_key *
add_key(struct channel *ch, uint32_t location, const char *hex)
{
    struct known_key *known = xmalloc(sizeof *known);

    *known = (struct known_key) {
        .location = location,
        .hex = xstrdup(hex),
        .key = signature_key_public(hex),
    };
    hmap_insert(&ch->keys, &known->node, hash_int(location, 0));
    return known;
}

static void
forget_key(struct channel *ch, struct known_key *known)
{
    control_ledger_forget(ch->ledger, known->location);
    hmap_remove(&ch->keys, &known->node);
    known_key_destroy(known);
}

void
channel_trust(struct channel *ch, uint32_t location, const char *hex)
{
    if (!find_key(ch, location)) {
        add_key(ch, location, hex)->trusted = true;
    }
}

void
channel_distrust(struct channel *ch)
{
    struct known_key *known;

    HMAP_FOR_EACH (known, node, &ch->keys) {
        known->trusted = false;
    }
}

/* Returns the key of the host at 'location' as 'model' knows it, or if that does
 * not know the host, as trusted; NULL if there is none. */
static const struct signature_key *
host_key(struct channel *ch, const struct model *model, uint32_t location)
{
    const struct host *host = model_host_at(model, location);
    const char *hex = (host && host->row.present && host->public_key
                       ? host->public_key : "");
    struct known_key *known = find_key(ch, location);

    if (known && ((!hex[0] && known->trusted) || !strcmp(known->hex, hex))) {
        return known->key;
    }
    if (known) {
        forget_key(ch, known);
    }
    return hex[0] ? add_key(ch, location, hex)->key : NULL;
}

static enum control_verdict
judge(struct channel *ch, const struct model *model, const void *data,
      size_t size, struct control_frame *frame)
{
    const void *is_signed;
    size_t signed_len;

    enum control_verdict verdict = control_frame_parse(data, size, frame,
                                                       &is_signed,
                                                       &signed_len);
    if (verdict != CONTROL_IS_GOOD) {
        return verdict;
    }
    if (frame->from == ch->self || (frame->to && frame->to != ch->self)) {
        return CONTROL_IS_MALFORMED;
    }
    const struct signature_key *key = host_key(ch, model, frame->from);
    if (!key) {
        return CONTROL_IS_STRANGER;
    }
    if (!signature_is_good(key, is_signed, signed_len,
                           (const uint8_t *) is_signed + signed_len)) {
        return CONTROL_IS_FORGED;
    }
    return (control_ledger_enter(ch->ledger, frame, time_msec())
            ? CONTROL_IS_GOOD : CONTROL_IS_REPLAYED);
}

bool
channel_read(struct channel *ch, const struct model *model, const void *data,
             size_t size, struct control_frame *frame)
{
    enum control_verdict verdict = judge(ch, model, data, size, frame);

    ch->counts[verdict]++;
    if (verdict != CONTROL_IS_GOOD) {
        static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);
        VLOG_WARN_RL(&rl, "a control frame is dropped: %s",
                     control_verdict_name(verdict));
    }
    return verdict == CONTROL_IS_GOOD;
}

bool
channel_receive(struct channel *ch, const struct model *model,
                const struct ofswitch_packet *packet,
                struct control_frame *frame)
{
    return channel_read(ch, model, packet->data, packet->size, frame);
}

uint64_t
channel_count(const struct channel *ch, enum control_verdict verdict)
{
    return ch->counts[verdict];
}

struct json *
channel_to_json(const struct channel *ch)
{
    struct json *json = json_object_create();

    for (enum control_verdict i = 0; i < CONTROL_N_VERDICTS; i++) {
        json_object_put(json, control_verdict_name(i),
                        json_integer_create(ch->counts[i]));
    }
    return json;
}
