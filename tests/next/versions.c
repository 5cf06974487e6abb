/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "versions.h"

/* The build after this one: it reads the versions of this one, and newer
 * ones. */
const struct versions versions = {
    .package = "0.1.0+next",
    .wire = { .oldest = 1, .newest = 2 },
    .control = { .oldest = 1, .newest = 2 },
};
