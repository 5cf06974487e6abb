/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/tunnel-words.h"

#include "model.h"
#include "nethv-idl.h"
#include "openvswitch/dynamic-string.h"
#include "ovs/db.h"
#include "packets.h"
#include "util.h"

static char *
open_words(const struct host *a, const struct host *b, const char *back)
{
    enum encap encap = hosts_encap(a, b);
    struct ds s = DS_EMPTY_INITIALIZER;

    ds_put_format(&s, "%s from ", (encap == ENCAP_N
                                   ? "an encapsulation that both have"
                                   : encap_carrier(encap)));
    ipv6_format_mapped(&a->encap_ip, &s);
    ds_put_cstr(&s, " to ");
    ipv6_format_mapped(&b->encap_ip, &s);
    ds_put_cstr(&s, back);
    return ds_steal_cstr(&s);
}

char *
tunnel_words_open(const struct host *a, const struct host *b)
{
    return open_words(a, b, " and back");
}

char *
tunnel_words_open_one_way(const struct host *a, const struct host *b)
{
    return open_words(a, b, "");
}

bool
tunnel_words_alive(struct db *db, const struct uuid *host)
{
    const struct nethvrec_host_state *state = db_host_state(db, host);

    return state && state->alive;
}
