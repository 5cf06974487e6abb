/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/partners.h"
#include "handover.h"
#include "model.h"
#include "packets.h"
#include "util.h"
#include "uuid.h"

/* Clouds with two gateways, of which one stands by, in schedules of that kind:
 * which one hosts use, which one takes itself for the active one, what the
 * database says of it, and to which one other clouds' tunnels lead.  The last
 * is production code, gateway/partners.
 *
 * The second gateway is active while it has not heard the first one for some
 * seconds.  The first one always takes itself for active, as long as its agent
 * lives.  Hosts use the first one if they hear it.  So both may be active, and
 * hosts use the wrong one, for as long as it pleases. */

/* Three hellos unanswered, or answered. */
#define TURN_MIN (3 * SEC)
#define TURN_MAX (4500 * MSEC)

/* agent/standby.h: hosts take nothing from other clouds for so long. */
#define HOLD (500 * MSEC)

static int
second_of(const struct sim *sim, uint8_t cloud)
{
    return sim->clouds[cloud].second;
}

int
standby_uses(const struct sim *sim, uint8_t cloud)
{
    return sim->clouds[cloud].uses;
}

bool
standby_takes(const struct sim *sim, int node)
{
    const struct sim_cloud *cloud = &sim->clouds[sim->nodes[node].cloud];

    return cloud->uses == node && sim->now >= cloud->hold;
}

/* What the gateways know of each other. */

static struct uuid
make_uuid(uint8_t cloud, int host)
{
    return (struct uuid) { .parts = { cloud, host, 1, 1 } };
}

static struct in6_addr
make_ip(int node)
{
    return in6_addr_mapped_ipv4(htonl(0x0a000000 + node));
}

static void
put_host(struct model *model, const struct sim *sim, int i)
{
    const struct node *node = &sim->nodes[i];
    struct uuid uuid = make_uuid(node->cloud, node->host);
    char name[16];

    snprintf(name, sizeof name, "h%d", i);
    struct host_spec spec = {
        .name = name, .cloud = make_uuid(node->cloud, 0), .id = node->host,
        .gateway = true, .public_ip = make_ip(i),
    };
    model_put_host(model, &uuid, &spec);
}

static struct model *
make_model(const struct sim *sim)
{
    struct model *model = model_create();

    for (int cloud = 1; cloud <= sim->n_clouds; cloud++) {
        struct uuid uuid = make_uuid(cloud, 0);
        char name[16];

        snprintf(name, sizeof name, "c%d", cloud);
        struct cloud_spec spec = { .name = name, .id = cloud };
        model_put_cloud(model, &uuid, &spec);
    }
    for (int i = 0; i < sim->n_nodes; i++) {
        put_host(model, sim, i);
    }
    return model;
}

/* A process has ended, and forgets. */
void
standby_forget(struct sim *sim, int i)
{
    struct node *node = &sim->nodes[i];

    if (node->partners) {
        partners_destroy(node->partners);
        node->partners = partners_create();
    }
}

void
standby_destroy(struct sim *sim)
{
    for (int i = 0; i < sim->n_nodes; i++) {
        partners_destroy(sim->nodes[i].partners);
        model_destroy(sim->nodes[i].model);
    }
}

/* Which gateway is active, and used. */

static bool
is_heard(const struct sim *sim, uint8_t cloud)
{
    const struct node *first = &sim->nodes[cloud - 1];

    return first->host_up && !first->agent_dead;
}

bool
standby_is_active(const struct sim *sim, int i)
{
    const struct node *node = &sim->nodes[i];

    return node->host == 1 || sim->clouds[node->cloud].second_active;
}

static void say(struct sim *sim, const struct event *event);

static void
say_soon(struct sim *sim, int node)
{
    struct event event = { .run = say, .node = node };

    if (!sim->nodes[node].saying) {
        sim->nodes[node].saying = true;
        sim_at(sim, sim->now + sim_between(sim, 10 * MSEC, SEC), event);
    }
}

