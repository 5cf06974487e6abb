# SPDX-License-Identifier: Apache-2.0
"""Virtual networks in a lab, with workloads that are silent but for what a
test sends: their interfaces have no addresses, and the test reads and writes
raw frames there.

A Site is a lab with such workloads.  It waits for what it changes.
"""

from __future__ import annotations

import json
import re
import select
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from scapy.layers.l2 import Ether
from scapy.packet import Raw

from nethvlab import nethv, wan
from nethvlab.lab import Lab
from frames import NOT_NSH
from trees import follows_plan
from wires import Tunnelled, Wire, tunnelled, wait_until

DROP_TABLE = 120


# The addresses that port number 'n' of a test's document has.
def mac_of(n: int) -> str:
    return f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}"


def ip_of(n: int) -> str:
    return f"10.0.{n >> 8}.{n & 255}"


def ip6_of(n: int) -> str:
    return f"fd00::{n:x}"


def port(name: str, n: int, **more: Any) -> dict[str, Any]:
    """A port of a document, with the addresses of number 'n'."""
    return {"name": name, "mac": mac_of(n),
            "ips": [f"{ip_of(n)}/16", f"{ip6_of(n)}/64"], **more}


def document(tenant: str, *networks: dict[str, Any]) -> dict[str, Any]:
    return {"nethv": 1, "tenant": tenant, "networks": list(networks)}


class Workload(Wire):
    """A network namespace 'name' on 'host' at the virtual port 'path'."""

    def __init__(self, lab: Lab, name: str, host: str, path: str, n: int):
        self.name, self.host, self.path = name, host, path
        self.mac, self.ip, self.ip6 = mac_of(n), ip_of(n), ip6_of(n)
        super().__init__(lab, f"{host}/{name}", "eth0")
        self._node = lab.node(host)

    @property
    def network(self) -> list[str]:
        return self.path.split("/")[:2]

    def set_mtu(self, mtu: int) -> None:
        """Lets the workload send and take packets of up to 'mtu' bytes,
        whatever it was told."""
        rows = json.loads(self._node.run([
            "ovs-vsctl", "--format=json", "--columns=name", "find",
            "Interface", f"external_ids:iface-id={self.path}"]).stdout)
        for device, netns in (rows["data"][0][0], None), ("eth0", self.name):
            self._node.run(["ip", "link", "set", device, "mtu", str(mtu)],
                           netns=netns)


class WanWire(Wire):
    """An end of a link between clouds, of which only tenants' frames in
    tunnels are of interest: neither control frames nor TLS."""

    def carries(self, frame: bytes) -> bool:
        inner = tunnelled(frame)
        return inner is not None and not inner.control


@dataclass(frozen=True)
class Way:
    """How frames travel: the intra-cloud mode, and the encapsulations of the
    clouds for which it is not their provider's choice."""

    mode: str
    encaps: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __str__(self) -> str:
        return "-".join([self.mode, *(f"{cloud}:{'+'.join(names)}"
                                      for cloud, names in self.encaps)])


