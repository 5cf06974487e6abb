/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_OFSWITCH_H
#define OVS_OFSWITCH_H 1

/* The OpenFlow connection to the integration bridge.
 *
 * Keeps the bridge's meters, Geneve option map and flows equal to a wanted set
 * that the caller holds.  After each connect the bridge is read and compared:
 * what is equal is adopted without a message, the rest goes in bundles.  From
 * then on only the caller's changes are sent.  If the switch refuses a bundle,
 * the bridge is read again and the rules go one by one, so that one bad rule
 * does not hold back the others; each refusal is logged with the rule.
 *
 * With the userspace datapath each change of flows begins an epoch (ofepoch.h),
 * so that nothing that the datapath has cached outlives it.
 *
 * Tables STAGE_LEARNED and STAGE_TENANT_FIRST to STAGE_TENANT_LAST are neither
 * compared nor touched: the switch and the tenants write those.
 *
 * The caller's loop:
 *
 *     compiler_run(c);
 *     ofswitch_set_meters(sw, meters, n);
 *     rule_set_take_changes(compiler_rules(c), &changes);
 *     ofswitch_update(sw, &changes, ++stamp);
 *     rule_changes_destroy(&changes);
 *     ofswitch_run(sw);
 *     ... ofswitch_confirmed(sw) ...
 *     ofswitch_wait(sw);
 *     poll_block();
 *
 * Not thread-safe. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openflow/openflow.h"
#include "openvswitch/types.h"

struct compiled_meter;
struct flow;
struct hmap;
struct ofpact;
struct rule_set;

/* The Geneve option that carries the key, mapped to tun_metadata0: an
 * experimental class (RFC 8926, section 7). */
#define OFSWITCH_GENEVE_CLASS 0xff4e
#define OFSWITCH_GENEVE_TYPE 0
#define OFSWITCH_GENEVE_LEN 4

/* A packet that a rule sent here.  All pointers are borrowed for the call. */
struct ofswitch_packet {
    const void *data;
    size_t size;
    const uint8_t *userdata;        /* Of the rule's controller action. */
    size_t userdata_len;
    enum ofp_packet_in_reason reason;
    uint8_t table;
    uint64_t cookie;                /* UINT64_MAX if a table missed. */
    ofp_port_t in_port;
    const struct flow *metadata;    /* Registers and tunnel fields. */
};

/* Counters of one rule. */
struct ofswitch_counts {
    uint8_t table;
    uint16_t priority;
    uint64_t cookie;
    uint64_t n_packets;
    uint64_t n_bytes;
};

/* What the caller is told, from within ofswitch_run().  Any may be NULL. */
struct ofswitch_callbacks {
    void (*packet)(void *aux, const struct ofswitch_packet *);
    void (*counts)(void *aux, const struct ofswitch_counts *);
};

struct ofswitch;

/* Returns a connection to the switch at 'target' (such as
 * "unix:/run/openvswitch/br-int.mgmt"), which is kept up from the first
 * ofswitch_run() on.  'wanted' is borrowed and must outlive it; '*callbacks'
 * is copied. */
struct ofswitch *ofswitch_create(const char *target,
                                 const struct rule_set *wanted,
                                 const struct ofswitch_callbacks *callbacks,
                                 void *aux);

/* Closes the connection and leaves the switch as it is. */
void ofswitch_destroy(struct ofswitch *);

/* Does what can be done without blocking; wakes the poll loop for the rest. */
void ofswitch_run(struct ofswitch *);
void ofswitch_wait(struct ofswitch *);

/* Says that the wanted set is complete.  Before that nothing is sent that
 * would change the switch.  There is no way back. */
void ofswitch_set_ready(struct ofswitch *);

/* Says whether the bridge's datapath is the userspace one, which needs epochs.
 * It counts from the next change or comparison on.  At first it is not. */
void ofswitch_set_userspace(struct ofswitch *, bool userspace);

/* Makes the 'n' 'meters' (copied) the wanted ones.  They are sent with the
 * next update: new ones before its rules, those no longer wanted after. */
void ofswitch_set_meters(struct ofswitch *, const struct compiled_meter *,
                         size_t n);

/* Sends 'changes' (as rule_set_take_changes() gives them; borrowed), which the
 * wanted set already contains.  'stamp', a number that grows, names the state
 * that the switch has then.  While the switch is not connected, or not yet
 * compared, only the stamp is kept: the comparison sends the rules. */
void ofswitch_update(struct ofswitch *, const struct hmap *changes,
                     uint64_t stamp);

/* Returns the greatest stamp whose rules the switch has confirmed by a
 * barrier, 0 if none.  It does not fall when the switch restarts. */
uint64_t ofswitch_confirmed(const struct ofswitch *);

/* Returns whether the switch is connected and has confirmed that it has the
 * wanted set as of the last update. */
bool ofswitch_is_current(const struct ofswitch *);

/* Returns whether the switch is connected and has said how its ports are. */
bool ofswitch_knows_ports(const struct ofswitch *);

/* Returns whether port 'ofport' is there and live: a tunnel port with BFD is
 * while BFD is up. */
bool ofswitch_port_is_live(const struct ofswitch *, uint32_t ofport);

/* Sends the 'size' bytes at 'data' through 'ofpacts' ('ofpacts_len' bytes), as
 * if they had come by 'in_port' (OFPP_CONTROLLER if by none).  Returns 0, or
 * ENOTCONN. */
int ofswitch_packet_out(struct ofswitch *, const void *data, size_t size,
                        ofp_port_t in_port, const struct ofpact *ofpacts,
                        size_t ofpacts_len);

/* Sends 'packet' out of OpenFlow port 'ofport'. */
struct dp_packet;
int ofswitch_output(struct ofswitch *, const struct dp_packet *packet,
                    uint32_t ofport);

/* Asks for the counters of the rules in 'table'; they come by the 'counts'
 * callback, one call a rule.  Does nothing while an earlier question is open
 * or the switch is not connected. */
void ofswitch_poll_table(struct ofswitch *, uint8_t table);

/* For "status": what the connection has done so far. */
struct ofswitch_stats {
    const char *state;              /* Name of the state it is in. */
    uint64_t n_connects;
    uint64_t n_compares;            /* Complete comparisons. */
    uint64_t n_adopted;             /* Rules found equal in the last one. */
    uint64_t n_flow_mods;           /* Sent, in all. */
    uint64_t n_refused;             /* Messages that the switch refused. */
    char *last_error;               /* Sentence about the last, or NULL; valid
                                     * until the next ofswitch_run(). */
};
void ofswitch_get_stats(const struct ofswitch *, struct ofswitch_stats *);

#endif /* ovs/ofswitch.h */
