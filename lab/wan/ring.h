/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETHV_LAB_RING_H
#define NETHV_LAB_RING_H 1

/* Frames on their way through a WAN.
 *
 * A ring of frames in the order in which they came, each with the time at
 * which it leaves: one direction of a link.  Its memory is reserved once and
 * touched only as far as frames wait in it; it starts again at its beginning
 * whenever it runs empty, so a link with little traffic stays small.
 *
 * One owner, no locks. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frame_ring {
    uint8_t *base;              /* 'size' bytes of reserved memory. */
    size_t size;
    size_t head;                /* Offset of the oldest frame. */
    size_t tail;                /* Offset at which the next frame goes. */
    size_t wrap;                /* End of the frames before a wrap, or 0. */
    size_t n;                   /* Frames inside. */
};

/* A frame inside a ring; it stays valid until it is popped. */
struct frame {
    int64_t departs;            /* In ns, of the clock of the pusher. */
    size_t length;
    uint8_t *data;
};

/* Reserves 'size' bytes for 'ring'.  Returns 0 or a positive errno. */
int frame_ring_init(struct frame_ring *ring, size_t size);
void frame_ring_destroy(struct frame_ring *ring);

/* Copies the 'length' bytes at 'data' to the end of 'ring', to leave at
 * 'departs'.  Returns false, with 'ring' as it was, if they do not fit. */
bool frame_ring_push(struct frame_ring *ring, int64_t departs,
                     const void *data, size_t length);

/* Stores the oldest frame into '*frame'.  Returns false if there is none. */
bool frame_ring_peek(const struct frame_ring *ring, struct frame *frame);

/* Stores up to 'max' of the oldest frames that leave by 'now' into 'frames',
 * without removing them, and returns their number. */
size_t frame_ring_due(const struct frame_ring *ring, int64_t now,
                      struct frame *frames, size_t max);

/* Removes the 'n' oldest frames, of which there must be as many. */
void frame_ring_pop(struct frame_ring *ring, size_t n);

#endif /* lab/wan/ring.h */
