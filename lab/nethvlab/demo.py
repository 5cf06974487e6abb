# SPDX-License-Identifier: Apache-2.0
"""The demonstration nethv-demo(8): two tenants over three clouds, who use the
same addresses, one of them twice, and what they see of each other."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Callable, Iterator

from . import LabError, frames, lab as labs, nethv, scenario, wan
from .lab import Lab
from .scenario import Host, Scenario
from .talk import (Ear, Ears, Identities, Question, Station, TaggedEcho,
                   ethernet, ping_all, send_frame)

VLAN = 10
ETHERTYPE = 0x88b5                  # For experiments; nobody's protocol.
READY = 60                          # Seconds that it may take to begin.
BROADCAST = "ff:ff:ff:ff:ff:ff"


@dataclass(frozen=True)
class Network:
    """A virtual network of the demonstration; 'short' begins the names of its
    endpoints."""

    tenant: str
    name: str
    short: str
    number: int

    @property
    def path(self) -> str:
        return f"{self.tenant}/{self.name}"

    @property
    def sole_address(self) -> str:
        """An address that no other network has."""
        return f"10.0.0.{100 + self.number}"


@dataclass(frozen=True)
class Endpoint:
    """The workload of 'network' in 'cloud'; 'number' is that of the cloud."""

    network: Network
    cloud: str
    number: int
    host: str

    @property
    def name(self) -> str:
        return f"{self.network.short}-{self.cloud}"

    @property
    def port(self) -> str:
        switch = "s1" if self.number < 3 else "s2"
        return f"{self.network.path}/{switch}/{self.cloud}"

    @property
    def mac(self) -> str:
        return f"02:00:00:00:00:{self.number:02x}"

    @property
    def address(self) -> str:
        return f"10.0.0.{self.number}"

    @property
    def vlan_address(self) -> str:
        return f"10.0.{VLAN}.{self.number}"

    @property
    def ips(self) -> list[str]:
        mine = [f"{self.address}/24"]
        if self.number == 3:
            mine.append(f"{self.network.sole_address}/24")
        return mine


NETWORKS = (Network("acme", "shop", "shop", 1),
            Network("acme", "test", "test", 2),
            Network("zeta", "shop", "zeta", 3))


class World:
    """Who is where."""

    def __init__(self, base: Scenario):
        self.base = base
        self.endpoints = [
            Endpoint(network, cloud.name, cloud.number,
                     self._host(cloud.hosts, network).name)
            for network in NETWORKS for cloud in base.clouds]

    @staticmethod
    def _host(hosts: tuple[Host, ...], network: Network) -> Host:
        """The first and the third network share hosts."""
        plain = [host for host in hosts if not host.gateway]
        return plain[(network.number - 1) % len(plain)]

    def of(self, network: Network) -> list[Endpoint]:
        return [one for one in self.endpoints if one.network is network]

    def pairs(self) -> list[tuple[Endpoint, Endpoint]]:
        """Endpoints that may talk: (who, to whom)."""
        return [(a, b) for a in self.endpoints for b in self.of(a.network)
                if a is not b]

    def document(self, tenant: str) -> dict[str, Any]:
        def switch(network: Network, name: str) -> dict[str, Any]:
            return {"name": name, "ports": [
                {"name": one.cloud, "mac": one.mac, "ips": one.ips}
                for one in self.of(network) if f"/{name}/" in one.port]}

        return {"nethv": 1, "tenant": tenant, "networks": [
            {"name": network.name,
             "switches": [switch(network, "s1"), switch(network, "s2")],
             "links": [{"name": "l1", "a": "s1", "b": "s2"}]}
            for network in NETWORKS if network.tenant == tenant]}

    def scenario(self) -> Scenario:
        tenants = dict.fromkeys(network.tenant for network in NETWORKS)
        return scenario.parse({
            **self.base.document,
            "networks": [self.document(tenant) for tenant in tenants],
            "endpoints": [{"name": one.name, "host": one.host,
                           "port": one.port} for one in self.endpoints]})


class Show:
    """Prints steps with times, and counts what was checked."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.passed = self.failed = 0

    def line(self, text: str = "") -> None:
        print(text, flush=True)

    def head(self, text: str) -> None:
        self.line(f"\n[{time.monotonic() - self.began:5.1f} s] {text}")

    def command(self, host: str, output: str, *argv: str) -> None:
        self.line(f"  {host}# {' '.join(argv)}")
        for line in output.splitlines():
            self.line(f"    {line}")

    def check(self, what: str, problem: str | None) -> None:
        """Counts a check, which has failed if there is a 'problem'."""
        if problem:
            self.failed += 1
            self.line(f"  FAILED  {what}: {problem}")
        else:
            self.passed += 1
            self.line(f"  passed  {what}")


