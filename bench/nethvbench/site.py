# SPDX-License-Identifier: Apache-2.0
"""A lab of three hosts under one system, with 21 workloads plugged into their
integration bridges: what a benchmark needs of nethv and of its peers alike."""

from __future__ import annotations

import json
import re
import subprocess
import time
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Sequence, TypeVar

from nethvlab import lab as labs, scenario
from nethvlab.namespaces import checksums_off

from . import BenchError

HOSTS = ("h1", "h2", "h3")
N_PORTS = 20
PING_SECONDS = 0.002
# The same for every system, and small enough for the headers of all.
MTU = 1400

Result = TypeVar("Result")

_STOPWATCH = ('set -e; began=$EPOCHREALTIME; "$@" >/dev/null; '
              'echo $began $EPOCHREALTIME')


@dataclass(frozen=True)
class Workload:
    """A network namespace of 'host' behind an interface of its bridge."""

    name: str
    host: str
    number: int

    @property
    def mac(self) -> str:
        return f"02:00:00:00:00:{self.number:02x}"

    @property
    def ip(self) -> str:
        return f"192.0.2.{self.number}"


# The last one is for "one more".
WORKLOADS = tuple(Workload(f"e{i}", HOSTS[i % len(HOSTS)], i)
                  for i in range(1, N_PORTS + 2))


@dataclass(frozen=True)
class Span:
    """When a command began and ended, in seconds since the epoch."""

    began: float
    ended: float

    @property
    def ms(self) -> float:
        return 1000 * (self.ended - self.began)


def at_once(function: Callable[[Any], Result], items: Sequence[Any]
            ) -> list[Result]:
    """The results of 'function' for all 'items', called at the same time."""
    with ThreadPoolExecutor(max_workers=len(HOSTS)) as pool:
        return list(pool.map(function, items))


