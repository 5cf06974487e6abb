/* SPDX-License-Identifier: Apache-2.0 */

/* Runs frames through the rules of one host and prints the traces as JSON, a
 * line each, for tests/oracle, which lets Open vSwitch do the same.
 *
 *     trace-run RULES < FRAMES
 *
 * RULES is a file of rules as "ovs-ofctl add-flows" reads them.  Each line of
 * FRAMES is "PORT HEX [KEY SRC DST [OPTION]]": a frame, the OpenFlow port that
 * it enters by, and if that is a tunnel its key, addresses and tun_metadata0.
 * What frames teach the host stays for the next ones. */

#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dp-packet.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-protocol.h"
#include "openvswitch/vlog.h"
#include "packets.h"
#include "rule.h"
#include "trace.h"
#include "util.h"

static void
add_rules(struct rule_set *rules, const char *file)
{
    enum ofputil_protocol usable;
    struct ofputil_flow_mod *mods;
    size_t n;
    char *error = parse_ofp_flow_mod_file(file, NULL, NULL, OFPFC_ADD, &mods,
                                          &n, &usable);

    if (error) {
        ovs_fatal(0, "%s", error);
    }
    for (size_t i = 0; i < n; i++) {
        const struct ofputil_flow_mod *fm = &mods[i];
        struct match match;

        minimatch_expand(&fm->match, &match);
        rule_set_put(rules, rule_create(
            fm->table_id == OFPTT_ALL ? 0 : fm->table_id, fm->priority,
            ntohll(fm->new_cookie), &match, fm->ofpacts, fm->ofpacts_len));
        minimatch_destroy(&mods[i].match);
        free(mods[i].ofpacts);
    }
    free(mods);
}

/* Reads a line of FRAMES, cut at blanks into 'words', into '*in' and
 * '*frame'. */
static void
parse_frame(char *words[6], size_t n, struct trace_input *in,
            struct dp_packet **frame)
{
    const char *error;

    if (n != 2 && n != 5 && n != 6) {
        ovs_fatal(0, "a frame is PORT HEX [KEY SRC DST [OPTION]]");
    }
    in->port = u16_to_ofp(atoi(words[0]));
    error = eth_from_hex(words[1], frame);
    if (error) {
        ovs_fatal(0, "%s: %s", words[1], error);
    }
    if (n >= 5) {
        in->tunnel.tun_id = htonll(strtoull(words[2], NULL, 0));
        in->tunnel.flags = FLOW_TNL_F_KEY;
        if (!ip_parse(words[3], &in->tunnel.ip_src)
            || !ip_parse(words[4], &in->tunnel.ip_dst)) {
            ovs_fatal(0, "%s, %s: not two IPv4 addresses", words[3],
                      words[4]);
        }
    }
    if (n == 6) {
        ovs_be32 option = htonl(strtoul(words[5], NULL, 0));

        memcpy(in->tunnel.metadata.opts.u8, &option, sizeof option);
        in->tunnel.metadata.present.map = 1;
    }
}

static void
run_frame(struct trace_host *host, char *line)
{
    const struct trace_options options = { .steps = true };
    struct trace_input in = { .host = host };
    struct dp_packet *frame;
    struct trace *trace;
    char *words[6], *save = NULL;
    size_t n = 0;

    for (char *word = strtok_r(line, " ", &save); word && n < 6;
         word = strtok_r(NULL, " ", &save)) {
        words[n++] = word;
    }
    parse_frame(words, n, &in, &frame);
    trace = trace_run(&in, dp_packet_data(frame), dp_packet_size(frame),
                      &options);

    struct json *json = trace_to_json(trace);
    char *s = json_to_string(json, 0);
    puts(s);
    fflush(stdout);
    free(s);
    json_destroy(json);
    trace_destroy(trace);
    dp_packet_delete(frame);
}

int
main(int argc, char *argv[])
{
    struct ds line = DS_EMPTY_INITIALIZER;
    struct trace_host *host;
    struct rule_set rules;

    set_program_name(argv[0]);
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_ERR);
    if (argc != 2) {
        ovs_fatal(0, "usage: %s RULES < FRAMES", argv[0]);
    }
    rule_set_init(&rules);
    add_rules(&rules, argv[1]);
    host = trace_host_create("host", &rules);
    while (!ds_get_line(&line, stdin)) {
        run_frame(host, ds_cstr(&line));
    }
    ds_destroy(&line);
    trace_host_destroy(host);
    rule_set_destroy(&rules);
    return 0;
}
