/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "versions.h"

/* A build that must not be: it has given up the versions of this one while
 * there still are hosts that know no others. */
const struct versions versions = {
    .package = "0.1.0+refusing",
    .wire = { .oldest = 2, .newest = 2 },
    .control = { .oldest = 2, .newest = 2 },
};
