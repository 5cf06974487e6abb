/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* Lets test_shells.py use the shells in lib/ovs/: reads commands from standard
 * input, one a line, and writes what happens to standard output. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile/compile.h"
#include "openvswitch/list.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-parse.h"
#include "openvswitch/ofp-protocol.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs/ofswitch.h"
#include "ovs/uplink.h"
#include "ovs/vswitch.h"
#include "packets.h"
#include "rule.h"
#include "smap.h"
#include "timeval.h"
#include "util.h"

struct shells {
    struct rule_set rules;
    struct ofswitch *sw;
    struct vswitch_db *db;
};

/* Prints 'error', if any, and frees it. */
static void
say(char *error)
{
    printf("%s\n", error ? error : "ok");
    free(error);
}

static void
on_packet(void *aux OVS_UNUSED, const struct ofswitch_packet *p)
{
    printf("packet in_port=%u reg1=%u userdata=", p->in_port,
           p->metadata->regs[1]);
    for (size_t i = 0; i < p->userdata_len; i++) {
        printf("%02x", p->userdata[i]);
    }
    printf(" size=%"PRIuSIZE"\n", p->size);
}

static void
on_counts(void *aux OVS_UNUSED, const struct ofswitch_counts *c)
{
    printf("counts table=%u cookie=%"PRIu64" packets=%"PRIu64"\n", c->table,
           c->cookie, c->n_packets);
}

/* "connect TARGET" */
static void
cmd_connect(struct shells *s, char *args)
{
    struct ofswitch_callbacks callbacks = { on_packet, on_counts };

    s->sw = ofswitch_create(args, &s->rules, &callbacks, NULL);
    printf("ok\n");
}

/* "rules FILE": what is in FILE, as for "ovs-ofctl add-flows", is wanted. */
static void
cmd_rules(struct shells *s, char *args)
{
    struct rule_owner_id owner = { .role = 1 };
    struct ovs_list rules = OVS_LIST_INITIALIZER(&rules);
    enum ofputil_protocol usable;
    struct ofputil_flow_mod *fms;
    size_t n;
    char *error = parse_ofp_flow_mod_file(args, NULL, NULL, OFPFC_ADD, &fms,
                                          &n, &usable);
    if (error) {
        say(error);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct match match;

        minimatch_expand(&fms[i].match, &match);
        struct rule *rule = rule_create(fms[i].table_id, fms[i].priority,
                                        ntohll(fms[i].new_cookie), &match,
                                        fms[i].ofpacts, fms[i].ofpacts_len);
        ovs_list_push_back(&rules, &rule->owner_node);
        free(fms[i].ofpacts);
        minimatch_destroy(&fms[i].match);
    }
    free(fms);
    rule_set_replace(&s->rules, &owner, &rules);
    printf("ok %"PRIuSIZE"\n", n);
}

/* "meter ID KBPS": wants that one meter, or with ID 0 none. */
static void
cmd_meter(struct shells *s, char *args)
{
    struct compiled_meter meter = { 0 };
    unsigned int kbps = 0;

    sscanf(args, "%u %u", &meter.id, &kbps);
    meter.kbps = kbps;
    ofswitch_set_meters(s->sw, &meter, meter.id != 0);
    printf("ok\n");
}

/* "userspace": the bridge's datapath is that. */
static void
cmd_userspace(struct shells *s, char *args OVS_UNUSED)
{
    ofswitch_set_userspace(s->sw, true);
    printf("ok\n");
}

static void
cmd_ready(struct shells *s, char *args OVS_UNUSED)
{
    ofswitch_set_ready(s->sw);
    printf("ok\n");
}

/* "update STAMP" */
static void
cmd_update(struct shells *s, char *args)
{
    struct hmap changes = HMAP_INITIALIZER(&changes);

    rule_set_take_changes(&s->rules, &changes);
    ofswitch_update(s->sw, &changes, atoi(args));
    printf("ok %"PRIuSIZE"\n", hmap_count(&changes));
    rule_changes_destroy(&changes);
}