/* A gateway says in the database whether hosts use it, when it can. */
static void
say(struct sim *sim, const struct event *event)
{
    struct node *node = &sim->nodes[event->node];
    struct sim_cloud *cloud = &sim->clouds[node->cloud];
    bool serves = cloud->uses == event->node;

    node->saying = false;
    if (serves == (node->serves > 0)) {
        return;
    }
    if (!node->host_up || node->agent_dead || !sim->db.up
        || !node->connected) {
        say_soon(sim, event->node);
        return;
    }
    node->serves = serves ? ++cloud->claims : 0;
    sim_log(sim, "%d.%d %s", node->cloud, node->host,
            serves ? "serves" : "does not serve");
    db_written(sim);
}

static void
turn_hosts(struct sim *sim, uint8_t id)
{
    struct sim_cloud *cloud = &sim->clouds[id];
    int wanted = (is_heard(sim, id) && !cloud->hosts_deaf ? id - 1
                  : cloud->second);
    int old = cloud->uses;

    if (wanted != old) {
        sim_log(sim, "hosts of %d turn to %d.%d", id, id,
                sim->nodes[wanted].host);
        cloud->uses = wanted;
        cloud->hold = sim->now + HOLD;
        say_soon(sim, old);
        say_soon(sim, wanted);
    }
}

static void
turn_second(struct sim *sim, uint8_t id)
{
    struct sim_cloud *cloud = &sim->clouds[id];
    bool active = !is_heard(sim, id) || cloud->second_deaf;

    if (active != cloud->second_active) {
        cloud->second_active = active;
        sim_log(sim, "%d.2 %s", id, active ? "is active" : "stands by");
        if (active) {
            node_start_process(sim, cloud->second);
        } else {
            node_stand_by(sim, cloud->second);
        }
    }
}

static void
judge_hosts(struct sim *sim, const struct event *event)
{
    turn_hosts(sim, event->node);
}

static void
judge_second(struct sim *sim, const struct event *event)
{
    turn_second(sim, event->node);
}

/* Gives some clouds a second gateway. */
void
standby_create(struct sim *sim)
{
    int offset = sim_range(sim, sim->n_clouds);

    for (int second = sim->n_clouds; second < sim->n_nodes; second++) {
        uint8_t cloud = 1 + (offset + second) % sim->n_clouds;

        sim->nodes[second].cloud = cloud;
        sim->nodes[second].host = 2;
        sim->clouds[cloud].second = second;
    }
    for (int i = 0; i < sim->n_nodes; i++) {
        sim->nodes[i].model = make_model(sim);
        sim->nodes[i].partners = partners_create();
        say_soon(sim, i);
    }
}

/* Returns NULL if the first gateway of each cloud serves it, and others know,
 * else why not. */
const char *
standby_settled(const struct sim *sim)
{
    for (int i = 0; i < sim->n_nodes && sim->kind == KIND_STANDBY; i++) {
        const struct sim_cloud *cloud = &sim->clouds[sim->nodes[i].cloud];

        if (cloud->second_active || cloud->uses >= sim->n_clouds) {
            return "a second gateway is in use";
        }
        for (int peer = 1; peer <= sim->n_clouds; peer++) {
            if (i < sim->n_clouds && sim->nodes[i].now.tunnels[peer]
                && sim->nodes[i].now.to[peer] != peer - 1) {
                return "a tunnel leads to a second gateway";
            }
        }
    }
    return NULL;
}

/* Something has changed about who hears whom in 'cloud'. */
void
standby_check(struct sim *sim, uint8_t cloud)
{
    struct event hosts = { .run = judge_hosts, .node = cloud };
    struct event second = { .run = judge_second, .node = cloud };

    if (second_of(sim, cloud) >= 0) {
        sim_at(sim, sim->now + sim_between(sim, TURN_MIN, TURN_MAX), hosts);
        sim_at(sim, sim->now + sim_between(sim, TURN_MIN, TURN_MAX), second);
    }
}

/* To which gateways tunnels lead. */

static void
hear(struct sim *sim, struct node *node)
{
    uint32_t serving[NETHV_CLOUD_FLOOD] = { 0 };
    int64_t best[NETHV_CLOUD_FLOOD] = { 0 };

    for (int i = 0; i < sim->n_nodes; i++) {
        const struct node *other = &sim->nodes[i];
        if (other->serves > best[other->cloud]) {
            best[other->cloud] = other->serves;
            serving[other->cloud] = nethv_location(other->cloud, other->host,
                                                   0);
        }
    }
    partners_hear(node->partners, serving);
}

