# SPDX-License-Identifier: Apache-2.0
"""setup-n: how long it takes until all of n hosts are ready, by the way in
which hosts of a cloud reach each other.

Real hosts: each has an ovsdb-server, ovs-vswitchd and nethv-agent of its own,
and one workload.  The agents run and follow, but there is no network, and no
tunnel port, as the cloud is a tree without a gateway, so without edges.  One
command gives it its mode, its gateway and the network.
"Ready" is when that command, with --wait=hosts, has come back and every tunnel
port that the mode asks for has a number in its ovs-vswitchd."""

from __future__ import annotations

import json
import select
import socket
import time
from collections import defaultdict
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any, Callable, Iterator

from nethvlab import lab as labs, nethv, scenario
from nethvlab.generate import scale

from . import BenchError
from .site import Bed, Workload, at_once, await_true
from .stats import Pair

SIZES = (4, 8, 16, 32, 64)
MODES = ("direct", "tree", "mesh")
PARTS = ("setup-n", "setup-n-state", "setup-n-tunnels")
CLOUD = "c1"
DOCUMENT = "/var/lib/nethv/bench.json"
NEIGHBOURS = Path("/proc/sys/net/ipv4/neigh/default")
MAX_NEIGHBOURS = 16384
# Of an Open_vSwitch database: which tunnel ports there are, with their number.
MONITOR = {"Interface": [{"columns": ["name", "ofport"],
                          "where": [["type", "==", "gre"]]}]}


@dataclass
class _Watched:
    """The Open_vSwitch database of a host, and its tunnel ports by row."""

    sock: socket.socket
    text: str = ""
    ports: dict[str, bool] = field(default_factory=dict)

    def take(self, update: dict[str, Any]) -> None:
        for row, change in update.get("Interface", {}).items():
            new = change.get("initial", change.get("insert",
                                                   change.get("modify")))
            if "delete" in change:
                self.ports.pop(row, None)
            elif new is not None and "ofport" in new:
                self.ports[row] = isinstance(new["ofport"], int) \
                    and new["ofport"] > 0
            else:
                self.ports.setdefault(row, False)


