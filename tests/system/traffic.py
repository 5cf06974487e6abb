# SPDX-License-Identifier: Apache-2.0
"""Traffic that runs while something happens to the lab, and a watch on the
flows of a host."""

from __future__ import annotations

import itertools
import os
import re
import signal
import subprocess
import threading
import time

from wires import wait_until

REPLY = re.compile(r"\[([\d.]+)\].* icmp_seq=(\d+) .*time=([\d.]+) ms")


def _end(process, reader):
    """Ends 'process', those it started, and what reads from it."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
    reader.join(10)
    process.stdout.close()


class Counted:
    """Packets, counted by sequence."""

    SOME = 30                       # So many show that they pass.

    def __init__(self, name):
        self.name = name
        # Times of sending and of the answer, by sequence.
        self.replies = {}
        self.twice = []             # Sequences that came once more.

    def came(self, sequence, times):
        if sequence in self.replies:
            self.twice.append(sequence)
        self.replies[sequence] = times

    def go_on(self, count=SOME, timeout=5):
        """Waits until 'count' further packets have come back."""
        have = len(self.replies)
        wait_until(lambda: len(self.replies) >= have + count, timeout,
                   f"{count} more packets from {self.name}")

    def lost(self):
        """The sequences that never came back, though a later one did."""
        came = set(tuple(self.replies))
        return sorted(set(range(min(came), max(came))) - came)

    def first_since(self, moment):
        """When the first packet that was sent after 'moment' came back, or
        None."""
        return min((came for sent, came in tuple(self.replies.values())
                    if sent > moment), default=None)


class Stream(Counted):
    """Pings 'target' from 'place' every 'interval' seconds."""

    def __init__(self, lab, place, target, interval=0.01):
        super().__init__(f"{place} to {target}")
        self.process = lab.popen(
            place, ["ping", "-n", "-D", "-i", str(interval), target],
            stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.process.stdout:
            reply = REPLY.match(line)
            if reply:
                # Sequences have 16 bits: enough for 10 minutes.
                came = float(reply[1])
                self.came(int(reply[2]), (came - float(reply[3]) / 1000, came))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        _end(self.process, self.thread)


class FlowWatch:
    """All events of the flows of 'host' from its start to events()."""

    # In a tenant's table: no business of the agent.
    MARKER = "table=95,cookie={},priority=1,actions=drop"

    def __init__(self, lab, host):
        self.lab, self.host = lab, host
        self.lines = []
        self.cookies = itertools.count(0x5e5e0001)
        self.process = lab.popen(
            host, ["ovs-ofctl", "monitor", "br-int", "watch:!initial"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        wait_until(self._mark, 5, f"the monitor of {host} works")
        self.lines.clear()

    def _read(self):
        for line in self.process.stdout:
            if "event=" in line:
                self.lines.append(line.strip())

    def _mark(self):
        """Makes an event of our own; returns whether it was seen."""
        cookie = f"{next(self.cookies):#x}"
        self.lab.run(self.host, ["ovs-ofctl", "add-flow", "br-int",
                                 self.MARKER.format(cookie)])
        deadline = time.monotonic() + 0.5
        while time.monotonic() < deadline:
            if any(cookie in line for line in tuple(self.lines)):
                return True
            time.sleep(0.01)
        return False

    def events(self):
        """What has happened so far, but for our own marks."""
        wait_until(self._mark, 5, "events are complete")
        return [line for line in tuple(self.lines)
                if "cookie=0x5e5e0" not in line]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        _end(self.process, self.thread)
        self.lab.run(self.host, ["ovs-ofctl", "del-flows", "br-int",
                                 "table=95"])
