# SPDX-License-Identifier: Apache-2.0
"""Edges of a lab's tree are cut, and it is seen when traffic flows again.

Eight clouds, an endpoint in each.
"""

import json
import re
import time
from collections import defaultdict
from datetime import datetime, timezone

from nethvlab import nethv, scenario
from probes import Probes
from wires import wait_until

BOUND = 0.060           # Seconds beyond the one-way delay.
REST = 1.0              # Seconds, of an empty slot.
CLOUDS = [cloud.name for cloud in scenario.load("eight-clouds").clouds]
DOCUMENT = {"nethv": 1, "tenant": "acme", "networks": [{
    "name": "net", "switches": [{"name": "s", "ports": [
        {"name": name, "mac": f"02:00:00:00:00:{i + 1:02x}",
         "ips": [f"10.9.0.{i + 1}/24"]} for i, name in enumerate(CLOUDS)]}]}]}
SCENARIO = {
    **scenario.load("eight-clouds").document,
    "networks": [DOCUMENT],
    "endpoints": [{"name": f"e-{name}", "host": f"{name}-vm1",
                   "port": f"acme/net/s/{name}"} for name in CLOUDS],
}


def table(lab, name, columns):
    text = nethv.ctl(lab, "--format=json", f"--columns={columns}", "list",
                     name)
    return json.loads(text)["data"]


def values(cell):
    """The values of a column that is a set."""
    return cell[1] if isinstance(cell, list) else [cell]


def status_of(lab, cloud):
    return json.loads(lab.run(f"{cloud}-gw", [
        "ovs-appctl", "-t", "/run/nethv/nethv-gateway.ctl", "status"]).stdout)


def answers(lab, cloud):
    """Whether the gateway process of the cloud is there and knows itself."""
    return lab.run(f"{cloud}-gw", [
        "ovs-appctl", "-t", "/run/nethv/nethv-gateway.ctl", "status"],
        check=False).returncode == 0


def gateways(lab, clouds=CLOUDS):
    return {cloud: status_of(lab, cloud)["repair"] for cloud in clouds}


def ids(clouds):
    return {CLOUDS.index(cloud) + 1 for cloud in clouds}


def is_whole(lab, clouds):
    """Whether the gateways of 'clouds' have one view in which they are joined,
    with nobody else, and stamp its tree."""
    states = gateways(lab, clouds)
    return (len({state.get("number") for state in states.values()}) == 1
            and all(state.get("ready")
                    and set(state["connected"]) == ids(clouds)
                    and state["stamp"] == state["number"] % 4
                    for state in states.values()))


def wait_whole(lab, clouds=CLOUDS, timeout=30):
    wait_until(lambda: is_whole(lab, clouds), timeout,
               f"one tree joins {', '.join(clouds)}")


def is_intact(lab):
    """Whether all go by the plan in force, nothing of it has failed, not even
    what stands by, and there is no other plan."""
    plan = table(lab, "Global", "tree")[0][0]
    planned = {pair_of(*edge) for edge in edges(lab) + edges(lab, "standby")}
    return ({number for number, in table(lab, "Edge", "tree")} == {plan}
            and is_whole(lab, CLOUDS)
            and all(state["plan"] == plan and state["number"] == 2 * plan
                    and not planned & {(a - 1, b - 1)
                                       for a, b in state["failed"]}
                    for state in gateways(lab).values()))


def wait_rested(lab, timeout=30):
    """Waits until nothing is broken and trees of the past are forgotten: a
    failure before that may have to wait for them."""
    wait_until(lambda: is_intact(lab) and all(
        len(status_of(lab, cloud)["handover"]["trees"]) == 1
        for cloud in CLOUDS), timeout, "all is whole and at rest")
    time.sleep(REST)


def edges(lab, role="tree"):
    """The edges of the plan in force, by clouds' names."""
    names = {uuid[1]: name for uuid, name in table(lab, "Cloud", "_uuid,name")}
    number = table(lab, "Global", "tree")[0][0]
    return [tuple(sorted((names[a[1]], names[b[1]]), key=CLOUDS.index))
            for a, b, kind, tree in table(lab, "Edge", "a,b,role,tree")
            if kind == role and tree == number]


def live_edges(lab):
    """The edges that the stamped trees of all gateways lead along now, as far as
    both ends say so."""
    ends = set()
    for cloud in CLOUDS:
        status = status_of(lab, cloud)
        for tree in status["handover"]["trees"]:
            if tree["number"] % 4 == status["handover"]["stamp"]:
                ends |= {(cloud, CLOUDS[via - 1])
                         for to, via in tree["via"].items() if int(to) == via}
    return {tuple(sorted(end, key=CLOUDS.index)) for end in ends
            if end[::-1] in ends}