/* Node 'i' has read the database. */
void
standby_read(struct sim *sim, int i)
{
    if (sim->nodes[i].partners) {
        hear(sim, &sim->nodes[i]);
    }
}

static void
make_handover(const struct sim *sim, const struct node *node,
              struct handover *handover)
{
    memset(handover, 0, sizeof *handover);
    for (int cloud = 1; cloud <= sim->n_clouds; cloud++) {
        if (node->given.tunnels[cloud]) {
            handover->edges[handover->n_edges++] = (struct handover_edge) {
                .cloud = cloud, .remote_ip = make_ip(node->given.to[cloud]),
            };
        }
    }
}

static int
partner_of(const struct sim *sim, const struct node *node, uint8_t cloud)
{
    const struct host *host
        = cloud_gateway(model_cloud_by_id(node->model, cloud));

    return host->id == 1 ? cloud - 1 : second_of(sim, cloud);
}

/* Stores in 'tunnels' and 'to' which of the tunnels that are 'wanted' there may
 * be at node 'i', and to which nodes. */
void
standby_tunnels(struct sim *sim, int i, const bool *wanted, bool *tunnels,
                uint8_t *to)
{
    const struct node *node = &sim->nodes[i];

    for (int cloud = 1; cloud <= sim->n_clouds; cloud++) {
        tunnels[cloud] = wanted[cloud];
        to[cloud] = cloud - 1;
        if (node->partners && cloud != node->cloud) {
            tunnels[cloud] &= !partners_rests(node->partners, cloud);
            to[cloud] = partner_of(sim, node, cloud);
        }
    }
}

/* Runs what chooses partners at node 'i'.  Returns when that is due again. */
int64_t
standby_run(struct sim *sim, int i)
{
    struct node *node = &sim->nodes[i];
    struct handover *handover;

    if (!node->partners) {
        return NEVER;
    }
    handover = xmalloc(sizeof *handover);
    make_handover(sim, node, handover);
    partners_run(node->partners, node->model, node->cloud, node->ends,
                 handover, node->confirmed == node->handed,
                 sim->now / MSEC);
    free(handover);
    long long int deadline = partners_deadline(node->partners);
    return deadline > NEVER / MSEC ? NEVER : deadline * MSEC;
}

/* What may go wrong. */

static void
fault_agent_dies(struct sim *sim, struct sim_cloud *cloud OVS_UNUSED, int i)
{
    if (sim->nodes[i].agent_dead) {
        node_start_agent(sim, i);
    } else {
        node_stop_agent(sim, i);
    }
}

static void
fault_hosts_deaf(struct sim *sim OVS_UNUSED, struct sim_cloud *cloud,
                 int i OVS_UNUSED)
{
    cloud->hosts_deaf = !cloud->hosts_deaf;
}

static void
fault_second_deaf(struct sim *sim OVS_UNUSED, struct sim_cloud *cloud,
                  int i OVS_UNUSED)
{
    cloud->second_deaf = !cloud->second_deaf;
}

static void
fault_host_dies(struct sim *sim, struct sim_cloud *cloud OVS_UNUSED, int i)
{
    if (sim->nodes[i].host_up) {
        node_stop_host(sim, i);
    } else {
        node_start_host(sim, i);
    }
}

/* One of them, in a cloud with two gateways. */
void
standby_fault(struct sim *sim)
{
    static void (*const faults[])(struct sim *, struct sim_cloud *, int) = {
        fault_agent_dies, fault_agent_dies, fault_hosts_deaf,
        fault_second_deaf, fault_host_dies, fault_host_dies,
    };
    int second = sim_between(sim, sim->n_clouds, sim->n_nodes - 1);
    uint8_t id = sim->nodes[second].cloud;
    int i = sim_chance(sim, 0.7) ? id - 1 : second;

    faults[sim_range(sim, ARRAY_SIZE(faults))](sim, &sim->clouds[id], i);
    standby_check(sim, id);
}

/* All is well again. */
void
standby_mend(struct sim *sim)
{
    for (int i = 0; i < sim->n_nodes; i++) {
        struct sim_cloud *cloud = &sim->clouds[sim->nodes[i].cloud];

        node_start_agent(sim, i);
        cloud->hosts_deaf = cloud->second_deaf = false;
    }
    for (int cloud = 1; cloud <= sim->n_clouds; cloud++) {
        standby_check(sim, cloud);
    }
}
