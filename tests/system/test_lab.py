# SPDX-License-Identifier: Apache-2.0
"""The lab itself: that its clouds do what real clouds do, and that it goes
without a trace."""

from __future__ import annotations

import copy
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, Ether

from nethvlab import LabError, cloud, scenario, state
from reach import connect, listen, passes, ping, reachable
from wires import Wire, wait_until

SCENARIO = "three-clouds"
LAB_OPTIONS = {"nethv": False}
TOP = Path(__file__).resolve().parent.parent.parent
COMMAND = [sys.executable, str(TOP / "lab/nethv-lab")]


# The WAN.

def transit(lab, name):
    return lab.scenario.cloud(name).transit_ip


def router(name):
    return f"{name}-router"


@pytest.mark.parametrize("a, b", [("aws1", "az1"), ("aws1", "gcp1"),
                                  ("az1", "gcp1")])
def test_wan_has_the_delay_that_was_measured(lab, a, b):
    regions = [lab.scenario.cloud(name).region for name in (a, b)]
    asked = scenario.region_rtt(*regions)
    received, rtt = ping(lab, router(a), transit(lab, b), "-c", "10")
    assert received >= 9        # ARP may take longer than the first waits.
    assert asked <= rtt < asked + 2


def test_wan_rate(lab):
    lab.set_link("aws1", "az1", "rate=20M", "delay=1ms")
    server = lab.popen(router("az1"), ["iperf3", "-s", "-1"],
                       stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: lab.run(router("az1"), ["ss", "-Hltn"]).stdout
                   .find(":5201") >= 0, 5, "iperf3 listens")
        result = json.loads(lab.run(
            router("aws1"), ["iperf3", "-J", "-t", "2", "-c",
                             transit(lab, "az1")]).stdout)
    finally:
        server.kill()
        server.wait()
        lab.set_link("aws1", "az1", "rate=0", "delay=10.117ms")
    rate = result["end"]["sum_received"]["bits_per_second"] / 1e6
    assert 14 < rate < 21


def test_wan_loss(lab):
    lab.set_link("aws1", "gcp1", "loss=30%")
    try:
        received, _ = ping(lab, router("aws1"), transit(lab, "gcp1"),
                           "-c", "100")
    finally:
        lab.set_link("aws1", "gcp1", "loss=0")
    # 0.7 * 0.7 of them; five standard deviations to either side.
    assert 24 <= received <= 74


def test_wan_cut_and_heal(lab):
    target = transit(lab, "gcp1")
    assert ping(lab, router("az1"), target, "-c", "3")[0]
    lab.cut("az1", "gcp1")
    try:
        assert ping(lab, router("az1"), target, "-c", "3")[0] == 0
        assert ping(lab, router("aws1"), target, "-c", "3")[0]
        cut = {(k["from"], k["to"]) for k in lab.status()["links"] if k["cut"]}
        assert cut == {("az1", "gcp1"), ("gcp1", "az1")}
    finally:
        lab.heal("az1", "gcp1")
    assert ping(lab, router("az1"), target, "-c", "3")[0]


def test_provider_answers_arp(lab):
    """A request reaches no other host; what is for that one does."""
    with Wire(lab, "aws1-vm2", "eth0") as wire:
        lab.run("aws1-vm1", ["ip", "neigh", "flush", "all"])
        assert ping(lab, "aws1-vm1", "10.0.0.10", "-c", "1")[0]
        assert ping(lab, "aws1-vm1", "10.0.0.12", "-c", "1")[0]
        seen = []
        assert wire.receive(lambda data: seen.append(Ether(data)) or (
            IP in seen[-1] and seen[-1][IP].src == "10.0.0.11"))
    assert not [frame for frame in seen if ARP in frame
                and frame[ARP].pdst == "10.0.0.10"]