def some(problems: list[str]) -> str | None:
    """The first few of 'problems', or None if there are none."""
    more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
    return "; ".join(problems[:3]) + more if problems else None


class Demo:
    """The demonstration in a lab that is up."""

    def __init__(self, lab: Lab, world: World, show: Show):
        self.lab = lab
        self.world = world
        self.show = show
        self.first = nethv.first_gateway(lab).name

    def ctl(self, *arguments: str) -> str:
        """Runs nethvctl and shows it."""
        output = nethv.ctl(self.lab, *arguments)
        self.show.command(self.first, output, "nethvctl", *arguments)
        return output

    def document(self, *arguments: str) -> Any:
        return json.loads(nethv.ctl(self.lab, "--format=json", *arguments))

    def column(self, table: str, name: str) -> list[Any]:
        return [row[0] for row in self.document(f"--columns={name}", "list",
                                                table)["data"]]

    def _confirmed(self) -> bool:
        """Whether all hosts have the rules for all bindings."""
        changes = {uuid[1]: sum(n for _, n in entries[1])
                   for uuid, entries in self.document(
                       "--columns=network,changes", "list",
                       "Network_State")["data"]}
        return (len(self.column("Binding", "port"))
                == len(self.world.endpoints)
                and all(changes.get(network[1]) == sequence
                        for network, sequence in self.document(
                            "--columns=network,sequence", "list",
                            "Follower")["data"]))

    # Steps.

    def wait_ready(self) -> None:
        """Waits until numbers may be used and all own ones answer."""
        deadline = time.monotonic() + READY
        while True:
            if self._confirmed():
                break
            if time.monotonic() > deadline:
                raise LabError(f"after {READY} s not all endpoints have numbers that "
                               "may be used: see `nethvctl status`")
            time.sleep(0.1)
        while not self._tunnels_up() and time.monotonic() < deadline:
            time.sleep(0.1)
        questions = [Question(a.name, b.address)
                     for a, b in self.world.pairs()]
        while not all(ping_all(self.lab, questions, 1).values()):
            if time.monotonic() > deadline:
                return              # The checks say who does not answer.

    def _tunnels_up(self) -> bool:
        """Whether all tunnels of the tree are up, as seen from both ends."""
        ends = self.column("Tunnel", "a_up") + self.column("Tunnel", "b_up")
        return len(ends) >= 2 * (len(self.lab.scenario.clouds) - 1) and all(
            ends)

    def show_world(self) -> None:
        self.show.head("Two tenants, three networks, the same addresses in "
                       "each")
        for network in NETWORKS:
            self.ctl("show", network.path)
        self.show.head("The tree of clouds: round-trip times are its costs")
        text = self.ctl("tree-show")
        missing = [cloud.name for cloud in self.lab.scenario.clouds
                   if cloud.name not in text]
        self.show.check("the tree joins all clouds", some(missing))
        self.show.check("its tunnels are up at both ends",
                        None if self._tunnels_up() else "not all of them")
        self.show.head("How it is")
        self.ctl("status")

    def check_own(self) -> None:
        self.show.head("Each endpoint reaches all its own")
        pairs = {Question(a.name, b.address): b
                 for a, b in self.world.pairs()}
        lost = [f"{one.place} got no echo from {one.address}"
                for one, ok in ping_all(self.lab, pairs).items() if not ok]
        self.show.check(f"{len(pairs)} pings answered", some(lost))
        with Identities(self.lab, [one.name for one in self.world.endpoints]
                        ) as servers:
            self._check_answers(f"{len(pairs)} times \"who is there?\"",
                                pairs, servers.ask(pairs))
        tagged = {Question(a.name, b.vlan_address): b
                  for a, b in self.world.pairs()}
        stations = {one: Station(one.name, one.mac, one.vlan_address)
                    for one in self.world.endpoints}
        with TaggedEcho(self.lab, VLAN, stations.values()) as vlan:
            answers = vlan.ping_all((stations[a], stations[b])
                                    for a, b in self.world.pairs())
        self._check_answers(f"{len(tagged)} pings in VLAN {VLAN}", tagged,
                            answers)

    def _check_answers(self, what: str, asked: dict[Question, Endpoint],
                       answers: dict[Question, set[str]]) -> None:
        wrong = [f"{one.place} asked {one.address}, which is "
                 f"{asked[one].name}: {', '.join(names) or 'nobody'} answered"
                 for one, names in answers.items()
                 if names != {asked[one].name}]
        self.show.check(f"{what}: of several with the address asked, the own "
                        "one answered, alone", some(wrong))

    def check_foreign(self) -> None:
        self.show.head("None reaches the others'")
        sole = {network.sole_address: network for network in NETWORKS}
        questions = [Question(one.name, address)
                     for one in self.world.endpoints
                     for address, network in sole.items()
                     if network is not one.network]
        reached = [f"{one.place} reached {one.address} of "
                   f"{sole[one.address].path}" for one, ok
                   in ping_all(self.lab, questions, 1).items() if ok]
        self.show.check(f"{len(questions)} pings to addresses that only "
                        "another network has: none answered", some(reached))
        own = [Question(one.name, one.network.sole_address)
               for one in self.world.endpoints if one.number != 3]
        lost = [f"{one.place} got no echo from {one.address}"
                for one, ok in ping_all(self.lab, own).items() if not ok]
        self.show.check(f"{len(own)} pings to the same addresses from their "
                        "own network: all answered", some(lost))

    def check_broadcast(self) -> None:
        self.show.head("A broadcast arrives everywhere, exactly once")
        everybody = [(one.name, "eth0") for one in self.world.endpoints]
        for network in NETWORKS:
            sender = self.world.of(network)[0]
            frame = ethernet(BROADCAST, sender.mac, ETHERTYPE,
                             f"{network.path} {os.urandom(8).hex()}".encode())
            expected = {one.name: int(one.network is network
                                      and one is not sender)
                        for one in self.world.endpoints}

            def copies(ears: list[Ear]) -> dict[str, int]:
                return {ear.place: sum(data == frame and not out
                                       for data, out in ear.frames)
                        for ear in ears}

            with Ears(self.lab, everybody) as ears:
                send_frame(self.lab, sender.name, "eth0", frame)
                heard = copies(ears.listen(0.6, lambda ears:
                                           copies(ears) == expected))
            wrong = [f"{place} got {heard[place]}, not {count}"
                     for place, count in expected.items()
                     if heard[place] != count]
            self.show.check(f"from {sender.name}: once at "
                            f"{' and '.join(n for n, c in expected.items() if c)}"
                            ", nowhere else, byte for byte", some(wrong))

    # The path of a packet.

    def _entered(self, steps: list[dict[str, Any]]) -> list[str]:
        """The hosts that a trace enters, in order."""
        found = []
        for step in steps:
            if step["kind"] == "enter":
                found.append(step["host"])
            found += self._entered(step.get("steps", []))
        return found

    def _listen_to_ping(self, sender: Endpoint, address: str
                        ) -> dict[tuple[str, str], list[frames.Tunnelled]]:
        """Pings once, and returns what passed every host's NIC and every WAN
        link of the echo request, by place and interface."""
        pattern = os.urandom(8)
        places = [(host.name, "eth0") for host in self.lab.scenario.hosts]
        places += [("wan", wan.interfaces(self.lab.scenario, link)[0])
                   for link in self.lab.scenario.links]
        with Ears(self.lab, places) as ears:
            self.lab.run(sender.name, ["ping", "-n", "-c", "1", "-W", "2",
                                       "-p", pattern.hex(), address],
                         check=False)
            heard = ears.listen(0.3)
        found: dict[tuple[str, str], list[frames.Tunnelled]] = {}
        for ear in heard:
            for data, _ in ear.frames:
                one = frames.tunnelled(data)
                if one and pattern in (frames.echo_payload(one.inner) or b""):
                    found.setdefault((ear.place, ear.interface),
                                     []).append(one)
        return found

    def _along(self, way: list[str]) -> list[tuple[str, str]]:
        """The places of captures in the order in which a packet that enters
        the hosts 'way' passes them, and then all others."""
        scene = self.lab.scenario
        links = {frozenset((link.a, link.b)):
                 ("wan", wan.interfaces(scene, link)[0])
                 for link in scene.links}
        places = []
        for name, after in zip(way, [*way[1:], way[-1]]):
            clouds = frozenset((scene.host(name).cloud,
                                scene.host(after).cloud))
            places += [(name, "eth0"), *([links[clouds]]
                                         if clouds in links else [])]
        places += [(host.name, "eth0") for host in scene.hosts]
        return list(dict.fromkeys([*places, *links.values()]))

    def _show_heard(self, way: list[str],
                    heard: dict[tuple[str, str], list[frames.Tunnelled]]
                    ) -> None:
        self.show.line("  what captures saw of the echo request:")
        names = {wan.interfaces(self.lab.scenario, link)[0]:
                 f"WAN {link.a}-{link.b}" for link in self.lab.scenario.links}
        for place, interface in self._along(way):
            for one in heard.get((place, interface), []):
                self.show.line(
                    f"    {names.get(interface, place):14} {one.outer_source}"
                    f" > {one.outer_destination} {one.encap}, key {one.key} "
                    f"tree {one.key.tree}, source "
                    f"{frames.mac_text(one.source)}")

    def check_path(self) -> None:
        first, last = (one for one in self.world.of(NETWORKS[0])
                       if one.number in (1, 3))
        self.show.head(f"The path of a packet from {first.name} to "
                       f"{last.name}, virtual and physical")
        self.ctl("trace", first.port, last.port)
        trace = self.document("trace", first.port, last.port)
        way = self._entered(trace["steps"])
        heard = self._listen_to_ping(first, last.address)
        self._show_heard(way, heard)
        self._compare_path(way, heard)
        self._check_wire(first, last, heard)

    def _compare_path(self, way: list[str],
                      heard: dict[tuple[str, str], list[frames.Tunnelled]]
                      ) -> None:
        scene = self.lab.scenario
        hosts = {place for place, _ in heard if place != "wan"}
        self.show.check("captures saw it at the hosts of the trace: "
                        + ", ".join(way), some(
                            [f"the trace has {name}, captures have not"
                             for name in way if name not in hosts]
                            + [f"captures have {name}, the trace has not"
                               for name in sorted(hosts - set(way))]))
        clouds = [scene.host(name).cloud for name in way]
        crossed = {frozenset(pair) for pair in zip(clouds, clouds[1:])
                   if pair[0] != pair[1]}
        problems = []
        for link in scene.links:
            key = ("wan", wan.interfaces(scene, link)[0])
            count, wanted = (len(heard.get(key, [])),
                             int(frozenset((link.a, link.b)) in crossed))
            if count != wanted:
                problems.append(f"WAN {link.a}-{link.b} saw it {count} times,"
                                f" not {wanted}")
        self.show.check("it crossed each WAN link of the trace once, and no "
                        "other", some(problems))

    def _check_wire(self, first: Endpoint, last: Endpoint,
                    heard: dict[tuple[str, str], list[frames.Tunnelled]]
                    ) -> None:
        tag = self._tag(first.network)
        packets = [one for several in heard.values() for one in several]
        unseen = [] if packets else ["no capture saw it"]
        self.show.check(f"its source MAC names tenant {first.network.tenant} "
                        f"(tag {tag}) and host {first.host} everywhere", some(
                            unseen
                            + [f"{frames.mac_text(one.source)} does not"
                             for one in packets if one.tag != tag
                             or self._host_at(one.origin) != first.host]))
        self.show.check(f"its key leads to host {last.host} everywhere", some(
            unseen + [f"{one.key} does not" for one in packets
                      if self._host_at(one.key) != last.host]))

    def _tag(self, network: Network) -> int:
        """The tag of the tenant of 'network'."""
        uuids = dict(self.document("--columns=name,_uuid", "list",
                                   "Tenant")["data"])
        tags = self.document("--columns=tenant,tag", "list",
                             "Tenant_State")["data"]
        return next(int(tag) for tenant, tag in tags
                    if tenant[1] == uuids[network.tenant][1])

    def _host_at(self, location: frames.Location) -> str | None:
        names = {(row[0], row[1]): row[2] for row in self._host_ids()}
        return names.get((location.cloud, location.host))

    def _host_ids(self) -> list[tuple[int, int, str]]:
        """Cloud id, id and name of each host."""
        clouds = {uuid[1]: number for uuid, number in self.document(
            "--columns=_uuid,id", "list", "Cloud")["data"]}
        return [(clouds[cloud[1]], number, name)
                for cloud, number, name in self.document(
                    "--columns=cloud,id,name", "list", "Host")["data"]]

    def run(self, check: Callable[[], None] = lambda: None) -> None:
        """Runs all steps, and calls 'check' before each."""
        steps: tuple[Callable[[], None], ...] = (
            self.wait_ready, self.show_world, self.check_own,
            self.check_foreign, self.check_path, self.check_broadcast)
        for step in steps:
            check()
            step()


