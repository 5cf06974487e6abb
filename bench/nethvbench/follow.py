# SPDX-License-Identifier: Apache-2.0
"""How long a change takes to all who follow it, and what it costs the database's
server: a real ovsdb-server, the global controller and 200 agents, but no Open
vSwitch (the program tests/agents of the build tree).  Needs no root."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Callable

from . import BenchError
from .stats import Pair

SCHEMA = Path(__file__).resolve().parents[2] / "lib" / "nethv.ovsschema"
CLOUDS = 10
AGENTS = 200
PROCESSES = 4
ENDPOINTS = 10
PLACES = 3
NETWORKS = (300, 30)              # Beside which one more is added.
TICK = os.sysconf("SC_CLK_TCK")


class Rpc:
    """OVSDB's protocol, as much as filling a database needs."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.decoder = json.JSONDecoder()
        self.text = ""

    def close(self) -> None:
        self.socket.close()

    def transact(self, operations: list[dict[str, Any]]) -> list[Any]:
        self.socket.sendall(json.dumps({
            "method": "transact", "id": 0,
            "params": ["NetHV", *operations]}).encode())
        while True:
            try:
                reply, _ = self.decoder.raw_decode(self.text)
            except ValueError:
                self.text += self.socket.recv(65536).decode()
                continue
            self.text = ""
            errors = [one for one in reply["result"] or [reply["error"]]
                      if one and one.get("error")]
            if errors:
                raise BenchError(f"the database refuses: {errors}")
            result: list[Any] = reply["result"]
            return result


def _insert(table: str, ref: str, /, **row: Any) -> dict[str, Any]:
    """An insertion that others of the transaction refer to by "ref"."""
    return {"op": "insert", "table": table, "row": row, "uuid-name": ref}


def _named(name: str) -> list[str]:
    return ["named-uuid", name]


def _network_rows(n: int) -> list[dict[str, Any]]:
    name = f"t{n}/n"
    rows = [_insert("Tenant", "t", name=f"t{n}"),
            _insert("Network", "n", name=name, tenant=_named("t"),
                    sequence=1),
            _insert("Switch", "s", name=f"{name}/s", network=_named("n"),
                    mode="learning")]
    return rows + [
        _insert("Port", f"p{i}", name=f"{name}/s/p{i}", network=_named("n"),
                switch=_named("s"), macs=f"02:00:00:00:00:{i + 1:02x}",
                ips=f"10.0.0.{i + 1}/24") for i in range(ENDPOINTS)]


def document(tenant: str, n_ports: int) -> str:
    """A tenant with one network of one switch."""
    return json.dumps({"nethv": 1, "tenant": tenant, "networks": [{
        "name": "n", "switches": [{"name": "s", "ports": [
            {"name": f"p{i}", "mac": f"02:00:00:00:00:{i + 1:02x}",
             "ips": [f"10.0.0.{i + 1}/24"]} for i in range(n_ports)]}]}]})


