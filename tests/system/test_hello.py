# SPDX-License-Identifier: Apache-2.0
"""Hellos through the tunnels of a cloud: in each mode and encapsulation, and
what is forged or sent twice."""

from __future__ import annotations

import json
import struct

import pytest
from scapy.layers.inet import IP
from scapy.layers.l2 import GRE, Ether
from scapy.packet import Raw

from nethvlab import nethv
from wires import Wire, wait_until

SCENARIO = {
    "nethv-lab": 1, "name": "hello", "firewall": False,
    "clouds": [{"name": "dc1", "provider": "private", "hosts": [
        {"name": "gw", "public_ip": "198.51.100.1"}, {"name": "vm1"},
        {"name": "vm2"}]}]}
LAB_OPTIONS = {"lab_uplink": True}

GATEWAY, VM1, VM2, NOBODY = "10.0.0.10", "10.0.0.11", "10.0.0.12", "10.0.0.99"
HOSTS = ("gw", "vm1", "vm2")


def agent(lab, host, command):
    return json.loads(lab.run(host, [
        "ovs-appctl", "-t", "/run/nethv/nethv-agent.ctl", command]).stdout)


def gateway_state(lab, host):
    states = [peer["state"] for peer in agent(lab, host, "hello/show")["peers"]
              if peer["host"] == "gw"]
    return states[0] if states else None


def problems(lab, host):
    """What 'host' says in the database."""
    uuid = nethv.ctl(lab, "get", "host", host, "_uuid").strip()
    return nethv.ctl(lab, "--bare", "--columns=problems", "find",
                     "host_report", f"host={uuid}").strip()


def all_up(lab):
    return all(gateway_state(lab, host) == "up" for host in HOSTS[1:])


@pytest.fixture(scope="module", autouse=True)
def settled(lab):
    wait_until(lambda: all_up(lab), 20, "the gateway is up for its hosts")


@pytest.mark.parametrize("encap", ["gre", "geneve", "vxlan"])
@pytest.mark.parametrize("mode", ["direct", "tree", "mesh"])
def test_everyone_answers(lab, mode, encap):
    nethv.ctl(lab, "set", "cloud", "dc1", f"mode={mode}", f"encaps={encap}")
    reached = {host: set(HOSTS) - {host} for host in HOSTS}
    if mode == "tree":
        reached.update(vm1={"gw"}, vm2={"gw"})

    def answers(host):
        return {one["host"]: one["answered"]
                for one in agent(lab, host, "hello/probe")["hosts"]}
    for host in HOSTS:
        wanted = dict.fromkeys(reached[host], True)
        wait_until(lambda: answers(host) == wanted, 10,
                   lambda: f"{host}: {answers(host)}")
    wait_until(lambda: all_up(lab), 20, "the gateway is up for its hosts")
    assert all(agent(lab, host, "hello/show")["frames"]["malformed"] == 0
               for host in HOSTS)


def test_another_identity(lab):
    """A host that is told that it is another one, and then itself again, has
    its rules as before."""
    row = ["ovs-vsctl", "--no-wait", "--", "set", "Open_vSwitch", "."]
    own = lab.run("vm2", ["ovs-vsctl", "get", "Open_vSwitch", ".",
                          "external_ids:nethv-host-id"]).stdout.strip()
    before = agent(lab, "vm2", "status")["location"]

    def is_at(location):
        status = agent(lab, "vm2", "status")
        return (status["location"] == location and status["ready"]
                and status["switch"]["current"])
    lab.run("vm2", [*row, "external_ids:nethv-host-id=77"])
    wait_until(lambda: agent(lab, "vm2", "status")["location"] != before, 10,
               "it is another one")
    lab.run("vm2", [*row, f"external_ids:nethv-host-id={own}"])
    wait_until(lambda: is_at(before), 30, "it is itself again")
    wait_until(lambda: all_up(lab), 20, "the gateway is up for its hosts")


def test_gateway_whose_agent_is_gone(lab):
    """It is said after three hellos, and no longer once it answers again."""
    lab.kill("agent", "gw", "KILL")
    try:
        wait_until(lambda: gateway_state(lab, "vm1") == "down", 8,
                   "the gateway is down for vm1")
        wait_until(lambda: "gateway gw is alive but does not answer"
                   in problems(lab, "vm1"), 5, "the database shows it")
    finally:
        lab.start("agent", "gw")
    wait_until(lambda: all_up(lab), 20, "the gateway is up again")
    wait_until(lambda: problems(lab, "vm1") == "", 5, "nothing is wrong")


# Frames of others.

def location(host):
    return 1 << 24 | host << 12


def locations(lab):
    """Where gw, vm1 and vm2 are: ids go by the order of joining."""
    return [location(int(nethv.ctl(lab, "get", "host", host, "id")))
            for host in HOSTS]


@pytest.fixture(scope="module")
def direct(lab):
    """All is as in the beginning; the locations of the hosts."""
    nethv.ctl(lab, "set", "cloud", "dc1", "mode=direct", "encaps=gre")

    def rules(host):
        return lab.run(host, ["ovs-ofctl", "-OOpenFlow15", "dump-flows",
                              "br-int", "table=110"]).stdout
    wait_until(lambda: all("tun_src" in rules(host) for host in HOSTS), 20,
               "hosts share a tunnel")
    wait_until(lambda: all(one["answered"] for one in agent(
        lab, "vm1", "hello/probe")["hosts"]), 20, "it works")
    return locations(lab)


