# SPDX-License-Identifier: Apache-2.0
"""Nobody sees or reaches what is another's: tenants with the same addresses,
forged frames on the wires between hosts, spoofed ones from workloads."""

from __future__ import annotations

import json
import socket
import struct
from collections import Counter

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import (ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS,
                                ICMPv6NDOptDstLLAddr, ICMPv6NDOptSrcLLAddr,
                                IPv6)
from scapy.layers.l2 import ARP, GRE, Dot1AD, Dot1Q, Ether
from scapy.packet import Raw

from frames import BROADCAST, MADE_UP, Side, flooded, unicast
from wires import LONG, Wire, wait_until
from workloads import (Site, Way, collect, document, ip6_of, ip_of, mac_of,
                       on_wan, port, silence)

SCENARIO = {
    "nethv-lab": 1, "name": "isolation", "firewall": False,
    "clouds": [{"name": "aws1", "provider": "aws", "hosts": [
                   {"name": "aws1-gw", "public_ip": "198.51.100.1"},
                   {"name": "aws1-vm1"}, {"name": "aws1-vm2"}]},
               {"name": "gcp1", "provider": "gcp", "hosts": [
                   {"name": "gcp1-gw", "public_ip": "198.51.100.2"},
                   {"name": "gcp1-vm1"}]}],
    "links": [{"between": ["aws1", "gcp1"], "rtt": 1}]}
LAB_OPTIONS = {"lab_uplink": True}

# A tenant for each end of the range of tags without and with the group bit,
# by the cursor behind which its tag is looked for.
TENANTS = {"low": (0, 0x0001), "mid": (32766, 0xfeff),
           "group": (32767, 0x0100), "high": (65534, 0xffff)}
ENCAPS = ["gre", "geneve", "vxlan"] if LONG else ["gre"]
NETWORKS = ["low/shop", "mid/shop", "group/shop", "high/shop", "high/lab"]


def ports(tenant):
    """The same in each network."""
    return [port("one", 1), port("two", 2), port("unbound", 9),
            *([port("safe", 3, security=True)] if tenant == "low" else [])]


def name_of(network, end):
    return f"{network.replace('/', '-')}-{end}"


@pytest.fixture(scope="module")
def site(lab):
    one = Site(lab)
    for tenant, (cursor, _) in TENANTS.items():
        if cursor:
            one.ctl("set", "Global", ".", f"tag_next={cursor}")
        one.apply(document(tenant, *(
            {"name": network.split("/")[1],
             "switches": [{"name": "s1", "ports": ports(tenant)}]}
            for network in NETWORKS if network.startswith(tenant + "/"))))
    one.plug(*((name_of(network, end), host, f"{network}/s1/{end}", n)
               for network in NETWORKS
               for end, host, n in (("one", "aws1-vm1", 1),
                                    ("two", "gcp1-vm1", 2))),
             ("safe", "aws1-vm1", "low/shop/s1/safe", 3))
    one.warm_up()
    yield one
    one.close()


@pytest.fixture(scope="module", params=ENCAPS)
def encap(request, site):
    """What frames travel in, between all hosts."""
    site.travel(Way("direct", (("*", (request.param,)),)))
    return request.param


@pytest.fixture(autouse=True)
def quiet(site):
    """Nothing of one test is seen in the next."""
    silence([*site.workloads.values(), *site.wan()])


def everything(site):
    return [*site.workloads.values(), *site.wan()]


def tags_on_wan(site, found):
    return {frame.tag for frame in on_wan({wire: found[wire]
                                           for wire in site.wan()})}


def receivers(site, found):
    return {w.name for w in site.workloads.values() if found[w]}


# Tenants with the same addresses.

def test_tags(site):
    for tenant, (_, tag) in TENANTS.items():
        for network in NETWORKS:
            if network.startswith(tenant):
                uuid = site.column("Network", network, "_uuid")[1]
                rows = json.loads(site.ctl(
                    "--format=json", "--columns=tag", "find", "Network_State",
                    f"network={uuid}"))["data"]
                assert rows == [[tag]]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_same_addresses(site, encap, network, known):
    """The frames of each network arrive unchanged and stay in it."""
    a = site[name_of(network, "one")]
    b = site[name_of(network, "two")]
    mac = a.mac if known else "06:00:00:00:00:01"
    one = Side(mac, a.ip, a.ip6)
    frames = list(site.accepted(unicast(
        one, Side(b.mac, b.ip, b.ip6), 1300)).values())
    floods = list(site.accepted(flooded(
        one, NETWORKS.index(network), 1300)).values())
    for frame in frames + floods:
        a.send(frame)
    found = collect(everything(site), enough=lambda f: len(f[b]) >= len(
        frames + floods))
    assert sorted(found[b]) == sorted(frames + floods)
    assert tags_on_wan(site, found) == {TENANTS[network.split("/")[0]][1]}
    assert receivers(site, found) == {b.name} | (
        {"safe"} if network == "low/shop" else set())


