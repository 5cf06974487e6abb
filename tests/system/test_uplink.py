# SPDX-License-Identifier: Apache-2.0
"""The move of the uplink into br-phy (lib/ovs/uplink.h): made, kept if the world
is reachable, else put back, also if whoever made it dies."""

import time

import pytest

from nethvlab.namespaces import checksums_off
from test_shells import DATABASE, machines, shells_fixture  # noqa: F401


@pytest.fixture(name="nodes")
def nodes_fixture(tmp_path, lab_needed):
    """A host and its router, joined by the host's NIC."""
    with machines(tmp_path, ["host", "router"]) as nodes:
        host, router = nodes
        host.batch([f"link add eth0 type veth peer name r0 netns {router.pid}",
                    "link set eth0 up",
                    "address add 10.1.0.2/24 dev eth0",
                    "address add fd01::2/64 dev eth0 nodad",
                    "route add 10.2.0.0/16 dev eth0 scope link",
                    "route add default via 10.1.0.1 metric 50",
                    "route add fd02::/64 via fd01::1"])
        router.batch(["link set r0 up", "address add 10.1.0.1/24 dev r0",
                      "address add fd01::1/64 dev r0 nodad"])
        checksums_off(router, ["r0"])
        yield nodes


@pytest.fixture(name="node")
def node_fixture(nodes):
    return nodes[0]


def layer3(node, nic):
    """Addresses and routes of 'nic', without its name."""
    text = ""
    for what in (["-4", "address", "show", "dev", nic, "scope", "global"],
                 ["-6", "address", "show", "dev", nic, "scope", "global"],
                 ["-4", "route", "show", "dev", nic],
                 ["-6", "route", "show", "dev", nic]):
        text += node.run(["ip", "-br", *what], check=False).stdout
    return sorted(line.replace(nic, "NIC").split("@")[0] +
                  line.replace(nic, "NIC").partition(" ")[2]
                  for line in text.splitlines() if "fe80" not in line)


def reachable(node):
    return all(node.run(["ping", "-c", "1", "-W", "2", "-i", "0.2", address],
                        check=False).returncode == 0
               for address in ("10.1.0.1", "fd01::1"))


def wait_until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def bridges(node):
    return node.run(["ovs-vsctl", "list-br"]).stdout.split()


def sysctl(node, name, value=None):
    """The value that sysctl 'name' has, or is given."""
    path = "/proc/sys/net/" + name.replace(".", "/")
    if value is not None:
        node.run(["sh", "-c", f"echo {value} > {path}"])
    return node.run(["cat", path]).stdout.strip()


def test_there_and_back(node, shells):
    before = layer3(node, "eth0")
    for interface in ("default", "eth0"):
        sysctl(node, f"ipv4.conf.{interface}.rp_filter", 2)
    shells.ok(f"open {DATABASE}")
    assert shells.say("uplink eth0 10.1.0.1:6646 20000") == ["ok"]
    wait_until(lambda: reachable(node))
    assert "10.1.0.2" in node.run(["ip", "addr", "show", "br-phy"]).stdout
    assert "default via 10.1.0.1 dev br-phy metric 50" in node.run(
        ["ip", "route"]).stdout
    assert "fd02::/64 via fd01::1 dev br-phy" in node.run(
        ["ip", "-6", "route"]).stdout
    assert not [line for line in layer3(node, "eth0") if "10.1" in line]
    assert shells.say("uplink eth0 10.1.0.99:1 1000") == ["ok"]

    assert sysctl(node, "ipv4.conf.eth0.rp_filter") == "1"
    assert shells.say("uplink-back eth0") == ["ok"]
    assert layer3(node, "eth0") == before
    assert bridges(node) == []
    assert sysctl(node, "ipv4.conf.eth0.rp_filter") == "2"
    assert sysctl(node, "ipv6.conf.eth0.disable_ipv6") == "0"
    wait_until(lambda: reachable(node))
    assert shells.say("uplink-back eth0") == ["ok"]


def test_router_is_enough(nodes, node, shells):
    shells.ok(f"open {DATABASE}")
    nodes[1].batch(["link set r0 down"])
    wait_until(lambda: "linkdown" in node.run(["ip", "route"]).stdout)
    before = layer3(node, "eth0")
    said = shells.say("uplink eth0 router 2000")[0]
    assert "everything has been put back" in said
    assert layer3(node, "eth0") == before
    nodes[1].batch(["link set r0 up"])
    assert shells.say("uplink eth0 router 20000") == ["ok"]


def test_put_back_if_nothing_is_reachable(node, shells):
    before = layer3(node, "eth0")
    shells.ok(f"open {DATABASE}")
    said = shells.say("uplink eth0 10.1.0.99:6646 2000")[0]
    assert "nothing was reachable within 2 s" in said
    assert "everything has been put back" in said
    assert layer3(node, "eth0") == before
    assert bridges(node) == []
    wait_until(lambda: reachable(node))


def test_put_back_if_the_mover_dies(node, shells):
    before = layer3(node, "eth0")
    shells.ok(f"open {DATABASE}")
    shells.process.stdin.write(b"uplink eth0 10.1.0.99:6646 60000\n")
    shells.process.stdin.flush()
    wait_until(lambda: "10.1.0.2" in node.run(
        ["ip", "addr", "show", "br-phy"], check=False).stdout)
    node.run(["sh", "-c", "kill -9 $(pgrep -o -x shells)"])
    wait_until(lambda: layer3(node, "eth0") == before and bridges(node) == [])
    wait_until(lambda: reachable(node))
    shells.process.kill()
    shells.process.wait()
    shells.close = lambda: None


def test_moves_again_after_a_boot(node, shells):
    shells.ok(f"open {DATABASE}")
    assert shells.say("uplink eth0 10.1.0.1:6646 20000") == ["ok"]
    node.batch(["address flush dev br-phy", "address add 10.1.0.2/24 dev eth0",
                "route add default via 10.1.0.1"])
    assert shells.say("uplink eth0 10.1.0.1:6646 20000") == ["ok"]
    assert "10.1.0.2" in node.run(["ip", "addr", "show", "br-phy"]).stdout


def test_refuses_what_cannot_be(node, shells):
    shells.ok(f"open {DATABASE}")
    assert "no interface eth7" in shells.say("uplink eth7 10.1.0.1:1 1000")[0]
    node.batch(["link add v0 type veth peer name v1"])
    assert "has no IP address" in shells.say("uplink v0 10.1.0.1:1 1000")[0]
    node.run(["ovs-vsctl", "add-br", "br0", "--", "set", "Bridge", "br0",
              "datapath_type=netdev", "--", "add-port", "br0", "v0"])
    assert "is in bridge br0" in shells.say("uplink v0 10.1.0.1:1 1000")[0]
