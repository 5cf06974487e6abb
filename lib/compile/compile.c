/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "compile/compile.h"

#include "compile/internal.h"
#include "hash.h"
#include "nethv/wire.h"
#include "port-answer.h"
#include "util.h"
#include "uuid.h"

/* An owner whose rules are to be computed anew. */
struct dirty_owner {
    struct hmap_node node;
    struct uuid uuid;
};

/* The domain that a switch was last compiled with. */
struct switch_domain {
    struct hmap_node node;          /* In compiler->domains by 'uuid'. */
    struct uuid uuid;
    uint32_t domain;
};

struct role_class {
    enum model_kind kind;
    void (*emit)(const struct compiler *, struct emit *,
                 const struct model_row *);
};

static const struct role_class role_classes[ROLE_N] = {
#define ROLE(ENUM, KIND, EMITTER) [ROLE_##ENUM] = { KIND, EMITTER },
    COMPILE_ROLES
#undef ROLE
};

void
compiler_mark(struct compiler *c, enum compile_role role,
              const struct uuid *uuid)
{
    uint32_t hash = uuid_hash(uuid);
    struct dirty_owner *dirty;

    HMAP_FOR_EACH_WITH_HASH (dirty, node, hash, &c->dirty[role]) {
        if (uuid_equals(&dirty->uuid, uuid)) {
            return;
        }
    }
    dirty = xmalloc(sizeof *dirty);
    dirty->uuid = *uuid;
    hmap_insert(&c->dirty[role], &dirty->node, hash);
}

static void
mark_rowless(struct compiler *c, enum compile_role role)
{
    compiler_mark(c, role, &UUID_ZERO);
}

struct compiler *
compiler_create(struct model *model, uint32_t self)
{
    struct compiler *c = xzalloc(sizeof *c);

    c->model = model;
    c->self = self & NETHV_HOST_MASK;
    c->cloud = nethv_location_cloud(self);
    hmap_init(&c->endpoints);
    homes_init(c);
    hmap_init(&c->domains);
    for (size_t i = 0; i < ROLE_N; i++) {
        hmap_init(&c->dirty[i]);
    }
    rule_set_init(&c->rules);
    compiler_observe(c);
    compiler_mark_all(c);
    return c;
}

static void
dirty_clear(struct hmap *dirty)
{
    struct dirty_owner *owner;
    HMAP_FOR_EACH_POP (owner, node, dirty) {
        free(owner);
    }
}

void
compiler_destroy(struct compiler *c)
{
    if (!c) {
        return;
    }
    model_unobserve(c->model, &c->observer);
    for (size_t i = 0; i < ROLE_N; i++) {
        dirty_clear(&c->dirty[i]);
        hmap_destroy(&c->dirty[i]);
    }
    struct endpoint *ep;
    HMAP_FOR_EACH_POP (ep, node, &c->endpoints) {
        free(ep);
    }
    hmap_destroy(&c->endpoints);
    homes_destroy(c);
    struct switch_domain *sd;
    HMAP_FOR_EACH_POP (sd, node, &c->domains) {
        free(sd);
    }
    hmap_destroy(&c->domains);
    fabric_destroy(&c->fabric);
    rule_set_destroy(&c->rules);
    free(c);
}

struct endpoint *
compiler_endpoint(const struct compiler *c, const struct uuid *port)
{
    struct endpoint *ep;
    HMAP_FOR_EACH_WITH_HASH (ep, node, uuid_hash(port), &c->endpoints) {
        if (uuid_equals(&ep->port, port)) {
            return ep;
        }
    }
    return NULL;
}

uint32_t
compiler_ofport(const struct compiler *c, const struct vport *port)
{
    if (!vport_bound(port)
        || (port->binding->location & NETHV_HOST_MASK) != c->self) {
        return 0;
    }
    const struct endpoint *ep = compiler_endpoint(c, &port->row.uuid);
    return ep ? ep->ofport : 0;
}