def test_host_cut_and_heal(lab):
    assert ping(lab, "aws1-vm1", "10.0.0.10", "-c", "3")[0]
    lab.cut("aws1-vm1")
    try:
        assert ping(lab, "aws1-vm1", "10.0.0.10", "-c", "3")[0] == 0
        assert ping(lab, "aws1-vm1", "10.0.0.1", "-c", "3")[0] == 0
        assert ping(lab, "aws1-vm2", "10.0.0.10", "-c", "3")[0]
    finally:
        lab.heal("aws1-vm1")
    assert ping(lab, "aws1-vm1", "10.0.0.10", "-c", "3")[0]


# Clouds.

def test_gateways_are_behind_one_to_one_nat(lab):
    with listen(lab, "az1-gw", 6645) as server:
        with connect(lab, "aws1-gw", "198.51.100.2", 6645) as client:
            accepted, peer = server.accept()
            with accepted:
                assert peer[0] == "198.51.100.1"
                assert accepted.getsockname()[0] == "10.0.0.10"
                assert client.getsockname()[0] == "10.0.0.10"
                # Bytes, and so checksums, are right in both directions.
                client.sendall(b"x" * 100000)
                got = b""
                while len(got) < 100000:
                    got += accepted.recv(65536)
                accepted.sendall(b"done")
                assert client.recv(10) == b"done"


def test_public_addresses_are_on_no_interface(lab):
    for name in lab.state.nodes:
        addresses = lab.run(name, ["ip", "-4", "-o", "address"]).stdout
        assert "198.51.100." not in addresses


def test_hosts_reach_nothing_outside_their_cloud(lab):
    assert reachable(lab, "aws1-gw", "az1-gw", "198.51.100.2", 6645)
    assert not reachable(lab, "aws1-vm1", "az1-gw", "198.51.100.2", 6645)
    assert ping(lab, "aws1-vm1", transit(lab, "az1"), "-c", "2")[0] == 0
    assert ping(lab, "aws1-vm1", "10.0.0.1", "-c", "3")[0]
    assert ping(lab, "aws1-gw", transit(lab, "az1"), "-c", "2")[0]


def test_firewall_lets_in_what_is_listed(lab):
    assert reachable(lab, "aws1-gw", "gcp1-gw", "198.51.100.3", 6647)
    assert not reachable(lab, "aws1-gw", "gcp1-gw", "198.51.100.3", 22)
    assert reachable(lab, "gcp1-vm1", "gcp1-gw", "10.0.0.10", 6646)
    assert not reachable(lab, "gcp1-vm1", "gcp1-gw", "10.0.0.10", 22)
    assert not reachable(lab, "gcp1-gw", "gcp1-vm1", "10.0.0.11", 6646)


def test_firewall_can_be_changed(lab):
    one = lab.scenario.cloud("gcp1")
    rules = cloud.default_rules(lab.scenario, one)
    without = [rule for rule in rules
               if "tcp" not in rule or "saddr 198.51.100.1 " not in rule]
    assert len(without) == len(rules) - 1
    try:
        lab.set_firewall("gcp1", without)
        assert not reachable(lab, "aws1-gw", "gcp1-gw", "198.51.100.3", 6647)
        assert reachable(lab, "az1-gw", "gcp1-gw", "198.51.100.3", 6647)
        lab.set_firewall("gcp1", None)
        assert reachable(lab, "aws1-gw", "gcp1-gw", "198.51.100.3", 22)
    finally:
        lab.set_firewall("gcp1", rules)


GRE = 47, bytes.fromhex("20006558") + b"\0\0\0\7" + b"nethv-lab"
GENEVE = 17, bytes(UDP(sport=40000, dport=6081, chksum=0) / b"nethv-lab")


@pytest.mark.parametrize("source, target, address, gre", [
    ("aws1-vm1", "aws1-vm2", "10.0.0.12", True),
    ("az1-vm1", "az1-vm2", "10.0.0.12", False),
    ("az1-vm1", "az1-gw", "10.0.0.10", False),
    ("aws1-gw", "gcp1-gw", "198.51.100.3", True),
    ("aws1-gw", "az1-gw", "198.51.100.2", False),
    ("az1-gw", "aws1-gw", "198.51.100.1", False)])
