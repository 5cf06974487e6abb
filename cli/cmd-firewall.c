/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "cli/cmd-firewall.h"

#include <getopt.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/openings.h"
#include "ovs/reader.h"
#include "nethv-idl.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "ovs/inventory.h"
#include "ovsdb-idl.h"
#include "packets.h"
#include "util.h"

#define TIMEOUT_MSEC 10000

/* One way of writing openings down. */
struct format {
    const char *name;
    void (*write)(const char *cloud, const struct openings *, struct ds *);
};

static const char *
name_to(enum opening_to to)
{
    return (to == OPENING_GATEWAYS ? "gateways"
            : to == OPENING_DATABASE ? "database" : "hosts");
}

static const char *
describe_to(enum opening_to to)
{
    return (to == OPENING_GATEWAYS ? "the cloud's gateways"
            : to == OPENING_DATABASE ? "the gateway with the database"
            : "all hosts of the cloud");
}

/* Text. */

static void
put_list(const struct svec *list, const char *separator, struct ds *s)
{
    char *joined = svec_join(list, separator, "");
    ds_put_cstr(s, joined);
    free(joined);
}

static void
write_text(const char *cloud, const struct openings *openings, struct ds *s)
{
    ds_put_format(s, "What the firewalls of cloud %s must let in:\n", cloud);
    for (size_t i = 0; i < openings->n; i++) {
        const struct opening *o = &openings->all[i];
        ds_put_format(s, "\n%s", openings_protocol_name(o->protocol));
        if (o->port) {
            ds_put_format(s, " port %d", o->port);
        } else {
            ds_put_format(s, " (IP protocol %d)", o->protocol);
        }
        ds_put_format(s, "  %s\n    to    %s", o->why, describe_to(o->to));
        if (o->to_ips.n) {
            ds_put_cstr(s, ": ");
            put_list(&o->to_ips, ", ", s);
        }
        ds_put_format(s, "\n    from  %s%s",
                      o->inside ? "the cloud's own machines" : "",
                      o->inside && o->from.n ? ": " : "");
        put_list(&o->from, ", ", s);
        ds_put_char(s, '\n');
    }
}

/* JSON. */

static struct json *
svec_to_json(const struct svec *list)
{
    struct json *json = json_array_create_empty();
    const char *s;
    size_t i;
    SVEC_FOR_EACH (i, s, list) {
        json_array_add(json, json_string_create(s));
    }
    return json;
}

static void
write_json(const char *cloud, const struct openings *openings, struct ds *s)
{
    struct json *list = json_array_create_empty();
    for (size_t i = 0; i < openings->n; i++) {
        const struct opening *o = &openings->all[i];
        struct json *json = json_object_create();
        json_object_put_string(json, "to", name_to(o->to));
        json_object_put(json, "to-addresses", svec_to_json(&o->to_ips));
        json_object_put(json, "inside", json_boolean_create(o->inside));
        json_object_put(json, "from", svec_to_json(&o->from));
        json_object_put_string(json, "protocol",
                               openings_protocol_name(o->protocol));
        json_object_put(json, "port", (o->port ? json_integer_create(o->port)
                                       : json_null_create()));
        json_object_put_string(json, "why", o->why);
        json_array_add(list, json);
    }
    struct json *document = json_object_create();
    json_object_put_string(document, "cloud", cloud);
    json_object_put(document, "openings", list);
    json_to_ds(document, JSSF_SORT | JSSF_PRETTY, s);
    ds_put_char(s, '\n');
    json_destroy(document);
}

/* nftables. */

/* Adds to 'matching' those of 'list' that are IPv6, or those that are not.
 * Returns whether there is any. */
static bool
select_family(const struct svec *list, bool ipv6, struct svec *matching)
{
    const char *ip;
    size_t i;

    svec_init(matching);
    SVEC_FOR_EACH (i, ip, list) {
        if (!strchr(ip, ':') != ipv6) {
            svec_add(matching, ip);
        }
    }
    return matching->n > 0;
}

/* Writes " WORD { ADDRESS, ... }" for the addresses of 'list' that are IPv6, or
 * are not; returns whether there was one. */
static bool
put_nft_set(const char *word, const struct svec *list, bool ipv6, struct ds *s)
{
    struct svec matching;
    bool any = select_family(list, ipv6, &matching);
    if (any) {
        ds_put_format(s, "%s %s { ", ipv6 ? "ip6" : "ip", word);
        put_list(&matching, ", ", s);
        ds_put_cstr(s, " } ");
    }
    svec_destroy(&matching);
    return any;
}

static void
put_nft_rule(const struct opening *o, bool ipv6, struct ds *s)
{
    struct ds rule = DS_EMPTY_INITIALIZER;
    bool complete = put_nft_set("saddr", &o->from, ipv6, &rule)
                    && put_nft_set("daddr", &o->to_ips, ipv6, &rule);
    if (complete && o->port) {
        ds_put_format(s, "        %s%s dport %d accept comment \"%s\"\n",
                      ds_cstr(&rule), openings_protocol_name(o->protocol),
                      o->port, o->why);
    } else if (complete) {
        ds_put_format(s, "        %smeta l4proto %d accept comment \"%s\"\n",
                      ds_cstr(&rule), o->protocol, o->why);
    }
    ds_destroy(&rule);
}

