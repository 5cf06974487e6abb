# SPDX-License-Identifier: Apache-2.0
"""Several gateways in a cloud: hosts turn to the next one by themselves."""

from __future__ import annotations

import json
import re
import time

import pytest

from daemons import host_sessions
from nethvlab import nethv
from wires import limit, wait_until

SCENARIO = {
    "nethv-lab": 1, "name": "standby", "firewall": False,
    "clouds": [{"name": "dc1", "provider": "private", "hosts": [
        {"name": "gw1", "public_ip": "198.51.100.1"},
        {"name": "gw2", "public_ip": "198.51.100.2"}, {"name": "vm1"},
        {"name": "vm2"}]}]}
LAB_OPTIONS = {"lab_uplink": True}

HOSTS = ("vm1", "vm2")
IPS = {"gw1": "10.0.0.10", "gw2": "10.0.0.11"}
# Three hellos unanswered or answered, and some time to spare.
TURN = 10


def agent(lab, host, command):
    return json.loads(lab.run(host, [
        "ovs-appctl", "-t", "/run/nethv/nethv-agent.ctl", command]).stdout)


def used(lab, host):
    return agent(lab, host, "hello/show").get("gateway")


def state(lab, host, gateway):
    return next((peer["state"] for peer in agent(lab, host, "hello/show")[
        "peers"] if peer["host"] == gateway), None)


def flows(lab, host, table):
    return lab.run(host, ["ovs-ofctl", "-OOpenFlow15", "dump-flows", "br-int",
                          f"table={table}"]).stdout


def way_out(lab, host):
    """The gateway that frames for other clouds go to, by the rules."""
    location = re.search(r"priority=10 actions=set_field:(0x[0-9a-f]+)->reg11",
                         flows(lab, host, 103))
    host_id = int(location[1], 16) >> 12 & 0xfff if location else 0
    return next((gateway for gateway in IPS if int(nethv.ctl(
        lab, "get", "host", gateway, "id")) == host_id), None)


def lets_in(lab, host, gateway):
    """Whether frames of other clouds are taken from 'gateway', by the rules;
    None if there is no rule."""
    rule = re.search(rf"priority=100,tun_src={re.escape(IPS[gateway])},.*"
                     r"actions=(.*)", flows(lab, host, 110))
    return "resubmit(,111)" in rule[1] if rule else None


def is_settled(lab, host, gateway):
    other = "gw2" if gateway == "gw1" else "gw1"
    return (used(lab, host) == gateway and way_out(lab, host) == gateway
            and lets_in(lab, host, gateway) is True
            and lets_in(lab, host, other) is False)


def wait_settled(lab, gateway, hosts=HOSTS):
    for host in hosts:
        wait_until(lambda: is_settled(lab, host, gateway), TURN,
                   lambda: f"{host} uses {gateway}: {used(lab, host)}, "
                   f"{flows(lab, host, 110)}")


@pytest.fixture(scope="module", autouse=True)
def settled(lab):
    wait_until(lambda: all(state(lab, host, gateway) == "up"
                           for host in HOSTS for gateway in IPS), 20,
               "both gateways answer")


@pytest.fixture
def without_first(lab):
    """The agent of the first gateway is gone, and hosts have turned."""
    wait_settled(lab, "gw1")
    lab.kill("agent", "gw1", "KILL")
    try:
        wait_settled(lab, "gw2")
        yield
    finally:
        if lab.pid("agent", "gw1") is None:
            lab.start("agent", "gw1")
        wait_settled(lab, "gw1")


def test_who_serves_hosts(lab):
    """The database where it is, a relay at the cloud's other gateway."""
    ips = {host.private_ip for host in lab.scenario.hosts}

    def served():
        first, second = (host_sessions(lab, gateway) for gateway in IPS)
        return (list(first) == ["database"] and list(second) == ["relay"]
                and IPS["gw1"] in first["database"]
                and IPS["gw2"] in second["relay"]
                and first["database"] | second["relay"] >= ips)
    wait_until(served, TURN, "each host is served by one of them")


def test_lowest_id_is_used(lab):
    wait_settled(lab, "gw1")


def test_hosts_turn_and_come_back(lab, without_first):
    wait_until(lambda: used(lab, "gw2") == "gw2", TURN, "gw2 uses itself")


def test_nothing_is_taken_just_after_a_turn(lab, without_first):
    """What came by the old way may come by the new one once more."""
    lab.start("agent", "gw1")
    wait_until(lambda: way_out(lab, "vm1") == "gw1", TURN, "vm1 turns")
    turned = time.monotonic()
    assert lets_in(lab, "vm1", "gw1") is False
    assert lets_in(lab, "vm1", "gw2") is False
    wait_until(lambda: lets_in(lab, "vm1", "gw1"), limit(1.5, 10),
               "frames are taken")
    assert time.monotonic() - turned > 0.2


def test_agent_that_restarts_stays_with_the_next(lab, without_first):
    """It changes no rule for the first gateway, of which it knows nothing."""
    lab.run("vm1", ["ovs-appctl", "-t", "/run/nethv/nethv-agent.ctl", "exit"])
    wait_until(lambda: lab.pid("agent", "vm1") is None, 5, "the agent ends")
    lab.start("agent", "vm1")
    wait_until(lambda: agent(lab, "vm1", "status")["ready"], 5, "it is ready")
    deadline = time.monotonic() + 6
    while time.monotonic() < deadline:
        assert is_settled(lab, "vm1", "gw2"), flows(lab, "vm1", 110)
    assert state(lab, "vm1", "gw1") == "down"


@pytest.mark.parametrize("mode", ["mesh", "tree"])
def test_modes(lab, mode):
    """With a tunnel port for each gateway."""
    nethv.ctl(lab, "set", "cloud", "dc1", f"mode={mode}")
    try:
        def ports(host):
            names = lab.run(host, ["ovs-vsctl", "list-ports",
                                   "br-int"]).stdout.split()
            return sum(name.startswith("nethv-p") for name in names)
        wanted = 3 if mode == "mesh" else 2
        wait_until(lambda: ports("vm1") == wanted, 10,
                   lambda: f"{wanted} tunnels, not {ports('vm1')}")
        wait_until(lambda: way_out(lab, "vm1") == "gw1", TURN, "by gw1")
        lab.kill("agent", "gw1", "KILL")
        wait_until(lambda: way_out(lab, "vm1") == "gw2", TURN, "by gw2")
        wait_until(lambda: state(lab, "vm1", "gw2") == "up", TURN,
                   "it answers")
        lab.start("agent", "gw1")
        wait_until(lambda: way_out(lab, "vm1") == "gw1", TURN, "by gw1 again")
    finally:
        if lab.pid("agent", "gw1") is None:
            lab.start("agent", "gw1")
        nethv.ctl(lab, "set", "cloud", "dc1", "mode=direct")
