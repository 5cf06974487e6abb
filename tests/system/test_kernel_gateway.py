# SPDX-License-Identifier: Apache-2.0
"""The tests of frames once more, where the gateway in the middle of the chain of
clouds has the kernel's datapath: it takes frames in, relays them, is a host
itself, and drops what is forged.  And the tree around it heals."""

from __future__ import annotations

import struct
from collections import Counter

import pytest
from scapy.layers.l2 import Ether
from scapy.packet import Raw
from scapy.utils import checksum

from kernel import check_datapaths
from test_frames import *       # noqa: F401,F403 pylint: disable=C,W
from frames import MADE_UP
from test_frames import NATIVE, Way, check_pair, collect, mtu_of, silence
from trees import wait_at_rest
from wires import tunnelled

GATEWAY = "gcp1-gw"
LAB_OPTIONS = {"vms": (GATEWAY,), "lab_uplink": True}
# The first: GRE on one side of the gateway, Geneve on the other.
WAYS = [NATIVE, Way("direct", (("*", ("vxlan",)),)),
        Way("direct", (("*", ("geneve",)),))]


@pytest.fixture(autouse=True)
def quiet(site):
    """Nothing of one test is seen in the next, and no tunnel is down, or was
    just now, because the machine was too busy to say that it is up."""
    wait_at_rest(site.lab, 30 * site.patience)
    silence([*site.workloads.values(), *site.wan()])


def test_datapaths(site):
    """The gateway has the kernel's, its neighbours do not."""
    check_datapaths(site.lab)
    said = site.lab.run(GATEWAY, ["ovs-dpctl", "show"]).stdout
    assert said.startswith("system@ovs-system:")


# Frames made by hand: one that was on the way, with one thing changed.

def wire_named(site, name):
    return next(wire for wire in site.wan() if wire.interface == name)


def on_the_way(site, a, b):
    """A frame from 'a' to 'b', and how it came to the gateway's cloud."""
    frame = a.send(Ether(src=a.mac, dst=b.mac, type=MADE_UP)
                   / Raw(b"forged".ljust(46)))
    entry = wire_named(site, "w1-2")
    found = collect([*site.workloads.values(), entry],
                    enough=lambda f: f[b] and f[entry])
    assert found[b] == [frame]
    outer, = found[entry]
    return frame, outer


def with_source(outer, address):
    """The packet 'outer' from 'address'."""
    header = bytearray(outer[14:34])
    header[10:16] = b"\0\0" + bytes(map(int, address.split(".")))
    header[10:12] = struct.pack("!H", checksum(bytes(header)))
    return outer[:14] + bytes(header) + outer[34:]


def with_number(outer, old, new):
    """The packet 'outer' with the number 'new', of 32 bits, where 'old' is
    first: a whole frame may have a rewritten one inside."""
    old, new = struct.pack("!I", old), struct.pack("!I", new)
    assert old in outer
    return outer.replace(old, new, 1)


def location(cloud, host, number=0):
    return cloud << 24 | host << 12 | number << 2


def forgeries(outer):
    """What a gateway must not believe: by name the packet and the reason of its
    drop."""
    inside = tunnelled(outer)
    key, source = inside.key, inside.location
    tree = key & 3
    return {
        "outer source of nobody": (
            with_source(outer, "198.51.100.77"), "forged-source"),
        "outer source of another gateway": (
            with_source(outer, "198.51.100.3"), "forged-source"),
        "another tree": (
            with_number(outer, key, key & ~3 | (tree + 1) & 3),
            "forged-source"),
        "this cloud's name": (
            with_number(outer, source, location(2, 1, 1)), "forged-source"),
        "name of a cloud on another side": (
            with_number(outer, source, location(3, 1, 1)), "forged-source"),
        "name of a cloud of nobody": (
            with_number(outer, source, location(77, 1, 1)), "forged-source"),
        "to a host of nobody": (
            with_number(outer, key, location(2, 99, 1) | tree), "no-path"),
        "to a cloud of nobody": (
            with_number(outer, key, location(77, 1, 1) | tree), "no-path"),
    }


def counted(site, way):
    """What the gateway drops of a round of forged packets, each of which is
    sent to it once, and what it should."""
    a, b = site.some("a1 z1")
    frame, outer = on_the_way(site, a, b)
    assert tunnelled(outer).encap == site.encap(way, "aws1", "gcp1")
    to_router = wire_named(site, "w2-1")
    to_router.send(outer)
    found = collect(site.workloads.values(), enough=lambda f: f[b])
    assert found.pop(b) == [frame] and not any(found.values())
    before, expected = site.drops(GATEWAY), Counter()
    for packet, reason in forgeries(outer).values():
        to_router.send(packet)
        expected[reason] += 1
    assert not any(collect(site.workloads.values(), quiet=1).values())
    dropped = site.drops(GATEWAY) - before
    _, after = on_the_way(site, a, b)
    # Another tree in the meantime: then nothing is said of the rest.
    return (dropped, expected, tunnelled(after).key == tunnelled(outer).key)


def test_forged(site, way):
    """It is dropped and counted; unchanged the same packet arrives, so that it
    is for no other fault."""
    for _ in range(3):
        dropped, expected, same_tree = counted(site, way)
        if same_tree:
            break
        wait_at_rest(site.lab, 30 * site.patience)
    assert same_tree and dropped == expected


@pytest.mark.parametrize("edge", [("aws1", "gcp1"), ("gcp1", "az1")],
                         ids="-".join)
def test_edge_is_cut_and_heals(site, way, edge):
    site.lab.cut(*edge)
    try:
        # Whoever was behind it is reached by the edge that stood by.
        site.warm_up()
    finally:
        site.lab.heal(*edge)
    wait_at_rest(site.lab, 30 * site.patience)
    site.warm_up()
    silence([*site.workloads.values(), *site.wan()])
    for pair in ("a1", "z1"), ("z2", "gg"), ("gg", "ag"):
        a, b = site.some(" ".join(pair))
        check_pair(site, a, b, a.mac, mtu_of(site))