def test_learning_stays_inside(site, encap):
    """What one network has learned is unknown in all others."""
    mac = "06:00:00:00:00:07"
    a, b = site["high-shop-one"], site["high-shop-two"]
    a.send(Ether(src=mac, dst=BROADCAST, type=MADE_UP) / Raw(bytes(46)))
    assert len(b.receive()) == 1
    for network in NETWORKS:
        sender = site[name_of(network, "two")]
        frame = sender.send(Ether(src=sender.mac, dst=mac, type=MADE_UP)
                            / Raw(b"to it".ljust(46)))
        there = site[name_of(network, "one")]
        found = collect(everything(site),
                        enough=lambda f: f[there])
        assert receivers(site, found) == {there.name} | (
            {"safe"} if network == "low/shop" else set())
        assert found[there] == [frame]


def test_source_like_a_wire_address(site, encap):
    """A workload gains nothing by sending from another's wire address."""
    location = binding(site, "group/shop/s1/two")
    wire = struct.pack("!HI", TENANTS["group"][1], location)
    a, b = site["mid-shop-two"], site["mid-shop-one"]
    for source in wire, bytes([wire[0] & 0xfe, *wire[1:]]):
        frame = a.send(bytes.fromhex(mac_of(1).replace(":", "")) + source
                       + b"\x4e\x56" + bytes(46))
        found = collect(everything(site), enough=lambda f: f[b])
        assert receivers(site, found) == {b.name}
        assert found[b] == [frame]
        assert tags_on_wan(site, found) == {TENANTS["mid"][1]}


# Frames made by hand on the wires between hosts.

def binding(site, path):
    uuid = site.column("Port", path, "_uuid")[1]
    rows = json.loads(site.ctl("--format=json", "--columns=location", "find",
                               "Binding", f"port={uuid}"))["data"]
    return rows[0][0]


def group_key(site, path):
    uuid = site.column("Switch", path, "_uuid")[1]
    rows = json.loads(site.ctl("--format=json", "--columns=number", "find",
                               "Switch_State", f"switch={uuid}"))["data"]
    return 255 << 24 | rows[0][0] << 2


def location(cloud, host, number=0):
    return cloud << 24 | host << 12 | number << 2


def host_of(site, name):
    """The location of a host in cloud 1, with the number 0."""
    return location(1, site.column("Host", name, "id"))


class Forge:
    """What forged frames are made of."""

    def __init__(self, site, encap):
        self.encap = encap
        self.here = binding(site, "mid/shop/s1/one")
        self.there = binding(site, "mid/shop/s1/two")
        # Numbers count in each tenant, in the order in which its ports were
        # attached: these are none of "mid".
        self.mac = self.numbered(site)
        self.foreign_there, self.foreign_here = (
            next(number for number in (binding(site, f"{network}/s1/{end}")
                                       for network in ("high/shop", "high/lab"))
                 if number not in own)
            for end, own in (("two", (self.there, self.mac)),
                             ("one", (self.here,))))
        self.group = group_key(site, "mid/shop/s1")
        self.foreign_group = group_key(site, "group/shop/s1")
        self.tag = TENANTS["mid"][1]
        self.tree = self.stamp(site)
        # In the order in which they happened to join.
        self.host = host_of(site, "aws1-vm1")
        self.other_host = host_of(site, "aws1-vm2")

    @staticmethod
    def stamp(site):
        """The number of the tree, as the key of a frame has it."""
        a, b = site["mid-shop-two"], site["mid-shop-one"]
        a.send(Ether(src=a.mac, dst=b.mac, type=MADE_UP) / Raw(bytes(46)))
        found = collect(everything(site), enough=lambda f: f[b])
        keys = {one.key & 3 for one in on_wan(
            {wire: found[wire] for wire in site.wan()})}
        assert len(keys) == 1
        return keys.pop()

    @staticmethod
    def numbered(site):
        """The number that stands for the MAC of mid/shop/s1/two."""
        uuid = site.column("Port", "mid/shop/s1/two", "_uuid")[1]
        (pairs,), = json.loads(site.ctl(
            "--format=json", "--columns=mac_locations", "find", "Binding",
            f"port={uuid}"))["data"]
        return pairs[1][0][1]