def test_azure_drops_gre(lab, source, target, address, gre):
    assert passes(lab, source, target, address, *GENEVE)
    assert passes(lab, source, target, address, *GRE) == gre


@pytest.mark.parametrize("name, mtu", [("aws1", 9001), ("az1", 1500),
                                       ("gcp1", 1460)])
def test_mtu_inside(lab, name, mtu):
    source = f"{name}-vm1"
    full, over = str(mtu - 28), str(mtu - 27)
    assert ping(lab, source, "10.0.0.12", "-c", "2", "-M", "do", "-s",
                full)[0]
    assert ping(lab, source, "10.0.0.12", "-c", "2", "-M", "do", "-s",
                over)[0] == 0


@pytest.mark.parametrize("forged", [{"src": "10.0.0.10"}, {}])
def test_forged_sources_go_nowhere(lab, wire, forged):
    """A host's NIC sends only from its own addresses."""
    receiver = wire("aws1-vm2")
    sender = wire("aws1-vm1", "br-phy")
    macs = {h.name: h.mac for h in lab.scenario.hosts}
    marker = b"forged-or-not"

    def send(src_mac, src):
        # Out of the bridge's own port, as the host's kernel would.
        sender.send(Ether(src=src_mac, dst=macs["aws1-vm2"])
                    / IP(src=src, dst="10.0.0.12")
                    / UDP(sport=1, dport=6081) / marker)

    send(macs["aws1-vm1"] if forged else "0a:00:01:00:00:99",
         forged.get("src", "10.0.0.11"))
    send(macs["aws1-vm1"], "10.0.0.11")
    got = receiver.receive(lambda frame: marker in frame)
    assert len(got) == 1
    assert IP(got[0][14:]).src == "10.0.0.11"
    assert Ether(got[0]).src == macs["aws1-vm1"]


# Hosts.

def test_hosts_are_machines_of_their_own(lab):
    assert lab.run("az1-vm1", ["hostname"]).stdout == "az1-vm1\n"
    lab.run("az1-vm1", ["sh", "-c", "echo here > /etc/nethv/x"])
    assert lab.run("az1-vm2", ["ls", "/etc/nethv"]).stdout == ""
    ids = {lab.run(h.name, ["ovs-vsctl", "get", "Open_vSwitch", ".",
                            "external_ids:system-id"]).stdout
           for h in lab.scenario.hosts}
    assert len(ids) == len(lab.scenario.hosts)


def test_nothing_arrives_twice(lab):
    """The kernel sees a NIC's packets beside Open vSwitch: it must not answer
    them as well."""
    result = lab.run("aws1-vm1", ["ping", "-c", "5", "-i", "0.05",
                                  "10.0.0.12"])
    assert "DUP" not in result.stdout and "duplicates" not in result.stdout


def test_tunnels_work_over_the_uplink(lab):
    """Geneve between two hosts in Azure, as nethv-agent will make it."""
    for number in 1, 2:
        lab.run(f"az1-vm{number}", ["sh", "-ec", f"""
            ovs-vsctl add-br br-test -- set bridge br-test \
                datapath_type=netdev -- add-port br-test tun -- \
                set interface tun type=geneve \
                options:remote_ip=10.0.0.{13 - number} -- \
                add-port br-test inner -- set interface inner type=internal
            ip address add 192.0.2.{number}/24 dev inner
            ip link set inner mtu 1400
            ip link set inner up"""])
    try:
        wait_until(lambda: ping(lab, "az1-vm1", "192.0.2.2", "-c", "1")[0],
                   5, "a ping through the tunnel")
        assert ping(lab, "az1-vm1", "192.0.2.2", "-c", "5")[0] == 5
    finally:
        for number in 1, 2:
            lab.run(f"az1-vm{number}", ["ovs-vsctl", "del-br", "br-test"])


