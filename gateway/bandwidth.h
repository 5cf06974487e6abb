/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_BANDWIDTH_H
#define GATEWAY_BANDWIDTH_H 1

/* Measures the bandwidth of paths to other clouds' gateways where the operator
 * asks for it (columns bandwidth_wanted and so on of Cloud_Link), by trains
 * through the tunnels (gauge.h); and answers the trains of others.
 *
 * Each gateway measures what goes out of its cloud: that of a link's first
 * cloud first, then that of the second.  It measures one path at a time and
 * rests for BANDWIDTH_REST_MSEC after each, however often it is asked.  What
 * others send it makes it send nothing but one frame for each train.
 *
 * Times are time_msec(). */

#include <stdint.h>

struct bandwidth;
struct control_frame;
struct db;
struct healer;
struct model;
struct ovsdb_idl_txn;
struct peers;

#define BANDWIDTH_REST_MSEC 5000

struct bandwidth *bandwidth_create(void);
void bandwidth_destroy(struct bandwidth *);

/* Measures for the gateway at 'location' what is wanted, through the tunnels
 * of 'healer', and writes by 'txn' (NULL: nothing now). */
void bandwidth_run(struct bandwidth *, struct db *, const struct model *,
                   uint32_t location, struct healer *,
                   struct ovsdb_idl_txn *txn);
void bandwidth_wait(const struct bandwidth *);

/* Takes 'frame', which came at 'usec' (time_usec()), if it is about trains, and
 * answers it by 'peers'. */
void bandwidth_receive(struct bandwidth *, struct peers *,
                       const struct control_frame *frame, long long int usec);

#endif /* gateway/bandwidth.h */
