# SPDX-License-Identifier: Apache-2.0
"""Frames of tenants arrive as they were sent, whatever they are and however
they travel: compared byte for byte at both ends, and looked at on the WAN."""

from __future__ import annotations

from collections import Counter

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import (ICMPv6ND_NA, ICMPv6ND_NS,
                                ICMPv6NDOptDstLLAddr, ICMPv6NDOptSrcLLAddr,
                                ICMPv6PacketTooBig, IPv6)
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Raw

from frames import BROADCAST, MADE_UP, Side, flooded, unicast
from wires import Wire, wait_until
from workloads import Site, Way, collect, document, on_wan, port, silence


def cloud(name, provider, number):
    return {"name": name, "provider": provider,
            "hosts": [{"name": f"{name}-gw",
                       "public_ip": f"198.51.100.{number}"},
                      {"name": f"{name}-vm1"}, {"name": f"{name}-vm2"}]}


# A chain of clouds: between AWS and Azure GCP's gateway relays.
SCENARIO = {
    "nethv-lab": 1, "name": "frames", "firewall": False,
    "clouds": [cloud("aws1", "aws", 1), cloud("gcp1", "gcp", 2),
               cloud("az1", "azure", 3)],
    "links": [{"between": ["aws1", "gcp1"], "rtt": 1},
              {"between": ["gcp1", "az1"], "rtt": 2},
              {"between": ["aws1", "az1"], "rtt": 9}]}
LAB_OPTIONS = {"lab_uplink": True}

PLACES = [("a1", "aws1-vm1", "acme/shop/s1/a1", 1),
          ("a2", "aws1-vm1", "acme/shop/s2/a2", 2),
          ("a3", "aws1-vm2", "acme/shop/s1/a3", 3),
          ("ag", "aws1-gw", "acme/shop/s1/ag", 4),
          ("g1", "gcp1-vm1", "acme/shop/s2/g1", 5),
          ("gg", "gcp1-gw", "acme/shop/s1/gg", 6),
          ("z1", "az1-vm1", "acme/shop/s1/z1", 7),
          ("z2", "az1-vm2", "acme/shop/s2/z2", 8)]
TAG = 1

NATIVE = Way("direct")
WAYS = [
    NATIVE,
    Way("tree"),
    Way("mesh"),
    Way("direct", (("*", ("geneve",)),)),
    Way("direct", (("*", ("vxlan",)),)),
    Way("tree", (("*", ("vxlan",)),)),
    Way("mesh", (("gcp1", ("gre", "vxlan")), ("az1", ("vxlan",)))),
]


def on_switch(switch):
    return [port(name, n) for name, _, path, n in PLACES
            if path.split("/")[2] == switch]


@pytest.fixture(scope="module")
def site(lab):
    one = Site(lab)
    one.apply(document("acme", {
        "name": "shop",
        "switches": [{"name": "s1", "ports": on_switch("s1")
                      + [port("unbound", 200)]},
                     {"name": "s2", "ports": on_switch("s2")}],
        "links": [{"name": "l1", "a": "s1", "b": "s2"}]}))
    one.plug(*PLACES)
    for workload in one.workloads.values():
        workload.set_mtu(2000)
    yield one
    one.close()


@pytest.fixture(autouse=True)
def quiet(site):
    """Nothing of one test is seen in the next."""
    silence([*site.workloads.values(), *site.wan()])


def pytest_generate_tests(metafunc):
    """Each module that takes these tests over has WAYS of its own."""
    if "way" in metafunc.fixturenames:
        metafunc.parametrize("way", metafunc.module.WAYS, indirect=True,
                             scope="module", ids=str)


@pytest.fixture(scope="module")
def way(request, site):
    site.travel(request.param)
    return request.param


def side(workload, mac=None):
    return Side(mac or workload.mac, workload.ip, workload.ip6)


def mtu_of(site):
    return site.agent("aws1-gw", "status")["mtu"]


def differences(sent, got):
    """By name the frames of 'sent' that are not in 'got', and what is in it
    instead, as hex."""
    missing, extra = Counter(sent.values()), Counter(got)
    missing, extra = missing - extra, extra - missing
    return ([name for name, frame in sent.items() if frame in missing],
            [frame.hex() for frame in extra])


