/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "gateway/tunnels.h"

#include "lib/nethv-idl.h"
#include "model.h"
#include "ovs/db.h"
#include "ovs/vswitch.h"
#include "util.h"
#include "uuid.h"

/* Returns whether the tunnel from here to the gateway 'peer' is up. */
static bool
is_up(const struct model *model, const struct vswitch_db *vs,
      const struct uuid *peer, const char *encap_name)
{
    const struct model_row *row = model_find(model, MODEL_HOST, peer);
    enum encap encap;

    if (!row || !encap_from_name(encap_name, &encap)) {
        return false;
    }
    const struct host *host = CONTAINER_OF(row, struct host, row);
    struct vswitch_tunnel tunnel;
    vswitch_edge_tunnel(&tunnel, encap, host->cloud->id, &host->public_ip);
    const struct vswitch_iface *iface = vswitch_iface(vs, tunnel.name);
    return iface && iface->bfd_up && !strcmp(iface->type, encap_name);
}

void
tunnels_write(struct db *db, const struct model *model,
              const struct vswitch_db *vs, const char *host_name,
              struct ovsdb_idl_txn *txn)
{
    const struct model_row *self = model_find_name(model, MODEL_HOST,
                                                   host_name);
    const struct nethvrec_tunnel *row;

    if (!txn || !self || !vswitch_is_connected(vs)) {
        return;
    }
    NETHVREC_TUNNEL_FOR_EACH (row, db_idl(db)) {
        if (uuid_equals(&row->a, &self->uuid)) {
            bool up = is_up(model, vs, &row->b, row->encap);
            if (row->a_up != up) {
                nethvrec_tunnel_set_a_up(row, up);
            }
        } else if (uuid_equals(&row->b, &self->uuid)) {
            bool up = is_up(model, vs, &row->a, row->encap);
            if (row->b_up != up) {
                nethvrec_tunnel_set_b_up(row, up);
            }
        }
    }
}