class Site:
    """A lab with workloads."""

    def __init__(self, lab: Lab):
        self.lab = lab
        self.workloads: dict[str, Workload] = {}
        # Virtual machines without acceleration take their time.
        self.patience = 4 if lab.state.options["vms"] else 1
        self._wan: dict[str, Wire] = {}

    def close(self) -> None:
        for wire in [*self.workloads.values(), *self._wan.values()]:
            wire.close()

    def ctl(self, *arguments: str) -> str:
        return nethv.ctl(self.lab, *arguments)

    def column(self, table: str, record: str, column: str) -> Any:
        """A column of the NetHV database, as parsed JSON."""
        text = self.ctl("--format=json", f"--columns={column}", "list", table,
                        record)
        return json.loads(text)["data"][0][0]

    # Networks and workloads.

    def apply(self, *documents: dict[str, Any]) -> None:
        for one in documents:
            nethv.apply(self.lab, one)

    def accepted(self, frames: dict[str, bytes]) -> dict[str, bytes]:
        """Without those that the datapath of some host drops before it knows
        anything of them."""
        return {name: frame for name, frame in frames.items()
                if name not in NOT_NSH or not self.lab.state.options["vms"]}

    def plug(self, *places: tuple[str, str, str, int]) -> None:
        """Attaches workloads: (name, host, port's path, number) each, and
        waits until frames of theirs are forwarded."""
        def attach(place: tuple[str, str, str, int]) -> Workload:
            name, host, path, n = place
            node = self.lab.node(host)
            self.lab.run(host, ["ip", "netns", "add", name])
            node.run(["sh", "-ec", "for scope in all default; do echo 1 "
                      ">/proc/sys/net/ipv6/conf/$scope/disable_ipv6; done"],
                     netns=name)
            self.lab.run(host, ["nethv-agent", "attach", path, "--netns",
                                name])
            node.run(["ip", "link", "set", "eth0", "arp", "off"], netns=name)
            return Workload(self.lab, name, host, path, n)

        with ThreadPoolExecutor(max_workers=4) as pool:
            for workload in pool.map(attach, places):
                self.workloads[workload.name] = workload
        self.settle()

    def __getitem__(self, name: str) -> Workload:
        return self.workloads[name]

    def some(self, names: str) -> list[Workload]:
        return [self.workloads[name] for name in names.split()]

    def agent(self, host: str, *command: str) -> Any:
        """What the agent of 'host' answers to a command of its control
        socket."""
        return json.loads(self.lab.run(host, [
            "ovs-appctl", "-t", "/run/nethv/nethv-agent.ctl", *command
            ]).stdout)

    def hosts(self) -> list[str]:
        return [host.name for host in self.lab.scenario.hosts]

    def _all_rows(self, table: str, columns: str) -> list[list[Any]]:
        data: list[list[Any]] = json.loads(self.ctl(
            "--format=json", f"--columns={columns}", "list", table))["data"]
        return data

    def settle(self) -> None:
        """Waits until the switches of all hosts have the rules for what the
        database has, and the numbers of all bindings are in use."""
        def confirmed() -> bool:
            intents = {uuid[1]: sequence for uuid, sequence
                       in self._all_rows("Network", "_uuid,sequence")}
            changes = {uuid[1]: sum(n for _, n in entries[1])
                       for uuid, entries
                       in self._all_rows("Network_State", "network,changes")}
            return all((intents.get(network[1]), changes.get(network[1]))
                       == (intent, sequence) for network, intent, sequence
                       in self._all_rows("Follower",
                                         "network,intent,sequence"))

        wait_until(confirmed, 15 * self.patience, "all followers confirm their networks")
        self.wait_current()

    def wait_current(self) -> None:
        def current(host: str) -> bool:
            return bool(self.agent(host, "status")["switch"]["current"])

        def wait(host: str) -> None:
            wait_until(lambda: current(host), 15 * self.patience,
                       f"the switch of {host} has its rules")
            # Packets may hit what is cached of old rules until a full pass,
            # which takes up to half a second.
            self.lab.run(host, ["ovs-appctl", "revalidator/wait"])

        with ThreadPoolExecutor(max_workers=len(self.hosts())) as pool:
            list(pool.map(wait, self.hosts()))

    # How frames travel.

    def _encaps(self, way: Way) -> dict[str, Sequence[str]]:
        """In the order of preference."""
        given = dict(way.encaps)
        native = {cloud.name: ("geneve", "vxlan") if "gre" in cloud.drops
                  else ("gre", "geneve", "vxlan")
                  for cloud in self.lab.scenario.clouds}
        return {name: given.get(name, given.get("*", native[name]))
                for name in native}

    def encap(self, way: Way, a: str, b: str) -> str:
        """The encapsulation between clouds 'a' and 'b' (or inside 'a')."""
        encaps = self._encaps(way)
        return next(e for e in encaps[a] if e in encaps[b])

    def travel(self, way: Way) -> None:
        """Makes frames travel so, and waits until they do."""
        words: list[str] = []
        for name, encaps in self._encaps(way).items():
            words += ["--", "set", "Cloud", name, f"mode={way.mode}",
                      f"encaps={','.join(encaps)}"]
        self.ctl(*words[1:])
        for host in self.lab.scenario.hosts:
            wanted = self._tunnels(way, host.cloud, host.gateway)
            wait_until(lambda: self._tunnels_of(host.name) == wanted,
                       15 * self.patience,
                       lambda: f"{host.name} has the tunnels {wanted}, but "
                       f"{self._tunnels_of(host.name)}")
        self.wait_tree()
        self.settle()
        self.warm_up()
        # Only now it is sure that no agent had the old rules still.
        self.wait_current()

    def wait_tree(self) -> None:
        wait_until(lambda: follows_plan(self.lab, "quick")
                   and follows_plan(self.lab), 15 * self.patience,
                   "frames go along the plan's tree")

    def _tunnels(self, way: Way, cloud: str, gateway: bool) -> list[str]:
        """The kinds of the tunnel ports that a host should have, sorted: between
        three clouds every edge is in the tree or stands by."""
        one = self.lab.scenario.cloud(cloud)
        own = self.encap(way, cloud, cloud)
        count = {"direct": 1, "mesh": len(one.hosts) - 1,
                 "tree": len(one.hosts) - 1 if gateway else 1}[way.mode]
        edges = []
        if gateway:
            for a, b in combinations(self.lab.scenario.clouds, 2):
                if cloud in (a.name, b.name):
                    edges.append(self.encap(way, a.name, b.name))
        own += " to any host" if way.mode == "direct" else ""
        return sorted([own] * count + edges)

    def _tunnels_of(self, host: str) -> list[str]:
        rows = json.loads(self.lab.run(host, [
            "ovs-vsctl", "--format=json", "--columns=type,ofport,options",
            "list", "Interface"]).stdout)["data"]
        return sorted(kind + (" to any host" if ["remote_ip", "flow"]
                              in options[1] else "")
                      for kind, ofport, options in rows
                      if kind in ("gre", "geneve", "vxlan")
                      and isinstance(ofport, int) and ofport > 0)

    def warm_up(self) -> None:
        """Sends frames between all workloads of each network until they come
        through: the first to a new tunnel may be lost while Open vSwitch
        resolves the next hop."""
        missing = [(a, b) for a in self.workloads.values()
                   for b in self.workloads.values()
                   if a is not b and a.network == b.network]

        def pass_all() -> bool:
            for a, b in missing:
                a.send(_probe(a, b))
            found = collect(self.workloads.values(), quiet=0.1)
            missing[:] = [(a, b) for a, b in missing
                          if _probe(a, b) not in found[b]]
            return not missing

        wait_until(pass_all, 10 * self.patience, lambda: "these reach each other: "
                   + ", ".join(f"{a.name} {b.name}" for a, b in missing))
        silence(self._wan.values())

    def wan(self) -> list[Wire]:
        """The ends of all links between clouds, where frames enter them."""
        if not self._wan:
            for link in self.lab.scenario.links:
                for name in wan.interfaces(self.lab.scenario, link):
                    self._wan[name] = WanWire(self.lab, "wan", name)
        return list(self._wan.values())

    # Counters.

    def drops(self, host: str) -> Counter[str]:
        """How many frames 'host' has dropped for each reason: from the rules
        that count them, for the agent reads those every 10 s; but some the
        agent counts itself."""
        self.lab.run(host, ["ovs-appctl", "revalidator/wait"])
        said = self.lab.run(host, ["ovs-ofctl", "-O", "OpenFlow15",
                                   "dump-flows", "br-int",
                                   f"table={DROP_TABLE}"]).stdout
        # In the cookie's last byte is the number of the reason, from 1.
        counts = {int(cookie, 16) & 255: int(count) for cookie, count
                  in re.findall(r"cookie=(0x\w+),.* n_packets=(\d+)", said)}
        found = Counter({name: counts.get(number, 0) for number, name
                         in enumerate(self._reasons(), 1)})
        own = self.agent(host, "status")["drops"]
        found["too-big"] = own["too-big"]
        return found

    def _reasons(self) -> list[str]:
        """The reasons of drops in the order of lib/pipeline.h."""
        header = Path(__file__).resolve().parents[2] / "lib/pipeline.h"
        return re.findall(r'REASON\(\w+, +"([a-z-]+)"', header.read_text())


