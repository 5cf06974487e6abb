/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/mac-numbers.h"

#include <stdlib.h>
#include <string.h>

#include "agent/local-numbers.h"
#include "lib/nethv-idl.h"
#include "model.h"
#include "packets.h"
#include "util.h"

void
mac_numbers_destroy(struct mac_numbers *numbers)
{
    for (size_t i = 0; i < numbers->n; i++) {
        free(numbers->macs[i]);
    }
    free(numbers->macs);
    free(numbers->locations);
}

/* Returns the location that 'row' has for 'mac', 0 if none. */
static int64_t
find_location(const struct nethvrec_binding *row, const char *mac)
{
    for (size_t i = 0; row && i < row->n_mac_locations; i++) {
        if (!strcmp(row->key_mac_locations[i], mac)) {
            return row->value_mac_locations[i];
        }
    }
    return 0;
}

bool
mac_numbers_give(struct mac_numbers *numbers, struct local_numbers *local,
                 uint32_t self, const struct vport *port,
                 const struct nethvrec_binding *row, bool *changed)
{
    numbers->macs = xcalloc(port->n_macs, sizeof *numbers->macs);
    numbers->locations = xcalloc(port->n_macs, sizeof *numbers->locations);
    numbers->n = 0;
    *changed = !row || row->n_mac_locations != port->n_macs;

    for (size_t i = 0; i < port->n_macs; i++) {
        char *mac = xasprintf(ETH_ADDR_FMT,
                              ETH_ADDR_ARGS(port->macs[i].address));
        int64_t location = find_location(row, mac);

        if (!location) {
            *changed = true;
            location = local_numbers_take(local, port->network, self);
        }
        numbers->macs[numbers->n] = mac;
        numbers->locations[numbers->n++] = location;
        if (!location) {
            return false;
        }
    }
    return true;
}

void
mac_numbers_write(const struct mac_numbers *numbers,
                  const struct nethvrec_binding *row)
{
    nethvrec_binding_set_mac_locations(row, (const char **) numbers->macs,
                                       numbers->locations, numbers->n);
}
