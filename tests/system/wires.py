# SPDX-License-Identifier: Apache-2.0
"""Frames in and out of places of a lab, byte for byte.

A Wire is the network interface of an endpoint (or of a machine) as the
workload's kernel sees it: it sends bytes as they are and returns what came in.
A Capture is tcpdump somewhere on the way.
"""

from __future__ import annotations

import os
import re
import select
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scapy.packet import Packet
from scapy.utils import rdpcap

from nethvlab.lab import Lab

SOL_PACKET, PACKET_AUXDATA, PACKET_IGNORE_OUTGOING = 263, 8, 23
SO_RCVBUFFORCE = 33
VLAN_VALID, VLAN_TPID_VALID = 0x10, 0x40


# Times are what the long run checks: other runs share the machine with others,
# and only see that it does not take for ever.
LONG = os.environ.get("NETHV_TEST_LONG") == "1"


def limit(seconds: float, otherwise: float) -> float:
    """How much something may take: 'seconds' in a long run, else
    'otherwise'."""
    return seconds if LONG else otherwise


def wait_until(condition: Callable[[], object], timeout: float,
               what: str | Callable[[], str]) -> object:
    """Waits until 'condition' returns something true, and returns it; 'what'
    says, for the failure, what was waited for.  Asking takes no more than half
    of the time: in a virtual machine it keeps from work what is asked."""
    deadline = time.monotonic() + timeout
    while True:
        began = time.monotonic()
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            said = what if isinstance(what, str) else what()
            raise AssertionError(f"after {timeout:g} s still not: {said}")
        took = time.monotonic() - began
        time.sleep(min(max(0.02, took), 1))


class Wire:
    """The interface 'interface' at 'place'."""

    def __init__(self, lab: Lab, place: str, interface: str):
        self.place, self.interface = place, interface
        self.sock = lab.wire(place, interface)
        if self.sock.family == socket.AF_PACKET:
            self.sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
            self.sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
            self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)

    def close(self) -> None:
        self.sock.close()

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def carries(self, frame: bytes) -> bool:
        """Whether 'frame' is of interest to who looks at this interface."""
        return True

    def send(self, frame: bytes | Packet) -> bytes:
        """Sends 'frame' and returns its bytes."""
        data = bytes(frame)
        self.sock.send(data)
        return data

    def read(self) -> bytes:
        """The next frame, as it was on the wire; waits for it."""
        data, control, _, _ = self.sock.recvmsg(65536, 64)
        for level, kind, value in control:
            if level == SOL_PACKET and kind == PACKET_AUXDATA:
                # The kernel takes the outer VLAN tag out of the frame.
                status, _, _, _, _, tci, tpid = struct.unpack("=IIIHHHH",
                                                              value[:20])
                if status & VLAN_VALID:
                    if not status & VLAN_TPID_VALID:
                        tpid = 0x8100
                    return (data[:12] + struct.pack("!HH", tpid, tci)
                            + data[12:])
        return data

    def receive(self, wanted: Callable[[bytes], bool] = lambda frame: True,
                count: int = 1, timeout: float = 5.0) -> list[bytes]:
        """The next frames for which 'wanted' is true: returns as soon as
        there are 'count' of them, or fewer after 'timeout' seconds."""
        found: list[bytes] = []
        deadline = time.monotonic() + timeout
        while len(found) < count:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.sock], [], [], left)[0]:
                break
            frame = self.read()
            if wanted(frame):
                found.append(frame)
        return found

    def receive_all(self, wanted: Callable[[bytes], bool], quiet: float
                    ) -> list[bytes]:
        """All frames for which 'wanted' is true, until none has come for
        'quiet' seconds: to see that there is no duplicate, or none at all."""
        found: list[bytes] = []
        while True:
            more = self.receive(wanted, 1, quiet)
            if not more:
                return found
            found += more


# Tunnels.

