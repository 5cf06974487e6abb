/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lab/wan/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "packets.h"
#include "socket-util.h"
#include "svec.h"
#include "util.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

#define BATCH 64                        /* Frames a system call. */
#define FRAME_MAX 9216                  /* Bytes, jumbo included. */
#define RING_SIZE (64u << 20)           /* 0.5 s at 1 Gbit/s. */
#define SOCKET_BUFFER (8 << 20)

static int
packet_socket(const char *interface, int *fdp)
{
    struct sockaddr_ll address = { .sll_family = AF_PACKET,
                                   .sll_protocol = htons(ETH_P_ALL) };
    int on = 1, size = SOCKET_BUFFER, fd, error;

    address.sll_ifindex = if_nametoindex(interface);
    if (!address.sll_ifindex) {
        return errno;
    }
    fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return errno;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
    if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on)
        || setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof on)
        || bind(fd, (struct sockaddr *) &address, sizeof address)) {
        error = errno;
        close(fd);
        return error;
    }
    *fdp = fd;
    return 0;
}

static char *
end_open(struct link_end *end, const char *spec)
{
    const char *colon = strchr(spec, ':');
    int error;

    if (!colon || colon == spec || !colon[1]) {
        return xasprintf("%s: an end of a link is NAME:INTERFACE", spec);
    }
    end->name = xmemdup0(spec, colon - spec);
    end->interface = xstrdup(colon + 1);
    error = packet_socket(end->interface, &end->fd);
    if (!error) {
        error = frame_ring_init(&end->way.ring, RING_SIZE);
    }
    return error ? xasprintf("%s: cannot open this interface: %s",
                             end->interface, ovs_strerror(error)) : NULL;
}

static char *
link_configure(struct link *link, const struct svec *words)
{
    char *error = NULL;

    for (size_t i = 0; i < words->n && !error; i++) {
        if (i < 2) {
            error = end_open(&link->ends[i], words->names[i]);
        } else {
            error = shape_parse(&link->ends[0].way.shape, words->names[i]);
        }
    }
    link->ends[1].way.shape = link->ends[0].way.shape;
    if (!error && words->n < 2) {
        error = xstrdup("a link needs two ends: NAME:INTERFACE,"
                        "NAME:INTERFACE[,KEY=VALUE...]");
    }
    return error;
}

char *
link_open(const char *spec, struct link **linkp)
{
    struct link *link = xzalloc(sizeof *link);
    struct svec words = SVEC_EMPTY_INITIALIZER;
    char *error;

    for (int i = 0; i < 2; i++) {
        link->ends[i].fd = -1;
        link->ends[i].way.shape = (struct shape) SHAPE_DEFAULT;
    }
    link->random = UINT64_C(0x9e3779b97f4a7c15);
    for (const char *p = spec; *p; ) {
        size_t n = strcspn(p, ",");

        svec_add_nocopy(&words, xmemdup0(p, n));
        p += n + (p[n] == ',');
    }
    error = link_configure(link, &words);
    svec_destroy(&words);
    if (error) {
        link_close(link);
        return error;
    }
    *linkp = link;
    return NULL;
}

void
link_close(struct link *link)
{
    if (!link) {
        return;
    }
    for (int i = 0; i < 2; i++) {
        struct link_end *end = &link->ends[i];

        if (end->fd >= 0) {
            close(end->fd);
        }
        frame_ring_destroy(&end->way.ring);
        free(end->name);
        free(end->interface);
    }
    free(link);
}

/* Returns a random number in [0, 1): xorshift64*, Vigna 2016. */
static double
link_random(struct link *link)
{
    uint64_t x = link->random;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    link->random = x;
    return (double) ((x * UINT64_C(0x2545f4914f6cdd1d)) >> 11) / (1ull << 53);
}

static void
link_admit(struct link *link, struct way *way, int64_t now,
           const void *data, size_t length)
{
    int64_t departs = shape_admit(&way->shape, &way->free_at, now, length,
                                  link_random(link));

    if (departs < 0 || !frame_ring_push(&way->ring, departs, data, length)) {
        way->lost++;
    }
}

/* Room for what a batch receives. */
struct inbox {
    struct mmsghdr messages[BATCH];
    struct iovec iovs[BATCH];
    union {
        struct cmsghdr header;
        uint8_t bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
    } control[BATCH];
    uint8_t buffers[BATCH][VLAN_HEADER_LEN + FRAME_MAX];
};