def test_kill_and_start(lab):
    def running():
        return [h for h in lab.status()["hosts"] if h["name"] == "gcp1-vm2"
                ][0]["processes"]["ovs-vswitchd"]

    assert running()
    lab.kill("ovs-vswitchd", "gcp1-vm2", "KILL")
    wait_until(lambda: not running(), 5, "ovs-vswitchd is gone")
    with pytest.raises(LabError, match="does not run on gcp1-vm2"):
        lab.kill("ovs-vswitchd", "gcp1-vm2")
    lab.start("ovs-vswitchd", "gcp1-vm2")
    with pytest.raises(LabError, match="already"):
        lab.start("ovs-vswitchd", "gcp1-vm2")
    # The bridge keeps its address.
    wait_until(lambda: ping(lab, "gcp1-vm2", "10.0.0.10", "-c", "1")[0], 5,
               "the host is back")


def test_capture_and_wire_agree(lab, wire, capture):
    """What is sent is captured at both ends of the WAN, and received, byte for
    byte, VLAN tags included."""
    marker = bytes.fromhex("020000000001")
    sender = wire(router("aws1"), "to-az1")
    receiver = wire(router("az1"), "to-aws1")
    ends = [capture("wan", interface, "ether src 02:00:00:00:00:01")
            for interface in ("w1-2", "w2-1")]
    frames = [b"\xff" * 6 + marker + bytes.fromhex(tag + "88b5")
              + bytes(range(64))
              for tag in ("", "81000064", "88a8006481000065")]
    for frame in frames:
        sender.send(frame)
    assert receiver.receive(lambda got: got[6:12] == marker, 3) == frames
    for pcap in ends:
        wait_until(lambda: len(pcap.packets()) == 3, 5, "three frames")
        assert [bytes(packet) for packet in pcap.stop()] == frames


# Coming and going.

def spaces(name):
    """The network namespaces that the lab 'name' has written down."""
    saved = state.load(name)
    found = set()
    for node in saved.nodes.values() if saved else ():
        try:
            found.add(os.readlink(f"/proc/{node.pid}/ns/net"))
        except OSError:
            pass                # It was not let go on, and has ended.
    return found