void
compiler_set_endpoint(struct compiler *c, const struct uuid *port,
                      uint32_t ofport)
{
    struct endpoint *ep = compiler_endpoint(c, port);

    if ((ep ? ep->ofport : 0) == ofport) {
        return;
    }
    if (!ep) {
        ep = xzalloc(sizeof *ep);
        ep->port = *port;
        hmap_insert(&c->endpoints, &ep->node, uuid_hash(port));
    }
    ep->ofport = ofport;
    if (ofport) {
        homes_note(c, ep);
    } else {
        homes_forget(c, ep);
        hmap_remove(&c->endpoints, &ep->node);
        free(ep);
    }

    compiler_mark(c, ROLE_ENDPOINT, port);
    const struct model_row *row = model_find(c->model, MODEL_PORT, port);
    if (row) {
        const struct vport *vport = CONTAINER_OF(row, struct vport, row);
        compiler_mark_flood(c, &vport->vswitch->row.uuid);
    }
}

static void
mark_kind(struct compiler *c, enum compile_role role)
{
    if (role_classes[role].kind == MODEL_N_KINDS) {
        mark_rowless(c, role);
        return;
    }
    const struct model_row *row;
    MODEL_FOR_EACH (row, role_classes[role].kind, c->model) {
        compiler_mark(c, role, &row->uuid);
    }
}

void
compiler_mark_all(struct compiler *c)
{
    for (enum compile_role role = 0; role < ROLE_N; role++) {
        mark_kind(c, role);
    }
}

/* For memcmp(), a null pointer to no bytes is one too many. */
static bool
bytes_equal(const void *a, const void *b, size_t n)
{
    return !n || !memcmp(a, b, n);
}

/* What rules of hosts and of floods inside the cloud depend on. */
static bool
fabric_inside_equal(const struct fabric *a, const struct fabric *b)
{
    return a->mode == b->mode && a->encaps == b->encaps
           && !memcmp(a->tunnel_ofports, b->tunnel_ofports,
                      sizeof a->tunnel_ofports)
           && a->gateway == b->gateway && a->mtu == b->mtu
           && a->tags_apart == b->tags_apart
           && a->n_peers == b->n_peers
           && bytes_equal(a->peers, b->peers, a->n_peers * sizeof *a->peers);
}

static bool
fabric_edges_equal(const struct fabric *a, const struct fabric *b)
{
    return a->n_edges == b->n_edges
           && bytes_equal(a->edges, b->edges, a->n_edges * sizeof *a->edges);
}

/* Returns whether tree 'i' of both leads the same ways, whatever indexes their
 * edges have. */
static bool
fabric_tree_equal(const struct fabric *a, const struct fabric *b, size_t i)
{
    if (a->trees[i].number != b->trees[i].number) {
        return false;
    }
    for (uint32_t cloud = 1; cloud <= NETHV_CLOUD_MAX; cloud++) {
        if (fabric_way(a, i, cloud) != fabric_way(b, i, cloud)) {
            return false;
        }
    }
    return true;
}

static void
mark_tree(struct compiler *c, size_t i)
{
    mark_rowless(c, ROLE_TREE_0 + i);
    if (i == c->fabric.stamp) {
        mark_rowless(c, ROLE_STAMP);
        mark_kind(c, ROLE_PRUNE);
    }
}

/* Marks whom the change from 'old' to the compiler's fabric concerns. */
static void
mark_fabric(struct compiler *c, const struct fabric *old)
{
    const struct fabric *new = &c->fabric;
    bool inside = !fabric_inside_equal(old, new);

    if (inside || !fabric_edges_equal(old, new)) {
        mark_rowless(c, ROLE_FABRIC);
    }
    if (inside) {
        mark_kind(c, ROLE_HOST);
        mark_kind(c, ROLE_FLOOD);
    }
    if (old->wire != new->wire) {
        mark_rowless(c, ROLE_FABRIC);
        mark_rowless(c, ROLE_BASE);
        mark_kind(c, ROLE_ENDPOINT);
    }
    const struct host *gateway = model_host_at(c->model, new->gateway);
    if (gateway && old->hold != new->hold) {
        compiler_mark(c, ROLE_HOST, &gateway->row.uuid);
    }
    for (size_t i = 0; i < FABRIC_TREES; i++) {
        if (old->gateway != new->gateway || !fabric_tree_equal(old, new, i)
            || (old->stamp != new->stamp && i == new->stamp)) {
            mark_tree(c, i);
        }
    }
}

void
compiler_set_fabric(struct compiler *c, const struct fabric *fabric)
{
    struct fabric old = c->fabric;

    c->fabric = *fabric;
    c->fabric.peers = fabric->n_peers
        ? xmemdup(fabric->peers, fabric->n_peers * sizeof *fabric->peers)
        : NULL;
    c->fabric.edges = fabric->n_edges
        ? xmemdup(fabric->edges, fabric->n_edges * sizeof *fabric->edges)
        : NULL;
    mark_fabric(c, &old);
    fabric_destroy(&old);
}