# Sending and collecting.

def _probe(a: Workload, b: Workload) -> bytes:
    return bytes(Ether(src=a.mac, dst=b.mac, type=0x88b5)
                 / Raw(f"{a.path} to {b.path}".encode().ljust(46)))


def collect(wires: Iterable[Wire], wanted: Callable[[bytes], bool]
            = lambda frame: True, quiet: float = 0.15,
            enough: Callable[[dict[Wire, list[bytes]]], bool]
            = lambda found: True, timeout: float = 5
            ) -> dict[Wire, list[bytes]]:
    """The frames for which 'wanted' is true that come in at 'wires': until
    there are 'enough', or 'timeout' seconds have passed, and then until none
    has come anywhere for 'quiet' seconds."""
    found: dict[Wire, list[bytes]] = {wire: [] for wire in wires}
    by_socket = {wire.sock: wire for wire in found}
    last = time.monotonic()
    deadline = last + timeout
    while True:
        now = time.monotonic()
        if now > last + quiet and (enough(found) or now > deadline):
            return found
        for sock in select.select(list(by_socket), [], [],
                                  max(0.01, last + quiet - now))[0]:
            frame = by_socket[sock].read()
            if by_socket[sock].carries(frame) and wanted(frame):
                found[by_socket[sock]].append(frame)
                last = time.monotonic()


def silence(wires: Iterable[Wire]) -> None:
    """Throws away what has come in."""
    collect(wires, quiet=0.1)


def on_wan(found: dict[Wire, list[bytes]]) -> list[Tunnelled]:
    """Of frames from the WAN the tenants'."""
    every = [tunnelled(frame) for frames in found.values()
             for frame in frames]
    return [one for one in every if one and not one.control]
