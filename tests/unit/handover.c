/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "handover.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/json.h"
#include "util.h"

Test(handover, round_trip)
{
    static struct handover from, to;
    struct json *json;

    from.n_edges = 2;
    for (int i = 0; i < 2; i++) {
        from.edges[i].cloud = 2 + i;
        from.edges[i].encap = i ? ENCAP_GENEVE : ENCAP_GRE;
        from.edges[i].remote_ip.s6_addr[0] = 0xfd;
        from.edges[i].remote_ip.s6_addr[15] = i;
        from.trees[3 - i].number = 7 - i;
        from.trees[3 - i].via[2] = 2;
        from.trees[3 - i].via[3] = 2 + i;
        from.trees[3 - i].via[254] = 3;
    }
    from.stamp = 2;
    struct uuid network = { { 1, 2, 3, 4 } };
    from.networks = &network;
    from.n_networks = 1;
    json = handover_to_json(&from);
    char *error = handover_from_json(json, &to);
    cr_assert_null(error, "%s", error);
    json_destroy(json);
    struct json *again = handover_to_json(&to);
    json = handover_to_json(&from);
    cr_assert(json_equal(again, json));
    cr_assert(handover_equal(&from, &to));
    json_destroy(again);
    json_destroy(json);
    handover_uninit(&to);
}

Test(handover, networks_that_are_not_said_stay)
{
    static struct handover old, new;
    struct uuid *network = malloc(sizeof *network);
    struct json *json = json_from_string("{\"edges\":[],\"trees\":[]}");

    *network = (struct uuid) { { 1, 2, 3, 4 } };
    old.networks = network;
    old.n_networks = 1;
    cr_assert_null(handover_from_json(json, &new));
    cr_assert(new.no_networks);
    handover_keep_networks(&new, &old);
    cr_assert(!new.no_networks);
    cr_assert_eq(new.networks, network);
    cr_assert_eq(old.n_networks, 0);
    json_destroy(json);
    handover_uninit(&new);
}

Test(handover, control_frames_round_trip)
{
    uint8_t data[HANDOVER_FRAME_MAX] = { 0x03, 0xfe, 0x00 }, cloud;
    size_t n = 0;
    struct json *json = handover_frame_to_json(7, data, 3);

    cr_assert_str_eq(json_string(json->array.elems[1]), "03fe00");
    memset(data, 0xff, 3);
    cr_assert(handover_frame_from_json(json, &cloud, data, &n));
    cr_assert(cloud == 7 && n == 3 && data[0] == 3 && data[1] == 0xfe
              && data[2] == 0);
    json_destroy(json);

    static const char *const wrong[] = {
        "[0,\"00\"]", "[255,\"00\"]", "[1,\"0\"]", "[1,\"0g\"]",
        "[1,2]", "[1]", "{}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        json = json_from_string(wrong[i]);
        cr_assert_not(handover_frame_from_json(json, &cloud, data, &n), "%s",
                      wrong[i]);
        json_destroy(json);
    }
}

Test(handover, trains_round_trip)
{
    struct handover_train train = {
        254, HANDOVER_FILLERS_MAX, 2, { { { 1, 0xff }, 2 }, { { 0x10 }, 1 } }
    }, got;
    struct json *json = handover_train_to_json(&train);
    char *text = json_to_string(json, 0);

    cr_assert_str_eq(text, "[254,1024,\"01ff\",\"10\"]");
    cr_assert(handover_train_from_json(json, &got));
    cr_assert(got.cloud == 254 && got.n_fillers == HANDOVER_FILLERS_MAX
              && got.n_marks == 2 && got.marks[0].n == 2
              && got.marks[0].data[1] == 0xff && got.marks[1].n == 1);
    free(text);
    json_destroy(json);

    static const char *const wrong[] = {
        "[0,1,\"\"]", "[255,1,\"\"]", "[1,0,\"\"]", "[1,-1,\"\"]",
        "[1,1025,\"\"]", "[1,\"1\",\"\"]", "[1,1.5,\"\"]", "[1,1]",
        "[1,1,1]", "[1,1,\"00\",\"0\"]", "[1,1,\"0g\"]", "{}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        json = json_from_string(wrong[i]);
        cr_assert_not(handover_train_from_json(json, &got), "%s", wrong[i]);
        json_destroy(json);
    }
}

