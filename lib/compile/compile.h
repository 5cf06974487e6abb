/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMPILE_H
#define COMPILE_H 1

/* The compiler: from the model to the rules of one host's integration bridge.
 *
 * A compiler belongs to one host and watches a model.  Rules are asked for by
 * owners: a row of the model in one role (compile/emit.h lists the roles).  A
 * change of the model, or of what the host itself knows (its endpoints' and
 * tunnels' OpenFlow ports), marks only the owners that it concerns;
 * compiler_run() computes those anew and leaves the difference in the rule
 * set's record of changes.  Compiling everything from scratch gives the same
 * set.
 *
 * Pure.  Not thread-safe; a compiler may be in another thread than another
 * model's. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model.h"
#include "nethv/wire.h"

struct flow;
struct ofpbuf;
struct rule_set;

/* First byte of the userdata of packets that rules send to the agent. */
enum compile_punt {
    COMPILE_PUNT_TOO_BIG = 1,       /* To be answered with an ICMP error. */
    COMPILE_PUNT_CONTROL = 2,       /* A control frame for this host. */
    COMPILE_PUNT_DHCP,              /* These two: as port-answer.h says. */
    COMPILE_PUNT_SOLICIT,
    COMPILE_PUNT_WHOLE,             /* To be made whole (whole.h), in the wire
                                     * version in the third byte, and sent on
                                     * from the table in the second. */
};

/* The structures below are compared as bytes: clear them before filling in. */

/* A tunnel to another cloud's gateway, on a gateway only. */
struct fabric_edge {
    uint8_t cloud;                  /* The cloud at its other end. */
    enum encap encap;
    uint32_t ofport;                /* Of the tunnel's own OvS port. */
};

/* One tree, as seen from this cloud: which edge leads to a cloud.  A number
 * stands for one tree at a time. */
#define FABRIC_NO_EDGE 0xff
struct fabric_tree {
    uint32_t number;                /* Its number; the key carries it mod 4. */
    uint8_t edge[NETHV_CLOUD_FLOOD]; /* By cloud id, index into 'edges'. */
};

/* A tunnel to one host of the same cloud (modes tree and mesh). */
struct fabric_peer {
    uint32_t location;              /* Of the host. */
    enum encap encap;
    uint32_t ofport;
};

/* A gateway holds one tree for each value of the key's tree bits.  Trees with
 * different numbers may have the same bits; such are never held at once. */
#define FABRIC_TREES (NETHV_TREE_MASK + 1)

/* What a host knows of the physical side.  Lengths: 'n_edges', 'n_peers'.
 * 'trees[i]' is that for frames whose key has 'i' as its tree bits, and has a
 * number with these bits, or 0 if there is none.  Frames of this cloud are
 * stamped with 'stamp'; while there is no tree for that they do not leave. */
struct fabric {
    enum cloud_mode mode;
    unsigned int encaps;            /* What this host passes. */
    uint32_t tunnel_ofports[ENCAP_N]; /* Flow-based ports, 0 if none. */
    uint32_t gateway;               /* Location of the cloud's active gateway,
                                     * 0 if none is known; may be this host. */
    bool hold;                      /* Take nothing from other clouds by that
                                     * gateway yet: what came by the one before
                                     * may come once more. */
    bool tags_apart;                /* The datapath keeps the outer VLAN tag
                                     * apart from the frame, as the kernel's
                                     * does, and can put no header before. */
    unsigned int mtu;               /* Endpoints' MTU, 0 for no check. */
    uint8_t wire;                   /* The newest version of the wire format
                                     * that all hosts read, 0 if that is not
                                     * known: frames leave in that, if this
                                     * build has it. */
    struct fabric_peer *peers;
    size_t n_peers;
    struct fabric_edge *edges;
    size_t n_edges;
    struct fabric_tree trees[FABRIC_TREES];
    uint8_t stamp;
};

/* Fills in that 'fabric' has no trees. */
void fabric_clear_trees(struct fabric *);

void fabric_destroy(struct fabric *);

/* Appends to 'actions' what sends a packet, which is a control frame
 * (control-frame.h) from this host, through the rules to the host at 'to'. */
void compiler_control_actions(uint32_t to, struct ofpbuf *actions);

/* Appends to 'actions' what takes a packet that a rule has sent to the agent,
 * with 'metadata', through the rules from 'table' on as if it came there. */
void compiler_resume_actions(const struct flow *metadata, uint8_t table,
                             struct ofpbuf *actions);

struct compiler;

/* Returns a compiler for the host at 'self' (its location, number 0).  'model'
 * must live longer than the compiler. */
struct compiler *compiler_create(struct model *, uint32_t self);
void compiler_destroy(struct compiler *);

/* Says that the endpoint of 'port' is at OpenFlow port 'ofport' of this host,
 * or with 0 that it is not here (any more). */
void compiler_set_endpoint(struct compiler *, const struct uuid *port,
                           uint32_t ofport);

/* Calls 'visit' for each endpoint of this host whose port is in the model, in
 * no order. */
typedef void compiler_visit(void *aux, const struct vport *, uint32_t ofport);
void compiler_each_endpoint(const struct compiler *, compiler_visit *visit,
                            void *aux);

/* Replaces what the compiler knows of the physical side; copies '*fabric'. */
void compiler_set_fabric(struct compiler *, const struct fabric *fabric);

/* Computes the owners that changes have marked.  Returns the number of owners
 * computed: the work that was done. */
size_t compiler_run(struct compiler *);

/* Computes only those of the marked owners that say how frames travel between
 * hosts and clouds.  So a change of tree is in effect at a cost that does not
 * grow with the networks: until the rest is run, floods may go along the whole
 * new tree.  Returns the number of owners computed. */
size_t compiler_run_fabric(struct compiler *);

/* Marks every owner, so that the next run computes from scratch. */
void compiler_mark_all(struct compiler *);

/* Returns the rules as of the last run.  The record of changes in it is for
 * the caller to take (rule_set_take_changes()). */
struct rule_set *compiler_rules(struct compiler *);

/* Returns the row of 'model' that asked for a rule with 'cookie', or NULL if it
 * was none or is gone. */
const struct model_row *compiler_owner(const struct model *, uint64_t cookie);

/* Appends to 'actions' what sends a packet, which is a control frame
 * (control-frame.h) of this gateway's, through the rules by the tunnel at
 * 'ofport' to the gateway of 'cloud'. */
void compiler_edge_actions(uint8_t cloud, uint32_t ofport,
                           struct ofpbuf *actions);

/* The same for a filler, which goes 'n' times. */
void compiler_filler_actions(uint8_t cloud, uint32_t ofport, unsigned int n,
                             struct ofpbuf *actions);

/* A meter that rules refer to: the bandwidth of a virtual link, or how much of
 * one kind, or of one endpoint, goes to the agent. */
struct compiled_meter {
    uint32_t id;
    uint64_t kbps;
};

/* Appends the meters in use to '*meters' ('*n' of them, sorted by id), which
 * the caller frees. */
void compiler_meters(const struct compiler *, struct compiled_meter **meters,
                     size_t *n);

#endif /* compile/compile.h */
