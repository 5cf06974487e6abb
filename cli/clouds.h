/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLOUDS_H
#define CLOUDS_H 1

/* Rows of Cloud: what a provider's clouds are like unless the operator says
 * otherwise. */

#include <stdint.h>

struct nethvrec_cloud;
struct ovsdb_idl;
struct ovsdb_idl_txn;

struct cloud_wish {
    const char *name;
    const char *provider;           /* NULL: "other". */
    const char *jurisdiction;       /* NULL: none. */
    const char *mode;               /* NULL: "direct". */
    const char *public_ips;         /* Separated by commas. */
    int mtu;                        /* 0: what is sure to pass. */
    int id;                         /* 0: the next free one. */
};

/* Adds a cloud by 'txn', and a candidate link from it to every other cloud.
 * Stores the row in '*cloudp', unless NULL.  Returns NULL, or an error, which
 * the caller frees, without having changed anything. */
char *clouds_add(struct ovsdb_idl *, struct ovsdb_idl_txn *,
                 const struct cloud_wish *, const struct nethvrec_cloud **);

#endif /* clouds.h */
