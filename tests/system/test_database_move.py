# SPDX-License-Identifier: Apache-2.0
"""The cloud with the database dies: the others forward on, and one command gives
the database to another gateway, which all turn to."""

import json
import time
from pathlib import Path

import pytest

from daemons import database_of, serves_hosts
from nethvlab import LabError, nethv, scenario
from reach import ping
from wires import wait_until

FIRST, SECOND, THIRD = "aws1-gw", "az1-gw", "gcp1-gw"
WITHIN = 5.0            # Seconds for new intent, once the database is back.
PLACES = {"a": "aws1-vm1", "b": "az1-vm1", "c": "gcp1-vm1",
          "x": "az1-vm2", "y": "gcp1-vm2", "z": "aws1-vm2"}
NAMES = list(PLACES)


def document(names):
    return {"nethv": 1, "tenant": "acme", "networks": [{
        "name": "net", "switches": [{"name": "s", "ports": [
            {"name": name, "mac": f"02:00:00:00:00:{NAMES.index(name):02x}",
             "ips": [f"10.9.0.{NAMES.index(name) + 1}/24"]}
            for name in names]}]}]}


SCENARIO = {
    **scenario.load("three-clouds").document,
    "networks": [document("abc")],
    "endpoints": [{"name": f"e-{name}", "host": PLACES[name],
                   "port": f"acme/net/s/{name}"} for name in "abc"],
}


def address(name):
    return f"10.9.0.{NAMES.index(name) + 1}"


def place(name):
    return f"{PLACES[name]}/e-{name}"


def reaches(lab, source, target):
    return ping(lab, place(source), address(target), "-c", "1")[0] == 1


def wait_reaches(lab, source, target, timeout):
    wait_until(lambda: reaches(lab, source, target), timeout,
               f"{source} reaches {target}")


def apply(lab, gateway, names):
    path = "/var/lib/nethv/document.json"
    Path(lab.node(gateway).path(path)).write_text(
        json.dumps(document(names)), encoding="utf-8")
    lab.run(gateway, ["nethvctl", "apply", path])


def attach(lab, name):
    host = PLACES[name]
    lab.run(host, ["ip", "netns", "add", f"e-{name}"])
    lab.run(host, ["nethv-agent", "attach", f"acme/net/s/{name}", "--netns",
                   f"e-{name}", "--ip"])


def move(lab, gateway, *options):
    return lab.run(gateway, ["nethvctl", "database-move", *options])


def wait_served(lab, **servers):
    """Until the hosts of each cloud are served by that process of its
    gateway."""
    for cloud, process in servers.items():
        wait_until(lambda c=cloud, p=process: serves_hosts(lab, p, f"{c}-gw"),
                   20, f"{process} serves the hosts of {cloud}")


def restart(lab, gateway, *services):
    for verb in ("stop", "start"):
        for service in services:
            lab.run(gateway, ["nethv-ctl", f"{verb}-{service}"])


def refusal(lab, gateway, *options):
    with pytest.raises(LabError) as caught:
        move(lab, gateway, *options)
    return str(caught.value)


def test_database_serves_hosts_beside_it(lab):
    """Without a relay between."""
    wait_served(lab, aws1="database", az1="relay", gcp1="relay")
    restart(lab, FIRST, "database", "relay")
    wait_served(lab, aws1="database", az1="relay", gcp1="relay")


def test_refusals(lab):
    for source, target in ("ab", "bc", "ca"):
        wait_reaches(lab, source, target, 20)
    assert "answers: stop it first" in refusal(lab, SECOND)
    assert "already" in refusal(lab, FIRST)
    assert "not a gateway" in refusal(lab, "az1-vm1")
    assert "cannot be read" in refusal(lab, SECOND, "--from=/no/such")
    assert "takes no argument" in refusal(lab, SECOND, "x")
    assert database_of(lab, SECOND) == "ssl:198.51.100.1:6645"


def test_others_forward_on(lab):
    lab.cut(FIRST)
    wait_reaches(lab, "b", "c", 5)
    assert ping(lab, place("b"), address("c"), "-c", "40")[0] == 40


def test_bad_backup_changes_nothing(lab):
    Path(lab.node(SECOND).path("/var/lib/nethv/bad")).write_text(
        "nonsense", encoding="utf-8")
    refusal(lab, SECOND, "--from=/var/lib/nethv/bad")
    assert database_of(lab, SECOND) == "ssl:198.51.100.1:6645"
    left = Path(lab.node(SECOND).path("/var/lib/nethv"))
    assert not list(left.glob("*nethv.db*"))


def test_one_command_brings_it_back(lab, record_property):
    """From the copy that the gateway's relay has."""
    began = time.time()
    said = move(lab, SECOND).stdout
    moved = time.time()
    assert "az1-gw has the database" in said and "ca.key" in said
    apply(lab, SECOND, "abcxy")
    attach(lab, "x")
    attach(lab, "y")
    wait_reaches(lab, "x", "y", WITHIN)
    wait_reaches(lab, "y", "c", WITHIN)
    taken = time.time() - moved
    assert taken <= WITHIN
    wait_served(lab, az1="database", gcp1="relay")
    record_property("s, the command", f"{moved - began:.2f}")
    record_property("s from then to new intent in force", f"{taken:.2f}")
    assert database_of(lab, THIRD) == "ssl:198.51.100.2:6645"


def test_what_comes_back_follows(lab):
    """The old database gives up, its gateway and hosts turn to the new one."""
    lab.heal(FIRST)
    wait_until(lambda: database_of(lab, FIRST) == "ssl:198.51.100.2:6645", 20,
               "the first gateway follows")
    wait_reaches(lab, "a", "x", 10)
    left = Path(lab.node(FIRST).path("/var/lib/nethv"))
    wait_until(lambda: (left / "nethv.db.old").exists(), 5, "the old is kept")
    assert not (left / "nethv.db").exists()
    wait_served(lab, aws1="relay", az1="database")
    apply(lab, SECOND, NAMES)
    attach(lab, "z")
    wait_reaches(lab, "z", "b", 15)
    wait_reaches(lab, "z", "y", 5)


def test_restarts_find_it_there(lab):
    restart(lab, FIRST, "relay")
    restart(lab, SECOND, "relay", "database")
    wait_served(lab, aws1="relay", az1="database", gcp1="relay")


def test_back_from_a_backup(lab):
    """A planned move: stop it, carry the backup, one command."""
    backup = lab.run(SECOND, ["ovsdb-client", "backup",
                              "unix:/run/nethv/nethv-db.sock", "NetHV"]).stdout
    lab.run(SECOND, ["ovs-appctl", "-t", "/run/nethv/nethv-db.ctl", "exit"])
    Path(lab.node(FIRST).path("/var/lib/nethv/backup")).write_text(
        backup, encoding="utf-8")
    said = move(lab, FIRST, "--from=/var/lib/nethv/backup").stdout
    assert "ca.key" not in said
    wait_until(lambda: database_of(lab, SECOND) == "ssl:198.51.100.1:6645", 10,
               "the second gateway follows")
    wait_until(lambda: nethv.ctl(lab, "status"), 5, "it answers")
    wait_served(lab, aws1="database", az1="relay", gcp1="relay")
    apply(lab, FIRST, NAMES)
    wait_reaches(lab, "a", "z", 5)
