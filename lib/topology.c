/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "topology.h"

#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "util.h"
#include "uuid.h"

#define NONE UINT32_MAX

/* A way from a switch to a neighbour. */
struct edge {
    uint32_t from;
    uint32_t to;                    /* Indexes into 'nodes'. */
    const struct vlink *link;
};

/* A switch in a topology. */
struct node {
    const struct vswitch *vswitch;
    uint32_t first, n;              /* Its edges: 'n' from 'first' on. */
    uint32_t root;                  /* First node of its domain. */
    uint32_t *towards;              /* For each node its edge on the way here,
                                     * NONE if there is none; NULL if not
                                     * computed yet. */
};

struct topology {
    struct node *nodes;             /* In the order of compare_switches(). */
    uint32_t n_nodes;
    struct edge *edges;             /* Of one node together, by neighbour. */
    uint32_t n_edges;
    uint32_t *order;                /* All nodes, breadth first from the first
                                     * of each domain. */
};

/* Building. */

/* Switches without a group come last, in the order of their names. */
static int
compare_switches(const struct vswitch *a, const struct vswitch *b)
{
    if (a->group != b->group) {
        return a->group - 1 < b->group - 1 ? -1 : 1;
    }
    int by_name = strcmp(a->row.name ? a->row.name : "",
                         b->row.name ? b->row.name : "");
    return by_name ? by_name : uuid_compare_3way(&a->row.uuid, &b->row.uuid);
}

static int
compare_nodes(const void *a_, const void *b_)
{
    const struct node *a = a_, *b = b_;

    return compare_switches(a->vswitch, b->vswitch);
}

static uint32_t
node_index(const struct topology *topology, const struct vswitch *vswitch)
{
    struct node key = { .vswitch = vswitch };
    const struct node *node = bsearch(&key, topology->nodes,
                                      topology->n_nodes, sizeof key,
                                      compare_nodes);

    return node && node->vswitch == vswitch ? node - topology->nodes : NONE;
}

static bool
takes_part(const struct vswitch *vswitch, const struct network *network,
           bool without_group)
{
    return vswitch->row.present && vswitch->network == network
           && vswitch->mode == SWITCH_LEARNING
           && (vswitch->group || without_group);
}

static void
build_nodes(struct topology *topology, const struct network *network,
            bool without_group)
{
    const struct vswitch *vswitch;

    topology->nodes = xcalloc(ovs_list_size(&network->switches),
                              sizeof *topology->nodes);
    LIST_FOR_EACH (vswitch, network_node, &network->switches) {
        if (takes_part(vswitch, network, without_group)) {
            topology->nodes[topology->n_nodes++].vswitch = vswitch;
        }
    }
    qsort(topology->nodes, topology->n_nodes, sizeof *topology->nodes,
          compare_nodes);
}

static int
compare_edges(const void *a_, const void *b_)
{
    const struct edge *a = a_, *b = b_;

    return (a->from != b->from ? (a->from < b->from ? -1 : 1)
            : a->to != b->to ? (a->to < b->to ? -1 : 1)
            : uuid_compare_3way(&a->link->row.uuid, &b->link->row.uuid));
}

/* Drops, of the sorted edges, all but the first between the same two, and
 * tells the nodes where theirs are. */
static void
share_out_edges(struct topology *topology)
{
    struct edge *edges = topology->edges;
    uint32_t n = 0;

    for (uint32_t i = 0; i < topology->n_edges; i++) {
        if (n && edges[n - 1].from == edges[i].from
            && edges[n - 1].to == edges[i].to) {
            continue;
        }
        struct node *node = &topology->nodes[edges[i].from];
        if (!node->n++) {
            node->first = n;
        }
        edges[n++] = edges[i];
    }
    topology->n_edges = n;
}

