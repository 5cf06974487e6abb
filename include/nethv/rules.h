/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETHV_RULES_H
#define NETHV_RULES_H 1

/* The rules of one host: from a model to OpenFlow.
 *
 * An object of this kind belongs to one host and watches a model.  The program
 * says what only the host knows: at which OpenFlow ports its endpoints and
 * tunnels are.  nethv_rules_run() then computes what has changed since it ran
 * last, at a cost that depends on the change, and the difference is taken as
 * text for ovs-ofctl(8) or as OpenFlow 1.5 messages.  Computing everything from
 * scratch gives the same rules.
 *
 * nethv-flows(7) describes the tables.  The switch needs what nethv's own has:
 * a Geneve option map, if Geneve is used, and meters (below), both before
 * rules that refer to them. */

#include <stdbool.h>

#include "nethv/nethv.h"

#ifdef __cplusplus
extern "C" {
#endif

struct nethv_model;
struct nethv_row;
struct nethv_rules;
struct nethv_tree;
struct nethv_update;

/* Returns the rules of the host at 'location' (its number is ignored), empty
 * until they are run.  'model' must live longer. */
struct nethv_rules *nethv_rules_create(struct nethv_model *model,
                                       uint32_t location);
void nethv_rules_destroy(struct nethv_rules *);

/* What the host knows. */

/* Says that the endpoint of 'port' is at OpenFlow port 'ofport', or with 0 that
 * it is not on this host. */
void nethv_rules_set_endpoint(struct nethv_rules *rules,
                              const struct nethv_row *port, uint32_t ofport);

enum nethv_encap { NETHV_GRE, NETHV_GENEVE, NETHV_VXLAN };
#define NETHV_N_ENCAPS 3

/* On a gateway: the tunnel to the gateway of another cloud. */
struct nethv_edge {
    unsigned int cloud;
    enum nethv_encap encap;
    uint32_t ofport;
};

/* In a cloud of mode "tree" or "mesh": the tunnel to one host of it. */
struct nethv_peer {
    uint32_t location;
    enum nethv_encap encap;
    uint32_t ofport;
};

/* What the host knows of the physical side.  All zeros are a host without
 * tunnels.  'tree' is the current one and is stamped into frames, 'previous'
 * that before it, still accepted; NULL for none.  They carry the numbers that
 * follow them, which begin with 1. */
struct nethv_fabric {
    uint32_t tunnel_ofports[NETHV_N_ENCAPS]; /* Flow-based tunnels, 0 if none. */
    uint32_t gateway;               /* Location of the cloud's active gateway;
                                     * 0 for the model's first. */
    unsigned int mtu;               /* Endpoints' MTU; 0 for what the model's
                                     * clouds allow. */
    const struct nethv_edge *edges;
    size_t n_edges;
    const struct nethv_peer *peers;
    size_t n_peers;
    const struct nethv_tree *tree;
    const struct nethv_tree *previous;
    uint32_t tree_number;
    uint32_t previous_number;
};

/* Says what '*fabric' says; copies it, and what the model knows of clouds and
 * hosts: to be called again when either changes. */
void nethv_rules_set_fabric(struct nethv_rules *rules,
                            const struct nethv_fabric *fabric);

/* Computing. */

/* Computes what changes have made necessary.  Returns how many owners of rules
 * (rows of the model in one role) were computed: the work that was done. */
size_t nethv_rules_run(struct nethv_rules *rules);

/* The results, as of the last run. */

size_t nethv_rules_count(const struct nethv_rules *rules);

/* Returns all rules as "ovs-ofctl add-flows" reads them, a line each, sorted:
 * equal rules give equal text.  The caller frees it. */
char *nethv_rules_text(const struct nethv_rules *rules);

/* A meter that rules refer to: the bandwidth of a virtual link, or what may go
 * to the OpenFlow controller, which in nethv is the agent: it answers requests
 * of DHCP and the like, and whose packets are too big.  It is to drop what
 * exceeds the rate, with bursts of a second's worth. */
struct nethv_meter {
    uint32_t id;
    uint64_t kbps;
};

/* Sets '*meters' to an array of '*n', sorted by id, which the caller frees. */
void nethv_rules_meters(const struct nethv_rules *rules,
                        struct nethv_meter **meters, size_t *n);

/* Returns the difference between the rules that were last taken (at first:
 * none) and those of the last run, which the caller destroys; from then on
 * these are those that were last taken. */
struct nethv_update *nethv_rules_take(struct nethv_rules *rules);
void nethv_update_destroy(struct nethv_update *);

/* Returns how many rules 'update' adds, replaces or deletes.  Deletions come
 * last. */
size_t nethv_update_count(const struct nethv_update *update);

/* Returns change 'i' as a line of a file for "ovs-ofctl add-flows", without
 * newline: it begins with "add" or "delete_strict".  Owned by 'update'. */
const char *nethv_update_text(const struct nethv_update *update, size_t i);

/* Returns change 'i' as an OpenFlow 1.5 flow_mod of '*size' bytes with
 * transaction id 0, which the sender sets.  Owned by 'update'. */
const void *nethv_update_message(const struct nethv_update *update, size_t i,
                                 size_t *size);

/* Returns whether change 'i' deletes a rule. */
bool nethv_update_deletes(const struct nethv_update *update, size_t i);

#ifdef __cplusplus
}
#endif

#endif /* nethv/rules.h */
