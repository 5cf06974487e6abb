/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "linkstate.h"

#include <stdlib.h>

#include "hash.h"
#include "openvswitch/hmap.h"
#include "util.h"

/* What one end has said. */
struct said {
    uint32_t counter;
    uint32_t weight;
};

struct edge {
    struct hmap_node node;
    uint8_t clouds[2];          /* The lower id first. */
    struct said ends[2];
};

struct linkstate {
    struct hmap edges;
    uint64_t digest;
};

struct linkstate *
linkstate_create(void)
{
    struct linkstate *ls = xzalloc(sizeof *ls);

    hmap_init(&ls->edges);
    return ls;
}

void
linkstate_destroy(struct linkstate *ls)
{
    if (ls) {
        struct edge *edge;

        HMAP_FOR_EACH_POP (edge, node, &ls->edges) {
            free(edge);
        }
        hmap_destroy(&ls->edges);
        free(ls);
    }
}

static uint32_t
pair_number(uint8_t first, uint8_t second)
{
    return (uint32_t) first << 8 | second;
}

static uint32_t
pair_hash(uint8_t a, uint8_t b)
{
    return hash_int(pair_number(MIN(a, b), MAX(a, b)), 0);
}

static struct edge *
find_edge(const struct linkstate *ls, uint8_t a, uint8_t b)
{
    struct edge *edge;

    HMAP_FOR_EACH_WITH_HASH (edge, node, pair_hash(a, b), &ls->edges) {
        if (edge->clouds[0] == MIN(a, b) && edge->clouds[1] == MAX(a, b)) {
            return edge;
        }
    }
    return NULL;
}

static struct edge *
add_edge(struct linkstate *ls, uint8_t a, uint8_t b)
{
    struct edge *edge = xzalloc(sizeof *edge);

    edge->clouds[0] = MIN(a, b);
    edge->clouds[1] = MAX(a, b);
    hmap_insert(&ls->edges, &edge->node, pair_hash(a, b));
    return edge;
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
    struct edge *edge = find_edge(ls, end->at, end->to);
    if (!edge) {
        edge = add_edge(ls, end->at, end->to);
    }
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

static int
compare_edges(const void *a_, const void *b_)
{
    const struct linkstate_edge *a = a_, *b = b_;

    return (int) pair_number(a->a, a->b) - (int) pair_number(b->a, b->b);
}

struct linkstate_edge *
linkstate_edges(const struct linkstate *ls, size_t *n)
{
    struct linkstate_edge *edges = xcalloc(hmap_count(&ls->edges),
                                           sizeof *edges);
    const struct edge *edge;

    *n = 0;
    HMAP_FOR_EACH (edge, node, &ls->edges) {
        edges[(*n)++] = (struct linkstate_edge) {
            .a = edge->clouds[0], .b = edge->clouds[1],
            .level = edge_level(edge),
            .weight = MAX(edge->ends[0].weight, edge->ends[1].weight),
        };
    }
    if (*n) {
        qsort(edges, *n, sizeof *edges, compare_edges);
    }
    return edges;
}

static int
compare_ends(const void *a_, const void *b_)
{
    const struct linkstate_end *a = a_, *b = b_;

    return (int) pair_number(a->at, a->to) - (int) pair_number(b->at, b->to);
}

struct linkstate_end *
linkstate_ends(const struct linkstate *ls, size_t *n)
{
    struct linkstate_end *ends = xcalloc(2 * hmap_count(&ls->edges),
                                         sizeof *ends);
    const struct edge *edge;

    *n = 0;
    HMAP_FOR_EACH (edge, node, &ls->edges) {
        for (size_t i = 0; i < 2; i++) {
            if (edge->ends[i].counter) {
                ends[(*n)++] = (struct linkstate_end) {
                    .at = edge->clouds[i], .to = edge->clouds[!i],
                    .counter = edge->ends[i].counter,
                    .weight = edge->ends[i].weight,
                };
            }
        }
    }
    if (*n) {
        qsort(ends, *n, sizeof *ends, compare_ends);
    }
    return ends;
}
