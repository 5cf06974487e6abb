/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_PLACES_H
#define API_PLACES_H 1

/* Where the numbers of ports are, as far as they have been told to somebody.
 *
 * A port's place depends on several rows of the model (the port, its binding,
 * its network's tag).  So that each change of a place is told once, what was
 * told last is remembered, and compared with what is.  Not thread-safe. */

#include "model.h"
#include "openvswitch/hmap.h"

struct nethv_place;

/* Is told that the place of 'mac' of the port called 'port' was '*before' and
 * is '*now'. */
typedef void places_cb(void *aux, const char *port, uint64_t mac,
                       const struct nethv_place *before,
                       const struct nethv_place *now);

struct places {
    const struct model *model;
    struct hmap ports;              /* struct placed_port by 'uuid'. */
    places_cb *cb;
    void *aux;
};

/* Remembers all places in 'model', telling nobody. */
void places_init(struct places *, const struct model *, places_cb *, void *aux);
void places_destroy(struct places *);

/* Tell what has changed for one port, for all ports of 'vswitch', or for all
 * ports of the switches of 'network' that are present. */
void places_refresh(struct places *, const struct uuid *port);
void places_refresh_switch(struct places *, const struct vswitch *vswitch);
void places_refresh_network(struct places *, const struct network *network);

/* Sets '*place' to where the number at 'location' for 'port' is; false if
 * nowhere. */
bool place_of(const struct vport *port, uint32_t location,
              struct nethv_place *place);

#endif /* api/places.h */