static void
inbox_init(struct inbox *inbox)
{
    memset(inbox->messages, 0, sizeof inbox->messages);
    for (int i = 0; i < BATCH; i++) {
        struct msghdr *message = &inbox->messages[i].msg_hdr;

        inbox->iovs[i].iov_base = inbox->buffers[i] + VLAN_HEADER_LEN;
        inbox->iovs[i].iov_len = FRAME_MAX;
        message->msg_iov = &inbox->iovs[i];
        message->msg_iovlen = 1;
        message->msg_control = &inbox->control[i];
        message->msg_controllen = sizeof inbox->control[i];
    }
}

/* The kernel takes the outer VLAN tag out of a frame and tells it aside.  Puts
 * that of 'message' back into the frame at 'data', which has room before it,
 * and returns where the frame then begins. */
static uint8_t *
restore_vlan(struct msghdr *message, uint8_t *data)
{
    struct cmsghdr *c = CMSG_FIRSTHDR(message);
    struct tpacket_auxdata aux;
    ovs_be16 tag[2];

    if (!c || c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA) {
        return data;
    }
    memcpy(&aux, CMSG_DATA(c), sizeof aux);
    if (!(aux.tp_status & TP_STATUS_VLAN_VALID)) {
        return data;
    }
    tag[0] = htons(aux.tp_status & TP_STATUS_VLAN_TPID_VALID
                   ? aux.tp_vlan_tpid : ETH_TYPE_VLAN_8021Q);
    tag[1] = htons(aux.tp_vlan_tci);
    memmove(data - VLAN_HEADER_LEN, data, 2 * ETH_ADDR_LEN);
    memcpy(data - VLAN_HEADER_LEN + 2 * ETH_ADDR_LEN, tag, sizeof tag);
    return data - VLAN_HEADER_LEN;
}

void
link_receive(struct link *link, int end, int64_t now)
{
    struct inbox inbox;
    int n;

    inbox_init(&inbox);
    n = recvmmsg(link->ends[end].fd, inbox.messages, BATCH, 0, NULL);
    for (int i = 0; i < n; i++) {
        uint8_t *data = inbox.buffers[i] + VLAN_HEADER_LEN;
        uint8_t *frame = restore_vlan(&inbox.messages[i].msg_hdr, data);

        link_admit(link, &link->ends[end].way, now, frame,
                   inbox.messages[i].msg_len + (data - frame));
    }
}

/* Gives 'n' frames to 'fd'; returns how many it took. */
static int
send_frames(int fd, const struct frame *frames, size_t n)
{
    struct mmsghdr messages[BATCH];
    struct iovec iovs[BATCH];

    memset(messages, 0, sizeof messages);
    for (size_t i = 0; i < n; i++) {
        iovs[i] = (struct iovec) { frames[i].data, frames[i].length };
        messages[i].msg_hdr.msg_iov = &iovs[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    return sendmmsg(fd, messages, n, 0);
}

static int64_t
way_send(struct way *way, int fd, int64_t now)
{
    struct frame frames[BATCH];
    size_t n;

    while ((n = frame_ring_due(&way->ring, now, frames, BATCH)) > 0) {
        int done = send_frames(fd, frames, n);

        if (done <= 0) {
            /* The first frame cannot be sent: too long, interface down. */
            way->lost++;
            done = 1;
        } else {
            way->sent += done;
            for (int i = 0; i < done; i++) {
                way->bytes += frames[i].length;
            }
        }
        frame_ring_pop(&way->ring, done);
    }
    return frame_ring_peek(&way->ring, &frames[0]) ? frames[0].departs
                                                   : INT64_MAX;
}

int64_t
link_send(struct link *link, int64_t now)
{
    int64_t a = way_send(&link->ends[0].way, link->ends[1].fd, now);
    int64_t b = way_send(&link->ends[1].way, link->ends[0].fd, now);

    return MIN(a, b);
}

static void
way_format(const struct link_end *from, const struct link_end *to,
           struct ds *ds)
{
    const struct way *way = &from->way;

    ds_put_format(ds, "{\"from\": \"%s\", \"to\": \"%s\", "
                  "\"delay_ms\": %.3f, \"rate\": %"PRIu64", \"loss\": %g, "
                  "\"cut\": %s, \"frames\": %"PRIu64", \"bytes\": %"PRIu64", "
                  "\"lost\": %"PRIu64", \"waiting\": %"PRIuSIZE"}",
                  from->name, to->name, way->shape.delay / 1e6,
                  way->shape.rate, way->shape.loss,
                  way->shape.cut ? "true" : "false", way->sent, way->bytes,
                  way->lost, way->ring.n);
}

void
link_format(const struct link *link, struct ds *ds)
{
    way_format(&link->ends[0], &link->ends[1], ds);
    ds_put_cstr(ds, ",\n ");
    way_format(&link->ends[1], &link->ends[0], ds);
}
