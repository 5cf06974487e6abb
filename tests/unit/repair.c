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
set_up(struct world *world)
{
    memset(world, 0, sizeof *world);
    world->now = 1000;
    for (uint8_t cloud = 1; cloud <= 5; cloud++) {
        world->repairs[cloud] = repair_create(cloud, world->now);
        repair_set_plans(world->repairs[cloud], &plan, NULL, world->now);
        for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
            const struct tree_edge *edge = &edges[i].edge;
            uint8_t peer = (edge->a == cloud ? edge->b
                            : edge->b == cloud ? edge->a : 0);
            repair_set_end(world->repairs[cloud], peer, REPAIR_END_UP,
                           world->now);
        }
    }
    run(world, 10000);
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
