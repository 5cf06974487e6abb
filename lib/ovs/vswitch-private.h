/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_VSWITCH_PRIVATE_H
#define OVS_VSWITCH_PRIVATE_H 1

/* What vswitch.c (connection and transactions), vswitch-want.c (what is
 * written) and vswitch-report.c (what is read) share. */

#include "openvswitch/list.h"
#include "ovs/vswitch.h"
#include "ovsdb-idl.h"
#include "smap.h"
#include "vswitch-idl.h"

/* Something asked for once. */
struct vswitch_op;
typedef char *vswitch_op_func(struct vswitch_db *, const struct vswitch_op *);
struct vswitch_op {
    struct ovs_list node;           /* In vswitch_db->ops. */
    vswitch_op_func *apply;         /* Returns NULL or a sentence. */
    char *bridge;
    char *name;
    char *type;
    char *value;
    unsigned int mtu;
    struct smap external_ids;
};

struct vswitch_db {
    char *remote;
    struct ovsdb_idl *idl;
    unsigned int idl_seqno;         /* Last seen. */
    unsigned int seqno;             /* Of what is reported. */

    /* One transaction at a time. */
    struct ovsdb_idl_txn *txn;      /* Under way, or NULL. */
    unsigned int txn_seqno;         /* idl_seqno when it was begun. */
    size_t txn_n_ops;               /* How many of 'ops' are in it. */
    bool dirty;                     /* Another one is needed. */
    bool wait_change;               /* ... but not before the IDL changes. */
    long long int retry_at;         /* ... and not before this time. */
    int64_t cfg;                    /* next_cfg of the last that changed. */
    char *problem;                  /* Why it cannot be as asked for. */
    char *op_problem;               /* Why an operation could not be done. */

    /* What is asked for. */
    struct ovs_list ops;            /* struct vswitch_op, oldest first. */
    char *datapath_type;            /* Of the integration bridge, or NULL. */
    struct vswitch_tunnel *tunnels;
    size_t n_tunnels;
    bool tunnels_set;

    /* What is reported. */
    struct vswitch_config config;
    struct shash ifaces;            /* struct vswitch_iface by name. */
};

/* Return the row, or NULL. */
const struct ovsrec_open_vswitch *vswitch_row(const struct vswitch_db *);
const struct ovsrec_bridge *vswitch_bridge_row(const struct vswitch_db *,
                                               const char *name);

/* Writes what is asked for into the open transaction. */
void vswitch_apply(struct vswitch_db *);

/* Reads the configuration and the interfaces. */
void vswitch_read(struct vswitch_db *);
void vswitch_report_destroy(struct vswitch_db *);

/* Frees the oldest 'n' operations. */
void vswitch_pop_ops(struct vswitch_db *, size_t n);

/* Notes that something has been asked for. */
void vswitch_asked(struct vswitch_db *);

#endif /* ovs/vswitch-private.h */
