/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HANDOVER_H
#define HANDOVER_H 1

/* What a gateway process tells the agent of its own host: the edges to other
 * clouds and the trees over them.
 *
 * The agent is the one writer of the integration bridge; on a gateway's host
 * the gateway process hands this over on the agent's local socket, as the one
 * parameter of the JSON-RPC request "handover":
 *
 *     {"edges": [{"cloud": 2, "encap": "gre", "remote_ip": "198.51.100.2"}],
 *      "trees": [{"number": 1, "via": {"2": 2, "3": 2}}],
 *      "stamp": 1,
 *      "networks": ["7d6e56da-b834-4c7d-9a3c-274cbf143cfa"]}
 *
 * 'via' says for each cloud in the tree by which neighbouring cloud it is
 * reached.  There is at most one tree for each value of the key's tree bits,
 * the lowest of its number; 'stamp' are those that frames of this cloud get, by
 * default the first tree's.  'networks' are those whose floods this gateway
 * relays: they have endpoints in its cloud, or on both sides of it; if they are
 * not said, they are those that were said last.  Other members are left alone:
 * for a while the two programs may be of different versions.
 *
 * Pure. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db-home.h"
#include "model.h"
#include "nethv/wire.h"

struct json;

struct handover_edge {
    uint8_t cloud;
    enum encap encap;
    struct in6_addr remote_ip;
};

/* 'number' 0: there is no such tree.  'via[cloud]' 0: it does not lead
 * there. */
struct handover_tree {
    uint32_t number;
    uint8_t via[NETHV_CLOUD_FLOOD];
};

#define HANDOVER_TREES (NETHV_TREE_MASK + 1)

/* 'trees' are by their bits. */
struct handover {
    struct handover_edge edges[NETHV_CLOUD_MAX];
    size_t n_edges;
    struct handover_tree trees[HANDOVER_TREES];
    uint8_t stamp;
    struct uuid *networks;          /* Sorted. */
    size_t n_networks;
    bool no_networks;               /* They are not said. */
};

/* Frees what '*handover' points to. */
void handover_uninit(struct handover *);

/* Compares all but the networks. */
bool handover_same_ways(const struct handover *, const struct handover *);

bool handover_equal(const struct handover *, const struct handover *);

/* Gives '*handover' the networks of '*from', which loses them, if it does not
 * say any. */
void handover_keep_networks(struct handover *handover, struct handover *from);

/* Returns 'handover' as JSON. */
struct json *handover_to_json(const struct handover *);

/* Reads 'json' into '*handover', which the caller uninits.  Returns NULL, or a
 * malloc'd sentence and leaves '*handover' alone. */
char *handover_from_json(const struct json *json, struct handover *handover);

/* Frames and trains may be lost.  Neither end sends any while the other has not
 * read that many bytes: it may have been stopped. */
#define HANDOVER_BACKLOG_MAX (256 * 1024)

/* A control frame that travels between the two, as the parameters
 * [cloud, "hex digits"] of the notification "frame". */
#define HANDOVER_FRAME_MAX 1500

struct json *handover_frame_to_json(uint8_t cloud, const void *data, size_t n);

/* Reads 'json' into the other arguments, of which 'data' has room for
 * HANDOVER_FRAME_MAX bytes.  Returns false if it is no such frame. */
bool handover_frame_from_json(const struct json *json, uint8_t *cloud,
                              void *data, size_t *n);

/* Where the database is, as the parameters [epoch, location] of the notification
 * "home". */
struct json *handover_home_to_json(const struct db_home *);

/* Reads 'json' into '*home'.  Returns false if it is no such thing. */
bool handover_home_from_json(const struct json *json, struct db_home *home);

/* A train (gauge.h) to be sent to the gateway of 'cloud': before each mark, a
 * control frame, so many fillers.  As the parameters [cloud, fillers, "hex
 * digits of a mark", ...] of the notification "train". */
#define HANDOVER_FILLERS_MAX 1024
#define HANDOVER_MARKS_MAX 16
#define HANDOVER_MARK_LEN_MAX 256

struct handover_train {
    uint8_t cloud;
    unsigned int n_fillers;
    size_t n_marks;
    struct handover_mark {
        uint8_t data[HANDOVER_MARK_LEN_MAX];
        size_t n;
    } marks[HANDOVER_MARKS_MAX];
};

struct json *handover_train_to_json(const struct handover_train *);

/* Reads 'json' into '*train'.  Returns false if it is no train. */
bool handover_train_from_json(const struct json *json,
                              struct handover_train *train);

#endif /* handover.h */
