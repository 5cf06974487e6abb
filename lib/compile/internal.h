/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMPILE_INTERNAL_H
#define COMPILE_INTERNAL_H 1

/* Between the compiler's engine (compile.c) and its emitters. */

#include "compile/compile.h"
#include "compile/emit.h"
#include "openvswitch/hmap.h"
#include "rule.h"
#include "topology.h"

/* In what role a row of the model asks for rules.  One emitter each.
 *
 *        enum      kind of row      emitter */
#define COMPILE_ROLES                                                         \
    ROLE(BASE,     MODEL_N_KINDS,   emit_base)     /* What never changes. */  \
    ROLE(FABRIC,   MODEL_N_KINDS,   emit_fabric)   /* Tunnels. */             \
    ROLE(TREE_0,   MODEL_N_KINDS,   emit_tree_0)   /* Tree, by its bits. */   \
    ROLE(TREE_1,   MODEL_N_KINDS,   emit_tree_1)                              \
    ROLE(TREE_2,   MODEL_N_KINDS,   emit_tree_2)                              \
    ROLE(TREE_3,   MODEL_N_KINDS,   emit_tree_3)                              \
    ROLE(STAMP,    MODEL_N_KINDS,   emit_stamp)    /* Which tree to follow. */ \
    ROLE(HOST,     MODEL_HOST,      emit_host)     /* Host of this cloud. */  \
    ROLE(SWITCH,   MODEL_SWITCH,    emit_switch)   /* Entry, paths. */        \
    ROLE(LINK,     MODEL_LINK,      emit_link)     /* Across it. */           \
    ROLE(FLOOD,    MODEL_SWITCH,    emit_flood)    /* To all its ports. */    \
    ROLE(PRUNE,    MODEL_SWITCH,    emit_prune)    /* Floods along a tree. */ \
    ROLE(PORT,     MODEL_PORT,      emit_port)     /* As a destination. */    \
    ROLE(SOURCE,   MODEL_PORT,      emit_source)   /* As a remote source. */  \
    ROLE(ENDPOINT, MODEL_PORT,      emit_endpoint) /* On this host. */

enum compile_role {
#define ROLE(ENUM, KIND, EMITTER) ROLE_##ENUM,
    COMPILE_ROLES
#undef ROLE
    ROLE_N
};

struct compiler {
    struct model *model;
    struct model_observer observer;
    uint32_t self;                  /* Location of this host. */
    uint8_t cloud;                  /* Its cloud. */
    struct fabric fabric;
    struct hmap endpoints;          /* struct endpoint. */
    struct hmap homes;              /* struct home. */
    struct ovs_list moved;          /* struct endpoint by 'moved_node'. */
    struct ovs_list touched;        /* struct home by 'touched_node'. */
    struct hmap domains;            /* struct switch_domain. */
    struct hmap dirty[ROLE_N];      /* struct dirty_owner. */
    struct rule_set rules;
    uint32_t tag_before;            /* Of the network that is changing. */
};

/* A network with endpoints on this host.  Of other networks in the model (a
 * gateway has those whose floods it relays) only floods get rules. */
struct home {
    struct hmap_node node;          /* In compiler->homes by 'network'. */
    struct uuid network;
    struct ovs_list endpoints;      /* struct endpoint by 'home_node'. */
    bool compiled;                  /* With endpoints, when last compiled. */
    bool touched;                   /* On the list of touched ones: */
    struct ovs_list touched_node;
};

/* An endpoint of this host. */
struct endpoint {
    struct hmap_node node;          /* In compiler->endpoints by 'port'. */
    struct uuid port;
    uint32_t ofport;
    bool usable;                    /* Its numbers were, when last compiled. */
    struct home *home;              /* As of the last run, or NULL. */
    struct ovs_list home_node;
    bool moved;                     /* On the list of moved ones: */
    struct ovs_list moved_node;
};

/* Marks an owner, so that the next run computes its rules anew. */
void compiler_mark(struct compiler *, enum compile_role, const struct uuid *);

/* Marks all ports of a switch in all their roles. */
void compiler_mark_ports(struct compiler *, const struct vswitch *);

/* Marks a switch as one whose ports are in other places. */
void compiler_mark_flood(struct compiler *, const struct uuid *vswitch);

/* Marks all owners in a network. */
void compiler_affect_network(struct compiler *, const struct model_row *);

/* Watches the model, marking whom its changes concern (affect.c). */
void compiler_observe(struct compiler *);

/* Homes (homes.c).  An endpoint that is new, goes, or whose port may be in
 * another network now is noted; a run first finds the homes of all that were,
 * and marks the owners in networks that have become homes or no longer are.
 * Touching a home has a run look whether its endpoints' numbers are usable. */
void homes_init(struct compiler *);
void homes_destroy(struct compiler *);
void homes_note(struct compiler *, struct endpoint *);
void homes_forget(struct compiler *, struct endpoint *);
void homes_touch(struct compiler *, const struct uuid *network);
void homes_update(struct compiler *);