def check_pair(site, a, b, mac, mtu):
    """All kinds of frames from 'a' to 'b', with source MAC 'mac'."""
    frames = site.accepted(unicast(side(a, mac), side(b), mtu))
    for frame in frames.values():
        a.send(frame)
    found = collect([*site.workloads.values(), *site.wan()],
                    enough=lambda f: len(f[b]) >= len(frames))
    missing, extra = differences(frames, found.pop(b))
    assert not missing and not extra, f"{a.name} to {b.name}, from {mac}"
    wan = on_wan({w: f for w, f in found.items() if w in site.wan()})
    others = [(w.name, f) for w, f in found.items()
              if w not in site.wan() and f]
    assert not others
    return wan


PAIRS = [("a1", "a2"), ("a1", "a3"), ("a3", "ag"), ("ag", "gg"), ("a1", "z1"),
         ("z2", "a2"), ("g1", "z1")]


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_unchanged(site, way, known):
    mtu = mtu_of(site)
    for number, (name_a, name_b) in enumerate(PAIRS):
        a, b = site[name_a], site[name_b]
        mac = a.mac if known else f"06:00:00:00:01:{number:02x}"
        wan = check_pair(site, a, b, mac, mtu)
        clouds = [w.host.rpartition("-")[0] for w in (a, b)]
        assert bool(wan) == (clouds[0] != clouds[1])
        assert {frame.tag for frame in wan} <= {TAG}
        if wan:
            check_encaps(site, way, wan, clouds, known)


NSH_FRAMES = "nsh", "nsh that looks like a whole frame", "cut nsh"


def check_encaps(site, way, wan, clouds, known):
    order = [c.name for c in site.lab.scenario.clouds]
    first, last = sorted(order.index(name) for name in clouds)
    wanted = {site.encap(way, order[i], order[i + 1])
              for i in range(first, last)}
    assert {frame.encap for frame in wan} == wanted
    whole = [frame for frame in wan if frame.whole]
    if not known:
        assert len(whole) == len(wan)
    elif wanted == {"vxlan"}:
        assert len(whole) == len(wan)
    elif "vxlan" not in wanted:
        # Tenants' NSH frames travel whole, and nothing else.
        nsh = len(site.accepted(dict.fromkeys(NSH_FRAMES, b"")))
        assert len(whole) == nsh * (last - first)


def test_floods(site, way):
    """Every other port of the broadcast domain gets a flood exactly once, in
    all clouds; its sender does not."""
    mtu = mtu_of(site)
    everybody = list(site.workloads.values())
    for number, sender in enumerate(everybody):
        sent = site.accepted(flooded(side(sender), number, mtu))
        for frame in sent.values():
            sender.send(frame)
        others = [w for w in everybody if w is not sender]
        found = collect([*everybody, *site.wan()], enough=lambda f: all(
            len(f[w]) >= len(sent) for w in others))
        assert not found[sender]
        for receiver in others:
            assert differences(sent, found[receiver]) == ([], []), \
                f"{sender.name} to {receiver.name}"
        wan = on_wan({w: f for w, f in found.items() if w in site.wan()})
        assert {frame.tag for frame in wan} == {TAG}
        # Two links of the tree, each once for each of two switches.
        assert len(wan) == len(sent) * 4


def too_big(a, b, size):
    """Packets of 'size' bytes from 'a' to 'b' to which ICMP must answer."""
    ether = Ether(src=a.mac, dst=b.mac)
    four = (IP(src=a.ip, dst=b.ip, flags="DF") / UDP()
            / Raw(bytes(size - 28)))
    six = IPv6(src=a.ip6, dst=b.ip6) / UDP() / Raw(bytes(size - 48))
    return [ether / four, ether / six, ether / Dot1Q(vlan=7) / four]


