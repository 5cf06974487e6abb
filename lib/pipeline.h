/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_H
#define PIPELINE_H 1

/* The pipeline of a host's integration bridge.
 *
 * One list of stages, registers and drop reasons, from which the enums below,
 * nethv-flows(7) and the words of "nethvctl trace" are made.
 *
 * A frame from an endpoint runs through the stages in order.  All forwarding
 * through the tenant's virtual topology happens here, at the source host:
 * LINK leads back to SWITCH once for every virtual link.  A frame from a
 * tunnel enters at ACCEPT and needs only the last part. */

#include <stdint.h>

/*      enum        table  name        purpose */
#define PIPELINE_STAGES                                                       \
    STAGE(CLASSIFY,    0, "classify", "which endpoint or tunnel sent it")     \
    STAGE(SECURITY,    1, "security", "port security: MAC and IP of sender")  \
    STAGE(GUARD,       2, "guard",    "control protocols and LLDP stay out")  \
    STAGE(SWITCH,      8, "switch",   "entry to a virtual switch, hop limit") \
    STAGE(LEARN,       9, "learn",    "sources that the model does not know") \
    STAGE(ANSWER,     10, "answer",   "ARP and ND for known endpoints")       \
    STAGE(FORWARD,    11, "forward",  "destination MACs of the model")        \
    STAGE(LEARNED,    12, "learned",  "destination MACs learned from frames") \
    STAGE(UNKNOWN,    13, "unknown",  "learned or flood")                     \
    STAGE(PATH,       14, "path",     "next virtual link to a known switch")  \
    STAGE(FLOOD,      15, "flood",    "all ports of a switch, links of the "  \
                                      "spanning tree")                        \
    STAGE(LINK,       16, "link",     "across a virtual link")                \
    STAGE(HOPS,       17, "hops",     "counts virtual switches, to a limit")  \
    /* Tables 32 to 95 are the tenants' own (switches in mode openflow). */   \
    STAGE(DELIVER,   100, "deliver",  "to an endpoint of this host, or out")  \
    STAGE(SIZE,      101, "size",     "does it fit the smallest path's MTU?") \
    STAGE(WIRE,      102, "wire",     "rewrite the source MAC, or whole")     \
    STAGE(REACH,     103, "reach",    "which host next, or the tree")         \
    STAGE(HOP,       104, "hop",      "which tunnel to that host")            \
    STAGE(ENCAP,     105, "encap",    "put the key where the tunnel has it")  \
    STAGE(TREE,      106, "edges",    "stamp it, and which edges of its tree "\
                                      "next")                                 \
    STAGE(ACCEPT,    110, "accept",   "outer source against wire source")     \
    STAGE(LANDED,    111, "landed",   "mine, transit or flood?")              \
    STAGE(RESTORE,   112, "restore",  "put the tenant's source MAC back")     \
    STAGE(ARRIVED,   113, "arrived",  "ports of this host that it is for")    \
    STAGE(DROP,      120, "drop",     "one counter for each reason")

enum stage {
#define STAGE(ENUM, TABLE, NAME, PURPOSE) STAGE_##ENUM = TABLE,
    PIPELINE_STAGES
#undef STAGE
};

#define STAGE_TENANT_FIRST 32
#define STAGE_TENANT_LAST 95

/*    enum  register  first bit  last bit  name  meaning */
#define PIPELINE_FIELDS                                                       \
    FIELD(IN,          0,  0, 31, "in",          "OpenFlow port it came by")  \
    FIELD(SWITCH,      1,  0, 31, "switch",      "group of the switch it is in") \
    FIELD(DOMAIN,      2,  0, 31, "domain",      "broadcast domain: lowest "  \
                                                 "group of its switches")     \
    FIELD(SOURCE,      3,  0, 31, "source",      "location of the port it "   \
                                                 "came from")                 \
    FIELD(KEY,         4,  0, 31, "key",         "location or flood group it "\
                                                 "goes to")                   \
    FIELD(TO,          5,  0, 31, "to",          "group of the switch a known "\
                                                 "destination sits at")       \
    FIELD(TAG,         6,  0, 15, "tag",         "tenant's tag")              \
    FIELD(HOPS,        6, 16, 23, "hops",        "virtual switches entered")  \
    FIELD(WHOLE,       6, 24, 24, "whole",       "came as a whole frame")     \
    FIELD(BIG,         6, 25, 25, "big",         "larger than the MTU")       \
    FIELD(REMOTE,      6, 26, 26, "remote",      "came from a tunnel")        \
    FIELD(WAN,         6, 27, 27, "wan",         "came from another cloud's " \
                                                 "gateway")                   \
    FIELD(CHECKED,     6, 28, 28, "checked",     "port security has checked ND") \
    FIELD(FROM,        7,  0, 31, "from",        "group of the switch before")\
    FIELD(NEXT,        8,  0, 31, "next",        "group of the switch after") \
    FIELD(REASON,      9,  0, 31, "reason",      "why it is dropped")         \
    FIELD(OUT,        10,  0, 31, "out",         "OpenFlow port it leaves by")\
    FIELD(HOP,        11,  0, 31, "hop",         "location of the next host") \
    FIELD(PART,       12,  0, 31, "part",        "part of a wide fan-out")    \
    FIELD(TREE,       13,  0, 31, "tree",        "number of the tree that it "\
                                                 "follows")

