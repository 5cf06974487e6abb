/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "cli/hosts.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cli/places.h"
#include "cli/touched.h"
#include "nethv-idl.h"
#include "openvswitch/dynamic-string.h"
#include "sset.h"
#include "util.h"

/* A host that has a part in a network. */
struct part {
    const struct nethvrec_host *host;
    bool alive;
    bool follows;
    uint64_t intent;            /* If 'follows', so is the next. */
    uint64_t sequence;
    uint64_t required;          /* Of 'sequence', for all bindings. */
};

struct parts {
    struct part *parts;
    size_t n;
    size_t allocated;
};

void
hosts_add_columns(struct ovsdb_idl *idl)
{
    static const struct ovsdb_idl_column *const columns[] = {
        &nethvrec_network_state_col_network,
        &nethvrec_network_state_col_changes,
        &nethvrec_switch_col_network,
        &nethvrec_switch_state_col_network,
        &nethvrec_switch_state_col_switch_,
        &nethvrec_follower_col_host,
        &nethvrec_follower_col_network,
        &nethvrec_follower_col_intent,
        &nethvrec_follower_col_sequence,
        &nethvrec_port_col_name,
        &nethvrec_port_col_network,
    };
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        ovsdb_idl_add_column(idl, columns[i]);
    }
    places_add_columns(idl);
}

/* Returns the part of 'host' in 'parts', adding it if it is not there. */
static struct part *
parts_get(struct parts *parts, const struct ovsdb_idl *idl,
          const struct nethvrec_host *host)
{
    for (size_t i = 0; i < parts->n; i++) {
        if (parts->parts[i].host == host) {
            return &parts->parts[i];
        }
    }
    if (parts->n >= parts->allocated) {
        parts->parts = x2nrealloc(parts->parts, &parts->allocated,
                                  sizeof *parts->parts);
    }
    struct part *part = &parts->parts[parts->n++];
    *part = (struct part) {
        .host = host,
        .alive = places_host_is_alive(idl, &host->header_.uuid),
    };
    return part;
}

static void
add_followers(struct parts *parts, const struct ovsdb_idl *idl,
              const struct touched_network *n)
{
    const struct nethvrec_follower *follower;

    NETHVREC_FOLLOWER_FOR_EACH (follower, idl) {
        if (follower->host && uuid_equals(&follower->network, &n->uuid)) {
            struct part *part = parts_get(parts, idl, follower->host);
            part->follows = true;
            part->intent = follower->intent;
            part->sequence = follower->sequence;
        }
    }
}

static void
add_claimants(struct parts *parts, const struct ovsdb_idl *idl,
              const struct touched_network *n)
{
    struct sset ids = SSET_INITIALIZER(&ids);
    const struct nethvrec_claim *claim;
    const struct nethvrec_port *port;

    NETHVREC_PORT_FOR_EACH (port, idl) {
        if (port->network
            && uuid_equals(&port->network->header_.uuid, &n->uuid)) {
            char *uuid = xasprintf(UUID_FMT, UUID_ARGS(&port->header_.uuid));
            sset_add(&ids, port->name);
            sset_add_and_free(&ids, uuid);
        }
    }
    NETHVREC_CLAIM_FOR_EACH (claim, idl) {
        if (claim->host && sset_contains(&ids, claim->iface_id)) {
            parts_get(parts, idl, claim->host);
        }
    }
    sset_destroy(&ids);
}

static const struct nethvrec_network_state *
network_state(const struct ovsdb_idl *idl, const struct touched_network *n)
{
    const struct nethvrec_network_state *state;

    NETHVREC_NETWORK_STATE_FOR_EACH (state, idl) {
        if (uuid_equals(&state->network, &n->uuid)) {
            return state;
        }
    }
    return NULL;
}

/* Returns the sequence at which the rules for all bindings of 'n' are in a
 * switch. */
static uint64_t
network_sequence(const struct ovsdb_idl *idl, const struct touched_network *n)
{
    const struct nethvrec_network_state *state = network_state(idl, n);
    uint64_t sequence = 0;

    for (size_t i = 0; state && i < state->n_changes; i++) {
        sequence += state->value_changes[i];
    }
    return sequence;
}