def expected_answer(sent, mtu):
    """The start of the answer to 'sent', without what it quotes."""
    ether = Ether(src=sent.dst, dst=sent.src)
    if Dot1Q in sent:
        ether /= Dot1Q(vlan=sent[Dot1Q].vlan)
    if IPv6 in sent:
        return (ether / IPv6(src=sent[IPv6].dst, dst=sent[IPv6].src, hlim=64)
                / ICMPv6PacketTooBig(mtu=mtu))
    return (ether / IP(src=sent[IP].dst, dst=sent[IP].src, ttl=64)
            / ICMP(type=3, code=4, nexthopmtu=mtu))


def check_answer(sent, answer, mtu):
    wanted = expected_answer(sent, mtu)
    got = Ether(answer)
    kind = ICMPv6PacketTooBig if IPv6 in sent else ICMP
    quoted = bytes(got[kind].payload)
    assert len(quoted) >= 28
    assert bytes(sent[IPv6 if IPv6 in sent else IP]).startswith(quoted)
    # With lengths and checksums as scapy computes them.
    if IPv6 not in sent:
        wanted[IP].id, wanted[IP].flags = got[IP].id, got[IP].flags
    assert bytes(wanted / Raw(quoted)).hex() == answer.hex()


@pytest.mark.parametrize("pair", [("a1", "a3"), ("a1", "z1"), ("gg", "z2")],
                         ids="-".join)
def test_too_big(site, way, pair):
    a, b = site.some(" ".join(pair))
    mtu = mtu_of(site)
    for packet in too_big(a, b, mtu + 9):
        a.send(packet)
        answers = a.receive()
        assert len(answers) == 1, packet.summary()
        check_answer(packet, answers[0], mtu)
    assert not any(collect(site.workloads.values()).values())


def test_too_big_for_an_answer(site):
    """What is not IP is counted, and so is a flood, once for each switch."""
    a, b = site.some("a1 z1")
    mtu = mtu_of(site)
    before = site.drops(a.host)
    for mac in b.mac, BROADCAST:
        a.send(Ether(src=a.mac, dst=mac, type=MADE_UP)
               / Raw(bytes(mtu + 9)))
    wait_until(lambda: site.drops(a.host)["too-big"]
               == before["too-big"] + 3, 5, "all are counted")
    found = collect(site.workloads.values())
    # On the same host there is room.
    assert [w.name for w, frames in found.items() if frames] == ["a2"]


def test_thousand_unknown_sources(site):
    """They arrive, and answers find their way back without a flood."""
    a, z = site.some("a1 z1")
    macs = [f"06:00:00:01:{n >> 8:02x}:{n & 255:02x}" for n in range(1000)]

    def send_all(sender, receiver, frames):
        silence(site.workloads.values())
        found = {wire: [] for wire in [*site.workloads.values(),
                                       *site.wan()]}
        for at in range(0, len(frames), 50):
            some = frames[at:at + 50]
            for frame in some:
                sender.send(frame)
            for wire, got in collect(
                    found, quiet=0.02, enough=lambda f:
                    len(f[receiver]) >= len(some)).items():
                found[wire] += got
        assert found[receiver] == frames
        wan = on_wan({w: f for w, f in found.items() if w in site.wan()})
        assert {frame.tag for frame in wan} == {TAG}
        assert len(wan) == 2 * len(frames)
        assert [w.name for w in site.workloads.values() if found[w]] \
            == [receiver.name]

    send_all(z, a, [bytes(Ether(src=mac, dst=a.mac, type=MADE_UP)
                          / Raw(b"from" + bytes(42))) for mac in macs])
    send_all(a, z, [bytes(Ether(src=a.mac, dst=mac, type=MADE_UP)
                          / Raw(b"back" + bytes(42))) for mac in macs])


def test_learned_from_a_flood(site):
    """All hosts learn where an unknown source is, each VLAN for itself."""
    z, others = site["z2"], site.some("a1 a2 a3 ag g1 gg z1")
    mac = "06:00:00:02:00:01"
    z.send(Ether(src=mac, dst=BROADCAST, type=MADE_UP) / Raw(bytes(46)))
    found = collect(others, enough=lambda f: all(f.values()))
    assert all(len(frames) == 1 for frames in found.values())
    for sender in others:
        frame = sender.send(Ether(src=sender.mac, dst=mac, type=MADE_UP)
                            / Raw(b"back" + bytes(42)))
        found = collect(site.workloads.values(),
                        enough=lambda f: any(f.values()))
        assert found.pop(z) == [frame]
        assert not any(found.values())
    others[0].send(Ether(src=others[0].mac, dst=mac)
                   / Dot1Q(vlan=7, type=MADE_UP) / Raw(bytes(46)))
    found = collect(site.workloads.values(), enough=lambda f: len(
        [w for w in f if f[w]]) >= 7)
    assert [len(found[w]) for w in [*others, z]] == [0, 1, 1, 1, 1, 1, 1, 1]


