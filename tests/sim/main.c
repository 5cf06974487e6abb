/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util.h"

int
main(int argc OVS_UNUSED, char *argv[] OVS_UNUSED)
{
    const char *seed = getenv("NETHV_SIM_SEED");
    const char *kind = getenv("NETHV_SIM_KIND");
    const char *bug = getenv("NETHV_SIM_BUG");
    const char *ns = getenv("NETHV_SIM_N");
    uint64_t first = seed ? strtoull(seed, NULL, 0) : 1;
    uint64_t n = ns ? strtoull(ns, NULL, 0) : seed ? 1 : 10000;
    int failures = 0;
    int by_kind[N_KINDS] = { 0 };

    for (uint64_t i = first; i < first + n; i++) {
        struct sim_options options = {
            .seed = i, .kind = -1, .bug = bug ? atoi(bug) : 0,
            .verbose = seed && n == 1,
            .watched = getenv("NETHV_SIM_FRAME") ? atoi(getenv("NETHV_SIM_FRAME")) : 0,
        };
        if (kind) {
            for (int k = 0; k < N_KINDS; k++) {
                if (!strcmp(kind, schedule_kind_name(k))) {
                    options.kind = k;
                }
            }
        }
        char *failure = schedule_run(&options);
        if (failure) {
            failures++;
            printf("seed %"PRIu64": %s\n", i, failure);
            free(failure);
            if (failures > 20) break;
        }
    }
    (void) by_kind;
    printf("%d failures, %.1f s\n", failures, clock() / (double) CLOCKS_PER_SEC);
    return failures > 0;
}
