# SPDX-License-Identifier: Apache-2.0
"""A cloud with two gateways, in the middle of the tree: when the first one dies,
other clouds' gateways turn to the second, and turn back; and the one that stands
by knows where the database is."""

from __future__ import annotations

import copy
import json
import time
from pathlib import Path

import pytest

from nethvlab import nethv, scenario
from daemons import database_of, status_of
from probes import Probes
from reach import ping
from trees import one_each
from wires import limit, wait_until

STREAMS = [(0, 1), (1, 0), (0, 2), (2, 0), (2, 1)]
# Three hellos unanswered, then tunnels: some seconds each.
TURN = 45
# Until another gateway of a cloud has heard that the database has moved, and
# until new intent is in force once the stand-by serves.
HEAR = limit(5, 30)
TAKE_UP = limit(5, 30)


def two_gateways():
    document = copy.deepcopy(scenario.load("three-clouds").document)
    for cloud in document["clouds"]:
        if cloud["name"] == "az1":
            cloud["hosts"].insert(1, {"name": "az1-gw2",
                                      "public_ip": "198.51.100.22"})
    return document


CLOUDS, SCENARIO = one_each(two_gateways())

pytestmark = pytest.mark.parametrize("lab", [SCENARIO], indirect=True,
                                     ids=[""], scope="module")


def wait_flowing(probes, what):
    moment = time.time()
    wait_until(lambda: all(probes.first_since(a, b, moment)
                           for a, b in STREAMS), TURN, what)
    return max(probes.first_since(a, b, moment) for a, b in STREAMS) - moment


def remotes(lab, host):
    """Where the tunnels of gateway 'host' lead to, by the agent's handover."""
    status = json.loads(lab.run(host, [
        "ovs-appctl", "-t", "/run/nethv/nethv-gateway.ctl", "status"]).stdout)
    return {edge["cloud"]: edge["remote_ip"]
            for edge in status.get("handover", {}).get("edges", [])}


# What may happen to the first gateway, and how it ends.  Without its agent its
# Open vSwitch forwards on, and its tunnels work.
FAILURES = {
    "host": (lambda lab: lab.cut("az1-gw"), lambda lab: lab.heal("az1-gw")),
    "agent": (lambda lab: lab.kill("agent", "az1-gw", "KILL"),
              lambda lab: lab.start("agent", "az1-gw")),
}


@pytest.mark.parametrize("gone", FAILURES)
def test_other_clouds_turn_to_the_second_gateway(lab, record_property, gone):
    die, return_ = FAILURES[gone]
    az1 = int(nethv.ctl(lab, "get", "cloud", "az1", "id"))
    with_second = "198.51.100.22"
    probes = Probes(lab, [f"e-{name}" for name in CLOUDS],
                    lambda i: f"10.9.0.{i + 1}", "10.9.0.255")
    with probes:
        for a, b in STREAMS:
            probes.send(a, b)
        for a in range(3):
            probes.send(a, None, 0.02)
        wait_flowing(probes, "traffic flows by the first gateway")
        assert remotes(lab, "az1-gw2") == {}
        die(lab)
        began = time.time()
        wait_until(lambda: not probes.first_since(0, 1, time.time() - 0.5),
                   TURN, "nothing comes by the first gateway any more")
        wait_flowing(probes, "traffic flows by the second gateway")
        record_property("seconds until the second serves",
                        round(time.time() - began, 1))
        for host in "aws1-gw", "gcp1-gw":
            assert remotes(lab, host).get(az1) == with_second
        return_(lab)
        wait_until(lambda: remotes(lab, "az1-gw2") == {}, TURN,
                   "the second stands by again")
        record_property("seconds until the first serves again", round(
            wait_flowing(probes, "traffic flows by the first again"), 1))
        for host in "aws1-gw", "gcp1-gw":
            assert remotes(lab, host).get(az1) != with_second
        probes.stop()
        time.sleep(0.5)
        assert not probes.twice()
        assert not probes.astray()


def kill_database(lab, host):
    lab.run(host, ["ovs-appctl", "-t", "/run/nethv/nethv-db.ctl", "exit"])


