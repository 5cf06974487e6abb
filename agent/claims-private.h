/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_CLAIMS_PRIVATE_H
#define AGENT_CLAIMS_PRIVATE_H 1

/* What claims.c, which keeps the claims, and claims-show.c, which tells of
 * them, share. */

#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/hmap.h"
#include "openvswitch/uuid.h"

struct changes;
struct local_numbers;
struct model;

/* What has become of a claim; the names are those of Claim.status. */
#define CLAIM_STATUSES                                                        \
    STATUS(UNKNOWN,  "unknown")     /* Port or its numbers not there yet. */  \
    STATUS(BOUND,    "bound")       /* The port is here. */                   \
    STATUS(CONFLICT, "conflict")    /* Another host has it. */                \
    STATUS(REFUSED,  "refused")     /* It cannot be here. */

enum claim_status {
#define STATUS(ENUM, NAME) CLAIM_##ENUM,
    CLAIM_STATUSES
#undef STATUS
};

/* By status. */
extern const char *const claim_status_names[];

struct claim {
    struct hmap_node node;          /* In claims->claims by 'ifname'. */
    char *ifname;
    char *iface_id;
    uint32_t ofport;
    struct uuid port;               /* Zero until it is known. */
    struct uuid network;
    enum claim_status status;
    const char *reason;             /* Static text. */
    bool passing;                   /* The reason should go by itself soon. */
    bool unbound;                   /* The port could be bound. */
    bool binding;                   /* The last transaction binds the port. */
    bool seen;
};

struct claims {
    struct model *model;
    uint32_t self;
    struct hmap claims;
    struct local_numbers *numbers;
    struct changes *changes;
};

/* Returns a claim of 'iface_id', preferably one that is bound, or NULL. */
const struct claim *claim_by_iface_id(const struct claims *,
                                      const char *iface_id);

#endif /* agent/claims-private.h */