/* A chain of accepting rules in Debian's own table, which is used by a jump
 * from the user's input or forward chain: it cuts nobody off by itself. */
static void
write_nft(const char *cloud, const struct openings *openings, struct ds *s)
{
    ds_put_format(s, "# What cloud %s must let in.  To use it:\n"
                  "#   nft add rule inet filter input jump nethv\n"
                  "# Only hosts that have joined are known, unless "
                  "--inside=PREFIX names them all.\n"
                  "add table inet filter\n"
                  "add chain inet filter nethv\n"
                  "flush chain inet filter nethv\n"
                  "table inet filter {\n    chain nethv {\n", cloud);
    for (size_t i = 0; i < openings->n; i++) {
        put_nft_rule(&openings->all[i], false, s);
        put_nft_rule(&openings->all[i], true, s);
    }
    ds_put_cstr(s, "    }\n}\n");
}

/* The clouds' own tools. */

/* Returns the name of the shell variable with the group of firewall rules of
 * those to whom 'o' leads. */
static const char *
group_variable(const struct opening *o)
{
    return o->to == OPENING_HOSTS ? "HOSTS" : "GATEWAYS";
}

/* Returns 'ip' as a prefix, malloc'd. */
static char *
to_prefix(const char *ip)
{
    return (strchr(ip, '/') ? xstrdup(ip)
            : xasprintf("%s/%d", ip, strchr(ip, ':') ? 128 : 32));
}

static void
put_aws_sources(const struct opening *o, struct ds *s)
{
    const char *ip;
    size_t i;

    if (o->inside) {
        ds_put_cstr(s, "UserIdGroupPairs=[{GroupId='\"$HOSTS\"'}]");
        return;
    }
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        const char *separator = ipv6 ? "Ipv6Ranges=[" : "IpRanges=[";
        bool any = false;
        SVEC_FOR_EACH (i, ip, &o->from) {
            if (!strchr(ip, ':') == !ipv6) {
                char *prefix = to_prefix(ip);
                ds_put_format(s, "%s{Cidr%s=%s,Description=nethv}", separator,
                              ipv6 ? "Ipv6" : "Ip", prefix);
                free(prefix);
                separator = ",";
                any = true;
            }
        }
        ds_put_cstr(s, any ? ipv6 ? "]" : "]," : "");
    }
    ds_chomp(s, ',');
}

static void
write_aws(const char *cloud, const struct openings *openings, struct ds *s)
{
    ds_put_format(s, "# Cloud %s.  Set these first: the security group of all "
                  "hosts, gateways included, and the one of gateways.\n"
                  ": \"${HOSTS:?sg-...}\" \"${GATEWAYS:?sg-...}\"\n", cloud);
    for (size_t i = 0; i < openings->n; i++) {
        const struct opening *o = &openings->all[i];
        ds_put_format(s, "# %s\naws ec2 authorize-security-group-ingress "
                      "--group-id \"$%s\" --ip-permissions 'IpProtocol=",
                      o->why, group_variable(o));
        if (o->port) {
            ds_put_format(s, "%s,FromPort=%d,ToPort=%d,",
                          openings_protocol_name(o->protocol), o->port,
                          o->port);
        } else {
            ds_put_format(s, "%d,", o->protocol);
        }
        put_aws_sources(o, s);
        ds_put_cstr(s, "'\n");
    }
}

static void
write_azure(const char *cloud, const struct openings *openings, struct ds *s)
{
    ds_put_format(s, "# Cloud %s.  Set these first: the resource group, and "
                  "the network security groups of hosts and of gateways.\n"
                  ": \"${GROUP:?}\" \"${HOSTS:?}\" \"${GATEWAYS:?}\"\n",
                  cloud);
    for (size_t i = 0; i < openings->n; i++) {
        const struct opening *o = &openings->all[i];
        ds_put_format(s, "# %s\naz network nsg rule create --resource-group "
                      "\"$GROUP\" --nsg-name \"$%s\" --name nethv-%"PRIuSIZE
                      " --priority %"PRIuSIZE" --direction Inbound --access "
                      "Allow --protocol %s", o->why, group_variable(o), i + 1,
                      400 + i, (o->protocol == IPPROTO_TCP ? "Tcp"
                                : o->protocol == IPPROTO_UDP ? "Udp" : "'*'"));
        if (o->port) {
            ds_put_format(s, " --destination-port-ranges %d", o->port);
        }
        ds_put_cstr(s, " --source-address-prefixes ");
        if (o->inside) {
            ds_put_cstr(s, "VirtualNetwork");
        } else {
            put_list(&o->from, " ", s);
        }
        ds_put_char(s, '\n');
    }
}