def one_way_delays(lab):
    """Seconds from cloud to cloud, by the pair of them."""
    return {frozenset((link.a, link.b)): link.delay / 1000
            for link in lab.scenario.links}


def word_delay(lab, clouds, source):
    """Seconds until 'source' can have the word of one of 'clouds', if it is not
    one of them."""
    one_way = one_way_delays(lab)
    return min(0 if cloud == source else one_way[frozenset((cloud, source))]
               for cloud in clouds)


def delay(lab, among, source, target):
    """Seconds that a frame is under way from cloud to cloud along the tree
    'among'."""
    one_way = one_way_delays(lab)
    neighbours = defaultdict(set)
    for a, b in among:
        neighbours[a].add(b)
        neighbours[b].add(a)

    def reach(at, back, so_far):
        if at == target:
            return so_far
        found = [reach(to, at, so_far + one_way[frozenset((at, to))])
                 for to in neighbours[at] - {back}]
        return min((one for one in found if one is not None), default=None)

    return reach(source, None, 0)


# When Open vSwitch has told an agent that a tunnel does not work (any more).

def watch_ports(lab):
    for cloud in CLOUDS:
        lab.run(f"{cloud}-gw", ["ovs-appctl", "-t",
                                "/run/nethv/nethv-agent.ctl", "vlog/set",
                                "ofports:file:dbg"])


def port_down(lab, since, gone):
    """When the first end of an edge to one of the ids 'gone', or at one, was
    said to be down after 'since'; None if not yet."""
    found = []
    for cloud in CLOUDS:
        log = lab.run(f"{cloud}-gw", [
            "tail", "-n", "400", "/var/log/nethv/nethv-agent.log"]).stdout
        for when, peer in re.findall(
                r"^(\S+)Z\|\d+\|ofports\|DBG\|port nethv-e(\d+) \(\d+\) is not "
                r"live", log, re.M):
            moment = datetime.strptime(when, "%Y-%m-%dT%H:%M:%S.%f").replace(
                tzinfo=timezone.utc).timestamp()
            if moment > since and (CLOUDS.index(cloud) + 1, int(peer)) in gone:
                found.append(moment)
    return min(found, default=None)


def ends_of(cut, dead=None):
    """Both ends of an edge, as ids; but not that at the cloud 'dead'."""
    a, b = (CLOUDS.index(one) + 1 for one in cut)
    return {(at, to) for at, to in ((a, b), (b, a))
            if not dead or at != CLOUDS.index(dead) + 1}


def wait_ready(lab):
    """To be called once: the lab is whole and can be measured."""
    watch_ports(lab)
    wait_rested(lab)


def probe(lab):
    """Streams between endpoints, by index of the cloud."""
    return Probes(lab, [f"e-{name}" for name in CLOUDS],
                  lambda i: f"10.9.0.{i + 1}", "10.9.0.255")


def wait_flowing(probes, pairs):
    """Waits until each stream has brought something."""
    wait_until(lambda: all(probes.arrivals(a, b) for a, b in pairs), 10,
               "probes arrive")


def pair_of(a, b):
    return CLOUDS.index(a), CLOUDS.index(b)


def all_down(lab, since, cut, dead=None):
    """When for the last of the edges 'cut' the first end was said to be down,
    not counting those at the cloud 'dead'; None if not yet."""
    moments = [port_down(lab, since, ends_of(edge, dead)) for edge in cut]
    return None if None in moments else max(moments)


def cut_and_time(lab, probes, cut, pairs):
    """Cuts the links 'cut', and returns for each of 'pairs' the seconds between
    port status and the first probe delivered, and the one-way delay; and how
    long the detection took.  Then puts them back."""
    began = time.time()
    for a, b in cut:
        lab.cut(a, b)
    down = wait_until(lambda: all_down(lab, began, cut), 5,
                      "port status tells of the cut")
    wait_until(lambda: all(probes.first_since(a, b, down) for a, b in pairs),
               10, "probes arrive again")
    firsts = [probes.first_since(a, b, down) for a, b in pairs]
    wait_until(lambda: is_whole(lab, CLOUDS), 10, "one tree without the cut")
    among = live_edges(lab)
    assert not among & set(cut)
    times = [(first - down, delay(lab, among, CLOUDS[a], CLOUDS[b]))
             for (a, b), first in zip(pairs, firsts)]
    for a, b in cut:
        lab.heal(a, b)
    return times, down - began


def cut_and_measure(lab, probes, cut, pairs):
    """The same, but with the seconds beyond the one-way delay."""
    times, detected = cut_and_time(lab, probes, cut, pairs)
    return [one - way for one, way in times], detected


def live_edges_of(lab, clouds):
    return {edge for edge in live_edges(lab) if set(edge) <= set(clouds)}
