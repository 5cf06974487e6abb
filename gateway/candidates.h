/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CANDIDATES_H
#define GATEWAY_CANDIDATES_H 1

/* The edges that there could be: between each two clouds with gateways.
 *
 * Pure. */

#include <stddef.h>

struct model;
struct tree_edge;

/* Sets '*edges' to an array of '*n' edges, which the caller frees, by 'a', then
 * 'b'.  One that no link of the operator's knows and nobody has measured weighs
 * INFINITY: a cloud that is joined by nothing else is still reached. */
void candidates_collect(const struct model *, struct tree_edge **edges,
                        size_t *n);

#endif /* gateway/candidates.h */
