/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVS_OFEPOCH_H
#define OVS_OFEPOCH_H 1

/* Epochs: no cached flow outlives the rules that it came from.
 *
 * When rules change, Open vSwitch translates each cached flow anew.  If only
 * its actions differ, the flow is modified in the datapath.  The userspace
 * datapath (of 3.1) seeks the flow to modify not by its name, but as it would
 * look up a frame that matches it.  Cached flows overlap: one that was cached
 * under earlier rules may look at more or other bits than later ones.  So it
 * may find another flow, and modify that.  The right one keeps the actions of
 * rules that are gone for as long as frames hit it, and ovs-vswitchd believes
 * that it has the new ones.
 *
 * A flow that turns out to look at too few bits is not modified but deleted,
 * by its name.  Therefore every change of rules comes with a change of the bits
 * that are looked at.  An epoch is a rule of the highest priority in each table
 * where the way of a frame through the tables begins.  It matches bits of
 * pkt_mark which are 0 in every frame of the userspace datapath: all frames are
 * compared with it, and none matches.  Of two epochs, neither's bits contain
 * the other's, so that cached flows of one are never good enough in another.
 *
 * That costs one look-up of each cached flow in the rules after every change.
 * The kernel's datapath finds flows by their names, and needs no epochs.
 *
 * Not covered is what changes actions without a change of rules: what the
 * switch learns by itself, and the addresses of tunnels' next hops. */

struct ofmirror;
struct ovs_list;

#define OFEPOCH_NONE (-1)

/* Takes the rules of an epoch out of 'mirror', and returns its number.  Returns
 * OFEPOCH_NONE, and takes out nothing, if it does not hold all rules of one. */
int ofepoch_take(struct ofmirror *mirror);

/* Appends to 'msgs', a list of struct ofpbuf by 'list_node', the flow_mods that
 * begin the epoch after 'epoch', which may be OFEPOCH_NONE.  Returns the number
 * of the one that begins. */
int ofepoch_turn(int epoch, struct ovs_list *msgs);

#endif /* ovs/ofepoch.h */