void
fabric_destroy(struct fabric *fabric)
{
    free(fabric->peers);
    free(fabric->edges);
    memset(fabric, 0, sizeof *fabric);
}

/* A switch's ports are known by its domain: recompute them if that differs from
 * what the switch was last compiled with. */
static void
follow_domain(struct compiler *c, const struct uuid *uuid,
              const struct vswitch *sw)
{
    uint32_t domain = sw && vswitch_ready(sw) ? topology_domain(sw) : 0;
    uint32_t hash = uuid_hash(uuid);
    struct switch_domain *sd;

    HMAP_FOR_EACH_WITH_HASH (sd, node, hash, &c->domains) {
        if (uuid_equals(&sd->uuid, uuid)) {
            break;
        }
    }
    if ((sd ? sd->domain : 0) == domain) {
        return;
    }
    if (!domain) {
        hmap_remove(&c->domains, &sd->node);
        free(sd);
    } else {
        if (!sd) {
            sd = xmalloc(sizeof *sd);
            sd->uuid = *uuid;
            hmap_insert(&c->domains, &sd->node, hash);
        }
        sd->domain = domain;
    }
    if (sw) {
        compiler_mark_ports(c, sw);
        compiler_mark_flood(c, uuid);
    }
}

static uint64_t
owner_cookie(enum compile_role role, const struct uuid *uuid)
{
    uint64_t low = ((uint64_t) uuid->parts[0] << 32) | uuid->parts[1];
    return ((uint64_t) (role + 1) << 56) | (low & UINT64_C(0xffffffffffffff));
}

static void
compile_owner(struct compiler *c, enum compile_role role,
              const struct uuid *uuid)
{
    const struct role_class *class = &role_classes[role];
    bool rowless = class->kind == MODEL_N_KINDS;
    const struct model_row *row = rowless
        ? NULL : model_find(c->model, class->kind, uuid);
    struct ovs_list rules = OVS_LIST_INITIALIZER(&rules);

    if (role == ROLE_SWITCH) {
        follow_domain(c, uuid, row ? CONTAINER_OF(row, struct vswitch, row)
                                   : NULL);
    } else if (role == ROLE_ENDPOINT) {
        struct endpoint *ep = compiler_endpoint(c, uuid);
        const struct vport *port = row ? CONTAINER_OF(row, struct vport, row)
                                       : NULL;
        if (ep) {
            ep->usable = port && port->binding
                         && binding_usable(port->binding);
        }
    }
    if (rowless || row) {
        struct emit e;
        emit_init(&e, &rules, owner_cookie(role, uuid));
        class->emit(c, &e, row);
        emit_uninit(&e);
    }
    struct rule_owner_id owner = { .uuid = *uuid, .role = role };
    rule_set_replace(&c->rules, &owner, &rules);
}

/* Compiles the owners of 'role' that are marked.  Takes their map away: one
 * that has once been large takes long to walk when there is little in it. */
static size_t
compile_role(struct compiler *c, enum compile_role role)
{
    struct hmap marked = HMAP_INITIALIZER(&marked);
    struct dirty_owner *dirty;
    size_t n;

    hmap_swap(&marked, &c->dirty[role]);
    n = hmap_count(&marked);
    HMAP_FOR_EACH_POP (dirty, node, &marked) {
        compile_owner(c, role, &dirty->uuid);
        free(dirty);
    }
    hmap_destroy(&marked);
    return n;
}

/* Computes the marked owners of the roles before 'end', in the order of the
 * roles: compiling a switch may mark its ports. */
static size_t
run_roles(struct compiler *c, enum compile_role end)
{
    size_t n = 0;

    for (enum compile_role role = 0; role < end; role++) {
        n += compile_role(c, role);
    }
    return n;
}

size_t
compiler_run(struct compiler *c)
{
    homes_update(c);
    return run_roles(c, ROLE_N);
}

size_t
compiler_run_fabric(struct compiler *c)
{
    return run_roles(c, ROLE_HOST + 1);
}

struct rule_set *
compiler_rules(struct compiler *c)
{
    return &c->rules;
}

bool
compiler_is_gateway(const struct compiler *c)
{
    return c->fabric.gateway == c->self;
}

