/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "versions.h"

#include "nethv/version.h"

const struct versions versions = {
    .package = NETHV_VERSION,
    .wire = { .oldest = 1, .newest = 1 },
    .control = { .oldest = 1, .newest = 1 },
};
