/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "made-model.h"

#include <math.h>
#include <stdlib.h>

#include "addressing.h"
#include "nethv/wire.h"
#include "openvswitch/dynamic-string.h"
#include "packets.h"
#include "smap.h"
#include "util.h"

#define N_ADDRESSES 3

const unsigned int made_n_rows[MODEL_N_KINDS] = {
    [MODEL_TENANT] = 2, [MODEL_NETWORK] = 2, [MODEL_SWITCH] = 4,
    [MODEL_PORT] = 8, [MODEL_LINK] = 4, [MODEL_BINDING] = 8,
    [MODEL_FOLLOWER] = 4, [MODEL_CLOUD] = 3, [MODEL_HOST] = 5,
    [MODEL_CLOUD_LINK] = 3,
};

/* Making rows of numbers. */

static struct uuid
id(unsigned int n)
{
    return (struct uuid) { .parts = { 0, 0, 0, n } };
}

/* Takes a value less than 'n', at most 16, from the lowest digit of '*v'. */
static unsigned int
draw(uint64_t *v, unsigned int n)
{
    unsigned int digit = *v & 0xf;

    *v >>= 4;
    return digit % n;
}

struct eth_addr
made_mac(unsigned int n)
{
    return (struct eth_addr) { .ea = { 2, 0, 0, 0, 0, n } };
}

struct in6_addr
made_ip(unsigned int n)
{
    return in6_addr_mapped_ipv4(htonl(0x0a000000 | n));
}

static void
put_tenant(struct model *model, unsigned int n, uint64_t v)
{
    char name[] = { 't', '0' + n, 'a' + draw(&v, 2), '\0' };
    struct uuid uuid = id(n);

    model_put_tenant(model, &uuid, name);
}

static void
put_network(struct model *model, unsigned int n, uint64_t v)
{
    char name[] = { 'n', '0' + n, '\0' };
    struct uuid uuid = id(n);
    struct network_spec spec = { .name = name, .tenant = id(draw(&v, 2)) };

    model_put_network(model, &uuid, &spec);
}

static void
put_switch(struct model *model, unsigned int n, uint64_t v)
{
    char name[] = { 's', '0' + n, 'a' + draw(&v, 2), '\0' };
    struct uuid uuid = id(n);
    struct switch_spec spec = {
        .name = name, .network = id(draw(&v, 2)),
        .mode = draw(&v, 4) ? SWITCH_LEARNING : SWITCH_OPENFLOW,
    };
    struct addressing *dhcp = draw(&v, 2) ? addressing_create(ADDRESSING_DHCP)
                                          : NULL;
    struct addressing *ra = draw(&v, 2) ? addressing_create(ADDRESSING_RA)
                                        : NULL;

    if (dhcp && draw(&v, 2)) {
        dhcp->server = made_ip(draw(&v, 8));
    }
    spec.dhcp = dhcp;
    spec.ra = ra;
    model_put_switch(model, &uuid, &spec);
    addressing_destroy(dhcp);
    addressing_destroy(ra);
}

static void
put_port(struct model *model, unsigned int n, uint64_t v)
{
    char name[] = { 'p', '0' + n, '\0' };
    struct uuid uuid = id(n);
    struct eth_addr macs[N_ADDRESSES];
    struct in6_addr ips[N_ADDRESSES];
    uint8_t plens[N_ADDRESSES];
    struct port_spec spec = {
        .name = name, .network = id(draw(&v, 2)), .vswitch = id(draw(&v, 4)),
        .macs = macs, .ips = ips, .plens = plens,
        .n_macs = draw(&v, N_ADDRESSES + 1),
        .n_ips = draw(&v, N_ADDRESSES + 1),
        .security = draw(&v, 2), .sharing = draw(&v, 2),
    };

    for (size_t i = 0; i < N_ADDRESSES; i++) {
        macs[i] = made_mac(draw(&v, 8));
        ips[i] = made_ip(draw(&v, 8));
        plens[i] = 23 + draw(&v, 2);
    }
    model_put_port(model, &uuid, &spec);
}

static void
put_link(struct model *model, unsigned int n, uint64_t v)
{
    char name[] = { 'l', '0' + n, '\0' };
    struct uuid uuid = id(n);
    struct link_spec spec = {
        .name = name, .network = id(draw(&v, 2)), .a = id(draw(&v, 4)),
        .b = id(draw(&v, 4)), .bandwidth = draw(&v, 2),
    };

    model_put_link(model, &uuid, &spec);
}

static void
put_binding(struct model *model, unsigned int n, uint64_t v)
{
    struct uuid uuid = id(n);
    struct binding_mac macs[N_ADDRESSES];
    struct binding_spec spec = {
        .port = id(draw(&v, 8)),
        .location = draw(&v, 8) ? nethv_location(1, 1 + draw(&v, 3),
                                                 n * 8 + 1) : 0,
        .macs = macs, .n_macs = draw(&v, N_ADDRESSES + 1),
        .since = 1 + draw(&v, 3),
    };

    for (size_t i = 0; i < N_ADDRESSES; i++) {
        macs[i].address = made_mac(draw(&v, 8));
        macs[i].location = (spec.location & NETHV_HOST_MASK)
                           | nethv_location(0, 0, n * 8 + 2 + i);
    }
    model_put_binding(model, &uuid, &spec);
}

