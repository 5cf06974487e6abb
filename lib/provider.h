/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROVIDER_H
#define PROVIDER_H 1

/* What is known of the networks of public clouds: what a cloud is taken to
 * have unless its operator says otherwise.  Pure. */

#include <stdint.h>

struct provider {
    const char *name;
    uint16_t mtu;                   /* Of packets that leave a VM, bytes. */
    unsigned int encaps;            /* Bits 1 << enum encap that it passes. */
};

/* All of them.  The last one, "other", stands for any IP network and is what a
 * cloud is of unless said otherwise. */
#define PROVIDER_N 5
extern const struct provider providers[PROVIDER_N];
#define PROVIDER_OTHER (&providers[PROVIDER_N - 1])

/* Returns the provider called 'name', or NULL if none is. */
const struct provider *provider_find(const char *name);

#endif /* provider.h */
