/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GAUGE_H
#define GAUGE_H 1

/* Measures the bandwidth of the path from one gateway to another, in one
 * direction, by trains of packets.
 *
 * A train is
 *
 *     fillers, mark, fillers, mark, ... fillers, mark
 *
 * sent at once.  The narrowest part of the path draws it apart, so the bytes
 * after the first mark, divided by the time between the arrival of the first
 * and of the last, are what the path lets through (Dovrolis, Ramanathan and
 * Moore, "Packet-Dispersion Techniques and a Capacity-Estimation Methodology",
 * IEEE/ACM Transactions on Networking 12(6), 2004).  Long trains tend to what
 * is left of it beside other traffic.  The receiver tells the time, and how
 * many marks came: of the fillers it is taken that the same part did.  Those
 * before the first mark wake whoever sleeps on the way.
 *
 * The first trains are short, and each is twice as long as that before, until
 * one takes GAUGE_USEC or is as long as may be.  The median of GAUGE_SAMPLES
 * trains of that length counts; if one of them takes less than half of that,
 * the one before was only held up, and they grow on.  A train that has lost its
 * last mark, or a quarter of them, was too long for some queue on the way,
 * where others lose frames then: if it happens twice trains become shorter.
 * After each comes a pause of three times its length, so that three quarters
 * of the bandwidth remain for others; and there is an end after
 * GAUGE_TRAINS_MAX trains.
 *
 * What a bucket of tokens on the way lets pass at once is not seen through: a
 * path that is limited in the long run only may seem to be wider than it is.
 *
 * Pure: the time is given.  Times are in milliseconds of any clock that does
 * not go back, unless it says microseconds.  Not thread-safe. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct control_mark;
struct control_mark_reply;

#define GAUGE_LENGTH_MAX 4096       /* Fillers after a train's first mark. */
#define GAUGE_LENGTH_MIN 4
#define GAUGE_MARKS_MAX 9
#define GAUGE_USEC 30000            /* A train should take as long, */
#define GAUGE_TIMEOUT_MSEC 1500     /* and is lost after that. */
#define GAUGE_SAMPLES 5
#define GAUGE_TRAINS_MAX 40

/* Sending. */

enum gauge_state {
    GAUGE_RUNNING,
    GAUGE_DONE,                     /* There is a result. */
    GAUGE_VAIN,                     /* No train came back whole. */
};

struct gauge {
    enum gauge_state state;
    uint32_t train;                 /* The last sent. */
    bool under_way;                 /* It is not answered yet. */
    long long int sent;             /* When, */
    long long int next;             /* and when the next one may be. */
    unsigned int length;            /* Fillers after its first mark. */
    bool bounded;                   /* Longer ones were lost. */
    unsigned int misses;            /* In a row, of this length. */
    unsigned int n_trains;
    double samples[GAUGE_SAMPLES];  /* Mbit/s. */
    size_t n_samples;
};

/* Begins to measure; trains are numbered from 'first' on, which should not be
 * what it was the last time. */
void gauge_begin(struct gauge *, uint32_t first);

/* Returns true if a train of 'gauge->length' is to be sent now, with the number
 * 'gauge->train'.  While the state is GAUGE_RUNNING it is to be called again by
 * gauge_deadline(). */
bool gauge_run(struct gauge *, long long int now);
long long int gauge_deadline(const struct gauge *);

/* Takes the answer to a train. */
void gauge_take(struct gauge *, const struct control_mark_reply *,
                long long int now);

/* Returns the bandwidth, in Mbit/s of frames without what a tunnel puts around
 * them.  The state is GAUGE_DONE. */
double gauge_mbps(const struct gauge *);

/* Return how many marks there are in a train of 'length', and fillers before
 * each of them, and how many bytes these and one mark have. */
unsigned int gauge_marks(unsigned int length);
unsigned int gauge_fillers(unsigned int length);
uint64_t gauge_bytes(unsigned int length);

/* Receiving. */

/* The train that is coming from one gateway; all zero at first. */
struct gauge_arrivals {
    uint32_t train;
    uint32_t n_marks;
    long long int first_usec;       /* When the first mark came. */
};

/* Takes in that 'mark' has come at 'usec' microseconds.  Returns true if it was
 * the last of its train and '*reply' is to be answered. */
bool gauge_arrive(struct gauge_arrivals *, const struct control_mark *mark,
                  long long int usec, struct control_mark_reply *reply);

#endif /* gauge.h */