class Followers:
    """A database with 'n_networks' networks of ten endpoints in three clouds
    each, and 200 agents that follow it.  On some hosts the workloads of tenant
    "new" are plugged in already."""

    def __init__(self, bindir: str, n_networks: int) -> None:
        self.bindir = Path(bindir)
        self.n_networks = n_networks
        self.stack = ExitStack()
        self.random = random.Random(1)
        self.hosts: list[list[str]] = [[] for _ in range(AGENTS)]

    def __enter__(self) -> Followers:
        try:
            self._start()
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def _popen(self, *command: Any, **options: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(list(map(str, command)), text=True,
                                   **options)
        self.stack.callback(process.wait)
        self.stack.callback(process.kill)
        return process

    def _start(self) -> None:
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.socket, self.remote = folder / "db", f"unix:{folder}/db"
        subprocess.run(["ovsdb-tool", "create", folder / "nethv.db", SCHEMA],
                       check=True)
        self.server = self._popen(
            "ovsdb-server", f"--remote=punix:{self.socket}", "-vconsole:off",
            f"--unixctl={folder}/ctl", folder / "nethv.db")
        self._wait(self.socket.exists, "the database's socket")
        self.rpc = Rpc(self.socket)
        self.stack.callback(self.rpc.close)
        self._fill()
        began = time.monotonic()
        program = self.bindir / "tests" / "agents"
        self.controller = self._popen(program, self.remote, "--controller")
        for i in range(PROCESSES):
            self._start_agents(program, i)
        self._wait(self._all_bound, "all endpoints to be bound", 300)
        self.started = time.monotonic() - began

    def _fill(self) -> None:
        rows = [_insert("Global", "g")] + [
            _insert("Cloud", f"c{i}", name=f"c{i}", id=i + 1,
                    provider="private", mtu=1500, mode="direct")
            for i in range(CLOUDS)]
        rows += [_insert("Host", f"h{i}", name=f"h{i}",
                         cloud=_named(f"c{i % CLOUDS}"), id=1 + i // CLOUDS)
                 for i in range(AGENTS)]
        self.rpc.transact(rows + [_insert("Tenant", "t", name="new")])
        for n in range(self.n_networks):
            self.rpc.transact(_network_rows(n))
            self._plug(f"t{n}/n/s", ENDPOINTS)
        self._plug("new/n/s", ENDPOINTS + 1)

    def _plug(self, switch: str, n_ports: int) -> None:
        """Plugs workloads in, on hosts of three clouds."""
        clouds = self.random.sample(range(CLOUDS), PLACES)
        for i in range(n_ports):
            host = clouds[i % PLACES] + CLOUDS * self.random.randrange(
                AGENTS // CLOUDS)
            self.hosts[host].append(f"{switch}/p{i}")

    def _start_agents(self, program: Path, part: int) -> None:
        process = self._popen(program, self.remote, stdin=subprocess.PIPE)
        assert process.stdin
        for host in range(part, AGENTS, PROCESSES):
            process.stdin.write(" ".join(
                [f"h{host}", str(host % CLOUDS + 1), str(1 + host // CLOUDS),
                 *self.hosts[host]]) + "\n")
        process.stdin.close()

    def _wait(self, condition: Callable[[], bool], what: str,
              seconds: float = 10) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise BenchError(f"waited {seconds:.0f} s for {what}")
            time.sleep(0.05)

    def _count(self, table: str, where: list[Any]) -> int:
        found = self.rpc.transact([{"op": "select", "table": table,
                                    "where": where, "columns": ["_uuid"]}])
        return len(found[0]["rows"])

    def _all_bound(self) -> bool:
        """And confirmed: the server is at rest."""
        cpu = self.server_cpu()
        time.sleep(0.5)
        return self._count("Binding", []) >= self.n_networks * ENDPOINTS \
            and self._count("Host_State", []) >= AGENTS \
            and self.server_cpu() - cpu < 0.1

    def server_cpu(self) -> float:
        """Seconds that the server has computed so far."""
        stat = Path(f"/proc/{self.server.pid}/stat").read_text("utf-8")
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / TICK

    def apply(self, n_ports: int, wait: bool = True) -> float:
        """Gives tenant "new" so many ports; returns the milliseconds until all
        who follow have confirmed."""
        command = [self.bindir / "cli" / "nethvctl", f"--db={self.remote}",
                   "--no-syslog", "--timeout=60",
                   *(["--wait=hosts"] if wait else []), "apply", "-"]
        began = time.monotonic()
        subprocess.run(command, input=document("new", n_ports), text=True,
                       check=True, capture_output=True)
        return 1000 * (time.monotonic() - began)

    def measure(self) -> dict[str, float]:
        """Ten endpoints, and one more; then takes them away again."""
        cpu = self.server_cpu()
        times = {"follow": self.apply(ENDPOINTS),
                 "follow-one-more": self.apply(ENDPOINTS + 1)}
        self.apply(0)
        self._wait(lambda: not self._count(
            "Claim", [["status", "==", "bound"],
                      ["iface_id", "==", "new/n/s/p0"]]), "the removal")
        times["follow-server"] = 1000 * (self.server_cpu() - cpu)
        return times


def changes(bindir: str | None, pairs: int, progress: Callable[[str], None]
            ) -> dict[str, list[Pair]]:
    """follow, follow-one-more, follow-server."""
    if not bindir:
        raise BenchError("follow needs a build tree: --bindir")
    samples: dict[str, list[Pair]] = defaultdict(list)
    with Followers(bindir, NETWORKS[0]) as large, \
            Followers(bindir, NETWORKS[1]) as small:
        for side in large, small:
            progress(f"{AGENTS} agents bound {side.n_networks * ENDPOINTS} "
                     f"endpoints in {side.started:.1f} s")
            side.measure()
        for i in range(pairs):
            order = [large, small] if i % 2 else [small, large]
            found = {side: side.measure() for side in order}
            for name, value in found[large].items():
                samples[name].append((value, found[small][name]))
            progress(f"pair {i + 1} of {pairs}: " + ", ".join(
                f"{name} {ours[-1][0]:.1f}/{ours[-1][1]:.1f}"
                for name, ours in samples.items()))
    return samples
