# SPDX-License-Identifier: Apache-2.0
"""The test of upgrades once more, where one of the hosts has the kernel's
datapath and the others have not, in each encapsulation.

Where the kernel's datapath is, the agent itself makes tagged frames whole:
while it is replaced those are lost, and no others; nor are they when any other
process is replaced."""

from __future__ import annotations

import select
import threading
import time
from contextlib import ExitStack

import pytest

from kernel import check_datapaths
from traffic import Counted, Stream
from upgrading import Shop, check_no_loss, go_back, order_of, schema_version, \
    sent, upgrade
from upgrading import next_fixture      # noqa: F401 pylint: disable=W0611
from wires import Wire
from workloads import Site, Way

# The agent of a virtual machine without acceleration has much to do with each
# tagged frame.
INTERVAL, TAGGED_INTERVAL = 0.02, 0.1
KERNEL = "aws1-vm1"
LAB_OPTIONS = {"vms": (KERNEL,), "lab_uplink": True}
# The order of replacements, for each encapsulation.
ORDERS = {"gre": ("mixed", 1, "middle"), "vxlan": ("gateways", 2, "start"),
          "geneve": ("hosts", 3, "end")}
SHOP = Shop({"web": KERNEL, "odd": KERNEL, "app": "aws1-vm2",
             "db": "gcp1-vm1", "any": "gcp1-vm1",
             "tag1": KERNEL, "tag2": "aws1-vm2", "tag3": "gcp1-vm1"},
            unknown=("odd", "any"), prober="app", spare_host=KERNEL)
# There and back, inside a cloud and to another one; those of "odd" and "any"
# travel whole.
STREAMS = (("web", "app"), ("db", "web"), ("any", "web"), ("app", "odd"),
           ("odd", "any"))
# One way, from an address that is known or is not.
TAGGED = (("tag1", "tag2", True), ("tag2", "tag1", True),
          ("tag1", "tag3", True), ("tag3", "tag1", False),
          ("tag1", "tag3", False), ("tag2", "tag3", False))

SCENARIO = SHOP.scenario({
    "nethv-lab": 1, "name": "kernel-upgrade", "firewall": False,
    "clouds": [{"name": "aws1", "provider": "aws", "hosts": [
        {"name": "aws1-gw", "public_ip": "198.51.100.1"},
        {"name": KERNEL}, {"name": "aws1-vm2"}]},
        {"name": "gcp1", "provider": "gcp", "hosts": [
            {"name": "gcp1-gw", "public_ip": "198.51.100.2"},
            {"name": "gcp1-vm1"}]}],
    "links": [{"between": ["aws1", "gcp1"], "rtt": 2}]})


class TaggedStream(Counted):
    """Tagged frames from 'source' to 'target', some of which may get lost;
    'known' says whether they are from the address that 'source' has in the
    document."""

    SOME = 6
    TYPE = bytes.fromhex("8100 0007 4e56")

    def __init__(self, source, target, known):
        super().__init__(f"{source} to {target}, tagged"
                         + ("" if known else ", from another address"))
        self.source, self.target, self.known = source, target, known
        own = SHOP.mac(source)
        self.addresses = bytes.fromhex(
            (SHOP.mac(target) + (own if known else f"06{own[2:]}"))
            .replace(":", ""))
        self.sequence = 0
        self.excused = set()

    def send(self, wire):
        self.sequence += 1
        wire.send(self.addresses + self.TYPE
                  + self.sequence.to_bytes(4, "big").ljust(46))

    def receive(self, frame):
        if frame[:18] == self.addresses + self.TYPE:
            now = time.time()
            self.came(int.from_bytes(frame[18:22], "big"), (now, now))

    def lost(self):
        return [n for n in super().lost() if n not in self.excused]

    def excuse(self):
        """Nothing is said of what has been lost until now."""
        self.go_on(self.SOME, 20)
        self.excused.update(super().lost())


class TaggedTraffic:
    """Sends the frames of 'streams' and receives them, until it is closed."""

    def __init__(self, lab, streams):
        self.streams = streams
        self.wires = {name: Wire(lab, name, "eth0") for name in
                      {name for s in streams for name in (s.source, s.target)}}
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        by_socket = {wire.sock: wire for wire in self.wires.values()}
        due = time.monotonic()
        while not self.ended.is_set():
            if time.monotonic() >= due:
                due += TAGGED_INTERVAL
                for stream in self.streams:
                    stream.send(self.wires[stream.source])
            left = max(0, due - time.monotonic())
            for sock in select.select(list(by_socket), [], [], left)[0]:
                frame = by_socket[sock].read()
                for stream in self.streams:
                    stream.receive(frame)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join(10)
        for wire in self.wires.values():
            wire.close()


class Traffic:
    """All streams, running."""

    def __init__(self, stack, lab, encap):
        self.lab, self.encap = lab, encap
        self.tagged = [TaggedStream(*way) for way in TAGGED]
        stack.enter_context(TaggedTraffic(lab, self.tagged))
        self.streams = self.tagged + [
            stack.enter_context(Stream(lab, source, SHOP.ip(target), INTERVAL))
            for source, target in STREAMS]
        for stream in self.streams:
            stream.go_on(stream.SOME, 20)

    def excuse(self, process, host):
        """What the agent of a host with the kernel's datapath does not make
        whole while it is replaced."""
        if process == "agent" and self.lab.in_vm(host):
            for stream in self.tagged:
                if SHOP.places[stream.source] == host and (
                        self.encap == "vxlan" or not stream.known):
                    stream.excuse()

    def excused(self):
        return sum(len(stream.excused) for stream in self.tagged)


@pytest.fixture(name="site", scope="module")
def site_fixture(lab):
    SHOP.begin(lab)
    return Site(lab)


def pytest_generate_tests(metafunc):
    """Each module that takes these tests over has ORDERS of its own."""
    if "encap" in metafunc.fixturenames:
        metafunc.parametrize("encap", metafunc.module.ORDERS, indirect=True)


@pytest.fixture(name="encap")
def encap_fixture(site, request):
    site.travel(Way("direct", (("*", (request.param,)),)))
    gateways = [host.name for host in site.lab.scenario.gateways()]
    if any(map(site.lab.in_vm, gateways)):
        # A virtual machine without acceleration, in which programs start, is
        # too busy to say in time that its tunnels are up.
        for gateway in gateways:
            site.lab.run(gateway, ["ovs-appctl", "bfd/set-forwarding", "true"])
    return request.param


@pytest.fixture(name="traffic")
def traffic_fixture(site, encap):
    with ExitStack() as stack:
        yield Traffic(stack, site.lab, encap)


@pytest.fixture(name="order")
def order_fixture(lab, encap, request):
    return order_of(lab, *request.module.ORDERS[encap])


def test_datapaths(lab):
    check_datapaths(lab)


def test_upgrade(site, encap, traffic, order, next_programs, record_property):
    lab, streams, schema = site.lab, traffic.streams, schema_version(site.lab)
    how = {"excuse": traffic.excuse, "rewritten": encap != "vxlan"}
    check_no_loss(streams, "nothing")
    upgrade(lab, SHOP, streams, order, next_programs, **how)
    go_back(lab, SHOP, streams, order, schema, **how)
    record_property("packets there and back", sent(streams))
    record_property("processes replaced", 2 * len(order))
    record_property("tagged ones lost", traffic.excused())