/* Returns the hosts that have a part in 'n'.  The caller frees 'parts'. */
static struct parts
collect(const struct ovsdb_idl *idl, const struct touched_network *n)
{
    struct parts parts = { .n = 0 };

    add_followers(&parts, idl, n);
    if (n->sequence) {
        add_claimants(&parts, idl, n);
        uint64_t required = network_sequence(idl, n);
        for (size_t i = 0; i < parts.n; i++) {
            parts.parts[i].required = required;
        }
    }
    return parts;
}

/* A sequence of 0 is that of a deleted network: nobody may follow it. */
static bool
part_is_ready(const struct part *part, const struct touched_network *n)
{
    if (!n->sequence) {
        return !part->follows;
    }
    return part->follows && part->intent >= n->sequence
           && part->sequence >= part->required;
}

/* Returns whether the global controller has given 'n' all that it needs. */
static bool
is_equipped(const struct ovsdb_idl *idl, const struct touched_network *n)
{
    const struct nethvrec_switch_state *state;
    const struct nethvrec_switch *sw;
    size_t n_switches = 0;
    size_t n_states = 0;

    NETHVREC_SWITCH_FOR_EACH (sw, idl) {
        n_switches += sw->network
                      && uuid_equals(&sw->network->header_.uuid, &n->uuid);
    }
    NETHVREC_SWITCH_STATE_FOR_EACH (state, idl) {
        n_states += uuid_equals(&state->network, &n->uuid)
                    && nethvrec_switch_get_for_uuid(idl, &state->switch_);
    }
    return network_state(idl, n) && n_states >= n_switches;
}

static bool
network_is_ready(const struct ovsdb_idl *idl, const struct touched_network *n)
{
    if (n->sequence && !is_equipped(idl, n)) {
        return false;
    }

    struct parts parts = collect(idl, n);
    bool ready = true;
    for (size_t i = 0; i < parts.n; i++) {
        const struct part *part = &parts.parts[i];
        ready = ready && (!part->alive || part_is_ready(part, n));
    }
    free(parts.parts);
    return ready;
}

bool
hosts_follow(const struct ovsdb_idl *idl,
             const struct touched_network *networks, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!network_is_ready(idl, &networks[i])) {
            return false;
        }
    }
    return true;
}

static void
format_part(const struct part *part, const struct touched_network *n,
            struct ds *s)
{
    ds_put_cstr(s, part->host->name);
    if (!part->alive || !n->sequence) {
        return;
    }
    if (part->follows && part->intent >= n->sequence) {
        ds_put_cstr(s, " (has not confirmed all bindings)");
    } else if (part->follows) {
        ds_put_format(s, " (has intent %"PRIu64" of %"PRIu64")",
                      part->intent, n->sequence);
    } else {
        ds_put_cstr(s, " (claims a port, but does not follow the network)");
    }
}

/* Appends "NETWORK: PREFIX: host, host\n" with those that are not ready and
 * whose being alive is 'alive', or nothing if there are none. */
static void
format_parts(const struct parts *parts, const struct touched_network *n,
             bool alive, const char *prefix, struct ds *s)
{
    bool any = false;

    for (size_t i = 0; i < parts->n; i++) {
        const struct part *part = &parts->parts[i];
        if (part->alive != alive || part_is_ready(part, n)) {
            continue;
        }
        if (!any) {
            ds_put_format(s, "%s: %s: ", n->name, prefix);
        } else {
            ds_put_cstr(s, ", ");
        }
        format_part(part, n, s);
        any = true;
    }
    if (any) {
        ds_put_char(s, '\n');
    }
}

static void
format_network(const struct ovsdb_idl *idl, const struct touched_network *n,
               struct ds *s)
{
    struct parts parts = collect(idl, n);

    if (n->sequence && !is_equipped(idl, n)) {
        ds_put_format(s, "%s: the global controller has not taken it up\n",
                      n->name);
    }
    format_parts(&parts, n, true,
                 n->sequence ? "live hosts that have not taken it up"
                 : "live hosts that still follow it", s);
    format_parts(&parts, n, false, "not alive, so not waited for", s);
    free(parts.parts);
}

void
hosts_format_laggards(const struct ovsdb_idl *idl,
                      const struct touched_network *networks, size_t n,
                      struct ds *s)
{
    for (size_t i = 0; i < n; i++) {
        format_network(idl, &networks[i], s);
    }
}