@pytest.fixture(scope="module")
def forge(site, encap):
    return Forge(site, encap)


def tunnel_header(encap, key, tag):
    """What precedes a frame in a tunnel of kind 'encap'."""
    if encap == "gre":
        return GRE(key_present=1, key=key, proto=0x6558)
    if encap == "geneve":
        return UDP(sport=50000, dport=6081) / Raw(struct.pack(
            "!BBHIHBBI", 2, 0, 0x6558, tag << 8, 0xff4e, 0, 1, key))
    return UDP(sport=50000, dport=4789) / Raw(struct.pack(
        "!II", 0x08000000, tag << 8))


def inject(site, forge, place, addresses, key, wire, payload):
    """Sends a packet of a tunnel, with the frame 'payload' whose source is the
    wire address 'wire' (tag, location), with the outer 'addresses' (source,
    destination): in the cloud from a router 'place', or from the WAN."""
    source, destination = addresses
    # VXLAN has no other room for the key.
    to = (struct.pack("!HI", wire[0], key) if forge.encap == "vxlan"
          else bytes.fromhex(mac_of(1).replace(":", "")))
    packet = (IP(src=source, dst=destination)
              / tunnel_header(forge.encap, key, wire[0])
              / Raw(to + struct.pack("!HI", *wire) + payload))
    if place == "wan":
        links = json.loads(site.lab.run("aws1-router", [
            "ip", "-j", "link", "show", "to-gcp1"]).stdout)
        with Wire(site.lab, "wan", "w1-2") as wire_to_router:
            wire_to_router.send(Ether(dst=links[0]["address"]) / packet)
        return
    with site.lab.network(place), socket.socket(
            socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as sock:
        sock.sendto(bytes(packet), (destination, 0))


PAYLOAD = b"\x4e\x56" + b"forged".ljust(46)
WHOLE = (b"\x89\x4f" + b"\x0f\xc4\x02\x03\x00\x00\x00\xff"
         + b"\x10\x00\x0a\x04\x01\x00\x00\x00")
GATEWAY, OTHER, NOBODY = "10.0.0.10", "10.0.0.12", "10.0.0.99"

# To aws1-vm1: outer source, wire source, key, reason.
TO_HOST = {
    "outer source of nobody": lambda f: (
        NOBODY, (f.tag, f.mac), f.here, "forged-source"),
    "outer source of another host": lambda f: (
        OTHER, (f.tag, f.mac), f.here, "forged-source"),
    "another host's name by the gateway": lambda f: (
        GATEWAY, (f.tag, f.other_host | 4), f.here, "forged-source"),
    "the host's own name": lambda f: (
        OTHER, (f.tag, f.here), f.here, "forged-source"),
    "the host's own name by the gateway": lambda f: (
        GATEWAY, (f.tag, f.here), f.here, "forged-source"),
    "control": lambda f: (GATEWAY, (0, f.mac), f.here, "control"),
    "control from nobody": lambda f: (NOBODY, (0, 0), 0, "control"),
    "tag of nobody": lambda f: (
        GATEWAY, (0x1234, f.mac), f.here, "unknown-source"),
    "number of nobody": lambda f: (
        GATEWAY, (f.tag, location(2, 2, 1000)), f.here, "unknown-source"),
    "another tenant's number": lambda f: (
        GATEWAY, (f.tag, f.foreign_there), f.here, "unknown-source"),
    "to another tenant": lambda f: (
        GATEWAY, (f.tag, f.mac), f.foreign_here, "foreign"),
    "to a port of nobody": lambda f: (
        GATEWAY, (f.tag, f.mac), f.host | 1000 << 2, "foreign"),
    "to another tenant's flood": lambda f: (
        GATEWAY, (f.tag, f.mac), f.foreign_group, "foreign"),
    "to a flood of nobody": lambda f: (
        GATEWAY, (f.tag, f.mac), 255 << 24 | 4000 << 2, "misrouted"),
    "to another host": lambda f: (
        GATEWAY, (f.tag, f.mac), f.other_host | 4, "misrouted"),
    "to another cloud": lambda f: (
        GATEWAY, (f.tag, f.mac), f.there, "misrouted"),
    "key 0": lambda f: (GATEWAY, (f.tag, f.mac), 0, "misrouted"),
}

# To aws1-gw, over the WAN.
PUBLIC = "198.51.100.2"
TO_GATEWAY = {
    "outer source of nobody": lambda f: (
        "198.51.100.77", (f.tag, f.mac), f.here | f.tree, "forged-source"),
    "another tree": lambda f: (
        PUBLIC, (f.tag, f.mac), f.here | ((f.tree + 1) & 3),
        "forged-source"),
    "this cloud's name": lambda f: (
        PUBLIC, (f.tag, f.here), f.here | f.tree, "forged-source"),
    "name of a cloud of nobody": lambda f: (
        PUBLIC, (f.tag, location(77, 1, 1)), f.here | f.tree,
        "forged-source"),
    "control": lambda f: (
        PUBLIC, (0, location(2, 1, 0)), 0, "control"),
    "to a host of nobody": lambda f: (
        PUBLIC, (f.tag, f.mac), location(1, 99, 1) | f.tree, "no-path"),
    "to a cloud of nobody": lambda f: (
        PUBLIC, (f.tag, f.mac), location(77, 1, 1) | f.tree, "no-path"),
    "another tenant's flood": lambda f: (
        PUBLIC, (f.tag, f.mac), f.foreign_group | f.tree, "foreign"),
    "to no port of the gateway": lambda f: (
        PUBLIC, (f.tag, f.mac), location(1, 1, 5) | f.tree,
        "unknown-source"),
}


class Expected:
    """Context in which each frame that is sent is dropped by 'host' for the
    reason that is noted, and nobody gets it."""

    def __init__(self, site, host):
        self.site, self.host, self.reasons = site, host, Counter()

    def drop(self, reason):
        self.reasons[reason] += 1

    def dropped(self):
        return self.site.drops(self.host) - self.before

    def __enter__(self):
        self.before = self.site.drops(self.host)
        return self

    def wait(self):
        wait_until(lambda: self.dropped() == self.reasons, 5,
                   lambda: f"{self.host} drops {self.reasons}, but "
                   f"{self.dropped()}")

    def __exit__(self, kind, *_):
        if kind is None:
            self.wait()
            assert not receivers(self.site, collect(everything(self.site)))


@pytest.mark.parametrize("whole", [False, True], ids=["rewritten", "whole"])
def test_forged_in_a_cloud(site, forge, whole):
    inside = bytes.fromhex("020000000001060000000001") + PAYLOAD
    with Expected(site, "aws1-vm1") as expected:
        for make in TO_HOST.values():
            source, wire, key, reason = make(forge)
            inject(site, forge, "aws1-router", (source, "10.0.0.11"), key,
                   wire, WHOLE + inside if whole else PAYLOAD)
            expected.drop(reason)


def test_forged_between_clouds(site, forge):
    with Expected(site, "aws1-gw") as expected:
        for make in TO_GATEWAY.values():
            source, wire, key, reason = make(forge)
            inject(site, forge, "wan", (source, "198.51.100.1"), key, wire,
                   PAYLOAD)
            expected.drop(reason)


def test_forging_works(site, forge):
    """Made by hand with all as it should be, a frame arrives: what the tests
    above send is dropped for no other fault."""
    b = site["mid-shop-one"]
    to, source = (bytes.fromhex(mac_of(n).replace(":", "")) for n in (1, 2))
    for router, outer, key in (
            ("aws1-router", (GATEWAY, "10.0.0.11"), forge.here),
            ("wan", (PUBLIC, "198.51.100.1"), forge.here | forge.tree),
            ("aws1-router", (GATEWAY, "10.0.0.11"), forge.group)):
        if forge.encap != "vxlan":      # There all are whole.
            inject(site, forge, router, outer, key, (forge.tag, forge.mac),
                   PAYLOAD)
            found = collect(everything(site), enough=lambda f: f[b])
            assert found[b] == [to + source + PAYLOAD]
            assert receivers(site, found) == {b.name}
        inside = to + bytes.fromhex("060000000001") + PAYLOAD
        inject(site, forge, router, outer, key, (forge.tag, forge.there),
               WHOLE + inside)
        found = collect(everything(site), enough=lambda f: f[b])
        assert found[b] == [inside]


BROKEN = {
    "nothing": b"\x89\x4f",
    "cut": b"\x89\x4f\x0f\xc4\x02",
    "zero": b"\x89\x4f" + bytes(8),
    "too long": b"\x89\x4f\x0f\xff\x02\x03\x00\x00\x00\xff" + bytes(8),
    "of another type": b"\x89\x4f\x0f\xc6\x01\x03\x00\x00\x00\xff"
    + bytes(40),
    "with IP inside": WHOLE[:5] + b"\x01" + WHOLE[6:] + bytes(40),
    "no frame inside": WHOLE,
    "cut frame inside": WHOLE + bytes(13),
}


# Those that the datapath itself drops, before rules see them.
DROPPED = {"netdev": {"no frame inside", "cut frame inside"},
           "system": {"no frame inside", "cut frame inside", "nothing", "cut",
                      "zero", "too long"}}


def test_broken_whole_frames(site, forge):
    """They are dropped, and the next that is not broken arrives."""
    pid = site.lab.pid("ovs-vswitchd", "aws1-vm1")
    before = site.drops("aws1-vm1")
    for broken in BROKEN.values():
        inject(site, forge, "aws1-router", (GATEWAY, "10.0.0.11"), forge.here,
               (forge.tag, forge.there), broken)
        assert not receivers(site, collect(everything(site)))
        test_forging_works(site, forge)
    assert site.lab.pid("ovs-vswitchd", "aws1-vm1") == pid
    counted = len(BROKEN) - len(DROPPED[site.lab.datapath("aws1-vm1")])
    wait_until(lambda: site.drops("aws1-vm1") - before
               == {"broken": counted}, 5, "the others are counted")


# Workloads.

def flaps(site):
    said = site.lab.run("aws1-gw", [
        "ovs-vsctl", "get", "Interface", "nethv-e2", "bfd_status"]).stdout
    return said if "state=up" in said else None


def test_bfd_from_a_workload(site):
    """It is a frame like any other; tunnels do not believe it."""
    a, b = site["low-shop-one"], site["low-shop-two"]
    status = wait_until(lambda: flaps(site), 5, "the tunnel is up")
    down = struct.pack("!BBBBIIIII", 0x20, 0x00, 3, 24, 1, 1, 1, 1, 0)
    frames = [a.send(Ether(src=a.mac, dst=mac) / IP(src=a.ip, dst=b.ip,
                                                    ttl=255)
                     / UDP(sport=49152, dport=3784) / Raw(down))
              for mac in (b.mac, BROADCAST, "00:23:20:00:00:01") * 5]
    found = collect(everything(site), enough=lambda f: len(f[b]) >= 15)
    assert sorted(found[b]) == sorted(frames)
    assert flaps(site) == status


def test_control_of_bridges(site):
    """LLDP, STP, LACP and the like end at the port."""
    a = site["low-shop-one"]
    with Expected(site, a.host) as expected:
        for last in range(16):
            a.send(Ether(src=a.mac, dst=f"01:80:c2:00:00:{last:02x}",
                         type=0x88cc) / Raw(bytes(46)))
            expected.drop("reserved")


def test_port_that_no_host_has(site):
    a = site["low-shop-one"]
    with Expected(site, a.host) as expected:
        a.send(Ether(src=a.mac, dst=mac_of(9), type=MADE_UP)
               / Raw(bytes(46)))
        expected.drop("unbound")


def test_interface_that_nothing_claims(site):
    site.lab.node("aws1-vm1").batch(["link add stray type veth peer stray2",
                                     "link set stray up",
                                     "link set stray2 up"])
    site.lab.run("aws1-vm1", ["ovs-vsctl", "add-port", "br-int", "stray2"])
    stray = Wire(site.lab, "aws1-vm1", "stray")
    before = site.drops("aws1-vm1")["no-port"]
    stray.send(Ether(src=mac_of(1), dst=BROADCAST, type=MADE_UP)
               / Raw(bytes(46)))
    wait_until(lambda: site.drops("aws1-vm1")["no-port"] > before, 5,
               "it is counted")
    assert not receivers(site, collect(everything(site)))
    stray.close()
    site.lab.run("aws1-vm1", ["ovs-vsctl", "del-port", "stray2"])


def test_the_host_is_out_of_reach(site):
    """Its kernel answers nothing that a workload sends."""
    a = site["low-shop-one"]
    rows = json.loads(site.lab.run(a.host, [
        "ovs-vsctl", "--format=json", "--columns=mac_in_use", "find",
        "Interface", "external_ids:iface-id=low/shop/s1/one"]).stdout)
    outer = rows["data"][0][0]
    six = IPv6(src="fe80::1", dst="ff02::1") / ICMPv6EchoRequest()
    for frame in (
            Ether(src=a.mac, dst=BROADCAST) / ARP(
                hwsrc=a.mac, psrc="10.0.0.50", pdst="10.0.0.11"),
            Ether(src=a.mac, dst=outer) / IP(src="10.0.0.12",
                                             dst="10.0.0.11") / ICMP(),
            Ether(src=a.mac, dst=outer) / IP(src=a.ip, dst="10.0.0.11")
            / ICMP(),
            Ether(src=a.mac, dst="33:33:00:00:00:01") / six,
            Ether(src=a.mac, dst=outer) / six):
        a.send(frame)
    found = collect(everything(site),
                    enough=lambda f: len(f[site["low-shop-two"]]) >= 5)
    assert not found[a]
    assert receivers(site, found) == {"low-shop-two", "safe"}


# A secured port.

def ethernet(**more):
    return Ether(**{"src": mac_of(3), "dst": mac_of(1), **more})


def four(**more):
    return IP(**{"src": ip_of(3), "dst": ip_of(1), **more}) / UDP()


def six(**more):
    return IPv6(**{"src": ip6_of(3), "dst": ip6_of(1), **more}) / UDP()


def arp(**more):
    return ARP(**{"op": 2, "hwsrc": mac_of(3), "psrc": ip_of(3),
                  "hwdst": mac_of(1), "pdst": ip_of(1), **more})


def advertisement(target=ip6_of(3), mac=mac_of(3), source=ip6_of(3)):
    return (IPv6(src=source, dst=ip6_of(1), hlim=255)
            / ICMPv6ND_NA(tgt=target) / ICMPv6NDOptDstLLAddr(lladdr=mac))


def solicitation(mac=mac_of(3), source=ip6_of(3)):
    return (IPv6(src=source, dst=ip6_of(1), hlim=255)
            / ICMPv6ND_NS(tgt=ip6_of(1)) / ICMPv6NDOptSrcLLAddr(lladdr=mac))


LINK_LOCAL = "fe80::ff:fe00:3"
SPOOFED = {
    "mac": (ethernet(src=mac_of(2)) / four(), "spoofed-mac"),
    "mac of another kind": (ethernet(src=mac_of(2), type=MADE_UP)
                            / Raw(bytes(46)), "spoofed-mac"),
    "mac of nobody": (ethernet(src="06:00:00:00:00:01") / four(),
                      "spoofed-mac"),
    "group as a source": (ethernet(src="01:00:5e:00:00:01") / four(),
                          "spoofed-mac"),
    "mac in a VLAN": (ethernet(src=mac_of(2)) / Dot1Q(vlan=7) / four(),
                      "spoofed-mac"),
    "ip": (ethernet() / four(src=ip_of(2)), "spoofed-ip"),
    "ip in a VLAN": (ethernet() / Dot1Q(vlan=7) / four(src=ip_of(2)),
                     "spoofed-ip"),
    "no ip": (ethernet() / four(src="0.0.0.0"), "spoofed-ip"),
    "ipv6": (ethernet() / six(src=ip6_of(2)), "spoofed-ip"),
    "link-local ipv6": (ethernet() / six(src="fe80::1"), "spoofed-ip"),
    "arp sender": (ethernet() / arp(psrc=ip_of(2)), "spoofed-ip"),
    "arp sender's mac": (ethernet() / arp(hwsrc=mac_of(2)), "spoofed-ip"),
    "arp request": (ethernet(dst=BROADCAST) / arp(op=1, psrc=ip_of(2)),
                    "spoofed-ip"),
    "arp in a VLAN": (ethernet() / Dot1Q(vlan=7) / arp(psrc=ip_of(2)),
                      "spoofed-ip"),
    "advertised target": (ethernet() / advertisement(target=ip6_of(2)),
                          "spoofed-ip"),
    "advertised mac": (ethernet() / advertisement(mac=mac_of(2)),
                       "spoofed-ip"),
    "advertisement's source": (ethernet() / advertisement(source=ip6_of(2)),
                               "spoofed-ip"),
    "solicitation's source": (ethernet() / solicitation(source=ip6_of(2)),
                              "spoofed-ip"),
    "solicitation's mac": (ethernet() / solicitation(mac=mac_of(2)),
                           "spoofed-ip"),
}


def tagged(payload, *tags):
    """'payload' behind VLAN tags, of the types that end each word."""
    frame = ethernet()
    for n, tag in enumerate(tags):
        frame /= Dot1AD(vlan=100 + n) if tag == "S" else Dot1Q(vlan=7 + n)
    return frame / payload


# What a spoofed sender may hide behind.  Open vSwitch sees behind two tags.
STACKS = ["C", "S", "SC", "CC", "SS", "CS", "SSC", "CCC", "SSSC"]
SPOOFED_INSIDE = {
    "ip": four(src=ip_of(2)), "ipv6": six(src=ip6_of(2)),
    "arp": arp(psrc=ip_of(2)), "arp with a mac": arp(hwsrc=mac_of(2)),
    "target": advertisement(target=ip6_of(2)),
    "advertised mac": advertisement(mac=mac_of(2)),
    "solicitation": solicitation(mac=mac_of(2))}
HONEST_INSIDE = {
    "ip": four(), "ipv6": six(), "arp": arp(), "target": advertisement(),
    "solicitation": solicitation(), "dhcp": IP(src="0.0.0.0",
                                               dst="255.255.255.255")
    / UDP(sport=68, dport=67)}


HONEST = {
    "ip": ethernet() / four(),
    "ip in a VLAN": ethernet() / Dot1Q(vlan=7) / four(),
    "ipv6": ethernet() / six(),
    "link-local ipv6": ethernet() / six(src=LINK_LOCAL),
    "arp": ethernet() / arp(),
    "arp probe": ethernet() / arp(psrc="0.0.0.0"),
    "dhcp": ethernet(dst=BROADCAST) / IP(src="0.0.0.0", dst="255.255.255.255")
    / UDP(sport=68, dport=67),
    "advertisement": ethernet() / advertisement(),
    "link-local advertisement": ethernet() / advertisement(
        target=LINK_LOCAL, source=LINK_LOCAL),
    "advertisement without a mac": ethernet()
    / IPv6(src=ip6_of(3), dst=ip6_of(1), hlim=255)
    / ICMPv6ND_NA(tgt=ip6_of(3)),
    "solicitation": ethernet() / solicitation(),
    "duplicate address detection": ethernet(dst="33:33:ff:00:00:03")
    / IPv6(src="::", dst="ff02::1:ff00:3", hlim=255)
    / ICMPv6ND_NS(tgt=ip6_of(3)),
    "made-up ethertype": ethernet(type=MADE_UP) / Raw(bytes(46)),
}


def test_spoofed_at_a_secured_port(site):
    with Expected(site, "aws1-vm1") as expected:
        for frame, reason in SPOOFED.values():
            site["safe"].send(frame)
            expected.drop(reason)


@pytest.mark.parametrize("stack", STACKS)
def test_spoofed_behind_tags(site, stack):
    """And what cannot be seen is not let in, honest or not."""
    hidden = len(stack) > 2
    inside = {**SPOOFED_INSIDE, **(HONEST_INSIDE if hidden else {})}
    with Expected(site, "aws1-vm1") as expected:
        for payload in inside.values():
            site["safe"].send(tagged(payload, *stack))
            expected.drop("hidden-ip" if hidden else "spoofed-ip")
        other = bytes(tagged(four(), *stack)).replace(
            bytes(ethernet())[6:12], bytes(ethernet(src=mac_of(2)))[6:12])
        site["safe"].send(other)
        expected.drop("spoofed-mac")


@pytest.mark.parametrize("stack", [s for s in STACKS if len(s) <= 2])
def test_honest_behind_tags(site, stack):
    b = site["low-shop-one"]
    sent = [site["safe"].send(tagged(payload, *stack))
            for payload in HONEST_INSIDE.values()]
    sent.append(site["safe"].send(
        bytes(tagged(Raw(bytes(46)), *stack))))
    found = collect(everything(site),
                    enough=lambda f: len(f[b]) >= len(sent))
    assert sorted(found[b]) == sorted(sent)


def test_cut_tags_at_a_secured_port(site):
    with Expected(site, "aws1-vm1") as expected:
        # What is shorter the kernel or Open vSwitch itself drops; the kernel's
        # datapath these too.
        counted = site.lab.datapath("aws1-vm1") == "netdev"
        for cut in b"\x00\x02", b"\x00\x02\x08":
            # Open vSwitch (3.1) cannot read its own keys of such frames back:
            # it counts what misses its cache, not what hits it.
            site.lab.run("aws1-vm1", ["ovs-appctl", "revalidator/purge"])
            site["safe"].send(bytes(ethernet())[:12]
                              + b"\x88\xa8\x00\x01\x81\x00" + cut)
            if counted:
                expected.drop("hidden-ip")
                expected.wait()


def test_secured_port_without_a_mac(site):
    """It may send nothing, and is sent what others are.  No document may
    have it."""
    site.apply(document("mute", {"name": "lan", "switches": [
        {"name": "s1", "ports": [port("mute", 4), port("other", 1)]}]}))
    site.ctl("set", "Port", "mute/lan/s1/mute", "macs=[]", "security=true")
    site.plug(("mute", "aws1-vm1", "mute/lan/s1/mute", 4),
              ("other", "aws1-vm1", "mute/lan/s1/other", 1))
    mute, other = site.some("mute other")
    with Expected(site, mute.host) as expected:
        for frame in (Ether(src=mute.mac, dst=mac_of(1)) / four(src=mute.ip),
                      Ether(src=mute.mac, dst=BROADCAST) / arp(op=1),
                      Ether(src="06:00:00:00:00:09", dst=BROADCAST,
                            type=MADE_UP) / Raw(bytes(46))):
            mute.send(frame)
            expected.drop("spoofed-mac")
    sent = other.send(Ether(src=other.mac, dst=BROADCAST, type=MADE_UP)
                      / Raw(bytes(46)))
    assert mute.receive() == [sent]


def test_vlan_limit(site):
    """The agent sets it, unless it is larger: "leave" takes it back, as
    test_join.py shows."""
    def limit():
        return site.lab.run("aws1-vm1", [
            "ovs-vsctl", "get", "Open_vSwitch", ".",
            "other_config:vlan-limit"]).stdout.strip(' "\n')

    def set_limit(value):
        site.lab.run("aws1-vm1", ["ovs-vsctl", "--no-wait", "set",
                                  "Open_vSwitch", ".",
                                  f"other_config:vlan-limit={value}"])

    assert limit() == "2"
    set_limit(1)
    wait_until(lambda: limit() == "2", 5, "the agent has set it again")
    set_limit(0)
    site.apply(document("unlimited"))
    site.settle()
    assert limit() == "0"
    set_limit(1)


def test_honest_at_a_secured_port(site):
    b = site["low-shop-one"]
    sent = [site["safe"].send(frame) for frame in HONEST.values()]
    found = collect(everything(site),
                    enough=lambda f: len(f[b]) >= len(sent))
    missing = [name for name, frame in zip(HONEST, sent)
               if frame not in found[b]]
    assert not missing
    assert sorted(found[b]) == sorted(sent)


def test_drops_are_in_the_database(site):
    """What the agents report of themselves."""
    def reported(host):
        uuid = site.column("Host", host, "_uuid")[1]
        (pairs,), = json.loads(site.ctl(
            "--format=json", "--columns=statistics", "find", "Host_Report",
            f"host={uuid}"))["data"]
        return {name: count for name, count in pairs[1]
                if name.startswith("drop-")}

    for host in "aws1-vm1", "aws1-gw":
        counted = {f"drop-{name}": count
                   for name, count in site.drops(host).items() if count}
        assert len(counted) >= 5
        wait_until(lambda: reported(host) == counted, 15,
                   lambda: f"{host} reports {counted}, but {reported(host)}")
        drops = site.agent(host, "status")["drops"]
        assert {f"drop-{name}": count for name, count in drops.items()
                if count} == counted