static void
put_gcp_rule(const struct opening *o, size_t number, const char *suffix,
             const struct svec *from, struct ds *s)
{
    ds_put_format(s, "# %s\ngcloud compute firewall-rules create "
                  "nethv-%"PRIuSIZE"%s --network \"$NETWORK\" --direction "
                  "INGRESS --allow ", o->why, number, suffix);
    if (o->port) {
        ds_put_format(s, "%s:%d", openings_protocol_name(o->protocol),
                      o->port);
    } else {
        ds_put_format(s, "%d", o->protocol);
    }
    ds_put_format(s, " --target-tags nethv-%s --source-%s ",
                  o->to == OPENING_HOSTS ? "host" : "gateway",
                  from ? "ranges" : "tags nethv-host");
    if (from) {
        put_list(from, ",", s);
    }
    ds_chomp(s, ' ');
    ds_put_char(s, '\n');
}

/* A rule of GCP is for one family of addresses. */
static void
write_gcp(const char *cloud, const struct openings *openings, struct ds *s)
{
    ds_put_format(s, "# Cloud %s.  Set the network first; instances have the "
                  "tag nethv-host, gateways nethv-gateway as well.\n"
                  ": \"${NETWORK:?}\"\n", cloud);
    for (size_t i = 0; i < openings->n; i++) {
        const struct opening *o = &openings->all[i];
        if (o->inside) {
            put_gcp_rule(o, i + 1, "", NULL, s);
            continue;
        }
        for (int ipv6 = 0; ipv6 < 2; ipv6++) {
            struct svec from;
            if (select_family(&o->from, ipv6, &from)) {
                put_gcp_rule(o, i + 1, ipv6 ? "-ipv6" : "", &from, s);
            }
            svec_destroy(&from);
        }
    }
}

static const struct format formats[] = {
    { "text", write_text },
    { "nft", write_nft },
    { "aws", write_aws },
    { "azure", write_azure },
    { "gcp", write_gcp },
    { "json", write_json },
};

static const struct format *
find_format(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        if (!strcmp(formats[i].name, name)) {
            return &formats[i];
        }
    }
    return NULL;
}

/* What the user asked for. */
struct request {
    const char *cloud;
    const char *inside;
    const struct format *format;
};

static bool
is_prefix(const char *s)
{
    struct in6_addr ip6;
    unsigned int plen;
    ovs_be32 ip;
    char *error = (strchr(s, ':') ? ipv6_parse_cidr(s, &ip6, &plen)
                   : ip_parse_cidr(s, &ip, &plen));
    free(error);
    return !error;
}

static char *
parse(int argc, char *argv[], struct request *request)
{
    static const struct option options[] = {
        { "format", required_argument, NULL, 'f' },
        { "inside", required_argument, NULL, 'i' },
        { NULL, 0, NULL, 0 },
    };
    const char *format = "text";
    int option;

    optind = 0;
    while ((option = getopt_long(argc, argv, "f:", options, NULL)) != -1) {
        switch (option) {
        case 'f': format = optarg; break;
        case 'i': request->inside = optarg; break;
        default: optind = argc; break;
        }
    }
    request->format = find_format(format);
    if (!request->format) {
        return xasprintf("--format is text, nft, aws, azure, gcp or json, not "
                         "\"%s\"", format);
    }
    if (request->inside && !is_prefix(request->inside)) {
        return xasprintf("--inside is a prefix such as 10.1.0.0/16, not "
                         "\"%s\"", request->inside);
    }
    if (optind != argc - 1) {
        return xstrdup("usage: nethvctl firewall CLOUD [--format=text|nft|aws|"
                       "azure|gcp|json] [--inside=PREFIX]");
    }
    request->cloud = argv[optind];
    return NULL;
}

static char *
print(struct ovsdb_idl *idl, const struct request *request)
{
    const struct nethvrec_cloud *cloud = inventory_cloud(idl, request->cloud);
    if (!cloud) {
        return xasprintf("there is no cloud called \"%s\"", request->cloud);
    }
    struct openings openings = OPENINGS_INITIALIZER;
    struct ds s = DS_EMPTY_INITIALIZER;
    openings_find(idl, cloud, request->inside, &openings);
    request->format->write(cloud->name, &openings, &s);
    fputs(ds_cstr(&s), stdout);
    ds_destroy(&s);
    openings_destroy(&openings);
    return NULL;
}

static int
run_firewall(int argc, char *argv[])
{
    struct request request = { NULL };
    struct ovsdb_idl *idl = NULL;

    char *error = parse(argc, argv, &request);
    if (!error) {
        error = reader_open(getenv("NETHV_DB"), TIMEOUT_MSEC, &idl);
    }
    if (!error) {
        error = print(idl, &request);
    }
    ovsdb_idl_destroy(idl);
    if (error) {
        fprintf(stderr, "nethvctl: firewall: %s\n", error);
        free(error);
        return CLI_FAILED;
    }
    return CLI_OK;
}

const struct local_verb cmd_firewall = {
    "firewall", run_firewall,
    "  firewall CLOUD [--format=text|nft|aws|azure|gcp|json]\n"
    "                                     what its firewalls must let in\n",
};