static void
build_edges(struct topology *topology, const struct network *network)
{
    const struct vlink *link;

    topology->edges = xcalloc(2 * ovs_list_size(&network->links),
                              sizeof *topology->edges);
    LIST_FOR_EACH (link, network_node, &network->links) {
        uint32_t a = node_index(topology, link->ends[0].vswitch);
        uint32_t b = node_index(topology, link->ends[1].vswitch);

        if (a != NONE && b != NONE && a != b) {
            topology->edges[topology->n_edges++]
                = (struct edge) { a, b, link };
            topology->edges[topology->n_edges++]
                = (struct edge) { b, a, link };
        }
    }
    qsort(topology->edges, topology->n_edges, sizeof *topology->edges,
          compare_edges);
    share_out_edges(topology);
}

/* Computes nodes[to].towards, breadth first. */
static void
build_towards(struct topology *topology, uint32_t to)
{
    uint32_t *towards = xmalloc(topology->n_nodes * sizeof *towards);
    uint32_t *distance = xmalloc(topology->n_nodes * sizeof *distance);
    uint32_t *queue = xmalloc(topology->n_nodes * sizeof *queue);
    uint32_t head = 0, tail = 0;

    memset(towards, 0xff, topology->n_nodes * sizeof *towards);
    memset(distance, 0xff, topology->n_nodes * sizeof *distance);
    distance[to] = 0;
    queue[tail++] = to;
    while (head < tail) {
        const struct node *node = &topology->nodes[queue[head]];
        uint32_t here = queue[head++];

        for (uint32_t i = node->first; i < node->first + node->n; i++) {
            uint32_t peer = topology->edges[i].to;

            if (distance[peer] == NONE) {
                distance[peer] = distance[here] + 1;
                queue[tail++] = peer;
            } else if (distance[peer] + 1 == distance[here]
                       && towards[here] == NONE) {
                towards[here] = i;
            }
        }
    }
    free(distance);
    free(queue);
    topology->nodes[to].towards = towards;
}

/* Tells the nodes their domains.  Nodes come in the order of groups, so each
 * domain is met by the node that names it. */
static void
build_domains(struct topology *topology)
{
    uint32_t *order = xmalloc(topology->n_nodes * sizeof *order);
    uint32_t head = 0, tail = 0;

    for (uint32_t i = 0; i < topology->n_nodes; i++) {
        topology->nodes[i].root = NONE;
    }
    for (uint32_t root = 0; root < topology->n_nodes; root++) {
        if (topology->nodes[root].root == NONE) {
            topology->nodes[root].root = root;
            order[tail++] = root;
        }
        while (head < tail) {
            const struct node *node = &topology->nodes[order[head++]];

            for (uint32_t i = node->first; i < node->first + node->n; i++) {
                uint32_t peer = topology->edges[i].to;

                if (topology->nodes[peer].root == NONE) {
                    topology->nodes[peer].root = root;
                    order[tail++] = peer;
                }
            }
        }
    }
    topology->order = order;
}

static struct topology *
topology_create(const struct network *network, bool without_group)
{
    struct topology *topology = xzalloc(sizeof *topology);

    build_nodes(topology, network, without_group);
    build_edges(topology, network);
    build_domains(topology);
    return topology;
}

static void
topology_destroy(struct topology *topology)
{
    if (topology) {
        for (uint32_t i = 0; i < topology->n_nodes; i++) {
            free(topology->nodes[i].towards);
        }
        free(topology->nodes);
        free(topology->edges);
        free(topology->order);
        free(topology);
    }
}

/* Asking. */

static struct topology *
topology_of(struct network *network)
{
    if (!network->topology) {
        network->topology = topology_create(network, false);
    }
    return network->topology;
}

void
topology_invalidate(struct network *network)
{
    topology_destroy(network->topology);
    network->topology = NULL;
}

uint32_t
topology_domain(const struct vswitch *vswitch)
{
    if (!vswitch->row.present) {
        return 0;
    }

    struct topology *topology = topology_of(vswitch->network);
    uint32_t index = node_index(topology, vswitch);
    if (index == NONE) {
        return 0;
    }
    return topology->nodes[topology->nodes[index].root].vswitch->group;
}

