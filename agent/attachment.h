/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_ATTACHMENT_H
#define AGENT_ATTACHMENT_H 1

/* An interface that was made for a virtual port: how it comes about and how it
 * is taken away.  The verbs in attach.c parse the command line into one.
 *
 * What was made stands in external_ids of its Open vSwitch interface:
 * iface-id (the port), attached-mac, and nethv-attach (the kind), which is how
 * detach knows what is its to remove. */

#include <signal.h>
#include <stdbool.h>

#include "openvswitch/types.h"

struct netns;
struct vswitch_db;

enum attachment_kind {
    ATTACH_NONE,
    ATTACH_VETH,                    /* A pair, one end in a namespace. */
    ATTACH_TAP,                     /* A tap that a virtual machine opens. */
    ATTACH_INTERNAL,                /* A port of Open vSwitch itself. */
};

/* Strings are borrowed unless said otherwise. */
struct attachment {
    /* What is asked for. */
    const char *port;               /* Path or UUID. */
    enum attachment_kind kind;
    const char *netns;              /* VETH: where its other end goes. */
    const char *inner;              /* VETH: name of that end. */
    const char *ifname;             /* TAP, INTERNAL: its name. */
    struct eth_addr mac;            /* Zero: the port's. */
    unsigned int mtu;               /* 0: the one that the agent names. */
    bool want_ips;
    unsigned int timeout;           /* Seconds. */
    const volatile sig_atomic_t *interrupted; /* Give up when nonzero. */

    /* What has come of it. */
    char *outer;                    /* Name in Open vSwitch; owned. */
    char *summary;                  /* A line about it; owned. */
    struct vswitch_db *db;
    struct netns *here;
    struct netns *there;            /* VETH: 'netns'. */
    bool made_link;
    bool made_port;
};

/* Makes it.  Returns NULL, or a malloc'd sentence, and then nothing of it is
 * left. */
char *attachment_make(struct attachment *);

/* Removes what was made for 'port'.  Returns NULL or a malloc'd sentence. */
char *attachment_remove(struct attachment *);

/* Frees what it holds, not what it has made. */
void attachment_destroy(struct attachment *);

#endif /* agent/attachment.h */
