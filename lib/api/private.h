/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_PRIVATE_H
#define API_PRIVATE_H 1

/* What the files of the installed interface know of each other.
 *
 * lib/api holds thin wrappers only: a public object holds an internal one, a
 * public row is an internal one under another name. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model.h"
#include "openvswitch/list.h"
#include "smap.h"
#include "tree.h"

struct compiler;
struct document;
struct nethv_row;

struct nethv_model {
    struct model *model;
    struct smap bindings;           /* From port's path to host's name. */
};

struct nethv_document {
    struct document *document;
};

struct nethv_tree {
    struct tree tree;
};

struct nethv_rules {
    struct model *model;
    uint32_t self;
    struct compiler *compiler;
    struct ovs_list viewers;        /* struct nethv_trace_host. */
};

/* Rows. */

const struct nethv_row *api_row(const struct model_row *);
const struct model_row *api_model_row(const struct nethv_row *);

/* Returns whether rows of 'kind' are shown, and if so what they are called in
 * '*shown' (an enum nethv_kind). */
bool api_kind(enum model_kind kind, int *shown);

uint64_t api_mac(struct eth_addr);

/* Drops all indexes of the rules, which are about to change. */
void api_trace_detach(struct nethv_rules *);

/* The poll loop of Open vSwitch is not used: the program that links the library
 * has its own.  What would be waited for is collected instead, for the thread
 * that asks for it, by standing in for the poll_*_wait() functions. */

#define API_WAITS_MAX 16

struct api_waits {
    struct {
        int fd;
        short int events;           /* POLLIN, POLLOUT. */
    } fds[API_WAITS_MAX];
    size_t n;
    long long int deadline;         /* LLONG_MIN at once, LLONG_MAX never. */
};

/* Has the calling thread's waits collected into '*waits', from an empty one, or
 * with NULL no longer. */
void api_waits_collect(struct api_waits *waits);

/* Makes the library's copy of Open vSwitch know that there are several threads,
 * so that what is freed by RCU waits for all of them. */
void api_start_rcu(void);

/* Says that the calling thread is about to leave the library, maybe for long:
 * nobody needs to wait for it. */
void api_leave(void);

#endif /* api/private.h */
