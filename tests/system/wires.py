# SPDX-License-Identifier: Apache-2.0
"""Frames in and out of places of a lab, byte for byte.

A Wire is the network interface of an endpoint (or of a machine) as the
workload's kernel sees it: it sends bytes as they are and returns what came in.
A Capture is tcpdump somewhere on the way.
"""

from __future__ import annotations

import re
import select
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from scapy.packet import Packet
from scapy.utils import rdpcap

from nethvlab.lab import Lab

ETH_P_ALL = 3
SOL_PACKET, PACKET_AUXDATA, PACKET_IGNORE_OUTGOING = 263, 8, 23
VLAN_VALID, VLAN_TPID_VALID = 0x10, 0x40


def wait_until(condition: Callable[[], object], timeout: float,
               what: str) -> object:
    """Waits until 'condition' returns something true, and returns it; 'what'
    says, for the failure, what was waited for."""
    deadline = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"after {timeout:g} s still not: {what}")
        time.sleep(0.02)


class Wire:
    """The interface 'interface' at 'place'."""

    def __init__(self, lab: Lab, place: str, interface: str):
        self.place = place
        with lab.network(place):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                      socket.htons(ETH_P_ALL))
            self.sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
            self.sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
            self.sock.bind((interface, ETH_P_ALL))

    def close(self) -> None:
        self.sock.close()

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, frame: bytes | Packet) -> bytes:
        """Sends 'frame' and returns its bytes."""
        data = bytes(frame)
        self.sock.send(data)
        return data

    def _receive_one(self) -> bytes:
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
            frame = self._receive_one()
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
