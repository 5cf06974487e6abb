/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "repair.h"

#include <criterion/criterion.h>
#include <string.h>

#include "util.h"

/* Five clouds: 2 is joined with 1, 3 and 4, and 4 with 5; edges stand by for
 * whatever of them fails.  The repair of cloud 1 is told of everything by
 * messages of a second one, of another cloud, that it has a tunnel to. */

#define EDGE(A, B, WEIGHT, ROLE) { { A, B, WEIGHT, false }, REPAIR_##ROLE }

static const struct repair_edge edges[] = {
    EDGE(1, 2, 10, TREE), EDGE(2, 3, 10, TREE), EDGE(2, 4, 10, TREE),
    EDGE(4, 5, 10, TREE), EDGE(1, 3, 20, STANDBY), EDGE(1, 4, 20, STANDBY),
    EDGE(2, 5, 30, STANDBY), EDGE(3, 4, 40, STANDBY),
};
static const struct repair_plan plan = { 8, edges, ARRAY_SIZE(edges) };

struct world {
    struct repair *repairs[6];
    bool dead[6];
    long long int now;
};

static void
run(struct world *world, long long int msec)
{
    long long int end = world->now + msec;
    struct repair_message message;

    for (; world->now < end; world->now++) {
        for (uint8_t from = 1; from <= 5; from++) {
            struct repair *repair = world->repairs[from];

            repair_run(repair, world->now);
            repair_installed(repair, repair_outcome(repair)->seqno,
                             world->now);
            while (repair_pop(repair, &message)) {
                if (!world->dead[from] && !world->dead[message.to]) {
                    cr_assert_null(repair_receive(
                        world->repairs[message.to], from, message.data,
                        message.n, world->now));
                }
            }
        }
    }
}

static void
come_up(struct world *world, const struct tree_edge *edge)
{
    repair_set_end(world->repairs[edge->a], edge->b, REPAIR_END_UP,
                   world->now);
    repair_set_end(world->repairs[edge->b], edge->a, REPAIR_END_UP,
                   world->now);
}

static void
set_plans(struct world *world, const struct repair_plan *current,
          const struct repair_plan *next)
{
    for (uint8_t cloud = 1; cloud <= 5; cloud++) {
        repair_set_plans(world->repairs[cloud], current, next, world->now);
    }
}

static void
set_up_by(struct world *world, const struct repair_plan *first)
{
    memset(world, 0, sizeof *world);
    world->now = 1000;
    for (uint8_t cloud = 1; cloud <= 5; cloud++) {
        world->repairs[cloud] = repair_create(cloud, world->now);
    }
    set_plans(world, first, NULL);
    for (size_t i = 0; i < first->n; i++) {
        come_up(world, &first->edges[i].edge);
    }
    run(world, 10000);
}

static void
set_up(struct world *world)
{
    set_up_by(world, &plan);
}

static void
tear_down(struct world *world)
{
    for (uint8_t cloud = 1; cloud <= 5; cloud++) {
        repair_destroy(world->repairs[cloud]);
    }
}

static const uint8_t *
stamped(const struct world *world, uint8_t cloud)
{
    const struct repair_outcome *outcome
        = repair_outcome(world->repairs[cloud]);

    return outcome->slots[outcome->stamp].via;
}

Test(repair, whole_plan_is_gone_by)
{
    struct world world;

    set_up(&world);
    for (uint8_t cloud = 1; cloud <= 5; cloud++) {
        cr_assert_eq(repair_outcome(world.repairs[cloud])->number, 16);
    }
    cr_assert_eq(stamped(&world, 1)[5], 2);
    tear_down(&world);
}

Test(repair, dead_cloud_is_passed_by_with_the_first_word)
{
    struct world world;

    set_up(&world);
    world.dead[2] = true;
    repair_set_end(world.repairs[1], 2, REPAIR_END_DOWN, world.now);
    run(&world, 10);
    for (uint8_t cloud = 1; cloud <= 5; cloud++) {
        for (uint8_t to = 1; to <= 5 && cloud != 2; to++) {
            cr_assert(to == 2 || to == cloud || stamped(&world, cloud)[to]);
            cr_assert(to == 2 || stamped(&world, cloud)[to] != 2);
        }
    }
    tear_down(&world);
}