def await_true(what: str, condition: Callable[[], bool],
               timeout: float = 20) -> None:
    """Waits until 'condition' holds, but not for ever."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise BenchError(f"not within {timeout:.0f} s: {what}")
        time.sleep(0.02)


def _scenario(name: str) -> scenario.Scenario:
    hosts = [{"name": "h1", "public_ip": "198.51.100.1"}, {"name": "h2"},
             {"name": "h3"}]
    return scenario.parse({
        "nethv-lab": 1, "name": name, "firewall": False,
        "clouds": [{"name": "dc1", "provider": "private", "hosts": hosts}]})


class Bed(ABC):
    """A lab in which workloads are plugged into integration bridges."""

    def __init__(self, name: str, bindir: str | None):
        self.name = name
        self.bindir = bindir
        self.lab: labs.Lab

    def down(self) -> None:
        if hasattr(self, "lab"):
            labs.down(self.name)

    def run(self, host: str, *argv: str, timeout: float = 60) -> str:
        return self.lab.run(host, argv, timeout=timeout).stdout

    def make_workload(self, host: str, name: str, ip: str, mac: str) -> None:
        """A network namespace 'name' on 'host', whose eth0 has its other end,
        'name' too, on the host."""
        node = self.lab.node(host)
        self.run(host, "ip", "netns", "add", name)
        node.batch([f"link add {name} type veth peer name peer-{name}",
                    f"link set {name} mtu {MTU} up"])
        self.run(host, "ip", "link", "set", f"peer-{name}", "netns", name,
                 "name", "eth0")
        self.run(f"{host}/{name}", "ethtool", "-K", "eth0", "tx", "off")
        for words in (f"link set eth0 address {mac} mtu {MTU} up",
                      f"address add {ip}/24 dev eth0"):
            self.run(f"{host}/{name}", "ip", *words.split())
        checksums_off(node, [name])

    @abstractmethod
    def iface_id(self, workload: Workload) -> str:
        """external_ids:iface-id of the interface of 'workload'."""

    def plug(self, host: str, workloads: Sequence[Workload]) -> None:
        """Makes 'workloads' on 'host', and plugs them in at once."""
        for one in workloads:
            self.make_workload(host, one.name, one.ip, one.mac)
        self.run(host, "ovs-vsctl", *(
            word for one in workloads for word in (
                "--", "add-port", "br-int", one.name, "--", "set", "Interface",
                one.name, f"external_ids:iface-id={self.iface_id(one)}")))


def _first_answer(ping: subprocess.Popen[str]) -> float:
    """When 'ping' had an answer, in seconds since the epoch."""
    assert ping.stdout
    for line in ping.stdout:
        if "bytes from" in line:
            return float(line[1:].partition("]")[0])
    raise BenchError(f"no answer to {' '.join(map(str, ping.args))}")


class Site(Bed):
    """See above.  After up() the workloads are plugged and the system knows
    nothing of them; add() and add_one() tell it, remove() takes that back."""

    system: str                     # Its name for people.
    lab_options: dict[str, Any] = {}

    def up(self) -> None:
        """Brings the lab up; the caller takes it down, also if this fails."""
        self.lab = labs.up(_scenario(self.name), self.name,
                           labs.Options(self.bindir, **self.lab_options))
        self.start()
        at_once(lambda host: self.plug(host, [
            one for one in WORKLOADS if one.host == host]), HOSTS)

    def ip(self, host: str) -> str:
        """The address of 'host' in its cloud."""
        return self.lab.scenario.host(host).private_ip

    def timed(self, host: str, *argv: str) -> Span:
        """How long a command takes, as who types it into a shell of the host
        sees it."""
        began, ended = self.run(host, "bash", "-c", _STOPWATCH, "bash",
                                *argv).split()
        return Span(float(began), float(ended))

    def unreached(self, workloads: Sequence[Workload]) -> list[str]:
        """Which of 'workloads' do not reach which, by one ping each."""
        def ask(source: Workload) -> list[str]:
            script = "; ".join(
                f"ping -n -q -c 1 -W 1 {one.ip} >/dev/null || echo {one.name}"
                for one in workloads if one != source)
            output = self.run(f"{source.host}/{source.name}", "sh", "-c",
                              script)
            return [f"{source.name} does not reach {target}"
                    for target in output.split()]

        return [line for lines in at_once(ask, workloads) for line in lines]

    def answered(self, pairs: Sequence[tuple[Workload, Workload]],
                 change: Callable[[], Span]) -> float:
        """The milliseconds from the first instruction of the command that
        'change' runs until each first of a pair has had an answer from the
        second, to pings that go on all the time."""
        with ExitStack() as stack:
            pings = [stack.enter_context(self._ping(source, target))
                     for source, target in pairs]
            for ping in pings:
                assert ping.stdout
                ping.stdout.readline()          # It says that it begins.
            began = change().began
            return 1000 * (max(map(_first_answer, pings)) - began)

    def _ping(self, source: Workload, target: Workload
              ) -> subprocess.Popen[str]:
        """Pings all the time, without asking for MACs; it ends when nobody
        reads what it says."""
        place = f"{source.host}/{source.name}"
        self.run(place, "ip", "neigh", "replace", target.ip, "lladdr",
                 target.mac, "dev", "eth0", "nud", "permanent")
        return self.lab.popen(place, [
            "stdbuf", "-oL", "ping", "-n", "-D", "-i", str(PING_SECONDS),
            "-w", "20", target.ip], stdout=subprocess.PIPE, text=True)

    # What a system does.

    @abstractmethod
    def start(self) -> None:
        """Starts the system, so far as the lab has not."""

    @abstractmethod
    def add(self) -> Span:
        """Makes a virtual network of the first 20 workloads; returns when the
        command began and when the system said that it is ready."""

    @abstractmethod
    def add_one(self) -> Span:
        """Adds the last workload; returns the same."""

    @abstractmethod
    def remove(self) -> None:
        """Removes the network, and waits until all is quiet."""

    @abstractmethod
    def agent_pid(self, host: str) -> int:
        """The pid, seen from 'host', of what runs on each host."""

    def memory(self) -> float:
        """MiB that the process on each host occupies, the mean of all."""
        def resident(host: str) -> float:
            status = Path(self.lab.node(host).path(
                f"/proc/{self.agent_pid(host)}/status")).read_text("ascii")
            match = re.search(r"^VmRSS:\s*(\d+) kB", status, re.M)
            if not match:
                raise BenchError(f"no VmRSS of {self.system} on {host}")
            return int(match[1]) / 1024
        return sum(map(resident, HOSTS)) / len(HOSTS)


class Nethv(Site):
    """nethv, set up by the commands that an operator would type."""

    system = "nethv"
    document = "/var/lib/nethv/bench-{}.json"

    def start(self) -> None:
        for n in N_PORTS, N_PORTS + 1:
            ports = [{"name": one.name, "mac": one.mac, "ips": [one.ip]}
                     for one in WORKLOADS[:n]]
            Path(self.lab.node("h1").path(self.document.format(n))).write_text(
                json.dumps({"nethv": 1, "tenant": "bench", "networks": [
                    {"name": "net",
                     "switches": [{"name": "s1", "ports": ports}]}]}), "utf-8")

    def iface_id(self, workload: Workload) -> str:
        return f"bench/net/s1/{workload.name}"

    def _apply(self, n: int) -> Span:
        return self.timed("h1", "nethvctl", "--wait=hosts", "--timeout=30",
                          "apply", self.document.format(n))

    def add(self) -> Span:
        return self._apply(N_PORTS)

    def add_one(self) -> Span:
        return self._apply(N_PORTS + 1)

    def remove(self) -> None:
        self.run("h1", "nethvctl", "--wait=hosts", "--timeout=30",
                 "network-del", "bench/net")
        await_true("bindings and claims of a deleted network go", lambda: not
                   self.run("h1", "nethvctl", "--bare", "--columns=_uuid",
                            "list", "Binding", "--", "find", "Claim",
                            "status!=unknown").strip())

    def agent_pid(self, host: str) -> int:
        pid = self.lab.pid("agent", host)
        if pid is None:
            raise BenchError(f"nethv-agent does not run on {host}")
        return pid


class Ovn(Site):
    """OVN, its central part on h1; the userspace datapath and Geneve."""

    system = "OVN"
    lab_options = {"nethv": False}
    directory = "/var/lib/openvswitch"
    nb = f"unix:{directory}/nb.sock"
    sb = f"unix:{directory}/sb.sock"
    sb_port = 6642
    transport = "tcp"
    identity: Sequence[str] = ()    # Options that name keys.

    def _daemon(self, host: str, program: str, name: str, *argv: str) -> None:
        base = f"{self.directory}/{name}"
        # Not /run/ovn: that is no directory of the host's own.
        self.run(host, "env", f"OVN_RUNDIR={self.directory}", program, *argv,
                 f"--pidfile={base}.pid", f"--log-file={base}.log", "--detach",
                 "--no-chdir", "-vconsole:off")

    def _database(self, name: str, *remotes: str) -> None:
        file = f"{self.directory}/{name}.db"
        self.run("h1", "ovsdb-tool", "create", file,
                 f"/usr/share/ovn/ovn-{name}.ovsschema")
        self._daemon("h1", "ovsdb-server", name, file,
                     f"--remote=punix:{self.directory}/{name}.sock",
                     *(f"--remote={remote}" for remote in remotes),
                     *self.identity)

    def start(self) -> None:
        self._database("nb")
        self._database("sb", f"p{self.transport}:{self.sb_port}:"
                       f"{self.ip('h1')}")
        self._daemon("h1", "ovn-northd", "northd", f"--ovnnb-db={self.nb}",
                     f"--ovnsb-db={self.sb}")
        at_once(self._start_chassis, HOSTS)
        # Without a chassis --wait=hv waits for nobody.
        await_true("three chassis of OVN register", lambda: len(self.run(
            "h1", "ovn-sbctl", f"--db={self.sb}", "--bare", "--columns=name",
            "list", "Chassis").split()) == len(HOSTS))
        at_once(lambda host: await_true(
            f"OVN makes the tunnels of {host}", lambda: len(self.run(
                host, "ovs-vsctl", "--bare", "--columns=name", "find",
                "Interface", "type=geneve", "ofport>0").split())
            == len(HOSTS) - 1), HOSTS)
        self._nbctl("--wait=hv", "sync")

    def _start_chassis(self, host: str) -> None:
        remote = f"{self.transport}:{self.ip('h1')}:{self.sb_port}"
        self.run(host, "ovs-vsctl", "set", "Open_vSwitch", ".",
                 f'external_ids:ovn-remote="{remote}"',
                 "external_ids:ovn-encap-type=geneve",
                 f"external_ids:ovn-encap-ip={self.ip(host)}",
                 "external_ids:ovn-bridge-datapath-type=netdev")
        self._daemon(host, "ovn-controller", "controller",
                     "unix:/run/openvswitch/db.sock", *self.identity)

    def iface_id(self, workload: Workload) -> str:
        return workload.name

    def _nbctl(self, *words: str) -> Span:
        return self.timed("h1", "ovn-nbctl", f"--db={self.nb}",
                          "--timeout=30", *words)

    @staticmethod
    def _port(one: Workload) -> list[str]:
        return ["--", "lsp-add", "ls1", one.name, "--", "lsp-set-addresses",
                one.name, f"{one.mac} {one.ip}"]

    def add(self) -> Span:
        return self._nbctl("--wait=hv", "ls-add", "ls1", *(
            word for one in WORKLOADS[:N_PORTS] for word in self._port(one)))

    def add_one(self) -> Span:
        return self._nbctl("--wait=hv", *self._port(WORKLOADS[N_PORTS])[1:])

    def remove(self) -> None:
        self._nbctl("--wait=hv", "ls-del", "ls1")

    def agent_pid(self, host: str) -> int:
        return int(Path(self.lab.node(host).path(
            f"{self.directory}/controller.pid")).read_text("ascii"))


class OvnTls(Ovn):
    """The same with TLS between the southbound database and the hosts, as nethv
    has it: keys on P-256, and both sides show a certificate."""

    system = "OVN, TLS"
    transport = "ssl"
    identity = tuple(f"--{option}={Ovn.directory}/{file}.pem" for option, file
                     in (("private-key", "key"), ("certificate", "cert"),
                         ("ca-cert", "cert")))

    def start(self) -> None:
        # One pair for all: what a handshake and a record cost is the same.
        self.run("h1", "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                 "/CN=bench", "-keyout", f"{self.directory}/key.pem", "-out",
                 f"{self.directory}/cert.pem")
        for file in "key", "cert":
            pem = Path(self.lab.node("h1").path(
                f"{self.directory}/{file}.pem")).read_text("ascii")
            for host in HOSTS[1:]:
                Path(self.lab.node(host).path(
                    f"{self.directory}/{file}.pem")).write_text(pem, "ascii")
        super().start()