static void
put_follower(struct model *model, unsigned int n, uint64_t v)
{
    struct uuid uuid = id(n);
    struct follower_spec spec = {
        .network = id(draw(&v, 2)), .location = nethv_location(1, n + 1, 0),
        .sequence = draw(&v, 4), .intent = draw(&v, 2),
    };

    model_put_follower(model, &uuid, &spec);
}

static void
put_cloud(struct model *model, unsigned int n, uint64_t v)
{
    char name[] = { 'c', '0' + n, '\0' };
    struct uuid uuid = id(n);
    struct in6_addr ips[] = { made_ip(n), made_ip(n + 100) };
    struct cloud_spec spec = {
        .name = name, .id = 1 + n * 10 + draw(&v, 2),
        .provider = draw(&v, 2) ? "aws" : NULL, .jurisdiction = "EU",
        .public_ips = ips, .n_public_ips = draw(&v, 3),
        .mtu = 1500 - draw(&v, 2), .encaps = draw(&v, ENCAP_ALL + 1),
        .mode = draw(&v, 2),
    };

    model_put_cloud(model, &uuid, &spec);
}

static void
put_host(struct model *model, unsigned int n, uint64_t v)
{
    char name[] = { 'h', '0' + n, '\0' };
    struct uuid uuid = id(n);
    struct host_spec spec = {
        .name = name, .cloud = id(draw(&v, 3)), .id = n * 10 + 1 + draw(&v, 2),
        .gateway = draw(&v, 2), .public_ip = made_ip(draw(&v, 2)),
    };

    model_put_host(model, &uuid, &spec);
}

static void
put_cloud_link(struct model *model, unsigned int n, uint64_t v)
{
    struct uuid uuid = id(n);
    struct cloud_link_spec spec = {
        .a = id(draw(&v, 3)), .b = id(draw(&v, 3)),
        .cost = draw(&v, 2) ? NAN : 5, .rtt = draw(&v, 2) ? NAN : 80,
    };

    model_put_cloud_link(model, &uuid, &spec);
}

static void (*const puts_[MODEL_N_KINDS])(struct model *, unsigned int,
                                          uint64_t) = {
    [MODEL_TENANT] = put_tenant, [MODEL_NETWORK] = put_network,
    [MODEL_SWITCH] = put_switch, [MODEL_PORT] = put_port,
    [MODEL_LINK] = put_link, [MODEL_BINDING] = put_binding,
    [MODEL_FOLLOWER] = put_follower, [MODEL_CLOUD] = put_cloud,
    [MODEL_HOST] = put_host, [MODEL_CLOUD_LINK] = put_cloud_link,
};

void
made_row_set(struct model *model, enum model_kind kind, unsigned int n,
             uint64_t v)
{
    struct uuid uuid = id(n);

    if (v) {
        puts_[kind](model, n, v);
    } else {
        model_remove(model, kind, &uuid);
    }
}

void
made_state_set(struct model *model, enum model_kind kind, unsigned int n,
               uint64_t v)
{
    struct uuid uuid = id(n);
    struct network_state network = { .tag = v % 3, .sequence = v % 4 };
    struct host_state host = { .encaps = v % 8 };

    if (v % 2) {
        host.encap_ip = made_ip(v % 4);
    }
    if (kind == MODEL_TENANT) {
        model_set_tenant_tag(model, &uuid, v % 3);
    } else if (kind == MODEL_NETWORK) {
        model_set_network_state(model, &uuid, &network);
    } else if (kind == MODEL_SWITCH) {
        model_set_switch_group(model, &uuid, v ? n + 1 + v % 2 * 10 : 0);
    } else if (kind == MODEL_HOST) {
        model_set_host_state(model, &uuid, &host);
    }
}

/* Reading rows. */

unsigned int
made_number(const struct model_row *row)
{
    return row->uuid.parts[3];
}

static void
tenant_text(const struct model_row *row, struct ds *s)
{
    ds_put_format(s, " tag %u", CONTAINER_OF(row, struct tenant, row)->tag);
}

static void
network_text(const struct model_row *row, struct ds *s)
{
    const struct network *n = CONTAINER_OF(row, struct network, row);

    ds_put_format(s, " tag %u sequence %"PRIu64, n->tag, n->sequence);
    if (row->present) {
        ds_put_format(s, " tenant %u", made_number(&n->tenant->row));
    }
}

static void
addressing_text(const struct addressing *a, struct ds *s)
{
    struct smap map = SMAP_INITIALIZER(&map);

    addressing_to_map(a, &map);
    const struct smap_node **nodes = smap_sort(&map);
    for (size_t i = 0; i < smap_count(&map); i++) {
        ds_put_format(s, " %s %s", nodes[i]->key, nodes[i]->value);
    }
    free(nodes);
    smap_destroy(&map);
}