/* Both ends pass each other by, and then go the shorter way of the two. */
Test(repair, cut_edge_is_passed_by)
{
    struct world world;

    set_up(&world);
    repair_set_end(world.repairs[2], 4, REPAIR_END_DOWN, world.now);
    repair_set_end(world.repairs[4], 2, REPAIR_END_DOWN, world.now);
    run(&world, 5000);
    const struct repair_outcome *first = repair_outcome(world.repairs[1]);
    for (uint8_t cloud = 1; cloud <= 5; cloud++) {
        const struct repair_outcome *outcome
            = repair_outcome(world.repairs[cloud]);
        cr_assert_eq(outcome->number, first->number);
        cr_assert_eq(outcome->stamp, first->stamp);
    }
    cr_assert_neq(stamped(&world, 2)[4], 4);
    cr_assert_neq(stamped(&world, 2)[4], 0);
    cr_assert_eq(stamped(&world, 1)[2], 2);
    tear_down(&world);
}

/* It tells that it lives, and the frames of all go by one tree again. */
Test(repair, cloud_that_lives_answers_a_neighbours_word)
{
    struct world world;

    set_up(&world);
    repair_set_end(world.repairs[4], 5, REPAIR_END_DOWN, world.now);
    run(&world, 5000);
    for (uint8_t cloud = 1; cloud <= 5; cloud++) {
        cr_assert_eq(repair_outcome(world.repairs[cloud])->number,
                     repair_outcome(world.repairs[1])->number);
    }
    cr_assert_eq(stamped(&world, 4)[5], 2);
    cr_assert_eq(stamped(&world, 1)[5], 2);
    cr_assert_eq(stamped(&world, 1)[4], 2);
    tear_down(&world);
}

/* Cloud 5 joins.  Its tunnels come up one after another, the better one last:
 * it gets no way before the plan that has it, and keeps that. */
Test(repair, cloud_that_joins_waits_for_its_plan)
{
    static const struct repair_edge before[] = {
        EDGE(1, 2, 10, TREE), EDGE(2, 3, 10, TREE), EDGE(2, 4, 10, TREE),
        EDGE(1, 3, 20, STANDBY), EDGE(1, 4, 20, STANDBY),
        EDGE(3, 4, 40, STANDBY),
    };
    static const struct repair_plan first = { 7, before, ARRAY_SIZE(before) };
    struct world world;

    set_up_by(&world, &first);
    set_plans(&world, &first, &plan);
    come_up(&world, &edges[6].edge);
    run(&world, 3000);
    for (uint8_t cloud = 1; cloud <= 5; cloud++) {
        const struct repair_outcome *outcome
            = repair_outcome(world.repairs[cloud]);
        cr_assert_eq(outcome->number, 14);
        cr_assert_eq(outcome->prepared, 0);
        cr_assert(outcome->connected[5]);
        cr_assert_eq(stamped(&world, cloud)[cloud == 5 ? 2 : 5], 0);
    }

    come_up(&world, &edges[3].edge);
    run(&world, 3000);
    for (uint8_t cloud = 1; cloud <= 5; cloud++) {
        cr_assert_eq(repair_outcome(world.repairs[cloud])->prepared, 8);
    }

    set_plans(&world, &plan, NULL);
    for (int i = 0; i < 50; i++) {
        run(&world, 100);
        cr_assert_eq(stamped(&world, 1)[5], 2);
        cr_assert_eq(stamped(&world, 2)[5], 4);
        cr_assert_eq(stamped(&world, 1)[3], 2);
    }
    tear_down(&world);
}

/* But not for ever, if that has an edge that does not come up. */
Test(repair, plan_does_not_wait_for_an_edge_for_ever)
{
    static const struct repair_plan first = { 7, edges, 3 };
    struct world world;

    set_up_by(&world, &first);
    set_plans(&world, &first, &plan);
    run(&world, 5000);
    cr_assert_eq(repair_outcome(world.repairs[1])->prepared, 0);
    run(&world, 6000);
    cr_assert_eq(repair_outcome(world.repairs[1])->prepared, 8);
    tear_down(&world);
}
