# SPDX-License-Identifier: Apache-2.0
"""Frames of many kinds, to see that none is changed on its way."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from scapy.contrib.mpls import MPLS
from scapy.contrib.nsh import NSH
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_Router_Alert
from scapy.layers.inet6 import (ICMPv6EchoRequest, ICMPv6MLReport2,
                                ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RS,
                                ICMPv6NDOptDstLLAddr, ICMPv6NDOptSrcLLAddr,
                                IPv6, IPv6ExtHdrFragment,
                                IPv6ExtHdrHopByHop)
from scapy.layers.l2 import ARP, LLC, SNAP, Dot1AD, Dot1Q, Dot3, Ether
from scapy.packet import Packet, Raw

BROADCAST = "ff:ff:ff:ff:ff:ff"
MADE_UP = 0x4e56
# Of the frames below those with NSH's Ethernet type and no such header, which the
# kernel's datapath drops.
NOT_NSH = {"cut nsh", "nsh broadcast"}
LARGEST_HEADER = 14 + 4 + 4


@dataclass(frozen=True)
class Side:
    """Addresses of one end."""

    mac: str
    ip: str
    ip6: str


def _text(size: int) -> Raw:
    return Raw((b"All that glisters is not gold. " * 300)[:size])


def _ip_frames(a: Side, b: Side) -> dict[str, Packet]:
    ether = Ether(src=a.mac, dst=b.mac)
    ip, ip6 = IP(src=a.ip, dst=b.ip), IPv6(src=a.ip6, dst=b.ip6)
    return {
        "udp": ether / ip / UDP(sport=7, dport=8) / _text(100),
        "udp without checksum": ether / ip / UDP(sport=7, dport=8, chksum=0)
        / _text(31),
        "udp with a wrong checksum": ether / ip
        / UDP(sport=7, dport=8, chksum=0x1234) / _text(31),
        "bfd": ether / ip / UDP(sport=49152, dport=3784) / _text(24),
        "gre": ether / IP(src=a.ip, dst=b.ip, proto=47) / _text(60),
        "vxlan": ether / ip / UDP(sport=5, dport=4789) / _text(60),
        "tcp": ether / ip / TCP(sport=7, dport=80, flags="S",
                                options=[("MSS", 1460)]),
        "ping": ether / ip / ICMP() / _text(56),
        "ecn and ttl 1": ether / IP(src=a.ip, dst=b.ip, tos=3, ttl=1)
        / UDP() / _text(30),
        "ip options": ether / IP(src=a.ip, dst=b.ip,
                                 options=[IPOption_Router_Alert()])
        / UDP() / _text(30),
        "wrong ip checksum": ether / IP(src=a.ip, dst=b.ip, chksum=1)
        / UDP() / _text(30),
        "ip of version 7": ether / IP(src=a.ip, dst=b.ip, version=7)
        / _text(30),
        "cut ip header": ether / Raw(bytes(ip)[:11]),
        "first fragment": ether / IP(src=a.ip, dst=b.ip, flags="MF") / UDP()
        / _text(64),
        "last fragment": ether / IP(src=a.ip, dst=b.ip, frag=9) / _text(64),
        "udp6": ether / ip6 / UDP(sport=7, dport=8) / _text(100),
        "tcp6": ether / ip6 / TCP(sport=7, dport=80),
        "ping6": ether / ip6 / ICMPv6EchoRequest() / _text(56),
        "ipv6 fragment": ether / ip6 / IPv6ExtHdrFragment(offset=1, m=1)
        / _text(64),
        "ipv6 hop by hop": ether / ip6 / IPv6ExtHdrHopByHop() / UDP()
        / _text(32),
        "neighbour advertisement": ether / ip6 / ICMPv6ND_NA(tgt=a.ip6)
        / ICMPv6NDOptDstLLAddr(lladdr=a.mac),
        "unicast solicitation": ether / ip6 / ICMPv6ND_NS(tgt=b.ip6)
        / ICMPv6NDOptSrcLLAddr(lladdr=a.mac),
        "arp reply": ether / ARP(op=2, hwsrc=a.mac, psrc=a.ip, hwdst=b.mac,
                                 pdst=b.ip),
        "unicast arp request": ether / ARP(op=1, hwsrc=a.mac, psrc=a.ip,
                                           pdst=b.ip),
        "arp of another kind": ether / ARP(op=9, hwsrc=a.mac, psrc=a.ip,
                                           hwdst=b.mac, pdst=b.ip),
        "cut arp": ether / Raw(b"\0\1\x08\0\6\4\0"),
    }


def _tagged_frames(a: Side, b: Side) -> dict[str, Packet]:
    ether = Ether(src=a.mac, dst=b.mac)
    packet = IP(src=a.ip, dst=b.ip) / UDP() / _text(50)
    label = MPLS(label=77, s=0, ttl=9)
    return {
        "vlan": ether / Dot1Q(vlan=7, prio=5) / packet,
        "priority tag": ether / Dot1Q(vlan=0, prio=3) / packet,
        # Not the drop-eligible bit: Open vSwitch's userspace datapath clears
        # it in frames from the kernel.
        "vlan 4095": ether / Dot1Q(vlan=4095) / packet,
        "vlan of arp": ether / Dot1Q(vlan=9)
        / ARP(op=2, hwsrc=a.mac, psrc=a.ip, hwdst=b.mac, pdst=b.ip),
        "qinq": ether / Dot1AD(vlan=100) / Dot1Q(vlan=7) / packet,
        "vlan in vlan": ether / Dot1Q(vlan=1) / Dot1Q(vlan=2) / packet,
        "service tag alone": ether / Dot1AD(vlan=5) / packet,
        "three tags": ether / Dot1AD(vlan=100) / Dot1AD(vlan=7)
        / Dot1Q(vlan=8) / packet,
        "vlan of a made-up ethertype": ether / Dot1Q(vlan=3, type=MADE_UP)
        / _text(46),
        "mpls": ether / MPLS(label=16, s=1) / packet,
        "mpls of three labels": ether / label / label
        / MPLS(label=78, s=1) / packet,
    }


def _other_frames(a: Side, b: Side) -> dict[str, Packet]:
    ether = Ether(src=a.mac, dst=b.mac)
    whole = (b"\x10\x00\x0a\x04\x01\x00\x00\x00")
    inside = Ether(src=b.mac, dst=a.mac) / IP() / UDP()
    return {
        "made-up ethertype": ether.copy() / _text(46),
        "llc": Dot3(src=a.mac, dst=b.mac) / LLC(dsap=0xf0, ssap=0xf0, ctrl=3)
        / _text(50),
        "snap": Dot3(src=a.mac, dst=b.mac) / LLC(dsap=0xaa, ssap=0xaa, ctrl=3)
        / SNAP(OUI=0x080007, code=0x809b) / _text(50),
        "length without llc": Ether(src=a.mac, dst=b.mac, type=40)
        / _text(40),
        "nsh": Ether(src=a.mac, dst=b.mac, type=0x894f)
        / NSH(mdtype=1, nextproto=3) / inside,
        "nsh that looks like a whole frame":
        Ether(src=a.mac, dst=b.mac, type=0x894f)
        / Raw(b"\x0f\xc4\x02\x03\x00\x00\x00\xff" + whole) / inside,
        "cut nsh": Ether(src=a.mac, dst=b.mac, type=0x894f)
        / Raw(b"\x0f\xc4\x02"),
        "pppoe": Ether(src=a.mac, dst=b.mac, type=0x8864) / _text(48),
        "eapol": Ether(src=a.mac, dst=b.mac, type=0x888e) / _text(48),
        "lldp to a unicast address": Ether(src=a.mac, dst=b.mac, type=0x88cc)
        / _text(48),
        "loopback": Ether(src=a.mac, dst=b.mac, type=0x9000) / _text(46),
        "header alone": Ether(src=a.mac, dst=b.mac, type=MADE_UP),
        "a byte": Ether(src=a.mac, dst=b.mac, type=MADE_UP) / Raw(b"x"),
        "minimum": Ether(src=a.mac, dst=b.mac, type=MADE_UP) / _text(46),
        "padded ip": ether / IP(src=a.ip, dst=b.ip, len=20, proto=99)
        / _text(26),
    }


def _sized(a: Side, b: Side, mtu: int) -> dict[str, Packet]:
    ether = Ether(src=a.mac, dst=b.mac)
    tags = Dot1AD(vlan=1) / Dot1Q(vlan=2)
    return {
        "maximum": Ether(src=a.mac, dst=b.mac, type=MADE_UP) / _text(mtu),
        "maximum ip": ether / IP(src=a.ip, dst=b.ip, flags="DF") / UDP()
        / _text(mtu - 28),
        "maximum ipv6": ether / IPv6(src=a.ip6, dst=b.ip6) / UDP()
        / _text(mtu - 48),
        "maximum with two tags": ether / tags / IP(src=a.ip, dst=b.ip)
        / UDP() / _text(mtu - 28),
    }


def _bytes(packets: dict[str, Packet]) -> dict[str, bytes]:
    return {name: bytes(packet) for name, packet in packets.items()}


def unicast(a: Side, b: Side, mtu: int) -> dict[str, bytes]:
    """Frames from 'a' to 'b', by name, none larger than 'mtu' allows."""
    frames = _bytes({**_ip_frames(a, b), **_tagged_frames(a, b),
                     **_other_frames(a, b), **_sized(a, b, mtu)})
    made_up = frames["made-up ethertype"]
    frames["made-up ethertype"] = (made_up[:12] + MADE_UP.to_bytes(2, "big")
                                   + made_up[14:])
    assert len(set(frames.values())) == len(frames) - 1
    return frames


def flooded(a: Side, number: int, mtu: int) -> dict[str, bytes]:
    """Frames from 'a' to groups, by name; 'number' makes them different from
    those of others."""
    mark = Raw(number.to_bytes(4, "big"))

    def to(mac: str) -> Packet:
        return Ether(src=a.mac, dst=mac)

    group6 = "33:33:00:00:00:fb"
    unknown = str(ipaddress.IPv6Address(a.ip6) + 0x1000)
    return _bytes({
        "broadcast": to(BROADCAST) / IP(src=a.ip, dst="255.255.255.255")
        / UDP(dport=68) / mark,
        "multicast": to("01:00:5e:00:00:fb") / IP(src=a.ip, dst="224.0.0.251")
        / UDP(dport=5353) / mark,
        "multicast6": to(group6) / IPv6(src=a.ip6, dst="ff02::fb") / UDP()
        / mark,
        "mld": to("33:33:00:00:00:16") / IPv6(src=a.ip6, dst="ff02::16",
                                               hlim=1)
        / ICMPv6MLReport2() / mark,
        "router solicitation": to("33:33:00:00:00:02")
        / IPv6(src=a.ip6, dst="ff02::2") / ICMPv6ND_RS() / mark,
        "arp for nobody": to(BROADCAST)
        / ARP(hwsrc=a.mac, psrc=a.ip, pdst="10.0.99.99") / mark,
        "announcement": to(BROADCAST)
        / ARP(hwsrc=a.mac, psrc=a.ip, pdst=a.ip) / mark,
        "solicitation for nobody": to("33:33:ff:00:10:00")
        / IPv6(src=a.ip6, dst="ff02::1:ff00:1000")
        / ICMPv6ND_NS(tgt=unknown) / ICMPv6NDOptSrcLLAddr(lladdr=a.mac)
        / mark,
        "vlan broadcast": to(BROADCAST) / Dot1Q(vlan=7) / ARP(pdst="10.0.0.1")
        / mark,
        "qinq broadcast": to(BROADCAST) / Dot1AD(vlan=7) / Dot1Q(vlan=8)
        / IP() / UDP() / mark,
        "llc to a group": Dot3(src=a.mac, dst="09:00:07:ff:ff:ff")
        / LLC(dsap=0xaa, ssap=0xaa, ctrl=3) / SNAP() / mark,
        "made-up group": Ether(src=a.mac, dst="03:00:00:00:00:01",
                               type=MADE_UP) / mark,
        "nsh broadcast": Ether(src=a.mac, dst=BROADCAST, type=0x894f) / mark
        / _text(60),
        "maximum broadcast": Ether(src=a.mac, dst=BROADCAST, type=MADE_UP)
        / mark / _text(mtu - 4),
        "to an unknown address": Ether(src=a.mac, dst="06:ff:00:00:00:01",
                                       type=MADE_UP) / mark / _text(60),
    })
