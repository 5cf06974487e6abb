# SPDX-License-Identifier: Apache-2.0
"""What endpoints of a lab say to each other: pings, questions who is there,
and frames byte for byte; and who listens on the way."""

from __future__ import annotations

import json
import select
import socket
import struct
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Callable, Iterable

from .scenario import HERE

if TYPE_CHECKING:
    from .lab import Lab

ETH_P_ALL = 3
SOL_PACKET, PACKET_AUXDATA, VLAN_VALID = 263, 8, 0x10
WHO = str(HERE / "who")
ECHO_REQUEST, ECHO_REPLY = 8, 0


@dataclass(frozen=True)
class Question:
    """Asked at 'place' about 'address': who answers?"""

    place: str
    address: str


def ping_all(lab: Lab, questions: Iterable[Question], timeout: int = 3
             ) -> dict[Question, bool]:
    """Pings once for each question, all at the same time."""
    running: dict[Question, subprocess.Popen[bytes]] = {
        one: lab.popen(one.place, ["ping", "-n", "-q", "-c", "1", "-W",
                                   str(timeout), one.address],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for one in questions}
    # To begin so many takes long in a VM on a busy machine.
    return {one: process.wait(timeout + 60) == 0
            for one, process in running.items()}


class Identities:
    """A server at each place that answers, by UDP, with the place's name."""

    def __init__(self, lab: Lab, places: Iterable[str]):
        self.lab = lab
        self.servers = [lab.popen(place, [WHO, "serve", place],
                                  stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE) for place in places]
        for server in self.servers:
            server.stdout.readline()

    def __enter__(self) -> Identities:
        return self

    def __exit__(self, *_: object) -> None:
        for server in self.servers:
            server.communicate(timeout=30)

    def ask(self, questions: Iterable[Question], timeout: float = 3.0
            ) -> dict[Question, set[str]]:
        """Asks all at the same time; returns who answered each within
        'timeout' seconds."""
        by_place: dict[str, list[Question]] = {}
        for one in questions:
            by_place.setdefault(one.place, []).append(one)
        asking = {place: self.lab.popen(
            place, [WHO, "ask", str(timeout), *(q.address for q in several)],
            stdout=subprocess.PIPE) for place, several in by_place.items()}
        said = {place: json.loads(process.communicate(timeout=30)[0])
                for place, process in asking.items()}
        return {one: set(said[place][one.address])
                for place, several in by_place.items() for one in several}


def raw_socket(lab: Lab, place: str, interface: str) -> socket.socket:
    """A socket that gets every frame of 'interface' at 'place'; of a host that
    is a VM, those of its NIC as it is outside of the VM."""
    if lab.in_vm(place) and lab.locate(place)[1]:
        return lab.wire(place, interface)
    with lab.network(place):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                             socket.htons(ETH_P_ALL))
    sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    sock.bind((interface, ETH_P_ALL))
    return sock


def receive(sock: socket.socket) -> tuple[bytes, bool]:
    """The next frame, and whether it goes out."""
    frame, control, _, address = sock.recvmsg(65536, 64)
    for level, kind, value in control:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            # The kernel takes the outer VLAN tag out of the frame.
            status, _, _, _, _, tci, _ = struct.unpack("=IIIHHHH", value[:20])
            if status & VLAN_VALID:
                frame = (frame[:12] + struct.pack("!HH", 0x8100, tci)
                         + frame[12:])
    return frame, bool(address) and address[2] == socket.PACKET_OUTGOING


@dataclass
class Ear:
    """Frames that pass an interface, each with whether it goes out."""

    place: str
    interface: str
    sock: socket.socket
    frames: list[tuple[bytes, bool]] = field(default_factory=list)


class Ears:
    """Captures at several places: (place, interface)."""

    def __init__(self, lab: Lab, places: Iterable[tuple[str, str]]):
        self.ears: dict[socket.socket, Ear] = {}
        for place, interface in places:
            sock = raw_socket(lab, place, interface)
            self.ears[sock] = Ear(place, interface, sock)

    def __enter__(self) -> Ears:
        return self

    def __exit__(self, *_: object) -> None:
        for sock in self.ears:
            sock.close()

    def _take(self, seconds: float) -> None:
        for sock in select.select(list(self.ears), [], [], seconds)[0]:
            self.ears[sock].frames.append(receive(sock))

    def listen(self, seconds: float,
               enough: Callable[[list[Ear]], bool] = lambda ears: True,
               timeout: float = 5) -> list[Ear]:
        """Takes down what has passed and what passes until it is 'enough', or
        'timeout' seconds are over, and then for 'seconds' more."""
        ears = list(self.ears.values())
        deadline = time.monotonic() + timeout
        while not enough(ears) and time.monotonic() < deadline:
            self._take(0.05)
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._take(left)
        return ears


