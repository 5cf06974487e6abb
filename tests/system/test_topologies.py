# SPDX-License-Identifier: Apache-2.0
"""Virtual topologies: whatever the links between virtual switches, a frame
arrives once wherever there is a way, and nowhere else."""

from __future__ import annotations

import itertools
import random
import time

import pytest
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from frames import BROADCAST, MADE_UP
from wires import wait_until
from workloads import Site, collect, document, port, silence

SCENARIO = {
    "nethv-lab": 1, "name": "topologies", "firewall": False,
    "clouds": [{"name": "aws1", "provider": "aws", "hosts": [
                   {"name": "aws1-gw", "public_ip": "198.51.100.1"},
                   {"name": "aws1-vm1"}]},
               {"name": "gcp1", "provider": "gcp", "hosts": [
                   {"name": "gcp1-gw", "public_ip": "198.51.100.2"},
                   {"name": "gcp1-vm1"}]}],
    "links": [{"between": ["aws1", "gcp1"], "rtt": 1}]}
LAB_OPTIONS = {"lab_uplink": True}

# Switches 1 to 9; those without a workload only join others.
SWITCHES = range(1, 10)
PLACES = [("w1", "aws1-vm1", 1), ("w2", "gcp1-vm1", 2), ("w3", "aws1-gw", 3),
          ("w5", "gcp1-gw", 5), ("w6", "aws1-vm1", 6), ("w9", "gcp1-vm1", 9),
          ("v1", "gcp1-vm1", 1)]


def number_of(name, switch):
    return switch + (100 if name[0] == "v" else 0)


def chain(*switches):
    return list(itertools.pairwise(switches))


def ring(*switches):
    return [*chain(*switches), (switches[-1], switches[0])]


def mesh(*switches):
    return list(itertools.combinations(switches, 2))


def some(seed, count):
    """Links at random, of which several may join the same two switches."""
    made = random.Random(seed)
    return [tuple(made.sample(list(SWITCHES), 2)) for _ in range(count)]