class Interrupt:
    """SIGINT and SIGTERM: the first raises KeyboardInterrupt, further ones do
    not disturb what is then done.  Python loses an exception that is raised
    in some places, so check() raises it again."""

    def __init__(self) -> None:
        self.asked = False
        for signum in signal.SIGINT, signal.SIGTERM:
            signal.signal(signum, self._on_signal)

    def _on_signal(self, *_: object) -> None:
        if not self.asked:
            self.asked = True
            raise KeyboardInterrupt

    def check(self) -> None:
        if self.asked:
            raise KeyboardInterrupt


@contextmanager
def lab_for(world: World, arguments: argparse.Namespace, show: Show,
            interrupt: Interrupt) -> Iterator[Lab]:
    """A lab of 'world', taken down at the end whatever happens."""
    def progress(line: str) -> None:
        show.line(f"  {line}")
        interrupt.check()

    name = f"demo-{os.getpid()}"
    lab = labs.up(world.scenario(), name, labs.Options(arguments.bindir),
                  progress)
    try:
        yield lab
    finally:
        if arguments.keep:
            show.line(f"\nThe lab stays up: nethv-lab --lab {name} status, "
                      f"nethv-lab down {name}")
        else:
            show.head("The lab is taken down")
            labs.down(name)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="nethv-demo", description="Shows tenants with the same addresses "
        "over three clouds, and checks what they see.",
        epilog="See nethv-demo(8).")
    parser.add_argument("--bindir", default=os.environ.get("NETHV_BINDIR"),
                        help="where nethv's programs are, if not installed")
    parser.add_argument("--keep", action="store_true",
                        help="leave the lab up")
    return parser.parse_args()


def main() -> int:
    """Runs the demonstration; returns the exit code."""
    arguments = _arguments()
    interrupt = Interrupt()
    show = Show()
    world = World(scenario.load("three-clouds"))
    try:
        show.head(f"A lab: {world.base.description}")
        with lab_for(world, arguments, show, interrupt) as lab:
            Demo(lab, world, show).run(interrupt.check)
    except LabError as error:
        show.check("the demonstration ran to its end", str(error))
    except KeyboardInterrupt:
        print("\nnethv-demo: interrupted", file=sys.stderr)
        return 130
    print(f"\n{show.passed} passed, {show.failed} failed")
    return int(show.failed > 0)