def traces(name, known=frozenset()):
    """What is on this machine of the lab 'name', whose network namespaces
    were 'known'."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            line = (entry / "cmdline").read_bytes()
            space = os.readlink(entry / "ns/net")
        except OSError:
            continue
        if f"nethv-lab:{name}/".encode() in line or space in known:
            found.append(f"process {entry.name}")
    if (state.ROOT / name).exists():
        found.append(str(state.ROOT / name))
    return found


def machine():
    """What a lab must leave as it was: interfaces, mounts."""
    links = subprocess.run(["ip", "-o", "link"], text=True, check=True,
                           capture_output=True).stdout
    return (re.findall(r"^\d+: ([^:@]+)", links, re.M),
            Path("/proc/mounts").read_text("utf-8"))


def small(name):
    """A scenario of one cloud and two hosts, as a document."""
    document = copy.deepcopy(scenario.load("two-hosts").document)
    document["name"] = name
    return document


def run(*arguments, bindir=None, **options):
    env = {**os.environ, **({"NETHV_BINDIR": bindir} if bindir else {})}
    return subprocess.run([*COMMAND, *arguments], text=True, check=False,
                          capture_output=True, env=env, **options)


def check_programs(name, directory):
    """A host has programs of its own while it is told so."""
    def finds(host):
        return run("--lab", name, "exec", host, "sh", "-c",
                   "command -v nethv-agent").stdout.strip()

    absent = run("--lab", name, "programs", "h2", str(directory))
    assert absent.returncode == 1 and "no such directory" in absent.stderr
    directory.mkdir()
    program = directory / "nethv-agent"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    before = finds("h2")
    assert not run("--lab", name, "programs", "h2", str(directory)).returncode
    assert (finds("h1"), finds("h2")) == (before, str(program))
    assert not run("--lab", name, "programs", "h2").returncode
    assert finds("h2") == before


def test_up_and_down_by_command(lab_needed, bindir, tmp_path):
    name = f"test-cmd-{os.getpid()}"
    path = tmp_path / "lab.json"
    path.write_text(json.dumps(small(name)))
    before = machine()
    up = run("up", str(path), "--no-nethv", bindir=bindir)
    try:
        assert up.returncode == 0, up.stderr
        assert re.search(r"^ +\d+\.\d\d s  2 hosts: ", up.stdout, re.M)
        again = run("up", str(path), "--no-nethv", bindir=bindir)
        assert again.returncode == 1 and "already" in again.stderr
        status = json.loads(run("--lab", name, "status", "--format",
                                "json").stdout)
        assert [h["name"] for h in status["hosts"]] == ["h1", "h2"]
        assert all(h["processes"]["ovs-vswitchd"] for h in status["hosts"])
        shown = run("--lab", name, "status").stdout
        assert "h2           10.0.0.11: ovsdb-server, ovs-vswitchd" in shown
        assert run("--lab", name, "exec", "h2", "hostname").stdout == "h2\n"
        assert run("--lab", name, "exec", "h2", "sh", "-c",
                   "exit 7").returncode == 7
        check_programs(name, tmp_path / "other")
        known = spaces(name)
        assert len(known) == 3 and len(traces(name, known)) >= 8
    finally:
        down = run("down", name)
    assert down.returncode == 0, down.stderr
    assert not traces(name, known)
    assert machine() == before
    assert run("down", name).returncode == 1


@pytest.mark.parametrize("delay", [0.03, 0.06, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4])
def test_killed_while_coming_up(lab_needed, bindir, delay):
    """Whenever the lab is killed, down leaves nothing."""
    name = f"test-killed-{os.getpid()}"
    before = machine()
    process = subprocess.Popen(
        [*COMMAND, "up", "three-clouds", "--no-nethv", "--name", name,
         *(["--bindir", bindir] if bindir else [])],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True)
    time.sleep(delay)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    known = spaces(name)
    if (state.ROOT / name).exists():
        assert run("down", name).returncode == 0
    # Holders that were not written down yet end by themselves.
    wait_until(lambda: not traces(name, known), 5, f"{name} is gone")
    assert machine() == before


def test_failing_up_leaves_nothing(new_lab, monkeypatch):
    from nethvlab import host
    monkeypatch.setattr(host, "OVS_SCHEMA", Path("/nonexistent"))
    before = machine()
    with pytest.raises(Exception):
        new_lab(small("failing"), nethv=False)
    assert not [name for name in state.names() if "failing" in name]
    assert machine() == before


def test_labs_coexist(new_lab):
    one = new_lab(small("left"), nethv=False)
    two = new_lab(small("right"), nethv=False)
    for lab in one, two:
        assert ping(lab, "h1", "10.0.0.11", "-c", "3")[0]
    one.cut("h2")
    assert ping(one, "h1", "10.0.0.11", "-c", "2")[0] == 0
    assert ping(two, "h1", "10.0.0.11", "-c", "2")[0] == 2


def test_private_cloud(new_lab):
    lab = new_lab("private", nethv=False)
    for host in lab.scenario.hosts:
        router_ip = lab.scenario.cloud(host.cloud).router_ip
        assert ping(lab, host.name, router_ip, "-c", "2")[0]
    assert passes(lab, "dc1-gw", "gcp1-gw", "198.51.100.3", *GRE)
    received, rtt = ping(lab, router("dc1"), transit(lab, "aws1"), "-c", "5")
    assert received and 3 <= rtt < 5


def test_down_kills_no_stranger(new_lab):
    """A pid that now belongs to somebody else is left alone."""
    lab = new_lab(small("stranger"), nethv=False)
    document = json.loads((lab.state.directory / "state.json").read_text())
    with subprocess.Popen(["sleep", "60"]) as innocent:
        document["nodes"]["old"] = {"pid": innocent.pid, "start": 1,
                                    "vm": False}
        (lab.state.directory / "state.json").write_text(json.dumps(document))
        assert run("down", lab.name).returncode == 0
        assert innocent.poll() is None
        innocent.kill()


# What it refuses.

@pytest.mark.parametrize("change, complaint", [
    ({"nethv-lab": 2}, '"nethv-lab" must be 1'),
    ({"clouds": []}, "1 to 254 clouds"),
    ({"colour": 1}, '"colour" is not known'),
    ({"name": "A b"}, "is no name"),
    ({"datapath": "dpdk"}, "use one of netdev, system"),
    ({"clouds": [{"name": "a", "provider": "ibm"}]}, "use one of aws"),
    ({"clouds": [{"name": "a", "provider": "aws", "hosts": [{"name": "h"}]}]},
     "no gateway"),
    ({"clouds": [{"name": "a", "provider": "aws", "mtu": 100,
                  "hosts": [{"name": "h", "public_ip": "198.51.100.1"}]}]},
     "MTU"),
    ({"clouds": [{"name": "a", "provider": "aws",
                  "hosts": [{"name": "h", "public_ip": "198.51.100"}]}]},
     "not an IPv4 address"),
    ({"links": [{"between": ["dc1", "moon"]}]}, "two clouds of this file"),
    ({"endpoints": [{"name": "e", "host": "h9", "port": "t/n/s/p"}]},
     "there is no host h9"),
    ({"endpoints": [{"name": "h1", "host": "h1", "port": "t/n/s/p"}]},
     "h1 is there twice"),
])
def test_bad_scenarios_are_refused(change, complaint):
    with pytest.raises(LabError, match=re.escape(complaint)):
        scenario.parse({**small("bad"), **change})


def test_links_need_a_time():
    document = small("far")
    other = copy.deepcopy(document["clouds"][0])
    other["name"] = "dc2"
    other["hosts"] = [{"name": "h3", "public_ip": "198.51.100.2"}]
    document["clouds"].append(other)
    with pytest.raises(LabError, match='give it an "rtt"'):
        scenario.parse(document)
    document["links"] = [{"between": ["dc1", "dc2"], "rtt": 8}]
    assert scenario.parse(document).links[0].delay == 4


@pytest.mark.parametrize("arguments, complaint", [
    (("up", "nowhere"), "there is no scenario nowhere"),
    (("up", "./nowhere.json"), "No such file"),
    (("--lab", "none", "status"), "no lab none is up"),
    (("--lab", "none", "exec", "h1", "true"), "no lab none is up"),
    (("down", "none"), "no lab none is up"),
])
def test_bad_commands_are_refused(arguments, complaint):
    result = run(*arguments)
    assert result.returncode == 1
    assert complaint in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_bad_places_are_refused(lab):
    for verb, argument, complaint in (
            ("exec", "mars", "has no machine mars"),
            ("capture", "wan:aws1-mars", "there is no link"),
            ("kill", "ovs-vswitchd", "PROCESS@HOST"),
            ("kill", "init@aws1-vm1", "has no process init"),
            ("cut", "mars", "there is no host mars")):
        result = run("--lab", lab.name, verb, argument,
                     *(["true"] if verb == "exec" else []))
        assert result.returncode == 1
        assert complaint in result.stderr
    with pytest.raises(LabError, match="no link from aws1 to aws1"):
        lab.cut("aws1", "aws1")
    with pytest.raises(LabError, match="not a setting"):
        lab.set_link("aws1", "az1", "speed=1")


# Scenarios of any size.

def test_scale_is_made_to_measure():
    made = scenario.load("scale", 3, 2)
    assert [one.name for one in made.hosts] == [
        f"c{c}-h{h}" for c in (1, 2) for h in (1, 2, 3)]
    assert [one.name for one in made.gateways()] == ["c1-h1", "c2-h1"]
    assert [(one.a, one.b, one.delay) for one in made.links] == [
        ("c1", "c2", 10)]
    assert len(scenario.load("scale", 64).hosts) == 64


@pytest.mark.parametrize("words", [
    ("scale",), ("scale", 0), ("scale", 1, 0), ("scale", 201), ("scale", 7, 33),
    ("scale", 1, 2, 3), ("two-hosts", 2)])
def test_scale_refuses_other_numbers(words):
    with pytest.raises(LabError):
        scenario.load(*words)
