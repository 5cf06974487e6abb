/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lab/wan/ring.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "util.h"

/* What stands before each frame's bytes. */
struct record {
    int64_t departs;
    uint64_t length;
};

#define RECORD_ALIGN 16

static size_t
record_size(size_t length)
{
    return ROUND_UP(sizeof(struct record) + length, RECORD_ALIGN);
}

int
frame_ring_init(struct frame_ring *ring, size_t size)
{
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (base == MAP_FAILED) {
        return errno;
    }
    *ring = (struct frame_ring) { .base = base, .size = size };
    return 0;
}

void
frame_ring_destroy(struct frame_ring *ring)
{
    if (ring->base) {
        munmap(ring->base, ring->size);
        ring->base = NULL;
    }
}

/* Finds room for 'size' bytes at the tail, wrapping if need be. */
static bool
frame_ring_reserve(struct frame_ring *ring, size_t size)
{
    if (!ring->n) {
        ring->head = ring->tail = ring->wrap = 0;
    }
    if (ring->wrap) {
        return ring->head - ring->tail >= size;
    }
    if (ring->size - ring->tail >= size) {
        return true;
    }
    if (ring->n && ring->head >= size) {
        ring->wrap = ring->tail;
        ring->tail = 0;
        return true;
    }
    return false;
}

bool
frame_ring_push(struct frame_ring *ring, int64_t departs, const void *data,
                size_t length)
{
    struct record *record;
    size_t size = record_size(length);

    if (!frame_ring_reserve(ring, size)) {
        return false;
    }
    record = ALIGNED_CAST(struct record *, ring->base + ring->tail);
    record->departs = departs;
    record->length = length;
    memcpy(record + 1, data, length);
    ring->tail += size;
    ring->n++;
    return true;
}

/* Stores the frame at 'offset' into '*frame' and returns the next offset. */
static size_t
frame_ring_read(const struct frame_ring *ring, size_t offset,
                struct frame *frame)
{
    struct record *record = ALIGNED_CAST(struct record *,
                                         ring->base + offset);

    frame->departs = record->departs;
    frame->length = record->length;
    frame->data = (uint8_t *) (record + 1);
    offset += record_size(record->length);
    return ring->wrap && offset == ring->wrap ? 0 : offset;
}

bool
frame_ring_peek(const struct frame_ring *ring, struct frame *frame)
{
    if (!ring->n) {
        return false;
    }
    frame_ring_read(ring, ring->head, frame);
    return true;
}

size_t
frame_ring_due(const struct frame_ring *ring, int64_t now,
               struct frame *frames, size_t max)
{
    size_t offset = ring->head;
    size_t n;

    for (n = 0; n < MIN(max, ring->n); n++) {
        offset = frame_ring_read(ring, offset, &frames[n]);
        if (frames[n].departs > now) {
            break;
        }
    }
    return n;
}

void
frame_ring_pop(struct frame_ring *ring, size_t n)
{
    struct frame frame;

    ovs_assert(n <= ring->n);
    for (; n; n--) {
        size_t next = frame_ring_read(ring, ring->head, &frame);

        if (next < ring->head) {
            ring->wrap = 0;
        }
        ring->head = next;
        ring->n--;
    }
}