/* Returns the home that 'network' is, or NULL. */
const struct home *homes_find(const struct compiler *,
                              const struct uuid *network);

/* Emitters: write the rules of one owner.  'row' is present and of the role's
 * kind; NULL for the roles that have none. */
#define ROLE(ENUM, KIND, EMITTER)                                             \
    void EMITTER(const struct compiler *, struct emit *,                      \
                 const struct model_row *);
COMPILE_ROLES
#undef ROLE

/* Parts of emit_base(), by concern. */
void emit_forward_base(struct emit *);
void emit_wire_base(const struct compiler *, struct emit *);
void emit_wire_tagged(const struct compiler *, struct emit *);

/* Control frames, a part of emit_fabric(). */
void emit_control(const struct compiler *, struct emit *);

/* Parts of emit_endpoint() and emit_port(). */
void emit_security(struct emit *, const struct vport *);
void emit_wire(const struct compiler *, struct emit *, const struct vport *);
void emit_answer(struct emit *, const struct vport *);
void emit_own_questions(struct emit *, const struct vport *);
void emit_addressing(struct emit *, const struct vport *, uint32_t ofport);

/* Makes of an ARP request the answer that 'mac' has 'ip', and sends it back. */
void act_answer_arp(struct emit *, struct eth_addr mac, ovs_be32 ip);

/* Sends the frame to 'port', which is bound, and to nobody else. */
void act_to_port(struct emit *, const struct vport *);

/* Learns that the source MAC of the frame, in its VLAN and domain, is behind
 * the port at SOURCE. */
void act_learn(struct emit *);

/* Sends the start of the frame to the agent, as much as 'meter' allows. */
void act_punt(struct emit *, uint32_t meter, enum compile_punt,
              unsigned int max_len);

/* Returns the version of the wire format in which frames leave this host. */
uint8_t compiler_wire_version(const struct compiler *);

/* Puts the frame, whose tag, source and key are in their fields, into an NSH
 * and an outer Ethernet header of 'version' of the wire format: it travels
 * whole.  The mark of the version in the outer source is the last two bits of
 * the field SOURCE. */
void act_make_whole(struct emit *, uint8_t version);

/* Goes on with a frame from a tunnel in RESTORE, which looks at its source. */
void act_restore(struct emit *);

/* Matches frames with a VLAN tag, and has the agent make them whole, in
 * 'version' of the wire format, and send them on from 'stage'. */
void act_punt_tagged(struct emit *, enum stage stage, uint8_t version);

/* Returns the OpenFlow port by which tree 'i' of the fabric leads to 'cloud', 0
 * if it does not. */
uint32_t fabric_way(const struct fabric *, size_t i, uint8_t cloud);

/* Sends the frame, whose key is in its field, by OpenFlow port 'ofport', a
 * tunnel's. */
void act_out(struct emit *, uint32_t ofport);

/* Meters: those of links, one for each direction, have ids made from the links'
 * UUIDs, so that they are the same after a restart; three behind them limit what
 * is sent to the agent.  A hello has about 1,000 bits, and costs the agent
 * 0.1 ms of a CPU. */
#define LINK_METERS 0x3fff0000
#define PUNT_METER (1 + 2 * LINK_METERS)
#define PUNT_KBPS 16000
#define CONTROL_METER (PUNT_METER + 1)
#define CONTROL_KBPS 5000
#define WHOLE_METER (PUNT_METER + 2)
#define WHOLE_KBPS 10000

/* Requests of endpoints that the agent answers: a meter each, by OpenFlow
 * port. */
#define ENDPOINT_METERS UINT32_C(0x80000000)
#define ENDPOINT_KBPS 64

/* Returns the id of the meter for 'link' from its end 'from' (0 or 1). */
uint32_t link_meter(const struct vlink *link, size_t from);

/* Return the endpoint of 'port' on this host, or its OpenFlow port.  NULL or 0
 * if the port is not here, or is not bound here yet. */
struct endpoint *compiler_endpoint(const struct compiler *,
                                   const struct uuid *port);
uint32_t compiler_ofport(const struct compiler *, const struct vport *);

bool compiler_is_gateway(const struct compiler *);

/* Returns whether 'network' has endpoints on this host. */
bool compiler_is_home(const struct compiler *, const struct network *);

/* Returns the OvS port and encapsulation by which this host sends to the host
 * of its cloud at 'location', through '*ofport' and '*encap'.  False if there
 * is no common encapsulation or no port for it. */
bool compiler_tunnel(const struct compiler *, const struct host *,
                     uint32_t *ofport, enum encap *encap);

/* Return whether a row has all that rules need, and lies in the network that it
 * says: its switches are of that network too. */
bool network_ready(const struct network *);
bool vswitch_ready(const struct vswitch *);
bool vport_ready(const struct vport *);
bool vlink_ready(const struct vlink *);
bool vport_bound(const struct vport *);

#endif /* compile/internal.h */
