/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROVIDER_H
#define PROVIDER_H 1

/* What is known of the networks of public clouds: what a cloud is taken to
 * have unless its operator says otherwise.  Pure. */

#include <stdint.h>

struct provider {
    const char *name;
    uint16_t mtu;                   /* Of packets between its VMs, bytes. */
    unsigned int encaps;            /* Bits 1 << enum encap that it passes. */
};

/* Returns what is known of the provider called 'name'; of one that is not
 * known, what any IP network does. */
const struct provider *provider_lookup(const char *name);

#endif /* provider.h */