@dataclass(frozen=True)
class Tunnelled:
    """A frame between two hosts, out of its tunnel."""

    encap: str
    source: str                     # Outer addresses.
    destination: str
    key: int                        # Of 32 bits; 0 if there is none.
    inner: bytes                    # As it travels: rewritten, or whole.

    @property
    def tag(self) -> int:
        return int.from_bytes(self.inner[6:8], "big")

    @property
    def location(self) -> int:
        """That of the source in its wire address."""
        return int.from_bytes(self.inner[8:12], "big")

    @property
    def control(self) -> bool:
        """Whether it is nethv's own: BFD has no key, the others tag 0 and the
        type of lib/control-frame.h, or travel whole."""
        return not self.key or (not self.tag and (
            self.whole or self.inner[12:14] == b"\x88\xb5"))

    @property
    def whole(self) -> bool:
        return self.inner[12:14] == b"\x89\x4f"


def _ungre(payload: bytes) -> tuple[int, bytes]:
    flags, protocol = struct.unpack_from("!HH", payload)
    if protocol != 0x6558 or not flags & 0x2000:
        return 0, b""
    at = 4 + (4 if flags & 0x8000 else 0)
    return struct.unpack_from("!I", payload, at)[0], payload[at + 4:]


def _ungeneve(payload: bytes) -> tuple[int, bytes]:
    length = (payload[0] & 0x3f) * 4
    options, key = payload[8:8 + length], 0
    while options:
        size = 4 + (options[3] & 0x1f) * 4
        if size == 8:
            key = int.from_bytes(options[4:8], "big")
        options = options[size:]
    return key, payload[8 + length:]


def _unvxlan(payload: bytes) -> tuple[int, bytes]:
    inner = payload[8:]
    whole = inner[12:14] == b"\x89\x4f"
    return int.from_bytes(inner[2:6], "big") if whole else 0, inner


def tunnelled(frame: bytes) -> Tunnelled | None:
    """What the frame 'frame' between two hosts carries, or None if it is not
    one of nethv's tunnels."""
    if frame[12:14] != b"\x08\x00":
        return None
    header = (frame[14] & 15) * 4
    packet = frame[14:14 + int.from_bytes(frame[16:18], "big")]
    payload, encap = packet[header:], ""
    if packet[9] == 47:
        encap, (key, inner) = "gre", _ungre(payload)
    elif packet[9] == 17 and payload[2:4] == b"\x17\xc1":
        encap, (key, inner) = "geneve", _ungeneve(payload[8:])
    elif packet[9] == 17 and payload[2:4] == b"\x12\xb5":
        encap, (key, inner) = "vxlan", _unvxlan(payload[8:])
    if not encap or not inner:
        return None
    return Tunnelled(encap, socket.inet_ntoa(packet[12:16]),
                     socket.inet_ntoa(packet[16:20]), key, inner)


class Capture:
    """tcpdump at 'place' on 'interface' with an optional filter."""

    def __init__(self, lab: Lab, place: str, interface: str, expression: str
                 = ""):
        self.directory = tempfile.TemporaryDirectory(prefix="nethv-capture-")
        self.path = Path(self.directory.name) / "pcap"
        # Written by us, not by tcpdump, which gives up its rights.
        self.file = self.path.open("wb")
        self.process = lab.popen(
            place, ["tcpdump", "-U", "-n", "-s", "0", "-w", "-", "-i",
                    interface, "--immediate-mode", *expression.split()],
            stdout=self.file, stderr=subprocess.PIPE, text=True)
        self._wait_ready()

    def _wait_ready(self) -> None:
        assert self.process.stderr
        said = ""
        while not re.search("listening on", said):
            line = self.process.stderr.readline()
            assert line, f"tcpdump did not start: {said}"
            said += line

    def packets(self) -> list[Packet]:
        """What has been captured so far."""
        return list(rdpcap(str(self.path))) if self.path.stat().st_size > 24 \
            else []

    def frames(self) -> list[bytes]:
        return [bytes(packet) for packet in self.packets()]

    def stop(self) -> list[Packet]:
        """Ends the capture and returns all of it."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)
        packets = self.packets()
        self.close()
        return packets

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)
        if self.process.stderr:
            self.process.stderr.close()
        self.file.close()
        self.directory.cleanup()

    def __enter__(self) -> Capture:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