# ARP and ND.

def mac_bytes(mac):
    return bytes.fromhex(mac.replace(":", ""))


def arp(a, target, **more):
    return Ether(src=a.mac, dst=BROADCAST) / ARP(
        **{"op": 1, "hwsrc": a.mac, "psrc": a.ip, "pdst": target, **more})


def solicitation(a, target, source=None):
    last = target.rpartition(":")[2].rjust(6, "0")
    group = f"ff02::1:ff{last[:2]}:{last[2:]}"
    packet = (Ether(src=a.mac,
                    dst=f"33:33:ff:{last[:2]}:{last[2:4]}:{last[4:]}")
              / IPv6(src=source or a.ip6, dst=group, hlim=255)
              / ICMPv6ND_NS(tgt=target))
    return packet if source == "::" else packet / ICMPv6NDOptSrcLLAddr(
        lladdr=a.mac)


def test_arp_is_answered_at_the_source(site):
    """With the owner's address, and nothing leaves the host."""
    a = site["a1"]
    nic = Wire(site.lab, "aws1-router", "p-aws1-vm1")
    wires = [*site.workloads.values(), *site.wan()]
    for b in site.some("a2 a3 gg z2"):
        a.send(arp(a, b.ip))
        found = collect(wires, enough=lambda f: f[a])
        reply, = found.pop(a)
        assert reply.hex() == bytes(
            Ether(src=b.mac, dst=a.mac)
            / ARP(op=2, hwsrc=b.mac, psrc=b.ip, hwdst=a.mac, pdst=a.ip)).hex()
        assert not any(found.values())
    assert not nic.receive(lambda frame: mac_bytes(a.mac) in frame, 1, 0.1)
    nic.close()


def test_solicitations_go_to_the_owner_alone(site):
    a = site["a1"]
    for b in site.some("a2 a3 gg z2"):
        for frame in (solicitation(a, b.ip6), solicitation(a, b.ip6, "::")):
            frame = a.send(frame)
            found = collect(site.workloads.values(), enough=lambda f: f[b])
            assert found.pop(b) == [frame]
            assert not any(found.values())


FORWARDED = {
    "announcement": lambda a, b: arp(a, a.ip),
    "announcement as a reply": lambda a, b: arp(a, a.ip, op=2),
    "probe for an own address": lambda a, b: arp(a, a.ip, psrc="0.0.0.0"),
    "for an unbound port": lambda a, b: arp(a, "10.0.0.200"),
    "in a VLAN": lambda a, b: Ether(src=a.mac, dst=BROADCAST)
    / Dot1Q(vlan=5) / arp(a, b.ip)[ARP],
    "duplicate address detection": lambda a, b: solicitation(a, a.ip6, "::"),
    "solicitation for an unbound port": lambda a, b:
    solicitation(a, "fd00::c8"),
    "unsolicited advertisement": lambda a, b:
    Ether(src=a.mac, dst="33:33:00:00:00:01")
    / IPv6(src=a.ip6, dst="ff02::1", hlim=255) / ICMPv6ND_NA(tgt=a.ip6)
    / ICMPv6NDOptDstLLAddr(lladdr=a.mac),
}


@pytest.mark.parametrize("what", FORWARDED)
def test_announcements_and_probes_are_forwarded(site, what):
    a = site["a1"]
    frame = a.send(FORWARDED[what](a, site["z1"]))
    others = [w for w in site.workloads.values() if w is not a]
    found = collect(site.workloads.values(),
                    enough=lambda f: all(f[w] for w in others))
    assert not found.pop(a)
    assert all(frames == [frame] for frames in found.values())
