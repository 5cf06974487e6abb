# SPDX-License-Identifier: Apache-2.0
"""Streams of numbered probes between endpoints of a lab, captured where they come
out: nothing twice or astray, and when the first one came after something
happened."""

import contextlib
import socket
import struct
import threading
import time
from collections import Counter

from wires import Wire

PORT = 4444
PORT_BYTES = PORT.to_bytes(2, "big")
INTERFACE = "eth0"
INTERVAL = 0.005
FORMAT = struct.Struct("!HHQd")     # From, to (0: to all), number, time sent.
SO_TIMESTAMPNS = 35


def arrival(control):
    """When the kernel took a frame that has this ancillary data."""
    for level, kind, value in control:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = struct.unpack("=qq", value)
            return seconds + nanoseconds / 1e9
    return time.time()


class Receiver:
    """Captures all probes that come out of an endpoint's interface, for
    whomever."""

    def __init__(self, lab, place):
        self.wire = Wire(lab, place, INTERFACE)
        self.wire.sock.settimeout(0.05)
        self.wire.sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.arrived = []           # (from, to, number, sent, arrival)
        self.ended = False
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self):
        while not self.ended:
            try:
                frame, control, _, _ = self.wire.sock.recvmsg(2048, 64)
            except TimeoutError:
                continue
            if frame[12:14] == b"\x08\0" and frame[36:38] == PORT_BYTES:
                self.arrived.append((*FORMAT.unpack_from(frame, 42),
                                     arrival(control)))

    def close(self):
        """To be called after 'ended' was set."""
        self.thread.join()
        self.wire.close()


class Probes:
    """Probes from endpoint to endpoint, or to all of the network.  'places' are
    the endpoints; that with index i is called i + 1 in probes, and has the
    address 'ip(i)'."""

    def __init__(self, lab, places, ip, broadcast):
        self.lab = lab
        self.ip = ip
        self.broadcast = broadcast
        self.places = places
        self.receivers = [Receiver(lab, place) for place in places]
        self.senders = []
        self.ended = threading.Event()

    def send(self, source, target, interval=INTERVAL):
        """Begins a stream between the endpoints with these indexes; None as a
        target means all."""
        thread = threading.Thread(target=self._send,
                                  args=(source, target, interval))
        self.senders.append(thread)
        thread.start()

    def _send(self, source, target, interval):
        with self.lab.network(self.places[source]):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        to = (self.broadcast if target is None else self.ip(target), PORT)
        name = 0 if target is None else target + 1
        number, due = 0, time.time()
        with contextlib.closing(sock):
            while not self.ended.is_set():
                number += 1
                with contextlib.suppress(OSError):
                    sock.sendto(FORMAT.pack(source + 1, name, number,
                                            time.time()), to)
                due += interval
                time.sleep(max(0, due - time.time()))

    def arrivals(self, source, target, to_all=False):
        """What has come of a stream to endpoint 'target': (number, sent,
        arrival)."""
        name = 0 if to_all else target + 1
        return [(number, sent, arrival) for s, t, number, sent, arrival
                in list(self.receivers[target].arrived)
                if s == source + 1 and t == name]

    def first_since(self, source, target, moment, to_all=False):
        """When the first probe of a stream arrived after 'moment', or None."""
        times = [arrival for _, _, arrival
                 in self.arrivals(source, target, to_all) if arrival > moment]
        return min(times, default=None)

    def twice(self):
        """What arrived more than once, at whichever endpoint."""
        found = []
        for i, receiver in enumerate(self.receivers):
            counts = Counter(one[:3] for one in list(receiver.arrived))
            found += [(i + 1, one) for one, n in counts.items() if n > 1]
        return found

    def astray(self):
        """What arrived at an endpoint that it was not for."""
        return [(i + 1, one) for i, receiver in enumerate(self.receivers)
                for one in list(receiver.arrived) if one[1] not in (0, i + 1)]

    def stop(self):
        """Ends all streams."""
        self.ended.set()
        for thread in self.senders:
            thread.join()
        self.senders = []
        self.ended.clear()

    def close(self):
        self.stop()
        for receiver in self.receivers:
            receiver.ended = True
        for receiver in self.receivers:
            receiver.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