static void
switch_text(const struct model_row *row, struct ds *s)
{
    const struct vswitch *v = CONTAINER_OF(row, struct vswitch, row);

    ds_put_format(s, " group %u", v->group);
    if (row->present) {
        ds_put_format(s, " network %u mode %d dhcp %d ra %d",
                      made_number(&v->network->row), v->mode, !!v->dhcp,
                      !!v->ra);
        addressing_text(v->dhcp, s);
        addressing_text(v->ra, s);
    }
}

static void
port_text(const struct model_row *row, struct ds *s)
{
    const struct vport *p = CONTAINER_OF(row, struct vport, row);

    if (!row->present) {
        return;
    }
    ds_put_format(s, " network %u switch %u security %d sharing %d",
                  made_number(&p->network->row), made_number(&p->vswitch->row),
                  p->security, p->sharing);
    for (size_t i = 0; i < p->n_macs; i++) {
        ds_put_format(s, " "ETH_ADDR_FMT, ETH_ADDR_ARGS(p->macs[i].address));
    }
    for (size_t i = 0; i < p->n_ips; i++) {
        ds_put_char(s, ' ');
        ipv6_format_mapped(&p->ips[i].address, s);
        ds_put_format(s, "/%u", p->ips[i].plen);
    }
}

static void
link_text(const struct model_row *row, struct ds *s)
{
    const struct vlink *l = CONTAINER_OF(row, struct vlink, row);

    if (row->present) {
        ds_put_format(s, " network %u from %u to %u bandwidth %"PRIu64,
                      made_number(&l->network->row),
                      made_number(&l->ends[0].vswitch->row),
                      made_number(&l->ends[1].vswitch->row), l->bandwidth);
    }
}

static void
binding_text(const struct model_row *row, struct ds *s)
{
    const struct binding *b = CONTAINER_OF(row, struct binding, row);

    if (!row->present) {
        return;
    }
    ds_put_format(s, " port %u at %08x since %"PRIu64,
                  made_number(&b->port->row), b->location, b->since);
    for (size_t i = 0; i < b->n_macs; i++) {
        ds_put_format(s, " "ETH_ADDR_FMT"=%08x",
                      ETH_ADDR_ARGS(b->macs[i].address), b->macs[i].location);
    }
}

static void
follower_text(const struct model_row *row, struct ds *s)
{
    const struct follower *f = CONTAINER_OF(row, struct follower, row);

    if (row->present) {
        ds_put_format(s, " network %u at %08x sequence %"PRIu64
                      " intent %"PRIu64, made_number(&f->network->row),
                      f->location, f->sequence, f->intent);
    }
}

static void
cloud_text(const struct model_row *row, struct ds *s)
{
    const struct cloud *c = CONTAINER_OF(row, struct cloud, row);

    if (row->present) {
        ds_put_format(s, " id %u provider %s mtu %u encaps %u mode %d ips %"
                      PRIuSIZE, c->id, c->provider ? c->provider : "none",
                      c->mtu, c->encaps, c->mode, c->n_public_ips);
    }
}

static void
host_text(const struct model_row *row, struct ds *s)
{
    const struct host *h = CONTAINER_OF(row, struct host, row);

    ds_put_format(s, " encaps %u ip ", h->encaps);
    ipv6_format_mapped(&h->encap_ip, s);
    if (row->present) {
        ds_put_format(s, " cloud %u id %u gateway %d public ",
                      made_number(&h->cloud->row), h->id, h->gateway);
        ipv6_format_mapped(&h->public_ip, s);
    }
}

static void
cloud_link_text(const struct model_row *row, struct ds *s)
{
    const struct cloud_link *l = CONTAINER_OF(row, struct cloud_link, row);

    if (row->present) {
        ds_put_format(s, " from %u to %u cost %f rtt %f",
                      made_number(&l->ends[0].cloud->row),
                      made_number(&l->ends[1].cloud->row), l->cost, l->rtt);
    }
}

static void (*const texts[MODEL_N_KINDS])(const struct model_row *,
                                          struct ds *) = {
    [MODEL_TENANT] = tenant_text, [MODEL_NETWORK] = network_text,
    [MODEL_SWITCH] = switch_text, [MODEL_PORT] = port_text,
    [MODEL_LINK] = link_text, [MODEL_BINDING] = binding_text,
    [MODEL_FOLLOWER] = follower_text, [MODEL_CLOUD] = cloud_text,
    [MODEL_HOST] = host_text, [MODEL_CLOUD_LINK] = cloud_link_text,
};

char *
made_row_text(const struct model_row *row)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    ds_put_format(&s, "%s %u %s%s", model_kind_name(row->kind),
                  made_number(row), row->name ? row->name : "-",
                  row->present ? "" : " absent");
    texts[row->kind](row, &s);
    return ds_steal_cstr(&s);
}

char *
made_model_text(const struct model *model)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    for (size_t kind = 0; kind < MODEL_N_KINDS; kind++) {
        size_t n;
        struct model_row **rows = model_sorted(model, kind, &n);

        for (size_t i = 0; i < n; i++) {
            char *text = made_row_text(rows[i]);

            ds_put_format(&s, "%s\n", text);
            free(text);
        }
        free(rows);
    }
    return ds_steal_cstr(&s);
}
