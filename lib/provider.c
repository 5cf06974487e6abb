/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "provider.h"

#include <string.h>

#include "model.h"
#include "util.h"

/* Azure drops GRE, between its own VMs too; the MTU of GCP's networks is 1460.
 * Across the Internet 1500 is the most, whatever a network has inside. */
const struct provider providers[] = {
    { "aws", 1500, ENCAP_ALL },
    { "azure", 1500, ENCAP_ALL & ~(1u << ENCAP_GRE) },
    { "gcp", 1460, ENCAP_ALL },
    { "private", 1500, ENCAP_ALL },
    { "other", 1500, ENCAP_ALL },
};
BUILD_ASSERT_DECL(ARRAY_SIZE(providers) == PROVIDER_N);

const struct provider *
provider_find(const char *name)
{
    for (size_t i = 0; i < PROVIDER_N; i++) {
        if (!strcmp(name, providers[i].name)) {
            return &providers[i];
        }
    }
    return NULL;
}
