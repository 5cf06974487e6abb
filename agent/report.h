/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_REPORT_H
#define AGENT_REPORT_H 1

/* What this host says of itself: in Host_State where it is and what it can
 * encapsulate; in Host_Report its heartbeat, its counters of dropped frames by
 * reason, and what does not work here. */

#include <stdbool.h>
#include <stdint.h>

struct channel;
struct json;
struct model;
struct ofswitch;
struct punts;
struct ofswitch_counts;
struct ovsdb_idl_txn;
struct svec;
struct db;
struct vswitch_config;
struct vswitch_counters;

#define REPORT_INTERVAL_MSEC 10000

struct report;

struct report *report_create(void);
void report_destroy(struct report *);

/* Asks the switch for its drop counters when they are due, and takes them.
 * Some reasons are counted by the agent itself ('punts'), and so are the
 * control frames of 'channel'. */
void report_run(struct report *, struct ofswitch *, const struct punts *,
                const struct channel *);
void report_counts(struct report *, const struct ofswitch_counts *);
void report_wait(const struct report *);

/* Returns whether the heartbeat is due. */
bool report_is_due(const struct report *);

/* Writes what differs to Host_State.  'traffic' is that of all endpoints,
 * 'problems' are sentences, sorted. */
void report_write(struct report *, struct db *, const struct model *,
                  const struct vswitch_config *,
                  const struct vswitch_counters *traffic,
                  const struct svec *problems, struct ovsdb_idl_txn *);

/* Writes which version of the wire format this host reads: a newer one only
 * when the switch is 'current', so that it has the rules for that; an older one
 * at once.  The own host must be in the database, and a transaction open. */
void report_write_wire(struct db *, bool current);

/* Returns the drop counters, by the reasons' names. */
struct json *report_drops_to_json(const struct report *);

#endif /* agent/report.h */