def control(source, destination, kind=1, counter=1 << 62, version=1,
            signature=bytes(64), sender=None):
    """A control frame without a good signature."""
    body = struct.pack("!IQ", location(1), 0)
    return (struct.pack("!HIHI", 0, destination, 0, source) + b"\x88\xb5"
            + struct.pack("!BBBxHxxIQ", version, version, kind, len(body),
                          source if sender is None else sender, counter)
            + body + signature)


def inject(lab, source, key, frame):
    """Sends 'frame' to vm1 by GRE, in the name of 'source'.  Its MAC address is
    the right one: Open vSwitch learns neighbours from what comes by tunnels,
    and would answer to the wrong place for a long time."""
    macs = {host.private_ip: host.mac for host in lab.scenario.hosts}
    packet = (Ether(src=macs.get(source, "02:00:00:00:00:99"), dst=macs[VM1])
              / IP(src=source, dst=VM1)
              / GRE(key_present=1, key=key, proto=0x6558) / Raw(frame))
    with Wire(lab, "dc1-router", "p-vm1") as wire:
        wire.send(packet)


def drops(lab, host):
    return agent(lab, host, "status")["drops"]


# Frames to vm1 from the gateway, by their locations and vm2's, and how they are
# counted.
FORGED = {
    "not signed": (lambda gw, vm1, vm2: control(gw, vm1), "forged"),
    "wrong signature": (lambda gw, vm1, vm2: control(
        gw, vm1, signature=b"\x01" * 64), "forged"),
    "signature out of range": (lambda gw, vm1, vm2: control(
        gw, vm1, signature=b"\xff" * 64), "forged"),
    "two senders": (lambda gw, vm1, vm2: control(gw, vm1, sender=vm2),
                    "malformed"),
    "newer version": (lambda gw, vm1, vm2: control(gw, vm1, version=2),
                      "version"),
    "kind of nobody": (lambda gw, vm1, vm2: control(gw, vm1, kind=77),
                       "kind"),
    "to another": (lambda gw, vm1, vm2: control(gw, vm2), "malformed"),
    "cut short": (lambda gw, vm1, vm2: control(gw, vm1)[:-1], "malformed"),
    "host of nobody": (lambda gw, vm1, vm2: control(9 << 24 | 1 << 12, vm1),
                       "stranger"),
}


@pytest.mark.parametrize("name", FORGED)
def test_forged(lab, direct, name):
    make, verdict = FORGED[name]
    before = agent(lab, "vm1", "hello/show")["frames"][verdict]
    inject(lab, GATEWAY, direct[1], make(*direct))
    wait_until(lambda: agent(lab, "vm1", "hello/show")["frames"][verdict]
               == before + 1, 5, f"it is counted as {verdict}")


def test_not_let_in(lab, direct):
    """Not even the agent sees them."""
    gw, vm1, vm2 = direct
    other_protocol = control(gw, vm1).replace(b"\x88\xb5", b"\x88\xb6", 1)
    frames = [
        # Outer source, key, frame.
        (NOBODY, vm1, control(location(99), vm1)),
        (VM2, vm1, control(gw, vm1)),
        (GATEWAY, vm2, control(gw, vm2)),
        (GATEWAY, vm1 | 4, control(gw, vm1)),
        (GATEWAY, vm1, other_protocol),
    ]
    before = agent(lab, "vm1", "hello/show")["frames"]
    count = drops(lab, "vm1")["control"]
    for source, key, frame in frames:
        inject(lab, source, key, frame)
    wait_until(lambda: drops(lab, "vm1")["control"] == count + len(frames),
               15, "they are counted as control")
    after = agent(lab, "vm1", "hello/show")["frames"]
    assert {**after, "good": 0} == {**before, "good": 0}


def test_replayed(lab, direct):
    """A true frame that is sent once more."""
    def is_answer(frame):
        packet = IP(frame[14:])
        return (packet.src == GATEWAY and packet.dst == VM1
                and GRE in packet and b"\x88\xb5" in bytes(packet[GRE]))
    with Wire(lab, "dc1-router", "p-gw") as wire:
        frames = wire.receive(is_answer, timeout=5)
    assert frames, "the gateway answers"
    before = agent(lab, "vm1", "hello/show")["frames"]["replayed"]
    inner = bytes(IP(frames[0][14:])[GRE].payload)
    inject(lab, GATEWAY, direct[1], inner)
    wait_until(lambda: agent(lab, "vm1", "hello/show")["frames"]["replayed"]
               == before + 1, 5, "it is counted as replayed")


def test_counted_in_the_database(lab, direct):
    """With the next heartbeat."""
    uuid = nethv.ctl(lab, "get", "host", "vm1", "_uuid").strip()

    def statistics():
        return nethv.ctl(lab, "--bare", "--columns=statistics", "find",
                         "host_report", f"host={uuid}")
    for name in ("control-forged=", "control-malformed=", "control-version=",
                 "control-kind=", "control-stranger=", "control-replayed="):
        wait_until(lambda: name in statistics(), 15,
                   lambda: f"{name} is in {statistics()}")