def send_frame(lab: Lab, place: str, interface: str, frame: bytes) -> None:
    """Sends 'frame' at 'place', as it is."""
    with raw_socket(lab, place, interface) as sock:
        sock.send(frame)


def ethernet(destination: str, source: str, ethertype: int,
             payload: bytes) -> bytes:
    """A frame of at least the minimal size."""
    def mac(text: str) -> bytes:
        return bytes.fromhex(text.replace(":", ""))

    return (mac(destination) + mac(source) + struct.pack("!H", ethertype)
            + payload).ljust(60, b"\0")


def _checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def echo(kind: int, source: str, destination: str, data: bytes) -> bytes:
    """An IPv4 packet with an ICMP echo request or reply."""
    data = data + b"\0" * (len(data) % 2)

    def icmp(checksum: int) -> bytes:
        return struct.pack("!BBHHH", kind, 0, checksum, 1, 1) + data

    def ip(checksum: int) -> bytes:
        return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(data), 0, 0, 64,
                           socket.IPPROTO_ICMP, checksum,
                           socket.inet_aton(source),
                           socket.inet_aton(destination))

    return ip(_checksum(ip(0))) + icmp(_checksum(icmp(0)))


@dataclass(frozen=True)
class Station:
    """Who takes part in a TaggedEcho: its addresses are in the VLAN."""

    place: str
    mac: str
    address: str


class TaggedEcho:
    """Stations that answer pings in VLAN 'vlan', and say in the answer who
    they are.  By sockets, since not every kernel has VLAN interfaces."""

    def __init__(self, lab: Lab, vlan: int, stations: Iterable[Station]):
        self.lab = lab
        self.tag = struct.pack("!HH", vlan, 0x0800)
        self.sockets = {raw_socket(lab, one.place, "eth0"): one
                        for one in stations}

    def __enter__(self) -> TaggedEcho:
        return self

    def __exit__(self, *_: object) -> None:
        for sock in self.sockets:
            sock.close()

    def _send(self, sock: socket.socket, destination: str, kind: int,
              address: str, text: str) -> None:
        me = self.sockets[sock]
        sock.send(ethernet(destination, me.mac, 0x8100, self.tag + echo(
            kind, me.address, address, text.encode().ljust(32, b"\0"))))

    def _hear(self, sock: socket.socket, frame: bytes
              ) -> tuple[str, str, str] | None:
        """Of an echo reply for the station at 'sock': who sent it (place,
        then address) and what it says; echo requests are answered."""
        me = self.sockets[sock]
        if (frame[:6].hex(":") != me.mac or len(frame) < 78
                or frame[12:18] != b"\x81\0" + self.tag):
            return None
        source = socket.inet_ntoa(frame[30:34])
        if frame[38] == ECHO_REQUEST:
            self._send(sock, frame[6:12].hex(":"), ECHO_REPLY, source,
                       me.place)
            return None
        return me.place, source, frame[46:78].rstrip(b"\0").decode()

    def ping_all(self, pairs: Iterable[tuple[Station, Station]],
                 timeout: float = 3.0) -> dict[Question, set[str]]:
        """Pings once for each pair (who, whom); returns who answered."""
        answers: dict[Question, set[str]] = {}
        places = {one.place: sock for sock, one in self.sockets.items()}
        for a, b in pairs:
            answers[Question(a.place, b.address)] = set()
            self._send(places[a.place], b.mac, ECHO_REQUEST, b.address, "")
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            quiet = 0.25 if all(answers.values()) else left
            ready = select.select(list(self.sockets), [], [],
                                  min(quiet, left))[0]
            if not ready:
                break
            for sock in ready:
                frame, out = receive(sock)
                heard = None if out else self._hear(sock, frame)
                if heard:
                    answers.setdefault(Question(heard[0], heard[1]),
                                       set()).add(heard[2])
        return answers