static void
block(struct shells *s, long long int deadline)
{
    ofswitch_wait(s->sw);
    poll_timer_wait_until(deadline);
    poll_block();
}

/* "wait STAMP MS": runs until the switch has confirmed STAMP. */
static void
cmd_wait(struct shells *s, char *args)
{
    unsigned int stamp = 0, ms = 0;

    sscanf(args, "%u %u", &stamp, &ms);
    long long int start = time_msec();
    for (;;) {
        ofswitch_run(s->sw);
        if (ofswitch_confirmed(s->sw) >= stamp && ofswitch_is_current(s->sw)) {
            printf("ok %lld ms\n", time_msec() - start);
            return;
        } else if (time_msec() >= start + ms) {
            printf("timeout\n");
            return;
        }
        block(s, start + ms);
    }
}

/* "run MS" */
static void
cmd_run(struct shells *s, char *args)
{
    long long int deadline = time_msec() + atoi(args);

    while (time_msec() < deadline) {
        ofswitch_run(s->sw);
        block(s, deadline);
    }
    printf("ok\n");
}

static void
cmd_poll(struct shells *s, char *args)
{
    ofswitch_poll_table(s->sw, atoi(args));
    printf("ok\n");
}

/* "out HEX PORT": sends the frame HEX out of PORT. */
static void
cmd_out(struct shells *s, char *args)
{
    char hex[256] = "";
    unsigned int port = 0;
    struct ofpbuf frame, ofpacts;

    sscanf(args, "%255s %u", hex, &port);
    ofpbuf_init(&frame, 0);
    ofpbuf_put_hex(&frame, hex, NULL);
    ofpbuf_init(&ofpacts, 0);
    ofpact_put_OUTPUT(&ofpacts)->port = port;
    int error = ofswitch_packet_out(s->sw, frame.data, frame.size,
                                    OFPP_CONTROLLER, ofpacts.data,
                                    ofpacts.size);
    ofpbuf_uninit(&frame);
    ofpbuf_uninit(&ofpacts);
    printf("%s\n", error ? ovs_strerror(error) : "ok");
}

static void
cmd_stats(struct shells *s, char *args OVS_UNUSED)
{
    struct ofswitch_stats st;

    ofswitch_get_stats(s->sw, &st);
    printf("state=%s connects=%"PRIu64" compares=%"PRIu64" adopted=%"PRIu64
           " flow_mods=%"PRIu64" refused=%"PRIu64"\n", st.state,
           st.n_connects, st.n_compares, st.n_adopted, st.n_flow_mods,
           st.n_refused);
}

/* "open REMOTE": the Open vSwitch database. */
static void
cmd_open(struct shells *s, char *args)
{
    s->db = vswitch_create(args);
    printf("ok\n");
}

static void
cmd_bridge(struct shells *s, char *args)
{
    vswitch_set_bridge(s->db, args);
    printf("ok\n");
}

/* "tunnels NAME...": "gre", "geneve" or "vxlan" for a flow based one, or a
 * cloud's id for an edge over GRE to 192.0.2.ID. */
static void
cmd_tunnels(struct shells *s, char *args)
{
    struct vswitch_tunnel tunnels[16];
    size_t n = 0;

    for (char *word = strtok(args, " "); word && n < ARRAY_SIZE(tunnels);
         word = strtok(NULL, " ")) {
        if (atoi(word)) {
            struct in6_addr ip = in6_addr_mapped_ipv4(
                htonl(0xc0000200 + atoi(word)));
            vswitch_edge_tunnel(&tunnels[n++], ENCAP_GRE, atoi(word), &ip);
        } else {
            vswitch_flow_tunnel(&tunnels[n++],
                                !strcmp(word, "gre") ? ENCAP_GRE
                                : !strcmp(word, "geneve") ? ENCAP_GENEVE
                                : ENCAP_VXLAN);
        }
    }
    vswitch_set_tunnels(s->db, tunnels, n);
    printf("ok\n");
}