/* Returns the edge from 'from' towards 'to', or NULL. */
static const struct edge *
edge_towards(struct topology *topology, uint32_t from, uint32_t to)
{
    if (!topology->nodes[to].towards) {
        build_towards(topology, to);
    }

    uint32_t edge = topology->nodes[to].towards[from];
    return edge == NONE ? NULL : &topology->edges[edge];
}

bool
topology_next(const struct vswitch *from, const struct vswitch *to,
              const struct vswitch **next, const struct vlink **link)
{
    if (!from->row.present || !to->row.present
        || from->network != to->network) {
        return false;
    }

    struct topology *topology = topology_of(from->network);
    uint32_t from_index = node_index(topology, from);
    uint32_t to_index = node_index(topology, to);
    if (from_index == NONE || to_index == NONE) {
        return false;
    }

    const struct edge *edge = edge_towards(topology, from_index, to_index);
    if (!edge) {
        return false;
    }
    *next = topology->nodes[edge->to].vswitch;
    *link = edge->link;
    return true;
}

bool
topology_on_tree(const struct vlink *link)
{
    if (!link->row.present) {
        return false;
    }

    struct topology *topology = topology_of(link->network);
    for (size_t i = 0; i < ARRAY_SIZE(link->ends); i++) {
        uint32_t index = node_index(topology, link->ends[i].vswitch);

        if (index != NONE) {
            uint32_t root = topology->nodes[index].root;
            const struct edge *edge = edge_towards(topology, index, root);

            if (edge && edge->link == link) {
                return true;
            }
        }
    }
    return false;
}

/* Returns how far each node is from the first of its domain, in an array that
 * the caller frees. */
static uint32_t *
measure_depths(const struct topology *topology)
{
    uint32_t *depth = xmalloc((topology->n_nodes + 1) * sizeof *depth);

    memset(depth, 0xff, topology->n_nodes * sizeof *depth);
    for (uint32_t k = 0; k < topology->n_nodes; k++) {
        uint32_t here = topology->order[k];
        const struct node *node = &topology->nodes[here];

        if (node->root == here) {
            depth[here] = 0;
        }
        for (uint32_t i = node->first; i < node->first + node->n; i++) {
            uint32_t peer = topology->edges[i].to;

            depth[peer] = MIN(depth[peer], depth[here] + 1);
        }
    }
    return depth;
}

/* Returns the node above 'i' in the spanning tree, NONE if 'i' is the first of
 * its domain: the same that edge_towards() finds, without a table for each
 * domain. */
static uint32_t
node_above(const struct topology *topology, const uint32_t *depth, uint32_t i)
{
    const struct node *node = &topology->nodes[i];

    for (uint32_t e = node->first; e < node->first + node->n; e++) {
        if (depth[topology->edges[e].to] + 1 == depth[i]) {
            return topology->edges[e].to;
        }
    }
    return NONE;
}

/* Returns the number of nodes on the longest path in a spanning tree.  Takes
 * time and memory in proportion to nodes and edges. */
static uint32_t
longest_path(const struct topology *topology)
{
    uint32_t *depth = measure_depths(topology);
    uint32_t *height = xcalloc(topology->n_nodes + 1, sizeof *height);
    uint32_t longest = topology->n_nodes ? 1 : 0;

    /* Backwards, all below a node comes before it. */
    for (uint32_t k = topology->n_nodes; k-- > 0; ) {
        uint32_t i = topology->order[k];
        uint32_t up = node_above(topology, depth, i);

        if (up != NONE) {
            uint32_t branch = height[i] + 1;

            longest = MAX(longest, height[up] + branch + 1);
            height[up] = MAX(height[up], branch);
        }
    }
    free(depth);
    free(height);
    return longest;
}

unsigned int
topology_longest(const struct network *network)
{
    struct topology *topology = topology_create(network, true);
    unsigned int longest = longest_path(topology);

    topology_destroy(topology);
    return longest;
}
