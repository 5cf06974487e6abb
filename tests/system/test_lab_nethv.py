# SPDX-License-Identifier: Apache-2.0
"""A lab with nethv, set up by an operator's commands: everyone joins through
firewalls that let in only what nethvctl lists, and the clouds are joined."""

from __future__ import annotations

import copy
import json

import pytest

from nethvlab import LabError, nethv, scenario
from reach import ping, reachable
from trees import follows_plan, gateway_status
from wires import wait_until

PORTS = {"web": ("aws1-vm1", "192.168.1.1/24"),
         "db": ("gcp1-vm1", "192.168.1.2/24")}
SCENARIO = {
    **scenario.load("three-clouds").document,
    "networks": [{"nethv": 1, "tenant": "acme", "networks": [
        {"name": "shop", "switches": [{"name": "s1", "ports": [
            {"name": name, "mac": f"02:00:00:00:00:0{i}", "ips": [ip]}
            for i, (name, (_, ip)) in enumerate(PORTS.items(), 1)]}]}]}],
    "endpoints": [{"name": name, "host": host, "port": f"acme/shop/s1/{name}"}
                  for name, (host, _) in PORTS.items()]}


def column(lab, table, name):
    text = nethv.ctl(lab, "--format=json", f"--columns={name}", "list", table)
    return [row[0] for row in json.loads(text)["data"]]


def test_every_host_joins(lab):
    names = sorted(host.name for host in lab.scenario.hosts)
    assert sorted(column(lab, "Host", "name")) == names
    wait_until(lambda: column(lab, "Host_State", "alive") == [True] * 9, 15,
               "nine hosts are alive")
    for host in lab.status()["hosts"]:
        assert all(host["processes"].values()), host


def test_uplinks_are_in_br_phy(lab):
    for host in lab.scenario.hosts:
        ports = lab.run(host.name, ["ovs-vsctl", "list-ports", "br-phy"])
        assert ports.stdout.split() == ["eth0"]
        address = lab.run(host.name, ["ip", "-4", "-o", "address", "show",
                                      "br-phy"]).stdout
        assert f" {host.private_ip}/24 " in address


def test_tree_joins_the_clouds(lab):
    """aws1 - az1 - gcp1: the two shortest of three links; the third stands
    by."""
    def stamped(gateway):
        handover = gateway_status(lab, gateway)["handover"]
        return [tree["via"] for tree in handover["trees"]
                if tree["number"] % 4 == handover["stamp"]]

    for gateway, via in (("aws1-gw", {"2": 2, "3": 2}),
                         ("az1-gw", {"1": 1, "3": 3}),
                         ("gcp1-gw", {"1": 2, "2": 2})):
        wait_until(lambda gw=gateway, v=via: stamped(gw) == [v], 15,
                   f"{gateway} stamps the plan's tree")
    wait_until(lambda: follows_plan(lab), 15, "all is as planned")


def test_endpoints_reach_each_other(lab):
    """From AWS by Azure's gateway to Google, and past it when that way is
    cut."""
    links = {frozenset((link.a, link.b)): 2 * link.delay
             for link in lab.scenario.links}
    way = (links[frozenset(("aws1", "az1"))]
           + links[frozenset(("az1", "gcp1"))])
    other = links[frozenset(("aws1", "gcp1"))]
    wait_until(lambda: ping(lab, "web", "192.168.1.2", "-c", "1")[0], 10,
               "the first ping")
    received, rtt = ping(lab, "web", "192.168.1.2", "-c", "10")
    assert received == 10 and way <= rtt < way + 10
    lab.cut("aws1", "az1")
    try:
        received, rtt = ping(lab, "web", "192.168.1.2", "-c", "10", "-w", "20")
        assert received == 10 and other <= rtt < other + 10
    finally:
        lab.heal("aws1", "az1")
    wait_until(lambda: follows_plan(lab), 15, "the tree is the plan's again")
    received, rtt = ping(lab, "web", "192.168.1.2", "-c", "10")
    assert received == 10 and way <= rtt < way + 10


def test_firewalls_let_in_what_nethvctl_lists(lab):
    for cloud in lab.scenario.clouds:
        assert nethv.firewall(lab, cloud)
    # The relay's port is listed for the own cloud only.
    assert not reachable(lab, "aws1-gw", "gcp1-gw", "198.51.100.3", 6650)
    assert not reachable(lab, "aws1-gw", "aws1-vm1", "10.0.0.11", 6645)


@pytest.mark.parametrize("process", ["agent", "gateway", "relay", "database"])
def test_kill_and_start_nethv(lab, process):
    before = lab.pid(process, "aws1-gw")
    lab.kill(process, "aws1-gw", "KILL")
    wait_until(lambda: lab.pid(process, "aws1-gw") is None, 5,
               f"{process} is gone")
    lab.start(process, "aws1-gw")
    after = wait_until(lambda: lab.pid(process, "aws1-gw"), 5,
                       f"{process} is back")
    assert after != before


def test_processes_are_where_they_belong(lab):
    with pytest.raises(LabError, match="aws1-vm1 has no process gateway"):
        lab.kill("gateway", "aws1-vm1")
    with pytest.raises(LabError, match="az1-gw has no process database"):
        lab.start("database", "az1-gw")


def test_waiting_for_a_port_that_nobody_claims(lab):
    """Nothing but the intent changes, and that is taken up at once."""
    document = copy.deepcopy(SCENARIO["networks"][0])
    ports = document["networks"][0]["switches"][0]["ports"]
    ports.append({"name": "spare"})
    nethv.apply(lab, document)
    ports.pop()
    nethv.apply(lab, document)


def test_asking_of_a_port_follows_nothing(lab):
    """What an agent asks the database for it asks for all its life."""
    def ask():
        return json.loads(lab.run("az1-vm1", [
            "ovs-appctl", "-t", "/run/nethv/nethv-agent.ctl", "port/show",
            "acme/shop/s1/web"]).stdout)

    def heartbeat():
        host = nethv.ctl(lab, "get", "Host", "az1-vm1", "_uuid").strip()
        return nethv.ctl(lab, "--bare", "--columns=heartbeat", "find",
                         "Host_Report", f"host={host}")
    assert ask() == {"status": "unclaimed"}
    before = heartbeat()
    wait_until(lambda: heartbeat() != before, 30, "the agent writes again")
    assert ask() == {"status": "unclaimed"}


def test_first_ping_after_waiting(lab):
    """Ready means ready: a network that is new on all hosts each time, and one
    packet each way as soon as the command has ended."""
    document = SCENARIO["networks"][0]
    places = {name: f"{host}/{name}" for name, (host, _) in PORTS.items()}
    ips = {name: ip.partition("/")[0] for name, (_, ip) in PORTS.items()}

    assert ping(lab, places["web"], ips["db"], "-c", "5")[0]
    for i in range(20):
        nethv.ctl(lab, "--wait=hosts", "--timeout=30", "network-del",
                  "acme/shop")
        nethv.apply(lab, document)
        for source, target in (("web", "db"), ("db", "web")):
            received, _ = ping(lab, places[source], ips[target], "-c", "1")
            assert received == 1, f"round {i}: {source} to {target}"
