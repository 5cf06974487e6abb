/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "linkstate.h"

#include <stdlib.h>

#include "util.h"

/* What one end has said. */
struct said {
    uint32_t counter;
    uint32_t weight;
};

struct edge {
    struct said ends[2];        /* At the lower id first. */
};

/* The edge between clouds a < b is rows[a][b]: a table, as the tree's every
 * computation looks at all edges.  Rows are made when they are needed. */
struct linkstate {
    struct edge *rows[NETHV_CLOUD_FLOOD];
    unsigned int greatest;      /* The greatest id there is. */
    uint64_t digest;
};

struct linkstate *
linkstate_create(void)
{
    return xzalloc(sizeof(struct linkstate));
}

void
linkstate_destroy(struct linkstate *ls)
{
    if (ls) {
        for (size_t a = 0; a < NETHV_CLOUD_FLOOD; a++) {
            free(ls->rows[a]);
        }
        free(ls);
    }
}

static const struct edge *
find_edge(const struct linkstate *ls, uint8_t a, uint8_t b)
{
    const struct edge *row = ls->rows[MIN(a, b)];

    return row && MAX(a, b) < NETHV_CLOUD_FLOOD ? &row[MAX(a, b)] : NULL;
}

static struct edge *
get_edge(struct linkstate *ls, uint8_t a, uint8_t b)
{
    struct edge **row = &ls->rows[MIN(a, b)];

    if (!*row) {
        *row = xcalloc(NETHV_CLOUD_FLOOD, sizeof **row);
    }
    ls->greatest = MAX(ls->greatest, MAX(a, b));
    return &(*row)[MAX(a, b)];
}

static bool
is_known(const struct edge *edge)
{
    return edge->ends[0].counter || edge->ends[1].counter;
}

uint32_t
linkstate_level_of(uint32_t x, uint32_t y)
{
    uint32_t greater = MAX(x, y);

    return (greater & 1) && x != y ? greater - 1 : greater;
}

static uint32_t
edge_level(const struct edge *edge)
{
    return linkstate_level_of(edge->ends[0].counter, edge->ends[1].counter);
}

/* Steele, Lea and Flood, "Fast splittable pseudorandom number generators": the
 * finalizer. */
static uint64_t
mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* What an end adds to the digest, so that the order does not matter. */
static uint64_t
end_digest(uint8_t at, uint8_t to, const struct said *said)
{
    uint64_t who = (uint64_t) at << 56 | (uint64_t) to << 48;

    return said->counter ? mix(mix(who | said->counter) + said->weight) : 0;
}

static bool
end_is_possible(const struct linkstate_end *end)
{
    return end->at && end->at <= NETHV_CLOUD_MAX
           && end->to && end->to <= NETHV_CLOUD_MAX && end->at != end->to
           && end->counter && end->counter <= LINKSTATE_COUNTER_MAX;
}

static bool
is_news(const struct said *said, const struct linkstate_end *end)
{
    return (end->counter > said->counter
            || (end->counter == said->counter && end->weight > said->weight));
}

bool
linkstate_merge(struct linkstate *ls, const struct linkstate_end *end)
{
    if (!end_is_possible(end)) {
        return false;
    }
    struct edge *edge = get_edge(ls, end->at, end->to);
    struct said *said = &edge->ends[end->at > end->to];
    if (!is_news(said, end)) {
        return false;
    }
    ls->digest -= end_digest(end->at, end->to, said);
    said->counter = end->counter;
    said->weight = end->weight;
    ls->digest += end_digest(end->at, end->to, said);
    return true;
}

struct linkstate_end
linkstate_end(const struct linkstate *ls, uint8_t at, uint8_t to)
{
    const struct edge *edge = find_edge(ls, at, to);
    struct linkstate_end end = { .at = at, .to = to };

    if (edge) {
        end.counter = edge->ends[at > to].counter;
        end.weight = edge->ends[at > to].weight;
    }
    return end;
}

uint32_t
linkstate_level(const struct linkstate *ls, uint8_t a, uint8_t b)
{
    const struct edge *edge = find_edge(ls, a, b);

    return edge ? edge_level(edge) : 0;
}

uint64_t
linkstate_digest(const struct linkstate *ls)
{
    return ls->digest;
}

/* Returns how many edges there could be between the clouds there are, or
 * more. */
static size_t
count_pairs(const struct linkstate *ls)
{
    size_t n = 0;

    for (size_t a = 0; a <= ls->greatest; a++) {
        n += ls->rows[a] ? ls->greatest - a : 0;
    }
    return n;
}

struct linkstate_edge *
linkstate_edges(const struct linkstate *ls, size_t *n)
{
    struct linkstate_edge *edges = xcalloc(MAX(count_pairs(ls), 1),
                                           sizeof *edges);

    *n = 0;
    for (unsigned int a = 1; a < ls->greatest; a++) {
        for (unsigned int b = a + 1; ls->rows[a] && b <= ls->greatest; b++) {
            const struct edge *edge = &ls->rows[a][b];
            if (is_known(edge)) {
                edges[(*n)++] = (struct linkstate_edge) {
                    .a = a, .b = b, .level = edge_level(edge),
                    .weight = MAX(edge->ends[0].weight, edge->ends[1].weight),
                };
            }
        }
    }
    return edges;
}

struct linkstate_end *
linkstate_ends(const struct linkstate *ls, size_t *n)
{
    struct linkstate_end *ends = xcalloc(MAX(2 * count_pairs(ls), 1),
                                         sizeof *ends);

    *n = 0;
    for (unsigned int at = 1; at <= ls->greatest; at++) {
        for (unsigned int to = 1; to <= ls->greatest; to++) {
            struct linkstate_end end = linkstate_end(ls, at, to);
            if (end.counter) {
                ends[(*n)++] = end;
            }
        }
    }
    return ends;
}