class Tunnels:
    """Follows the tunnel ports of all hosts, in a thread of its own."""

    def __init__(self, sockets: list[str]):
        self.hosts = []
        self.decoder = json.JSONDecoder()
        self.poll = select.epoll()
        self.by_fd: dict[int, _Watched] = {}
        self.expected: dict[int, int] = {}
        self.reached = Event()
        self.when = 0.0
        self.stopped = False
        for path in sockets:
            sock = socket.socket(socket.AF_UNIX)
            sock.connect(path)
            sock.sendall(json.dumps({
                "method": "monitor_cond", "id": 1,
                "params": ["Open_vSwitch", "t", MONITOR]}).encode())
            one = _Watched(sock)
            self.hosts.append(one)
            self.by_fd[sock.fileno()] = one
            self.poll.register(sock, select.EPOLLIN)
        self.thread = Thread(target=self._follow, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.stopped = True
        self.thread.join()
        for one in self.hosts:
            one.sock.close()
        self.poll.close()

    def expect(self, numbers: list[int]) -> None:
        """Says how many tunnel ports each host is to have."""
        self.reached.clear()
        self.expected = dict(enumerate(numbers))
        self._compare()

    def await_all(self, seconds: float) -> float:
        """Waits until all are there; returns when they were."""
        if not self.reached.wait(seconds):
            raise BenchError("the tunnel ports are not there after "
                             f"{seconds:.0f} s: "
                             f"{[len(one.ports) for one in self.hosts]}, not "
                             f"{list(self.expected.values())}")
        return self.when

    def _compare(self) -> None:
        if self.expected and not self.reached.is_set() and all(
                len(one.ports) == self.expected[i] and all(one.ports.values())
                for i, one in enumerate(self.hosts)):
            self.when = time.monotonic()
            self.reached.set()

    def _follow(self) -> None:
        while not self.stopped:
            events = self.poll.poll(0.1)
            for fd, _ in events:
                self._receive(self.by_fd[fd])
            if events:
                self._compare()

    def _receive(self, one: _Watched) -> None:
        one.text += one.sock.recv(1 << 20).decode()
        while one.text:
            try:
                message, end = self.decoder.raw_decode(one.text)
            except ValueError:
                return
            one.text = one.text[end:]
            if message.get("method") == "echo":
                one.sock.sendall(json.dumps({
                    "id": message["id"], "result": message["params"],
                    "error": None}).encode())
            elif message.get("method") == "update2":
                one.take(message["params"][1])
            elif message.get("result") is not None:
                one.take(message["result"])


class Hosts(Bed):
    """A cloud of 'n' hosts, with a workload on each."""

    def __init__(self, name: str, bindir: str | None, n: int):
        super().__init__(name, bindir)
        self.hosts = [f"{CLOUD}-h{i}" for i in range(1, n + 1)]
        self.workloads = [Workload(f"e{i}", host, i)
                          for i, host in enumerate(self.hosts, 1)]
        self.tunnels: Tunnels

    def up(self) -> None:
        document = {**scale(len(self.hosts)), "firewall": False}
        self.lab = labs.up(scenario.parse(document), self.name,
                           labs.Options(self.bindir))
        self._write_document()
        at_once(lambda one: self.plug(one.host, [one]), self.workloads)
        self.tunnels = Tunnels([self.lab.node(host).path(
            "/run/openvswitch/db.sock") for host in self.hosts])
        self.without_network()
        self.without_tunnels()

    def down(self) -> None:
        if hasattr(self, "tunnels"):
            self.tunnels.close()
        super().down()

    def _write_document(self) -> None:
        ports = [{"name": one.name, "mac": one.mac, "ips": [one.ip]}
                 for one in self.workloads]
        Path(self.lab.node(self.hosts[0]).path(DOCUMENT)).write_text(
            json.dumps({"nethv": 1, "tenant": "bench", "networks": [
                {"name": "net",
                 "switches": [{"name": "s1", "ports": ports}]}]}), "utf-8")

    def iface_id(self, workload: Workload) -> str:
        return f"bench/net/s1/{workload.name}"

    def _ctl(self, *words: str) -> float:
        """Runs nethvctl; returns when it ended."""
        nethv.ctl(self.lab, "--timeout=120", *words, timeout=130)
        return time.monotonic()

    def _ports(self, mode: str) -> list[int]:
        """How many tunnel ports each host has in 'mode'."""
        n = len(self.hosts)
        if mode == "direct":
            return [1] * n
        return [n - 1] + [1 if mode == "tree" else n - 1] * (n - 1)

    # The two parts, and both; each returns milliseconds.

    def tunnels_alone(self, mode: str) -> float:
        self.tunnels.expect(self._ports(mode))
        began = time.monotonic()
        self._ctl(*self._turn_on(mode))
        return 1000 * (self.tunnels.await_all(120) - began)

    def state_alone(self) -> float:
        began = time.monotonic()
        return 1000 * (self._ctl("--wait=hosts", "apply", DOCUMENT) - began)

    def both(self, mode: str) -> float:
        self.tunnels.expect(self._ports(mode))
        began = time.monotonic()
        ended = self._ctl("--wait=hosts", *self._turn_on(mode), "--", "apply",
                          DOCUMENT)
        return 1000 * (max(ended, self.tunnels.await_all(120)) - began)

    def _turn_on(self, mode: str) -> list[str]:
        return ["set", "Cloud", CLOUD, f"mode={mode}", "--", "set", "Host",
                self.hosts[0], "gateway=true"]

    def without_tunnels(self) -> None:
        """A tree without a gateway has no edges."""
        self.tunnels.expect([0] * len(self.hosts))
        self._ctl("set", "Cloud", CLOUD, "mode=tree", "encaps=gre", "--",
                  "set", "Host", self.hosts[0], "gateway=false")
        self.tunnels.await_all(120)
        time.sleep(0.5)

    def without_network(self) -> None:
        self._ctl("--if-exists", "network-del", "bench/net")
        await_true("bindings of a deleted network go", lambda: not nethv.ctl(
            self.lab, "--bare", "--columns=_uuid", "list", "Binding").strip())
        time.sleep(0.3)

    def check(self, mode: str) -> None:
        """Each workload must reach the next."""
        targets = self.workloads[1:] + self.workloads[:1]

        def ask(pair: tuple[Workload, Workload]) -> list[str]:
            source, target = pair
            answer = self.lab.run(
                f"{source.host}/{source.name}",
                ["ping", "-n", "-q", "-i", "0.2", "-c", "1", "-w", "5",
                 target.ip],
                check=False)
            return [f"{source.name} does not reach {target.name}"] \
                if answer.returncode else []

        missing = [line for lines in at_once(
            ask, list(zip(self.workloads, targets))) for line in lines]
        if missing:
            raise BenchError(f"{mode}, {len(self.hosts)} hosts are said to be "
                             "ready, but " + "; ".join(missing))

    def measure(self, mode: str, check: bool) -> dict[str, float]:
        self.without_tunnels()
        found = {"setup-n": self.both(mode)}
        if check:
            self.check(mode)
        self.without_network()
        self.without_tunnels()
        found["setup-n-tunnels"] = self.tunnels_alone(mode)
        time.sleep(0.5)
        found["setup-n-state"] = self.state_alone()
        self.without_network()
        return found


@contextmanager
def neighbours_of_many() -> Iterator[None]:
    """The kernel counts the neighbours of all network namespaces together: in a
    mesh of 64 hosts it would refuse most and answer no ARP."""
    limits = [NEIGHBOURS / f"gc_thresh{i}" for i in (1, 2, 3)]
    before = [limit.read_text("ascii") for limit in limits]
    try:
        for limit, value in zip(limits, before):
            limit.write_text(str(max(int(value), MAX_NEIGHBOURS)), "ascii")
        yield
    finally:
        for limit, value in zip(limits, before):
            limit.write_text(value, "ascii")


def _rounds(site: Hosts, rounds: int, progress: Callable[[str], None]
            ) -> dict[tuple[str, str], list[float]]:
    n = len(site.hosts)
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for i in range(rounds):
        for mode in MODES if i % 2 else MODES[::-1]:
            measured = site.measure(mode, check=not i)
            for part, value in measured.items():
                found[part, mode].append(value)
            progress(f"{mode} {n}, round {i + 1} of {rounds}: " + ", ".join(
                f"{part} {value:.0f} ms" for part, value in measured.items()))
    return found


def changes(name: str, bindir: str | None, rounds: int,
            progress: Callable[[str], None], sizes: tuple[int, ...] = SIZES
            ) -> dict[tuple[str, str], list[Pair]]:
    """PARTS by case, each mode against the mesh of as many hosts."""
    samples: dict[tuple[str, str], list[Pair]] = {}
    for n in sizes:
        with ExitStack() as stack:
            stack.enter_context(neighbours_of_many())
            site = Hosts(name, bindir, n)
            stack.callback(site.down)
            began = time.monotonic()
            site.up()
            progress(f"{n} hosts up in {time.monotonic() - began:.1f} s")
            found = _rounds(site, rounds, progress)
        for part in PARTS:
            for mode in MODES:
                samples[part, f"{mode} {n}"] = list(
                    zip(found[part, mode], found[part, "mesh"]))
    return samples