bool
network_ready(const struct network *network)
{
    return network->row.present && network->tag;
}

bool
vswitch_ready(const struct vswitch *sw)
{
    return sw->row.present && sw->group && network_ready(sw->network);
}

bool
vport_ready(const struct vport *port)
{
    return vswitch_ready(port->vswitch)
           && port->vswitch->network == port->network;
}

bool
vlink_ready(const struct vlink *link)
{
    for (size_t i = 0; i < ARRAY_SIZE(link->ends); i++) {
        const struct vswitch *sw = link->ends[i].vswitch;

        if (!vswitch_ready(sw) || sw->network != link->network) {
            return false;
        }
    }
    return true;
}

bool
vport_bound(const struct vport *port)
{
    return port->row.present && port->binding && port->binding->row.present
           && port->binding->location;
}

bool
compiler_tunnel(const struct compiler *c, const struct host *host,
                uint32_t *ofport, enum encap *encap)
{
    const struct fabric *f = &c->fabric;
    uint32_t location = host_location(host);

    for (size_t i = 0; i < f->n_peers; i++) {
        if (f->peers[i].location == location) {
            *ofport = f->peers[i].ofport;
            *encap = f->peers[i].encap;
            return true;
        }
    }
    enum encap common = encap_common(f->encaps, host_usable_encaps(host));
    if (common == ENCAP_N || !f->tunnel_ofports[common]) {
        return false;
    }
    *ofport = f->tunnel_ofports[common];
    *encap = common;
    return true;
}

static int
compare_meters(const void *a_, const void *b_)
{
    const struct compiled_meter *a = a_;
    const struct compiled_meter *b = b_;
    return a->id < b->id ? -1 : a->id > b->id;
}

struct meter_list {
    struct compiled_meter *meters;
    size_t n, allocated;
};

static void
add_meter(struct meter_list *list, uint32_t id, uint64_t kbps)
{
    if (list->n >= list->allocated) {
        list->meters = x2nrealloc(list->meters, &list->allocated,
                                  sizeof *list->meters);
    }
    list->meters[list->n++] = (struct compiled_meter) {
        .id = id,
        .kbps = kbps,
    };
}

static void
add_endpoint_meter(void *list, const struct vport *port, uint32_t ofport)
{
    if (port_has_dhcp(port) || port_has_advert(port)) {
        add_meter(list, ENDPOINT_METERS + ofport, ENDPOINT_KBPS);
    }
}

void
compiler_each_endpoint(const struct compiler *c, compiler_visit *visit,
                       void *aux)
{
    const struct endpoint *ep;

    HMAP_FOR_EACH (ep, node, &c->endpoints) {
        const struct model_row *row = model_find(c->model, MODEL_PORT,
                                                 &ep->port);
        if (row) {
            visit(aux, CONTAINER_OF(row, struct vport, row), ep->ofport);
        }
    }
}

void
compiler_meters(const struct compiler *c, struct compiled_meter **metersp,
                size_t *n)
{
    struct meter_list list = { .n = 0 };
    const struct model_row *row;

    MODEL_FOR_EACH (row, MODEL_LINK, c->model) {
        const struct vlink *link = CONTAINER_OF(row, struct vlink, row);
        for (size_t from = 0; link->bandwidth && from < 2; from++) {
            add_meter(&list, link_meter(link, from),
                      DIV_ROUND_UP(link->bandwidth, 1000));
        }
    }
    add_meter(&list, PUNT_METER, PUNT_KBPS);
    add_meter(&list, CONTROL_METER, CONTROL_KBPS);
    add_meter(&list, WHOLE_METER, WHOLE_KBPS);
    compiler_each_endpoint(c, add_endpoint_meter, &list);
    qsort(list.meters, list.n, sizeof *list.meters, compare_meters);
    *metersp = list.meters;
    *n = list.n;
}

const struct model_row *
compiler_owner(const struct model *model, uint64_t cookie)
{
    enum compile_role role = (cookie >> 56) - 1;
    const struct model_row *row;

    if (role >= ROLE_N || role_classes[role].kind == MODEL_N_KINDS) {
        return NULL;
    }
    MODEL_FOR_EACH (row, role_classes[role].kind, model) {
        if (owner_cookie(role, &row->uuid) == cookie) {
            return row;
        }
    }
    return NULL;
}
