# SPDX-License-Identifier: Apache-2.0
"""Frames between hosts, as an onlooker sees them: which tunnel, which key,
which wire address.  See "Addresses on the wire" in nethv(7)."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

GRE, UDP, ICMP = 47, 17, 1
GENEVE_PORT, VXLAN_PORT = 6081, 4789
ETH_IP, ETH_VLAN, ETH_TEB, ETH_NSH = 0x0800, 0x8100, 0x6558, 0x894f
CLOUD_FLOOD = 255


def mac_text(mac: bytes) -> str:
    return mac.hex(":")


@dataclass(frozen=True)
class Location:
    """Where a key or the low bits of a wire address lead."""

    value: int

    @property
    def cloud(self) -> int:
        return self.value >> 24

    @property
    def host(self) -> int:
        return self.value >> 12 & 0xfff

    @property
    def number(self) -> int:
        return self.value >> 2 & 0x3ff

    @property
    def tree(self) -> int:
        return self.value & 3

    def __str__(self) -> str:
        return (f"flood {self.value >> 2 & 0x3fffff}"
                if self.cloud == CLOUD_FLOOD
                else f"{self.cloud}/{self.host}/{self.number}")


@dataclass(frozen=True)
class Tunnelled:
    """A tenant's frame in a tunnel."""

    encap: str                      # "gre", "geneve" or "vxlan".
    outer_source: str
    outer_destination: str
    key: Location
    source: bytes                   # The source MAC between hosts.
    inner: bytes                    # The tenant's frame; if it is not whole,
    whole: bool                     # its source MAC is the wire address.

    @property
    def tag(self) -> int:
        """The tenant's, from the wire address."""
        return int.from_bytes(self.source[:2], "big")

    @property
    def origin(self) -> Location:
        return Location(int.from_bytes(self.source[2:], "big"))


def _ipv4(frame: bytes) -> tuple[int, str, str, bytes] | None:
    """Protocol, source, destination and payload of an IPv4 frame."""
    if len(frame) < 34 or struct.unpack_from("!H", frame, 12)[0] != ETH_IP:
        return None
    length = (frame[14] & 15) * 4
    total = struct.unpack_from("!H", frame, 16)[0]
    return (frame[23], socket.inet_ntoa(frame[26:30]),
            socket.inet_ntoa(frame[30:34]), frame[14 + length:14 + total])


def _gre(payload: bytes) -> tuple[str, int | None, bytes] | None:
    flags, protocol = struct.unpack_from("!HH", payload)
    if protocol != ETH_TEB or not flags & 0x2000:
        return None
    offset = 8 if flags & 0x8000 else 4
    return ("gre", struct.unpack_from("!I", payload, offset)[0],
            payload[offset + (8 if flags & 0x1000 else 4):])


def _udp(payload: bytes) -> tuple[str, int | None, bytes] | None:
    port = struct.unpack_from("!H", payload, 2)[0]
    body = payload[8:]
    if port == VXLAN_PORT:
        return "vxlan", None, body[8:]
    if port != GENEVE_PORT:
        return None
    options = (body[0] & 0x3f) * 4
    if options < 8:
        return None                 # BFD, which has no key.
    return ("geneve", struct.unpack_from("!I", body, 12)[0],
            body[8 + options:])


def _unwrap(frame: bytes) -> tuple[bytes, bool]:
    """The tenant's frame in what a tunnel carried, and whether it came
    whole."""
    if struct.unpack_from("!H", frame, 12)[0] != ETH_NSH:
        return frame, False
    words = struct.unpack_from("!H", frame, 14)[0] & 0x3f
    return frame[14 + words * 4:], True


def tunnelled(frame: bytes) -> Tunnelled | None:
    """What the physical 'frame' carries for a tenant, if it does."""
    try:
        ip = _ipv4(frame)
        if not ip or ip[0] not in (GRE, UDP):
            return None
        found = (_gre if ip[0] == GRE else _udp)(ip[3])
        if not found or len(found[2]) < 14:
            return None
        encap, key, carried = found
        if key is None:
            key = int.from_bytes(carried[2:6], "big")
        inner, whole = _unwrap(carried)
    except (struct.error, IndexError):
        return None
    return Tunnelled(encap, ip[1], ip[2], Location(key), carried[6:12], inner,
                     whole)


def echo_payload(frame: bytes) -> bytes | None:
    """The data of an ICMP echo request in the tenant's frame 'frame'."""
    ip = _ipv4(frame)
    if not ip or ip[0] != ICMP or ip[3][:1] != b"\x08":
        return None
    return ip[3][8:]