TOPOLOGIES = {
    "no link": [],
    "chain": chain(*SWITCHES),
    "chain in another order": chain(9, 4, 1, 7, 2, 8, 5, 3, 6),
    "star": [(4, other) for other in SWITCHES if other != 4],
    "tree": [(n // 2, n) for n in SWITCHES if n > 1],
    "ring": ring(*SWITCHES),
    "ring of those without a workload, with tails":
    [*ring(4, 7, 8), (4, 1), (7, 2), (8, 3), (3, 9), (1, 5), (2, 6)],
    "two rings with a switch in common": ring(1, 2, 3, 4) + ring(4, 5, 6, 9),
    "ladder": chain(1, 2, 3, 4) + chain(5, 6, 7, 8)
    + [(1, 5), (2, 6), (3, 7), (4, 8)],
    "mesh": mesh(*SWITCHES),
    "two meshes": mesh(1, 2, 3, 4) + mesh(5, 6, 7, 8, 9),
    "links side by side": chain(1, 2, 3) * 3 + ring(5, 6, 9) * 2,
    **{f"random {seed}": some(seed, count)
       for seed, count in enumerate((5, 8, 12, 20))},
}


def made(links):
    """The document of a network with 'links'."""
    return document("acme", {
        "name": "lan",
        "switches": [{"name": f"s{switch}", "ports": [
            port(name, number_of(name, at)) for name, _, at in PLACES
            if at == switch]} for switch in SWITCHES],
        "links": [{"name": f"l{i}", "a": f"s{a}", "b": f"s{b}"}
                  for i, (a, b) in enumerate(links)]})


@pytest.fixture(scope="module")
def site(lab):
    one = Site(lab)
    one.apply(made(mesh(*SWITCHES)), LONG, METERED)
    one.plug(*((name, host, f"acme/lan/s{switch}/{name}",
                number_of(name, switch)) for name, host, switch in PLACES),
             *LONG_PLACES, *METERED_PLACES)
    one.warm_up()
    yield one
    one.close()


@pytest.fixture(autouse=True)
def quiet(site):
    """Nothing of one test is seen in the next."""
    silence([*site.workloads.values(), *site.wan()])


def domains(links):
    """The switches that each switch reaches, itself included."""
    reach = {switch: {switch} for switch in SWITCHES}
    for a, b in links:
        joined = reach[a] | reach[b]
        for switch in joined:
            reach[switch] = joined
    return reach


def frame(source, to, text):
    return bytes(Ether(src=source, dst=to, type=MADE_UP)
                 / Raw(text.encode().ljust(60)))


def unknown_mac(name):
    return "06:00:00:00:00:" + name.encode()[-2:].hex()[2:]


@pytest.mark.parametrize("what", TOPOLOGIES)
def test_once_and_only_there(site, what):
    links = TOPOLOGIES[what]
    site.apply(made(links))
    site.settle()
    reach = domains(links)
    switch = {name: at for name, _, at in PLACES}
    expected = {name: [] for name in switch}
    for a in switch:
        near = [b for b in switch if b != a and switch[b] in reach[switch[a]]]
        for source in site[a].mac, unknown_mac(a):
            flood = site[a].send(frame(source, BROADCAST, f"{a} to all"))
            for b in near:
                expected[b].append(flood)
        for b in switch:
            if b == a:
                continue
            sent = site[a].send(frame(site[a].mac, site[b].mac,
                                      f"{a} to {b}"))
            # One that nobody here has is for all.
            for other in [b] if b in near else near:
                expected[other].append(sent)
    found = collect([site[name] for name in switch], enough=lambda f: all(
        len(f[site[name]]) >= len(expected[name]) for name in switch))
    for name in switch:
        assert sorted(found[site[name]]) == sorted(expected[name]), name


# A chain as long as a document may have, and one that is longer.

LONGEST = 48
LONG = document("acme", {
    "name": "long",
    "switches": [{"name": f"s{n}", "ports": [port(f"p{n}", n)]
                  if n in (1, 10, LONGEST) else []}
                 for n in range(1, LONGEST + 1)],
    "links": [{"name": f"l{n}", "a": f"s{n}", "b": f"s{n + 1}"}
              for n in range(1, LONGEST)]})
LONG_PLACES = [("first", "aws1-vm1", "acme/long/s1/p1", 1),
               ("near", "gcp1-vm1", "acme/long/s10/p10", 10),
               ("last", "gcp1-vm1", f"acme/long/s{LONGEST}/p{LONGEST}",
                LONGEST)]


def test_longest_chain(site):
    everybody = first, near, last = site.some("first near last")
    for sender in everybody:
        others = [w for w in everybody if w is not sender]
        sent = [sender.send(frame(sender.mac, other.mac, "to one"))
                for other in others]
        flood = sender.send(frame(sender.mac, BROADCAST, "to all"))
        found = collect(everybody, enough=lambda f: all(
            len(f[other]) >= 2 for other in others))
        assert found == {sender: [], others[0]: [sent[0], flood],
                         others[1]: [sent[1], flood]}


def lengthen(site, n):
    """Adds a switch with a port behind the chain: by hand, for no document
    may."""
    network = site.column("Network", "acme/long", "_uuid")[1]
    before = site.column("Switch", f"acme/long/s{n - 1}", "_uuid")[1]
    new = port("p", n)
    site.ctl("--", "--id=@s", "create", "Switch", f"name=acme/long/s{n}",
             f"network={network}", "mode=learning", "--", "create", "Link",
             f"name=acme/long/l{n - 1}", f"network={network}", f"a={before}",
             "b=@s", "--", "create", "Port", f"name=acme/long/s{n}/p{n}",
             f"network={network}", "switch=@s", f"macs=\"{new['mac']}\"")


def test_hop_limit(site):
    """A frame goes over PIPELINE_HOPS_MAX links, and no further."""
    for n in LONGEST + 1, LONGEST + 2:
        lengthen(site, n)
    site.plug(("end", "gcp1-vm1", f"acme/long/s{LONGEST + 1}/p{LONGEST + 1}",
               LONGEST + 1),
              ("beyond", "gcp1-gw", f"acme/long/s{LONGEST + 2}/p{LONGEST + 2}",
               LONGEST + 2))
    everybody = first, near, end, beyond = site.some("first near end beyond")
    before = site.drops(first.host)
    sent = [first.send(frame(first.mac, to, "first"))
            for to in (near.mac, end.mac, BROADCAST)]
    first.send(frame(first.mac, beyond.mac, "lost"))
    found = collect(everybody, enough=lambda f: len(f[end]) >= 2)
    assert found == {first: [], near: [sent[0], sent[2]],
                     end: [sent[1], sent[2]], beyond: []}
    # The one for beyond, and the flood's last copy.
    wait_until(lambda: site.drops(first.host) - before == {"hop-limit": 2}, 5,
               "what goes too far is counted")
    back = [beyond.send(frame(beyond.mac, to, "back"))
            for to in (end.mac, near.mac, BROADCAST)]
    found = collect(everybody, enough=lambda f: len(f[near]) >= 2)
    assert found == {first: [], near: [back[1], back[2]],
                     end: [back[0], back[2]], beyond: []}


# Bandwidth: 800 kbit/s are 100 bytes a millisecond, 100,000 in a burst.

FREE = ("free1", "free2", "free3")
METERED = document("acme", {
    "name": "metered",
    "switches": [{"name": name, "ports": [port(name, n)]}
                 for n, name in enumerate(("hub", "slow", *FREE), 1)],
    "links": [{"name": "limited", "a": "hub", "b": "slow",
               "bandwidth": "800k"},
              *({"name": name, "a": "hub", "b": name} for name in FREE)]})
METERED_PLACES = [("hub", "aws1-vm1", "acme/metered/hub/hub", 1),
                  ("slow", "gcp1-vm1", "acme/metered/slow/slow", 2),
                  *((name, "aws1-vm1", f"acme/metered/{name}/{name}", n)
                    for n, name in enumerate(FREE, 3))]
SIZE = 1014


def burst(site, sender, to, receivers, count):
    """Sends 'count' frames of SIZE bytes and returns how many came to each of
    'receivers', and the milliseconds that it took."""
    began = time.monotonic()
    payload = bytes(SIZE - 14)
    got = {receiver: 0 for receiver in receivers}
    for at in range(0, count, 20):
        for _ in range(20):
            sender.send(Ether(src=sender.mac, dst=to, type=MADE_UP)
                        / Raw(payload))
        for receiver, frames in collect(receivers, quiet=0.01).items():
            got[receiver] += len(frames)
    for receiver, frames in collect(receivers).items():
        got[receiver] += len(frames)
    return list(got.values()), (time.monotonic() - began) * 1000


def check_limited(got, milliseconds):
    assert 80 <= got <= (100_000 + 100 * milliseconds) * 1.1 / SIZE


def test_bandwidth(site):
    """A link lets through what it should, in each direction."""
    hub, slow, free = site.some("hub slow free1")
    for a, b in (hub, slow), (slow, hub):
        (got,), took = burst(site, a, b.mac, [b], 400)
        check_limited(got, took)
    (got,), _ = burst(site, hub, free.mac, [free], 400)
    assert got == 400


def test_bandwidth_of_a_flood(site):
    """What one link drops does not stop the flood elsewhere."""
    hub, *receivers = site.some("hub slow free1 free2 free3")
    (limited, *free), took = burst(site, hub, BROADCAST, receivers, 400)
    assert limited <= (100_000 + 100 * took) * 1.1 / SIZE
    assert free == [400] * 3


def test_bandwidth_in_both_directions_on_one_host(site):
    """One direction does not use up what is the other's."""
    hub, free = site.some("hub free1")
    site.apply(document("acme", {
        **METERED["networks"][0],
        "links": [{"name": "limited", "a": "hub", "b": "free1",
                   "bandwidth": "800k"}]}))
    site.settle()
    for a, b in (hub, free), (free, hub):
        (got,), took = burst(site, a, b.mac, [b], 200)
        check_limited(got, took)