/* "port NAME TYPE IFACE-ID" */
static void
cmd_port(struct shells *s, char *args)
{
    char name[64] = "", type[64] = "", id[64] = "";
    struct smap ids = SMAP_INITIALIZER(&ids);

    sscanf(args, "%63s %63s %63s", name, type, id);
    smap_add(&ids, "iface-id", id);
    vswitch_add_port(s->db, &(struct vswitch_port) {
        .bridge = VSWITCH_BRIDGE,
        .name = name,
        .type = type,
        .external_ids = &ids,
    });
    smap_destroy(&ids);
    printf("ok\n");
}

static void
cmd_del_port(struct shells *s, char *args)
{
    vswitch_del_port(s->db, args);
    printf("ok\n");
}

/* "set KEY [VALUE]" */
static void
cmd_set(struct shells *s, char *args)
{
    char *value = strchr(args, ' ');

    if (value) {
        *value++ = '\0';
    }
    vswitch_set_external_id(s->db, args, value);
    printf("ok\n");
}

static void
cmd_settle(struct shells *s, char *args)
{
    say(vswitch_settle(s->db, atoi(args)));
}

static void
cmd_problem(struct shells *s, char *args OVS_UNUSED)
{
    say(vswitch_config_problem(s->db));
}

static void
cmd_ifaces(struct shells *s, char *args OVS_UNUSED)
{
    const struct shash_node **nodes = shash_sort(vswitch_ifaces(s->db));

    for (size_t i = 0; i < shash_count(vswitch_ifaces(s->db)); i++) {
        const struct vswitch_iface *iface = nodes[i]->data;

        printf("%s type=%s id=%s ofport=%s\n", iface->name, iface->type,
               iface->iface_id ? iface->iface_id : "-",
               iface->ofport ? "yes" : "no");
    }
    free(nodes);
    printf("ok\n");
}

/* "uplink NIC HOST:PORT|router MS": moves NIC into br-phy. */
static void
cmd_uplink(struct shells *s, char *args)
{
    char nic[64] = "", target[64] = "";
    int ms = 0;

    sscanf(args, "%63s %63s %d", nic, target, &ms);
    say(uplink_attach(s->db, nic, ms, strcmp(target, "router")
                                      ? uplink_check_tcp : NULL, target));
}

static void
cmd_uplink_back(struct shells *s, char *args)
{
    say(uplink_detach(s->db, args));
}

static const struct {
    const char *name;
    void (*run)(struct shells *, char *args);
} commands[] = {
    { "connect", cmd_connect },
    { "rules", cmd_rules },
    { "meter", cmd_meter },
    { "ready", cmd_ready },
    { "userspace", cmd_userspace },
    { "update", cmd_update },
    { "wait", cmd_wait },
    { "run", cmd_run },
    { "poll", cmd_poll },
    { "out", cmd_out },
    { "stats", cmd_stats },
    { "open", cmd_open },
    { "bridge", cmd_bridge },
    { "tunnels", cmd_tunnels },
    { "port", cmd_port },
    { "del-port", cmd_del_port },
    { "set", cmd_set },
    { "settle", cmd_settle },
    { "problem", cmd_problem },
    { "ifaces", cmd_ifaces },
    { "uplink", cmd_uplink },
    { "uplink-back", cmd_uplink_back },
};

static void
run_command(struct shells *s, char *line)
{
    char *args = strchr(line, ' ');

    if (args) {
        *args++ = '\0';
    }
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        if (!strcmp(commands[i].name, line)) {
            commands[i].run(s, args ? args : line + strlen(line));
            fflush(stdout);
            return;
        }
    }
    ovs_fatal(0, "%s: unknown command", line);
}

int
main(int argc OVS_UNUSED, char *argv[])
{
    struct shells s = { .sw = NULL };
    char line[1024];

    set_program_name(argv[0]);
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_WARN);
    rule_set_init(&s.rules);
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        run_command(&s, line);
    }
    ofswitch_destroy(s.sw);
    vswitch_destroy(s.db);
    rule_set_destroy(&s.rules);
    return 0;
}
