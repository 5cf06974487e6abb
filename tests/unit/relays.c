/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "gateway/relays.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "made-model.h"
#include "random.h"
#include "util.h"
#include "uuid.h"

/* Which networks a gateway relays, under random puts and removals of any rows
 * and changes of the tree: the same after each step as found anew, and as a
 * naive twin finds. */

#define N_CLOUDS 4
#define STEPS 2000

/* A port's binding counts if its UUID is the lowest. */
static bool
twin_comes_through(const struct model *model, const struct uuid *network,
                   uint8_t cloud, const uint8_t *via)
{
    const struct model_row *row;
    unsigned int edges = 0;
    bool here = false;

    MODEL_FOR_EACH (row, MODEL_PORT, model) {
        const struct vport *port = CONTAINER_OF(row, struct vport, row);
        const struct vswitch *sw = port->vswitch;

        if (port->binding && port->binding->location && sw->row.present
            && uuid_equals(&sw->network->row.uuid, network)) {
            uint8_t at = nethv_location_cloud(port->binding->location);

            here |= at == cloud;
            edges |= via[at] ? 1u << via[at] : 0;
        }
    }
    return model_find(model, MODEL_NETWORK, network)
           && (here || edges & (edges - 1));
}

static bool
contains(const struct uuid *networks, size_t n, const struct uuid *network)
{
    for (size_t i = 0; i < n; i++) {
        if (uuid_equals(&networks[i], network)) {
            return true;
        }
    }
    return false;
}

static void
check(const struct relays *relays, struct model *model, uint8_t cloud,
      const uint8_t *via, unsigned int step)
{
    size_t n;
    struct uuid *networks = relays_networks(relays, &n);

    for (unsigned int i = 0; i < made_n_rows[MODEL_NETWORK]; i++) {
        struct uuid network = { .parts = { 0, 0, 0, i } };

        cr_assert_eq(contains(networks, n, &network),
                     twin_comes_through(model, &network, cloud, via),
                     "network %u at step %u", i, step);
    }
    free(networks);
}

static void
change(struct model *model, uint8_t via[NETHV_CLOUD_FLOOD])
{
    enum model_kind kind = random_range(MODEL_N_KINDS);

    if (!random_range(10)) {
        for (unsigned int cloud = 1; cloud <= N_CLOUDS; cloud++) {
            via[cloud] = random_range(4);
        }
    } else {
        made_row_set(model, kind, random_range(made_n_rows[kind]),
                     random_range(4) ? random_uint64() : 0);
    }
}

/* Removes the bindings to the clouds of made models, and puts others. */
static void
move_bindings(struct model *model)
{
    unsigned int n = random_range(made_n_rows[MODEL_BINDING]);
    struct uuid uuid = { .parts = { 0, 0, 0, n } };
    struct binding_spec spec = {
        .port = { .parts = { 0, 0, 0, random_range(
                                          made_n_rows[MODEL_PORT]) } },
        .location = nethv_location(1 + random_range(N_CLOUDS),
                                   1 + random_range(2), 1 + n),
    };

    model_put_binding(model, &uuid, &spec);
}

Test(relays, same_as_found_anew)
{
    struct model *model = model_create();
    struct relays *relays = relays_create(model);
    uint8_t via[NETHV_CLOUD_FLOOD] = { 0 };

    random_set_seed(1);
    for (unsigned int step = 0; step < STEPS; step++) {
        for (unsigned int i = random_range(3); i; i--) {
            change(model, via);
            move_bindings(model);
        }
        relays_set_tree(relays, 1, via);
        relays_run(relays);
        check(relays, model, 1, via, step);
    }
    relays_destroy(relays);
    model_destroy(model);
}
