/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_MAC_NUMBERS_H
#define AGENT_MAC_NUMBERS_H 1

/* The numbers that stand for the MACs of a port, as Binding.mac_locations has
 * them: locations on this host. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct local_numbers;
struct nethvrec_binding;
struct vport;

struct mac_numbers {
    char **macs;
    int64_t *locations;
    size_t n;
};

/* Fills '*numbers' with those of all MACs of 'port': those that 'row' (may be
 * NULL) has, and new ones of host 'self' out of 'local' for the others.  Sets
 * '*changed' to whether 'row' has something else.  Returns false if there are
 * none left.  The caller destroys '*numbers' in any case. */
bool mac_numbers_give(struct mac_numbers *numbers, struct local_numbers *local,
                      uint32_t self, const struct vport *port,
                      const struct nethvrec_binding *row, bool *changed);
void mac_numbers_destroy(struct mac_numbers *);

/* Writes the numbers to 'row'.  Until all hosts know them they are not used. */
void mac_numbers_write(const struct mac_numbers *,
                       const struct nethvrec_binding *row);

#endif /* agent/mac-numbers.h */
