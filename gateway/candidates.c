/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/candidates.h"

#include <math.h>
#include <stdlib.h>

#include "model.h"
#include "nethv/wire.h"
#include "tree.h"
#include "util.h"

/* Returns the ids of the clouds that have gateways, ascending, '*n' of them. */
static uint8_t *
collect_clouds(const struct model *model, size_t *n)
{
    uint8_t *ids = xmalloc(NETHV_CLOUD_MAX);

    *n = 0;
    for (int id = 1; id <= NETHV_CLOUD_MAX; id++) {
        const struct cloud *cloud = model_cloud_by_id(model, id);
        if (cloud && cloud->row.present && cloud_gateway(cloud)) {
            ids[(*n)++] = id;
        }
    }
    return ids;
}

void
candidates_collect(const struct model *model, struct tree_edge **edgesp,
                   size_t *np)
{
    struct tree_edge *measured;
    size_t n_measured, n_clouds, n = 0, m = 0;
    uint8_t *clouds = collect_clouds(model, &n_clouds);
    struct tree_edge *edges = xcalloc(n_clouds * n_clouds + 1, sizeof *edges);

    tree_candidates(model, &measured, &n_measured);
    for (size_t i = 0; i < n_clouds; i++) {
        for (size_t j = i + 1; j < n_clouds; j++) {
            uint8_t a = clouds[i], b = clouds[j];
            while (m < n_measured && (measured[m].a < a
                                      || (measured[m].a == a
                                          && measured[m].b < b))) {
                m++;
            }
            if (m < n_measured && measured[m].a == a && measured[m].b == b) {
                edges[n++] = measured[m];
            } else {
                edges[n].a = a;
                edges[n].b = b;
                edges[n++].weight = INFINITY;
            }
        }
    }
    free(measured);
    free(clouds);
    *edgesp = edges;
    *np = n;
}
