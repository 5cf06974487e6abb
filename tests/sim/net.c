/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "sim.h"

#include "util.h"

/* Paths between gateways, and what BFD finds out about tunnels over them. */

/* Returns the node that the tunnel from 'node' to 'cloud' leads to. */
int
net_peer(const struct sim *sim, int node, uint8_t cloud)
{
    return (sim->kind == KIND_STANDBY ? sim->nodes[node].now.to[cloud]
            : sim->peer[node][cloud]);
}

/* Returns whether a frame that leaves 'from' now would come to a tunnel port
 * of 'to'. */
bool
net_has_tunnel(const struct sim *sim, int from, int to)
{
    const struct node *a = &sim->nodes[from], *b = &sim->nodes[to];

    return (a->host_up && b->host_up && net_peer(sim, from, b->cloud) == to
            && net_peer(sim, to, a->cloud) == from
            && a->now.tunnels[b->cloud] && b->now.tunnels[a->cloud]);
}

/* Returns when what leaves 'from' now arrives at 'to': NEVER if it is lost. */
int64_t
net_arrival(struct sim *sim, int from, int to)
{
    const struct path *path = &sim->paths[from][to];

    if (path->cut || sim_chance(sim, path->loss)) {
        return NEVER;
    }
    return sim->now + path->delay + sim_range(sim, path->jitter + 1);
}

static bool
works(const struct sim *sim, int a, int b)
{
    return (net_has_tunnel(sim, a, b) && !sim->paths[a][b].cut
            && !sim->paths[b][a].cut);
}

/* BFD at 'node' has found out by now how the tunnel to 'other' is. */
static void
look(struct sim *sim, const struct event *event)
{
    int a = event->node, b = event->other;
    struct path *path = &sim->paths[a][b];
    bool up = works(sim, a, b);

    path->checking = false;
    if (path->up != up) {
        path->up = up;
        node_tell(sim, a, b);
    }
}

/* When 'a' finds out that the tunnel to 'b' has failed: by itself, or told by
 * 'b' if only the other direction is cut. */
static int64_t
detection(struct sim *sim, int a, int b)
{
    int64_t time = sim_between(sim, sim->detect, sim->detect * 3 / 2);

    if (!sim->paths[b][a].cut && sim->paths[a][b].cut
        && sim->nodes[b].host_up) {
        time += sim->paths[b][a].delay;
    }
    return time;
}

/* Probes from 'a' have found out by now whether 'b' answers. */
static void
probed(struct sim *sim, const struct event *event)
{
    int a = event->node, b = event->other;
    struct node *node = &sim->nodes[a];

    sim->paths[a][b].probing = false;
    if (node->repair && net_peer(sim, a, sim->nodes[b].cloud) == b) {
        repair_set_reachable(node->repair, sim->nodes[b].cloud,
                             sim->nodes[b].host_up && !sim->paths[a][b].cut
                             && !sim->paths[b][a].cut, sim->now / MSEC);
        node_poll(sim, a);
    }
}

void
net_probe(struct sim *sim, int a, int b)
{
    struct event event = { .run = probed, .node = a, .other = b };

    if (a != b && !sim->paths[a][b].probing) {
        sim->paths[a][b].probing = true;
        sim_at(sim, sim->now + sim_between(sim, SEC / 2, 3 * SEC), event);
    }
}

static void
check_end(struct sim *sim, int a, int b)
{
    struct path *path = &sim->paths[a][b];
    bool up = works(sim, a, b);
    struct event event = { .run = look, .node = a, .other = b };

    if (path->up != up && !path->checking && sim->nodes[a].host_up) {
        path->checking = true;
        sim_at(sim, sim->now + (up ? 2 * path->delay + sim_between(
                                        sim, 200 * MSEC, 600 * MSEC)
                                : detection(sim, a, b)), event);
    }
}

/* Something has changed about the tunnel between 'a' and 'b'. */
void
net_check(struct sim *sim, int a, int b)
{
    check_end(sim, a, b);
    check_end(sim, b, a);
    net_probe(sim, a, b);
    net_probe(sim, b, a);
}

void
net_check_node(struct sim *sim, int node)
{
    for (int other = 0; other < sim->n_nodes; other++) {
        if (other != node) {
            net_check(sim, node, other);
        }
    }
}

void
net_cut(struct sim *sim, int from, int to, bool cut)
{
    if (sim->paths[from][to].cut != cut) {
        sim->paths[from][to].cut = cut;
        sim_log(sim, "path %d -> %d %s", sim->nodes[from].cloud,
                sim->nodes[to].cloud, cut ? "cut" : "mended");
        net_check(sim, from, to);
    }
}

/* Clouds are points in a square: delays by distance, some of them detours. */
void
net_create(struct sim *sim)
{
    double x[SIM_MAX], y[SIM_MAX];
    int64_t side = (sim->n_clouds > 12 ? 15 : 50) * MSEC;

    for (int i = 0; i < sim->n_nodes; i++) {
        x[i] = sim_range(sim, side);
        y[i] = sim_range(sim, side);
    }
    for (int i = 0; i < sim->n_nodes; i++) {
        for (int j = 0; j < i; j++) {
            int64_t dx = x[i] - x[j], dy = y[i] - y[j];
            int64_t delay = 500 + (dx < 0 ? -dx : dx) + (dy < 0 ? -dy : dy);

            delay += sim_chance(sim, 0.2) ? delay / 2 : 0;
            sim->paths[i][j].delay = sim->paths[j][i].delay = delay;
            sim->paths[i][j].told_down = sim->paths[j][i].told_down = NEVER;
            sim->paths[i][j].jitter = sim->paths[j][i].jitter = delay / 20;
            sim->weights[i][j] = sim->weights[j][i] = 2 * delay / 1000.0;
        }
    }
}
