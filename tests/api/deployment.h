/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_DEPLOYMENT_H
#define API_DEPLOYMENT_H 1

/* The documents in examples/ as a model, and what libnethv makes of it: rules
 * of three hosts and a fabric between them.
 *
 * What fails ends the test. */

#include <stddef.h>
#include <stdint.h>

#include "nethv/model.h"

struct nethv_document;
struct nethv_rules;
struct nethv_trace_fabric;
struct nethv_trace_host;
struct nethv_tree;

/* Returns the document 'name' of examples/. */
struct nethv_document *example_document(const char *name);

/* Puts it into 'model'; settles 'model'. */
void example_load(struct nethv_model *model, const char *name);
void example_settle(struct nethv_model *model);

/* Returns a settled model of the inventory and the shop. */
struct nethv_model *example_model(void);

/* Returns the row of 'kind' called 'name', which is there. */
const struct nethv_row *example_find(const struct nethv_model *,
                                     enum nethv_kind kind, const char *name);

/* OpenFlow ports, each the same on all hosts. */
enum { ENDPOINT = 10, FLOW_TUNNEL = 20, EDGE_TUNNEL = 30 };

/* The two hosts of the example that have endpoints, and the gateway between. */
struct deployment {
    struct nethv_model *model;
    struct nethv_tree *tree;
    struct nethv_rules *rules[3];
    struct nethv_trace_fabric *fabric;
    struct nethv_trace_host *hosts[3];
};

void deploy(struct deployment *);
void undeploy(struct deployment *);

/* A frame from the web port to the database's. */
#define FRAME_LEN 60
extern const uint8_t frame[FRAME_LEN];

/* Returns how many copies of the frame arrive at the database's port. */
size_t send_frame(struct deployment *);

#endif /* api/deployment.h */