Test(handover, a_train_is_no_longer_than_there_is_room)
{
    static struct handover_train train = { 1, 1, HANDOVER_MARKS_MAX };

    for (size_t i = 0; i < HANDOVER_MARKS_MAX; i++) {
        train.marks[i].n = HANDOVER_MARK_LEN_MAX;
    }
    struct json *json = handover_train_to_json(&train);
    cr_assert(handover_train_from_json(json, &train));
    json_array_add(json, json_string_create("00"));
    cr_assert_not(handover_train_from_json(json, &train));
    json_destroy(json);
}

Test(handover, the_first_tree_is_stamped_if_none_is_named)
{
    static struct handover handover;
    struct json *json = json_from_string(
        "{\"edges\":[],\"trees\":[{\"number\":6,\"via\":{}},"
        "{\"number\":5,\"via\":{}}],\"networks\":[]}");

    cr_assert_null(handover_from_json(json, &handover));
    cr_assert_eq(handover.stamp, 2);
    cr_assert_eq(handover.trees[1].number, 5);
    json_destroy(json);
    handover_uninit(&handover);
}

Test(handover, what_a_newer_gateway_says_besides_is_left_alone)
{
    static struct handover handover;
    struct json *json = json_from_string(
        "{\"edges\":[{\"cloud\":2,\"encap\":\"gre\",\"remote_ip\":\"::1\","
        "\"x\":1}],\"trees\":[{\"number\":6,\"via\":{},\"x\":[]}],\"x\":{}}");

    cr_assert_null(handover_from_json(json, &handover));
    cr_assert_eq(handover.n_edges, 1);
    json_destroy(json);
    handover_uninit(&handover);
}

static const struct {
    const char *text;
    const char *says;
} faults[] = {
    { "{}", "Required 'edges' member is missing" },
    { "{\"edges\":[],\"trees\":[],\"networks\":[\"x\"]}",
      "element 0 of \"networks\" is not a UUID" },
    { "{\"edges\":[{\"cloud\":255,\"encap\":\"gre\",\"remote_ip\":\"::1\"}],"
      "\"trees\":[],\"networks\":[]}", "a cloud's id is 1 to 254" },
    { "{\"edges\":[{\"cloud\":2,\"encap\":\"ipip\",\"remote_ip\":\"::1\"}],"
      "\"trees\":[],\"networks\":[]}", "is not gre, geneve or vxlan" },
    { "{\"edges\":[{\"cloud\":2,\"encap\":\"gre\",\"remote_ip\":\"x\"}],"
      "\"trees\":[],\"networks\":[]}", "is not an IP address" },
    { "{\"edges\":[],\"trees\":[{\"number\":0,\"via\":{}}],\"networks\":[]}",
      "tree number 0" },
    { "{\"edges\":[],\"trees\":[{\"number\":1,\"via\":{\"0\":1}}],\"networks\":[]}",
      "clouds are 1 to 254" },
    { "{\"edges\":[],\"trees\":[{\"number\":1,\"via\":{}},{\"number\":5,"
      "\"via\":{}}],\"networks\":[]}", "trees 1 and 5 have the same bits" },
    { "{\"edges\":[],\"trees\":[{},{},{},{},{}],\"networks\":[]}",
      "at most 254 and 4" },
    { "{\"edges\":[],\"trees\":[],\"stamp\":4,\"networks\":[]}",
      "stamp 4 is not 0 to 3" },
};

Test(handover, faults_are_sentences_and_change_nothing)
{
    static struct handover handover;

    handover.n_edges = 77;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct json *json = json_from_string(faults[i].text);
        cr_assert_eq(json->type, JSON_OBJECT, "%s", faults[i].text);
        char *error = handover_from_json(json, &handover);
        cr_assert(error && strstr(error, faults[i].says), "%s: %s",
                  faults[i].text, error ? error : "no error");
        cr_assert_eq(handover.n_edges, 77);
        free(error);
        json_destroy(json);
    }
}

Test(handover, home)
{
    static const char *const bad[] = {
        "[]", "[1]", "[1,2,3]", "[-1,2]", "[1,4294967296]", "[1,\"2\"]", "{}",
    };
    struct db_home home = { 7, 0x02001000 }, got = { 0, 0 };
    struct json *json = handover_home_to_json(&home);

    cr_assert(handover_home_from_json(json, &got));
    cr_assert_eq(got.epoch, home.epoch);
    cr_assert_eq(got.location, home.location);
    json_destroy(json);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        json = json_from_string(bad[i]);
        cr_assert_not(handover_home_from_json(json, &got), "%s", bad[i]);
        json_destroy(json);
    }
}