/*       enum             name               a frame that ... */
#define PIPELINE_REASONS                                                      \
    REASON(NO_PORT,       "no-port",         "came by a port nothing claims") \
    REASON(SPOOFED_MAC,   "spoofed-mac",     "has a source MAC that its "     \
                                             "secured port does not own")     \
    REASON(SPOOFED_IP,    "spoofed-ip",      "has an IP, ARP or ND source that "\
                                             "its secured port does not own") \
    REASON(RESERVED,      "reserved",        "is for 01:80:c2:00:00:0x, which "\
                                             "no bridge forwards (LLDP, STP)") \
    REASON(HOP_LIMIT,     "hop-limit",       "entered too many virtual switches") \
    REASON(UNBOUND,       "unbound",         "is for a port no host has")     \
    REASON(NO_PATH,       "no-path",         "is for a switch, host or cloud "\
                                             "that nothing leads to")         \
    REASON(TOO_BIG,       "too-big",         "is larger than the MTU and not "\
                                             "IP")                            \
    REASON(BAD_REQUEST,   "bad-request",     "is a DHCP request or router "   \
                                             "solicitation that makes no sense") \
    REASON(FORGED_SOURCE, "forged-source",   "came by a tunnel its wire "     \
                                             "source does not belong to")     \
    REASON(CONTROL,       "control",         "claims to be nethv's own and is "\
                                             "not for here")                  \
    REASON(MISROUTED,     "misrouted",       "has a key that is not for here")\
    REASON(UNKNOWN_SOURCE, "unknown-source", "has a wire source no port has") \
    REASON(FOREIGN,       "foreign",         "is for a port of another tenant "\
                                             "or of none")                   \
    REASON(BROKEN,        "broken",          "should be a whole frame and is "\
                                             "none")                          \
    REASON(HIDDEN_IP,     "hidden-ip",       "has more VLAN tags than Open "  \
                                             "vSwitch looks behind, and its " \
                                             "secured port has IP addresses") \
    REASON(IDLE_GATEWAY,  "idle-gateway",    "came from another cloud by a "  \
                                             "gateway that this host does "   \
                                             "not use, or not yet")           \
    REASON(VERSION,       "version",         "is in a version of the wire "   \
                                             "format that this host does "    \
                                             "not read")                      \
    REASON(FILLER,        "filler",          "fills the path from another "   \
                                             "cloud's gateway, to measure its "\
                                             "bandwidth")

enum drop_reason {
#define REASON(ENUM, NAME, MEANING) DROP_##ENUM,
    PIPELINE_REASONS
#undef REASON
    DROP_N_REASONS
};

/* A field of the pipeline: 'n_bits' bits of register 'reg' from bit 'ofs'. */
struct pipeline_field {
    const char *name;
    const char *meaning;
    const char *text;               /* As in ovs-actions(7). */
    uint8_t reg;
    uint8_t ofs;
    uint8_t n_bits;
};

enum pipeline_field_id {
#define FIELD(ENUM, REG, FIRST, LAST, NAME, MEANING) FIELD_##ENUM,
    PIPELINE_FIELDS
#undef FIELD
    FIELD_N
};

/* A frame may enter this many virtual switches.  Each entry by a link costs one
 * of the 64 nested resubmits that Open vSwitch allows. */
#define PIPELINE_HOPS_MAX 48

extern const struct pipeline_field pipeline_fields[FIELD_N];

/* Returns the name of the stage in 'table', or NULL if none is. */
const char *pipeline_stage_name(uint8_t table);

/* Return the name or meaning of 'reason', which is less than DROP_N_REASONS. */
const char *pipeline_reason_name(enum drop_reason reason);
const char *pipeline_reason_meaning(enum drop_reason reason);

#endif /* pipeline.h */
