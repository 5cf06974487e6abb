# SPDX-License-Identifier: Apache-2.0
"""Rates with the kernel's datapath.

HTB queues: a rule of the operator's own, in a bridge of his own behind a virtual
port, gives frames a queue.  It holds on the way out, where tunnels leave by the
host's NIC, and at the port of a workload that frames from a tunnel are for.

The bandwidth of a virtual link, which is the model's own: a meter."""

from __future__ import annotations

import time

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

import kernel  # noqa: F401 pylint: disable=unused-import
from test_topologies import SIZE as BURST_SIZE, burst
from workloads import Site, Way, Workload, document, port, silence

SCENARIO = {
    "nethv-lab": 1, "name": "queues", "firewall": False,
    "clouds": [{"name": "aws1", "provider": "aws", "hosts": [
        {"name": "aws1-gw", "public_ip": "198.51.100.1"},
        {"name": "aws1-vm1"}, {"name": "aws1-vm2"}]}],
    "links": []}
LAB_OPTIONS = {"vms": ("aws1-vm1", "aws1-vm2"), "lab_uplink": True}

# By the number of the queue, which is also the UDP port of its frames: bits a
# second.
RATES = {1: 500_000, 2: 8_000_000}
COUNT, SIZE = 200, 1250


def own_bridge(site, name, host, path, n):
    """A workload at a port of a bridge of the operator's own, which a patch
    port joins with the virtual port 'path'."""
    device, patch, peer = f"v-{name}", f"p-{name}", f"i-{name}"
    node = site.lab.node(host)
    site.lab.run(host, ["ip", "netns", "add", name])
    node.batch([f"link add {device} type veth peer name eth0 netns {name}",
                f"link set {device} addrgenmode none up"])
    node.run(["sh", "-ec", "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6;"
              "ip link set eth0 arp off; ip link set eth0 up"], netns=name)
    site.lab.run(host, [
        "ovs-vsctl", "add-br", "br-own", "--", "set", "Bridge", "br-own",
        "datapath_type=system", "fail_mode=secure",
        "--", "add-port", "br-own", device,
        "--", "add-port", "br-own", patch, "--", "set", "Interface", patch,
        "type=patch", f"options:peer={peer}",
        "--", "add-port", "br-int", peer, "--", "set", "Interface", peer,
        "type=patch", f"options:peer={patch}",
        f"external_ids:iface-id={path}"])
    for here, there in (device, patch), (patch, device):
        site.lab.run(host, ["ovs-ofctl", "add-flow", "br-own",
                            f"priority=1,in_port={here} "
                            f"actions=output:{there}"])
        for queue in RATES:
            site.lab.run(host, [
                "ovs-ofctl", "add-flow", "br-own",
                f"priority=2,in_port={here},udp,tp_dst={queue} "
                f"actions=set_queue:{queue},output:{there}"])
    site.workloads[name] = Workload(site.lab, name, host, path, n)


@pytest.fixture(scope="module")
def site(lab):
    one = Site(lab)
    one.apply(document("acme", {
        "name": "shop",
        "switches": [{"name": "s1", "ports": [port("a", 1), port("b", 2)]},
                     {"name": "s2", "ports": [port("c", 3)]}],
        "links": [{"name": "l1", "a": "s1", "b": "s2", "bandwidth": "80k"}]}))
    own_bridge(one, "a", "aws1-vm1", "acme/shop/s1/a", 1)
    own_bridge(one, "b", "aws1-vm2", "acme/shop/s1/b", 2)
    one.plug(("c", "aws1-vm2", "acme/shop/s2/c", 3))
    one.warm_up()
    yield one
    one.close()


@pytest.fixture(autouse=True)
def quiet(site):
    silence(site.workloads.values())


def frames(site, queue, count=COUNT):
    a, b = site.some("a b")
    return [bytes(Ether(src=a.mac, dst=b.mac) / IP(src=a.ip, dst=b.ip)
                  / UDP(dport=queue)
                  / Raw(n.to_bytes(2, "big").ljust(SIZE - 42)))
            for n in range(count)]


def seconds(site, queue):
    """Until all frames of 'queue' have come, unchanged."""
    sent, (a, b) = frames(site, queue), site.some("a b")
    began = time.monotonic()
    for frame in sent:
        a.send(frame)
    # The first ones, which no cache has an entry for, may be overtaken.
    assert sorted(b.receive(count=COUNT, timeout=60)) == sorted(sent)
    return time.monotonic() - began


def check_queues(site, record_property):
    """Frames of a queue come no faster than its rate, and do not wait for those
    of another."""
    took = {queue: seconds(site, queue) for queue in RATES}
    for queue, rate in RATES.items():
        record_property(f"Mbit/s of {rate / 1e6:g}",
                        f"{COUNT * SIZE * 8 / took[queue] / 1e6:.2f}")
        # What is sent at once, before the rate holds, is a few frames.
        assert took[queue] > 0.9 * COUNT * SIZE * 8 / rate
    assert took[2] < took[1] / 2
    a, b = site.some("a b")
    slow, fast = frames(site, 1), frames(site, 2, 10)
    for frame in slow + fast:
        a.send(frame)
    came = b.receive(count=len(slow + fast), timeout=60)
    assert sorted(came) == sorted(slow + fast)
    assert max(map(came.index, fast)) < max(map(came.index, slow))


def htb(device):
    """The commands of tc(8) for queues as Open vSwitch makes them: queue N is
    class N + 1."""
    return [f"qdisc add dev {device} root handle 1: htb default 1",
            f"class add dev {device} parent 1: classid 1:1 htb rate 1gbit",
            *(f"class add dev {device} parent 1: classid 1:{queue + 1:x} "
              f"htb rate {rate}bit" for queue, rate in RATES.items())]


@pytest.fixture
def shaped(site):
    site.lab.run("aws1-vm1", ["tc", "-batch", "-"],
                 stdin="\n".join(htb("eth0")) + "\n")
    yield
    site.lab.run("aws1-vm1", ["tc", "qdisc", "del", "dev", "eth0", "root"])


@pytest.mark.parametrize("encap", ["gre", "geneve", "vxlan"])
def test_where_tunnels_leave(site, shaped, encap, record_property):
    site.travel(Way("direct", (("*", (encap,)),)))
    check_queues(site, record_property)


def test_at_a_workload(site, record_property):
    words = ["ovs-vsctl", "set", "Port", "v-b", "qos=@qos", "--",
             "--id=@qos", "create", "QoS", "type=linux-htb",
             "other_config:max-rate=1000000000",
             *(f"queues:{queue}=@q{queue}" for queue in RATES)]
    for queue, rate in RATES.items():
        words += ["--", f"--id=@q{queue}", "create", "Queue",
                  f"other_config:max-rate={rate}"]
    site.lab.run("aws1-vm2", words)
    check_queues(site, record_property)


def test_bandwidth_of_a_link(site):
    """A meter passes a second's worth at once, then its rate."""
    a, c = site.some("a c")
    (got,), took = burst(site, a, c.mac, [c], 200)
    assert 8 <= got <= (10_000 + 10 * took) * 1.1 / BURST_SIZE
    assert got < 200