def move_database(lab, host):
    """Gives the database to 'host', and returns when that was done."""
    lab.run(host, ["nethvctl", "database-move"])
    return time.monotonic()


def wait_follows(lab, host, remote, moved, record_property):
    """Waits until gateway 'host' follows the database that has moved to
    'remote'."""
    wait_until(lambda: database_of(lab, host) == remote, HEAR,
               f"{host} hears where the database is")
    wait_until(lambda: status_of(lab, "gateway", host)["connected"], HEAR,
               f"{host} has turned to it")
    record_property(f"seconds until {host} follows the database",
                    round(time.monotonic() - moved, 1))


def stands_by(lab, host):
    return remotes(lab, host) == {}


def wait_serves(lab, what):
    """Waits until az1 and gcp1 reach each other."""
    wait_until(lambda: ping(lab, "gcp1-vm1/e-gcp1", "10.9.0.2", "-c", "1")[0],
               TURN, what)


NEW = {"x": ("az1-vm2", 21), "y": ("gcp1-vm2", 22)}


def add_ports(lab, gateway):
    """Adds the ports of NEW to the network, with endpoints."""
    document = copy.deepcopy(SCENARIO["networks"][0])
    document["networks"][0]["switches"][0]["ports"] += [
        {"name": name, "mac": f"02:00:00:00:00:{number:02x}",
         "ips": [f"10.9.0.{number}/24"]}
        for name, (_, number) in NEW.items()]
    path = "/var/lib/nethv/new.json"
    Path(lab.node(gateway).path(path)).write_text(json.dumps(document),
                                                  encoding="utf-8")
    lab.run(gateway, ["nethvctl", "apply", path])
    for name, (host, _) in NEW.items():
        lab.run(host, ["ip", "netns", "add", f"e-{name}"])
        lab.run(host, ["nethv-agent", "attach", f"acme/net/s/{name}",
                       "--netns", f"e-{name}", "--ip"])


def reaches(lab, source, target):
    host, _ = NEW[source]
    return ping(lab, f"{host}/e-{source}", f"10.9.0.{NEW[target][1]}", "-c",
                "1")[0] == 1


def test_a_stand_by_follows_the_database(lab, record_property):
    """From one cloud to another while it stands by; so that it can take over
    at once when its turn comes.  Then to the stand-by itself: from it the
    serving one hears, and tells the others."""
    lab.cut("aws1-gw")
    moved = move_database(lab, "gcp1-gw")
    wait_follows(lab, "az1-gw2", "ssl:198.51.100.3:6645", moved,
                 record_property)
    assert stands_by(lab, "az1-gw2")

    lab.cut("az1-gw")
    wait_serves(lab, "the second gateway serves")
    began = time.monotonic()
    add_ports(lab, "gcp1-gw")
    wait_until(lambda: reaches(lab, "x", "y"), TAKE_UP,
               "new intent is in force by the second gateway")
    record_property("seconds from then to new intent in force",
                    round(time.monotonic() - began, 1))

    lab.heal("az1-gw")
    wait_until(lambda: stands_by(lab, "az1-gw2"), TURN,
               "the second stands by again")
    wait_serves(lab, "the first gateway serves again")
    kill_database(lab, "gcp1-gw")
    moved = move_database(lab, "az1-gw2")
    assert stands_by(lab, "az1-gw2")
    for host in "az1-gw", "gcp1-gw":
        remote = ("ssl:10.0.0.11:6645" if host == "az1-gw"
                  else "ssl:198.51.100.22:6645")
        wait_follows(lab, host, remote, moved, record_property)
    wait_until(lambda: lab.run("az1-gw2", [
        "nethvctl", "get", "Global", ".", "controller"]).stdout.strip()
        in ("az1-gw", "gcp1-gw"), HEAR, "who serves its cloud controls")
    lab.heal("aws1-gw")
    wait_until(lambda: database_of(lab, "aws1-gw")
               == "ssl:198.51.100.22:6645", HEAR, "what comes back follows")
